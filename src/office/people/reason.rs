//! Validation of reasons that are recorded: for reading personal data in clear text, and for putting right what was
//! recorded.

use crate::office::OfficeError;

/// A good reason for reading contacts.
pub(in crate::office) const POSTING: &str = "寄送答复书需核对邮寄地址";

/// Maximum length in characters.
const MOST: usize = 200;
/// Minimum number of letters of any script.
const FEWEST: usize = 5;
/// Minimum number of different letters.
const DIFFERENT: usize = 3;

/// Minimum number of letters of a reason that a case is put right for: 录错 says enough.
const FEWEST_FOR_A_CASE: usize = 2;

/// Validates a reason for `about` that concerns a case only, and returns it trimmed. `example` is a good one.
///
/// # Errors
/// As [`checked`], with fewer letters.
pub(in crate::office) fn given<'a>(
    pointer: &str,
    reason: &'a str,
    about: &str,
    example: &str,
) -> Result<&'a str, OfficeError> {
    validated(pointer, reason, (about, example), (FEWEST_FOR_A_CASE, FEWEST_FOR_A_CASE))
}

/// Validates a reason for `about` and returns it trimmed. `example` is a good one.
///
/// # Errors
/// [`OfficeError::Invalid`] at `pointer` if it is missing, too long, contains control characters or is too vague: too
/// few letters, or too few different ones. Punctuation, digits and invisible characters do not count as letters.
pub(in crate::office) fn checked<'a>(
    pointer: &str,
    reason: &'a str,
    about: &str,
    example: &str,
) -> Result<&'a str, OfficeError> {
    validated(pointer, reason, (about, example), (FEWEST, DIFFERENT))
}

fn validated<'a>(
    pointer: &str,
    reason: &'a str,
    (about, example): (&str, &str),
    (fewest, different_letters): (usize, usize),
) -> Result<&'a str, OfficeError> {
    let reason = reason.trim();
    let refuse = |code: &'static str, what: &str| {
        let detail =
            format!("{what}。请写明{about}的理由，至少{fewest}个字、不超过{MOST}个字，例如“{example}”；理由将被记录");
        Err(OfficeError::invalid(pointer, code, detail))
    };
    let letters: Vec<char> = reason.chars().filter(|letter| is_visible_letter(*letter)).collect();
    let different: std::collections::BTreeSet<char> = letters.iter().copied().collect();
    if reason.is_empty() {
        return refuse("required", "没有填写理由");
    }
    if reason.chars().count() > MOST {
        return refuse("too_long", "理由过长");
    }
    if reason.chars().any(char::is_control) {
        return refuse("invalid_value", "理由含有控制字符（例如换行）");
    }
    if letters.len() < fewest || different.len() < different_letters {
        return refuse("too_vague", "理由没有说明原因：字数过少，或者只有标点、数字、重复的字");
    }
    Ok(reason)
}

/// Excludes the Hangul fillers, which are letters but invisible.
fn is_visible_letter(letter: char) -> bool {
    letter.is_alphabetic() && !matches!(letter, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(reason: &str) -> String {
        match checked("/reason", reason, "查看", POSTING) {
            Ok(_) => "good".to_owned(),
            Err(OfficeError::Invalid(faults)) => faults[0].code.to_string(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_reason_has_five_letters_of_three_kinds() {
        for good in ["寄送答复书", " 核对邮寄地址。", "to post the reply", "案号2026-3寄送本人"] {
            assert_eq!(code(good), "good", "{good}");
        }
        for vague in ["x", "寄送答复", "12345", "……！！，，", "哈哈哈哈哈", "哈嘿哈嘿哈嘿", "\u{3164}\u{115f}寄送答复"]
        {
            assert_eq!(code(vague), "too_vague", "{vague:?}");
        }
        assert_eq!((code(" \u{3000}"), code(&"寄送答复书".repeat(41))), ("required".into(), "too_long".into()));
        assert_eq!(code("寄送答\u{7}复书"), "invalid_value");
    }
}
