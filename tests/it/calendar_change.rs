//! A change of the calendar: shown, put in force, applied to what is open, and nothing else moved.

mod command;
mod keeping;
mod load;
mod telling;

use crate::support::bureau::{Bureau, CaseAt};
use crate::support::service::Reply;
use crate::support::{TestDatabase, day, on_both_databases};
use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::law::{Calendar, CalendarYear};
use gongkai::store::database::schema::{cases as case_rows, obligations as duty_rows, outbox as outbox_rows};
use gongkai::store::{
    CaseId, Store, StoreError, Ts, calendar,
    cases::{self, events, obligations},
    evidence::audit,
    now,
};
use mail_parser::MessageParser;
use serde_json::{Value, json};

/// The year in force, with 8 October off and 17 October worked for it.
fn amended() -> Value {
    let year = Calendar::national().years().iter().find(|year| year.year == 2026).unwrap();
    let mut year = serde_json::to_value(year).unwrap();
    year["amendments"] = json!(["国办发明电〔2026〕99号 关于2026年国庆节放假安排的补充通知 2026-09-24"]);
    year["off"].as_array_mut().unwrap().push(json!({ "date": "2026-10-08", "name": "国庆节" }));
    year["work"].as_array_mut().unwrap().push(json!("2026-10-17"));
    year
}

/// A notice for 2027 as it might be.
fn next_year() -> Value {
    let holidays = [
        ("元旦", "2027-01-01", 3),
        ("春节", "2027-02-05", 9),
        ("清明节", "2027-04-03", 3),
        ("劳动节", "2027-05-01", 5),
        ("端午节", "2027-06-09", 1),
        ("中秋节", "2027-09-15", 1),
        ("国庆节", "2027-10-01", 7),
    ];
    let off = holidays.iter().flat_map(|(name, first, days)| {
        day(first).iter_days().take(*days).map(move |date| json!({ "date": date, "name": name }))
    });
    json!({
        "year": 2027, "notice": "国办发明电〔2026〕8号 国务院办公厅关于2027年部分节假日安排的通知 2026-12-12",
        "amendments": [], "off": off.collect::<Vec<_>>(),
        "work": ["2027-01-31", "2027-02-20", "2027-04-25", "2027-05-08", "2027-10-09"]
    })
}

/// A bureau with an administrator at its top.
struct House {
    bureau: Bureau,
    admin: String,
}

impl House {
    fn open(database: &TestDatabase, today: &str) -> Self {
        let bureau = Bureau::open(database, today);
        let admin = bureau.service.user_token("guanli", bureau.organ, &[Role::Admin]);
        Self { bureau, admin }
    }

    fn put(&self, year: &Value, query: &str) -> Reply {
        let path = format!("/api/v1/calendar/{}{query}", year["year"]);
        self.bureau.service.call("PUT", &path, &self.admin, Some(year.clone()))
    }

    #[track_caller]
    fn preview(&self, year: &Value) -> Value {
        let reply = self.put(year, "");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json
    }

    /// Shows and activates.
    #[track_caller]
    fn activate(&self, year: &Value) -> Value {
        let shown = self.preview(year);
        let reply = self.put(year, &format!("?activate={}", shown["confirmation"].as_str().unwrap()));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!((&reply.json["is_active"], &reply.json["cases_pending"]), (&json!(true), &json!(0)));
        reply.json
    }

    fn store(&self) -> &Store {
        self.bureau.service.office.store()
    }

    /// What a case shows in every view: itself, its clock today and on days gone by, its log, the lists of late cases.
    fn views(&self, case: &CaseAt<'_>) -> Vec<Value> {
        let below = ["", "clock", "clock?as_of=2026-09-20", "clock?as_of=2026-09-25", "events"];
        let seen = below.map(|below| self.bureau.service.get(&case.path(below), &self.bureau.clerk).json);
        let lists = ["", "?as_of=2026-09-20"];
        let lists =
            lists.map(|q| self.bureau.service.get(&format!("/api/v1/overdue{q}"), &self.bureau.supervisor).json);
        let of_case = |list: &Value| {
            let all = ["due_soon", "overdue_open", "replied_late"]
                .map(|name| list[name]["items"].as_array().unwrap().clone());
            let rows: Vec<Value> = all.concat().into_iter().filter(|row| row["case_id"] == case.id.as_str()).collect();
            json!(rows)
        };
        seen.into_iter().chain(lists.iter().map(of_case)).collect()
    }
}

