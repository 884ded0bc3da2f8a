//! A case whose log cannot be read, or an organ whose settings cannot be, is its own trouble: the lists go on without it
//! and say so. What cannot be read is never taken for empty.

use crate::support::bureau::Bureau;
use crate::support::{day, on_both_databases};
use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::office::Office;
use gongkai::store::cases::events::NewEvent;
use gongkai::store::database::schema::{
    applicants as applicant_rows, audit_log, obligations as duty_rows, organs as organ_rows,
};
use gongkai::store::{
    ApplicantId, CaseId, Db, OrganId, StoreError,
    cases::{self, applicants, events, obligations},
    now,
    reminders::settings,
};
use serde_json::{Value, json};

/// Adds an event that no release knows.
pub fn spoil(office: &Office, case: CaseId) {
    spoil_with(office, case, "correction_received");
}

/// The same under this kind: what is asked for is read from few kinds, everything else from all.
pub fn spoil_with(office: &Office, case: CaseId, kind: &str) {
    let unknown = NewEvent {
        kind: kind.to_owned(),
        occurred_on: office.clock().today(),
        body: json!({ "event": "of_another_release" }).to_string(),
    };
    let add = |db: &mut _| {
        let version = cases::find(db, case)?.version;
        events::append(db, case, version, &[unknown], None, office.clock().now())
    };
    office.store().write(add).unwrap();
}

#[test]
fn an_earlier_case_that_cannot_be_read_is_left_out_of_the_hints_of_a_new_one() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (_good, bad) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        let hints = || {
            let seen = bureau.service.get(&bureau.registered("2026-03-03").path("similar"), &bureau.clerk);
            assert_eq!(seen.status, 200, "{seen:?}");
            let similar = &seen.json;
            (similar["items"].as_array().unwrap().len(), similar["is_complete"].as_bool().unwrap())
        };
        assert_eq!(hints(), (2, true));
        spoil_with(&bureau.service.office, bad.id.parse().unwrap(), "search_recorded");
        assert_eq!(hints(), (2, false), "the good one and the new one before it");
    });
}

#[test]
fn lists_leave_out_what_cannot_be_read_and_say_that_they_are_not_complete() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (_good, bad) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        bureau.on("2026-04-11");
        let get = |path: &str, token: &str| {
            let reply = bureau.service.get(path, token);
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            reply.json
        };
        let overdue = "/api/v1/overdue?as_of=2026-04-10";
        let seen = || {
            let (supervisor, clerk) = (&bureau.supervisor, &bureau.clerk);
            let [late, today] = [overdue, "/api/v1/overdue"].map(|path| get(path, supervisor));
            let total = |report: &Value| report["overdue_open"]["total"].as_u64().unwrap();
            let overview = get("/api/v1/supervision/overview", supervisor);
            let topics = get("/api/v1/supervision/topics", clerk);
            let complete = [&late, &today, &overview, &topics].map(|list| list["is_complete"].as_bool().unwrap());
            ([total(&late), total(&today)], complete)
        };
        assert_eq!(seen(), ([2, 2], [true; 4]));
        spoil(&bureau.service.office, bad.id.parse().unwrap());
        // The list of today asks the rows: the row of the case says what it said before.
        assert_eq!(seen(), ([1, 2], [false, true, false, false]));
        let similar = get(&bureau.registered("2026-04-10").path("similar"), &bureau.clerk);
        let shown = (similar["items"].as_array().unwrap().len(), &similar["is_complete"]);
        assert_eq!(shown, (1, &json!(false)), "{similar}");
        bureau.on("2026-04-11");
        let file = bureau.service.get(&format!("{overdue}&format=csv"), &bureau.supervisor);
        assert_eq!(file.problem(), (422, "incomplete"), "no file that looks whole and is not");
        let figures = |format: &str| {
            let path = format!("/api/v1/supervision/overview?format={format}");
            bureau.service.get(&path, &bureau.supervisor)
        };
        assert_eq!(figures("csv").problem(), (422, "incomplete"));
        assert!(figures("html").text.contains("没有查遍全部"), "the page says so itself");

        assert_eq!(bureau.service.get(&bad.path("delay"), &bureau.supervisor).problem(), (500, "unreadable"));
    });
}

