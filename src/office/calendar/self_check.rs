//! The self-check of all dates: recomputes every row and duty from the log and compares it with the stored one.

use crate::case::OrganRules;
use crate::office::calendar::change::{InForce, look_again};
use crate::office::cases::case_file::{CaseFile, derive_row};
use crate::office::reminders::OrganReminders;
use crate::office::supervision::orders::read_order;
use crate::office::{OfficeError, WorkCalendars};
use crate::store::cases::CaseRow;
use crate::store::cases::obligations::{self, CurrentDuty, ObligationRow};
use crate::store::{
    CaseId, Db, OrderId, OrganId, cases, people::organs, reminders::settings, service::meta, supervision::orders,
};
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// Cases checked in one snapshot.
const PAGE: i64 = 1_000;
/// Maximum number of differences listed. The count covers all.
pub const MOST_LISTED: usize = 1_000;
/// The key in `meta` for the result of the last check.
const LAST: &str = "clocks.check";
/// The `what` of a difference in the calendar version.
const CALENDAR: &str = "calendar_version";
/// The key in `meta` for the lease of the nightly check.
const LEASE: &str = "clocks.check.lease";
/// The term of the lease, renewed at each page.
const TERM: Duration = Duration::from_secs(600);
/// The hour from which the nightly check may run, by the office's clock.
const HOUR: u32 = 2;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockCheck {
    /// 按哪一日核对
    pub checked_on: NaiveDate,
    /// 核对完成的时间
    pub checked_at: DateTime<Utc>,
    /// 核对的案件数
    pub cases: u64,
    /// 核对的事项数
    pub duties: u64,
    /// 与重新计算不一致的处数
    pub differences: u64,
}

/// The stored result of the last check. `None` if there was none.
///
/// # Errors
/// [`OfficeError::Unreadable`] if it does not parse.
pub(in crate::office) fn last_check(db: &mut Db) -> Result<Option<ClockCheck>, OfficeError> {
    let Some(text) = meta::get(db, LAST)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| OfficeError::unreadable(format!("meta '{LAST}': {error}")))
}

/// 与重新计算不一致的一处
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClockDifference)]
pub struct Difference {
    /// 案件；督办科室而不指明案件的督办单没有
    pub case_id: Option<Uuid>,
    /// 受理编号，督办单的为督办编号，机关设置的为机关代码
    pub number: Option<String>,
    /// 哪一项：案件的列名，或者 duty:事项；settings、reminder_settings 为机关的设置、提醒设置不能读取
    pub what: String,
    /// 库中的
    pub written: String,
    /// 重新计算的
    pub computed: String,
}

