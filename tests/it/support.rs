//! What the integration tests share: a fresh database of each kind, and rows to put into it.

pub(super) mod bureau;
pub(super) mod house;
pub(super) mod openapi;
pub(super) mod payloads;
pub(super) mod schemas;
pub(super) mod service;
pub(super) mod smtp_sink;
pub(super) mod spoiling;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::store::cases::CaseRow;
use gongkai::store::database::schema::users;
use gongkai::store::people::organs::NewOrgan;
use gongkai::store::{
    ApplicantId, CaseId, DatabaseOptions, Db, DepartmentId, OrganId, Store, StoreError, UserId,
    cases::{self, applicants, events},
    now,
    people::{departments, organs},
};
use uuid::Uuid;

/// The key every test database is sealed with.
pub const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A migrated database of its own for one test, gone when the test is.
pub struct TestDatabase {
    pub name: &'static str,
    pub options: DatabaseOptions,
    _keep: Keep,
}

/// What has to go when the test is over.
struct Keep {
    _directory: Option<tempfile::TempDir>,
    on_server: Option<String>,
}

impl TestDatabase {
    /// A new SQLite file, migrated.
    pub fn sqlite() -> Self {
        let database = Self::empty_sqlite();
        database.open().migrate().unwrap();
        database
    }

    /// A new PostgreSQL database, migrated (a copy of one that was).
    pub fn postgres() -> Self {
        Self::on_server(&format!("TEMPLATE {}", template()))
    }

    /// A new SQLite file with nothing in it.
    pub fn empty_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("gongkai.db").display());
        Self { name: "sqlite", options: options(url), _keep: Keep { _directory: Some(directory), on_server: None } }
    }

    /// A new PostgreSQL database with nothing in it.
    pub fn empty_postgres() -> Self {
        Self::on_server("")
    }

    /// One of each kind, migrated.
    pub fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }

    /// One of each kind, with nothing in it.
    pub fn both_empty() -> [Self; 2] {
        [Self::empty_sqlite(), Self::empty_postgres()]
    }

    /// A store on it, as another instance of the service would have.
    pub fn open(&self) -> Store {
        Store::open(&self.options).unwrap()
    }

    /// A connection that goes round the store: to look, or to do what the store would not.
    pub fn raw(&self) -> Db {
        let url = &self.options.url;
        match url.strip_prefix("sqlite:") {
            Some(path) => Db::Lite(SqliteConnection::establish(path).unwrap()),
            None => Db::Pg(PgConnection::establish(url).unwrap()),
        }
    }

    fn on_server(how: &str) -> Self {
        let name = format!("gongkai_test_{}", Uuid::now_v7().simple());
        admin().batch_execute(&format!("CREATE DATABASE {name} {how}")).unwrap();
        Self {
            name: "postgres",
            options: options(address_of(&name)),
            _keep: Keep { _directory: None, on_server: Some(name) },
        }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        if let Some(name) = &self.on_server {
            // Left behind only if the server is going away itself.
            let _ = admin().batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn options(url: String) -> DatabaseOptions {
    DatabaseOptions { url, sealing_key: Some(SEALING_KEY.into()), ..DatabaseOptions::default() }
}

/// The server tests run on. Without one they fail: a test that is skipped in silence proves nothing.
fn server() -> String {
    std::env::var("GONGKAI_TEST_POSTGRES").ok().filter(|address| !address.is_empty()).unwrap_or_else(|| {
        panic!(
            "GONGKAI_TEST_POSTGRES is not set, so PostgreSQL cannot be tested: run the tests with `tests/run` \
             (it starts a server and passes its arguments on to cargo test)"
        )
    })
}

fn address_of(database: &str) -> String {
    let server = server();
    let (base, query) = server.split_once('?').map_or((server.as_str(), None), |(base, query)| (base, Some(query)));
    let (base, _) = base.rsplit_once('/').unwrap();
    query.map_or_else(|| format!("{base}/{database}"), |query| format!("{base}/{database}?{query}"))
}

/// One connection for making databases, used by one test at a time: copies of one template must not overlap.
fn admin() -> MutexGuard<'static, PgConnection> {
    static ADMIN: OnceLock<Mutex<PgConnection>> = OnceLock::new();
    let connection = ADMIN.get_or_init(|| Mutex::new(PgConnection::establish(&server()).unwrap()));
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The migrated database that the others are copied from; one for each run of the test program.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("gongkai_template_{}", Uuid::now_v7().simple());
        admin().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Store::open(&options(address_of(&name))).unwrap().migrate().unwrap();
        name
    })
}

