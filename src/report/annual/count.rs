//! Counting: which cell of a form a case belongs to, and the tables that result.
//!
//! A case in stock in a period came in before or in it, and either left in it or did not: so 一＋二＝（七）＋四 whatever the cases
//! are. A cell is a [`Selector`]; the table and the list behind a cell both ask it, so that they cannot disagree.

use super::form::{self, Form, TOTAL, UNDECIDED};
use crate::case::{ApplicantKind, Course, RemedyCourse};
use crate::law::{Channel, Outcome};
use chrono::NaiveDate;

/// First and last day, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, 24:00.
    pub until: NaiveDate,
}

impl Period {
    /// A calendar year.
    #[must_use]
    pub fn year(year: i32) -> Option<Self> {
        Some(Self { from: NaiveDate::from_ymd_opt(year, 1, 1)?, until: NaiveDate::from_ymd_opt(year, 12, 31)? })
    }

    /// A year or a part of it by its code, with what it is called: `year`, `h1`, `h2`, `q1` … `q4`, `m1` … `m12`.
    #[must_use]
    pub fn named(year: i32, code: &str) -> Option<(Self, String)> {
        let months = |first: u32, last: u32| {
            let from = NaiveDate::from_ymd_opt(year, first, 1)?;
            let next = if last == 12 {
                NaiveDate::from_ymd_opt(year + 1, 1, 1)
            } else {
                NaiveDate::from_ymd_opt(year, last + 1, 1)
            };
            Some(Self { from, until: next?.pred_opt()? })
        };
        let number = |prefix: char, most: u32| {
            code.strip_prefix(prefix)?.parse::<u32>().ok().filter(|number| (1..=most).contains(number))
        };
        if let Some(quarter) = number('q', 4) {
            return Some((months(3 * quarter - 2, 3 * quarter)?, format!("{year}年第{quarter}季度")));
        }
        if let Some(month) = number('m', 12) {
            return Some((months(month, month)?, format!("{year}年{month}月")));
        }
        match code {
            "year" => Some((months(1, 12)?, format!("{year}年"))),
            "h1" => Some((months(1, 6)?, format!("{year}年上半年"))),
            "h2" => Some((months(7, 12)?, format!("{year}年下半年"))),
            _ => None,
        }
    }

    /// The period of the same kind just before: its year and code.
    #[must_use]
    pub fn before(year: i32, code: &str) -> Option<(i32, String)> {
        let back = |prefix: char, most: u32| {
            let number: u32 = code.strip_prefix(prefix)?.parse().ok()?;
            Some(if number == 1 {
                (year - 1, format!("{prefix}{most}"))
            } else {
                (year, format!("{prefix}{}", number - 1))
            })
        };
        match code {
            "year" => Some((year - 1, "year".to_owned())),
            code => back('h', 2)
                .or_else(|| back('q', 4))
                .or_else(|| back('m', 12))
                .filter(|_| Self::named(year, code).is_some()),
        }
    }

    /// Whether the day is one of it.
    #[must_use]
    pub fn has(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }
}

/// Cases of one kind: a course, whether the reply was late, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLine {
    /// Their course.
    pub course: Course,
    /// Whether the reply came too late.
    pub is_late: bool,
    /// How many.
    pub count: u32,
}

/// When something happened, seen from the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Before it.
    Before,
    /// In it.
    Within,
    /// After it, or not at all.
    Later,
}

impl When {
    /// Seen from this period.
    #[must_use]
    pub fn of(day: Option<NaiveDate>, period: &Period) -> Self {
        match day {
            Some(day) if day < period.from => Self::Before,
            Some(day) if day <= period.until => Self::Within,
            Some(_) | None => Self::Later,
        }
    }
}

/// Which cases a cell counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// When they came in; any: before the end of the period.
    pub entered: Option<When>,
    /// When they left; any: not before the period.
    pub ended: Option<When>,
    /// In one of these categories; empty: any.
    pub outcomes: Vec<Outcome>,
    /// By one of these ways; empty: any.
    pub channels: Vec<Channel>,
    /// Replied in time and without extension (true), or not.
    pub is_in_time: Option<bool>,
    /// Of this kind of applicant.
    pub kind: Option<ApplicantKind>,
}

impl Selector {
    /// Whether the cell counts the cases of this line.
    #[must_use]
    pub fn takes(&self, line: &TableLine, period: &Period) -> bool {
        let Course { applicant_kind, channel, entered_on, concluded } = line.course;
        let entered = When::of(Some(entered_on), period);
        let ended = When::of(concluded.map(|end| end.on), period);
        let in_time = concluded.is_some_and(|end| !end.is_extended) && !line.is_late;
        entered != When::Later
            && ended != When::Before
            && self.entered.is_none_or(|wanted| wanted == entered)
            && self.ended.is_none_or(|wanted| wanted == ended)
            && (self.outcomes.is_empty() || concluded.is_some_and(|end| self.outcomes.contains(&end.outcome)))
            && (self.channels.is_empty() || self.channels.contains(&channel))
            && self.is_in_time.is_none_or(|wanted| wanted == in_time)
            && self.kind.is_none_or(|wanted| wanted == applicant_kind)
    }
}

