//! JSON Lines in, JSON Lines out: one answer a line, in the same order, a bad line answered in its place.

use chrono::NaiveDate;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;

/// The longest line that is read; a timeline of thousands of facts is shorter.
const LONGEST_LINE_BYTES: usize = 1024 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;
const REJECTED_LINES: u8 = 1;

/// Why a line has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Stable, for machines.
    pub code: &'static str,
    /// For the person who has to mend the line.
    pub detail: String,
}

impl LineError {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<serde_json::Error> for LineError {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::new("invalid_input", format!("字段不合要求：{error}")),
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => Self::new("malformed_json", format!("不是合法的 JSON：{error}")),
        }
    }
}

/// Where answers go.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    /// Answers not yet written: many small writes into memory, then one into `out`.
    answers: Vec<u8>,
    rejected: bool,
}

impl Lines<'_> {
    /// Writes one answer, or the error in its place.
    pub(super) fn answer<T: Serialize>(&mut self, answer: Result<T, LineError>) -> io::Result<()> {
        match answer {
            Ok(answer) => serde_json::to_writer(&mut self.answers, &answer)?,
            Err(LineError { code, detail }) => {
                self.rejected = true;
                let error = serde_json::json!({"error": {"code": code, "detail": detail}});
                serde_json::to_writer(&mut self.answers, &error)?;
            }
        }
        self.end_line()
    }

    /// Writes text for a person, or why it cannot be made.
    pub(super) fn text(&mut self, answer: Result<String, LineError>) -> io::Result<()> {
        match answer {
            Ok(text) => self.answers.extend_from_slice(text.as_bytes()),
            Err(LineError { code, detail }) => {
                self.rejected = true;
                self.answers.extend_from_slice(format!("不能计算：{detail}（{code}）\n").as_bytes());
            }
        }
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.answers.push(b'\n');
        if self.answers.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.answers)?;
        self.answers.clear();
        self.out.flush()
    }
}

/// Reads standard input line by line and lets `handle` answer each on standard output.
pub(super) fn each_line(handle: impl FnMut(&[u8], &mut Lines<'_>) -> io::Result<()>) -> ExitCode {
    let mut out = io::stdout().lock();
    let input = BufReader::with_capacity(BUFFER_BYTES, io::stdin().lock());
    match copy_lines(input, &mut out, handle) {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(REJECTED_LINES),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("读写失败：{error}")),
    }
}

/// Wrong usage or unreadable input.
pub(super) fn refuse(detail: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{detail}");
    ExitCode::from(super::WRONG_USAGE)
}

/// True when a line was rejected. Answers leave when the buffer is full and whenever the input has no further line ready, so that a
/// process that waits for each answer gets it.
fn copy_lines(
    mut input: BufReader<impl Read>,
    out: &mut dyn Write,
    mut handle: impl FnMut(&[u8], &mut Lines<'_>) -> io::Result<()>,
) -> io::Result<bool> {
    let mut lines = Lines { out, answers: Vec::new(), rejected: false };
    let mut line = Vec::new();
    let mut is_first = true;
    loop {
        if input.buffer().is_empty() {
            lines.flush()?;
        }
        if !read_line(&mut input, &mut line)? {
            return Ok(lines.rejected);
        }
        let mut text = line.strip_suffix(b"\n").unwrap_or(&line);
        if std::mem::take(&mut is_first) {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        if text.len() > LONGEST_LINE_BYTES {
            let detail = format!("一行超过{LONGEST_LINE_BYTES}字节");
            lines.answer::<()>(Err(LineError::new("line_too_long", detail)))?;
            skip_line(&mut input, &line)?;
        } else {
            handle(text, &mut lines)?;
        }
    }
}

/// False at the end of the input. A line beyond the limit is read only in part.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = u64::try_from(LONGEST_LINE_BYTES + 2).unwrap_or(u64::MAX);
    Ok(input.take(limit).read_until(b'\n', line)? > 0)
}

fn skip_line(input: &mut impl BufRead, read: &[u8]) -> io::Result<()> {
    let mut ended = read.ends_with(b"\n");
    while !ended {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        ended = end.is_some() || buffer.is_empty();
        let taken = end.map_or(buffer.len(), |end| end + 1);
        input.consume(taken);
    }
    Ok(())
}

/// A line as text, checked once as a whole.
pub(super) fn text_of(line: &[u8]) -> Result<&str, LineError> {
    std::str::from_utf8(line).map_err(|error| LineError::new("malformed_json", format!("不是 UTF-8 文本：{error}")))
}

/// A date exactly as `YYYY-MM-DD`.
pub(super) fn parse_date(field: &'static str, text: &str) -> Result<NaiveDate, LineError> {
    let parsed = match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => ymd(text),
        _ => None,
    };
    parsed.ok_or_else(|| LineError::new("invalid_date", format!("{field}不是日期（YYYY-MM-DD）：{}", shown(text))))
}

fn ymd(text: &str) -> Option<NaiveDate> {
    let number = |part: Option<&str>| part.and_then(|part| part.bytes().try_fold(0u32, digit));
    let year = i32::try_from(number(text.get(0..4))?).ok()?;
    NaiveDate::from_ymd_opt(year, number(text.get(5..7))?, number(text.get(8..10))?)
}

fn digit(number: u32, byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
}

/// At most 40 characters of what was typed.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(input: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let rejected =
            copy_lines(BufReader::with_capacity(8, input), &mut out, |line, lines| lines.answer(Ok(line.len())))
                .unwrap();
        (String::from_utf8(out).unwrap(), rejected)
    }

    #[test]
    fn every_line_has_its_answer_in_its_place() {
        assert_eq!(copied(b"a\nbb\n\nccc"), ("1\n2\n0\n3\n".to_owned(), false));
        assert_eq!(copied(b""), (String::new(), false));
        assert_eq!(copied(b"\xef\xbb\xbfa\n\xef\xbb\xbfa\n").0, "1\n4\n", "a byte order mark is one only at the start");
    }

    #[test]
    fn a_line_too_long_is_answered_in_its_place_and_skipped_to_its_end() {
        let mut input = vec![b'x'; LONGEST_LINE_BYTES];
        input.extend_from_slice(b"\nnext\n");
        assert_eq!(copied(&input), (format!("{LONGEST_LINE_BYTES}\n4\n"), false));
        for excess in [1, 2, 3, 3 * LONGEST_LINE_BYTES] {
            let mut input = vec![b'x'; LONGEST_LINE_BYTES + excess];
            input.extend_from_slice(b"\nnext\n");
            let (out, rejected) = copied(&input);
            assert!(out.starts_with(r#"{"error":{"code":"line_too_long""#), "{excess}");
            assert_eq!((out.lines().count(), out.lines().nth(1), rejected), (2, Some("4"), true), "{excess}");
        }
    }

    #[test]
    fn a_date_is_four_two_and_two_digits_of_a_day_that_exists() {
        assert_eq!(parse_date("x", "2024-02-29"), Ok(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()));
        for text in ["2023-02-29", "2024-2-9", "24-02-09", "2024-02-29 ", "+024-02-09", "2024/02/09", "", "二〇二四年"]
        {
            assert_eq!(parse_date("x", text).unwrap_err().code, "invalid_date", "{text}");
        }
    }
}
