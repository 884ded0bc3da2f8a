//! Series of numbers: drawing the next number, listing the series of an organ, and setting one.

use crate::case::numbering::numbered;
use crate::case::{NumberKind, OrganRules, Role};
use crate::office::cases::case_file::OrganContext;
use crate::office::ledger::own_place;
use crate::office::people::access::{Readmitted, readmit};
use crate::office::people::reason;
use crate::office::{Caller, Cases, OfficeError, Thing, Word};
use crate::store::cases::counters::{self, CounterRow, Taken};
use crate::store::cases::{self, events};
use crate::store::evidence::numbers::{self, Raise, UsedNumber};
use crate::store::people::organs;
use crate::store::{Db, OrganId};
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The roles that may see the series of their organ.
pub const COUNTER_READERS: &[Role] = &[Role::Admin, Role::Clerk, Role::OfficeHead, Role::Auditor];

/// The highest number that an administrator may set.
pub const MOST: i64 = 999_999_999;

/// The years that have series.
const YEARS: std::ops::RangeInclusive<i32> = 2008..=2999;

/// 一类编号一年的序列
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counter {
    /// 编号的种类
    pub kind: Word,
    /// 年度
    pub year: i32,
    /// 编号格式，文种字已填入
    pub pattern: String,
    /// 实际使用的序列：文种字相同的各类文书共用一个
    pub series: String,
    /// 已经编到第几号；没有编过的为0。设定过起始号码的，为其前一号
    pub last: i64,
    /// 下一个号码
    pub next: i64,
    /// 下一个编号
    pub next_number: String,
}

/// The next number of a series, as an administrator sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterSetting {
    /// The next number: higher than those in effective use.
    pub next: i64,
    /// Why, for the audit log.
    pub reason: String,
}

impl Cases<'_> {
    /// Draws the next number of a kind for a document of the day `on`. Call it in the transaction that uses the number: a
    /// refusal then leaves no gap.
    ///
    /// A number in use is skipped: that of an imported case, whose pattern was not the organ's at the time of import, or
    /// of a void case in a series that was set back. Only 受理编号 and 答复文号 are kept where they can be looked up; a
    /// command that draws another kind must look up its own, and count its events in
    /// [`drawn`](crate::store::evidence::numbers::drawn).
    ///
    /// # Errors
    /// [`OfficeError::Busy`] if another transaction holds the series too long; [`OfficeError::Unreadable`] if the stored
    /// series is damaged.
    pub(in crate::office) fn draw_number(
        &self,
        db: &mut Db,
        desk: &OrganContext,
        kind: NumberKind,
        on: NaiveDate,
    ) -> Result<String, OfficeError> {
        let (organ, year) = (desk.organ.id, on.year());
        let (pattern, series) = (desk.rules.pattern_of(kind), desk.rules.series_of(kind).code());
        let first = counters::take(db, organ, year, series)?;
        let (mut taken, mut number) = (first, numbered(&pattern, year, first.number));
        while is_taken(db, organ, kind, taken, &number)? {
            taken = counters::take(db, organ, year, series)?;
            number = numbered(&pattern, year, taken.number);
        }
        if taken.number > first.number {
            let (from, to) = (first.number - 1, taken.number - 1);
            let raise = Raise { year, series: series.to_owned(), from, to, why: "skipped".to_owned() };
            numbers::record_raise(db, organ, &raise, None, self.clock().now())?;
        }
        Ok(number)
    }

    /// The series of an organ: those of this year, used or not, and those of other years that were used. The latest year
    /// first.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ does not exist; [`OfficeError::Unreadable`] if its settings cannot be read.
    pub fn counters(&self, organ: OrganId) -> Result<Vec<Counter>, OfficeError> {
        let today = self.clock().today();
        self.store().read(|db| {
            let rules = rules_of(db, organ)?;
            let rows = counters::of_organ(db, organ)?;
            let mut years: BTreeSet<i32> = rows.iter().filter(|row| is_listed(row)).map(|row| row.year).collect();
            years.insert(today.year());
            let mut found = Vec::new();
            for year in years.into_iter().rev() {
                for kind in NumberKind::ALL.iter().copied() {
                    let series = rules.series_of(kind);
                    let row = rows.iter().find(|row| row.year == year && row.kind == series.code());
                    if row.is_some() || year == today.year() {
                        found.push(counter(db, organ, &rules, kind, year, row)?);
                    }
                }
            }
            Ok(found)
        })
    }

    /// Sets the next number of a series: where the organ goes live with numbers already given, or where a typing error
    /// made it jump. Recorded with its reason.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] for a number outside the limits, for a next number that is not higher than all in
    /// effective use (`number_in_use`), for a kind that shares the series of another (`shared_series`), and for the
    /// reason; [`OfficeError::RoleRequired`] if the caller is not an administrator of the organ;
    /// [`OfficeError::NotFound`] for a year that has no series.
    pub fn set_counter(
        &self,
        caller: &Caller,
        organ: OrganId,
        (kind, year): (NumberKind, i32),
        setting: &CounterSetting,
    ) -> Result<Counter, OfficeError> {
        let why = reason::checked("/reason", &setting.reason, "设定编号", "11月起启用本系统，此前已编至47号")?;
        check_limits(year, setting.next)?;
        self.store().write(|db| {
            let Readmitted { caller, authority, .. } = readmit(db, caller, Thing::Organ(organ))?;
            self.people().require(&caller, Some(&authority), &[Role::Admin])?;
            let rules = rules_of(db, organ)?;
            refuse_shared(&rules, kind)?;
            // Locks the series, so that no number is drawn between the look and the change.
            counters::hold(db, organ, year, kind.code())?;
            let highest = highest_in_use(db, organ, &rules, kind, year)?;
            if setting.next <= highest {
                return Err(in_use(&rules, kind, year, highest));
            }
            let last = setting.next - 1;
            let before = counters::set(db, organ, year, kind.code(), last)?;
            if before != last {
                let raise =
                    Raise { year, series: kind.code().to_owned(), from: before, to: last, why: "set".to_owned() };
                numbers::record_set(db, organ, &raise, why, caller.user_id, self.clock().now())?;
            }
            let rows = counters::of_organ(db, organ)?;
            let row = rows.iter().find(|row| row.year == year && row.kind == kind.code());
            counter(db, organ, &rules, kind, year, row)
        })
    }
}

