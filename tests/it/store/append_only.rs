//! The log of a case is written once, and whoever touches it is found out.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::store::cases::events::{self, EventRow, GENESIS, first_break};
use gongkai::store::database::schema::case_events;
use gongkai::store::{CaseId, Db, StoreError, Ts, UserId, now};
use uuid::Uuid;

use crate::support::{add_bureau, add_case, an_event, day, on_both, on_both_databases};

#[test]
fn an_update_or_delete_of_an_event_is_refused_by_the_database() {
    on_both(|store| {
        let case = add_case(store, &add_bureau(store, "A", None), 3).id;
        let log = store.read(|db| events::load(db, case)).unwrap();
        let refused = |result: Result<usize, StoreError>| match result {
            Err(StoreError::Database(message)) => assert_eq!(message, "case_events is append-only"),
            other => panic!("not refused: {other:?}"),
        };
        refused(store.write(|db| {
            let one = case_events::table.filter(case_events::case_id.eq(case)).filter(case_events::seq.eq(2));
            Ok(diesel::update(one).set(case_events::body.eq("{}")).execute(db)?)
        }));
        refused(
            store.write(|db| Ok(diesel::delete(case_events::table.filter(case_events::case_id.eq(case))).execute(db)?)),
        );
        assert_eq!(store.read(|db| events::load(db, case)).unwrap(), log);
    });
}

#[test]
fn the_hash_of_an_event_is_fixed_for_ever() {
    let mut event = EventRow {
        case_id: CaseId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
        seq: 1,
        kind: "received".into(),
        occurred_on: day("2026-11-02"),
        body: r#"{"channel":"online","标题":"公开"}"#.into(),
        actor_id: Some(UserId(Uuid::from_u128(7))),
        recorded_at: Ts("2026-11-02T01:02:03.000456Z".parse().unwrap()),
        prev_hash: GENESIS.into(),
        hash: String::new(),
    };
    assert_eq!(event.computed_hash().unwrap(), "82fc7694cfa50f74fce45802500a26642fec65d152e2d721565c43e7a66ab037");
    event.actor_id = None;
    assert_eq!(event.computed_hash().unwrap(), "29b3463b7ad9a6c2a5b5cf7d90657c690a061d82f88fcdfe3fbf9ba663f3336d");
}

#[test]
fn a_log_written_in_several_commands_is_one_chain() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let case = add_case(store, &bureau, 2).id;
        let version = store.write(|db| events::append(db, case, 2, &[an_event(3), an_event(4)], None, now())).unwrap();
        assert_eq!(version, 4);
        let log = store.read(|db| events::load(db, case)).unwrap();
        assert_eq!(log.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(log[0].prev_hash, GENESIS);
        assert!(log.windows(2).all(|pair| pair[1].prev_hash == pair[0].hash));
        assert_eq!(first_break(case, 4, &log).unwrap(), None);
        let stale = store.write(|db| events::append(db, case, 3, &[an_event(5)], None, now()));
        assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    });
}

#[test]
fn logs_of_many_cases_are_loaded_at_once_and_in_order() {
    on_both(|store| {
        let bureau = add_bureau(store, "A", None);
        let ids: Vec<CaseId> = (0..5).map(|_| add_case(store, &bureau, 3).id).collect();
        let logs = store.read(|db| events::load_many(db, &ids)).unwrap();
        assert_eq!(logs.len(), 5);
        for id in ids {
            assert_eq!(logs[&id], store.read(|db| events::load(db, id)).unwrap());
        }
    });
}

/// A thousand random changes, each in the database itself with its guard taken away. Each is noticed, at the first
/// place that is not what was written.
#[test]
fn every_one_of_a_thousand_tamperings_is_detected() {
    const EVENTS: usize = 12;
    on_both_databases(|database| {
        let store = database.open();
        let case = add_case(&store, &add_bureau(&store, "A", None), EVENTS).id;
        let log = store.read(|db| events::load(db, case)).unwrap();
        let mut raw = database.raw();
        unguard(&mut raw);
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..1000 {
            let (sql, first_broken) = tampering(&mut random, &log);
            let mut found = None;
            let undone = raw.transaction::<(), diesel::result::Error, _>(|db| {
                db.batch_execute(&sql)?;
                found = events::verify(db, case).unwrap();
                Err(diesel::result::Error::RollbackTransaction)
            });
            assert_eq!(undone, Err(diesel::result::Error::RollbackTransaction), "{sql}");
            assert_eq!(found, Some(first_broken), "round {round} on {}: {sql}", database.name);
        }
        assert_eq!(events::verify(&mut raw, case).unwrap(), None, "untouched again");
    });
}

