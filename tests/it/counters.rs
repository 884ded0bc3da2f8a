//! Series of numbers: where they begin, how a jump is mended, how wide a number is, and which documents share a series.

use diesel::connection::SimpleConnection;
use gongkai::case::Role;
use gongkai::office::evidence::finding::FindingKind;
use gongkai::office::ledger::ImportOptions;
use gongkai::office::{Office, OfficeError};
use gongkai::store::Db;
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::on_both_databases;
use crate::support::service::Reply;

const TODAY: &str = "2026-03-02";
const WHY: &str = "3月起启用本系统，此前的编号在旧台账中";

struct Desk {
    bureau: Bureau,
    admin: String,
    raw: std::cell::RefCell<Db>,
}

impl Desk {
    fn path(&self) -> String {
        format!("/api/v1/organs/{}", self.bureau.organ.0)
    }

    fn office(&self) -> &Office {
        &self.bureau.service.office
    }

    fn put(&self, kind: &str, next: i64) -> Reply {
        let path = format!("{}/counters/{kind}/2026", self.path());
        self.bureau.service.call("PUT", &path, &self.admin, Some(json!({ "next": next, "reason": WHY })))
    }

    /// Sets a series and gives the next number.
    #[track_caller]
    fn set(&self, kind: &str, next: i64) -> String {
        let reply = self.put(kind, next);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json["next_number"].as_str().unwrap().to_owned()
    }

    fn settle(&self, settings: Value) -> Reply {
        let etag = self.bureau.service.get(&self.path(), &self.admin).header("etag").to_owned();
        let body = Some(json!({ "settings": settings }));
        self.bureau.service.call_with("PATCH", &self.path(), &self.admin, &[("if-match", &etag)], body)
    }

    fn import(&self, rows: &str) {
        let text = "受理编号,收到日期,申请人类型,申请内容,答复日期,处理结果,答复文号\n".to_owned() + rows;
        let organ = self.bureau.organ;
        let import = |db: &mut Db| -> Result<_, OfficeError> {
            let options = ImportOptions::default();
            self.office().ledger().import_ledger(db, None, organ, text.as_bytes(), options, &mut |_, _| {})
        };
        let done = self.office().store().write(import).unwrap();
        assert!(done.is_written, "{done:?}");
    }

    /// The number of the next case.
    fn registered(&self) -> String {
        number(&self.bureau.registered(TODAY))
    }

    /// The number of the reply to the next case.
    fn replied(&self) -> String {
        let mut case = self.bureau.registered(TODAY);
        let outcome = json!({ "on": TODAY, "outcome": "disclosed.provided", "reasons": "依法公开" });
        case.clerk("outcome", outcome).approve(TODAY).clerk("reply", json!({ "on": TODAY }));
        case.now();
        case.last.json["reply"]["document_number"].as_str().unwrap_or_else(|| panic!("{:?}", case.last)).to_owned()
    }

    /// Makes the case with this number void behind the service.
    fn void(&self, which: &str) {
        self.raw.borrow_mut().batch_execute(&format!("UPDATE cases SET stage = 'void' WHERE {which}")).unwrap();
    }

    /// Kind, year, series, last and next number of each series of a year.
    fn listed(&self, year: i64) -> Vec<(String, String, i64, String)> {
        let all = self.bureau.service.get(&format!("{}/counters?limit=200", self.path()), &self.bureau.clerk);
        assert_eq!(all.status, 200, "{all:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let line = |one: &Value| {
            (text(&one["kind"]["code"]), text(&one["series"]), one["last"].as_i64().unwrap(), text(&one["next_number"]))
        };
        let items = all.json["items"].as_array().unwrap();
        items.iter().filter(|one| one["year"] == year).map(line).collect()
    }

    /// The findings about numbers.
    fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let note = &mut |finding: gongkai::office::evidence::finding::Finding| {
            if matches!(finding.kind, FindingKind::CounterChanged | FindingKind::NumberMissing) {
                found.push(format!("{finding:?}"));
            }
        };
        self.office().evidence().verify(None, None, note).unwrap();
        found
    }
}

fn number(case: &CaseAt<'_>) -> String {
    case.last.json["number"].as_str().unwrap().to_owned()
}

fn on_desks(test: impl Fn(Desk)) {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, TODAY);
        let admin = bureau.service.user_token("guanli", bureau.organ, &[Role::Admin]);
        test(Desk { bureau, admin, raw: std::cell::RefCell::new(database.raw()) });
    });
}

fn row(kind: &str, series: &str, last: i64, next: &str) -> (String, String, i64, String) {
    (kind.to_owned(), series.to_owned(), last, next.to_owned())
}

