//! A house of four organs with everybody in it, and a look at everything its database holds.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use gongkai::case::Role;
use gongkai::store::mail::outbox::{self, NewMail};
use gongkai::store::{Db, OrganId, OutboxId, StoreError, UserId, database::schema, people::departments};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::Service;
use crate::support::{TestDatabase, day};

/// The day everything happens on; the facts of the cases lie before it.
pub const TODAY: &str = "2024-04-15";

/// An organ that is not the one under test, with one of each thing it can have.
pub struct Neighbour {
    pub organ: OrganId,
    pub department: String,
    pub user: UserId,
    pub case: String,
}

/// The bureau under test between the organ above it, one beside it and one below it.
pub struct House {
    pub bureau: Bureau,
    pub above: OrganId,
    pub beside: Neighbour,
    pub below: OrganId,
    /// A registered case of the bureau, for reading.
    pub case: String,
    /// A case the bureau's front desk filed, by its own number.
    pub filed: String,
    /// A 督办单 to the bureau, for reading.
    pub order: String,
    /// A parked mail about the bureau.
    pub mail: String,
    /// The token of the clerk's calendar.
    pub feed: String,
    look: Box<dyn Fn() -> Db>,
    tokens: std::cell::RefCell<BTreeMap<String, String>>,
    made: std::cell::Cell<usize>,
}

impl House {
    /// Builds the house on an empty database of a test.
    pub fn on(database: &TestDatabase) -> Self {
        let clock = gongkai::office::Clock::fixed(day(TODAY));
        // Bad passwords are tried on purpose; the throttle has tests of its own.
        let service = Service::start_with(database, clock, |settings| {
            settings.security.login_failures = 1_000;
            settings.security.login_failures_per_account = 1_000;
            settings.security.login_failures_per_address = 1_000;
            settings.security.reveals_per_hour = 1_000;
            settings.security.clear_exports_per_day = 1_000;
        });
        let url = database.options.url.clone();
        let look = move || match url.strip_prefix("sqlite:") {
            Some(path) => Db::Lite(SqliteConnection::establish(path).unwrap()),
            None => Db::Pg(PgConnection::establish(&url).unwrap()),
        };
        let above = service.organ("shi", None);
        let organ = service.organ("zrzy", Some(above));
        let below = service.organ("xian", Some(organ));
        let other = service.organ("jtj", Some(above));
        let department = add_department(&service, organ, "gd", "耕地保护科");
        let clerk_id = service.user("jingban", organ, &[Role::Clerk]);
        let token = |name: &str, role| service.user_token(name, organ, &[role]);
        let (head, reviewer) = (token("fuze", Role::OfficeHead), token("shenhe", Role::Reviewer));
        let (leader, supervisor) = (token("lingdao", Role::Leader), token("jiandu", Role::Supervisor));
        let clerk = service.token("jingban");
        let bureau = Bureau { organ, department, clerk, clerk_id, head, reviewer, leader, supervisor, service };
        let beside = neighbour(&bureau, other);
        let mut house = Self {
            above,
            below,
            beside,
            bureau,
            case: String::new(),
            filed: String::new(),
            order: String::new(),
            mail: String::new(),
            feed: String::new(),
            look: Box::new(look),
            tokens: std::cell::RefCell::default(),
            made: std::cell::Cell::new(0),
        };
        house.case = house.registered().id;
        house.filed = "SQ-1".to_owned();
        let filed = house.service().create(
            "/api/v1/intake/applications",
            &house.token(house.bureau.organ, &[Role::Intake]),
            house.filing(&house.filed),
        );
        assert_eq!(filed.status, 201, "{filed:?}");
        house.order = house.ordered().0;
        house.mail = house.parked_mail();
        house.feed = house.service().feed(&house.bureau.clerk);
        house
    }

    /// A 督办单 that a supervisor of the bureau issued on a case and a department of the bureau, and its ETag.
    pub fn ordered(&self) -> (String, String) {
        let issuer = self.token(self.bureau.organ, &[Role::Supervisor]);
        let issued = self.service().create("/api/v1/supervision/orders", &issuer, self.order_body(&self.case));
        assert_eq!(issued.status, 201, "{issued:?}");
        (issued.json["id"].as_str().unwrap().to_owned(), issued.header("etag").to_owned())
    }

