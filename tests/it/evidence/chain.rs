//! The chain of the audit log: one per organ, append-only, and the same on both databases.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::case::AuditAction;
use gongkai::store::database::schema::audit_log;
use gongkai::store::evidence::audit::{self, AuditRow, NewAudit, Whence};
use gongkai::store::evidence::chain::{self, NOTHING, chain_of};
use gongkai::store::evidence::numbers::{self, Raise};
use gongkai::store::{AuditId, CaseId, Db, OrganId, Store, StoreError, Ts, UserId, now};
use uuid::Uuid;

use super::lines;
use crate::support::{TestDatabase, add_bureau, on_both, on_both_databases};

fn add(store: &Store, organ: Option<OrganId>) {
    let action = AuditAction::OrganChanged;
    let entry = NewAudit { actor_id: None, organ_id: organ, case_id: None, action, detail: "{}" };
    store.write(|db| audit::append(db, entry, now())).unwrap();
}

fn chained(store: &Store, organ: Option<OrganId>) -> Vec<AuditRow> {
    store.read(|db| chain::page(db, organ, None, 1_000)).unwrap()
}

/// That the rows are one chain from its beginning, and that it ends where its head says.
#[track_caller]
fn is_whole(store: &Store, organ: Option<OrganId>, count: usize) {
    let rows = chained(store, organ);
    assert_eq!(rows.len(), count);
    let (mut seq, mut before) = (0, NOTHING.to_vec());
    for row in &rows {
        seq += 1;
        assert_eq!((row.seq, row.prev_hash.as_ref()), (Some(seq), Some(&before)));
        assert_eq!(row.hash.as_deref(), Some(&row.computed_hash(seq, &before).unwrap()[..]), "{row:?}");
        before = row.hash.clone().unwrap();
    }
    let heads = store.read(chain::heads).unwrap();
    let head = heads.iter().find(|head| head.chain == chain_of(organ)).unwrap();
    assert_eq!((head.seq, &head.hash), (seq, &before));
}

#[test]
fn each_organ_has_its_own_chain_and_rows_without_an_organ_have_one() {
    on_both(|store| {
        let [one, other] = ["A", "B"].map(|code| add_bureau(store, code, None).organ);
        for organ in [Some(one), None, Some(other), Some(one), None, Some(one)] {
            add(store, organ);
        }
        for (organ, count) in [(Some(one), 3), (Some(other), 1), (None, 2)] {
            is_whole(store, organ, count);
        }
    });
}

#[test]
fn several_entries_of_one_transaction_with_every_field_are_chained_alike_by_both_databases() {
    on_both(|store| {
        let organ = add_bureau(store, "A", None).organ;
        let whence = Whence { subject_id: Some(UserId::new()), address: Some("2001:db8::1"), request_id: Some("01J") };
        let entry = NewAudit {
            actor_id: Some(UserId::new()),
            organ_id: Some(organ),
            case_id: Some(CaseId::new()),
            action: AuditAction::ApplicantRevealed,
            detail: "{\"reason\":\"邮寄答复书，核对地址\"}",
        };
        store
            .write(|db| -> Result<(), StoreError> {
                audit::append_from(db, entry, whence, Ts("2026-01-02T03:04:05.678901Z".parse().unwrap()))?;
                audit::append_from(db, entry, Whence { address: Some(""), ..Whence::default() }, now())?;
                audit::append(db, entry, now())?;
                Ok(())
            })
            .unwrap();
        is_whole(store, Some(organ), 3);
    });
}

#[test]
fn the_hash_of_an_entry_is_fixed_for_ever() {
    let mut row = AuditRow {
        id: AuditId("019345a0-0000-7000-8000-000000000001".parse().unwrap()),
        at: Ts("2026-01-02T03:04:05.678901Z".parse().unwrap()),
        actor_id: None,
        organ_id: None,
        case_id: None,
        action: "x".into(),
        detail: "{}".into(),
        subject_id: None,
        address: None,
        request_id: None,
        seq: None,
        prev_hash: None,
        hash: None,
    };
    let hash = |row: &AuditRow| hex::encode(row.computed_hash(1, &NOTHING).unwrap());
    assert_eq!(hash(&row), "a1ee7931eb7e4120a3c432df27a0c5817c6c2fcd9738ae915680517cf4b4fd42");
    row.organ_id = Some(OrganId(Uuid::nil()));
    assert_ne!(hash(&row), "a1ee7931eb7e4120a3c432df27a0c5817c6c2fcd9738ae915680517cf4b4fd42");
}

#[test]
fn entries_written_at_once_are_one_chain_and_no_writer_waits_for_another_organ() {
    on_both_databases(|database| {
        let store = database.open();
        let organs = ["A", "B"].map(|code| add_bureau(&store, code, None).organ);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let store = database.open();
                    for _ in 0..10 {
                        organs.iter().for_each(|organ| add(&store, Some(*organ)));
                    }
                });
            }
        });
        for organ in organs {
            is_whole(&store, Some(organ), 40);
        }
    });
}

