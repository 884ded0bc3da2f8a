//! How many statements a request sends to the database, BEGIN and COMMIT among them, on connections that are open. The
//! number may depend neither on how many organs there are nor on how many cases are overdue.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::store::cases::{self, events};
use gongkai::store::people::access;
use gongkai::store::people::organs::{self, NewOrgan};
use gongkai::store::{CaseId, Db, OrganId, StoreError, now};
use serde_json::{Value, json};

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::Reply;
use crate::support::{TestDatabase, copied_logs, copies, on_both_databases};

/// The most statements of each request.
const MOST: &[(&str, u64)] = &[
    ("who am I", 3),
    ("show a case", 6),
    ("a contact", 14),
    ("a registration", 14),
    ("an assignment", 14),
    ("file by hand", 16),
    ("file from the front desk", 16),
    ("list of cases", 5),
    ("list of cases in an order", 5),
    ("list of yellow cases by day", 5),
    ("counts of cases", 11),
    ("a directory", 4),
    ("overdue", 6),
    ("list with subordinates", 6),
    ("counts with subordinates", 12),
    ("overdue with subordinates", 7),
];

/// A bureau at the top with a front desk, on a day on which its old cases are long overdue.
struct House {
    bureau: Bureau,
    front_desk: String,
    overdue: CaseId,
}

impl House {
    fn open(database: &TestDatabase) -> Self {
        let bureau = Bureau::open(database, "2026-09-01");
        // As `serve` does at its start: the calendars are in the database.
        bureau.service.office.calendars().adopt_calendars().unwrap();
        let overdue = CaseId(bureau.registered("2026-09-01").id.parse().unwrap());
        bureau.on("2026-11-24");
        let front_desk = bureau.service.user_token("menhu", bureau.organ, &[Role::Intake]);
        Self { bureau, front_desk, overdue }
    }