impl CaseAt<'_> {
    fn key(&self) -> CaseId {
        CaseId(self.id.parse().unwrap())
    }

    fn answer(&mut self, on: &str) -> &mut Self {
        self.clerk("items", json!({ "on": on, "items": [{ "text": "征收批复" }] }));
        self.clerk("outcome", json!({ "on": on, "outcome": "disclosed.provided", "reasons": "可以公开" })).approve(on);
        self.clerk("reply", json!({ "on": on }));
        self.clerk("dispatches", json!({ "method": "post", "on": on, "carrier": "中国邮政EMS" }))
    }
}

fn kinds(store: &Store, case: CaseId) -> Vec<String> {
    let log = store.read(|db| events::load(db, case)).unwrap();
    log.into_iter().map(|row| row.kind).collect()
}

/// Address, subject and text of every mail in the outbox, by address.
fn mails(store: &Store) -> Vec<(String, String, String)> {
    let rows: Vec<(String, String, Vec<u8>)> = store
        .read(|db| -> Result<_, StoreError> {
            let columns = (outbox_rows::to_address, outbox_rows::subject, outbox_rows::message);
            Ok(outbox_rows::table.order((outbox_rows::to_address, outbox_rows::id)).select(columns).load(db)?)
        })
        .unwrap();
    let text = |bytes: &[u8]| MessageParser::default().parse(bytes).unwrap().body_text(0).unwrap().into_owned();
    rows.into_iter().map(|(to, subject, bytes)| (to, subject, text(&bytes))).collect()
}

#[test]
fn a_preview_shows_days_and_cases_and_changes_nothing() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let mut case = house.bureau.registered("2026-09-10");
        house.bureau.on("2026-09-25");
        let before = house.views(&case);
        let shown = house.preview(&amended());
        let days: Vec<_> = shown["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| (day["date"].clone(), day["before"].clone(), day["after"].clone()))
            .collect();
        assert_eq!(json!(days), json!([["2026-10-08", "work", "rest"], ["2026-10-17", "rest", "work"]]));
        assert_eq!(
            (&shown["is_active"], &shown["cases_looked_at"], &shown["cases_moved"]),
            (&json!(false), &json!(1), &json!(1))
        );
        assert_eq!(
            shown["items"],
            json!([{
                "case_id": case.id, "organ_code": "zrzy", "number": "依申请〔2026〕1号",
                "moved": [{ "key": "reply", "kind": "reply", "due_before": "2026-10-14", "due_after": "2026-10-15" }]
            }])
        );
        assert_eq!(house.views(&case), before);
        assert_eq!(mails(house.store()), []);
        case.is("registered", "running", Some("2026-10-14"));
        assert_eq!(house.store().read(|db| calendar::version_in_force(db, "")).unwrap(), None, "nothing is written");
    });
}

