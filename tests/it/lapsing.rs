//! What ends by itself as the days go by: every case is looked at once, and none keeps the others waiting.

use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::office::Office;
use gongkai::store::{CaseId, Db, cases};
use serde_json::json;

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::{TestDatabase, copied_logs, copies, day, on_both_databases};

/// A case whose third party was silent: its stop had its last day on 3 April 2024, and it is the 7th.
fn stopped(bureau: &Bureau) -> CaseAt<'_> {
    let mut case = bureau.registered("2024-03-01");
    bureau.on("2024-03-13");
    let third = json!({
        "kind": "third_party", "party": "某公司", "subject": "协议", "sent_on": "2024-03-11", "served_on": "2024-03-13"
    });
    case.clerk("consultations", third);
    bureau.on("2024-04-07");
    case
}

fn key(case: &CaseAt<'_>) -> CaseId {
    CaseId(case.id.parse().unwrap())
}

fn clock_status(office: &Office, case: CaseId) -> String {
    office.store().read(|db| cases::find(db, case)).unwrap().clock_status
}

/// Runs the work on a thread of its own: an endless loop is a failed test, not a hanging one.
#[track_caller]
fn ends<T: Send + 'static>(office: &Office, work: impl FnOnce(&Office) -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    let office = office.clone();
    std::thread::spawn(move || send.send(work(&office)));
    receive.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("it does not end"))
}

/// From now on the stop of a row cannot be taken away: whoever rewrites the row finds it changed again.
fn keep_stops(db: &mut Db) {
    db.batch_execute(match db {
        Db::Lite(_) => {
            "CREATE TRIGGER stuck AFTER UPDATE ON cases BEGIN
                 UPDATE cases SET resumes_on = OLD.resumes_on WHERE id = NEW.id;
             END"
        }
        Db::Pg(_) => {
            "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.resumes_on := OLD.resumes_on; RETURN NEW; END $$;
             CREATE TRIGGER stuck BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION stuck()"
        }
    })
    .unwrap();
}

#[test]
fn a_case_that_always_reports_a_change_is_looked_at_once() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = stopped(&bureau);
        keep_stops(&mut database.raw());
        let office = &bureau.service.office;
        assert_eq!(ends(office, |office| office.cases().resume_silent().unwrap()), 1);
        assert_eq!(
            ends(office, |office| office.cases().resume_silent().unwrap()),
            1,
            "it is changed again, and the call ends"
        );
        let (_, listed) = ends(office, |office| office.calendars().check_clocks().unwrap());
        let found: Vec<_> = listed.iter().map(|one| (one.case_id.unwrap(), one.what.as_str())).collect();
        assert_eq!(found, [(key(&case).0, "resumes_on")], "the self-check names it");
        ends(office, |office| office.reminders().mailroom().unwrap().remind(office.clock().today(), None).unwrap());
    });
}

#[test]
fn a_thousand_cases_that_cannot_be_read_do_not_keep_the_next_one_from_running_again() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = stopped(&bureau);
        let office = &bureau.service.office;
        copies(&mut database.raw(), key(&case), bureau.organ, 1_001, Some("2024-03-20"));
        assert_eq!(clock_status(office, key(&case)), "suspended");
        assert_eq!(office.cases().resume_silent().unwrap(), 1);
        assert_eq!(clock_status(office, key(&case)), "running");
    });
}

/// On PostgreSQL a row names the transaction that wrote it last.
fn most_in_one_transaction(database: &TestDatabase) -> Option<i64> {
    #[derive(QueryableByName)]
    struct Most {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        most: i64,
    }
    let Db::Pg(mut db) = database.raw() else { return None };
    let sql = "SELECT max(n) AS most FROM (SELECT count(*) AS n FROM cases WHERE clock_status = 'running'
               GROUP BY xmin::text) AS of_transaction";
    Some(diesel::sql_query(sql).get_result::<Most>(&mut db).unwrap().most)
}

#[test]
fn one_transaction_rewrites_at_most_a_hundred_cases() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = stopped(&bureau);
        let office = &bureau.service.office;
        copies(&mut database.raw(), key(&case), bureau.organ, 250, None);
        copied_logs(&mut database.raw(), key(&case), 250);
        assert_eq!(office.cases().resume_silent().unwrap(), 251);
        assert_eq!(office.cases().resume_silent().unwrap(), 0);
        let most = most_in_one_transaction(database);
        assert!(most.is_none_or(|most| most == 100), "{most:?}");
    });
}

#[test]
fn a_case_that_cannot_be_read_does_not_keep_the_rest_of_its_hundred_from_being_written() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = stopped(&bureau);
        let office = &bureau.service.office;
        copies(&mut database.raw(), key(&case), bureau.organ, 120, None);
        copied_logs(&mut database.raw(), key(&case), 120);
        database
            .raw()
            .batch_execute(
                "INSERT INTO case_events (case_id, seq, entry, kind, occurred_on, body, salt, digest, recorded_at, prev_hash, hash)
                 SELECT case_id, 99, 99, kind, occurred_on, '{}', salt, digest, recorded_at, prev_hash, hash FROM case_events
                 WHERE case_id = '00000000-0000-7000-8000-000000000050' AND seq = 1",
            )
            .unwrap();
        assert_eq!(office.cases().resume_silent().unwrap(), 120, "all but that one, and the case they were made of");
        assert_eq!(office.cases().resume_silent().unwrap(), 0);
    });
}

/// The list of late cases is of the organs asked about: however many stops ran out elsewhere, theirs are all looked at.
#[test]
fn stops_that_ran_out_elsewhere_do_not_cut_the_overdue_list_of_an_organ() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let case = stopped(&bureau);
        let elsewhere = bureau.service.organ("other", None);
        copies(&mut database.raw(), key(&case), elsewhere, 10_001, Some("2024-03-20"));
        bureau.on("2024-05-06");
        let seen = bureau.service.get("/api/v1/overdue", &bureau.supervisor).json;
        let items = seen["overdue_open"]["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().map(|row| (row["case_id"].clone(), row["due_on"].clone())).collect();
        assert_eq!(found, [(json!(case.id), json!("2024-04-24"))]);
        assert_eq!(seen["is_complete"], true);
        assert_eq!(day("2024-05-06"), bureau.service.office.clock().today());
    });
}
