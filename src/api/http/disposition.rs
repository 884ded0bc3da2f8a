//! The file name under which a browser saves a response (RFC 6266).

use std::fmt::Write;

/// `Content-Disposition` of a download. A name with other than plain ASCII letters is given twice: in full as
/// `filename*` (RFC 8187), and for old clients as `filename` with `_` in place of each such letter.
pub(in crate::api) fn attachment(name: &str) -> String {
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        value.push_str(&encoded(name));
    }
    value
}

/// Whether the letter is safe between quotes, in a file name and in every client. Excludes quotes, backslashes, percent
/// signs and path separators.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '.' | '(' | ')' | '+' | '=' | ',')
}

/// Percent-encodes every byte that is not an `attr-char`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ascii_and_in_full_beside_it_where_ascii_does_not_do() {
        assert_eq!(attachment("cases-2026-11-29.xlsx"), "attachment; filename=\"cases-2026-11-29.xlsx\"");
        assert_eq!(
            attachment("annual-市局-2025.csv"),
            "attachment; filename=\"annual-__-2025.csv\"; filename*=UTF-8''annual-%E5%B8%82%E5%B1%80-2025.csv"
        );
        assert_eq!(
            attachment("a\"b\\c/d\r\ne%41;.csv"),
            "attachment; filename=\"a_b_c_d__e_41_.csv\"; filename*=UTF-8''a%22b%5Cc%2Fd%0D%0Ae%2541%3B.csv"
        );
        assert!(attachment("\u{0}\u{7f}ü").is_ascii());
    }
}