#[test]
fn an_organ_goes_live_with_the_number_after_those_it_gave_before() {
    on_desks(|desk| {
        assert_eq!(desk.set("registration", 48), "依申请〔2026〕48号");
        assert_eq!(desk.set("reply", 31), "公开复〔2026〕31号");
        assert_eq!(desk.registered(), "依申请〔2026〕48号");
        assert_eq!(desk.replied(), "公开复〔2026〕31号");
        assert_eq!(
            desk.listed(2026),
            [
                row("registration", "registration", 49, "依申请〔2026〕50号"),
                row("reply", "reply", 31, "公开复〔2026〕32号"),
                row("correction", "correction", 0, "公开补〔2026〕1号"),
                row("extension", "extension", 0, "公开延〔2026〕1号"),
                row("consultation", "consultation", 0, "公开询〔2026〕1号"),
                row("fee", "fee", 0, "公开费〔2026〕1号"),
                row("notice", "notice", 0, "公开告〔2026〕1号"),
            ]
        );
        // The old cases come in later, and move nothing.
        desk.import("依申请〔2026〕47号,2026-01-05,自然人,某信息,2026-01-06,同意公开,公开复〔2026〕30号\n");
        assert_eq!(desk.registered(), "依申请〔2026〕50号");
        assert_eq!(desk.findings(), Vec::<String>::new());
        let log = desk.bureau.service.get(
            "/api/v1/audit?action=counter.set",
            &desk.bureau.service.user_token("shenji", desk.bureau.organ, &[Role::Auditor]),
        );
        let details: Vec<&Value> = log.json["items"].as_array().unwrap().iter().map(|entry| &entry["detail"]).collect();
        let set = |series: &str, to: i64| json!({ "year": 2026, "series": series, "from": 0, "to": to, "why": "set", "reason": WHY });
        assert_eq!(details, [&set("reply", 30), &set("registration", 47)]);
    });
}

#[test]
fn a_jump_is_mended_down_to_the_highest_number_in_effective_use_and_a_void_number_is_skipped() {
    on_desks(|desk| {
        let first = desk.registered();
        assert_eq!(first, "依申请〔2026〕1号");
        desk.import("依申请〔2026〕900号,2026-01-05,自然人,某信息,2026-01-06,同意公开,公开复〔2026〕800号\n依申请〔2026〕3号,2026-01-05,自然人,另信息,,,\n");
        assert_eq!(desk.registered(), "依申请〔2026〕901号");
        let refused = desk.put("registration", 4);
        assert_eq!(refused.fields(), [("/next", "number_in_use")]);
        assert!(refused.text.contains("依申请〔2026〕901号") && refused.text.contains("902"), "{refused:?}");
        assert_eq!(desk.put("reply", 800).fields(), [("/next", "number_in_use")]);
        desk.void("number IN ('依申请〔2026〕900号', '依申请〔2026〕901号', '依申请〔2026〕3号')");
        assert_eq!(desk.put("registration", 1).fields(), [("/next", "number_in_use")], "1 is in effective use");
        assert_eq!(desk.set("registration", 2), "依申请〔2026〕2号");
        assert_eq!(desk.set("reply", 799), "公开复〔2026〕799号");
        assert_eq!(desk.registered(), "依申请〔2026〕2号");
        assert_eq!(desk.listed(2026)[0], row("registration", "registration", 2, "依申请〔2026〕4号"));
        // 3 belongs to a void case. The reply is to case 4.
        assert_eq!(desk.replied(), "公开复〔2026〕799号");
        assert_eq!(desk.replied(), "公开复〔2026〕801号", "800 is that of a void case");
        assert_eq!(desk.registered(), "依申请〔2026〕6号");
        assert_eq!(desk.set("registration", 899), "依申请〔2026〕899号");
        assert_eq!(desk.registered(), "依申请〔2026〕899号");
        assert_eq!(desk.registered(), "依申请〔2026〕902号");
        assert_eq!(desk.findings(), Vec::<String>::new());
        desk.raw.borrow_mut().batch_execute("UPDATE counters SET last = last - 1 WHERE kind = 'reply'").unwrap();
        assert_eq!(desk.findings().len(), 1, "negative control");
    });
}

