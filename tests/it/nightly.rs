//! The check of the night: by the office's clock, once a day, by one instance.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use gongkai::office::{Clock, Office};
use gongkai::store::{StoreError, service::meta};

use crate::support::bureau::Bureau;
use crate::support::service::Service;
use crate::support::{TestDatabase, day, on_both, on_both_databases};

const LEASE: &str = "clocks.check.lease";

/// Another instance on the same database.
fn another(database: &TestDatabase, today: &str) -> Office {
    let service = Service::start_with(database, Clock::fixed(day(today)), |_| {});
    service.office.clone()
}

#[test]
fn the_check_of_the_night_asks_the_clock_of_the_office() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let office = &bureau.service.office;
        let at = |hour, minute| office.clock().set_time(day("2026-03-03").and_hms_opt(hour, minute, 0).unwrap());
        at(1, 59);
        assert_eq!(office.calendars().check_clocks_nightly().unwrap(), None);
        at(2, 0);
        let check = office.calendars().check_clocks_nightly().unwrap().unwrap();
        assert_eq!((check.checked_on, check.differences), (day("2026-03-03"), 0));
        at(23, 59);
        assert_eq!(office.calendars().check_clocks_nightly().unwrap(), None, "once a day");
        office.clock().set(day("2026-03-04"));
        assert!(office.calendars().check_clocks_nightly().unwrap().is_some());
    });
}

#[test]
fn of_several_instances_one_does_the_check_of_the_night() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        for _ in 0..5 {
            bureau.registered("2026-03-02");
        }
        let offices: Vec<Office> = (0..4).map(|_| another(database, "2026-03-03")).collect();
        let barrier = Barrier::new(offices.len());
        let done: Vec<bool> = std::thread::scope(|scope| {
            let check = |office: &Office| {
                barrier.wait();
                office.calendars().check_clocks_nightly().unwrap().is_some()
            };
            let all: Vec<_> = offices.iter().map(|office| scope.spawn(move || check(office))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|is_done| **is_done).count(), 1, "{}: {done:?}", database.name);
        let left = bureau.service.office.store().read(|db| meta::get(db, LEASE)).unwrap();
        assert_eq!(left, None, "the lease was given back");
    });
}

#[test]
fn an_instance_that_died_in_the_check_is_followed_by_another_when_its_lease_is_over() {
    on_both_databases(|database| {
        let office = another(database, "2026-03-03");
        let term = Duration::from_millis(1_500);
        assert!(office.store().write(|db| meta::take_lease(db, LEASE, "dead", term)).unwrap());
        assert_eq!(office.calendars().check_clocks_nightly().unwrap(), None, "another instance does it");
        let began = Instant::now();
        while office.calendars().check_clocks_nightly().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(30), "the lease of the dead is over");
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_lease_has_one_holder_who_can_keep_it_and_give_it_back() {
    on_both(|store| {
        let (long, none) = (Duration::from_secs(60), Duration::ZERO);
        let take = |owner: &str, term| store.write(|db| meta::take_lease(db, "work", owner, term)).unwrap();
        let renew = |owner: &str| store.write(|db| meta::renew_lease(db, "work", owner, long)).unwrap();
        let end = |owner: &str| store.write(|db| meta::end_lease(db, "work", owner)).unwrap();
        assert!(!renew("a"), "nobody has it");
        assert!(take("a", long));
        assert!(!take("b", long));
        assert!(renew("a") && !renew("b"));
        end("b");
        assert!(!take("b", long), "only its holder gives it back");
        end("a");
        assert!(take("b", none), "free again");
        assert!(take("c", long), "and when the term is over");
        assert!(!renew("b"), "who lost it learns so");
        store.write(|db| meta::set(db, "work", "{")).unwrap();
        let damaged = store.write(|db| meta::take_lease(db, "work", "d", long));
        assert!(matches!(damaged, Err(StoreError::Corrupt(_))), "{damaged:?}");
    });
}

#[test]
fn a_record_of_the_last_check_that_cannot_be_read_is_a_fault_and_not_no_record() {
    on_both_databases(|database| {
        let office = another(database, "2026-03-03");
        office.store().write(|db| meta::set(db, "clocks.check", "{}")).unwrap();
        let last = office.store().read(|db| office.calendars().last_clock_check(db));
        assert!(matches!(last, Err(gongkai::office::OfficeError::Unreadable(_))), "{last:?}");
        assert!(office.calendars().check_clocks_nightly().unwrap().is_some(), "the next check writes a good one");
        assert!(office.store().read(|db| office.calendars().last_clock_check(db)).unwrap().is_some());
    });
}