/// During an upgrade an instance of the next release records what this one does not know: this one reads what it can,
/// computes no date from the rest, and loses nothing.
#[test]
fn a_case_that_a_newer_release_went_on_with_is_shown_as_far_as_it_can_be_read_and_not_changed() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (mut other, case) = (bureau.registered("2026-03-02"), bureau.registered("2026-03-02"));
        let (office, id) = (&bureau.service.office, CaseId(case.id.parse().unwrap()));
        let newer = |kind: &str, body: Value| NewEvent {
            kind: kind.to_owned(),
            occurred_on: day("2026-03-03"),
            body: body.to_string(),
        };
        let known = json!({ "v": 1, "event": "contact_logged", "on": "2026-03-03", "means": "电话", "result": "reached",
            "note": null, "added_later": { "by": "a newer release" } });
        let append = |db: &mut Db, event: NewEvent| {
            let row = cases::find(db, id)?;
            let version = events::append(db, id, row.version, &[event], None, now())?;
            cases::update(db, &cases::CaseRow { version, ..row.clone() }, row.version)
        };
        office.store().write(|db| append(db, newer("contact_logged", known))).unwrap();
        assert_eq!(bureau.service.get(&case.path(""), &bureau.clerk).status, 200, "an unknown member is ignored");

        let unknown = json!({ "v": 1, "event": "of_the_next_release", "reason": "13800138000" });
        office.store().write(|db| append(db, newer("of_the_next_release", unknown))).unwrap();
        let log = || office.store().read(|db| events::load(db, id)).unwrap();
        let before = log();
        for path in [case.path(""), case.path("clock"), case.path("actions")] {
            assert_eq!(bureau.service.get(&path, &bureau.clerk).problem(), (503, "newer_log"), "{path}");
        }
        let contact = json!({ "on": "2026-03-03", "means": "电话", "result": "reached" });
        let tag = [("if-match", "\"5\"")];
        let path = case.path("contacts");
        let refused = bureau.service.call_with("POST", &path, &bureau.clerk, &tag, Some(contact.clone()));
        assert_eq!(refused.problem(), (503, "newer_log"));
        let shown = bureau.service.get(&case.path("events"), &bureau.clerk).json;
        let last = shown.as_array().unwrap().last().unwrap();
        assert_eq!(last["kind"], json!({ "code": "of_the_next_release", "label": "由较新版本登记，本版本不能显示" }));
        assert_eq!(last["body"], json!({}), "what may be personal data in it is not known here");
        let list = bureau.service.get("/api/v1/cases", &bureau.clerk).json;
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        bureau.on("2026-04-11");
        let late = bureau.service.get("/api/v1/overdue?as_of=2026-04-10", &bureau.supervisor).json;
        assert_eq!((&late["overdue_open"]["total"], &late["is_complete"]), (&json!(1), &json!(false)));
        office.cases().resume_silent().unwrap();
        office.reminders().mailroom().unwrap().remind(day("2026-04-10"), None).unwrap();
        let (check, listed) = office.calendars().check_clocks().unwrap();
        assert_eq!(check.cases, 2);
        assert_eq!(
            listed.iter().map(|one| (one.case_id, one.what.as_str())).collect::<Vec<_>>(),
            [(Some(id.0), "log")]
        );
        bureau.on("2026-03-03");
        other.clerk("contacts", contact);
        assert_eq!(log(), before);
        assert_eq!(office.store().read(|db| events::verify(db, id)).unwrap(), None);
    });
}

fn set_settings(office: &Office, organ: OrganId, settings: &str) {
    let work = |db: &mut Db| -> Result<usize, StoreError> {
        Ok(diesel::update(organ_rows::table.find(organ)).set(organ_rows::settings.eq(settings)).execute(db)?)
    };
    assert_eq!(office.store().write(work).unwrap(), 1);
}