impl WorkCalendars<'_> {
    /// Recomputes every case and compares it with its row and duties, and the duty of every order with its order.
    /// Processes expired suspensions and duties first. A case under another calendar than the one applied to all is a
    /// difference and triggers another application. The result is stored for [`Service::readiness`].
    ///
    /// # Errors
    /// An error of the database. A case that cannot be computed is a difference, not an error.
    pub fn check_clocks(&self) -> Result<(ClockCheck, Vec<Difference>), OfficeError> {
        self.check_all(|| Ok(()), |_| Ok(()))
    }

    /// Like [`WorkCalendars::check_clocks`]. `keep` runs before each page and may abort the check; `end` runs in the
    /// transaction that stores the result.
    fn check_all(
        &self,
        keep: impl Fn() -> Result<(), OfficeError>,
        end: impl FnOnce(&mut Db) -> Result<(), OfficeError>,
    ) -> Result<(ClockCheck, Vec<Difference>), OfficeError> {
        self.cases().resume_silent()?;
        self.cases().fill_warnings()?;
        let today = self.clock().today();
        let mut check =
            ClockCheck { checked_on: today, checked_at: self.clock().now().0, cases: 0, duties: 0, differences: 0 };
        let mut listed = Vec::new();
        let mut is_left_behind = false;
        let mut take = |found: Vec<Difference>| {
            for one in &found {
                tracing::error!(case = ?one.case_id, what = one.what, written = one.written, computed = one.computed,
                    "a stored date is not the one its log gives");
                is_left_behind |= one.what == CALENDAR;
            }
            let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
            let room = MOST_LISTED.saturating_sub(listed.len());
            listed.extend(found.into_iter().take(room));
            count
        };
        let settings = self.store().read(check_settings)?;
        check.differences += take(settings);
        let mut in_force = self.store().read(|db| self.in_force_everywhere(db))?;
        let mut after: Option<CaseId> = None;
        loop {
            keep()?;
            let (last, found) = self.store().read(|db| self.check_page(db, after, today, &mut in_force, &mut check))?;
            check.differences += take(found);
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let mut after: Option<OrderId> = None;
        loop {
            keep()?;
            let (last, found) = self.store().read(|db| check_orders(db, after, &mut check))?;
            check.differences += take(found);
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        check.checked_at = self.clock().now().0;
        let text = serde_json::to_string(&check).map_err(|error| OfficeError::Internal(error.to_string()))?;
        self.store().write(|db| {
            if is_left_behind {
                look_again(db)?;
            }
            meta::set(db, LAST, &text)?;
            end(db)
        })?;
        Ok((check, listed))
    }

    /// The nightly check, once a day from two o'clock by the office's clock. Only the instance that gets the lease runs
    /// it. If that instance dies, another starts over after the lease expires.
    ///
    /// # Errors
    /// As [`WorkCalendars::check_clocks`]; [`OfficeError::Conflict`] `lease_lost` if another instance took the lease over.
    /// After an error the next try follows when the lease expires.
    pub fn check_clocks_nightly(&self) -> Result<Option<ClockCheck>, OfficeError> {
        let at = self.clock().office_time();
        let (today, owner) = (at.date(), Uuid::new_v4().to_string());
        // Reads first, because this runs every minute and the check is nearly always done.
        if at.hour() < HOUR || self.store().read(|db| self.is_checked(db, today))? {
            return Ok(None);
        }
        let is_ours = self.store().write(|db| {
            // Checks again in the transaction, in case another instance has just finished and released the lease.
            Ok::<_, OfficeError>(!self.is_checked(db, today)? && meta::take_lease(db, LEASE, &owner, TERM)?)
        })?;
        if !is_ours {
            return Ok(None);
        }
        let keep = || {
            let is_ours = self.store().write(|db| meta::renew_lease(db, LEASE, &owner, TERM))?;
            let lost =
                || OfficeError::Conflict { code: "lease_lost".into(), detail: "另一实例已经接手核对".into() };
            if is_ours { Ok(()) } else { Err(lost()) }
        };
        let end = |db: &mut Db| Ok(meta::end_lease(db, LEASE, &owner)?);
        self.check_all(keep, end).map(|(check, _)| Some(check))
    }

    fn is_checked(&self, db: &mut Db, today: NaiveDate) -> Result<bool, OfficeError> {
        match self.last_clock_check(db) {
            Ok(last) => Ok(last.is_some_and(|last| last.checked_on >= today)),
            // The next check overwrites the unreadable record.
            Err(OfficeError::Unreadable(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Like [`WorkCalendars::last_clock_check`], in its own read transaction.
    ///
    /// # Errors
    /// As [`WorkCalendars::last_clock_check`].
    pub fn latest_clock_check(&self) -> Result<Option<ClockCheck>, OfficeError> {
        self.store().read_reserved(|db| self.last_clock_check(db))
    }

    /// The result of the last check. `None` if there was none.
    ///
    /// # Errors
    /// [`OfficeError::Unreadable`] if the stored result does not parse.
    pub fn last_clock_check(&self, db: &mut Db) -> Result<Option<ClockCheck>, OfficeError> {
        last_check(db)
    }

    fn check_page(
        &self,
        db: &mut Db,
        after: Option<CaseId>,
        today: NaiveDate,
        in_force: &mut InForce,
        check: &mut ClockCheck,
    ) -> Result<(Option<CaseId>, Vec<Difference>), OfficeError> {
        if !in_force.is_latest(db)? {
            *in_force = self.in_force_everywhere(db)?;
        }
        let page = cases::page_by_id(db, after, PAGE)?;
        let ids: Vec<CaseId> = page.iter().map(|row| row.id).collect();
        let mut written: HashMap<CaseId, Vec<ObligationRow>> = HashMap::new();
        for row in obligations::of_cases(db, &ids)? {
            // The date of an order is set by its issuer. `check_orders` compares it.
            if let Some(case) = row.case_id.filter(|_| !row.key.starts_with(obligations::ORDER)) {
                written.entry(case).or_default().push(row);
            }
        }
        let mut found = Vec::new();
        let is_applied = in_force.is_applied(db)?;
        for (row, file) in self.cases().files_of(db, page)? {
            check.cases += 1;
            let differs = |what: String, written: String, computed: String| Difference {
                case_id: Some(row.id.0),
                number: row.number.clone(),
                what,
                written,
                computed,
            };
            let file = match file {
                Ok(file) => file,
                Err(error) => {
                    found.push(differs("log".to_owned(), "-".to_owned(), error.to_string()));
                    continue;
                }
            };
            if let Some(expected) = other_calendar(&row, in_force, is_applied) {
                found.push(differs(CALENDAR.to_owned(), row.calendar_version.clone(), expected.to_owned()));
            }
            let rows = written.remove(&row.id).unwrap_or_default();
            check.duties += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let Derived { columns, duties, .. } = compare(&row, &rows, file, today);
            found.extend(columns.into_iter().map(|(what, a, b)| differs(what.to_owned(), a, b)));
            found.extend(duties.into_iter().map(|(key, a, b)| differs(format!("duty:{key}"), a, b)));
        }
        Ok((ids.last().copied(), found))
    }
}

/// Differences between what is stored of a case and what its log gives on a day.
#[derive(Debug, Clone, Default)]
pub(in crate::office) struct Derived {
    /// Column, stored value, computed value.
    pub columns: Vec<(&'static str, String, String)>,
    /// Key of the duty, stored duty, computed duty. `-` stands for no duty.
    pub duties: Vec<(String, String, String)>,
    /// The keys of all computed duties.
    pub keys: BTreeSet<String>,
}

/// Compares the row of a case and its duties, without those of orders, with what its log gives on `today`.
pub(in crate::office) fn compare(
    row: &CaseRow,
    rows: &[ObligationRow],
    mut file: CaseFile,
    today: NaiveDate,
) -> Derived {
    let duties = file.written_duties(today);
    derive_row(&mut file, today);
    // The fallback calendar of an unknown version has another version. That is not a difference.
    file.row.calendar_version.clone_from(&row.calendar_version);
    let found = (columns(row, &file.row), compared(rows, &duties));
    Derived { columns: found.0, duties: found.1, keys: duties.into_iter().map(|duty| duty.key).collect() }
}

/// The calendar version in force, if an open case is under another one although the change was applied to all. An organ
/// added since `in_force` was loaded has no case under an older calendar.
pub(in crate::office) fn other_calendar<'a>(row: &CaseRow, in_force: &'a InForce, is_applied: bool) -> Option<&'a str> {
    let expected = in_force.version_of(row.organ_id).filter(|_| is_applied && row.is_open);
    expected.filter(|expected| row.calendar_version != *expected)
}

/// The unreadable settings of organs, which block computing their cases or sending their reminders.
pub(in crate::office) fn check_settings(db: &mut Db) -> Result<Vec<Difference>, OfficeError> {
    let mut found = Vec::new();
    let of_reminders: HashMap<OrganId, String> = settings::all(db)?.into_iter().collect();
    let differs = |code: &str, what: &str, error: serde_json::Error| Difference {
        case_id: None,
        number: Some(code.to_owned()),
        what: what.to_owned(),
        written: "-".to_owned(),
        computed: error.to_string(),
    };
    for organ in organs::all(db)? {
        if let Err(error) = crate::store::stored_object::<OrganRules>(&organ.settings) {
            found.push(differs(&organ.code, "settings", error));
        }
        if let Some(Err(error)) =
            of_reminders.get(&organ.id).map(|own| crate::store::stored_object::<OrganReminders>(own))
        {
            found.push(differs(&organ.code, "reminder_settings", error));
        }
    }
    Ok(found)
}

/// The duties of orders that differ from their orders.
fn check_orders(
    db: &mut Db,
    after: Option<OrderId>,
    check: &mut ClockCheck,
) -> Result<(Option<OrderId>, Vec<Difference>), OfficeError> {
    let page = orders::with_duties(db, after, PAGE)?;
    let last = page.last().map(|(order, _)| order.id);
    check.duties += u64::try_from(page.len()).unwrap_or(u64::MAX);
    let mut found = Vec::new();
    for (row, duty) in page {
        let order = read_order(&row)?;
        let says = |due_on: Option<NaiveDate>, status: &str| format!("{} {status}", plain(&due_on));
        let (written, computed) = (says(duty.due_on, &duty.status), says(Some(order.due_on), order.duty().code()));
        if written != computed {
            let (case_id, what) = (row.case_id.map(|case| case.0), format!("duty:{}", duty.key));
            found.push(Difference { case_id, number: Some(row.number), what, written, computed });
        }
    }
    Ok((last, found))
}

/// A stored value as a person reads it: `-` for nothing, the value itself for something.
pub(in crate::office) fn plain(value: &impl std::fmt::Debug) -> String {
    let mut text = format!("{value:?}");
    for wrapper in ["Some(", "UserId(", "DepartmentId("] {
        if let Some(inner) = text.strip_prefix(wrapper).and_then(|rest| rest.strip_suffix(')')) {
            text = inner.to_owned();
        }
    }
    if text == "None" { "-".to_owned() } else { text.trim_matches('"').to_owned() }
}

/// The columns whose stored value differs from the computed one.
fn columns(written: &CaseRow, computed: &CaseRow) -> Vec<(&'static str, String, String)> {
    macro_rules! compare {
        ($($column:ident),+) => {
            vec![$((stringify!($column), plain(&written.$column), plain(&computed.$column))),+]
        };
    }
    let all = compare!(
        number,
        stage,
        is_open,
        regime,
        clock_status,
        received_on,
        start_on,
        due_on,
        resumes_on,
        stopped_on,
        warns_on,
        latest_on,
        replied_on,
        closed_on,
        is_late,
        is_extended,
        outcome,
        department_id,
        handler_id
    );
    all.into_iter().filter(|(_, a, b)| a != b).collect()
}

/// The duties whose stored row differs from the computed one. A duty no longer computed must be cancelled or met.
fn compared(rows: &[ObligationRow], duties: &[CurrentDuty]) -> Vec<(String, String, String)> {
    macro_rules! says {
        ($one:expr) => {
            format!(
                "{} {} {} {} {} {} {} {}",
                $one.kind,
                plain(&$one.due_on),
                plain(&$one.latest_on),
                $one.status,
                plain(&$one.owner_id),
                plain(&$one.department_id),
                plain(&$one.not_by_id),
                $one.article
            )
        };
    }
    let row_says = |row: &ObligationRow| says!(row);
    let duty_says = |duty: &CurrentDuty| says!(duty);
    let runs = |status: &str| status == obligations::OPEN || status == obligations::SUSPENDED;
    let nothing = || "-".to_owned();
    let mut found = Vec::new();
    for duty in duties {
        let row = rows.iter().find(|row| row.key == duty.key);
        let (written, computed) = (row.map_or_else(nothing, row_says), duty_says(duty));
        if written != computed {
            found.push((duty.key.clone(), written, computed));
        }
    }
    let left = rows.iter().filter(|row| runs(&row.status) && !duties.iter().any(|duty| duty.key == row.key));
    found.extend(left.map(|row| (row.key.clone(), row_says(row), nothing())));
    found
}
