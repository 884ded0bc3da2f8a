//! Standard output and standard error of the commands. A reader that has gone (`| head -1`) ends no command: what it would
//! have read is dropped. `println!` and `eprintln!` panic then.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a line on standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::out::line(format_args!($($text)*)) };
}

/// Prints a line on standard error: errors, and what is not part of the answer.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::out::note_line(format_args!($($text)*)) };
}

pub(crate) use {note, say};

/// Prints a line on standard output. Output that cannot be written (a full disk) is noted on standard error.
pub(crate) fn line(text: Arguments<'_>) {
    if let Err(error) = writeln!(Stdout(io::stdout()), "{text}") {
        note!("无法输出 / cannot write the output: {error}");
    }
}

/// Prints a line on standard error. There is no other place to say that it failed.
pub(crate) fn note_line(text: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes bytes on standard output.
///
/// # Errors
/// A text for the operator.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), String> {
    let mut out = stdout();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| format!("无法输出：{error}"))
}

/// Standard output that accepts everything once its reader has gone.
pub(crate) fn stdout() -> impl Write {
    Stdout(io::stdout())
}

struct Stdout<W>(W);

impl<W: Write> Write for Stdout<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_gone(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_gone(self.0.flush(), ())
    }
}

fn unless_gone<T>(result: io::Result<T>, instead: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(instead),
        other => other,
    }
}
