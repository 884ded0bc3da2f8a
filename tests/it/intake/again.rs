//! What is sent again, and what is sent at once, makes one case.

use serde_json::{Value, json};

use super::{APPLICATIONS, FrontDesk, form, form_with, rows};
use crate::support::on_both_databases;
use crate::support::service::Reply;

#[test]
fn a_filing_sent_again_makes_no_second_case() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let first = desk.file_under("k-1", form("SQ-1"));
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""), "{first:?}");
        let made = rows(database);

        let replayed = desk.file_under("k-1", form("SQ-1"));
        assert_eq!((replayed.status, &replayed.text), (201, &first.text), "the same key: the same answer");
        assert_eq!(replayed.header("idempotent-replayed"), "true");
        assert_eq!(rows(database), made);
        assert_eq!(desk.file_under("k-1", form("SQ-2")).problem(), (422, "idempotency_key_reused"));

        let again = desk.file_under("k-2", form("SQ-1"));
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, ""), "{again:?}");
        assert_eq!((&again.json["duplicate"], &again.json["case_id"]), (&json!(true), &first.json["case_id"]));
        assert_eq!(again.header("location"), first.header("location"));
        // The same in another spelling: blanks around, members that say nothing, the organ by its id.
        let spelt = json!({
            "/applicant/name": " 王小明 ", "/misdirected": false, "/signed_on": null, "/title": "",
            "/applicant/identity/number": "11010519491231002x", "/organ": desk.bureau.organ.0
        });
        assert_eq!(desk.file(form_with("SQ-1", spelt)).json["duplicate"], true);
        assert_eq!(rows(database)[..4], made[..4], "only the answers were kept");

        desk.command("SQ-1", &desk.bureau.clerk, "registration", json!({ "on": "2025-02-21" }));
        let later = desk.file(form("SQ-1"));
        assert_eq!((later.status, &later.json["stage"]["code"]), (200, &json!("registered")), "the case moved on");
        assert_eq!(later.json["number"], "依申请〔2025〕1号");
    });
}

#[test]
fn a_number_used_for_another_content_is_a_conflict_that_tells_nothing() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        assert_eq!(desk.file(form("SQ-1")).status, 201);
        let made = rows(database);
        for changes in [
            json!({ "/request": "另一份批复" }),
            json!({ "/title": "另一个标题" }),
            json!({ "/submitted_on": "2025-02-19" }),
            json!({ "/acknowledged_on": "2025-02-20" }),
            json!({ "/channel": "oral" }),
            json!({ "/delivery/accepts_other": false }),
            json!({ "/delivery": null }),
            json!({ "/applicant/kind": "other_org" }),
            json!({ "/applicant/name": "李小明" }),
            json!({ "/applicant/identity/number": "110101199003070935" }),
            json!({ "/applicant/identity": { "kind": "other", "number": "11010519491231002X" } }),
            json!({ "/applicant/identity": null }),
            json!({ "/applicant/contact/telephone": "13900139000" }),
            json!({ "/applicant/contact": null }),
        ] {
            let refused = desk.file(form_with("SQ-1", changes.clone()));
            assert_eq!(refused.problem(), (409, "external_number_reused"), "{changes}");
            for personal in ["王小明", "李小明", "1380013", "1390013", "1101", "批复"] {
                assert!(!refused.text.contains(personal), "{}", refused.text);
            }
        }
        assert_eq!(rows(database), made, "nothing was written");
        assert_eq!(desk.file(form_with("SQ-2", json!({ "/request": "另一份批复" }))).status, 201);
    });
}

#[test]
fn of_eight_equal_filings_at_once_one_makes_the_case() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        for round in 0..3 {
            let number = format!("SQ-{round}");
            let before = rows(database);
            let replies: Vec<Reply> = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| desk.file(form(&number)))).collect();
                tries.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201], "{replies:?}");
            assert!(replies.iter().all(|reply| reply.json["case_id"] == replies[0].json["case_id"]));
            let after = rows(database);
            assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 1), "one case, one applicant");
        }
    });
}

#[test]
fn a_filing_that_cannot_be_read_is_a_fault_line_and_the_others_are_told() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-03-20");
        for number in ["A-1", "A-2", "A-3"] {
            assert_eq!(desk.file(form(number)).status, 201);
        }
        let bad = desk.state("A-2").json["case_id"].as_str().unwrap().to_owned();
        crate::corrupt_logs::spoil(&desk.service().office, gongkai::store::CaseId(bad.parse().unwrap()));
        let names = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|one| one["external_number"].as_str().unwrap().to_owned()).collect()
        };
        let page = |query: &str| {
            let page = desk.service().get(&format!("{APPLICATIONS}{query}"), &desk.token);
            assert_eq!(page.status, 200, "{page:?}");
            page.json
        };
        let all = page("");
        assert_eq!(names(&all["items"]), ["A-1", "A-3"]);
        assert_eq!(names(&all["faults"]), ["A-2"]);
        assert_eq!(all["faults"][0]["code"], "unreadable");
        // Page by page nothing is lost and nothing comes twice.
        let (mut items, mut faults, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let one = page(&format!("?limit=1{cursor}"));
            items.extend(names(&one["items"]));
            faults.extend(names(&one["faults"]));
            let Some(next) = one["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((items, faults), (vec!["A-1".to_owned(), "A-3".to_owned()], vec!["A-2".to_owned()]));
        assert_eq!(desk.state("A-2").problem(), (500, "unreadable"));
    });
}

#[test]
fn an_equal_filing_over_contacts_that_cannot_be_read_is_an_error_and_not_another_content() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-03-20");
        assert_eq!(desk.file(form("A-1")).status, 201);
        let store = desk.service().office.store();
        let id = gongkai::store::CaseId(desk.state("A-1").json["case_id"].as_str().unwrap().parse().unwrap());
        let applicant = store.read(|db| gongkai::store::cases::find(db, id)).unwrap().applicant_id;
        // A list is no object with everything left out.
        for damaged in [r#"{"phone": 1}"#, "[]", "null", ""] {
            let damage =
                |db: &mut _| gongkai::store::cases::applicants::set_contact(db, store.sealer(), applicant, damaged);
            store.write(damage).unwrap();
            assert_eq!(desk.file(form("A-1")).problem(), (500, "unreadable"), "{damaged}");
        }
    });
}

/// What was erased cannot be compared any more: the same filing is still the same.
#[test]
fn a_filing_sent_again_after_its_text_was_erased_makes_no_second_case() {
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let first = desk.file(form("SQ-1"));
        let body = json!({ "seq": 1, "pointer": "/request", "reason": "误录了他人证件号码" });
        desk.command("SQ-1", &desk.bureau.head, "redactions", body);
        let again = desk.file(form("SQ-1"));
        assert_eq!((again.status, &again.json["duplicate"]), (200, &json!(true)), "{again:?}");
        assert_eq!(again.json["case_id"], first.json["case_id"]);
        let other = desk.file(form_with("SQ-1", json!({ "/applicant/name": "王小红" })));
        assert_eq!(other.problem(), (409, "external_number_reused"), "what can be compared still is");
    });
}