    /// What a 督办单 on a case says, with every member there is.
    pub fn order_body(&self, case: &str) -> Value {
        let department = &self.bureau.department;
        json!({ "case_id": case, "department_id": department, "text": "请说明办理进度", "due_on": "2024-04-19" })
    }

    /// A mail about the bureau that its server refused for good.
    pub fn parked_mail(&self) -> String {
        let key = self.fresh("mail");
        let mail = NewMail {
            dedupe_key: key.clone(),
            organ_id: Some(self.bureau.organ),
            case_id: None,
            recipient_id: Some(self.bureau.clerk_id),
            to_address: "jingban@example.cn".into(),
            subject: "【依申请公开】".into(),
            message_id: format!("<{key}@example.cn>"),
            message: b"Subject: x\r\n\r\nx\r\n".to_vec(),
            not_before: None,
            not_after: None,
        };
        let park = |db: &mut Db| -> Result<OutboxId, StoreError> {
            outbox::enqueue(db, &mail)?;
            let row = schema::outbox::table.filter(schema::outbox::dedupe_key.eq(&key));
            let refused = (schema::outbox::state.eq("parked"), schema::outbox::last_reply.eq(Some("550 no such user")));
            diesel::update(row).set(refused).execute(db)?;
            Ok(row.select(schema::outbox::id).first(db)?)
        };
        self.service().office.store().write(park).unwrap().0.to_string()
    }

    /// The running service.
    pub fn service(&self) -> &Service {
        &self.bureau.service
    }

    /// The token of somebody who holds exactly these roles in that organ.
    pub fn token(&self, organ: OrganId, roles: &[Role]) -> String {
        let codes: Vec<&str> = roles.iter().map(|role| role.code()).collect();
        let name = format!("{}-{}", &organ.0.simple().to_string()[20..], codes.join("."));
        if let Some(token) = self.tokens.borrow().get(&name) {
            return token.clone();
        }
        let username = format!("{}-{}", &name[..12], self.tokens.borrow().len());
        let token = self.service().user_token(&username, organ, roles);
        self.tokens.borrow_mut().insert(name, token.clone());
        token
    }

    /// A name nobody has yet.
    pub fn fresh(&self, what: &str) -> String {
        format!("{what}-{}", self.number())
    }

    /// A number that was not given before.
    pub fn number(&self) -> usize {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// A case of the bureau, received at the counter on 2024-03-01 and registered that day; due on 2024-03-29.
    pub fn registered(&self) -> CaseAt<'_> {
        let mut case = self.bureau.file(self.bureau.application("2024-03-01"));
        case.clerk("registration", json!({ "on": "2024-03-01" }));
        case
    }

    /// What the front desk of the bureau sends, with every member there is.
    pub fn filing(&self, number: &str) -> Value {
        let mut body = self.application();
        let members = body.as_object_mut().unwrap();
        members.remove("organ_id");
        members.insert("organ".into(), json!("zrzy"));
        members.insert("external_number".into(), json!(number));
        // The form of a front desk names an agent in one line, and no other person.
        let applicant = body["applicant"].as_object_mut().unwrap();
        applicant.retain(|name, _| !matches!(name.as_str(), "agents" | "guardian" | "co_applicants"));
        applicant["identity"].as_object_mut().unwrap().remove("is_unverified");
        body
    }

