//! A whole database for a test: with a row in every table, and told apart from another one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use gongkai::case::{AuditAction, Role};
use gongkai::cli::demo::{Loaded, load};
use gongkai::config::Settings;
use gongkai::office::cases::applicants::correction::ApplicantCorrection;
use gongkai::office::{Caller, Clock, Office, OfficeError};
use gongkai::store::evidence::audit::{self, NewAudit};
use gongkai::store::mail::outbox::{NewMail, claim, enqueue, mark_sent};
use gongkai::store::{CaseId, Db, now};
use std::time::Duration;

use crate::support::{TestDatabase, day};

/// The day of the demonstration.
pub const TODAY: &str = "2026-11-23";

/// The office of a database on the day of the demonstration.
pub fn office(database: &TestDatabase) -> Office {
    let settings = Settings::for_tests(&database.options.url).unwrap();
    Office::with_store(database.open(), settings, Clock::fixed(day(TODAY))).unwrap()
}

/// The demonstration, with a row in each table that it leaves empty.
pub fn full(database: &TestDatabase) -> Loaded {
    let office = office(database);
    office.calendars().adopt_calendars().unwrap();
    let loaded = load(&office, &mut |_, _| ()).unwrap();
    let store = office.store();
    corrected(&office, &loaded);
    let entry =
        NewAudit { actor_id: None, organ_id: None, case_id: None, action: AuditAction::OrganChanged, detail: "{}" };
    store.write(|db| audit::append(db, entry, now())).unwrap();
    office.evidence().anchor().unwrap();
    store.write(|db| enqueue(db, &mail("sent"))).unwrap();
    let held = store.write(|db| claim(db, "w", 1, Duration::from_secs(60))).unwrap();
    assert!(store.write(|db| mark_sent(db, &held[0], "250 ok")).unwrap());
    store.write(|db| enqueue(db, &mail("waits"))).unwrap();
    let mut raw = database.raw();
    for row in REST {
        let statement = statement(row);
        raw.batch_execute(&statement).unwrap_or_else(|cause| panic!("{statement}: {cause}"));
    }
    let empty: Vec<String> = tables(&mut raw).into_iter().filter(|table| count(&mut raw, table) == 0).collect();
    assert_eq!(empty, Vec::<String>::new(), "each table needs a row, so that a copy without it is noticed");
    loaded
}

/// Corrects an applicant of the demonstration, so that an earlier record is kept.
fn corrected(office: &Office, loaded: &Loaded) {
    let head = loaded.house.logins.iter().filter_map(|login| loaded.house.caller(&login.username));
    let head = head.filter(|caller| caller.roles.iter().any(|(_, role)| *role == Role::OfficeHead));
    let request = ApplicantCorrection {
        reason: "按身份证更正".to_owned(),
        change: serde_json::json!({ "contact": { "postcode": "222000" } }),
    };
    let correct = |caller: &Caller, id: CaseId| {
        let version = office.cases().case(id)?.row.version;
        office.cases().correct_applicant(caller, id, &request, version, |_| Ok::<_, OfficeError>(()))
    };
    let done = head.flat_map(|caller| loaded.cases.values().map(move |id| (caller, *id)));
    assert!(done.into_iter().any(|(caller, id)| correct(caller, id).is_ok()), "no case could be corrected");
}

/// A mail that is ready to be sent.
pub fn mail(key: &str) -> NewMail {
    NewMail {
        dedupe_key: key.into(),
        organ_id: None,
        case_id: None,
        recipient_id: None,
        to_address: "a@gov.example".into(),
        subject: key.into(),
        message_id: format!("<{key}@gov.example>"),
        message: format!("Subject: {key}\r\n\r\n\u{0}\u{1}\r\n").into_bytes(),
        not_before: None,
        not_after: None,
    }
}

