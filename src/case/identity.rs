//! Numbers of identity papers: which is one, and which one a cell holds among other words.

use crate::case::vocabulary::IdentityKind;
use chrono::NaiveDate;

/// Digits and check character of a 居民身份证.
const LENGTH: usize = 18;
/// Digits of an identity number of before 1999, which has no check character.
const OLD_LENGTH: usize = 15;

/// Whether the check character of an 18-character identity number fits (GB 11643).
#[must_use]
pub fn is_id_card(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let number: Vec<char> = number.to_uppercase().chars().collect();
    let [digits @ .., check] = number.as_slice() else { return false };
    if digits.len() != WEIGHTS.len() {
        return false;
    }
    let sum: Option<u32> = digits.iter().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).map(|d| d * weight)).sum();
    let expected = sum.and_then(|sum| usize::try_from(sum % 11).ok()).and_then(|rest| CHECKS.get(rest));
    expected == Some(check)
}

/// Whether it is a 统一社会信用代码: 18 characters whose check character fits (GB 32100).
#[must_use]
pub fn is_credit_code(number: &str) -> bool {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let places: Option<Vec<usize>> = number.chars().map(|letter| LETTERS.find(letter)).collect();
    let Some([digits @ .., check]) = places.as_deref() else { return false };
    let sum: usize = digits.iter().zip(WEIGHTS).map(|(place, weight)| place * weight).sum();
    digits.len() == WEIGHTS.len() && *check == (31 - sum % 31) % 31
}

