//! Numbers and names that are incomplete: masked before they were passed on, or rounded by a spreadsheet.

use super::cell::half_width;

/// Whether characters are masked: 3201**********1234, 张**, 138XXXX8000, 3201□□□□.
pub(super) fn is_masked(text: &str) -> bool {
    let text = half_width(text).to_uppercase();
    let is_cover = |letter: char| matches!(letter, '*' | '×' | '✱' | '●' | '■' | '□' | '█');
    let mut crossed = text.match_indices("XXX").filter_map(|(at, _)| text.get(..at));
    text.contains(is_cover) || crossed.any(|before| before.ends_with(|letter: char| letter.is_ascii_digit()))
}

/// Whether a spreadsheet has rounded a number: 3.20102E+17, or eighteen digits that end in 000, because it keeps only
/// fifteen.
pub(super) fn is_rounded(text: &str) -> bool {
    let text = half_width(text);
    let exponent = text.split_once(['E', 'e']).filter(|(digits, _)| digits.parse::<f64>().is_ok());
    let is_scientific = exponent.is_some_and(|(_, power)| power.trim_start_matches('+').parse::<i32>().is_ok());
    let is_cut = text.len() == 18 && text.bytes().all(|digit| digit.is_ascii_digit()) && text.ends_with("000");
    is_scientific || is_cut
}
