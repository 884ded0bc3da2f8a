//! R4: the service was down for a while, a thousand duties had their reminder days in that time. Everything that is due
//! is queued within a minute of the start, what is settled is withdrawn, what was missed is merged and counted exactly.

use super::*;
use gongkai::law::Calendar;
use gongkai::store::cases as store_cases;
use gongkai::store::cases::obligations::{MET, OPEN};
use gongkai::store::mail::outbox as rows;
use gongkai::store::{cases::events, reminders};
use std::time::{Duration, Instant};

const DUTIES: usize = 1000;
/// Of so many one is settled while the service is down.
const SETTLED: usize = 10;

struct Thousand {
    organ: OrganId,
    handler: UserId,
    cases: Vec<CaseId>,
}

/// A bureau with one handler and a thousand cases.
fn thousand(store: &Store) -> Thousand {
    let house = house(store);
    let work = |db: &mut gongkai::store::Db| -> Result<Vec<CaseId>, StoreError> {
        diesel::delete(user_roles::table.filter(user_roles::user_id.ne(house.handler))).execute(db)?;
        (0..DUTIES)
            .map(|n| {
                let mut row = crate::support::case_row(&house.bureau);
                row.number = Some(number(n));
                row.version = 1;
                store_cases::insert(db, &row)?;
                events::append(db, row.id, 0, &[crate::support::an_event(1)], None, now())?;
                Ok(row.id)
            })
            .collect()
    };
    let cases = store.write(work).unwrap();
    Thousand { organ: house.bureau.organ, handler: house.handler, cases }
}

/// The duties to reply, due on the working days after `last`, one after the other; those in `settled` are met.
fn fall_due(store: &Store, all: &Thousand, last: NaiveDate, is_settled: impl Fn(usize) -> bool, since: &str) {
    let due: Vec<NaiveDate> = last.iter_days().skip(1).filter(|day| works(*day)).take(12).collect();
    let work = |db: &mut gongkai::store::Db| -> Result<(), StoreError> {
        for (n, case) in all.cases.iter().enumerate() {
            let status = if is_settled(n) { MET } else { OPEN };
            let duty = reply(&due[n % due.len()].to_string(), status, Some(all.handler));
            obligations::replace(db, all.organ, *case, &[duty], noon(since))?;
        }
        Ok(())
    };
    store.write(work).unwrap();
}

fn works(day: NaiveDate) -> bool {
    Calendar::national().is_working_day(day).unwrap()
}

/// The reminder days of the handler for a duty, one day after the other.
fn steps(due_on: NaiveDate, after: NaiveDate, through: NaiveDate) -> Vec<NaiveDate> {
    let between =
        |from: NaiveDate, to: NaiveDate| from.iter_days().take_while(|d| *d < to).filter(|d| works(*d)).count();
    let is_step = |day: &NaiveDate| match day.cmp(&due_on) {
        std::cmp::Ordering::Less => works(*day) && [10, 5, 3, 1].contains(&between(*day, due_on)),
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Greater => works(*day),
    };
    after.iter_days().skip(1).take_while(|day| *day <= through).filter(is_step).collect()
}

fn number(n: usize) -> String {
    format!("R4-{n:04}")
}

/// Down from the evening of `last` until `back`; the mails of the last day still wait in the queue.
fn down(database: &TestDatabase, all: &Thousand, duties: usize, last: &str, back: &str) -> String {
    let (last, back) = (day(last), day(back));
    let store = database.open();
    let since = (last - TimeDelta::days(40)).to_string();
    let all = &Thousand { cases: all.cases.iter().take(duties).copied().collect(), ..*all };
    fall_due(&store, all, last, |_| false, &since);
    remind(&room(&store), last.pred_opt().unwrap());
    let waiting: Vec<String> =
        room(&store).remind(last, None).unwrap().queued.into_iter().filter_map(|line| line.case_number).collect();
    let missed_before = store.read(reminders::missed_total).unwrap();
    let is_settled = |n: usize| n % SETTLED == 3;
    fall_due(&store, all, last, is_settled, &since);

    let service = room(&database.open());
    let started = Instant::now();
    let report = service.tick(back, true, None).unwrap().unwrap();
    let took = started.elapsed();
    assert!(took <= Duration::from_secs(60), "{took:?}");

    let due: Vec<NaiveDate> = last.iter_days().skip(1).filter(|day| works(*day)).take(12).collect();
    let (mut mails, mut missed, mut withdrawn) = (0, 0, 0);
    for n in 0..duties {
        let waits = waiting.contains(&number(n));
        // On a later day every mail of the last day is out of date; on the same day only what is settled.
        withdrawn += usize::from(waits && (back > last || is_settled(n)));
        if is_settled(n) || back == last {
            continue;
        }
        let come = steps(due[n % due.len()], if waits { last.pred_opt().unwrap() } else { last }, back);
        mails += usize::from(!come.is_empty());
        missed += come.iter().filter(|on| **on < back).count();
    }
    assert_eq!((report.queued.len(), report.withdrawn), (mails, withdrawn), "{last} to {back}");
    let told: std::collections::BTreeSet<&Option<String>> =
        report.queued.iter().map(|line| &line.case_number).collect();
    assert_eq!(told.len(), mails, "one mail a case, however many of its days were missed");
    assert_eq!(report.missed(), missed, "{last} to {back}");
    let counted = store.read(reminders::missed_total).unwrap() - missed_before;
    assert_eq!(counted, i64::try_from(missed).unwrap(), "{last} to {back}");
    let waits = store.read(rows::counts).unwrap();
    let still = if back == last { waiting.len() - withdrawn } else { mails };
    assert_eq!(waits.queued, i64::try_from(still).unwrap(), "nothing that is out of date waits");
    // Once more, on another instance: nothing.
    let again = room(&database.open()).remind(back, None).unwrap();
    assert_eq!((again.queued.len(), again.withdrawn), (0, 0));
    sent(&store);
    format!(
        "{}: {duties} duties, down {last} to {back}: {mails} mails, {missed} missed days merged, {withdrawn} withdrawn, \
         {took:?}",
        database.name
    )
}

#[test]
fn r4_after_any_downtime_all_that_is_due_is_queued_within_a_minute_merged_and_counted() {
    on_both_databases(|database| {
        let all = thousand(&database.open());
        for (last, back) in [
            ("2025-03-03", "2025-03-03"),
            ("2025-05-12", "2025-05-12"),
            ("2025-07-07", "2025-07-10"),
            ("2025-09-01", "2025-10-01"),
        ] {
            // Where no day falls into the time nothing comes due: fewer duties show it as well.
            let duties = if last == back { 100 } else { DUTIES };
            eprintln!("{}", down(database, &all, duties, last, back));
        }
    });
}
