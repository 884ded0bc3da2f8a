//! Erasing a text that a log should not hold: an identity number typed into a title (个人信息保护法第四十七条).

use super::command::title_of;
use super::event::Event;
use super::log::{self, Unread};
use serde_json::Value;

/// What a reader finds in the place of an erased text.
pub const ERASED: &str = "〔已删除〕";

/// Members that are texts but identify something that was issued: 受理编号 and 文号, calendars, duties.
const ISSUED: [&str; 5] = ["number", "document_number", "from_version", "to_version", "key"];

/// Why a text of an event cannot be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedactionFault {
    /// The pointer leads to no text: to nothing, or to a list, an object, a number or a yes or no.
    NoText,
    /// The text is a date, a code, an id or an issued number. Dates and categories of the case follow from it.
    NotFreeText,
    /// The text was erased before.
    Erased,
    /// A newer release wrote the event, with members that this release would lose.
    Newer,
    /// The stored event is damaged.
    Malformed,
}

/// An event from which a text was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The payload as it reads from now on.
    pub payload: String,
    /// The texts that it held: the one at the pointer, and the title if it was made of that.
    pub texts: Vec<String>,
}

/// Erases the text at `pointer` (RFC 6901) from a stored payload.
///
/// # Errors
/// [`RedactionFault`].
pub fn redacted(kind: &str, payload: &str, pointer: &str) -> Result<Redacted, RedactionFault> {
    let readable = |why| if why == Unread::Newer { RedactionFault::Newer } else { RedactionFault::Malformed };
    let before = log::decode(kind, payload).map_err(readable)?;
    if matches!(before, Event::Redacted { .. } | Event::CalendarApplied { .. }) {
        return Err(RedactionFault::NotFreeText);
    }
    let mut value: Value = serde_json::from_str(payload).map_err(|_| RedactionFault::Malformed)?;
    let place = value.pointer_mut(pointer).ok_or(RedactionFault::NoText)?;
    let Value::String(text) = place else { return Err(RedactionFault::NoText) };
    if text == ERASED {
        return Err(RedactionFault::Erased);
    }
    let member = pointer.rsplit('/').next().unwrap_or_default();
    if ISSUED.contains(&member) || member == "event" {
        return Err(RedactionFault::NotFreeText);
    }
    let mut texts = vec![std::mem::replace(text, ERASED.to_owned())];
    if let Event::Received(receive) = &before
        && pointer == "/request"
        && receive.title == title_of(&receive.request)
    {
        texts.push(receive.title.clone());
        value["title"] = ERASED.into();
    }
    // A date, a code or an id does not read as one any more.
    let after = log::decode(kind, &value.to_string()).map_err(|_| RedactionFault::NotFreeText)?;
    let payload = log::encode(&after).map_err(|_| RedactionFault::Malformed)?;
    if !has_same_members(&value, &payload) {
        return Err(RedactionFault::Newer);
    }
    Ok(Redacted { payload, texts })
}

/// Whether a payload has the members of a value, its version aside.
fn has_same_members(value: &Value, payload: &str) -> bool {
    let without_version = |mut value: Value| {
        if let Some(members) = value.as_object_mut() {
            members.remove("v");
        }
        value
    };
    serde_json::from_str(payload).is_ok_and(|read: Value| without_version(read) == without_version(value.clone()))
}

#[cfg(test)]
mod tests {
    use super::{ERASED, RedactionFault, redacted};
    use serde_json::{Value, json};

    const PROPOSAL: &str = r#"{"v":1,"event":"outcome_proposed","proposal":{"on":"2026-10-14","outcome":"unavailable.other_authority","reasons":"王某（110105199003071230）的材料不在本机关","items":[],"withheld":[],"right_organ":{"name":"某区规划局","contact":"某路2号"},"right_organ_unknown":null,"earlier_reply_number":null,"public_location":null,"legal_basis":null,"secret":null,"adverse_effect":null,"process":null,"internal_affairs":null,"file_paper":null,"publication":null},"proposed_by":"01a22c81-d41e-701c-ae30-04aee37a6504","chain":["legal"]}"#;

