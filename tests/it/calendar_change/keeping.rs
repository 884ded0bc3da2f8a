//! What may come between a change of the calendar and the cases: another change, a case that cannot be read, rows of an
//! earlier release; and that what dates were counted by stays.

use super::{House, amended, mails};
use crate::corrupt_logs::spoil;
use crate::support::{day, on_both_databases};
use diesel::prelude::*;
use gongkai::law::{Calendar, CalendarYear};
use gongkai::office::calendar::change::InForce;
use gongkai::store::calendar::NewCalendarVersion;
use gongkai::store::database::schema::{cases as case_rows, obligations as duty_rows};
use gongkai::store::{CaseId, Db, StoreError, calendar, cases};
use serde_json::{Value, json};

/// The year as the program brings it.
fn original() -> Value {
    let year = Calendar::national().years().iter().find(|year| year.year == 2026).unwrap();
    serde_json::to_value(year).unwrap()
}

impl House {
    /// Puts a year in force and stops there: no case follows yet.
    #[track_caller]
    fn put_in_force(&self, year: &Value) {
        let shown = self.preview(year);
        let parsed: CalendarYear = serde_json::from_value(year.clone()).unwrap();
        let confirmation = shown["confirmation"].as_str().unwrap();
        self.bureau.service.office.calendars().put_calendar_in_force(None, &parsed, confirmation).unwrap();
    }

    fn in_force(&self) -> InForce {
        self.store().read(|db| self.bureau.service.office.calendars().in_force_everywhere(db)).unwrap()
    }

    fn version(&self, case: CaseId) -> String {
        self.store().read(|db| cases::find(db, case)).unwrap().calendar_version
    }
}

#[test]
fn a_change_that_is_overtaken_by_another_ends_and_the_next_look_applies_that_one() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let mut case = house.bureau.registered("2026-09-10");
        house.bureau.on("2026-09-25");
        let office = &house.bureau.service.office;
        house.put_in_force(&amended());
        let first = house.in_force();
        let mut second = amended();
        second["off"].as_array_mut().unwrap().push(json!({ "date": "2026-10-09", "name": "国庆节" }));
        house.put_in_force(&second);
        let overtaken = office.calendars().apply_in_force(&first).unwrap();
        assert_eq!((overtaken.cases, overtaken.pending), (0, 1));
        case.is("registered", "running", Some("2026-10-14"));
        let applied = office.calendars().apply_calendar().unwrap();
        assert_eq!((applied.cases, applied.moved, applied.pending), (1, 1, 0));
        case.is("registered", "running", Some("2026-10-16"));
        assert_eq!(
            office.calendars().apply_in_force(&first).unwrap().pending,
            1,
            "late, it does not mark itself as applied"
        );
        assert_eq!(office.calendars().apply_calendar().unwrap(), Default::default());
    });
}

#[test]
fn an_earlier_calendar_that_comes_back_is_applied_to_those_that_followed_the_one_between() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let (mut waiting, mut busy) = (house.bureau.registered("2026-09-10"), house.bureau.registered("2026-09-10"));
        house.bureau.on("2026-09-25");
        let office = &house.bureau.service.office;
        assert_eq!(office.calendars().apply_calendar().unwrap(), Default::default());
        let version = house.version(busy.key());
        house.put_in_force(&amended());
        busy.clerk("contacts", json!({ "on": "2026-09-25", "means": "电话", "result": "reached" }));
        busy.is("registered", "running", Some("2026-10-15"));
        house.put_in_force(&original());
        assert_eq!(office.calendars().apply_calendar().unwrap().moved, 1);
        busy.is("registered", "running", Some("2026-10-14"));
        waiting.is("registered", "running", Some("2026-10-14"));
        assert_eq!([house.version(busy.key()), house.version(waiting.key())], [version.clone(), version]);
        assert_eq!(office.calendars().check_clocks().unwrap().1, []);
    });
}

/// More cases than fit in one batch, one of them with a log nobody can read.
#[test]
fn a_case_that_cannot_be_read_keeps_no_other_from_following() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let ids: Vec<CaseId> = (0..103).map(|_| house.bureau.registered("2026-09-10").key()).collect();
        house.bureau.on("2026-09-25");
        let office = &house.bureau.service.office;
        spoil(office, ids[1]);
        house.put_in_force(&amended());
        let applied = office.calendars().apply_calendar().unwrap();
        assert_eq!((applied.cases, applied.moved, applied.pending, applied.unreadable), (102, 102, 0, 1));
        assert_eq!(
            office.calendars().apply_calendar().unwrap(),
            Default::default(),
            "it is not tried again every minute"
        );
        let left: Vec<CaseId> = ids.iter().copied().filter(|id| house.version(*id) != house.version(ids[0])).collect();
        assert_eq!(left, [ids[1]]);
        let (_, listed) = office.calendars().check_clocks().unwrap();
        let found: Vec<_> = listed.iter().map(|one| (one.case_id, one.what.as_str())).collect();
        assert_eq!(found, [(Some(ids[1].0), "log")]);
    });
}

