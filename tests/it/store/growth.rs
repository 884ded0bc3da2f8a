//! What grows for ever is found by an index, and figures over all of it are not counted anew.

use std::collections::BTreeSet;
use std::sync::Barrier;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::case::AuditAction;
use gongkai::store::cases::{self, CaseFilter};
use gongkai::store::evidence::audit::{self, NewAudit};
use gongkai::store::mail::outbox;
use gongkai::store::service::tallies;
use gongkai::store::{DatabaseOptions, Db, Store, StoreError, now, reminders};

use crate::support::{TestDatabase, add_bureau, case_row, on_both, on_both_databases};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// How the database would answer, if it may not read a table from its beginning to its end.
fn plan(db: &mut Db, query: &str) -> String {
    if let Db::Lite(_) = db {
        let lines: Vec<SqlitePlan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(db).unwrap();
        return lines.into_iter().map(|line| line.detail + "\n").collect();
    }
    let lines: Vec<PostgresPlan> = diesel::sql_query(format!("EXPLAIN {query}")).load(db).unwrap();
    lines.into_iter().map(|line| line.line + "\n").collect()
}

#[test]
fn what_is_looked_for_among_everything_there_ever_was_has_an_index() {
    const ID: &str = "'00000000-0000-7000-8000-000000000000'";
    const DAY: &str = "'2026-11-24T00:00:00.000000Z'";
    on_both_databases(|database| {
        let mut db = database.raw();
        if let Db::Pg(db) = &mut db {
            db.batch_execute("SET enable_seqscan = off; SET enable_sort = off").unwrap();
        }
        for (index, query) in [
            (
                "obligations_open_owner",
                format!("SELECT id FROM obligations WHERE status = 'open' AND owner_id = {ID} ORDER BY due_on"),
            ),
            (
                "obligations_open_organ",
                format!("SELECT id FROM obligations WHERE status = 'open' AND organ_id = {ID} ORDER BY due_on"),
            ),
            ("cases_open_resumes", "SELECT id FROM cases WHERE is_open AND resumes_on < '2026-11-24'".to_owned()),
            (
                "cases_open_due",
                "SELECT max((SELECT max(c.due_on) FROM cases c WHERE c.is_open AND c.organ_id = o.id)) FROM organs o"
                    .to_owned(),
            ),
            ("cases_open_gap", "SELECT count(*) FROM cases WHERE is_open AND clock_status = 'gap'".to_owned()),
            ("outbox_by_address", "SELECT id FROM outbox WHERE to_address = 'a@gov.example' ORDER BY id".to_owned()),
            (
                "outbox_with_bytes",
                format!(
                    "SELECT id FROM outbox WHERE state NOT IN ('queued', 'sending', 'parked') AND message_sha256 IS NULL
                     AND coalesce(sent_at, created_at) < {DAY} ORDER BY coalesce(sent_at, created_at)"
                ),
            ),
            ("audit_log_by_organ", format!("SELECT id FROM audit_log WHERE organ_id = {ID} ORDER BY at DESC, id DESC")),
            ("audit_log_of_actor", format!("SELECT id FROM audit_log WHERE actor_id = {ID} ORDER BY at DESC, id DESC")),
            ("refresh_tokens_by_end", format!("DELETE FROM refresh_tokens WHERE expires_at < {DAY}")),
            ("login_attempts_by_start", format!("DELETE FROM login_attempts WHERE window_started_at < {DAY}")),
        ] {
            let plan = plan(&mut db, &query);
            assert!(plan.contains(index), "{} answers {query} by\n{plan}", database.name);
        }
    });
}

/// Mails that were sent, mails that were withdrawn, reminder days made good, alarms.
fn kept(store: &Store) -> [i64; 4] {
    store
        .read(|db| -> Result<_, StoreError> {
            let outbox::MailCounts { sent, cancelled, .. } = outbox::settled(db)?;
            let alarms = tallies::total(db, tallies::PERSONAL_DATA_ALARMS)?;
            Ok([sent, cancelled, reminders::missed_total(db)?, alarms])
        })
        .unwrap()
}

/// Makes rows by hand: a mail for each of these states.
fn mails(db: &mut Db, states: &[&str]) {
    for (n, state) in states.iter().enumerate() {
        let insert = format!(
            "INSERT INTO outbox (id, dedupe_key, to_address, subject, message_id, message, state, attempts, suspect,
                                 next_attempt_at, created_at)
             SELECT '00000000-0000-7000-8000-{n:012}', 'k{n}', 'a@gov.example', 's', '<{n}>', {}, '{state}', 0, {},
                    '2026-11-24T00:00:00.000000Z', '2026-11-24T00:00:00.000000Z'",
            if let Db::Lite(_) = db { "x'00'" } else { "'x'" },
            if let Db::Lite(_) = db { "0" } else { "false" },
        );
        db.batch_execute(&insert).unwrap();
    }
}

#[test]
fn what_settled_is_counted_as_it_comes_and_goes() {
    on_both_databases(|database| {
        let (store, mut raw) = (database.open(), database.raw());
        assert_eq!(kept(&store), [0; 4]);
        mails(&mut raw, &["queued", "sending", "sent", "parked", "cancelled", "sent"]);
        assert_eq!(kept(&store), [2, 1, 0, 0]);
        raw.batch_execute("UPDATE outbox SET state = 'sent' WHERE state IN ('sending', 'sent')").unwrap();
        assert_eq!(kept(&store), [3, 1, 0, 0]);
        raw.batch_execute("UPDATE outbox SET attempts = 3; UPDATE outbox SET state = 'queued' WHERE dedupe_key = 'k4'")
            .unwrap();
        assert_eq!(kept(&store), [3, 0, 0, 0]);
        raw.batch_execute("DELETE FROM outbox WHERE dedupe_key IN ('k0', 'k5')").unwrap();
        assert_eq!(kept(&store), [2, 0, 0, 0]);
    });
}