    /// Organs below the bureau.
    fn add_organs(&self, count: usize) -> Vec<OrganId> {
        let organ = |db: &mut _, n: usize| -> Result<OrganId, StoreError> {
            let (code, name) = (format!("below-{n}"), format!("第{n}局"));
            // Settings of their own, so that no two have the same by chance.
            let settings = format!(r#"{{"yellow_days":{}}}"#, 3 + n % 5);
            let new = NewOrgan {
                code: &code,
                name: &name,
                parent_id: Some(self.bureau.organ),
                reports_to: None,
                region: "",
                settings: &settings,
            };
            Ok(organs::insert(db, new, now())?.id)
        };
        self.bureau.service.office.store().write(|db| (0..count).map(|n| organ(db, n)).collect()).unwrap()
    }

    /// More cases like the overdue one, each in one of the organs in turn.
    fn add_overdue(&self, database: &TestDatabase, organs: &[OrganId], count: usize) {
        let mut raw = database.raw();
        copies(&mut raw, self.overdue, self.bureau.organ, count, None);
        copied_logs(&mut raw, self.overdue, count);
        for (n, organ) in (1..=count).zip(organs.iter().cycle()) {
            let id = format!("00000000-0000-7000-8000-{n:012x}");
            raw.batch_execute(&format!("UPDATE cases SET organ_id = '{}' WHERE id = '{id}'", organ.0)).unwrap();
        }
    }

    /// Sends a request and counts; it must be answered as it should.
    #[track_caller]
    fn count(&self, ask: impl FnOnce() -> Reply) -> (u64, Reply) {
        let store = self.bureau.service.office.store();
        let before = store.statements();
        let reply = ask();
        assert!(matches!(reply.status, 200 | 201), "{reply:?}");
        (store.statements() - before, reply)
    }

    fn get(&self, path: &str, token: &str) -> (u64, Reply) {
        self.count(|| self.bureau.service.get(path, token))
    }

    fn command(&self, case: &mut CaseAt<'_>, segment: &str, body: Value) -> u64 {
        let (count, reply) = self.count(|| case.try_command(&self.bureau.clerk, segment, body));
        case.last = reply;
        count
    }

    /// The number of statements of every request of [`MOST`], and how many cases the overdue list counts.
    fn measure(&self, round: usize) -> (Vec<(&'static str, u64)>, u64) {
        let Bureau { service, clerk, supervisor, department, .. } = &self.bureau;
        let on = "2026-11-24";
        let mut application = self.bureau.application(on);
        application["applicant"]["name"] = json!(format!("王小明{round}"));
        let (by_hand, filed) = self.count(|| service.create("/api/v1/cases", clerk, application));
        let mut case = CaseAt { bureau: &self.bureau, id: filed.json["id"].as_str().unwrap().to_owned(), last: filed };
        let contact = self.command(&mut case, "contacts", json!({ "on": on, "means": "电话", "result": "reached" }));
        let registration = self.command(&mut case, "registration", json!({ "on": on }));
        let task = json!({ "on": on, "department_id": department, "handler_id": self.bureau.clerk_id.0 });
        let assignment = self.command(&mut case, "tasks", task);
        let form = json!({
            "organ": "zrzy", "external_number": format!("SQ-{round}"), "request": "某地块征收土地批复",
            "applicant": { "kind": "natural_person", "name": "李某", "contact": { "telephone": "13800138000" } },
            "channel": "in_person", "submitted_on": on
        });
        let (from_desk, _) = self.count(|| service.create("/api/v1/intake/applications", &self.front_desk, form));
        let (below, report) = self.get("/api/v1/overdue?with_subordinates=true&limit=50", supervisor);
        let overdue = report.json["totals"]["overdue_open"].as_u64().unwrap();
        let counts = vec![
            ("who am I", self.get("/api/v1/me", clerk).0),
            ("show a case", self.get(&case.path(""), clerk).0),
            ("a contact", contact),
            ("a registration", registration),
            ("an assignment", assignment),
            ("file by hand", by_hand),
            ("file from the front desk", from_desk),
            ("list of cases", self.get("/api/v1/cases?limit=50", clerk).0),
            ("list of cases in an order", self.get("/api/v1/cases?order=number&limit=50", clerk).0),
            ("list of yellow cases by day", self.get("/api/v1/cases?order=due&warning=yellow", clerk).0),
            ("counts of cases", self.get("/api/v1/cases/counts", clerk).0),
            ("a directory", self.get(&format!("/api/v1/organs/{}/directory", self.bureau.organ.0), clerk).0),
            ("overdue", self.get("/api/v1/overdue?limit=50", clerk).0),
            ("list with subordinates", self.get("/api/v1/cases?with_subordinates=true&limit=50", supervisor).0),
            ("counts with subordinates", self.get("/api/v1/cases/counts?with_subordinates=true", supervisor).0),
            ("overdue with subordinates", below),
        ];
        (counts, overdue)
    }
}

#[test]
fn a_request_does_each_thing_once_however_many_organs_and_overdue_cases_there_are() {
    on_both_databases(|database| {
        let house = House::open(database);
        house.measure(0); // opens the connections and reads the calendars
        let (alone, overdue) = house.measure(1);
        assert_eq!(overdue, 1);
        let organs = house.add_organs(300);
        house.add_overdue(database, &organs, 70);
        let (among_many, overdue) = house.measure(2);
        assert_eq!(overdue, 71);
        // SQLite asks the two indexes of the open cases one after the other.
        let more = |name: &str| u64::from(database.name == "sqlite" && name == "overdue");
        let too_many = |counts: &[(&'static str, u64)]| -> Vec<(&'static str, u64)> {
            let pairs = counts.iter().zip(MOST).filter(|((name, count), (_, most))| *count > most + more(name));
            pairs.map(|(one, _)| *one).collect()
        };
        assert_eq!(too_many(&alone), [], "{alone:?}");
        assert_eq!(alone, among_many, "one organ and one overdue case; 301 organs and 71 overdue cases");
    });
}

#[derive(diesel::QueryableByName)]
struct Prepared {
    #[diesel(sql_type = diesel::sql_types::Text)]
    statement: String,
}

/// A statement that PostgreSQL parses and plans for every execution costs several times what it does. SQLite keeps no
/// list to ask.
#[test]
fn the_statements_of_an_admission_a_case_and_its_lists_stay_prepared() {
    let database = TestDatabase::postgres();
    let house = House::open(&database);
    let caller = house.bureau.clerk_id;
    let store = house.bureau.service.office.store();
    let kept = |run: &dyn Fn(&mut Db) -> Result<(), StoreError>| -> Vec<String> {
        let ask = |db: &mut Db| -> Result<Vec<Prepared>, StoreError> {
            run(db)?;
            Ok(diesel::sql_query("SELECT statement FROM pg_prepared_statements").load(db)?)
        };
        store.read(ask).unwrap().into_iter().map(|prepared| prepared.statement).collect()
    };
    let admission = kept(&|db| access::asking(db, caller, Some(access::Thing::Case(house.overdue))).map(drop));
    assert!(admission.iter().any(|statement| statement.contains("calendar_versions")), "{admission:?}");
    let seat = kept(&|db| organs::seat(db, house.bureau.organ).map(drop));
    assert!(seat.iter().any(|statement| statement.contains("calendar_versions")), "{seat:?}");
    let case = kept(&|db| cases::find_with_seat(db, house.overdue).map(drop));
    assert!(
        case.iter().any(|statement| statement.contains("string_agg") && statement.contains("calendar_versions")),
        "{case:?}"
    );
    let log = kept(&|db| events::load_with_beside(db, house.overdue).map(drop));
    assert!(
        log.iter().any(|statement| statement.contains("string_agg") && statement.contains("case_events")),
        "{log:?}"
    );
}
