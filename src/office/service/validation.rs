//! Validation of user input. Reports all faults at once.

use crate::case::text::line_flaw;
use crate::office::{FieldError, OfficeError};

/// Collects the faults of a request.
#[derive(Debug, Default)]
pub struct Checks {
    faults: Vec<FieldError>,
}

/// Whether a mail server would accept the address: ASCII, one `@`, dots only between other characters.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let is_dotted = |text: &str, others: &str| {
        let is_good = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
        text.split('.').all(|part| !part.is_empty() && part.chars().all(is_good))
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        is_dotted(local, "!#$%&'*+/=?^_`{|}~-")
            && is_dotted(domain, "-")
            && domain.contains(|c: char| c.is_alphanumeric())
    })
}

impl Checks {
    /// Creates an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn fault(&mut self, pointer: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.push(FieldError::new(pointer, code, detail));
    }

    /// Checks a line of text: not blank, at most `max` characters. Returns it trimmed.
    pub fn line(&mut self, pointer: &str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.fault(pointer, "required", "必须填写");
        }
        self.bounded(pointer, text, max);
        text.to_owned()
    }

    /// Like [`Checks::line`], but blank text is allowed and returns `None`.
    pub fn optional_line(&mut self, pointer: &str, text: Option<&str>, max: usize) -> Option<String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        self.bounded(pointer, text, max);
        Some(text.to_owned())
    }

    /// Checks a code: Chinese characters, ASCII letters and digits, `-`, `_` and `.`, which are safe in addresses and
    /// file names.
    pub fn code(&mut self, pointer: &str, text: &str, max: usize) -> String {
        let text = self.line(pointer, text, max);
        // Other scripts and full-width forms are refused: they look like ASCII, and two different codes would look the
        // same.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || is_han(c) || matches!(c, '-' | '_' | '.');
        if !text.chars().all(is_plain) {
            self.fault(pointer, "invalid_value", "只能包含汉字、半角的英文字母和数字、- _ .");
        }
        text
    }

    fn bounded(&mut self, pointer: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.fault(pointer, "too_long", format!("不得超过 {max} 个字"));
        }
        if let Some((code, detail)) = line_flaw(text) {
            self.fault(pointer, code, detail);
        }
    }

    /// Finishes the check.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] with every fault, if there are any.
    pub fn done(self) -> Result<(), OfficeError> {
        if self.faults.is_empty() { Ok(()) } else { Err(OfficeError::Invalid(self.faults)) }
    }
}

/// A Chinese character.
fn is_han(letter: char) -> bool {
    matches!(letter, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_one_a_mail_server_takes() {
        for good in ["a@b.cn", "zhang.san+x@mail.gov.cn", "a@localhost"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.cn",
            "a@",
            "a@@b.cn",
            ".a@b.cn",
            "a..b@c.cn",
            "a@b..cn",
            "a b@c.cn",
            "a@b.cn\r\nBcc: x",
            "张@b.cn",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let mut checks = Checks::new();
        checks.line("/name", "  ", 10);
        checks.line("/title", "a\u{7}", 1);
        assert_eq!(checks.code("/code", " ok-1 ", 10), "ok-1");
        checks.code("/code", "../x", 10);
        let OfficeError::Invalid(faults) = checks.done().unwrap_err() else { panic!("another error") };
        let found: Vec<_> = faults.iter().map(|f| (f.pointer.as_str(), f.code.as_ref())).collect();
        assert_eq!(
            found,
            [("/name", "required"), ("/title", "too_long"), ("/title", "invalid_value"), ("/code", "invalid_value")]
        );
    }
}
