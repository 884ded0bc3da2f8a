//! Limits on what one request, or one command, may read out of the files it is given.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the client or the deadline has ended the request, so that its work stops.
pub type GivenUp = Arc<AtomicBool>;

/// Upper limits. [`Caps::bytes`] holds per file and [`Caps::columns`] per row; the others hold for all files that share
/// an [`Allowance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of a file as received.
    pub bytes: usize,
    /// Bytes of decompressed parts of workbooks.
    pub unfolded: u64,
    /// Rows that are not empty.
    pub rows: u64,
    /// Columns per row.
    pub columns: u32,
    /// Cells that are not empty, or values of a JSON file.
    pub cells: u64,
    /// Shared strings of workbooks.
    pub strings: u64,
    /// Bytes of text: one count for shared strings, another one for the text of cells.
    pub text: u64,
}

const MIB: u64 = 1 << 20;

impl Caps {
    /// A ledger received over HTTP.
    pub const LEDGER: Self = Self {
        bytes: 64 << 20,
        unfolded: 64 * MIB,
        rows: 50_000,
        columns: 256,
        cells: 500_000,
        strings: 300_000,
        text: 16 * MIB,
    };
    /// Annual reports received over HTTP. A report has about three hundred figures. A JSON value takes half a KiB of
    /// memory together with its errors.
    pub const REPORTS: Self = Self { rows: 20_000, cells: 80_000, strings: 100_000, text: 8 * MIB, ..Self::LEDGER };
    /// A ledger given to the command line, whose user also runs the service. Old registers have a hundred thousand
    /// rows.
    pub const COMMAND: Self = Self {
        bytes: 256 << 20,
        unfolded: 1024 * MIB,
        rows: 5_000_000,
        columns: 256,
        cells: 30_000_000,
        strings: 4_000_000,
        text: 512 * MIB,
    };
}

/// What may still be read.
#[derive(Debug)]
pub struct Allowance {
    caps: Caps,
    unfolded: Cell<u64>,
    rows: Cell<u64>,
    cells: Cell<u64>,
    strings: Cell<u64>,
    shared: Cell<u64>,
    text: Cell<u64>,
    given_up: GivenUp,
}

/// Takes `amount` from `left`. Returns `None` if less than that is left.
fn take(left: &Cell<u64>, amount: u64) -> Option<()> {
    left.set(left.get().checked_sub(amount)?);
    Some(())
}

fn long(amount: usize) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}

impl Allowance {
    /// The full allowance under these caps.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self::until(caps, GivenUp::default())
    }

    /// Like [`Allowance::new`], but reading stops when the flag is set.
    #[must_use]
    pub fn until(caps: Caps, given_up: GivenUp) -> Self {
        Self {
            unfolded: Cell::new(caps.unfolded),
            rows: Cell::new(caps.rows),
            cells: Cell::new(caps.cells),
            strings: Cell::new(caps.strings),
            shared: Cell::new(caps.text),
            text: Cell::new(caps.text),
            caps,
            given_up,
        }
    }

    /// A full allowance under the same caps and flag, for another pass over the same file.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::until(self.caps, Arc::clone(&self.given_up))
    }

    /// The caps.
    #[must_use]
    pub const fn caps(&self) -> &Caps {
        &self.caps
    }

    /// Checks that the request has not ended.
    ///
    /// # Errors
    /// [`Fault::GivenUp`] if the flag is set.
    pub fn go_on(&self) -> Result<(), Unreadable> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(Unreadable { kind: Fault::GivenUp, detail: "请求已经中止".to_owned() });
        }
        Ok(())
    }

    /// Checks the size of a file.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] if the file has more bytes than [`Caps::bytes`].
    pub fn file(&self, bytes: usize) -> Result<(), Unreadable> {
        let most = self.caps.bytes;
        if bytes > most {
            return Err(Unreadable::too_large(format!("文件有{bytes}字节，至多{}MB，请分成几个文件", most >> 20)));
        }
        Ok(())
    }

    /// Takes decompressed bytes.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond [`Caps::unfolded`]; [`Fault::GivenUp`] if the request has ended.
    pub(super) fn unfold(&self, bytes: usize) -> Result<(), Unreadable> {
        let most = self.caps.unfolded / MIB;
        take(&self.unfolded, long(bytes)).ok_or_else(|| {
            Unreadable::too_large(format!(
                "XLSX 展开后超过{most}MB（各文件合计），不予读取；请只保留需要的行和列，或者另存为 CSV"
            ))
        })?;
        self.go_on()
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond [`Caps::rows`]; [`Fault::GivenUp`] if the request has ended.
    pub(super) fn row(&self) -> Result<(), Unreadable> {
        let most = self.caps.rows;
        take(&self.rows, 1)
            .ok_or_else(|| Unreadable::too_large(format!("有内容的行超过{most}行（各文件合计），请分成几个文件")))?;
        self.go_on()
    }

    /// Takes cells, or values of JSON.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond [`Caps::cells`].
    pub(super) fn cells(&self, count: u64) -> Result<(), Unreadable> {
        let most = self.caps.cells;
        take(&self.cells, count)
            .ok_or_else(|| Unreadable::too_large(format!("有内容的单元格超过{most}个（各文件合计），请分成几个文件")))
    }

    /// Takes a shared string with its text.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond [`Caps::strings`] or [`Caps::text`].
    pub(super) fn shared_string(&self, bytes: usize) -> Result<(), Unreadable> {
        let most = self.caps.strings;
        take(&self.strings, 1).ok_or_else(|| {
            Unreadable::too_large(format!("XLSX 的共享字符串超过{most}个，请分成几个文件，或者另存为 CSV"))
        })?;
        take(&self.shared, long(bytes)).ok_or_else(|| self.too_much_text())
    }

    /// Takes the text of a cell.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] beyond [`Caps::text`].
    pub(super) fn cell_text(&self, bytes: usize) -> Result<(), Unreadable> {
        take(&self.text, long(bytes)).ok_or_else(|| self.too_much_text())
    }

    fn too_much_text(&self) -> Unreadable {
        Unreadable::too_large(format!("单元格的文字合计超过{}MB，请分成几个文件", self.caps.text / MIB))
    }
}

/// Kind of error that a file causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The file is broken or has content that is not allowed.
    Damaged,
    /// The file exceeds a cap.
    TooLarge,
    /// The request has ended.
    GivenUp,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unreadable {
    /// The kind of error.
    pub kind: Fault,
    /// What is wrong, the limit, and what to do, in Chinese.
    pub detail: String,
}

/// Error code of a file that exceeds a cap.
pub const TOO_LARGE: &str = "file_too_large";

impl Unreadable {
    /// A broken file.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { kind: Fault::Damaged, detail: detail.into() }
    }

    /// A file that exceeds a cap.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self { kind: Fault::TooLarge, detail: detail.into() }
    }

    /// The stable error code. `damaged` is the code of a broken file, which each reader defines.
    #[must_use]
    pub const fn code(&self, damaged: &'static str) -> &'static str {
        match self.kind {
            Fault::Damaged => damaged,
            Fault::TooLarge => TOO_LARGE,
            Fault::GivenUp => "busy",
        }
    }
}
