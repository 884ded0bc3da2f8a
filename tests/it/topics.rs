//! What many ask for, what one asks for again, and the tags clerks set: over HTTP, on both databases.

use gongkai::case::Role;
use gongkai::store::evidence::audit::{self, AuditFilter};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::{TestDatabase, copied_logs, copies, on_both_databases};
use diesel::connection::SimpleConnection;
use gongkai::store::{CaseId, Store, service::meta};
use std::time::{Duration, Instant};

/// An applicant: name, and number of a passport or none.
type Who<'a> = (&'a str, Option<&'a str>);

impl Bureau {
    /// An application handed in at the counter.
    fn asks(&self, on: &str, (name, passport): Who<'_>, title: &str, request: &str) -> Value {
        let mut body = self.application(on);
        body["applicant"] = json!({ "kind": "natural_person", "name": name });
        if let Some(number) = passport {
            body["applicant"]["identity"] = json!({ "kind": "passport", "number": number });
        }
        body["title"] = json!(title);
        body["request"] = json!(request);
        body
    }

    #[track_caller]
    fn filed_and_registered(&self, on: &str, who: Who<'_>, title: &str, request: &str) -> CaseAt<'_> {
        self.on(on);
        let mut case = self.file(self.asks(on, who, title, request));
        case.clerk("registration", json!({ "on": on }));
        case
    }
}

fn replied<'a>(mut case: CaseAt<'a>, on: &str, outcome: &str) -> CaseAt<'a> {
    case.bureau.on(on);
    case.clerk("outcome", json!({ "on": on, "outcome": outcome, "reasons": "依法办理" })).approve(on);
    case.clerk("reply", json!({ "on": on }));
    case.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }));
    case
}

#[track_caller]
fn tag(case: &CaseAt<'_>, tags: &[&str]) {
    let (service, clerk) = (&case.bureau.service, &case.bureau.clerk);
    let etag = service.get(&case.path("tags"), clerk).header("etag").to_owned();
    let set =
        service.call_with("PUT", &case.path("tags"), clerk, &[("if-match", &etag)], Some(json!({ "tags": tags })));
    assert_eq!(set.status, 200, "{set:?}");
}

const LI: Who<'_> = ("李大山", Some("E11111111"));
const ZHAO: Who<'_> = ("赵小河", Some("E22222222"));
const SUN: Who<'_> = ("孙一川", None);

/// Title, applications, applicants, open, whether a candidate, how many ended in which way.
fn told(topic: &Value) -> (String, u64, u64, u64, bool, Vec<(String, u64)>) {
    let number = |name: &str| topic[name].as_u64().unwrap();
    let ending = |one: &Value| (one["code"].as_str().unwrap().to_owned(), one["applications"].as_u64().unwrap());
    (
        format!("{}:{}", topic["by"].as_str().unwrap(), topic["label"].as_str().unwrap()),
        number("applications"),
        number("applicants"),
        number("open"),
        topic["is_candidate"].as_bool().unwrap(),
        topic["outcomes"].as_array().unwrap().iter().map(ending).collect(),
    )
}

#[test]
fn what_many_ask_for_is_found_by_likeness_and_by_tag_and_candidates_are_marked() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let approval = "申请公开李家村2023年第二批次城镇建设用地征收土地的批复文件";
        let plans = "李家村2023年第二批次建设用地一书四方案（呈报说明书、农用地转用方案、补充耕地方案、征收土地方案、供地方案）";
        let one = replied(
            bureau.filed_and_registered("2026-03-02", LI, "李家村征收土地批复", approval),
            "2026-03-10",
            "disclosed.provided",
        );
        let other = bureau.filed_and_registered(
            "2026-03-11",
            ZHAO,
            "李家村征地批复",
            "请公开李家村2023年度第二批次城镇建设用地征地批复",
        );
        bureau.filed_and_registered(
            "2026-03-12",
            ZHAO,
            "王家村征收土地批复",
            "申请公开王家村2022年第五批次城镇建设用地征收土地的批复文件",
        );
        let plan = replied(
            bureau.filed_and_registered("2026-03-13", LI, "一书四方案", &format!("申请公开{plans}")),
            "2026-03-16",
            "disclosed.provided",
        );
        bureau.filed_and_registered("2026-03-17", LI, "李家村一书四方案", &format!("请公开{plans}"));
        bureau.filed_and_registered("2026-03-18", SUN, "不动产登记资料", "申请公开某小区3号楼101室的不动产登记簿信息");
        tag(&one, &["征地批复", "李家村"]);
        tag(&other, &["征地批复"]);
        tag(&plan, &["李家村"]);

        let report = bureau.service.get("/api/v1/supervision/topics?from=2026-03-01", &bureau.supervisor);
        assert_eq!(report.status, 200, "{report:?}");
        let provided = |n: u64| vec![("disclosed.provided".to_owned(), n)];
        let topics: Vec<_> = report.json["topics"].as_array().unwrap().iter().map(told).collect();
        assert_eq!(
            topics,
            [
                ("tag:征地批复".to_owned(), 2, 2, 1, true, provided(1)),
                ("tag:李家村".to_owned(), 2, 1, 0, false, provided(2)),
                ("likeness:一书四方案".to_owned(), 2, 1, 1, false, provided(1)),
                ("likeness:李家村征收土地批复".to_owned(), 2, 2, 1, true, provided(1)),
            ]
        );
        assert_eq!(report.json["article"], "《条例》第四十四条第一款");
        assert_eq!((&report.json["compared"], &report.json["is_complete"]), (&json!(6), &json!(true)));
        let first = &report.json["topics"][3]["cases"];
        assert_eq!((&first[0]["case_id"], &first[1]["case_id"]), (&json!(one.id), &json!(other.id)));
        for secret in ["李大山", "赵小河", "孙一川", "E11111111"] {
            assert!(!report.text.contains(secret), "{secret}");
        }
        let later =
            bureau.service.get("/api/v1/supervision/topics?from=2026-03-11&until=2026-03-31", &bureau.supervisor);
        assert!(!later.text.contains("征收土地批复\",\"applications"), "alone within these days: {later:?}");
        let turned =
            bureau.service.get("/api/v1/supervision/topics?from=2026-03-11&until=2026-03-10", &bureau.supervisor);
        assert_eq!(turned.problem(), (400, "invalid_query"));
    });
}

