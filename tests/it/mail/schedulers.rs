//! Recipe R5: schedulers as processes of their own on one database, stopped at random; each reminder is queued once, and
//! who wakes up late writes nothing late.
//!
//! `GONGKAI_TEST_FULL=1` makes it 10,000 reminders and five schedulers; without it 300 and three.

use super::*;
use crate::support::{SEALING_KEY, TestDatabase, on_both_databases};
use gongkai::store::cases::obligations::{MET, OPEN};
use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The day all duties are to be reminded of for the first time: three working days before they are due.
const TODAY: &str = "2025-09-16";
const DUE: &str = "2025-09-19";
/// How long somebody is stopped: longer than anybody waits for a lock (3 s).
const STALL: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_secs(900);

fn scheduler(database: &TestDatabase) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
    command.args(["remind", "--as-of", TODAY, "--no-send"]).env_clear();
    command.env("GONGKAI_DATABASE_URL", &database.options.url);
    command.env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY);
    command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
    command.env("GONGKAI_REMINDERS__DIGEST", "false");
    command.env("GONGKAI_SMTP__FROM", "office@gov.example");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    // Whoever has finished meanwhile needs none.
    let _ = Command::new("kill").args([name, &child.id().to_string()]).stderr(Stdio::null()).status();
}

fn duties(count: usize, status: &str, owner: UserId) -> Vec<CurrentDuty> {
    let duty = |n| CurrentDuty {
        key: format!("department_task:{n}"),
        kind: "department_task".into(),
        ..reply(DUE, status, Some(owner))
    };
    (0..count).map(duty).collect()
}

/// Key, case and instant of every row.
fn queued(store: &Store) -> Vec<(String, Option<CaseId>, Ts)> {
    let columns = (outbox_table::dedupe_key, outbox_table::case_id, outbox_table::created_at);
    store.read(|db| -> Result<_, StoreError> { Ok(outbox_table::table.select(columns).load(db)?) }).unwrap()
}

/// Closes all duties of the case; a stopped scheduler may hold a lock: then again. Answers when it was done.
fn close(store: &Store, house: &House, case: CaseId, count: usize) -> Ts {
    let closed = duties(count, MET, house.handler);
    let began = Instant::now();
    loop {
        let work = |db: &mut gongkai::store::Db| obligations::replace(db, house.bureau.organ, case, &closed, now());
        match store.write(work) {
            Ok(_) => return now(),
            Err(cause) => assert!(began.elapsed() < Duration::from_secs(60), "cannot close: {cause}"),
        }
    }
}

#[test]
fn stopped_schedulers_queue_each_reminder_once_and_nothing_late() {
    let is_full = std::env::var_os("GONGKAI_TEST_FULL").is_some();
    let (count, schedulers) = if is_full { (10_000, 5) } else { (300, 3) };
    on_both_databases(|database| {
        let store = database.open();
        let house = house(&store);
        let organ = house.bureau.organ;
        let closing = numbered_case(&store, &house.bureau, "2025-00018");
        let half = count / 2;
        stands(&store, organ, house.case, &duties(half, OPEN, house.handler), "2025-08-22");
        stands(&store, organ, closing, &duties(count - half, OPEN, house.handler), "2025-08-22");
        let mut running: Vec<Child> = (0..schedulers).map(|_| scheduler(database)).collect();
        let mut closed_at = None;
        for (at, share) in [(0, 6), (1, 1)] {
            // In the middle of the pass; what was read of the page in hand is then stale.
            let began = Instant::now();
            while queued(&store).len() < half / share && began.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let stalled = &running[at];
            std::thread::scope(|scope| {
                signal(stalled, "-STOP");
                // Whoever was stopped with SQLite's one write lock in hand stops everybody until it wakes.
                scope.spawn(|| {
                    std::thread::sleep(STALL);
                    signal(stalled, "-CONT");
                });
                closed_at = closed_at.or_else(|| Some(close(&store, &house, closing, count - half)));
            });
        }
        // Whoever met a lock that was held too long is started again, as the service looks again every minute.
        let began = Instant::now();
        while let Some(child) = running.pop() {
            let mut child = child;
            while !child.wait().unwrap().success() {
                assert!(began.elapsed() < PATIENCE, "a scheduler does not come through");
                child = scheduler(database);
            }
        }
        let rows = queued(&store);
        let keys: HashSet<&str> = rows.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(keys.len(), rows.len());
        let of = |case: CaseId| rows.iter().filter(move |(_, found, _)| *found == Some(case));
        assert_eq!(of(house.case).count(), half, "each open duty once");
        let closed_at = closed_at.unwrap();
        let late: Vec<_> = of(closing).filter(|(.., at)| *at > closed_at).collect();
        assert!(late.is_empty(), "queued after the duty was closed: {late:?}");
        let in_time = of(closing).count();
        eprintln!("{}: {} mails, {in_time} before {} duties were closed", database.name, rows.len(), count - half);
        assert!(in_time < count - half, "all had been queued before anything was closed: stop earlier");
        assert_eq!(room(&store).remind(day(TODAY), None).unwrap().queued, [], "and nothing was missed");
    });
}
