//! Finds the meaning of each column of each sheet, from one heading row or from two, the upper of which groups the
//! lower.

use super::columns::{COLUMNS, Field, plain};
use super::heading_words::{ENDINGS, IGNORED, NOT_TAKEN, OF_THE_ANSWER, OF_THE_APPLICATION, STEPS};
use super::source::{RawRow, Source, Unreadable};
use super::{RawCell, Unread};
use crate::report::files::column_name;
use std::sync::Arc;

/// The heading must be among this many rows with content from the top, so that a title may precede it.
const FIRST_ROWS: usize = 10;
/// Rows searched for cases in a sheet without a heading.
const LOOKED_AT: usize = 60;
/// A sheet with at least this many known headings is considered a ledger.
const MEANT: usize = 3;
/// Longest part of a heading that a message repeats, characters.
const SHOWN: usize = 40;

/// The meaning of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A column of the ledger.
    Column(Field),
    /// Not a fact of a case.
    Ignored,
    /// A column that is not imported, with the reason.
    NotTaken(&'static str),
}

impl Meaning {
    /// The meaning of a heading; `None` if it is unknown.
    #[must_use]
    pub fn of(heading: &str) -> Option<Self> {
        if let Some(field) = Field::of_heading(heading) {
            return Some(Self::Column(field));
        }
        let wanted = plain(heading);
        let is_it = |name: &&str| plain(name) == wanted;
        if IGNORED.iter().any(is_it) {
            return Some(Self::Ignored);
        }
        let not_taken = NOT_TAKEN.iter().find(|(names, _)| names.iter().any(is_it));
        not_taken.map(|(_, why)| Self::NotTaken(why))
    }

    /// The column of the ledger, if it is one.
    const fn taken(self) -> Option<Field> {
        match self {
            Self::Column(field) => Some(field),
            Self::Ignored | Self::NotTaken(_) => None,
        }
    }
}

/// A column of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The heading as written, with its group in front; empty for a column without one.
    pub name: String,
    /// Its meaning; `None` if it is unknown.
    pub meaning: Option<Meaning>,
}

impl Heading {
    fn of(name: &str) -> Self {
        Self { name: name.to_owned(), meaning: Meaning::of(name) }
    }

    /// The column of the ledger, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        self.meaning.and_then(Meaning::taken)
    }

    /// Its name in messages: the heading, or the letters of the column.
    #[must_use]
    pub fn told(&self, place: usize) -> String {
        let name: String = self.name.chars().take(SHOWN).collect();
        if !name.is_empty() {
            return name;
        }
        format!("{}列（没有列名）", column_name(u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1)))
    }

    /// Code and reason if the cells below are not imported; `None` for a column that is known, or ignored.
    #[must_use]
    pub fn not_taken(&self) -> Option<(&'static str, String)> {
        match self.meaning {
            Some(Meaning::Column(_) | Meaning::Ignored) => None,
            Some(Meaning::NotTaken(why)) => Some(("column_not_taken", why.to_owned())),
            None if self.name.is_empty() => Some(("unnamed_column", "有内容而没有列名，请补上列名".to_owned())),
            None => Some((
                "unknown_column",
                "不认识这一列，没有读取；请改为空白台账中的列名，并入“备注”，或者删去".to_owned(),
            )),
        }
    }
}

/// The headings of a sheet that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetHeadings {
    /// Index of the sheet, from 0.
    pub sheet: usize,
    /// Name of the sheet, if the file has several sheets with content.
    pub name: Option<Arc<str>>,
    /// Last row of the heading.
    pub line: u32,
    /// The columns.
    pub columns: Vec<Heading>,
}

/// The headings of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headings {
    /// The sheets that are read.
    pub sheets: Vec<SheetHeadings>,
    /// The sheets that are not read, with the reason, and whether they seem to contain cases.
    pub unread: Vec<(Unread, bool)>,
}

/// What the first rows of a sheet contain.
enum Found {
    Heading(u32, Vec<Heading>),
    /// An unusable heading: the number of its known columns, and the reason.
    Flawed(usize, String),
    Nothing,
}

