//! Nothing that identifies a person is in rows, answers or logs.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::store::Db;
use serde_json::json;

use super::{APPLICATIONS, FrontDesk, form_with};
use crate::support::{TestDatabase, on_both_databases};

/// What the service logged during this run of the tests.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Logged;

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps every log line of this crate, down to the finest level.
fn listen_to_the_log() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let log = tracing_subscriber::fmt().json().with_env_filter("gongkai=trace,actix=trace,diesel=trace");
        log.with_writer(|| Logged).try_init().unwrap();
    });
}

/// Everything the database holds: the bytes of the SQLite files, or every row of every table as text.
fn everything(database: &TestDatabase) -> Vec<u8> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    match database.raw() {
        Db::Lite(_) => {
            let path = database.options.url.strip_prefix("sqlite:").unwrap().to_owned();
            let files = [path.clone(), format!("{path}-wal")];
            files.into_iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
        }
        Db::Pg(mut connection) => {
            let tables = "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'";
            let tables: Vec<Line> = diesel::sql_query(tables).load(&mut connection).unwrap();
            assert!(tables.iter().any(|table| table.line == "applicants"));
            let mut text = String::new();
            for table in tables {
                let rows = format!("SELECT t::text AS line FROM \"{}\" t", table.line);
                let rows: Vec<Line> = diesel::sql_query(rows).load(&mut connection).unwrap();
                rows.into_iter().for_each(|row| text.push_str(&row.line));
            }
            text.into_bytes()
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_identifies_a_person_is_in_no_row_no_answer_and_no_log() {
    listen_to_the_log();
    on_both_databases(|database| {
        let desk = FrontDesk::open(database, "2025-02-21");
        let sealed = ["110101199003070935", "13912345678", "kanari@example.cn", "金丝雀路7号", "金丝雀公司", "雀代理"];
        let name = "金丝雀甲乙丙";
        let canary = json!({
            "/applicant/name": name,
            "/applicant/identity/number": sealed[0],
            "/applicant/contact": {
                "telephone": sealed[1], "email": sealed[2], "address": sealed[3], "workplace": sealed[4], "agent": sealed[5]
            }
        });
        let made = desk.file(form_with("SQ-1", canary.clone()));
        let again = desk.file(form_with("SQ-1", canary.clone()));
        let mut conflicting = form_with("SQ-1", canary.clone());
        conflicting["request"] = json!("别的");
        let mut wrong = form_with("SQ-2", canary);
        wrong["applicant"]["identity"]["number"] = json!("110101199003070936");
        wrong["applicant"]["contact"]["telephone"] = json!([sealed[1]]);
        let answers = [
            made,
            again,
            desk.file(conflicting),
            desk.file(wrong),
            desk.state("SQ-1"),
            desk.service().get(APPLICATIONS, &desk.token),
        ];
        assert_eq!(answers.each_ref().map(|answer| answer.status), [201, 200, 409, 422, 200, 200]);
        let id = answers[0].header("x-request-id").to_owned();
        let log = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert!(holds(&log, &id), "the log is being listened to");
        let kept = everything(database);
        assert!(holds(&kept, "SQ-1"), "and the database is being read");
        for text in sealed {
            assert!(!holds(&kept, text), "{text} stands in the database in clear");
            assert!(!holds(&kept, &hex::encode(text)), "{text} stands in the database as plain bytes");
        }
        for text in sealed.into_iter().chain([name, "11010119900307093", "金丝雀"]) {
            assert!(answers.iter().all(|answer| !answer.text.contains(text)), "{text} was answered");
            assert!(!holds(&log, text), "{text} was logged");
        }
    });
}