#[test]
fn applications_to_two_organs_are_no_topic_of_either() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let county = bureau.service.organ("xian", Some(bureau.organ));
        let county_clerk = bureau.service.user_token("xianjingban", county, &[Role::Clerk]);
        let request = "申请公开2024年度农村公路养护合同";
        bureau.filed_and_registered("2026-03-02", LI, "养护合同", request);
        let mut there = bureau.asks("2026-03-02", ZHAO, "养护合同", request);
        there["organ_id"] = json!(county.0);
        assert_eq!(bureau.service.create("/api/v1/cases", &county_clerk, there.clone()).status, 201);
        let topics = |query: &str| {
            let reply = bureau.service.get(&format!("/api/v1/supervision/topics{query}"), &bureau.supervisor);
            (reply.json["compared"].as_u64().unwrap(), reply.json["topics"].as_array().unwrap().clone())
        };
        assert_eq!(topics(""), (2, vec![]));
        assert_eq!(topics(&format!("?organ={}", bureau.organ.0)), (1, vec![]));
        assert_eq!(topics(&format!("?organ={}&with_subordinates=true", bureau.organ.0)), (2, vec![]));
        assert_eq!(bureau.service.create("/api/v1/cases", &county_clerk, there).status, 201);
        let (_, found) = topics(&format!("?organ={}", county.0));
        assert_eq!((found.len(), found[0]["applicants"].as_u64()), (1, Some(1)), "one applicant asking twice");
    });
}

