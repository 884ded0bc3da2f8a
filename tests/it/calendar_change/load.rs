//! The change under load: two instances on one database, commands on every case, and a change in the middle of it.

use super::{House, amended, kinds, mails};
use crate::support::service::Service;
use crate::support::{day, on_both_databases};
use gongkai::store::{
    CaseId,
    cases::{self, events},
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Cases, each with somebody at work on it.
const CASES: usize = 8;
/// How long they work before the change and after it.
const WHILE: Duration = Duration::from_millis(700);

/// What one answer showed.
struct Seen {
    asked_at: Instant,
    due: Value,
    version: Value,
}

/// What one clerk did and saw.
struct Work {
    case: String,
    accepted: usize,
    seen: Vec<Seen>,
}

/// Records one search after the other, on either instance in turn, until told to stop.
fn work(services: [&Service; 2], token: &str, case: &str, stop: &AtomicBool) -> Work {
    let mut work = Work { case: case.to_owned(), accepted: 0, seen: Vec::new() };
    let path = format!("/api/v1/cases/{case}");
    let mut etag = services[0].get(&path, token).header("etag").to_owned();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let service = services[turn % 2];
        let asked_at = Instant::now();
        let body = json!({
            "on": "2026-09-25", "places": ["档案室"], "terms": ["征收批复"], "searched_by": "王科员", "found": false
        });
        let command = service.call_with("POST", &format!("{path}/searches"), token, &[("if-match", &etag)], Some(body));
        let shown = match command.status {
            200 => {
                work.accepted += 1;
                command
            }
            // The change was first: look again.
            412 => service.get(&path, token),
            503 => continue,
            _ => panic!("{command:?}"),
        };
        assert_eq!(shown.status, 200, "{shown:?}");
        etag = shown.header("etag").to_owned();
        let clock = &shown.json["clock"];
        work.seen.push(Seen { asked_at, due: clock["due"].clone(), version: clock["calendar_version"].clone() });
    }
    work
}

/// T19: no answer mixes two calendars, none shows the old one after the change, and nothing is lost.
#[test]
fn a_change_under_load_on_two_instances_gives_no_mixed_answer_and_loses_nothing() {
    on_both_databases(|database| {
        let house = House::open(database, "2026-09-10");
        let ids: Vec<String> = (0..CASES).map(|_| house.bureau.registered("2026-09-10").id).collect();
        house.bureau.on("2026-09-25");
        let other = Service::start(database, day("2026-09-25"));
        let (stop, services, clerk) = (AtomicBool::new(false), [&house.bureau.service, &other], &house.bureau.clerk);
        let (done, changed_at, works) = std::thread::scope(|scope| {
            let clerks: Vec<_> = ids.iter().map(|id| scope.spawn(|| work(services, clerk, id, &stop))).collect();
            std::thread::sleep(WHILE);
            let done = house.activate(&amended());
            let changed_at = Instant::now();
            std::thread::sleep(WHILE);
            stop.store(true, Ordering::Relaxed);
            let works: Vec<Work> = clerks.into_iter().map(|clerk| clerk.join().unwrap()).collect();
            (done, changed_at, works)
        });
        let (old, new) = (&done["version_in_force"], &done["version_after"]);
        let mut under = [0, 0];
        for seen in works.iter().flat_map(|work| &work.seen) {
            let is_new = seen.version == *new;
            assert!(is_new || seen.version == *old, "{}", seen.version);
            assert_eq!(seen.due, json!(if is_new { "2026-10-15" } else { "2026-10-14" }), "under {}", seen.version);
            assert!(is_new || seen.asked_at < changed_at, "the old calendar after the change");
            under[usize::from(is_new)] += 1;
        }
        assert!(under[0] >= CASES && under[1] >= CASES, "both were seen: {under:?}");

        for work in &works {
            let id = CaseId(work.case.parse().unwrap());
            let log = kinds(house.store(), id);
            let count = |kind: &str| log.iter().filter(|known| *known == kind).count();
            assert_eq!(count("search_recorded"), work.accepted, "every command that was accepted is in the log");
            assert_eq!(count("calendar_applied"), 1);
            assert_eq!(house.store().read(|db| events::verify(db, id)).unwrap(), None);
            let row = house.store().read(|db| cases::find(db, id)).unwrap();
            assert_eq!((row.due_on, json!(row.calendar_version)), (Some(day("2026-10-15")), new.clone()));
        }
        let (check, listed) = other.office.calendars().check_clocks().unwrap();
        assert_eq!((check.cases, listed), (u64::try_from(CASES).unwrap(), vec![]));

        // The clerk and the head are told of each case once, in however many mails.
        let told = mails(house.store());
        for person in ["jingban@example.cn", "fuze@example.cn"] {
            let mut lines: Vec<&str> = told
                .iter()
                .filter(|(to, ..)| to == person)
                .flat_map(|(_, _, text)| text.lines().filter(|line| line.starts_with("　　依申请〔2026〕")))
                .collect();
            lines.sort_unstable();
            let expected: Vec<String> = (1..=CASES).map(|n| format!("　　依申请〔2026〕{n}号")).collect();
            assert_eq!(lines, expected, "{person}");
        }
    });
}