/// Rows for the tables that the demonstration does not use, in SQL that both databases take. `o` is an organ, `u` a user,
/// `c` a case, `d` an obligation.
const REST: &[(&str, &str, &str)] = &[
    ("annual_reports", "organ_id, year, published_on, recorded_by, recorded_at", "o.id, 1999, '2000-01-31', NULL, AT"),
    (
        "case_transfers",
        "case_id, n, from_organ_id, to_organ_id, seq, transferred_on, reason, recorded_by, recorded_at",
        "c.id, 1, o.id, c.organ_id, 1, '2026-11-20', '机构改革', NULL, AT",
    ),
    (
        "organ_successions",
        "organ_id, successor_id, ended_on, reason, basis, recorded_by, recorded_at",
        "o.id, o.id, '2026-11-20', '机构改革', NULL, u.id, AT",
    ),
    ("case_tags", "case_id, tag, tagged_by, tagged_at", "c.id, '征地', u.id, AT"),
    ("feeds", "user_id, token_hash, created_at", "u.id, 'ff', AT"),
    (
        "idempotency_keys",
        "user_id, route, key, fingerprint, status, etag, location, body, created_at",
        "u.id, 'POST /x', 'k', 'ff', 201, NULL, '', '{}', AT",
    ),
    ("known_networks", "user_id, network, last_at", "u.id, 'ff', AT"),
    (
        "ledger_imports",
        "id, organ_id, file_name, format, file_rows, imported_by, imported_at",
        "'01a206ac-7104-72f7-9d62-ae1616e4b956', o.id, '台账.csv', 'CSV（UTF-8）', 1, u.id, AT",
    ),
    (
        "ledger_rows",
        "organ_id, fingerprint, case_id, imported_at, import_id, version",
        "o.id, 'ff', c.id, AT, '01a206ac-7104-72f7-9d62-ae1616e4b956', 1",
    ),
    ("login_attempts", "key, window_started_at, failures, refused", "'user:nobody', AT, 2147483647, 0"),
    (
        "mail_preferences",
        "user_id, is_digest, absent_from, absent_until, deputy_id",
        "u.id, TRUE, '2026-12-30', NULL, NULL",
    ),
    (
        "refresh_tokens",
        "id, user_id, family, token_hash, issued_at, expires_at, used_at, revoked_at",
        "'01a206ac-7104-72f7-9d62-ae1616e4b955', u.id, '01a206ac-7407-7087-b60f-69b82da0620a', 'ff', AT, AT, NULL, AT",
    ),
    ("reminder_settings", "organ_id, content", "o.id, '{\"note\": \"汉字 \\\\ ''\"}'"),
    (
        "reminder_steps",
        "key, mail_key, obligation_id, due_on, told_for, missed",
        "'remind/x', 'waits', d.id, '2026-11-23', '2026-11-20', 2",
    ),
    ("report_figures", "organ_id, year, body, version, updated_by, updated_at", "o.id, 1999, '{}', 1, u.id, AT"),
    (
        "report_snapshots",
        "organ_id, year, with_subordinates, body, taken_by, taken_at",
        "o.id, 1999, FALSE, '{}', NULL, AT",
    ),
    (
        "supervision_orders",
        "id, number, organ_id, case_id, department_id, obligation_id, issuer_id, issuer_organ_id, issuer_role, text, \
         article, issued_on, due_on, status, version, created_at, updated_at",
        "'01a206ac-7104-72f7-9d62-ae1616e4b955', '督〔2026〕1号', d.organ_id, d.case_id, NULL, d.id, u.id, o.id, 'supervisor', \
         '请答复', '第四十七条', '2026-11-23', '2026-12-01', 'open', 1, AT, AT",
    ),
    (
        "supervision_order_steps",
        "order_id, seq, act, acted_on, actor_id, text, due_on, recorded_at",
        "'01a206ac-7104-72f7-9d62-ae1616e4b955', 1, 'issue', '2026-11-23', u.id, NULL, '2026-12-01', AT",
    ),
];

/// An instant whose last digits a coarser type would lose.
const AT: &str = "'2026-11-23T00:00:00.900001Z'";