#[test]
fn an_earlier_application_of_the_same_applicant_is_shown_and_nothing_follows_of_itself() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (title, request) = ("行政处罚决定书", "申请公开贵局2024年度全部行政处罚决定书");
        let first =
            replied(bureau.filed_and_registered("2026-03-02", LI, title, request), "2026-03-10", "disclosed.provided");
        bureau.filed_and_registered("2026-03-03", LI, "道路养护", "农村公路养护资金使用情况");
        bureau.filed_and_registered("2026-03-03", ZHAO, title, request);
        let year = bureau.filed_and_registered("2026-03-04", LI, title, "申请公开贵局2023年度全部行政处罚决定书");
        let unnamed = bureau.filed_and_registered("2026-03-05", (LI.0, None), title, request);

        bureau.on("2026-03-16");
        let mut again =
            bureau.file(bureau.asks("2026-03-16", LI, "行政处罚决定", "请公开贵局2024年度的行政处罚决定书"));
        assert_eq!(again.last.json.get("similar"), None, "a filing compares nothing");
        let similar = bureau.service.get(&again.path("similar"), &bureau.clerk);
        assert_eq!(similar.status, 200, "{similar:?}");
        let found = similar.json.clone();
        let items = found["items"].as_array().unwrap();
        let item = |case: &CaseAt<'_>| items.iter().find(|item| item["case_id"] == json!(case.id)).unwrap();
        assert_eq!(items.len(), 3, "{items:?}");
        let hint = item(&first);
        assert_eq!(hint["same_by"], "identity");
        assert_eq!(hint["number"], "依申请〔2026〕1号");
        assert_eq!((&hint["outcome"], &hint["replied_on"]), (&json!("disclosed.provided"), &json!("2026-03-10")));
        assert_eq!(hint["reply_number"], first.last.json["reply"]["document_number"]);
        assert!(hint["reply_number"].is_string(), "{hint}");
        assert!(hint["likeness"].as_u64().unwrap() >= 80, "{hint}");
        assert_eq!((&hint["may_be_repeat"], &hint["is_open"]), (&json!(true), &json!(false)));
        assert_eq!((&item(&year)["difference"], &item(&year)["may_be_repeat"]), (&json!("year"), &json!(false)));
        assert_eq!((&item(&unnamed)["same_by"], &item(&unnamed)["may_be_repeat"]), (&json!("name"), &json!(false)));
        assert_eq!(found["article"], "《条例》第三十六条第（六）项");
        for secret in ["李大山", "E11111111"] {
            assert!(!similar.text.contains(secret), "{secret}");
        }

        again.clerk("registration", json!({ "on": "2026-03-16" }));
        assert_eq!(again.last.json.get("similar"), None, "nor does a registration");
        assert_eq!((&again.last.json["outcome"], again.last.json["proposal"].is_null()), (&Value::Null, true));
        let asked = bureau.service.get(&again.path("similar"), &bureau.reviewer);
        assert_eq!((asked.status, &asked.json), (200, &found));
        again.clerk("searches", json!({ "on": "2026-03-16", "places": ["档案室"], "terms": ["处罚"], "searched_by": "王科员", "found": true }));
        let asked = bureau.service.get(&again.path("similar"), &bureau.clerk);
        assert_eq!((asked.status, &asked.json), (200, &found), "the same once handling has begun");
        let earlier = bureau.service.get(&first.path("similar"), &bureau.clerk);
        assert_eq!(earlier.json["items"], json!([]), "what came later is not earlier");
    });
}

#[test]
fn tags_are_set_by_the_clerk_found_by_and_recorded() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (one, other) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        let service = &bureau.service;
        let set = |token: &str, etag: &str, tags: Value| {
            let headers = [("if-match", etag)];
            service.call_with("PUT", &one.path("tags"), token, &headers, Some(json!({ "tags": tags })))
        };
        let none = service.get(&one.path("tags"), &bureau.clerk).header("etag").to_owned();
        let first = set(&bureau.clerk, &none, json!(["征地批复", " 李家村 "]));
        assert_eq!((first.status, &first.json["tags"]), (200, &json!(["征地批复", "李家村"])), "{first:?}");
        assert_eq!(set(&bureau.clerk, &none, json!([])).problem(), (412, "stale"));
        assert_eq!(set(&bureau.reviewer, &none, json!([])).problem(), (403, "role_required"));
        let etag = first.header("etag").to_owned();
        let fault = |tags: Value| {
            let reply = set(&bureau.clerk, &etag, tags);
            assert_eq!(reply.status, 422, "{reply:?}");
            let (pointer, code) = reply.fields()[0];
            (pointer.to_owned(), code.to_owned())
        };
        let is = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        assert_eq!(fault(json!(["a", " "])), is("/tags/1", "required"));
        assert_eq!(fault(json!(["a", "a "])), is("/tags/1", "duplicate"));
        assert_eq!(fault(json!(["长".repeat(21)])), is("/tags/0", "too_long"));
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(fault(json!(many)), is("/tags", "too_many"));
        tag(&other, &["征地批复"]);
        assert_eq!(set(&bureau.clerk, &etag, json!(["李家村", "补偿"])).json["tags"], json!(["李家村", "补偿"]));

        let tagged = |tag: &str| {
            let list = service.get(&format!("/api/v1/cases?tag={tag}"), &bureau.clerk).json;
            let items = list["items"].as_array().unwrap().iter();
            items.map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tagged("%E5%BE%81%E5%9C%B0%E6%89%B9%E5%A4%8D"), std::slice::from_ref(&other.id));
        assert_eq!(tagged("%E8%A1%A5%E5%81%BF"), std::slice::from_ref(&one.id));
        let shown = service.get(&one.path(""), &bureau.clerk);
        assert_eq!(shown.json["tags"], json!(["李家村", "补偿"]));
        let entries = |db: &mut _| {
            let filter = AuditFilter { case: Some(one.id.parse().unwrap()), ..AuditFilter::default() };
            audit::list(db, &AuditFilter { action: Some(gongkai::case::AuditAction::CaseTagged), ..filter }, None, 50)
        };
        let recorded: Vec<Value> = service
            .office
            .store()
            .read(entries)
            .unwrap()
            .into_iter()
            .map(|entry| serde_json::from_str(&entry.detail).unwrap())
            .collect();
        assert_eq!(
            recorded,
            [json!({ "on": ["补偿"], "off": ["征地批复"] }), json!({ "on": ["征地批复", "李家村"], "off": [] })]
        );
    });
}