/// The number that a cell holds, with its kind. `said` is the kind given with it. `None`: an identity number seems to be
/// meant, and it is not clear which.
#[must_use]
pub fn read_identity(said: Option<IdentityKind>, text: &str) -> Option<(IdentityKind, String)> {
    let (label, rest) = labelled(text);
    let kind = said.or(label);
    match kind {
        Some(IdentityKind::IdCard) | None => {}
        Some(other) => return Some((other, rest.to_owned())),
    }
    match whole_numbers(text) {
        Numbers::One(number) => return Some((IdentityKind::IdCard, number)),
        Numbers::Several => return None,
        Numbers::None => {}
    }
    let bare: String = rest.chars().filter(|letter| letter.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
    let is_alone = rest.chars().all(|letter| letter.is_ascii_alphanumeric() || is_blank(letter));
    if is_alone && is_old(&bare) && kind.is_some() {
        return Some((IdentityKind::IdCard, bare));
    }
    if is_alone && kind.is_none() && is_credit_code(&bare) {
        return Some((IdentityKind::CreditCode, bare));
    }
    if is_alone && is_shaped(&bare) {
        // Its check character is wrong, or it is no number of a person: the import remarks on it.
        return Some((IdentityKind::IdCard, bare));
    }
    let holds_one = runs(text, true).iter().any(|run| run.len() >= OLD_LENGTH);
    match kind {
        Some(kind) if is_alone => Some((kind, rest.to_owned())),
        Some(_) => None,
        None if holds_one && !is_alone => None,
        None if holds_one && bare.len() > LENGTH => None,
        None => Some((IdentityKind::Other, text.to_owned())),
    }
}

/// How offices begin a cell with the kind of the paper; the longer words first.
const LABELS: [(&str, IdentityKind); 12] = [
    ("居民身份证号码", IdentityKind::IdCard),
    ("公民身份号码", IdentityKind::IdCard),
    ("身份证件号码", IdentityKind::IdCard),
    ("居民身份证号", IdentityKind::IdCard),
    ("身份证号码", IdentityKind::IdCard),
    ("身份证号", IdentityKind::IdCard),
    ("居民身份证", IdentityKind::IdCard),
    ("身份证", IdentityKind::IdCard),
    ("护照号码", IdentityKind::Passport),
    ("护照", IdentityKind::Passport),
    ("统一社会信用代码", IdentityKind::CreditCode),
    ("信用代码", IdentityKind::CreditCode),
];

/// The kind that the text begins with, and what follows it.
fn labelled(text: &str) -> (Option<IdentityKind>, &str) {
    let text = text.trim();
    let found = LABELS.iter().find_map(|(label, kind)| Some((*kind, text.strip_prefix(label)?)));
    match found {
        Some((kind, rest)) => {
            let marks = |letter: char| letter.is_whitespace() || matches!(letter, ':' | '：' | '号' | '-' | '.' | '、');
            (Some(kind), rest.trim_start_matches(marks).trim_end())
        }
        None => (None, text),
    }
}

/// The identity numbers of a text whose check characters fit.
enum Numbers {
    None,
    One(String),
    Several,
}

fn whole_numbers(text: &str) -> Numbers {
    // Eighteen that stand by themselves are clear, unless another eighteen stand beside them.
    let alone: Vec<String> = runs(text, false).into_iter().filter(|run| run.len() == LENGTH).collect();
    let candidates = match alone.as_slice() {
        [] => runs(text, true).iter().flat_map(|run| within(run)).collect(),
        [one] if !is_whole(one) => runs(text, true).iter().flat_map(|run| within(run)).collect(),
        _ => alone,
    };
    let mut distinct: Vec<String> = Vec::new();
    for candidate in candidates {
        if !distinct.contains(&candidate) {
            distinct.push(candidate);
        }
    }
    match distinct.as_slice() {
        [] => Numbers::None,
        [one] => Numbers::One(one.clone()),
        _ => Numbers::Several,
    }
}

/// The whole identity numbers in a run of digits: of a number with a telephone number behind it there is one.
fn within(run: &str) -> Vec<String> {
    let last = run.len().saturating_sub(LENGTH);
    let windows = (0..=last).filter_map(|at| run.get(at..at + LENGTH));
    windows.filter(|window| is_whole(window)).map(str::to_owned).collect()
}

/// Runs of digits, each with the X that may end it, whatever other letters stand between them. `joined`: blanks and hyphens
/// inside a run are left out.
fn runs(text: &str, joined: bool) -> Vec<String> {
    let mut runs = vec![String::new()];
    for letter in text.chars() {
        let run = runs.last().map_or(0, String::len);
        let is_end = letter.eq_ignore_ascii_case(&'X') && run >= LENGTH - 1;
        if (letter.is_ascii_digit() || is_end)
            && let Some(run) = runs.last_mut()
        {
            run.push(letter.to_ascii_uppercase());
        }
        let goes_on = letter.is_ascii_digit() || (joined && is_blank(letter));
        if run > 0 && (is_end || !goes_on) {
            runs.push(String::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// What people put inside a number to read it by.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '－' | '‐' | '–' | '—' | '·' | '.' | '_')
}

/// Seventeen digits and a check character that fits, with a region and a day of birth.
fn is_whole(number: &str) -> bool {
    let part = |from: usize, until: usize| number.get(from..until).and_then(|part| part.parse::<u32>().ok());
    let is_region = part(0, 2).is_some_and(|region| (11..=83).contains(&region));
    is_shaped(number) && is_region && is_birthday(part(6, 10), part(10, 12), part(12, 14)) && is_id_card(number)
}

fn is_birthday(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> bool {
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return false };
    let year = i32::try_from(year).unwrap_or_default();
    (1900..2100).contains(&year) && NaiveDate::from_ymd_opt(year, month, day).is_some()
}

/// Eighteen characters that begin with a digit.
fn is_shaped(number: &str) -> bool {
    number.len() == LENGTH && number.starts_with(|first: char| first.is_ascii_digit())
}

/// Fifteen digits with a day of birth.
fn is_old(number: &str) -> bool {
    let part = |from: usize, until: usize| number.get(from..until).and_then(|part| part.parse::<u32>().ok());
    let year = part(6, 8).map(|year| 1900 + year);
    number.len() == OLD_LENGTH
        && number.bytes().all(|digit| digit.is_ascii_digit())
        && is_birthday(year, part(8, 10), part(10, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_number_must_carry_its_check_character() {
        assert!(is_id_card("11010519491231002X") && is_id_card("11010519491231002x"));
        assert!(!is_id_card("110105194912310021"));
        assert!(!is_id_card("1101051949123100"));
        assert!(!is_id_card("身份证号码身份证号码身份证号码身份证"));
    }

    #[test]
    fn a_credit_code_must_carry_its_check_character() {
        assert!(is_credit_code("91350100M000100Y43") && is_credit_code("91320100MA1ABCDE0C"));
        for wrong in ["91350100M000100Y44", "91350100M000100Y4", "91350100I000100Y43", "", "某某公司"] {
            assert!(!is_credit_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_one_whole_number_of_a_cell_is_taken_whatever_stands_around_it() {
        let whole = "11010519491231002X";
        for said in [None, Some(IdentityKind::IdCard)] {
            for text in [
                whole,
                "11010519491231002x",
                "110105 19491231 002X",
                "110 1051 9491 2310 02X",
                "110105-19491231-002X",
                "身份证：11010519491231002X",
                "身份证号11010519491231002X",
                "居民身份证号码: 110105 19491231 002X",
                "11010519491231002X（本人）",
                "11010519491231002X 有效期至2030年",
                "11010519491231002X13800138000",
                "1380013800011010519491231002X",
                "11010519491231002X 13800138000",
                "11010519491231002X，电话010-12345678",
                "王小明11010519491231002X",
                "11010519491231002X 11010519491231002X",
            ] {
                assert_eq!(
                    read_identity(said, text),
                    Some((IdentityKind::IdCard, whole.to_owned())),
                    "{said:?} {text}"
                );
            }
        }
        let digits = "440524188001010014";
        assert_eq!(
            read_identity(None, digits).unwrap().0,
            IdentityKind::IdCard,
            "1880: kept, so that its check character is judged"
        );
    }

    #[test]
    fn what_may_be_an_identity_number_and_is_not_clear_is_not_taken() {
        for text in [
            "身份证：110105194912310021，本人",
            "110105194912310021 13800138000",
            "11010519491231002X、32010219900307889X",
            "11010519491231002X 440524188001010014",
            "11010519491231002X/110105194912310021",
        ] {
            assert_eq!(read_identity(None, text), None, "{text}");
        }
        for text in ["号码不详", "110105194912310（后三位不详）", "E12345678（护照）"] {
            assert_eq!(read_identity(Some(IdentityKind::IdCard), text), None, "{text}");
        }
    }

    #[test]
    fn other_papers_are_what_they_are_said_or_shown_to_be() {
        let of = |said, text| read_identity(said, text).unwrap();
        let is = |kind, number: &str| (kind, number.to_owned());
        assert_eq!(of(None, "护照：E12345678"), is(IdentityKind::Passport, "E12345678"));
        assert_eq!(of(Some(IdentityKind::Passport), "E12345678"), is(IdentityKind::Passport, "E12345678"));
        assert_eq!(of(None, "91350100M000100Y43"), is(IdentityKind::CreditCode, "91350100M000100Y43"));
        assert_eq!(
            of(None, "统一社会信用代码：91350100M000100Y43"),
            is(IdentityKind::CreditCode, "91350100M000100Y43")
        );
        assert_eq!(of(Some(IdentityKind::IdCard), "110105 491231 002"), is(IdentityKind::IdCard, "110105491231002"));
        assert_eq!(of(None, "身份证号110105491231002"), is(IdentityKind::IdCard, "110105491231002"));
        assert_eq!(of(None, "110105491231002"), is(IdentityKind::Other, "110105491231002"));
        assert_eq!(of(None, "军字第123号"), is(IdentityKind::Other, "军字第123号"));
        assert_eq!(
            of(Some(IdentityKind::IdCard), "110105194912310021"),
            is(IdentityKind::IdCard, "110105194912310021")
        );
        assert_eq!(of(Some(IdentityKind::Other), "甲 1"), is(IdentityKind::Other, "甲 1"));
    }
}
