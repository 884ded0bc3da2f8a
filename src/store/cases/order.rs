//! The orders in which cases are listed, and the places in them from which a next page goes on.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Nullable, Text};

use super::CaseRow;
use super::filter::{CaseFilter, Query, filtered};
use crate::store::database::db::Db;
use crate::store::database::schema::cases;
use crate::store::database::verbatim::{Verbatim, verbatim};
use crate::store::{CaseId, StoreError, Ts};

/// An order of cases. Each is total: cases that are equal in it are sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseOrder {
    /// The last added first.
    #[default]
    Added,
    /// The last received first, those without a day of receipt last.
    Received,
    /// By 受理编号 as people count, 2 before 10; cases without a number last.
    Number,
    /// The first due first, an estimated day by its earliest; cases without a day last.
    Due,
    /// The last changed first.
    Changed,
}

impl CaseOrder {
    /// The orders that have a code. The usual one has none.
    pub const NAMED: [Self; 4] = [Self::Received, Self::Number, Self::Due, Self::Changed];

    /// The code in a query.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Received => "received",
            Self::Number => "number",
            Self::Due => "due",
            Self::Changed => "changed",
        }
    }

    /// The order with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|order| order.code() == code)
    }
}

/// What an order compares, of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseKey {
    /// When it was added.
    Added(Ts),
    /// The day of receipt.
    Received(Option<NaiveDate>),
    /// 受理编号.
    Number(Option<String>),
    /// The day it is due, or the earliest one it may be due.
    Due(Option<NaiveDate>),
    /// When it last changed.
    Changed(Ts),
}

/// The last case of a page. The next page starts after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCursor {
    /// What the order of the list compares.
    pub key: CaseKey,
    /// Its id.
    pub id: CaseId,
}

impl CaseCursor {
    /// The place of a case in an order.
    #[must_use]
    pub fn of(order: CaseOrder, row: &CaseRow) -> Self {
        let key = match order {
            CaseOrder::Added => CaseKey::Added(row.created_at),
            CaseOrder::Received => CaseKey::Received(row.received_on),
            CaseOrder::Number => CaseKey::Number(row.number.clone()),
            CaseOrder::Due => CaseKey::Due(row.due_on.or(row.warns_on)),
            CaseOrder::Changed => CaseKey::Changed(row.updated_at),
        };
        Self { key, id: row.id }
    }
}

/// A page of cases, newest first.
pub fn list(
    db: &mut Db,
    filter: &CaseFilter,
    after: Option<&CaseCursor>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    ordered(db, filter, CaseOrder::Added, after, limit)
}

/// A page of cases in an order, to which `after` belongs too.
pub fn ordered(
    db: &mut Db,
    filter: &CaseFilter,
    order: CaseOrder,
    after: Option<&CaseCursor>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let parts = Parts::on(db);
    let mut query = filtered(filter);
    if let Some(CaseCursor { key, id }) = after {
        query = beyond(query, key, *id, &parts);
    }
    let query = match order {
        CaseOrder::Added => query.order((cases::created_at.desc(), cases::id.desc())),
        CaseOrder::Received => {
            query.order((verbatim::<Nullable<Date>>("cases.received_on DESC NULLS LAST"), cases::id.desc()))
        }
        CaseOrder::Number => {
            query.order((cases::number.is_null(), parts.head(), parts.length(), parts.number(), cases::id.asc()))
        }
        CaseOrder::Due => query.order((verbatim::<Nullable<Date>>(format!("{DUE} NULLS LAST")), cases::id.asc())),
        CaseOrder::Changed => query.order((cases::updated_at.desc(), cases::id.desc())),
    };
    Ok(query.limit(limit).select(CaseRow::as_select()).load(db)?)
}

/// As the index `cases_open_last_day` has it.
const DUE: &str = "coalesce(cases.due_on, cases.warns_on)";

/// Restricts a query to the cases after a place in the order of its key.
fn beyond<'a>(query: Query<'a>, key: &CaseKey, id: CaseId, parts: &Parts) -> Query<'a> {
    let due = || verbatim::<Nullable<Date>>(DUE);
    match key.clone() {
        CaseKey::Added(at) => query.filter(cases::created_at.lt(at).or(cases::created_at.eq(at).and(cases::id.lt(id)))),
        CaseKey::Changed(at) => {
            query.filter(cases::updated_at.lt(at).or(cases::updated_at.eq(at).and(cases::id.lt(id))))
        }
        CaseKey::Received(Some(day)) => {
            let same = cases::received_on.eq(day).and(cases::id.lt(id));
            query.filter(cases::received_on.lt(day).or(same).or(cases::received_on.is_null()))
        }
        CaseKey::Received(None) => query.filter(cases::received_on.is_null()).filter(cases::id.lt(id)),
        CaseKey::Due(Some(day)) => {
            let same = due().eq(day).and(cases::id.gt(id));
            query.filter(due().gt(day).or(same).or(due().is_null()))
        }
        CaseKey::Due(None) => query.filter(due().is_null()).filter(cases::id.gt(id)),
        CaseKey::Number(Some(number)) => {
            let head = head_of(&number).to_owned();
            let length = i32::try_from(number.chars().count()).unwrap_or(i32::MAX);
            let same_number = parts.number().eq(number.clone()).and(cases::id.gt(id));
            let same_length = parts.length().eq(length).and(parts.number().gt(number).or(same_number));
            let same_head = parts.head().eq(head.clone()).and(parts.length().gt(length).or(same_length));
            query.filter(parts.head().gt(head).or(same_head).or(cases::number.is_null()))
        }
        CaseKey::Number(None) => query.filter(cases::number.is_null()).filter(cases::id.gt(id)),
    }
}

/// What comes before the last digits of a number: 依申请〔2026〕 of 依申请〔2026〕12号.
fn head_of(number: &str) -> &str {
    number.trim_end_matches(|c: char| !c.is_ascii_digit()).trim_end_matches(|c: char| c.is_ascii_digit())
}

/// What a 受理编号 is compared by: its head ([`head_of`]), its length, the number itself. Of numbers with one head the
/// longer one is the higher one. Both databases compare byte by byte, whatever language the database is made for.
struct Parts {
    collation: &'static str,
}

impl Parts {
    const fn on(db: &Db) -> Self {
        let collation = match db {
            Db::Pg(_) => " COLLATE \"C\"",
            Db::Lite(_) => "",
        };
        Self { collation }
    }

    fn head(&self) -> Verbatim<Nullable<Text>> {
        // All characters of the number but the digits, which `rtrim` takes as a set.
        let others = (0..10).fold("cases.number".to_owned(), |rest, digit| format!("replace({rest}, '{digit}', '')"));
        let collation = self.collation;
        verbatim(format!("rtrim(rtrim(cases.number, {others}), '0123456789'){collation}"))
    }

    fn length(&self) -> Verbatim<Nullable<Integer>> {
        verbatim("length(cases.number)")
    }

    fn number(&self) -> Verbatim<Nullable<Text>> {
        verbatim(format!("cases.number{}", self.collation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_number_is_what_its_series_shares() {
        for (number, head) in [
            ("依申请〔2026〕12号", "依申请〔2026〕"),
            ("2026-Q-0012", "2026-Q-"),
            ("12", ""),
            ("无号", ""),
            ("依申请〔2026〕3号之一", "依申请〔2026〕"),
        ] {
            assert_eq!(head_of(number), head, "{number}");
        }
    }
}
