//! Settings that cannot be read: nobody is reminded by a rule that is not the organ's, and the others are reminded.

use super::{add_bureau, house, numbered_case, person, reply, room, stands};
use crate::support::{day, on_both};
use diesel::prelude::*;
use gongkai::case::Role;
use gongkai::store::database::schema::organs as organ_rows;
use gongkai::store::{Store, StoreError, cases::obligations, reminders::settings};

#[test]
fn an_organ_whose_reminder_settings_cannot_be_read_is_reminded_by_no_other_rule_and_named() {
    // A list would be read as a struct of nothing but defaults.
    for unknown in [r#"{ "window": "always" }"#, "[]"] {
        on_both(|store| is_named(store, unknown));
    }
}

fn is_named(store: &Store, unknown: &str) {
    let bad = house(store);
    let good = add_bureau(store, "县局", Some(bad.above));
    let roles = [(good.organ, Role::Handler)];
    let other = person(store, "other", Some("other@gov.example"), Some(good.department), &roles);
    let case = numbered_case(store, &good, "2025-00018");
    stands(store, bad.bureau.organ, bad.case, &[reply("2025-09-19", "open", Some(bad.handler))], "2025-08-01");
    stands(store, good.organ, case, &[reply("2025-09-19", "open", Some(other))], "2025-08-01");
    store.write(|db| settings::put(db, bad.bureau.organ, unknown)).unwrap();
    let room = room(store);
    for report in [room.preview(day("2025-09-19")).unwrap(), room.remind(day("2025-09-19"), None).unwrap()] {
        let told: Vec<_> = report.queued.iter().map(|line| line.case_number.as_deref()).collect();
        assert!(!told.is_empty() && told.iter().all(|number| *number == Some("2025-00018")), "{told:?}");
        let [left] = report.unreachable.as_slice() else { panic!("{:?}", report.unreachable) };
        let why = "市局的提醒设置不能读取，没有按默认设置提醒";
        assert_eq!((left.case_number.as_deref(), left.why.as_str()), (Some("2025-00017"), why));
    }
    store.write(|db| settings::put(db, bad.bureau.organ, "{}")).unwrap();
    let report = room.remind(day("2025-09-19"), None).unwrap();
    assert!(report.queued.iter().any(|line| line.case_number.as_deref() == Some("2025-00017")), "{report:?}");
}

fn set_settings(store: &Store, organ: gongkai::store::OrganId, settings: &str) {
    let work = |db: &mut gongkai::store::Db| -> Result<usize, StoreError> {
        let row = organ_rows::table.find(organ);
        Ok(diesel::update(row).set(organ_rows::settings.eq(settings)).execute(db)?)
    };
    assert_eq!(store.write(work).unwrap(), 1);
}

#[test]
fn an_organ_whose_settings_cannot_be_read_gets_no_yearly_duty_by_default_and_is_named() {
    for unknown in [r#"{ "annual_report": "of_another_release" }"#, "[]"] {
        on_both(|store| has_no_yearly_duty(store, unknown));
    }
}

fn has_no_yearly_duty(store: &Store, unknown: &str) {
    let house = house(store);
    let other = add_bureau(store, "县局", Some(house.above));
    set_settings(store, house.bureau.organ, unknown);
    let report = room(store).remind(day("2027-01-15"), None).unwrap();
    let named: Vec<&str> = report.unreachable.iter().map(|one| one.why.as_str()).collect();
    assert!(named.contains(&"市局的设置不能读取，年度报告的期限没有更新"), "{named:?}");
    let yearly = |organ| {
        let kind = "annual_report";
        store.read(|db| gongkai::store::reports::annual_reports::duties(db, Some(organ), kind)).unwrap().len()
    };
    assert_eq!(yearly(house.bureau.organ), 0, "no duty by a default");
    assert!(yearly(other.organ) > 0, "the others have theirs");
    assert_eq!(store.read(|db| obligations::of_case(db, house.case)).unwrap(), []);
}