impl Headings {
    /// Finds the headings of a file.
    ///
    /// # Errors
    /// [`Unreadable`] if no sheet has a usable heading, or if the file cannot be read.
    pub fn of(source: &Source<'_>) -> Result<Self, Unreadable> {
        let mut found = Vec::new();
        let heads = source.heads(LOOKED_AT)?;
        for ((sheet, name), rows) in source.sheets().into_iter().enumerate().zip(heads) {
            if !rows.is_empty() {
                let holds_cases = rows.iter().any(is_like_a_case);
                found.push((sheet, name.map(Arc::from), of_rows(&rows), holds_cases));
            }
        }
        let is_many = found.len() > 1;
        let told = |name: &Option<Arc<str>>| name.clone().filter(|_| is_many);
        let mut headings = Self { sheets: Vec::new(), unread: Vec::new() };
        let mut reasons: Vec<(usize, String)> = Vec::new();
        for (sheet, name, of, holds_cases) in found {
            let (known, why) = match of {
                Found::Heading(line, columns) => {
                    headings.sheets.push(SheetHeadings { sheet, name: told(&name), line, columns });
                    continue;
                }
                Found::Flawed(known, why) => (known, why),
                Found::Nothing => (0, "没有找到表头".to_owned()),
            };
            let sheet = name.as_deref().unwrap_or_default().to_owned();
            let at = if is_many { format!("工作表“{sheet}”") } else { String::new() };
            reasons.push((known, format!("{at}{why}")));
            let unread = Unread {
                sheet: Some(sheet),
                column: None,
                code: "unread_sheet".to_owned(),
                detail: format!("没有读取：{why}"),
                cells: None,
            };
            headings.unread.push((unread, known >= MEANT || holds_cases));
        }
        if !headings.sheets.is_empty() {
            return Ok(headings);
        }
        // Report the sheet that looks most like a ledger.
        let best = reasons.into_iter().filter(|(known, _)| *known > 0).rev().max_by_key(|(known, _)| *known);
        Err(Unreadable::new(best.map_or_else(none_found, |(_, why)| why)))
    }

    /// The headings of a sheet, if it is read.
    #[must_use]
    pub fn of_sheet(&self, sheet: usize) -> Option<&SheetHeadings> {
        self.sheets.iter().find(|one| one.sheet == sheet)
    }

