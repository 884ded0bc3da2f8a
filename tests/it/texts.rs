//! Invisible text, text that no file can hold, and text that breaks its line: refused in every member, harmless in old rows.

use base64::Engine;
use diesel::prelude::*;
use gongkai::api::http::route::Verb;
use gongkai::api::routes;
use gongkai::case::Role;
use gongkai::store::StoreError;
use gongkai::store::database::schema::cases;
use serde_json::{Value, json};

use crate::support::bureau::Bureau;
use crate::support::house::{House, difference};
use crate::support::on_both_databases;
use crate::support::openapi::{Document, Kind};
use crate::support::payloads::call_for;
use crate::support::spoiling::flaw;

/// Members of several lines, by their names; every other text is one line.
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

/// Secrets: the sign-in judges them.
const SECRETS: &[&str] = &["password", "current_password", "new_password", "refresh_token"];

/// Nothing to be seen, or nothing any XML file may hold: in no text.
const NOWHERE: &[&str] = &[
    "\u{200b}",
    "\u{202e}\u{feff}",
    "\u{3164}\u{3000}",
    "\u{2800}",
    "\u{e0020}",
    "甲\u{ffff}乙",
    "甲\u{fffe}",
    "甲\u{b}乙",
];

/// Hidden, turned round, or broken in two: in no line.
const IN_NO_LINE: &[&str] = &[
    "甲\u{202e}乙",
    "甲\u{2067}乙",
    "甲\u{200b}乙",
    "\u{feff}甲",
    "甲\n乙",
    "甲\r乙",
    "甲\t乙",
    "甲\u{2028}乙",
    "甲\u{85}乙",
];

/// The name of a member, of a list that of the list.
fn name(pointer: &str) -> &str {
    let named = |part: &&str| !part.chars().all(|letter| letter.is_ascii_digit());
    pointer.rsplit('/').find(named).unwrap_or_default()
}

#[test]
fn no_member_takes_text_that_shows_nothing_hides_something_or_breaks_its_line() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        let (mut flaws, mut tried) = (Vec::new(), 0);
        for route in routes::all().filter(|route| route.verb != Verb::Get) {
            let operation = document.operation(route);
            if operation.body().is_none() {
                continue;
            }
            let call = call_for(&house, &document, route);
            let before = house.dump();
            for member in operation.members().iter().filter(|member| member.kind == Kind::Text) {
                let name = name(&member.pointer);
                if SECRETS.contains(&name) {
                    continue;
                }
                let lines = if FREE_TEXTS.contains(&name) { &[] } else { IN_NO_LINE };
                for text in NOWHERE.iter().chain(lines) {
                    let body = call.body_with(&member.pointer, json!(text));
                    let reply = call.send_bytes(&house, body.to_string().as_bytes());
                    if let Some(flaw) = flaw(&reply) {
                        flaws.push(format!("{:?} {} = {text:?}: {flaw}", route, member.pointer));
                    }
                    tried += 1;
                }
            }
            assert_eq!(difference(&before, &house.dump()), Vec::<String>::new(), "{route:?}");
        }
        assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
        assert!(tried > 900, "only {tried} tried");
    });
}

#[test]
fn a_hidden_letter_is_named_and_one_that_shapes_another_is_kept() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let with = |title: &str| {
            let mut application = bureau.application("2024-03-01");
            application["title"] = json!(title);
            bureau.service.create("/api/v1/cases", &bureau.clerk, application)
        };
        let refused = with("征收\u{202e}批复");
        assert_eq!(
            (refused.problem(), refused.fields()),
            ((422, "invalid_value"), vec![("/title", "hidden_character")])
        );
        assert!(refused.json["errors"][0]["detail"].as_str().unwrap().contains("U+202E"), "{refused:?}");
        assert_eq!(with("\u{200b}\u{3000}").fields(), [("/title", "hidden_character")]);
        assert_eq!(with("征收\n批复").fields(), [("/title", "invalid_value")]);
        // A rare form of a character in a name, and Mongolian.
        for title in ["葛\u{e0100}城征收批复", "ᠮᠣᠩᠭ\u{180b}ᠣᠯ"] {
            assert_eq!(with(title).json["title"], title);
        }
    });
}