    /// What a clerk of the bureau files, with every member there is.
    pub fn application(&self) -> Value {
        let mut body = self.bureau.application("2024-03-01");
        for member in ["signed_on", "arrived_on", "acknowledged_on", "confirmed_on"] {
            body[member] = json!("2024-03-01");
        }
        body["misdirected"] = json!(false);
        body["applicant"]["contact"] = json!({
            "telephone": "13800138000", "email": "wang@example.cn", "address": "某市某路1号", "postcode": "100000",
            "workplace": "某公司", "legal_representative": "张某", "contact_person": "赵某", "agent": "钱某"
        });
        let paper = json!({ "kind": "passport", "number": "E12345678", "is_unverified": false });
        let person = |name: &str| json!({ "name": name, "identity": paper, "telephone": "13900139000" });
        let mut agent = person("钱某");
        agent["authority"] = json!("一般代理");
        body["applicant"]["agents"] = json!([agent]);
        body["applicant"]["guardian"] = person("王某");
        body["applicant"]["guardian"]["relation"] = json!("父亲");
        let mut other = person("孙某");
        other["kind"] = json!("natural_person");
        body["applicant"]["co_applicants"] = json!([other]);
        body["applicant"]["identity"]["is_unverified"] = json!(false);
        body
    }

    /// Every row of every table as text, in order. What signing in writes is left out: it is there to change.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let mut dump = match (self.look)() {
            Db::Lite(mut db) => {
                let tables =
                    lines_lite(&mut db, "SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY 1");
                let rows = |table: &String| {
                    let columns =
                        format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')");
                    let columns = lines_lite(&mut db, &columns).join(" || '|' || ");
                    lines_lite(&mut db, &format!("SELECT {columns} AS line FROM \"{table}\" ORDER BY 1"))
                };
                paired(tables, rows)
            }
            Db::Pg(mut db) => {
                let tables = "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
                let tables = lines_pg(&mut db, tables);
                paired(tables, |table| {
                    lines_pg(&mut db, &format!("SELECT t::text AS line FROM \"{table}\" t ORDER BY 1"))
                })
            }
        };
        assert!(dump.len() >= 15 && dump.contains_key("case_events"), "{:?}", dump.keys());
        dump.remove("login_attempts");
        dump.remove("known_networks");
        // The end of the audit log's chain moves with every entry.
        dump.remove("audit_heads");
        let is_of_signing_in =
            |row: &String| ["sign_in.", "password.change_failed"].iter().any(|one| row.contains(one));
        dump.entry("audit_log".to_owned()).and_modify(|rows| rows.retain(|row| !is_of_signing_in(row)));
        dump
    }
}

/// What two dumps differ in; empty when they are equal.
pub fn difference(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (table, old) in before {
        let new = &after[table];
        found.extend(old.iter().filter(|row| !new.contains(row)).map(|row| format!("{table} - {row}")));
        found.extend(new.iter().filter(|row| !old.contains(row)).map(|row| format!("{table} + {row}")));
    }
    found
}

fn paired(tables: Vec<String>, mut rows: impl FnMut(&String) -> Vec<String>) -> BTreeMap<String, Vec<String>> {
    let paired = tables.into_iter().map(|table| {
        let rows = rows(&table);
        (table, rows)
    });
    paired.collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines_lite(db: &mut SqliteConnection, sql: &str) -> Vec<String> {
    diesel::sql_query(sql).load::<Line>(db).unwrap().into_iter().map(|row| row.line).collect()
}

fn lines_pg(db: &mut PgConnection, sql: &str) -> Vec<String> {
    diesel::sql_query(sql).load::<Line>(db).unwrap().into_iter().map(|row| row.line).collect()
}

fn add_department(service: &Service, organ: OrganId, code: &str, name: &str) -> String {
    let add = |db: &mut _| departments::insert(db, organ, code, name);
    service.office.store().write(add).unwrap().id.0.to_string()
}

fn neighbour(bureau: &Bureau, organ: OrganId) -> Neighbour {
    let service = &bureau.service;
    let department = add_department(service, organ, "lz", "路政科");
    let user = service.user("linju", organ, &[Role::Clerk]);
    let mut application = bureau.application("2024-03-01");
    application["organ_id"] = json!(organ.0);
    application["title"] = json!("道路养护合同");
    let filed = service.create("/api/v1/cases", &service.token("linju"), application);
    assert_eq!(filed.status, 201, "{filed:?}");
    Neighbour { organ, department, user, case: filed.json["id"].as_str().unwrap().to_owned() }
}
