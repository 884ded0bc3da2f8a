//! The front desk over HTTP, on both databases.

mod again;
mod faults;
mod filing;
mod others;
mod privacy;

use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::store::Db;
use gongkai::store::database::schema::{applicants, audit_log, case_events, cases, idempotency_keys, obligations};
use serde_json::{Value, json};

use crate::support::TestDatabase;
use crate::support::bureau::Bureau;
use crate::support::service::{Reply, Service};

const APPLICATIONS: &str = "/api/v1/intake/applications";

/// A bureau with the machine user `menhu`, which files there.
struct FrontDesk {
    bureau: Bureau,
    token: String,
}

impl FrontDesk {
    fn open(database: &TestDatabase, today: &str) -> Self {
        let bureau = Bureau::open(database, today);
        let token = bureau.service.user_token("menhu", bureau.organ, &[Role::Intake]);
        Self { bureau, token }
    }

    fn service(&self) -> &Service {
        &self.bureau.service
    }

    fn file(&self, body: Value) -> Reply {
        self.service().create(APPLICATIONS, &self.token, body)
    }

    fn file_under(&self, key: &str, body: Value) -> Reply {
        self.service().call_with("POST", APPLICATIONS, &self.token, &[("idempotency-key", key)], Some(body))
    }

    fn state(&self, number: &str) -> Reply {
        self.service().get(&format!("{APPLICATIONS}/{number}"), &self.token)
    }

    /// Gives the case a command with the version the front desk sees.
    #[track_caller]
    fn command(&self, number: &str, token: &str, segment: &str, body: Value) {
        let state = self.state(number);
        let path = format!("/api/v1/cases/{}/{segment}", state.json["case_id"].as_str().unwrap());
        let done = self.service().call_with("POST", &path, token, &[("if-match", state.header("etag"))], Some(body));
        assert!(matches!(done.status, 200 | 204), "{segment}: {done:?}");
    }
}

/// A form as a portal sends it, filled in to the last box.
fn form(number: &str) -> Value {
    json!({
        "organ": "zrzy",
        "external_number": number,
        "applicant": {
            "kind": "natural_person",
            "name": "王小明",
            "identity": { "kind": "id_card", "number": "11010519491231002X" },
            "contact": {
                "telephone": "13800138000", "email": "wang@example.cn", "address": "某市某路1号", "postcode": "222000",
                "workplace": "某公司", "contact_person": "王小红", "agent": "赵律师"
            }
        },
        "request": "某地块征收土地批复\n文号：不详",
        "channel": "in_person",
        "submitted_on": "2025-02-20",
        "delivery": { "form": "paper", "way": "post", "accepts_other": true }
    })
}

/// The form with members changed or (by null) left out.
fn form_with(number: &str, changes: Value) -> Value {
    let mut form = form(number);
    for (pointer, value) in changes.as_object().unwrap() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        form.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    form
}

/// How many rows a filing could have left, table by table.
fn rows(database: &TestDatabase) -> [i64; 6] {
    let mut db: Db = database.raw();
    [
        cases::table.count().get_result(&mut db).unwrap(),
        applicants::table.count().get_result(&mut db).unwrap(),
        case_events::table.count().get_result(&mut db).unwrap(),
        obligations::table.count().get_result(&mut db).unwrap(),
        idempotency_keys::table.count().get_result(&mut db).unwrap(),
        audit_log::table.count().get_result(&mut db).unwrap(),
    ]
}