/// Runs the test on a fresh store of each kind.
pub fn on_both(test: impl Fn(&Store)) {
    for database in TestDatabase::both() {
        eprintln!("on {}", database.name);
        test(&database.open());
    }
}

/// Runs the test on a fresh database of each kind.
pub fn on_both_databases(test: impl Fn(&TestDatabase)) {
    for database in TestDatabase::both() {
        eprintln!("on {}", database.name);
        test(&database);
    }
}

/// `2026-11-23` as a day.
pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Nine in the morning of that day, by the office's clock.
pub fn at_nine(text: &str) -> chrono::NaiveDateTime {
    day(text).and_hms_opt(9, 0, 0).unwrap()
}

/// Waits until it is so. What does not come is a failed test, not a hanging one.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "waited in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// An organ with a department, a person and an applicant.
#[derive(Debug, Clone, Copy)]
pub struct Bureau {
    pub organ: OrganId,
    pub department: DepartmentId,
    pub user: UserId,
    pub applicant: ApplicantId,
}

/// Adds a bureau below `parent`.
pub fn add_bureau(store: &Store, code: &str, parent: Option<OrganId>) -> Bureau {
    let new = NewOrgan { code, name: code, parent_id: parent, reports_to: None, region: "", settings: "{}" };
    store
        .write(|db| -> Result<Bureau, StoreError> {
            let organ = organs::insert(db, new, now())?.id;
            let department = departments::insert(db, organ, "xxk", "信息科")?.id;
            let applicant = applicants::NewApplicant {
                organ_id: organ,
                kind: "natural_person",
                name: "李某",
                identity: Some(("id_card", "11010119900307123X")),
                is_unverified: false,
                contact: Some(r#"{"phone":"13800138000"}"#),
            };
            let applicant = applicants::insert(db, store.sealer(), applicant, now())?.id;
            let user = UserId::new();
            let person = (
                users::id.eq(user),
                users::username.eq(format!("clerk-{code}")),
                users::display_name.eq("王某"),
                users::kind.eq("person"),
                users::password_hash.eq("-"),
                users::is_active.eq(true),
                users::token_epoch.eq(0),
                users::created_at.eq(now()),
                users::version.eq(1_i64),
            );
            diesel::insert_into(users::table).values(person).execute(db)?;
            Ok(Bureau { organ, department, user, applicant })
        })
        .unwrap()
}

/// The row of an open case of a bureau, received on 2026-11-02, with no event yet.
pub fn case_row(bureau: &Bureau) -> CaseRow {
    CaseRow {
        filed_with: None,
        numbered_by: None,
        id: CaseId::new(),
        organ_id: bureau.organ,
        number: None,
        source: None,
        external_number: None,
        applicant_id: bureau.applicant,
        applicant_name: "李某".into(),
        applicant_kind: "natural_person".into(),
        title: "2025年度道路养护合同".into(),
        channel: "online".into(),
        regime: Some("711".into()),
        stage: "received".into(),
        is_open: true,
        clock_status: "running".into(),
        submitted_on: day("2026-11-02"),
        received_on: Some(day("2026-11-02")),
        start_on: Some(day("2026-11-02")),
        due_on: Some(day("2026-11-30")),
        resumes_on: None,
        stopped_on: None,
        replied_on: None,
        closed_on: None,
        is_late: false,
        is_extended: false,
        outcome: None,
        department_id: None,
        handler_id: None,
        calendar_version: "test".into(),
        warns_on: Some(day("2026-11-30")),
        latest_on: None,
        version: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// A case with a log of `count` events, as one command would write it.
pub fn add_case(store: &Store, bureau: &Bureau, count: usize) -> CaseRow {
    let mut row = case_row(bureau);
    let log: Vec<events::NewEvent> = (1..=count).map(an_event).collect();
    row.version = i64::try_from(count).unwrap();
    store
        .write(|db| -> Result<(), StoreError> {
            cases::insert(db, &row)?;
            events::append(db, row.id, 0, &log, Some(bureau.user), now())?;
            Ok(())
        })
        .unwrap();
    row
}

/// The event a test writes at place `n`.
pub fn an_event(n: usize) -> events::NewEvent {
    events::NewEvent {
        kind: "noted".into(),
        occurred_on: day("2026-11-02"),
        body: format!(r#"{{"n":{n},"备注":"附件"}}"#),
    }
}

/// Copies of a case in an organ, with the stop of a row if one is given; they come before every other case by their ids.
pub fn copies(db: &mut Db, of: CaseId, into: OrganId, count: usize, resumes_on: Option<&str>) {
    let (id, series, cast) = by_number(db, count);
    let (organ, of) = (into.0, of.0);
    let resumes_on = resumes_on.map_or_else(|| "resumes_on".to_owned(), |day| literal(db, day, "date"));
    let sql = format!(
        "INSERT INTO cases (id, organ_id, number, source, external_number, applicant_id, applicant_name, applicant_kind,
             title, channel, regime, stage, is_open, clock_status, submitted_on, received_on, start_on, due_on, resumes_on,
             replied_on, closed_on, is_late, is_extended, outcome, department_id, handler_id, calendar_version, version,
             created_at, updated_at, warns_on)
         SELECT {id}, '{organ}'{cast}, NULL, NULL, NULL, applicant_id, applicant_name, applicant_kind, title, channel, regime,
             stage, is_open, clock_status, submitted_on, received_on, start_on, due_on, {resumes_on}, replied_on, closed_on,
             is_late, is_extended, outcome, department_id, handler_id, calendar_version, version, created_at, updated_at,
             warns_on
         FROM cases, {series} WHERE id = '{of}'"
    );
    db.batch_execute(&sql).unwrap();
}

/// The logs of [`copies`]: that of the case they were made of, without its number, which is one case's. Their chains do not
/// hold.
pub fn copied_logs(db: &mut Db, of: CaseId, count: usize) {
    let (id, series, _) = by_number(db, count);
    let of = of.0;
    let sql = format!(
        "INSERT INTO case_events (case_id, seq, entry, kind, occurred_on, body, salt, digest, actor_id, recorded_at, prev_hash, hash)
         SELECT {id}, seq, entry, kind, occurred_on, body, salt, digest, actor_id, recorded_at, prev_hash, hash
         FROM case_events, {series} WHERE case_id = '{of}' AND kind <> 'registered'"
    );
    db.batch_execute(&sql).unwrap();
}

/// The id of a numbered row, the table of the numbers, and what makes an id of a text.
fn by_number(db: &Db, count: usize) -> (&'static str, String, &'static str) {
    match db {
        Db::Pg(_) => (
            "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
            format!("generate_series(1, {count}) AS s (n)"),
            "::uuid",
        ),
        Db::Lite(_) => (
            "printf('00000000-0000-7000-8000-%012x', n)",
            format!(
                "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
            ),
            "",
        ),
    }
}

fn literal(db: &Db, text: &str, kind: &str) -> String {
    match db {
        Db::Pg(_) => format!("'{text}'::{kind}"),
        Db::Lite(_) => format!("'{text}'"),
    }
}

/// The codes of a list of words.
pub fn codes(words: &serde_json::Value) -> serde_json::Value {
    words.as_array().map_or(serde_json::Value::Null, |words| words.iter().map(|word| word["code"].clone()).collect())
}