#[test]
fn settings_that_get_into_numbers_and_letters_are_one_line() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let admin = bureau.service.user_token("guanli", bureau.organ, &[Role::Admin]);
        let path = format!("/api/v1/organs/{}", bureau.organ.0);
        let etag = bureau.service.get(&path, &admin).header("etag").to_owned();
        for (member, text) in [
            ("number_pattern", "依\r\nBcc: x@y.example〔{year}〕{seq}号"),
            ("document_pattern", "复\u{202e}〔{year}〕{seq}号"),
            ("court", "某市\n人民法院"),
            ("reconsideration_organ", "\u{200b}"),
            ("reconsideration_online", "https://example.cn/\u{ffff}"),
        ] {
            let body = json!({ "settings": { member: text } });
            let reply = bureau.service.call_with("PATCH", &path, &admin, &[("if-match", &etag)], Some(body));
            assert_eq!(reply.fields()[0].0, format!("/settings/{member}"), "{reply:?}");
            assert_eq!(reply.status, 422);
        }
        assert_eq!(bureau.service.get(&path, &admin).header("etag"), etag, "nothing changed");
    });
}

#[test]
fn a_number_with_a_line_break_from_before_ends_no_line_of_a_calendar() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = bureau.registered("2024-03-01");
        let row = cases::table.filter(cases::id.eq(case.id.parse::<gongkai::store::CaseId>().unwrap()));
        bureau
            .service
            .office
            .store()
            .write(|db| -> Result<usize, StoreError> {
                Ok(diesel::update(row).set(cases::number.eq(Some("a\r\nBcc: x\rb"))).execute(db)?)
            })
            .unwrap();
        let feed = bureau.service.feed(&bureau.head);
        let shown = bureau.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None);
        assert_eq!(shown.status, 200);
        let unfolded = shown.text.replace("\r\n ", "");
        for line in unfolded.split_terminator("\r\n") {
            assert!(!line.contains(['\r', '\n']) && !line.starts_with("Bcc"), "{line:?}");
        }
        assert!(unfolded.contains("SUMMARY:答复申请人 a  Bcc: x b\r\n"), "{unfolded}");
    });
}

#[test]
fn a_file_name_beyond_ascii_is_told_as_rfc_6266_wants_it() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let organ = bureau.service.organ("市局", None);
        let head = bureau.service.user_token("fuzeren", organ, &[Role::OfficeHead]);
        for format in ["csv", "xlsx", "docx"] {
            let path = format!("/api/v1/reports/annual?year=2023&format={format}");
            let bearer = format!("Bearer {head}");
            let mut response = ureq_get(&format!("{}{path}", bureau.service.url), &bearer);
            let value = response.headers()["content-disposition"].to_str().unwrap().to_owned();
            assert!(value.starts_with("attachment; filename=\"report-__-2023-"), "{value}");
            assert!(
                value.contains(&format!(".{format}\"; filename*=UTF-8''report-%E5%B8%82%E5%B1%80-2023-")),
                "{value}"
            );
            assert!(value.ends_with(&format!(".{format}")), "{value}");
            assert!(!response.body_mut().read_to_vec().unwrap().is_empty());
        }
    });
}

fn ureq_get(url: &str, bearer: &str) -> ureq::http::Response<ureq::Body> {
    ureq::get(url).header("authorization", bearer).call().unwrap()
}

#[test]
fn a_ledger_loses_its_hidden_letters_and_a_cell_of_nothing_else_is_a_fault() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let path = format!("/api/v1/organs/{}/ledger/preview", bureau.organ.0);
        let preview = |rows: &str| -> Value {
            let text = format!("受理编号,收到日期,申请人类型,申请内容\n{rows}");
            let content = base64::engine::general_purpose::STANDARD.encode(text);
            let reply = bureau.service.call("POST", &path, &bureau.clerk, Some(json!({ "content": content })));
            assert_eq!(reply.status, 200, "{reply:?}");
            reply.json
        };
        let good = preview("旧\u{200b}件-\u{202a}1,2024-03-01,自然人,某路批复\n");
        assert!(!good.to_string().contains(['\u{200b}', '\u{202a}']), "{good}");
        let bad = preview("旧件-2,2024-03-01,自然人,\u{200b}\u{202e}\n旧件-3,2024-03-01,自然人,某\u{ffff}路\n");
        let text = bad.to_string();
        assert!(text.contains("invisible_text") && text.contains("invalid_value"), "{text}");
    });
}
