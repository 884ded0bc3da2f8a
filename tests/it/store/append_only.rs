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
        entry: 1,
        kind: "received".into(),
        occurred_on: day("2026-11-02"),
        body: r#"{"channel":"online","标题":"公开"}"#.into(),
        actor_id: Some(UserId(Uuid::from_u128(7))),
        recorded_at: Ts("2026-11-02T01:02:03.000456Z".parse().unwrap()),
        salt: (0..16).collect(),
        digest: Vec::new(),
        prev_hash: GENESIS.to_vec(),
        hash: Vec::new(),
    };
    let digest = event.computed_digest().unwrap();
    assert_eq!(hex::encode(&digest), "51ae48d1886b33e64599b7a5a82eb5df89262d192dd00273b1b3faa080945112");
    event.digest = digest;
    assert_eq!(
        hex::encode(event.computed_hash().unwrap()),
        "17beacb11f73aa6adeaddfa1641d0d6d58c46718422402d9d874a399241c8388"
    );
    event.actor_id = None;
    assert_eq!(
        hex::encode(event.computed_hash().unwrap()),
        "d5522b5a855ea6e1d57dfe45d56b9386f5248eaa1f3a372752ab373bf07e61f0"
    );
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
        assert_eq!(log.iter().map(|event| event.entry).collect::<Vec<_>>(), [1, 1, 2, 2], "one entry a command");
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
        let is_postgres = matches!(raw, Db::Pg(_));
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..1000 {
            let (sql, first_broken) = tampering(&mut random, &log, is_postgres);
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
fn tampering(random: &mut Random, log: &[EventRow], is_postgres: bool) -> (String, i32) {
    let blob = |bytes: &[u8]| blob(bytes, is_postgres);
    let at = random.below(log.len());
    let row = &log[at];
    let (case, seq, last) = (row.case_id, row.seq, log.len());
    match random.below(6) {
        0 => (changed_byte(random, row, &blob), seq),
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
            forged.digest = forged.computed_digest().unwrap();
            forged.hash = forged.computed_hash().unwrap();
            let (digest, hash) = (blob(&forged.digest), blob(&forged.hash));
            let set = format!("body = '{}', digest = {digest}, hash = {hash}", forged.body);
            (format!("UPDATE case_events SET {set} WHERE case_id = '{case}' AND seq = {}", row.seq), row.seq + 1)
        }
        _ => {
            // An event that nobody recorded, chained as it should be.
            let end = &log[last - 1];
            let mut forged = EventRow { seq: end.seq + 1, prev_hash: end.hash.clone(), ..end.clone() };
            forged.hash = forged.computed_hash().unwrap();
            let values = format!(
                "'{case}', {}, {}, '{}', '{}', '{}', {}, {}, '{}', '{}', {}, {}",
                forged.seq,
                forged.entry,
                forged.kind,
                forged.occurred_on,
                forged.body,
                blob(&forged.salt),
                blob(&forged.digest),
                forged.actor_id.unwrap(),
                forged.recorded_at,
                blob(&forged.prev_hash),
                blob(&forged.hash)
            );
            (format!("INSERT INTO case_events VALUES ({values})"), forged.seq)
        }
    }
}

/// Bytes as a literal of SQL.
fn blob(bytes: &[u8], is_postgres: bool) -> String {
    let digits = hex::encode(bytes);
    if is_postgres { format!("'\\x{digits}'") } else { format!("X'{digits}'") }
}

/// One character or byte of one column becomes another.
fn changed_byte(random: &mut Random, row: &EventRow, blob: &dyn Fn(&[u8]) -> String) -> String {
    let later = Ts(row.recorded_at.0 + chrono::Duration::microseconds(1));
    let text = |random: &mut Random, old: &str, alphabet: &str| {
        let at = random.below(old.chars().count());
        let was = old.chars().nth(at).unwrap();
        let letters: Vec<char> = alphabet.chars().filter(|letter| *letter != was).collect();
        let new = letters[random.below(letters.len())];
        old.chars().enumerate().map(|(place, letter)| if place == at { new } else { letter }).collect::<String>()
    };
    let byte = |random: &mut Random, old: &[u8]| {
        let mut new = old.to_vec();
        new[random.below(old.len())] ^= 1 << random.below(8);
        blob(&new)
    };
    let (column, value) = match random.below(10) {
        7 => return set(row, "salt", &byte(random, &row.salt)),
        8 => return set(row, "digest", &byte(random, &row.digest)),
        9 => return set(row, "entry", &(row.entry + 2).to_string()),
        5 => return set(row, "prev_hash", &byte(random, &row.prev_hash)),
        6 => return set(row, "hash", &byte(random, &row.hash)),
        0 => ("kind", text(random, &row.kind, "abcdefghijklmnopqrstuvwxyz")),
        1 => ("body", text(random, &row.body, "abcxyz公开 {}:,")),
        2 => ("occurred_on", row.occurred_on.succ_opt().unwrap().to_string()),
        3 => ("actor_id", UserId::new().to_string()),
        _ => ("recorded_at", later.to_string()),
    };
    set(row, column, &format!("'{value}'"))
}

/// The statement that gives a column of an event another value.
fn set(row: &EventRow, column: &str, literal: &str) -> String {
    format!("UPDATE case_events SET {column} = {literal} WHERE case_id = '{}' AND seq = {}", row.case_id, row.seq)
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