    #[test]
    fn a_text_is_replaced_where_the_pointer_says_and_nothing_else_changes() {
        let done = redacted("outcome_proposed", PROPOSAL, "/proposal/reasons").unwrap();
        assert_eq!(done.texts, ["王某（110105199003071230）的材料不在本机关"]);
        let mut expected: Value = serde_json::from_str(PROPOSAL).unwrap();
        expected["proposal"]["reasons"] = json!(ERASED);
        assert_eq!(serde_json::from_str::<Value>(&done.payload).unwrap(), expected);
        assert!(done.payload.starts_with("{\"v\":1,"));
        let nested = redacted("outcome_proposed", PROPOSAL, "/proposal/right_organ/contact").unwrap();
        assert_eq!(nested.texts, ["某路2号"]);
    }

    #[test]
    fn what_dates_and_categories_follow_from_is_no_free_text() {
        for pointer in ["/proposal/on", "/proposal/outcome", "/proposed_by", "/chain/0", "/event"] {
            let fault = redacted("outcome_proposed", PROPOSAL, pointer);
            assert_eq!(fault, Err(RedactionFault::NotFreeText), "{pointer}");
        }
        let registered = r#"{"v":1,"event":"registered","on":"2026-10-12","number":"依申请〔2026〕1号"}"#;
        assert_eq!(redacted("registered", registered, "/number"), Err(RedactionFault::NotFreeText));
    }

    #[test]
    fn a_pointer_to_no_text_is_refused() {
        for pointer in ["/proposal", "/proposal/items", "/proposal/secret", "/nothing", "proposal", "/v", ""] {
            assert_eq!(redacted("outcome_proposed", PROPOSAL, pointer), Err(RedactionFault::NoText), "{pointer:?}");
        }
    }

    #[test]
    fn a_text_is_erased_once_and_members_of_a_newer_release_are_not_lost() {
        let once = redacted("outcome_proposed", PROPOSAL, "/proposal/reasons").unwrap();
        let twice = redacted("outcome_proposed", &once.payload, "/proposal/reasons");
        assert_eq!(twice, Err(RedactionFault::Erased));
        let newer = PROPOSAL.replace("\"chain\"", "\"added_later\":1,\"chain\"");
        assert_eq!(redacted("outcome_proposed", &newer, "/proposal/reasons"), Err(RedactionFault::Newer));
    }

    #[test]
    fn a_title_that_was_made_of_the_request_goes_with_it_and_another_stays() {
        let received = |title: &str| {
            json!({ "v": 1, "event": "received", "applicant_id": "01a22c81-d41e-701c-ae30-04aee37a6504",
                "applicant_kind": "natural_person", "title": title, "request": "王某110105199003071230的材料\n另附",
                "channel": "online", "misdirected": false, "submitted_on": "2026-11-02", "signed_on": null,
                "arrived_on": null, "acknowledged_on": null, "confirmed_on": null, "delivery": null })
        };
        let made = redacted("received", &received("王某110105199003071230的材料").to_string(), "/request").unwrap();
        assert_eq!(made.texts, ["王某110105199003071230的材料\n另附", "王某110105199003071230的材料"]);
        assert!(!made.payload.contains("110105"));
        let own = redacted("received", &received("拆迁材料").to_string(), "/request").unwrap();
        assert_eq!(own.texts.len(), 1);
        assert!(own.payload.contains("拆迁材料"));
    }

    #[test]
    fn an_event_without_a_version_gets_one() {
        let contact =
            r#"{"event":"contact_logged","on":"2026-11-02","means":"电话13800138000","result":"reached","note":null}"#;
        let done = redacted("contact_logged", contact, "/means").unwrap();
        assert_eq!(
            done.payload,
            r#"{"v":1,"event":"contact_logged","on":"2026-11-02","means":"〔已删除〕","result":"reached","note":null}"#
        );
    }
}
