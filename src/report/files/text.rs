//! Counts the content of separated text and JSON before it is parsed, because the parsers keep a whole record or
//! document in memory.

use super::LONGEST_TEXT;
use super::caps::{Allowance, Unreadable};

/// Position of a byte in separated text. The states are those of the csv reader: a quotation mark opens only at the
/// start of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Edge,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Counts rows, columns and the text of cells in separated text.
///
/// # Errors
/// [`Fault::TooLarge`](super::Fault::TooLarge) beyond a cap, in most cases with the row;
/// [`Fault::GivenUp`](super::Fault::GivenUp) if the request has ended.
pub fn check_separated(text: &[u8], delimiter: u8, allowance: &Allowance) -> Result<(), Unreadable> {
    let most = allowance.caps().columns;
    let (mut at, mut line, mut begun) = (At::Edge, 1_u64, 1_u64);
    let (mut columns, mut letters, mut full) = (1_u32, 0_usize, 0_u64);
    for &byte in text {
        let is_end = matches!(byte, b'\n' | b'\r');
        let next = match at {
            At::Edge if byte == b'"' => At::Quoted,
            At::Quoted if byte == b'"' => At::QuoteInQuoted,
            At::QuoteInQuoted if byte == b'"' => At::Quoted,
            At::Quoted => At::Quoted,
            At::Edge | At::Plain | At::QuoteInQuoted if is_end || byte == delimiter => At::Edge,
            At::Edge | At::Plain | At::QuoteInQuoted => At::Plain,
        };
        if next != At::Edge {
            // Counts characters: continuation bytes of UTF-8 are skipped.
            letters += usize::from(byte & 0xc0 != 0x80);
            if letters > LONGEST_TEXT + 2 {
                let detail =
                    format!("第{begun}行第{columns}列的文字超过{LONGEST_TEXT}字，请缩短；也可能是引号没有成对");
                return Err(Unreadable::too_large(detail));
            }
        } else if is_end {
            full += u64::from(letters > 0);
            if full > 0 || columns > 1 {
                allowance.row()?;
                allowance.cells(full)?;
            }
            (columns, letters, full) = (1, 0, 0);
        } else {
            full += u64::from(letters > 0);
            (columns, letters) = (columns + 1, 0);
            if columns > most {
                return Err(Unreadable::too_large(format!("第{begun}行超过{most}列，请删去不需要的列")));
            }
        }
        line += u64::from(byte == b'\n');
        if next == At::Edge && is_end {
            begun = line;
        }
        at = next;
    }
    allowance.row()?;
    allowance.cells(full + 1)
}

/// Counts the values of JSON. A parsed value takes many times the memory of its text.
///
/// # Errors
/// [`Fault::TooLarge`](super::Fault::TooLarge) beyond the cap on cells.
pub fn check_json(text: &[u8], allowance: &Allowance) -> Result<(), Unreadable> {
    let (mut in_text, mut is_escaped, mut values) = (false, false, 1_u64);
    for &byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    allowance.cells(values)
}