/// On PostgreSQL the end of a chain is locked only while a transaction commits.
#[test]
fn an_entry_that_is_not_committed_does_not_keep_others_of_its_organ_waiting() {
    let database = TestDatabase::postgres();
    let (store, beside) = (database.open(), database.open());
    let organ = add_bureau(&store, "A", None).organ;
    let action = AuditAction::OrganChanged;
    let entry = NewAudit { actor_id: None, organ_id: Some(organ), case_id: None, action, detail: "{}" };
    store
        .write(|db| {
            audit::append(db, entry, now())?;
            add(&beside, Some(organ));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    is_whole(&store, Some(organ), 2);
}

#[test]
fn an_update_a_delete_or_a_truncation_of_the_audit_log_is_refused_by_the_database() {
    on_both_databases(|database| {
        let store = database.open();
        let organ = add_bureau(&store, "A", None).organ;
        add(&store, Some(organ));
        let mut raw = database.raw();
        let mut statements = vec![
            "UPDATE audit_log SET detail = '[]'",
            "UPDATE audit_log SET hash = NULL",
            "UPDATE audit_log SET seq = 2",
            "DELETE FROM audit_log",
        ];
        if database.name == "postgres" {
            statements.push("TRUNCATE audit_log");
        }
        for sql in statements {
            let refused = raw.batch_execute(sql).unwrap_err();
            assert_eq!(refused.to_string(), "audit_log is append-only", "{sql}");
        }
        is_whole(&store, Some(organ), 1);
    });
}

/// The previous release writes neither number nor hash.
#[test]
fn an_entry_of_the_previous_release_is_chained_by_postgres() {
    let database = TestDatabase::postgres();
    let store = database.open();
    let organ = add_bureau(&store, "A", None).organ;
    add(&store, Some(organ));
    let (id, sql_organ) = (Uuid::now_v7(), organ.0);
    let sql = format!(
        "INSERT INTO audit_log (id, at, organ_id, action, detail)
         VALUES ('{id}', now(), '{sql_organ}', 'organ.changed', '{{}}')"
    );
    database.raw().batch_execute(&sql).unwrap();
    is_whole(&store, Some(organ), 2);
}

#[test]
fn entries_and_series_from_before_the_upgrade_are_brought_over_in_the_order_of_time_and_id() {
    on_both_databases(|database| {
        let store = database.open();
        let organ = add_bureau(&store, "A", None).organ;
        let (mut raw, place) = (database.raw(), env!("CARGO_MANIFEST_DIR"));
        let kind = if database.name == "sqlite" { "sqlite" } else { "postgres" };
        let down = format!("{place}/migrations/{kind}/00000000000020_audit_chain/down.sql");
        raw.batch_execute(&std::fs::read_to_string(down).unwrap()).unwrap();
        raw.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '00000000000020'").unwrap();
        for (n, at) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            let sql_organ = if n == 3 { "NULL".to_owned() } else { format!("'{}'", organ.0) };
            raw.batch_execute(&format!(
                "INSERT INTO audit_log (id, at, organ_id, action, detail) VALUES
                 ('019345a0-0000-7000-8000-00000000000{n}', '2026-01-02T03:04:{at}.000001Z', {sql_organ},
                  'organ.changed', '{{}}');
                 INSERT INTO counters (organ_id, year, kind, last) VALUES ('{}', 202{n}, 'registration', {n})",
                organ.0
            ))
            .unwrap();
        }
        assert_eq!(store.migrate().unwrap(), ["00000000000020"]);
        is_whole(&store, None, 1);
        // Three entries of before, and one for each series that is ahead of its cases.
        is_whole(&store, Some(organ), 7);
        let ids: Vec<String> =
            chained(&store, Some(organ)).iter().take(3).map(|row| row.id.0.to_string()[35..].to_owned()).collect();
        assert_eq!(ids, ["2", "4", "1"]);
        let raises = store.read(numbers::raises).unwrap();
        let raise =
            |year: i32, to: i64| Raise { year, series: "registration".into(), from: 0, to, why: "upgrade".into() };
        let raises: Vec<Option<Raise>> = raises.into_iter().map(|(_, _, raise)| raise).collect();
        assert_eq!(raises, [1, 2, 3, 4].map(|n| Some(raise(2020 + n, i64::from(n)))));
        assert_eq!(store.migrate().unwrap(), Vec::<String>::new());
    });
}

#[test]
fn an_audit_entry_that_is_not_committed_leaves_no_gap() {
    on_both_databases(|database| {
        let store = database.open();
        let organ = add_bureau(&store, "A", None).organ;
        add(&store, Some(organ));
        let undone = store.write(|db: &mut Db| -> Result<(), StoreError> {
            let action = AuditAction::OrganChanged;
            let entry = NewAudit { actor_id: None, organ_id: Some(organ), case_id: None, action, detail: "{}" };
            audit::append(db, entry, now())?;
            Err(StoreError::Conflict)
        });
        assert!(matches!(undone, Err(StoreError::Conflict)));
        add(&store, Some(organ));
        is_whole(&store, Some(organ), 2);
        let count: i64 = audit_log::table.count().get_result(&mut database.raw()).unwrap();
        assert_eq!(count, 2);
        assert_eq!(lines(&mut database.raw(), "SELECT CAST(seq AS TEXT) AS line FROM audit_heads"), ["2"]);
    });
}
