//! What proves that the database is what was recorded: the chain of the audit log, the check that finds what was changed
//! behind the service, and the database carried whole.

mod amended;
mod anchors;
mod backup;
mod carry;
mod chain;
mod clean;
mod reading;
mod rekey;
mod scene;
mod tampering;
mod whole;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::office::Office;
use gongkai::office::evidence::finding::Finding;
use gongkai::store::Db;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(db: &mut Db, sql: &str) -> Vec<String> {
    let found: Vec<Line> = diesel::sql_query(sql).load(db).unwrap();
    found.into_iter().map(|line| line.line).collect()
}

/// Every finding of a check of the whole database.
fn findings(office: &Office) -> Vec<Finding> {
    let mut found = Vec::new();
    let done = office.evidence().verify(None, None, &mut |finding| found.push(finding)).unwrap();
    assert_eq!(done.findings, u64::try_from(found.len()).unwrap());
    found
}

/// Takes the guards of the database away, as somebody would who may change it: its triggers and references.
pub(super) fn unguard(raw: &mut Db) {
    match raw {
        Db::Pg(_) => raw.batch_execute("SET session_replication_role = replica").unwrap(),
        Db::Lite(_) => {
            for name in lines(raw, "SELECT name AS line FROM sqlite_schema WHERE type = 'trigger'") {
                raw.batch_execute(&format!("DROP TRIGGER {name}")).unwrap();
            }
            raw.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
        }
    }
}