fn rules_of(db: &mut Db, organ: OrganId) -> Result<OrganRules, OfficeError> {
    let row = organs::find(db, organ)?;
    crate::store::stored_object(&row.settings)
        .map_err(|error| OfficeError::unreadable(format!("settings of organ {}: {error}", row.code)))
}

/// Whether the row is one of a kind with a pattern. 督办单 have a series of their own that nobody sets.
fn is_listed(row: &CounterRow) -> bool {
    NumberKind::from_code(&row.kind).is_some()
}

/// Whether a case has the number.
fn is_taken(db: &mut Db, organ: OrganId, kind: NumberKind, taken: Taken, number: &str) -> Result<bool, OfficeError> {
    Ok(match kind {
        NumberKind::Registration => cases::has_number(db, organ, number)?,
        NumberKind::Reply => taken.may_be_used && events::has_reply(db, organ, number)?,
        NumberKind::Correction
        | NumberKind::Extension
        | NumberKind::Consultation
        | NumberKind::Fee
        | NumberKind::Notice => false,
    })
}

/// A series as it is listed. The next number is the one that [`Cases::draw_number`] would give.
fn counter(
    db: &mut Db,
    organ: OrganId,
    rules: &OrganRules,
    kind: NumberKind,
    year: i32,
    row: Option<&CounterRow>,
) -> Result<Counter, OfficeError> {
    let (last, checked_to) = row.map_or((0, None), |row| (row.last, row.checked_to));
    let pattern = rules.pattern_of(kind);
    let mut next = last.saturating_add(1);
    loop {
        let may_be_used = checked_to.is_some_and(|checked| next <= checked);
        let number = numbered(&pattern, year, next);
        if next == i64::MAX || !is_taken(db, organ, kind, Taken { number: next, may_be_used }, &number)? {
            return Ok(Counter {
                kind: Word::of(kind.code(), kind.label()),
                year,
                pattern: pattern.into_owned(),
                series: rules.series_of(kind).code().to_owned(),
                last,
                next,
                next_number: number,
            });
        }
        next += 1;
    }
}

fn check_limits(year: i32, next: i64) -> Result<(), OfficeError> {
    if !YEARS.contains(&year) {
        return Err(OfficeError::NotFound);
    }
    if !(1..=MOST).contains(&next) {
        let detail = format!("下一个号码应为1至{MOST}");
        return Err(OfficeError::invalid("/next", "out_of_range", detail));
    }
    Ok(())
}

fn refuse_shared(rules: &OrganRules, kind: NumberKind) -> Result<(), OfficeError> {
    let series = rules.series_of(kind);
    if series == kind {
        return Ok(());
    }
    let detail = format!(
        "{}与{}的文种字相同，共用一个序列：请设定 {}，或者先在机关设置中改用不同的文种字（document_words）",
        kind.label(),
        series.label(),
        series.code()
    );
    Err(OfficeError::invalid("/kind", "shared_series", detail))
}

/// The highest number in effective use of a series, 0 for none. That of a void case is not in effective use.
fn highest_in_use(
    db: &mut Db,
    organ: OrganId,
    rules: &OrganRules,
    kind: NumberKind,
    year: i32,
) -> Result<i64, OfficeError> {
    let used: Vec<UsedNumber> = match kind {
        NumberKind::Registration => numbers::registrations(db, organ)?,
        NumberKind::Reply => numbers::replies(db, organ)?,
        NumberKind::Correction
        | NumberKind::Extension
        | NumberKind::Consultation
        | NumberKind::Fee
        | NumberKind::Notice => Vec::new(),
    };
    let pattern = rules.pattern_of(kind);
    let effective = used.iter().filter(|used| !used.is_void);
    let places = effective.filter_map(|used| own_place(&pattern, &used.number));
    Ok(places.filter(|(of, _)| *of == year).map(|(_, seq)| seq).max().unwrap_or(0))
}

fn in_use(rules: &OrganRules, kind: NumberKind, year: i32, highest: i64) -> OfficeError {
    let number = numbered(&rules.pattern_of(kind), year, highest);
    let least = highest.saturating_add(1);
    let detail = format!(
        "{year}年的{}已经用到“{number}”，下一个号码至少为{least}；该号是误录的，请先更正或者作废所在的案件",
        kind.label()
    );
    OfficeError::invalid("/next", "number_in_use", detail)
}