#[test]
fn a_number_is_as_wide_as_the_pattern_says_and_is_read_back() {
    on_desks(|desk| {
        let settings = json!({ "number_pattern": "依申请〔{year}〕第{seq:3}号", "document_pattern": "某局{word}〔{year}〕{seq:2}号" });
        assert_eq!(desk.settle(settings).status, 200);
        assert_eq!(desk.registered(), "依申请〔2026〕第001号");
        assert_eq!(desk.replied(), "某局公开复〔2026〕01号");
        desk.import(
            "依申请〔2026〕第004号,2026-01-05,自然人,甲,2026-01-06,同意公开,某局公开复〔2026〕07号\n\
             依申请〔2026〕第5号,2026-01-05,自然人,乙,,,\n",
        );
        assert_eq!(desk.registered(), "依申请〔2026〕第006号");
        assert_eq!(desk.replied(), "某局公开复〔2026〕08号");
        assert_eq!(desk.set("registration", 1000), "依申请〔2026〕第1000号");
        assert_eq!(desk.put("registration", 7).fields(), [("/next", "number_in_use")], "7 is the case of the reply");
        assert_eq!(desk.set("registration", 8), "依申请〔2026〕第008号");
        for pattern in ["{year}{seq:03}", "{year}{seq3}", "{year}{seq:0}", "{year}-{seq}-{word}"] {
            let refused = desk.settle(json!({ "number_pattern": pattern }));
            assert_eq!(refused.fields(), [("/settings/number_pattern", "out_of_range")], "{pattern}");
        }
        assert_eq!(desk.findings(), Vec::<String>::new());
    });
}

#[test]
fn each_word_has_a_series_and_documents_of_one_word_share_it() {
    on_desks(|desk| {
        let words = json!({ "reply": "某告", "correction": "某补", "extension": "某告", "fee": "某补" });
        let settings = json!({ "document_words": words });
        assert_eq!(desk.settle(settings).status, 200);
        desk.set("reply", 5);
        desk.set("correction", 9);
        assert_eq!(
            desk.listed(2026)[1..],
            [
                row("reply", "reply", 4, "某告〔2026〕5号"),
                row("correction", "correction", 8, "某补〔2026〕9号"),
                row("extension", "reply", 4, "某告〔2026〕5号"),
                row("consultation", "consultation", 0, "公开询〔2026〕1号"),
                row("fee", "correction", 8, "某补〔2026〕9号"),
                row("notice", "notice", 0, "公开告〔2026〕1号"),
            ]
        );
        let refused = desk.put("extension", 7);
        assert_eq!(refused.fields(), [("/kind", "shared_series")], "{refused:?}");
        assert_eq!(desk.replied(), "某告〔2026〕5号");
        // A pattern without a place for the word is that of replies alone.
        assert_eq!(desk.settle(json!({ "document_pattern": "某政复〔{year}〕{seq}号" })).status, 200);
        let next: Vec<String> = desk.listed(2026).into_iter().map(|(_, _, _, next)| next).collect();
        assert_eq!(next[1..3], ["某政复〔2026〕6号", "公开补〔2026〕9号"]);
        for word in ["", "甲{乙}", &"长".repeat(21)] {
            let refused = desk.settle(json!({ "document_words": { "fee": word } }));
            assert_eq!(refused.fields(), [("/settings/document_words/fee", "out_of_range")], "{word}");
        }
    });
}

#[test]
fn what_cannot_be_a_next_number_is_refused_and_moves_nothing() {
    on_desks(|desk| {
        for next in [0, -1, 1_000_000_000, i64::MAX] {
            assert_eq!(desk.put("registration", next).fields(), [("/next", "out_of_range")], "{next}");
        }
        let path = |end: &str| format!("{}/counters/{end}", desk.path());
        let put = |end: &str, token: &str, reason: &str| {
            desk.bureau.service.call("PUT", &path(end), token, Some(json!({ "next": 5, "reason": reason })))
        };
        assert_eq!(put("registration/2026", &desk.admin, "。。").fields(), [("/reason", "too_vague")]);
        for unknown in
            ["supervision_order/2026", "nothing/2026", "registration/x", "registration/2007", "registration/3000"]
        {
            assert_eq!(put(unknown, &desk.admin, WHY).status, 404, "{unknown}");
        }
        for token in [&desk.bureau.clerk, &desk.bureau.head] {
            assert_eq!(put("registration/2026", token, WHY).problem(), (403, "role_required"));
        }
        assert_eq!(desk.set("registration", 1), "依申请〔2026〕1号", "as it is");
        assert_eq!(desk.registered(), "依申请〔2026〕1号");
        assert_eq!(desk.put("registration", 1).fields(), [("/next", "number_in_use")]);
        assert_eq!(desk.findings(), Vec::<String>::new());
        let pages = desk.bureau.service.get(&format!("{}/counters?limit=5", desk.path()), &desk.admin);
        let cursor = pages.json["next_cursor"].as_str().unwrap();
        let rest = desk.bureau.service.get(&format!("{}/counters?limit=5&cursor={cursor}", desk.path()), &desk.admin);
        assert_eq!((rest.json["items"].as_array().unwrap().len(), &rest.json["next_cursor"]), (2, &Value::Null));
    });
}