/// T20: open cases move with an event; what is decided stays as it was decided.
#[test]
fn an_activation_moves_what_is_open_and_nothing_that_is_closed() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let mut open = house.bureau.registered("2026-09-10");
        let mut unmoved = house.bureau.registered("2026-09-10");
        let mut served = house.bureau.registered("2026-09-10");
        let mut sent = house.bureau.registered("2026-09-10");
        house.bureau.on("2026-09-24");
        served.answer("2026-09-24");
        served
            .clerk("service-proofs", json!({ "on": "2026-09-24", "result": "signed", "signatory": "王小明（本人）" }));
        sent.answer("2026-09-24");
        // A consultation stops the period: no day of it moves.
        unmoved.clerk("consultations", json!({
            "kind": "other_organ", "party": "某局", "subject": "批复文本", "sent_on": "2026-09-11", "applicant_told_on": "2026-09-11"
        }));
        house.bureau.on("2026-09-25");
        let (decided, then) = (house.views(&served), house.views(&open));
        let (row, reply_of_sent) = (
            house.store().read(|db| cases::find(db, served.key())).unwrap(),
            house.bureau.service.get(&sent.path("clock"), &house.bureau.clerk).json,
        );

        let done = house.activate(&amended());
        assert_eq!(done["cases_moved"], 2, "{done:?}");

        assert_eq!(house.views(&served), decided, "a closed case shows what it showed");
        assert_eq!(house.store().read(|db| cases::find(db, served.key())).unwrap(), row);
        assert_eq!(house.bureau.service.get(&sent.path("clock"), &house.bureau.clerk).json, reply_of_sent);
        open.is("registered", "running", Some("2026-10-15"));
        let version = done["version_after"].as_str().unwrap();
        let log = house.bureau.service.get(&open.path("events"), &house.bureau.clerk).json;
        let last = log.as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["kind"]["label"], &last["on"], &last["actor_id"]),
            (&json!("工作日历变动"), &json!("2026-09-25"), &Value::Null)
        );
        assert_eq!(
            last["body"],
            json!({
                "v": 1, "event": "calendar_applied", "on": "2026-09-25", "from_version": done["version_in_force"],
                "to_version": version,
                "moved": [{ "key": "reply", "kind": "reply", "due_before": "2026-10-14", "due_after": "2026-10-15" }]
            })
        );
        // Looking back at a day before the change shows what was shown on it.
        let now = house.views(&open);
        assert_eq!((&now[2], &now[6]), (&then[2], &then[6]), "as of 20 September");
        assert_ne!(now[3], then[3], "as of today");

        for case in [&open, &unmoved] {
            let row = house.store().read(|db| cases::find(db, case.key())).unwrap();
            assert_eq!(row.calendar_version, version);
        }
        assert!(!kinds(house.store(), unmoved.key()).contains(&"calendar_applied".to_owned()));
        // What a closed case still owes runs on: the proof of service is looked after by the calendar in force.
        let owed = house.store().read(|db| obligations::of_case(db, sent.key())).unwrap();
        let due = |key: &str| owed.iter().find(|duty| duty.key == key).unwrap().due_on.unwrap().to_string();
        assert_eq!((due("service_proof"), due("reply")), ("2026-10-16".to_owned(), "2026-10-14".to_owned()));
        assert_eq!(kinds(house.store(), sent.key()).last().unwrap(), "calendar_applied");

        for case in [&open, &unmoved, &served, &sent] {
            assert_eq!(house.store().read(|db| events::verify(db, case.key())).unwrap(), None);
        }
        let (check, listed) = house.bureau.service.office.calendars().check_clocks().unwrap();
        assert_eq!((check.cases, listed), (4, vec![]));
        let entries = house
            .store()
            .read(|db| {
                audit::list(
                    db,
                    &audit::AuditFilter {
                        action: Some(gongkai::case::AuditAction::CalendarActivated),
                        ..Default::default()
                    },
                    None,
                    10,
                )
            })
            .unwrap();
        assert_eq!(entries.len(), 1);

        let told = mails(house.store());
        let text: Vec<String> = told.iter().map(|(to, subject, text)| format!("{to}\n{subject}\n\n{text}")).collect();
        insta::assert_snapshot!("moved", text.join("\n----\n"));
        // Once more is nothing: no event, no mail.
        let again = house.activate(&amended());
        assert_eq!(again["cases_moved"], 0);
        assert_eq!(mails(house.store()), told);
    });
}

#[test]
fn what_was_not_shown_is_not_done_and_only_the_top_may_do_it() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-25");
        let shown = house.preview(&amended());
        assert_eq!(house.put(&amended(), "?activate=0000").problem(), (412, "stale"));
        let mut other = amended();
        other["notice"] = json!("另一个通知");
        let query = format!("?activate={}", shown["confirmation"].as_str().unwrap());
        assert_eq!(house.put(&other, &query).problem(), (412, "stale"), "another file than the one shown");
        let below = house.bureau.service.organ("xian", Some(house.bureau.organ));
        let county = house.bureau.service.user_token("xianguan", below, &[Role::Admin]);
        let by_county =
            house.bureau.service.call("PUT", &format!("/api/v1/calendar/2026{query}"), &county, Some(amended()));
        assert_eq!(by_county.problem(), (403, "role_required"));
        let mut wrong = amended();
        wrong["year"] = json!(2027);
        let path = "/api/v1/calendar/2026";
        let reply = house.bureau.service.call("PUT", path, &house.admin, Some(wrong));
        assert_eq!((reply.problem(), reply.fields()), ((422, "invalid"), vec![("/year", "wrong_year")]));
        house.activate(&amended());
        // Whoever got no answer asks again: it is in force, and nothing is done twice.
        let again = house.put(&amended(), &query);
        assert_eq!((again.status, &again.json["is_active"], &again.json["days"]), (200, &json!(true), &json!([])));
        assert_eq!(house.store().read(|db| calendar::history(db, "", 2026)).unwrap().len(), 2);
        let mut later = amended();
        later["notice"] = json!("另一个通知");
        assert_eq!(house.put(&later, &query).problem(), (412, "stale"), "the calendar in force is another by now");
    });
}

