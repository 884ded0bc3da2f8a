//! The values of the page of a day (每日一览): a table of everything, then what to do once for each kind of duty.

use super::page::{day_of, duty, one_line};
use super::{Addressee, Item};
use crate::case::reminder_policy::{DayKind, DutyTiming};
use crate::law::chinese_date;
use crate::mail::duty::DutyWords;
use chrono::NaiveDate;
use minijinja::{Value, context};

/// Most rows of the table. What is more is counted.
const MOST_ROWS: usize = 40;

/// Working days ahead that the second group has.
const NEAR_DAYS: u32 = 3;

/// A group of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Now,
    Near,
    Later,
}

impl Group {
    const ALL: [Self; 3] = [Self::Now, Self::Near, Self::Later];

    const fn of(standing: DutyTiming) -> Self {
        match standing {
            DutyTiming::Left(days) if days > NEAR_DAYS => Self::Later,
            DutyTiming::Left(1..) => Self::Near,
            DutyTiming::Left(0)
            | DutyTiming::LastWorkingDay
            | DutyTiming::Today
            | DutyTiming::EarliestToday
            | DutyTiming::Between
            | DutyTiming::Overdue(_) => Self::Now,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Now => "今天到期及逾期",
            Self::Near => "三个工作日内",
            Self::Later => "以后",
        }
    }
}

/// The page of a day, by groups. What is due today comes first, then what is overdue, then what is due soon.
pub(in crate::mail) fn digest(addressee: Addressee<'_>, items: &[Item], as_of: NaiveDate) -> Value {
    let (shown, left_out) = chosen(items);
    let count = |is_counted: fn(&Item) -> bool| items.iter().filter(|item| is_counted(item)).count();
    let organs: Vec<&str> = distinct(items.iter().map(|item| item.organ.as_str()));
    context! {
        person => one_line(addressee.person),
        as_of => chinese_date(as_of),
        total => items.len(),
        overdue_count => count(|item| item.standing.is_overdue() && day_of(item) == DayKind::LastDay),
        today_count => count(|item| matches!(item.standing, DutyTiming::Today | DutyTiming::EarliestToday) && day_of(item) == DayKind::LastDay),
        organ => match organs.as_slice() { [only] => Some(one_line(only)), _ => None },
        groups => groups(&shown),
        left_out => left_out.len(),
        left_out_by => counts(&left_out),
        kinds => kinds(items),
        reasons => reasons(&shown),
        missed_note => missed_note(&shown),
    }
}

/// The rows of the table and the items that it has no room for. A day that can still be met comes before one that has passed:
/// due today, then in three working days, then overdue, the longest first, then later.
fn chosen(items: &[Item]) -> (Vec<&Item>, Vec<&Item>) {
    let turn = |item: &Item| match (Group::of(item.standing), item.standing) {
        (Group::Now, DutyTiming::Overdue(_)) => 2,
        (Group::Now, _) => 0,
        (Group::Near, _) => 1,
        (Group::Later, _) => 3,
    };
    let mut sorted: Vec<&Item> = items.iter().collect();
    sorted.sort_by(|a, b| {
        (turn(a), a.due_on, &a.case_number, &a.kind).cmp(&(turn(b), b.due_on, &b.case_number, &b.kind))
    });
    let left_out = sorted.split_off(sorted.len().min(MOST_ROWS));
    (sorted, left_out)
}

/// The groups that have a row.
fn groups(shown: &[&Item]) -> Vec<Value> {
    let rows = |group: Group| -> Vec<Value> {
        shown.iter().filter(|item| Group::of(item.standing) == group).map(|item| duty(item)).collect()
    };
    let all = Group::ALL.into_iter().map(|group| (group, rows(group)));
    all.filter(|(_, rows)| !rows.is_empty())
        .map(|(group, rows)| context! { label => group.label(), rows => rows })
        .collect()
}

/// How many of each group are not in the table, in words.
fn counts(left_out: &[&Item]) -> String {
    let of = |group: Group| left_out.iter().filter(|item| Group::of(item.standing) == group).count();
    let parts: Vec<String> = Group::ALL
        .into_iter()
        .map(|group| (group, of(group)))
        .filter(|(_, count)| *count > 0)
        .map(|(group, count)| format!("{}{count}项", group.label()))
        .collect();
    parts.join("，")
}

/// What to do, once for each kind of duty before its day and after it, also for those that the table has no room for. The
/// black level has a line of its own, because it asks for more.
fn kinds(items: &[Item]) -> Vec<Value> {
    let key = |item: &Item| {
        let is_own = item.because.is_own_work();
        (item.kind.clone(), item.standing.is_overdue(), item.is_at_risk, item.is_black && !is_own, is_own)
    };
    let mut seen = Vec::new();
    let mut kinds = Vec::new();
    for item in items {
        let key = key(item);
        if !seen.contains(&key) {
            seen.push(key);
            kinds.push(duty(item));
        }
    }
    kinds
}

/// Why the person gets the mail, each reason once with the kinds of duty it is about.
fn reasons(shown: &[&Item]) -> Vec<String> {
    let label = |item: &Item| DutyWords::of(&item.kind).label;
    let all = distinct(shown.iter().map(|item| one_line(&item.because.text())));
    all.into_iter()
        .map(|reason| {
            let of_reason = shown.iter().filter(|item| one_line(&item.because.text()) == reason);
            format!("{reason}（{}）", distinct(of_reason.map(|item| label(item))).join("、"))
        })
        .collect()
}

/// What is to be said of reminder days that passed without a mail: how many rows it is about, and since when.
fn missed_note(shown: &[&Item]) -> Option<String> {
    let late: Vec<&Item> = shown.iter().copied().filter(|item| !item.missed.is_empty()).collect();
    let first = late.iter().flat_map(|item| &item.missed).min()?;
    Some(format!(
        "其中{}项此前应发的提醒没有在当日发出（最早一次应于{}发出；服务未运行，或者事项、期限、承办人员在其后才登记），\
         合并为这一封，不再逐封补发。",
        late.len(),
        chinese_date(*first)
    ))
}

/// Each value once, in the order of its first place.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen: Vec<T> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
