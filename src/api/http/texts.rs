//! Validates every text of a request body before a use case sees it. A text is one line unless [`FREE_TEXTS`] lists its
//! member.

use super::problem::Problem;
use crate::case::text::{Flaw, LONGEST_TEXT, LONGEST_TITLE, free_text_flaw, line_flaw};
use crate::office::cases::tags::TAG_MAX_CHARS;
use serde_json::Value;

/// The longest text of a member with this name, characters.
pub(in crate::api) fn longest(name: &str) -> usize {
    match name {
        "title" => LONGEST_TITLE,
        "tags" => TAG_MAX_CHARS,
        _ => LONGEST_TEXT,
    }
}

/// Members that may hold several lines, at any depth. The text of every other member must be one line.
const FREE_TEXTS: &[&str] = &[
    "adverse_effect",
    "comment",
    "contact",
    "evidence",
    "facts",
    "items",
    "legal_basis",
    "note",
    "opinion",
    "part_five",
    "part_one",
    "part_six",
    "public_location",
    "reason",
    "reasons",
    "request",
    "right_organ_unknown",
    "subject",
    "text",
];

/// Members that hold secrets. No page shows them, so hidden characters do no harm. Sign-in judges their content, with
/// one answer for every fault.
const SECRETS: &[&str] = &["current_password", "new_password", "password", "refresh_token"];

/// A pattern that every text accepted by [`of_member`] matches. It does not exclude hidden characters: there are too
/// many.
pub(in crate::api) fn pattern_of_member(name: &str) -> &'static str {
    if FREE_TEXTS.contains(&name) {
        r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"
    } else {
        r"^[^\u0000-\u001F\u007F-\u009F]*$"
    }
}

/// The flaw in the text of a member, if any.
pub(in crate::api) fn of_member(name: &str, text: &str) -> Option<Flaw> {
    if SECRETS.contains(&name) {
        return too_long(text, LONGEST_TEXT).or_else(|| has_controls(text));
    }
    if FREE_TEXTS.contains(&name) { free(text) } else { too_long(text, longest(name)).or_else(|| line_flaw(text)) }
}

/// The flaw in a text of several lines, if any.
pub(in crate::api) fn free(text: &str) -> Option<Flaw> {
    too_long(text, LONGEST_TEXT).or_else(|| free_text_flaw(text))
}

/// Finds U+0000, which PostgreSQL cannot store in a text.
pub(in crate::api) fn unstorable(text: &str) -> Option<Flaw> {
    text.contains('\0').then(|| ("invalid_value", "不得包含空字符".to_owned()))
}

fn has_controls(text: &str) -> Option<Flaw> {
    text.contains(char::is_control).then(|| ("invalid_value", "不得包含控制字符".to_owned()))
}

fn too_long(text: &str, longest: usize) -> Option<Flaw> {
    (text.chars().count() > longest).then(|| ("too_long", format!("不得超过 {longest} 个字")))
}

/// Applies `judge` to every text of the document, with the name of its member; items of a list have the name of the
/// list. Member names are judged as well, with an empty name.
///
/// # Errors
/// `invalid_value` with the pointer of the first flaw.
pub(in crate::api) fn check(document: &Value, judge: fn(&str, &str) -> Option<Flaw>) -> Result<(), Problem> {
    match first_flaw(document, "", "", judge) {
        None => Ok(()),
        Some((at, (code, detail))) => Err(Problem::new("invalid_value").field(at, code, detail)),
    }
}

fn first_flaw(value: &Value, name: &str, at: &str, judge: fn(&str, &str) -> Option<Flaw>) -> Option<(String, Flaw)> {
    match value {
        Value::String(text) => judge(name, text).map(|flaw| (at.to_owned(), flaw)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| first_flaw(item, name, &format!("{at}/{index}"), judge))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let at = format!("{at}/{}", escaped(name));
            match judge("", name) {
                Some(flaw) => Some((at, flaw)),
                None => first_flaw(member, name, &at, judge),
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Escapes a member's name for a JSON pointer (RFC 6901).
pub(in crate::api) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_is_one_line_unless_it_is_known_to_hold_more() {
        let first = |document: Value| {
            let problem = check(&document, of_member).err()?;
            let fault = problem.errors.first()?;
            Some((fault.pointer.clone(), fault.code.clone().into_owned()))
        };
        let is = |at: &str, code: &str| Some((at.to_owned(), code.to_owned()));
        assert_eq!(first(json!({"title": "标题", "request": "第一行\n第二行", "items": ["一\n二"]})), None);
        assert_eq!(first(json!({"parts": [{"title": "一\n二"}]})), is("/parts/0/title", "invalid_value"));
        assert_eq!(first(json!({"tags": ["好", "\u{200b}坏"]})), is("/tags/1", "hidden_character"));
        assert_eq!(first(json!({"request": "\u{200b}"})), is("/request", "invisible_text"));
        assert_eq!(first(json!({"a\u{202e}": 1})), is("/a\u{202e}", "hidden_character"));
        assert_eq!(first(json!({"password": "\u{200b}"})), None, "the sign-in answers alike whatever is wrong");
        assert_eq!(first(json!({"password": "\u{7}"})), is("/password", "invalid_value"));
    }
}