#[test]
fn the_self_check_compares_warnings_articles_orders_and_the_calendar() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let [row, duty, order, left] = [(); 4].map(|()| house.bureau.registered("2026-09-10"));
        let office = &house.bureau.service.office;
        let body = json!({ "case_id": order.id, "text": "请说明办理进度", "due_on": "2026-09-18" });
        let issued = house.bureau.service.create("/api/v1/supervision/orders", &house.bureau.supervisor, body);
        assert_eq!(issued.status, 201, "{issued:?}");
        office.calendars().apply_calendar().unwrap();
        assert_eq!(office.calendars().check_clocks().unwrap().1, []);
        let tamper = |db: &mut Db| -> Result<(), StoreError> {
            let one = case_rows::table.find(row.key());
            diesel::update(one).set(case_rows::warns_on.eq(Some(day("2026-09-21")))).execute(db)?;
            let reply = duty_rows::table.filter(duty_rows::case_id.eq(Some(duty.key())));
            diesel::update(reply.filter(duty_rows::key.eq("reply")))
                .set(duty_rows::article.eq("第一条"))
                .execute(db)?;
            let ordered = duty_rows::table.filter(duty_rows::kind.eq("supervision_order"));
            diesel::update(ordered).set(duty_rows::due_on.eq(Some(day("2026-09-21")))).execute(db)?;
            let one = case_rows::table.find(left.key());
            diesel::update(one).set(case_rows::calendar_version.eq("another")).execute(db)?;
            Ok(())
        };
        house.store().write(tamper).unwrap();
        let (check, listed) = office.calendars().check_clocks().unwrap();
        let mut found: Vec<_> = listed.iter().map(|one| (one.case_id.unwrap().to_string(), one.what.clone())).collect();
        found.sort();
        let key = format!("duty:order:{}", issued.json["id"].as_str().unwrap());
        let mut expected = [(&row, "warns_on"), (&duty, "duty:reply"), (&order, &key), (&left, "calendar_version")]
            .map(|(case, what)| (case.id.clone(), what.to_owned()));
        expected.sort();
        assert_eq!((check.differences, found), (4, expected.to_vec()));
        assert_eq!(office.calendars().apply_calendar().unwrap().cases, 1, "the case that was left behind follows");
        assert_eq!(office.calendars().check_clocks().unwrap().0.differences, 3);
    });
}

#[test]
fn rows_of_an_earlier_release_get_the_day_they_are_warned_by() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-12-10");
        let gap = house.bureau.registered("2026-12-10");
        let mut waits = house.bureau.registered("2026-12-10");
        waits.clerk("corrections", json!({ "on": "2026-12-10", "items": ["文号"], "respond_days": 10 }));
        let forget = |db: &mut Db| -> Result<usize, StoreError> {
            Ok(diesel::update(case_rows::table).set(case_rows::warns_on.eq(None::<chrono::NaiveDate>)).execute(db)?)
        };
        house.store().write(forget).unwrap();
        let office = &house.bureau.service.office;
        assert_eq!(office.cases().fill_warnings().unwrap(), 1);
        let warned = |case| house.store().read(|db| cases::find(db, case)).unwrap().warns_on;
        assert_eq!(warned(gap.key()), Some(day("2027-01-07")), "the earliest");
        assert_eq!(warned(waits.key()), None, "the period has stopped for certain");
        assert_eq!(office.cases().fill_warnings().unwrap(), 0);
    });
}

#[test]
fn a_calendar_that_cannot_be_applied_keeps_nobody_from_being_reminded() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-12-10");
        house.bureau.registered("2026-12-10");
        let change = |body: Value| house.settings(body);
        assert_eq!(change(json!({ "region": "CN-GX" })).0, 200);
        let (office, today) = (&house.bureau.service.office, day("2026-12-10"));
        let broken = NewCalendarVersion {
            region: "CN-GX",
            version: "broken",
            content: "{}",
            applied_on: today,
            created_by: None,
        };
        house.store().write(|db| calendar::put_in_force(db, broken, office.clock().now())).unwrap();
        assert!(office.calendars().apply_calendar().is_err());
        assert_eq!(office.calendars().keep_calendar(), None, "nor can the dates be checked");
        let told: Vec<String> = mails(house.store()).into_iter().map(|(to, ..)| to).collect();
        assert_eq!(told, ["guanli@example.cn"]);
    });
}

impl House {
    /// Changes the organ; status and the fields at fault.
    fn settings(&self, change: Value) -> (u16, Vec<(String, String)>) {
        let path = format!("/api/v1/organs/{}", self.bureau.organ.0);
        let service = &self.bureau.service;
        let etag = service.get(&path, &self.admin).header("etag").to_owned();
        let reply = service.call_with("PATCH", &path, &self.admin, &[("if-match", &etag)], Some(change));
        let fields = if reply.status == 422 { reply.fields() } else { Vec::new() };
        (reply.status, fields.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect())
    }
}

#[test]
fn what_periods_are_counted_by_stays_once_there_is_a_case() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let fine = (200, vec![]);
        assert_eq!(house.settings(json!({ "settings": { "count_return_day": true } })), fine);
        house.bureau.registered("2026-09-10");
        let refused = |members: &[&str]| {
            let at = members.iter().map(|member| (format!("/settings/{member}"), "in_use".to_owned()));
            (422, at.collect::<Vec<_>>())
        };
        let other = json!({ "settings": { "court": "某法院" } });
        assert_eq!(house.settings(other), refused(&["count_return_day"]), "what is not named takes its default");
        let more =
            json!({ "settings": { "count_return_day": true, "organ_stops_492": true, "correction_pauses_492": true } });
        assert_eq!(house.settings(more), refused(&["organ_stops_492", "correction_pauses_492"]));
        let same = json!({ "settings": { "count_return_day": true, "court": "某法院", "yellow_days": 7 } });
        assert_eq!(house.settings(same), fine);
        assert_eq!(house.settings(json!({ "name": "新局" })), fine);
    });
}
