//! What a stored text may hold: letters that people see and that every file format can carry.
//!
//! One rule for the API, the command line and the ledger. A name, a title or a number is one line in which nothing is hidden:
//! two names that look alike must be the same name. Free text keeps what was typed; it only has to show something.

/// The longest text in one field, characters. What an applicant asks for is rarely longer than a page.
pub const LONGEST_TEXT: usize = 10_000;

/// The longest title, characters: one line that lists and mails can show.
pub const LONGEST_TITLE: usize = 200;

/// What is wrong with a text: a stable code, and words for the person who typed it.
pub type Flaw = (&'static str, String);

/// What is wrong with one line: a name, a title, a number, a code.
///
/// Hidden letters are refused, not taken out: what is stored is what was sent, letter by letter, and a retry must find it.
#[must_use]
pub fn line_flaw(text: &str) -> Option<Flaw> {
    if text.chars().any(|letter| is_unusable(letter) || is_line_break(letter)) {
        return Some(("invalid_value", "应为一行，不得包含换行、制表等控制字符".to_owned()));
    }
    if let Some(letter) = text.chars().find(|letter| is_hidden(*letter)) {
        let code = u32::from(letter);
        return Some((
            "hidden_character",
            format!("不得包含看不见的字符（U+{code:04X}，常见于从网页、PDF 粘贴），请删去后重新填写"),
        ));
    }
    shows_nothing(text)
}

/// What is wrong with free text of several lines.
#[must_use]
pub fn free_text_flaw(text: &str) -> Option<Flaw> {
    if text.chars().any(|letter| is_unusable(letter) && !matches!(letter, '\n' | '\r' | '\t')) {
        return Some(("invalid_value", "不得包含换行、制表以外的控制字符".to_owned()));
    }
    shows_nothing(text)
}

/// Whether a reader sees anything of the text.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|letter| !letter.is_whitespace() && !is_ignorable(letter) && letter != BRAILLE_BLANK)
}

/// The text without the letters that [`line_flaw`] refuses as hidden.
#[must_use]
pub fn without_hidden(text: &str) -> String {
    text.chars().filter(|letter| !is_hidden(*letter)).collect()
}

/// Whether no XML 1.0 document can hold the character (section 2.2), so that a file with it does not open.
#[must_use]
pub const fn is_outside_xml(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a reader sees nothing of the character: Default_Ignorable_Code_Point, and the marks of interlinear notes.
#[must_use]
pub const fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A pattern of dots without a dot: the only symbol that is as blank as a space.
const BRAILLE_BLANK: char = '\u{2800}';

/// Text of blanks alone has no flaw here: each field says itself whether it may be left blank.
fn shows_nothing(text: &str) -> Option<Flaw> {
    let is_blank = text.chars().all(char::is_whitespace);
    (!is_blank && !is_visible(text)).then(|| ("invisible_text", "只有看不见的字符，没有填写内容".to_owned()))
}

/// A control character, or a code that Unicode keeps free of characters for ever.
fn is_unusable(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{fdd0}'..='\u{fdef}') || u32::from(letter) & 0xfffe == 0xfffe
}

/// LINE SEPARATOR and PARAGRAPH SEPARATOR: a line break that is no control character.
#[must_use]
pub const fn is_line_break(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// An invisible character that no name needs. Those that choose the shape of a letter stay: rare characters in Chinese names
/// (variation selectors), Mongolian, and joiners.
const fn is_hidden(letter: char) -> bool {
    let shapes_letters = matches!(
        letter,
        '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    );
    is_ignorable(letter) && !shapes_letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(flaw: Option<Flaw>) -> Option<&'static str> {
        flaw.map(|(code, _)| code)
    }

    #[test]
    fn a_line_holds_no_control_character_no_line_break_and_nothing_hidden() {
        for good in ["", " ", "依申请〔2026〕1号", "葛\u{e0100}城", "ᠠ\u{180b}", "👨\u{200d}👩", "é%_\\\"{0}"]
        {
            assert_eq!(line_flaw(good), None, "{good:?}");
        }
        for bad in ["a\nb", "a\rb", "a\tb", "a\0", "a\u{85}", "a\u{2028}b", "a\u{fffe}", "a\u{ffff}", "a\u{1ffff}"] {
            assert_eq!(code(line_flaw(bad)), Some("invalid_value"), "{bad:?}");
        }
        for hidden in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{200e}', '\u{3164}', '\u{e0041}'] {
            let (code, words) = line_flaw(&format!("王{hidden}明")).unwrap();
            assert_eq!(code, "hidden_character");
            assert!(words.contains(&format!("U+{:04X}", u32::from(hidden))), "{words}");
            assert_eq!(without_hidden(&format!("王{hidden}明")), "王明");
        }
        assert_eq!(code(line_flaw("\u{200c}\u{fe00}")), Some("invisible_text"));
        assert_eq!(code(line_flaw("\u{2800} ")), Some("invisible_text"));
    }

    #[test]
    fn free_text_has_lines_and_must_show_something() {
        for good in ["", "第一行\r\n\t第二行", "a\u{202e}b", "a\u{200b}"] {
            assert_eq!(free_text_flaw(good), None, "{good:?}");
        }
        for bad in ["a\u{7}", "a\0", "a\u{fffe}", "a\u{fdd0}", "a\u{9f}"] {
            assert_eq!(code(free_text_flaw(bad)), Some("invalid_value"), "{bad:?}");
        }
        for nothing in ["\u{200b}", "\u{202e}\n", " \u{feff}", "\u{3164}", "\u{e0020}", "\u{2060}\u{3000}"] {
            assert_eq!(code(free_text_flaw(nothing)), Some("invisible_text"), "{nothing:?}");
            assert!(!is_visible(nothing), "{nothing:?}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_just_what_xml_1_0_leaves_out() {
        for code in 0..=0x0010_ffff_u32 {
            let Some(letter) = char::from_u32(code) else { continue };
            let is_char = matches!(code, 0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x1_0000..=0x10_ffff);
            assert_eq!(is_outside_xml(letter), !is_char, "{code:x}");
        }
    }
}