/// How long the work took, and how long another writer had to wait for one write at most meanwhile.
fn beside<T: Send>(store: &Store, work: impl FnOnce() -> T + Send) -> (T, Duration, Duration) {
    std::thread::scope(|scope| {
        let began = Instant::now();
        let working = scope.spawn(work);
        let mut longest = Duration::ZERO;
        while !working.is_finished() {
            let asked = Instant::now();
            store.write(|db| meta::set(db, "beside", "x")).unwrap();
            longest = longest.max(asked.elapsed());
        }
        (working.join().unwrap(), began.elapsed(), longest)
    })
}

/// 400 long earlier requests of one applicant: comparing them takes far longer than taking the new one in.
#[test]
fn likeness_is_computed_while_others_write_and_neither_by_a_filing_nor_by_a_command() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (service, store) = (&bureau.service, bureau.service.office.store());
        let mut application = bureau.application("2026-03-02");
        let letters = |from: u32| (0..3_900).filter_map(move |n| char::from_u32(0x4e00 + (from + n * 7) % 20_000));
        application["request"] = json!(letters(0).collect::<String>());
        let first = bureau.file(application.clone());
        let none = service.get(&first.path("similar"), &bureau.clerk).json;
        assert_eq!((&none["items"], &none["is_complete"]), (&json!([]), &json!(true)), "the first application");
        let of = CaseId(first.id.parse().unwrap());
        copies(&mut database.raw(), of, bureau.organ, 400, None);
        copied_logs(&mut database.raw(), of, 400);

        let key = [("idempotency-key", "one")];
        let file = || service.call_with("POST", "/api/v1/cases", &bureau.clerk, &key, Some(application.clone()));
        let (filed, filing, _) = beside(store, file);
        assert_eq!(filed.status, 201, "{filed:?}");
        let case = CaseAt { bureau: &bureau, id: filed.json["id"].as_str().unwrap().to_owned(), last: filed.clone() };
        let register = || case.try_command(&bureau.clerk, "registration", json!({ "on": "2026-03-02" }));
        let (registered, registering, _) = beside(store, register);
        assert_eq!(registered.status, 200, "{registered:?}");

        let (asked, took, waited) = beside(store, || service.get(&case.path("similar"), &bureau.clerk));
        let hints = &asked.json;
        assert_eq!((hints["items"].as_array().unwrap().len(), &hints["is_complete"]), (10, &json!(false)));
        eprintln!("{}: comparing took {took:?}, another write {waited:?} at most", database.name);
        assert!(waited * 2 < took, "comparing took {took:?} and another writer waited {waited:?}");
        assert!(filing < took && registering < took, "filing {filing:?}, registering {registering:?}: no comparing");

        bureau.file(application.clone());
        let again = file();
        assert_eq!((again.status, &again.text), (201, &filed.text), "byte for byte, whatever was filed since");
        assert_eq!(again.header("idempotent-replayed"), "true");
        let other = bureau.application("2026-03-02");
        let reused = service.call_with("POST", "/api/v1/cases", &bureau.clerk, &key, Some(other));
        assert_eq!(reused.problem(), (422, "idempotency_key_reused"));
    });
}

/// Who may not file at an organ learns nothing of who asked there.
#[test]
fn an_application_is_taken_in_only_from_who_may_file() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        bureau.registered("2026-03-02");
        let elsewhere = bureau.service.organ("other", None);
        let stranger = bureau.service.user_token("stranger", elsewhere, &[Role::Clerk]);
        let application = bureau.application("2026-03-02");
        let refused = bureau.service.create("/api/v1/cases", &stranger, application.clone());
        assert_eq!(refused.problem(), (404, "not_found"));
        let reviewer = bureau.service.create("/api/v1/cases", &bureau.reviewer, application);
        assert_eq!(reviewer.problem(), (403, "role_required"));
    });
}

#[test]
fn a_command_that_waited_for_a_change_of_the_tags_shows_the_new_ones() {
    let database = TestDatabase::postgres();
    let bureau = Bureau::open(&database, "2026-09-10");
    let mut case = bureau.registered("2026-09-10");
    let (id, clerk) = (case.id.clone(), bureau.clerk_id.0);
    let mut raw = database.raw();
    raw.batch_execute(&format!("BEGIN; SELECT 1 FROM cases WHERE id = '{id}' FOR UPDATE")).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            case.clerk("contacts", json!({ "on": "2026-09-10", "means": "电话", "result": "reached" }));
            case.last.json["tags"].clone()
        });
        std::thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "the command waits for the row");
        let tag = format!("INSERT INTO case_tags VALUES ('{id}', '征地', '{clerk}', now()); COMMIT");
        raw.batch_execute(&tag).unwrap();
        assert_eq!(waiting.join().unwrap(), json!(["征地"]));
    });
}