    /// Headings of columns that are not imported, in order.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        self.told(|heading| !heading.name.is_empty() && heading.not_taken().is_some())
    }

    /// Headings that are known but not imported: those ignored, and the columns that only an export writes.
    #[must_use]
    pub fn ignored(&self) -> Vec<String> {
        self.told(|heading| match heading.meaning {
            Some(Meaning::Ignored) => true,
            Some(Meaning::Column(field)) => field.column().is_some_and(|column| !column.is_taken),
            Some(Meaning::NotTaken(_)) | None => false,
        })
    }

    fn told(&self, of: impl Fn(&Heading) -> bool) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (place, heading) in self.sheets.iter().flat_map(|sheet| sheet.columns.iter().enumerate()) {
            let name = heading.told(place);
            if of(heading) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn none_found() -> String {
    let required = COLUMNS.iter().filter(|column| column.is_required).map(|column| column.heading);
    let wanted: Vec<&str> = required.collect();
    format!("没有找到表头：前{FIRST_ROWS}行应有一行或者上下两行列名，至少包括{}", wanted.join("、"))
}

/// Whether the row looks like a case: at least three cells with content, one of them a date.
fn is_like_a_case(row: &RawRow) -> bool {
    let said = row.cells.iter().filter(|cell| !cell.is_empty()).count();
    said >= 3 && row.cells.iter().any(|cell| cell.day().is_some())
}

fn of_rows(rows: &[RawRow]) -> Found {
    let mut best: Option<(usize, u32, Vec<Heading>)> = None;
    for (at, row) in rows.iter().take(FIRST_ROWS).enumerate() {
        let single: Vec<Heading> =
            (0..row.cells.len()).map(|place| Heading::of(&own(row, place).unwrap_or_default())).collect();
        let double =
            rows.get(at + 1).filter(|lower| is_lower(row, lower)).map(|lower| (lower.line, grouped(row, lower)));
        for (line, columns) in std::iter::once((row.line, single)).chain(double) {
            let known = columns.iter().filter(|heading| heading.field().is_some()).count();
            if known > best.as_ref().map_or(0, |(most, ..)| *most) {
                best = Some((known, line, columns));
            }
        }
    }
    match best {
        None => Found::Nothing,
        Some((known, line, columns)) => match flaw(line, &columns) {
            None => Found::Heading(line, columns),
            Some(why) => Found::Flawed(known, why),
        },
    }
}

/// Why a heading cannot be used: a column occurs twice, or a required one is missing.
fn flaw(line: u32, columns: &[Heading]) -> Option<String> {
    let mut seen = Vec::new();
    for heading in columns {
        let Some(field) = heading.field().filter(|field| field.column().is_some_and(|column| column.is_taken)) else {
            continue;
        };
        if seen.contains(&field) {
            return Some(format!("第{line}行的表头有两列都是“{}”", field.heading()));
        }
        seen.push(field);
    }
    let missing: Vec<&str> = COLUMNS
        .iter()
        .filter(|column| column.is_required && !seen.contains(&column.field))
        .map(|column| column.heading)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let mut why = format!("第{line}行的表头缺少必须有的列：{}", missing.join("、"));
    if missing.contains(&Field::ReceivedOn.heading()) {
        why += &columns.iter().filter_map(substitute).collect::<String>();
    }
    Some(why)
}

/// Why the date in that column is not the date of receipt, from which the period runs (Art. 31, 33).
fn substitute(heading: &Heading) -> Option<String> {
    let name = &heading.name;
    const WHYS: [(Field, &str); 2] = [
        (
            Field::SubmittedOn,
            "是申请人提出申请的日期：只有当面提交的，才以提交之日为收到申请之日；邮寄的以签收之日、网上和传真的以双方确认之日为准",
        ),
        (Field::RegisteredOn, "是本机关登记或者受理的日期，可能晚于收到申请之日，据以计算的期限会偏晚"),
    ];
    let field = heading.field()?;
    let (_, why) = WHYS.iter().find(|(of, _)| *of == field)?;
    Some(format!("。“{name}”{why}（《条例》第三十一条）；逐件核对后，请另列“收到日期”"))
}

fn one_line(cell: &RawCell) -> String {
    cell.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The content of a cell of the row itself, not of a merged cell from above.
fn own(row: &RawRow, place: usize) -> Option<String> {
    let is_covered = row.merged.iter().any(|merged| merged.from < row.line && merged.covers(place));
    row.cells.get(place).filter(|_| !is_covered).map(one_line).filter(|text| !text.is_empty())
}

/// Whether a row is the lower of two heading rows: only text, no dates, at least half of it known headings.
fn is_lower(upper: &RawRow, lower: &RawRow) -> bool {
    let words = |cell: &RawCell| cell.is_empty() || (matches!(cell, RawCell::Text(_)) && cell.day().is_none());
    let places: Vec<usize> = (0..lower.cells.len()).filter(|place| own(lower, *place).is_some()).collect();
    let columns = grouped(upper, lower);
    let known = places.iter().filter(|place| columns.get(**place).is_some_and(|heading| heading.meaning.is_some()));
    lower.line == upper.line + 1
        && lower.cells.iter().all(words)
        && !places.is_empty()
        && known.count() * 2 >= places.len()
}

/// Combines the headings of two rows.
fn grouped(upper: &RawRow, lower: &RawRow) -> Vec<Heading> {
    let width = upper.cells.len().max(lower.cells.len());
    let mut group = String::new();
    (0..width)
        .map(|place| {
            let above = upper.cells.get(place).map(one_line).unwrap_or_default();
            if !above.is_empty() {
                group.clone_from(&above);
            }
            match own(lower, place) {
                None => Heading::of(&above),
                // A group written once also covers the columns after it.
                Some(name) if group.is_empty() => Heading::of(&name),
                Some(name) => Heading { meaning: within(&group, &name), name: format!("{group}/{name}") },
            }
        })
        .collect()
}

/// The meaning of a heading under a group: that of both together, or its own where it is consistent with the group.
pub(super) fn within(group: &str, name: &str) -> Option<Meaning> {
    let group = plain(group);
    let stem = ENDINGS.iter().filter_map(|ending| group.strip_suffix(ending)).find(|stem| !stem.is_empty());
    let stem = stem.unwrap_or(&group);
    let step = STEPS.iter().find(|(word, _)| *word == stem).map_or(stem, |(_, step)| *step);
    let together = [stem, step].into_iter().find_map(|stem| Field::of_heading(&format!("{stem}{name}")));
    if let Some(field) = together {
        return Some(Meaning::Column(field));
    }
    let alone = Meaning::of(name)?;
    let Meaning::Column(field) = alone else { return Some(alone) };
    let says_it_itself = plain(name).contains(step);
    let is_of_group = match is_of_the_answer(field) {
        Some(true) => OF_THE_ANSWER.contains(&stem),
        Some(false) => OF_THE_APPLICATION.contains(&stem),
        None => OF_THE_ANSWER.contains(&stem) || OF_THE_APPLICATION.contains(&stem),
    };
    (says_it_itself || is_of_group).then_some(alone)
}

/// Whether a column belongs to the answer (true) or to the application (false); `None` if it may belong to either.
const fn is_of_the_answer(field: Field) -> Option<bool> {
    match field {
        Field::Number
        | Field::ReceivedOn
        | Field::Channel
        | Field::ApplicantKind
        | Field::Applicant
        | Field::IdentityKind
        | Field::IdentityNumber
        | Field::Telephone
        | Field::Email
        | Field::Address
        | Field::Request
        | Field::SubmittedOn
        | Field::RegisteredOn => Some(false),
        Field::CorrectionOn
        | Field::CorrectionTerm
        | Field::CorrectionReceivedOn
        | Field::ConsultationParty
        | Field::ConsultationKind
        | Field::ConsultationSentOn
        | Field::ConsultationReturnedOn
        | Field::ExtensionDays
        | Field::ExtensionOn
        | Field::FeeOn
        | Field::FeePaidOn
        | Field::RepliedOn
        | Field::Outcome
        | Field::DocumentNumber
        | Field::Method
        | Field::ServedOn
        | Field::MailNumber
        | Field::Remedies => Some(true),
        Field::Department
        | Field::Note
        | Field::Stage
        | Field::Handler
        | Field::DueOn
        | Field::Remaining
        | Field::Warning
        | Field::Approvals
        | Field::FileNumber
        | Field::RecordedLate => None,
    }
}