#[test]
fn the_alarms_on_personal_data_are_counted_and_no_other_entry() {
    on_both(|store| {
        use AuditAction::{ApplicantRevealed, CaseTagged, ClearLedgersLimit, RevealsHalf};
        for action in [RevealsHalf, ApplicantRevealed, ClearLedgersLimit, CaseTagged] {
            let new = NewAudit { actor_id: None, organ_id: None, case_id: None, action, detail: "{}" };
            store.write(|db| audit::append(db, new, now())).unwrap();
        }
        assert_eq!(kept(store), [0, 0, 0, 2]);
    });
}

#[test]
fn what_there_was_before_the_upgrade_is_counted_by_it() {
    on_both_databases(|database| {
        let (store, mut raw) = (database.open(), database.raw());
        mails(&mut raw, &["sent", "cancelled", "queued", "sent"]);
        let sql = |name: &str| {
            let kind = if database.name == "sqlite" { "sqlite" } else { "postgres" };
            let root = env!("CARGO_MANIFEST_DIR");
            std::fs::read_to_string(format!("{root}/migrations/{kind}/00000000000019_growth/{name}.sql")).unwrap()
        };
        raw.batch_execute(&sql("down")).unwrap();
        raw.batch_execute(&sql("up")).unwrap();
        assert_eq!(kept(&store), [2, 1, 0, 0]);
    });
}

#[test]
fn figures_that_two_instances_sum_up_at_once_stay_what_they_are() {
    on_both_databases(|database| {
        let (store, mut raw) = (database.open(), database.raw());
        mails(&mut raw, &["sent"; 40]);
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let store = database.open();
                    barrier.wait();
                    for _ in 0..5 {
                        store.write(tallies::sum_up).unwrap();
                        assert_eq!(kept(&store)[0], 40);
                    }
                });
            }
        });
        assert_eq!(kept(&store), [40, 0, 0, 0]);
        store.write(tallies::sum_up).unwrap();
        assert!(rows(database) <= 4, "{} rows are left", rows(database));
    });
}

/// How many rows the figures have.
fn rows(database: &TestDatabase) -> i64 {
    gongkai::store::database::schema::tallies::table.count().get_result(&mut database.raw()).unwrap()
}

/// Whether the search has its index.
fn has_search_index(db: &mut Db) -> bool {
    let found = diesel::dsl::sql::<diesel::sql_types::Bool>(
        "SELECT EXISTS (SELECT FROM pg_indexes WHERE indexname = 'cases_by_text')",
    );
    found.get_result(db).unwrap()
}

#[test]
fn a_search_by_the_index_finds_what_a_search_without_it_finds() {
    let database = TestDatabase::postgres();
    let store = database.open();
    let bureau = add_bureau(&store, "A", None);
    let words = ["征收土地", "补偿方案", "100%的_路", r"路\段", "Ａ区ABC", "某", "规划  许可", "征收，补偿"];
    for (n, title) in words.iter().flat_map(|one| words.map(|two| format!("{one}{two}"))).enumerate() {
        let mut row = case_row(&bureau);
        (row.title, row.number) = (title, Some(format!("依申请〔2026〕{n}号")));
        store.write(|db| cases::insert(db, &row)).unwrap();
    }
    let (mut with, mut without) = (database.raw(), database.raw());
    assert!(has_search_index(&mut with));
    with.batch_execute("SET enable_seqscan = off; SET enable_indexscan = off").unwrap();
    without.batch_execute("SET enable_bitmapscan = off; SET enable_indexscan = off").unwrap();
    let texts =
        ["征", "征收", "征收土", "征收土地补偿", "0%的", "100%", "的_路", r"路\段", "Ａ区", "abc", "  许", "收，补"];
    for text in texts {
        let pattern = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        let query = format!("SELECT id::text AS line FROM cases WHERE lower(title) LIKE '%{pattern}%' ESCAPE '\\'");
        assert!(plan(&mut with, &query).contains("cases_by_text"), "{text}");
        assert!(!plan(&mut without, &query).contains("cases_by_text"), "{text}");
        let found = |db: &mut Db| -> BTreeSet<String> {
            let lines: Vec<Line> = diesel::sql_query(&query).load(db).unwrap();
            lines.into_iter().map(|line| line.line).collect()
        };
        assert_eq!(found(&mut with), found(&mut without), "{text}");
    }
}

#[test]
fn without_the_right_to_the_extension_the_migration_leaves_the_index_out() {
    let database = TestDatabase::empty_postgres();
    let role = format!("gongkai_limited_{}", uuid::Uuid::now_v7().simple());
    let mut raw = database.raw();
    let make = format!("CREATE ROLE {role}; GRANT ALL ON SCHEMA public TO {role}");
    raw.batch_execute(&make).unwrap();
    let url = &database.options.url;
    let joint = if url.contains('?') { '&' } else { '?' };
    let options = DatabaseOptions { url: format!("{url}{joint}options=-crole%3D{role}"), ..database.options.clone() };
    let store = Store::open(&options).unwrap();
    store.migrate().unwrap();
    assert!(!has_search_index(&mut raw));
    assert_eq!(kept(&store), [0; 4], "what comes after it is there");
    let bureau = add_bureau(&store, "A", None);
    let filter = CaseFilter { organs: vec![bureau.organ], text: Some("征收".into()), ..CaseFilter::default() };
    assert_eq!(store.read(|db| cases::count(db, &filter)).unwrap(), 0);
    store.revert_all().unwrap();
    drop(store);
    raw.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}