fn unguard(db: &mut Db) {
    db.batch_execute(match db {
        Db::Pg(_) => "ALTER TABLE case_events DISABLE TRIGGER case_events_append_only",
        Db::Lite(_) => "DROP TRIGGER case_events_no_update; DROP TRIGGER case_events_no_delete",
    })
    .unwrap();
}

/// Statements that damage the log, and the seq at which that must be noticed.
fn tampering(random: &mut Random, log: &[EventRow]) -> (String, i32) {
    let at = random.below(log.len());
    let row = &log[at];
    let (case, seq, last) = (row.case_id, row.seq, log.len());
    match random.below(6) {
        0 => (changed_byte(random, row), seq),
        1 => (format!("DELETE FROM case_events WHERE case_id = '{case}' AND seq = {seq}"), seq),
        2 => (format!("DELETE FROM case_events WHERE case_id = '{case}' AND seq >= {seq}"), seq), // the tail
        3 => {
            let other = log[(at + 1 + random.below(last - 1)) % last].seq;
            let swap = |from: i32, to: i32| {
                format!("UPDATE case_events SET seq = {to} WHERE case_id = '{case}' AND seq = {from};")
            };
            (swap(seq, 999) + &swap(other, seq) + &swap(999, other), seq.min(other))
        }
        4 => {
            // Changed with care: the hash fits, but the next event remembers the old one.
            let row = &log[random.below(last - 1)];
            let mut forged = EventRow { body: r#"{"n":0}"#.into(), ..row.clone() };
            forged.hash = forged.computed_hash().unwrap();
            let set = format!("body = '{}', hash = '{}'", forged.body, forged.hash);
            (format!("UPDATE case_events SET {set} WHERE case_id = '{case}' AND seq = {}", row.seq), row.seq + 1)
        }
        _ => {
            // An event that nobody recorded, chained as it should be.
            let end = &log[last - 1];
            let mut forged = EventRow { seq: end.seq + 1, prev_hash: end.hash.clone(), ..end.clone() };
            forged.hash = forged.computed_hash().unwrap();
            let values = format!(
                "'{case}', {}, '{}', '{}', '{}', '{}', '{}', '{}', '{}'",
                forged.seq,
                forged.kind,
                forged.occurred_on,
                forged.body,
                forged.actor_id.unwrap(),
                forged.recorded_at,
                forged.prev_hash,
                forged.hash
            );
            (format!("INSERT INTO case_events VALUES ({values})"), forged.seq)
        }
    }
}

/// One character of one column becomes another.
fn changed_byte(random: &mut Random, row: &EventRow) -> String {
    let later = Ts(row.recorded_at.0 + chrono::Duration::microseconds(1));
    let text = |random: &mut Random, old: &str, alphabet: &str| {
        let at = random.below(old.chars().count());
        let was = old.chars().nth(at).unwrap();
        let letters: Vec<char> = alphabet.chars().filter(|letter| *letter != was).collect();
        let new = letters[random.below(letters.len())];
        old.chars().enumerate().map(|(place, letter)| if place == at { new } else { letter }).collect::<String>()
    };
    let hexadecimal = "0123456789abcdef";
    let (column, value) = match random.below(7) {
        0 => ("kind", text(random, &row.kind, "abcdefghijklmnopqrstuvwxyz")),
        1 => ("body", text(random, &row.body, "abcxyz公开 {}:,")),
        2 => ("occurred_on", row.occurred_on.succ_opt().unwrap().to_string()),
        3 => ("actor_id", UserId::new().to_string()),
        4 => ("recorded_at", later.to_string()),
        5 => ("prev_hash", text(random, &row.prev_hash, hexadecimal)),
        _ => ("hash", text(random, &row.hash, hexadecimal)),
    };
    format!("UPDATE case_events SET {column} = '{value}' WHERE case_id = '{}' AND seq = {}", row.case_id, row.seq)
}

/// The same numbers in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}
