//! The overdue list on every day of the courts' cases, against a reference that knows no more than the dates the courts
//! gave and the State Council's notices, and counts day by day.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use gongkai::cli::demo::load;
use gongkai::config::Settings;
use gongkai::office::supervision::overdue::{OverdueQuery, OverdueRow};
use gongkai::office::{Clock, Office};
use serde_json::Value;

use crate::support::{day, on_both_databases};

const TODAY: &str = "2026-11-23";

/// Case, day of receipt, last day for the reply: guiding case 26; the court of Lianyungang; Fudian town.
const COURTS: [(&str, &str, &str); 3] = [
    ("guiding-26", "2011-06-01", "2011-06-23"),
    ("lianyungang", "2022-09-30", "2022-11-02"),
    ("fudian", "2025-02-20", "2025-03-20"),
];

/// Days looked at after the last day: to the black level and beyond.
const AFTER: u64 = 45;

/// Yellow from so many working days before the last day, black from so many days after it: the defaults of an organ.
const YELLOW: u64 = 5;
const BLACK: i64 = 30;

/// The notices of the years of the three cases, read here once more.
struct Notices {
    off: BTreeSet<NaiveDate>,
    work: BTreeSet<NaiveDate>,
}

impl Notices {
    fn read() -> Self {
        let mut notices = Self { off: BTreeSet::new(), work: BTreeSet::new() };
        for text in [
            include_str!("../../config/calendar/cn-2011.json"),
            include_str!("../../config/calendar/cn-2022.json"),
            include_str!("../../config/calendar/cn-2025.json"),
        ] {
            let year: Value = serde_json::from_str(text).unwrap();
            let days = |name: &str| year[name].as_array().unwrap().clone();
            notices.off.extend(days("off").iter().map(|off| day(off["date"].as_str().unwrap())));
            notices.work.extend(days("work").iter().map(|work| day(work.as_str().unwrap())));
        }
        notices
    }

    fn is_worked(&self, on: NaiveDate) -> bool {
        let is_weekend = matches!(on.weekday(), Weekday::Sat | Weekday::Sun);
        self.work.contains(&on) || !(is_weekend || self.off.contains(&on))
    }

    /// Working days after `from`, up to and including `to`, one by one.
    fn between(&self, from: NaiveDate, to: NaiveDate) -> u64 {
        let mut count = 0;
        let mut on = from;
        while on < to {
            on = on + Days::new(1);
            count += u64::from(self.is_worked(on));
        }
        count
    }
}

/// The list, the level, and working days and days left or overdue.
type Shown = Option<(&'static str, &'static str, u64, i64)>;

fn expected(notices: &Notices, due: NaiveDate, on: NaiveDate) -> Shown {
    let late = (on - due).num_days();
    match late {
        BLACK.. => Some(("overdue_open", "black", notices.between(due, on), late)),
        1.. => Some(("overdue_open", "red", notices.between(due, on), late)),
        0 => Some(("due_soon", "orange", 0, 0)),
        _ => {
            let left = notices.between(on, due);
            (left <= YELLOW).then_some(("due_soon", "yellow", left, -late))
        }
    }
}

fn shown(list: &'static str, row: &OverdueRow) -> Shown {
    let (working, days) = match list {
        "due_soon" => (row.remaining_working_days, row.remaining_days),
        _ => (row.overdue_working_days, row.overdue_days),
    };
    Some((
        list,
        gongkai::law::WarningLevel::from_code(&row.warning.code).unwrap().code(),
        u64::from(working.unwrap()),
        i64::from(days.unwrap()),
    ))
}

#[test]
fn on_every_day_from_receipt_on_the_list_says_what_the_courts_dates_say() {
    let notices = Notices::read();
    on_both_databases(|database| {
        let settings = Settings::for_tests(&database.options.url).unwrap();
        let office = Office::with_store(database.open(), settings, Clock::fixed(day(TODAY))).unwrap();
        let loaded = load(&office, &mut |_, _| ()).unwrap();
        let supervisor = loaded.house.caller("supervisor").unwrap();
        let (mut asked, mut levels) = (0, BTreeSet::new());
        for (key, received, due) in COURTS {
            let (id, received, due) = (loaded.cases[key].0, day(received), day(due));
            // The day before receipt as well: there is no case yet.
            let mut on = received - Days::new(1);
            while on <= due + Days::new(AFTER) {
                let report = office
                    .store()
                    .read(|db| office.supervision().overdue(db, supervisor, &OverdueQuery::on(on)))
                    .unwrap();
                let lists = [
                    ("due_soon", &report.due_soon),
                    ("overdue_open", &report.overdue_open),
                    ("replied_late", &report.replied_late),
                ];
                let rows = lists.iter().flat_map(|(name, list)| list.items.iter().map(move |row| (*name, row)));
                let found: Vec<_> = rows.filter(|(_, row)| row.case_id == id).collect();
                assert!(found.len() <= 1, "{key} on {on} is in two lists");
                let answer = found.first().and_then(|(list, row)| shown(list, row));
                let reference = if on < received { None } else { expected(&notices, due, on) };
                assert_eq!(answer, reference, "{key} on {on}");
                for (_, row) in found {
                    assert_eq!((row.received_on, row.due_on), (received, due), "{key} on {on}");
                }
                levels.extend(answer.map(|(_, level, ..)| level));
                asked += 1;
                on = on + Days::new(1);
            }
        }
        assert_eq!(levels, BTreeSet::from(["yellow", "orange", "red", "black"]), "each level was seen");
        assert!(asked > 3 * 70, "{asked}");
    });
}