/// Two organs of one supervisor with a case each; the settings of the second one are of another release.
#[test]
fn an_organ_whose_settings_cannot_be_read_is_named_and_stops_no_list() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let service = &bureau.service;
        let good = bureau.registered("2026-03-02");
        let county = service.organ("xian", Some(bureau.organ));
        let county_clerk = service.user_token("xianjingban", county, &[Role::Clerk, Role::OfficeHead]);
        let mut application = bureau.application("2026-03-02");
        application["organ_id"] = json!(county.0);
        let bad = service.create("/api/v1/cases", &county_clerk, application).json["id"].as_str().unwrap().to_owned();
        bureau.on("2026-04-10");
        let feed = service.feed(&county_clerk);
        set_settings(&service.office, county, r#"{ "yellow_days": "many" }"#);

        let get = |path: &str, token: &str| {
            let reply = service.get(path, token);
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            reply.json
        };
        let levels = |query: &str| {
            let list = get(&format!("/api/v1/cases?with_subordinates=true{query}"), &bureau.supervisor);
            let line = |row: &Value| (row["id"].as_str().unwrap().to_owned(), row["warning"]["code"].clone());
            list["items"].as_array().unwrap().iter().map(line).collect::<Vec<_>>()
        };
        let (unknown, red) = ((bad.clone(), Value::Null), (good.id.clone(), json!("red")));
        assert_eq!(levels(""), [unknown.clone(), red.clone()], "its level is unknown, not a default");
        assert_eq!(levels("&warning=red"), [unknown.clone(), red.clone()], "it may be at that level");
        assert_eq!(levels("&warning=yellow"), [unknown]);
        assert_eq!(levels("&warning=red&open=false"), []);
        for path in ["/api/v1/overdue", "/api/v1/overdue?as_of=2026-04-09", "/api/v1/supervision/overview"] {
            let list = get(path, &bureau.supervisor);
            assert_eq!(list["is_complete"], false, "{path}");
            let found = list.get("overdue_open").map_or(&list["total"]["total"], |late| &late["total"]);
            assert_eq!(found, 1, "{path}: {list}");
        }
        let calendar = service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None);
        let text = calendar.text.replace("\r\n ", "");
        assert!(
            calendar.status == 200 && text.contains("机关的设置不能读取") && text.contains("预警级别未知"),
            "{text}"
        );

        let case = format!("/api/v1/cases/{bad}");
        assert_eq!(service.get(&case, &county_clerk).problem(), (500, "unreadable"));
        let (check, listed) = service.office.calendars().check_clocks().unwrap();
        let found: Vec<_> = listed.iter().map(|one| (one.number.as_deref(), one.what.as_str())).collect();
        assert_eq!((check.differences, found[0]), (2, (Some("xian"), "settings")), "{listed:?}");
        assert_eq!(listed[1].case_id.unwrap().to_string(), bad);
    });
}

#[test]
fn reminder_settings_that_cannot_be_read_are_found_by_the_self_check() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let office = &bureau.service.office;
        for unknown in [r#"{ "window": 7 }"#, "[]"] {
            office.store().write(|db| settings::put(db, bureau.organ, unknown)).unwrap();
            let (_, listed) = office.calendars().check_clocks().unwrap();
            let found: Vec<_> = listed.iter().map(|one| (one.number.as_deref(), one.what.as_str())).collect();
            assert_eq!(found, [(Some("zrzy"), "reminder_settings")], "{unknown}");
        }
    });
}

#[test]
fn settings_that_cannot_be_read_are_not_replaced_where_there_are_cases() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let service = &bureau.service;
        let admin = service.user_token("guanli", bureau.organ, &[Role::Admin]);
        let path = format!("/api/v1/organs/{}", bureau.organ.0);
        let change = || {
            let version = service.office.people().organ(bureau.organ).unwrap().version;
            let tag = format!("\"{version}\"");
            let new = json!({ "settings": { "count_return_day": true } });
            service.call_with("PATCH", &path, &admin, &[("if-match", &tag)], Some(new))
        };
        let unknown = r#"{ "count_return_day": "sometimes" }"#;
        set_settings(&service.office, bureau.organ, unknown);
        assert_eq!(change().status, 200, "without a case nothing was counted by them");
        bureau.registered("2026-03-02");
        set_settings(&service.office, bureau.organ, unknown);
        assert_eq!(change().problem(), (500, "unreadable"));
        assert_eq!(service.office.people().organ(bureau.organ).unwrap().settings, unknown, "nothing was changed");

        set_settings(&service.office, bureau.organ, "[]");
        assert_eq!(service.get(&path, &admin).problem(), (500, "unreadable"), "a list is no object of defaults");
        set_settings(&service.office, bureau.organ, "{");
        assert_eq!(service.get(&path, &admin).problem(), (500, "unreadable"));
        let list = service.get("/api/v1/organs", &admin);
        assert_eq!((list.status, &list.json["items"][0]["settings"]), (200, &Value::Null));
    });
}