/// The cases of a cell of table three, or of the 2014 sheet; `None` for a row or column the form has not.
#[must_use]
pub fn selector(form: Form, row: &str, column: &str) -> Option<Selector> {
    let kind = match ApplicantKind::ALL.iter().find(|kind| kind.label() == column) {
        Some(kind) if form != Form::Sheet2014 => Some(*kind),
        _ if column == TOTAL => None,
        _ => return None,
    };
    let any =
        Selector { entered: None, ended: None, outcomes: Vec::new(), channels: Vec::new(), is_in_time: None, kind };
    let entered = |when| Selector { entered: Some(when), ..any.clone() };
    let ended = |when| Selector { ended: Some(when), ..any.clone() };
    let in_time = |is| Selector { ended: Some(When::Within), is_in_time: Some(is), ..any.clone() };
    let of_outcomes = |is_there: &dyn Fn(&str) -> bool| {
        let outcomes = Outcome::all().filter(|outcome| form.row_of(*outcome).is_some_and(is_there)).collect();
        Selector { ended: Some(When::Within), outcomes, ..any.clone() }
    };
    if !form.rows().contains(&row) {
        return None;
    }
    Some(match row {
        form::RECEIVED | form::SHEET_RECEIVED => entered(When::Within),
        form::CARRIED => entered(When::Before),
        form::RESULTS | form::SHEET_ENDED => ended(When::Within),
        form::PENDING => ended(When::Later),
        form::SHEET_IN_TIME => in_time(true),
        form::SHEET_EXTENDED => in_time(false),
        form::SHEET_ANSWERED => of_outcomes(&|_| true),
        form::SHEET_REFUSED => of_outcomes(&form::is_refusal_of_sheet),
        row => match form::channels_of(row) {
            Some(channels) => Selector { entered: Some(When::Within), channels: channels.to_vec(), ..any },
            None => of_outcomes(&|other| other == row),
        },
    })
}

/// A table: rows in the form's order, each with a number per column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<(&'static str, Vec<u32>)>,
}

impl Table {
    /// The number in a cell; `None` for a cell there is not.
    #[must_use]
    pub fn get(&self, row: &str, column: &str) -> Option<u32> {
        let at = self.columns.iter().position(|other| *other == column)?;
        self.rows.iter().find(|(other, _)| *other == row).and_then(|(_, cells)| cells.get(at)).copied()
    }
}

/// Table three of a form, or the 2014 sheet's third part.
#[must_use]
pub fn table_three(form: Form, period: &Period, lines: &[TableLine]) -> Table {
    let columns = form.columns();
    let count = |row: &'static str, column: &&'static str| {
        let selector = selector(form, row, column);
        let taken = lines.iter().filter(|line| selector.as_ref().is_some_and(|selector| selector.takes(line, period)));
        taken.map(|line| line.count).sum()
    };
    let rows = form.rows().into_iter().map(|row| (row, columns.iter().map(|column| count(row, column)).collect()));
    Table { rows: rows.collect(), columns }
}

/// Whether a cell of table four counts a remedy: by its result if it was decided in the period, else as undecided.
#[must_use]
pub fn is_in_remedy_cell(form: Form, block: &str, column: &str, remedy: &RemedyCourse, period: &Period) -> bool {
    let place = match remedy.decided {
        Some((on, result)) if period.has(on) => Some(form.remedy_column(result)),
        Some((on, _)) if on < period.from => None,
        Some(_) | None if remedy.opened_on <= period.until && form != Form::Sheet2014 => Some(UNDECIDED),
        Some(_) | None => None,
    };
    form.remedy_block(remedy.kind) == block && place.is_some_and(|place| column == TOTAL || column == place)
}

/// Table four of a form: the blocks as rows.
#[must_use]
pub fn table_four(form: Form, period: &Period, remedies: &[RemedyCourse]) -> Table {
    let columns = form.remedy_columns();
    let count = |block: &str, column: &str| {
        let there = remedies.iter().filter(|remedy| is_in_remedy_cell(form, block, column, remedy, period)).count();
        u32::try_from(there).unwrap_or(u32::MAX)
    };
    let row = |block: &'static str| (block, columns.iter().map(|column| count(block, column)).collect());
    Table { rows: form.remedy_blocks().into_iter().map(row).collect(), columns: columns.clone() }
}