/// T18: the file with a slip is refused as a whole, each slip with its place.
#[test]
fn a_notice_with_slips_is_refused_with_every_place() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-25");
        let mut typed = amended();
        let at = |typed: &Value, date: &str| {
            typed["off"].as_array().unwrap().iter().position(|day| day["date"] == date).unwrap()
        };
        let swapped = at(&typed, "2026-10-05");
        typed["off"][swapped]["date"] = json!("2026-05-10");
        typed["work"][1] = json!("2026-02-13");
        let reply = house.put(&typed, "");
        assert_eq!(reply.problem(), (422, "invalid"));
        let place = format!("/off/{swapped}/date");
        assert_eq!(reply.fields(), [("/work/1", "work_on_weekday"), (place.as_str(), "stray_day")]);
        let detail = reply.json["errors"][1]["detail"].as_str().unwrap();
        assert!(detail.ends_with("是否应为 2026-10-05（日、月颠倒）"), "{detail}");
    });
}

/// A change that stopped half way: each case is whole under one calendar, and the next look finishes.
#[test]
fn a_killed_activation_is_completed_by_the_next_look_and_overtaken_by_no_command() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let mut waiting = house.bureau.registered("2026-09-10");
        let mut busy = house.bureau.registered("2026-09-10");
        house.bureau.on("2026-09-25");
        let office = &house.bureau.service.office;
        let year: CalendarYear = serde_json::from_value(amended()).unwrap();
        let shown = house.preview(&amended());
        office.calendars().put_calendar_in_force(None, &year, shown["confirmation"].as_str().unwrap()).unwrap();
        // Killed here. A case that had no turn is shown by the calendar its row names, all of it.
        let old = shown["version_in_force"].clone();
        let view = house.bureau.service.get(&waiting.path(""), &house.bureau.clerk).json;
        assert_eq!((&view["clock"]["due"], &view["clock"]["calendar_version"]), (&json!("2026-10-14"), &old));
        // A command on such a case finds it under the calendar in force.
        let etag = busy.etag();
        busy.clerk("contacts", json!({ "on": "2026-09-25", "means": "电话", "result": "reached" }));
        assert_ne!(busy.etag(), etag);
        busy.is("registered", "running", Some("2026-10-15"));
        assert_eq!(kinds(house.store(), busy.key())[3..], ["calendar_applied", "contact_logged"]);

        let applied = office.calendars().apply_calendar().unwrap();
        assert_eq!((applied.cases, applied.moved, applied.pending), (1, 1, 0));
        assert_eq!(office.calendars().apply_calendar().unwrap(), Default::default(), "done is done");
        waiting.is("registered", "running", Some("2026-10-15"));
        let told: Vec<String> = mails(house.store()).into_iter().map(|(to, ..)| to).collect();
        assert_eq!(told, ["fuze@example.cn", "fuze@example.cn", "jingban@example.cn", "jingban@example.cn"]);
        assert_eq!(office.calendars().check_clocks().unwrap().1, []);
    });
}

/// T3: without the year the date is an estimate and says so; with it the date is one.
#[test]
fn a_new_year_turns_estimates_into_dates_and_ends_the_reminders_for_it() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-12-10");
        let mut case = house.bureau.registered("2026-12-10");
        case.is("registered", "gap", None);
        let office = &house.bureau.service.office;
        assert_eq!(office.reminders().remind_of_missing_year().unwrap(), 1);
        assert_eq!(office.reminders().remind_of_missing_year().unwrap(), 0, "once a week");
        house.bureau.on("2026-12-13");
        assert_eq!(office.reminders().remind_of_missing_year().unwrap(), 0, "the Sunday of the same week");
        house.bureau.on("2026-12-14");
        assert_eq!(office.reminders().remind_of_missing_year().unwrap(), 1);
        let told = mails(house.store());
        assert!(told.iter().all(|(to, ..)| to == "guanli@example.cn"));
        insta::assert_snapshot!("missing", format!("{}\n\n{}", told[0].1, told[0].2));

        let shown = house.preview(&next_year());
        assert_eq!(shown["days"].as_array().unwrap().len(), 18 + 5, "weekdays off and weekends worked");
        assert_eq!(
            shown["items"][0]["moved"],
            json!([{
                "key": "reply", "kind": "reply", "due_before": "2027-01-07", "was_provisional": true,
                "due_after": "2027-01-08"
            }])
        );
        house.activate(&next_year());
        case.is("registered", "running", Some("2027-01-08"));
        house.bureau.on("2026-12-21");
        assert_eq!(office.reminders().remind_of_missing_year().unwrap(), 0);
        assert_eq!(
            house.bureau.service.get("/api/v1/calendar/2027", &house.admin).json["notice"],
            next_year()["notice"]
        );
    });
}

