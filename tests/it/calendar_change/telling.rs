//! Who is told what of a changed calendar.

use super::{House, amended, mails, next_year};
use crate::support::service::Service;
use crate::support::{day, on_both_databases};
use gongkai::case::Role;
use gongkai::config::Settings;
use gongkai::office::Clock;
use gongkai::store::cases::events;
use gongkai::store::reminders::preferences::{self, PreferenceRow};
use serde_json::{Value, json};

#[test]
fn a_mail_of_a_moved_date_goes_to_the_deputy_in_the_offices_own_words() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        house.bureau.registered("2026-09-10");
        house.bureau.on("2026-09-25");
        let organ = house.bureau.organ;
        let deputy = house.bureau.service.user("daili", organ, &[Role::Reviewer]);
        let away = |user| PreferenceRow {
            absent_from: Some(day("2026-09-20")),
            absent_until: Some(day("2026-09-30")),
            deputy_id: Some(deputy),
            ..PreferenceRow::usual(user)
        };
        let absent = house.bureau.service.user("jia", organ, &[Role::OfficeHead]);
        house.store().write(|db| preferences::put(db, &away(absent))).unwrap();
        let templates = tempfile::tempdir().unwrap();
        std::fs::write(templates.path().join("calendar_moved.subject.txt"), "本局：期限有变（{{ organ }}）").unwrap();
        let adjust = |settings: &mut Settings| settings.reminders.templates = templates.path().to_owned();
        let service = Service::start_with(database, Clock::fixed(day("2026-09-25")), adjust);
        let path = "/api/v1/calendar/2026";
        let shown = service.call("PUT", path, &house.admin, Some(amended())).json;
        let activate = format!("{path}?activate={}", shown["confirmation"].as_str().unwrap());
        assert_eq!(service.call("PUT", &activate, &house.admin, Some(amended())).status, 200);
        let told = mails(house.store());
        assert!(told.iter().all(|(to, ..)| to != "jia@example.cn"), "who is away is not written to: {told:?}");
        let (_, subject, text) = told.iter().find(|(to, ..)| to == "daili@example.cn").expect("the deputy is told");
        assert_eq!(subject, "本局：期限有变（zrzy局）");
        assert!(text.contains("jia某离岗（至2026年9月30日），您是其指定的代理人。"), "{text}");
    });
}

#[test]
fn what_a_case_that_has_ended_still_owes_says_that_its_old_day_was_an_estimate() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-12-01");
        let mut case = house.bureau.registered("2026-12-01");
        house.bureau.on("2026-12-10");
        case.answer("2026-12-10");
        house.bureau.on("2027-01-25");
        let remedy = json!({ "kind": "reconsideration", "received_on": "2027-01-25", "reference": "〔2027〕1号" });
        case.clerk("remedies", remedy);
        house.activate(&next_year());
        let log = house.store().read(|db| events::load(db, case.key())).unwrap();
        let last = log.last().unwrap();
        let body: Value = serde_json::from_str(&last.body).unwrap();
        // Ten working days from 25 January: 4 February at the earliest; 31 January is worked, the spring holiday is not.
        assert_eq!(
            (last.kind.as_str(), &body["moved"]),
            (
                "calendar_applied",
                &json!([{
                    "key": "remedy_response:1", "kind": "remedy_response", "due_before": "2027-02-04",
                    "was_provisional": true, "due_after": "2027-02-15"
                }])
            )
        );
    });
}
