//! A case whose log cannot be read is its own trouble: the lists go on without it and say so.

use crate::desk::Bureau;
use crate::support::on_both_databases;
use gongkai::office::Office;
use gongkai::store::events::NewEvent;
use gongkai::store::{CaseId, cases, events};
use serde_json::json;

/// Adds an event that no release knows.
pub fn spoil(office: &Office, case: CaseId) {
    spoil_with(office, case, "correction_received");
}

/// The same under this kind: what is asked for is read from few kinds, everything else from all.
fn spoil_with(office: &Office, case: CaseId, kind: &str) {
    let unknown = NewEvent {
        kind: kind.to_owned(),
        occurred_on: office.clock().today(),
        body: json!({ "event": "of_another_release" }).to_string(),
    };
    let add = |db: &mut _| {
        let version = cases::find(db, case)?.version;
        events::append(db, case, version, &[unknown], None, office.clock().now())
    };
    office.store().write(add).unwrap();
}

#[test]
fn an_earlier_case_that_cannot_be_read_is_left_out_of_the_hints_of_a_new_one() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (_good, bad) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        let hints = || {
            let seen = bureau.service.get(&bureau.registered("2026-03-03").path(""), &bureau.clerk);
            assert_eq!(seen.status, 200, "{seen:?}");
            let similar = &seen.json["similar"];
            (similar["items"].as_array().unwrap().len(), similar["is_complete"].as_bool().unwrap())
        };
        assert_eq!(hints(), (2, true));
        spoil_with(&bureau.service.office, bad.id.parse().unwrap(), "search_recorded");
        assert_eq!(hints(), (2, false), "the good one and the new one before it");
    });
}

#[test]
fn lists_leave_out_what_cannot_be_read_and_say_that_they_are_not_complete() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (_good, bad) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        bureau.on("2026-04-10");
        let get = |path: &str, token: &str| {
            let reply = bureau.service.get(path, token);
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            reply.json
        };
        let overdue = "/api/v1/overdue?as_of=2026-04-10";
        let seen = || {
            let (supervisor, clerk) = (&bureau.supervisor, &bureau.clerk);
            let [late, today] = [overdue, "/api/v1/overdue"].map(|path| get(path, supervisor));
            assert_eq!(late["totals"], today["totals"]);
            let overview = get("/api/v1/supervision/overview", supervisor);
            let topics = get("/api/v1/supervision/topics", clerk);
            let complete = [&late, &today, &overview, &topics].map(|list| list["is_complete"].as_bool().unwrap());
            (late["overdue_open"]["total"].as_u64().unwrap(), complete)
        };
        assert_eq!(seen(), (2, [true; 4]));
        spoil(&bureau.service.office, bad.id.parse().unwrap());
        assert_eq!(seen(), (1, [false; 4]));
        let new = get(&bureau.registered("2026-04-10").path(""), &bureau.clerk);
        let similar = &new["similar"];
        assert_eq!((similar["items"].as_array().unwrap().len(), &similar["is_complete"]), (1, &json!(false)), "{new}");
        let file = bureau.service.get(&format!("{overdue}&format=csv"), &bureau.supervisor);
        assert_eq!(file.problem(), (422, "incomplete"), "no file that looks whole and is not");
        let figures = |format: &str| {
            let path = format!("/api/v1/supervision/overview?format={format}");
            bureau.service.get(&path, &bureau.supervisor)
        };
        assert_eq!(figures("csv").problem(), (422, "incomplete"));
        assert!(figures("html").text.contains("没有查遍全部"), "the page says so itself");

        assert_eq!(bureau.service.get(&bad.path("delay"), &bureau.supervisor).problem(), (500, "internal"));
    });
}