fn statement((table, columns, values): &(&str, &str, &str)) -> String {
    let values = values.replace("AT", AT);
    let one = |table: &str, alias: &str| format!("(SELECT * FROM {table} ORDER BY id LIMIT 1) {alias}");
    let from = [one("organs", "o"), one("users", "u"), one("cases", "c"), one("obligations", "d")].join(", ");
    format!("INSERT INTO {table} ({columns}) SELECT {values} FROM {from} WHERE NOT EXISTS (SELECT 1 FROM {table})")
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn lines(db: &mut Db, sql: &str) -> Vec<String> {
    let query = diesel::sql_query(sql);
    let rows: Vec<Line> = match db {
        Db::Pg(db) => query.load(db).unwrap(),
        Db::Lite(db) => query.load(db).unwrap(),
    };
    rows.into_iter().map(|row| row.line).collect()
}

/// The number of rows of a table.
pub fn count(db: &mut Db, table: &str) -> i64 {
    let query = diesel::sql_query(format!("SELECT count(*) AS n FROM {table}"));
    let count: Count = match db {
        Db::Pg(db) => query.get_result(db).unwrap(),
        Db::Lite(db) => query.get_result(db).unwrap(),
    };
    count.n
}

/// Every table of the database.
pub fn tables(db: &mut Db) -> Vec<String> {
    let sql = match db {
        Db::Pg(_) => "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        Db::Lite(_) => {
            "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
        }
    };
    lines(db, sql)
}

/// Every row of every table as the database itself writes it, without the two things in which a copy differs: that its
/// mail is paused, and when its tables were made.
pub fn dump(database: &TestDatabase) -> BTreeMap<String, Vec<String>> {
    let mut db = database.raw();
    let names = tables(&mut db);
    let of = |db: &mut Db, table: &str| {
        let sql = match db {
            Db::Pg(_) => format!("SELECT t::text AS line FROM {table} t ORDER BY 1"),
            Db::Lite(_) => {
                let columns = format!("SELECT name AS line FROM pragma_table_info('{table}') ORDER BY cid");
                let quoted: Vec<String> = lines(db, &columns).iter().map(|name| format!("quote({name})")).collect();
                format!("SELECT {} AS line FROM {table} ORDER BY 1", quoted.join(" || ',' || "))
            }
        };
        let mut rows = lines(db, &sql);
        rows.retain(|row| !(table == "meta" && row.contains("mail.paused")));
        rows
    };
    let names = names.into_iter().filter(|name| name != "__diesel_schema_migrations");
    names.map(|name| (name.clone(), of(&mut db, &name))).collect()
}

/// Tables, indexes, triggers and constraints, with whether they are in force.
pub fn schema(database: &TestDatabase) -> Vec<String> {
    let mut db = database.raw();
    let sql = match db {
        Db::Pg(_) => {
            "SELECT format('%s %s %s', conrelid::regclass, pg_get_constraintdef(oid), condeferrable) AS line
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL SELECT format('%s %s %s %s', tgrelid::regclass, tgfoid::regproc, tgenabled, tgdeferrable)
             FROM pg_trigger
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
        }
        Db::Lite(_) => "SELECT name || coalesce(sql, '') AS line FROM sqlite_schema ORDER BY 1",
    };
    lines(&mut db, sql)
}

/// The path of an SQLite database.
pub fn path_of(database: &TestDatabase) -> PathBuf {
    PathBuf::from(database.options.url.strip_prefix("sqlite:").unwrap())
}

/// The names in a directory.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The server notices a moment later that a client is gone.
pub fn wait_until_nobody_is_connected(target: &TestDatabase) {
    if target.name == "sqlite" {
        return;
    }
    let mut raw = target.raw();
    let others = "(SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND backend_type = 'client backend') a";
    for _ in 0..600 {
        if count(&mut raw, others) == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the killed copy is still connected");
}
