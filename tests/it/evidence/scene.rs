//! A bureau with one of everything that `audit verify` checks, and a way to change it behind the service.

use diesel::connection::SimpleConnection;
use gongkai::office::ledger::ImportOptions;
use gongkai::office::{Office, OfficeError};
use gongkai::store::Db;
use serde_json::json;

use super::{findings, unguard};
use crate::support::TestDatabase;
use crate::support::bureau::{Bureau, CaseAt};

/// The tables that are changed, in an order in which they can be filled again.
const TABLES: [&str; 18] = [
    "applicants",
    "cases",
    "case_events",
    "obligations",
    "counters",
    "outbox",
    "mail_answers",
    "reminder_steps",
    "tallies",
    "supervision_orders",
    "supervision_order_steps",
    "annual_reports",
    "report_snapshots",
    "ledger_imports",
    "ledger_rows",
    "case_tags",
    "audit_log",
    "audit_heads",
];

/// A bureau with one of everything that is checked, and a connection without guards.
pub struct Scene {
    pub bureau: Bureau,
    pub raw: Db,
    /// Cases: registered, assigned, answered.
    pub cases: [String; 3],
}

impl Scene {
    pub fn open(database: &TestDatabase) -> Self {
        Self::open_after(database, |_| {})
    }

    /// The same after `more` was done with its cases on 2026-03-03.
    pub fn open_after(database: &TestDatabase, more: impl FnOnce([&mut CaseAt<'_>; 3])) -> Self {
        let bureau = Bureau::open(database, "2026-03-02");
        let mut first = bureau.registered("2026-03-02");
        let mut assigned = bureau.registered("2026-03-02");
        assigned.clerk("tasks", json!({ "on": "2026-03-02", "department_id": bureau.department }));
        let mut answered = bureau.registered("2026-03-02");
        bureau.on("2026-03-03");
        let outcome = json!({ "on": "2026-03-03", "outcome": "disclosed.provided", "reasons": "依法公开" });
        answered.clerk("outcome", outcome).approve("2026-03-03");
        answered.clerk("reply", json!({ "on": "2026-03-03" }));
        answered.clerk("dispatches", json!({ "method": "direct", "on": "2026-03-03" }));
        more([&mut first, &mut assigned, &mut answered]);
        let cases = [first.id, assigned.id, answered.id];
        let scene = Self { raw: database.raw(), bureau, cases };
        scene.fill();
        let mut scene = scene;
        assert_eq!(findings(scene.office()), [], "nothing was changed yet");
        unguard(&mut scene.raw);
        for table in TABLES {
            scene.raw.batch_execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).unwrap();
        }
        scene
    }

    /// Everything beside the cases: reveals, an order, a published report, reminders, an imported ledger.
    fn fill(&self) {
        let Bureau { service, clerk, supervisor, organ, .. } = &self.bureau;
        for case in &self.cases {
            let path = format!("/api/v1/cases/{case}/applicant/reveal");
            let seen = service.call("POST", &path, clerk, Some(json!({ "reason": "邮寄答复书，核对地址" })));
            assert_eq!(seen.status, 200, "{seen:?}");
        }
        let order = json!({ "case_id": self.cases[0], "text": "请说明办理进度", "due_on": "2026-03-10" });
        let order = service.create("/api/v1/supervision/orders", supervisor, order);
        let path = format!("/api/v1/supervision/orders/{}/answer", order.json["id"].as_str().unwrap());
        let headers = [("if-match", order.header("etag"))];
        let done = service.call_with("POST", &path, clerk, &headers, Some(json!({ "text": "正在检索" })));
        assert_eq!(done.status, 200, "{done:?}");
        let report = json!({ "year": 2025, "published_on": "2026-03-03" });
        let done = service.create(&format!("/api/v1/organs/{}/annual-reports", organ.0), clerk, report);
        assert_eq!(done.status, 201, "{done:?}");
        let ledger = "受理编号,收到日期,申请人类型,申请内容,答复日期,处理结果,答复文号\n\
                      依申请〔2024〕3号,2024-03-05,自然人,某信息,,,\n依申请〔2024〕5号,2024-03-05,自然人,某信息,,,\n";
        let office = self.office();
        let import = |db: &mut Db| -> Result<_, OfficeError> {
            let options = ImportOptions::default();
            office.ledger().import_ledger(db, None, *organ, ledger.as_bytes(), options, &mut |_, _| {})
        };
        let done = office.store().write(import).unwrap();
        assert_eq!((done.created, done.faults.len()), (2, 0), "{done:?}");
        self.bureau.on("2026-03-24");
        let reminded = office.reminders().mailroom().unwrap().remind(crate::support::day("2026-03-24"), None).unwrap();
        assert!(!reminded.queued.is_empty());
    }

    pub fn office(&self) -> &Office {
        &self.bureau.service.office
    }

    /// The findings after these statements, as code, table and part, each once. Undoes the statements.
    pub fn after(&mut self, sql: &str) -> Vec<String> {
        let [a, b, c] = &self.cases;
        let sql = sql.replace("{a}", a).replace("{b}", b).replace("{c}", c);
        self.raw.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut found: Vec<String> = findings(self.office())
            .into_iter()
            .map(|finding| {
                let what = finding.what.map(|what| format!(" {what}")).unwrap_or_default();
                let seq = finding.seq.map(|seq| format!(" #{seq}")).unwrap_or_default();
                format!("{} {}{what}{seq}", finding.kind.code(), finding.table)
            })
            .collect();
        found.sort();
        found.dedup();
        for table in TABLES {
            let sql = format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}");
            self.raw.batch_execute(&sql).unwrap();
        }
        found
    }

    #[track_caller]
    pub fn finds(&mut self, name: &str, sql: &str, expected: &[&str]) {
        assert_eq!(self.after(sql), expected, "{name}: {sql}");
    }
}