#[test]
fn contacts_that_cannot_be_read_are_an_error_and_not_no_contacts() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let (service, store) = (&bureau.service, bureau.service.office.store());
        let case = bureau.registered("2026-03-02");
        let id = CaseId(case.id.parse().unwrap());
        let applicant: ApplicantId = store.read(|db| cases::find(db, id)).unwrap().applicant_id;
        let reveal = || {
            let reason = json!({ "reason": "核对联系方式" });
            service.call("POST", &case.path("applicant/reveal"), &bureau.clerk, Some(reason))
        };
        let export = |query: &str| {
            service.get(&format!("/api/v1/organs/{}/ledger?format=csv{query}", bureau.organ.0), &bureau.clerk)
        };
        let revealed = || -> i64 {
            let rows = audit_log::table.filter(audit_log::action.eq("applicant.revealed")).count();
            rows.get_result(&mut database.raw()).unwrap()
        };
        assert_eq!((reveal().status, export("").status, revealed()), (200, 200, 1));
        store.write(|db| applicants::set_contact(db, store.sealer(), applicant, r#"{"phone": 1}"#)).unwrap();
        assert_eq!(reveal().problem(), (500, "unreadable"));
        assert_eq!(export("").problem(), (500, "unreadable"), "no ledger that looks whole and is not");
        let reason = "&personal_data=true&reason=%E6%A0%B8%E5%AF%B9%E5%8A%9E%E4%BB%B6%E5%8F%B0%E8%B4%A6";
        assert_eq!(export(reason).problem(), (500, "unreadable"));
        assert_eq!(revealed(), 1, "nothing was shown and nothing recorded");
        assert!(!reveal().text.contains("phone"), "nor is any of it repeated");

        store.write(|db| applicants::set_contact(db, store.sealer(), applicant, "{}")).unwrap();
        assert_eq!(reveal().status, 200);
        let kind = |code: &str| {
            let row = applicant_rows::table.find(applicant);
            let set = applicant_rows::identity_kind.eq(Some(code));
            diesel::update(row).set(set).execute(&mut database.raw()).unwrap();
        };
        kind("seal_of_the_king");
        assert_eq!((reveal().problem(), export("").problem()), ((500, "unreadable"), (500, "unreadable")));
        kind("id_card");
        assert_eq!((reveal().status, export("").status), (200, 200));
    });
}

/// More duties than one calendar shows are told by it.
#[test]
fn a_calendar_that_leaves_duties_out_says_so() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let case = bureau.registered("2026-03-02");
        let feed = bureau.service.feed(&bureau.head);
        let seen = || {
            let reply = bureau.service.send("GET", &format!("/api/v1/feeds/{feed}.ics"), &[], None);
            (reply.text.matches("BEGIN:VEVENT").count(), reply.text.contains("UID:more@gongkai"))
        };
        let duties = seen().0;
        let more = |from: usize, until: usize| {
            let duty = |n: usize| obligations::CurrentDuty {
                key: format!("copy:{n}"),
                kind: "department_task".into(),
                due_on: Some(day("2026-03-20")),
                latest_on: None,
                status: "open".into(),
                owner_id: None,
                department_id: None,
                not_by_id: None,
                article: "-".into(),
            };
            let case = CaseId(case.id.parse().unwrap());
            let add = |db: &mut Db| -> Result<(), StoreError> {
                for n in from..until {
                    let row = obligations::new_row(bureau.organ, case, &duty(n), now());
                    diesel::insert_into(duty_rows::table).values(&row).execute(db)?;
                }
                Ok(())
            };
            bureau.service.office.store().write(add).unwrap();
        };
        more(0, 1_000 - duties);
        assert_eq!(seen(), (1_000, false), "exactly as many are all");
        more(1_000 - duties, 1_001 - duties);
        assert_eq!(seen(), (1_001, true), "a thousand, and the notice");
    });
}