#[test]
fn before_november_nobody_is_reminded_of_next_year() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let case = house.bureau.registered("2026-09-10");
        let reach = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
            let theirs = duty_rows::table.filter(duty_rows::case_id.eq(Some(case.key())));
            Ok(diesel::update(theirs).set(duty_rows::due_on.eq(Some(day("2027-01-15")))).execute(db)?)
        };
        house.store().write(reach).unwrap();
        let office = &house.bureau.service.office;
        for (today, mails) in
            [("2026-10-31", 0), ("2026-11-01", 1), ("2026-11-02", 1), ("2026-11-08", 0), ("2027-01-04", 1)]
        {
            house.bureau.on(today);
            assert_eq!(office.reminders().remind_of_missing_year().unwrap(), mails, "{today}");
        }
        let instants = outbox_rows::table.order(outbox_rows::created_at).select(outbox_rows::next_attempt_at);
        let instants = |db: &mut gongkai::store::Db| -> Result<Vec<Ts>, StoreError> { Ok(instants.load(db)?) };
        let hours = house.store().read(instants).unwrap().into_iter().map(|at| (at.0 - now().0).num_minutes());
        assert_eq!(hours.map(|minutes| (minutes + 30) / 60).collect::<Vec<_>>(), [22, 0, 0], "on Sunday it waits");
    });
}

/// The self-check finds what somebody changed behind the service's back.
#[test]
fn a_tampered_date_is_found_by_the_self_check() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let (row, duty) = (house.bureau.registered("2026-09-10"), house.bureau.registered("2026-09-10"));
        house.bureau.on("2026-09-30");
        let office = &house.bureau.service.office;
        let (good, listed) = office.calendars().check_clocks().unwrap();
        assert_eq!((good.cases, good.differences, listed), (2, 0, vec![]), "days gone by are no difference");
        assert_eq!(house.bureau.service.later_ready().json["clocks"]["differences"], 0);
        let tamper = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
            let one = case_rows::table.find(row.key());
            diesel::update(one).set(case_rows::due_on.eq(Some(day("2026-11-14")))).execute(db)?;
            let other =
                duty_rows::table.filter(duty_rows::case_id.eq(Some(duty.key()))).filter(duty_rows::key.eq("reply"));
            diesel::update(other).set(duty_rows::due_on.eq(Some(day("2026-10-15")))).execute(db)?;
            Ok(())
        };
        house.store().write(tamper).unwrap();
        let (bad, listed) = office.calendars().check_clocks().unwrap();
        let mut found: Vec<_> =
            listed.iter().map(|one| (one.case_id.unwrap().to_string(), one.what.as_str())).collect();
        found.sort();
        let mut expected = vec![(row.id.clone(), "due_on"), (duty.id.clone(), "duty:reply")];
        expected.sort();
        assert_eq!((bad.differences, found), (2, expected));
        assert_eq!(house.bureau.service.later_ready().json["clocks"]["differences"], 2);
        let metrics = house.bureau.service.get("/metrics", "").text;
        assert!(metrics.contains("gongkai_clock_differences 2\n"), "{metrics}");
        let (code, text, _) = command::gongkai(database, &["audit", "clocks", "--json"]);
        assert!(code == 1 && text.contains("\"what\":\"due_on\""), "{code} {text}");
    });
}

/// A region's days lie on the new national calendar too.
#[test]
fn an_organ_of_a_region_follows_the_new_year_with_its_own_days_on_top() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-04-10");
        let organ = house.bureau.organ.0;
        let path = format!("/api/v1/organs/{organ}");
        let etag = house.bureau.service.get(&path, &house.admin).header("etag").to_owned();
        let change = json!({ "region": "CN-GX" });
        let reply = house.bureau.service.call_with("PATCH", &path, &house.admin, &[("if-match", &etag)], Some(change));
        assert_eq!(reply.status, 200, "{reply:?}");
        let mut case = house.bureau.registered("2026-04-10");
        case.is("registered", "running", Some("2026-05-14"));
        let mut year = amended();
        year["off"].as_array_mut().unwrap().push(json!({ "date": "2026-05-06", "name": "劳动节" }));
        let done = house.activate(&year);
        assert_eq!(done["cases_moved"], 1);
        case.is("registered", "running", Some("2026-05-15"));
        let row = house.store().read(|db| cases::find(db, case.key())).unwrap();
        assert!(row.calendar_version.ends_with("+CN-GX"), "{}", row.calendar_version);
    });
}
