//! What was recorded long after it happened (补录), by organ and by person.

use super::watched::{OVERDUE_READERS, cut, ids_of};
use crate::case::{Stage, fold, late_mark};
use crate::law::Calendar;
use crate::office::cases::case_file::{OrganContexts, read_log, steps_of};
use crate::office::cases::late_records::late_records_of;
use crate::office::clock::end_of;
use crate::office::people::access::seats_with;
use crate::office::{Caller, OfficeError, Supervision, Word};
use crate::store::cases::CaseRow;
use crate::store::cases::events::{self, EventRow};
use crate::store::ledger::imports;
use crate::store::people::organs::Seat;
use crate::store::{CaseId, Db, OrganId, Ts, UserId, cases, people::users};
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Maximum number of cases per answer. Beyond it, the answer is marked as incomplete.
const MOST_CASES: i64 = 10_000;

/// Logs kept in memory at once.
const BATCH: usize = 500;

/// A query for what was recorded late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateRecordsQuery {
    /// Restricts to this organ …
    pub organ: Option<OrganId>,
    /// … and the organs below it.
    pub with_subordinates: bool,
    /// First day of recording. `None` for 1 January of the year of `until`.
    pub from: Option<NaiveDate>,
    /// Last day of recording. `None` for today.
    pub until: Option<NaiveDate>,
    /// Maximum number of rows.
    pub limit: usize,
}

/// 一项补录
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LateRecord {
    /// 案件标识
    pub case_id: Uuid,
    /// 受理编号；尚未登记的为空
    pub number: Option<String>,
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关名称
    pub organ_name: String,
    /// 办理过程中的序号，更正时以此指明
    pub step: i32,
    /// 登记的是什么
    pub kind: Word,
    /// 发生日期，更正过的为更正后的日期
    pub on: NaiveDate,
    /// 登记日期
    pub recorded_on: NaiveDate,
    /// 登记比发生晚几个工作日
    pub late_by: u32,
    /// 标记：补录，晚N个工作日
    pub recorded_late: String,
    /// 登记人标识
    pub recorded_by_id: Uuid,
    /// 登记人
    pub recorded_by: Option<String>,
}

/// 一个机关的补录
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganLateRecords {
    /// 机关标识
    pub organ_id: Uuid,
    /// 机关代码
    pub organ_code: String,
    /// 机关名称
    pub organ_name: String,
    /// 补录的项数
    pub total: usize,
    /// 涉及的案件
    pub cases: usize,
    /// 最晚的晚几个工作日
    pub latest_by: u32,
}

/// 一个人在一个机关的补录
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonLateRecords {
    /// 机关标识
    pub organ_id: Uuid,
    /// 登记人标识
    pub recorded_by_id: Uuid,
    /// 登记人
    pub recorded_by: Option<String>,
    /// 补录的项数
    pub total: usize,
    /// 涉及的案件
    pub cases: usize,
    /// 最晚的晚几个工作日
    pub latest_by: u32,
}

/// 补录：登记比发生晚三个工作日以上的
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LateRecords {
    /// 登记的首日
    pub from: NaiveDate,
    /// 登记的末日
    pub until: NaiveDate,
    /// 是否已查遍全部案件；false 表示案件过多，请缩短期间或者按机关分别查询，或者有案件的记录不能读取（见服务日志）
    pub is_complete: bool,
    /// 总项数
    pub total: usize,
    /// 各机关，按机关的次序
    pub organs: Vec<OrganLateRecords>,
    /// 各人，项数多的在前
    pub people: Vec<PersonLateRecords>,
    /// 是否因条数限制未全部列出
    pub is_capped: bool,
    /// 各项，最近登记的在前
    pub items: Vec<LateRecord>,
}

/// Entries, cases and the greatest delay.
#[derive(Debug, Default)]
struct Sum {
    total: usize,
    cases: BTreeSet<Uuid>,
    latest_by: u32,
}

impl Sum {
    fn add(&mut self, one: &LateRecord) {
        self.total += 1;
        self.cases.insert(one.case_id);
        self.latest_by = self.latest_by.max(one.late_by);
    }
}

/// What the days of recording are compared with.
#[derive(Debug, Clone, Copy)]
struct Period {
    from: NaiveDate,
    until: NaiveDate,
}

impl Supervision<'_> {
    /// Like [`Supervision::late_records`], in its own read transaction.
    ///
    /// # Errors
    /// As [`Supervision::late_records`].
    pub fn show_late_records(&self, caller: &Caller, query: &LateRecordsQuery) -> Result<LateRecords, OfficeError> {
        self.store().read(|db| self.late_records(db, caller, query))
    }

    /// The steps of cases that users recorded in a period, more than three working days after they happened, in the
    /// organs the caller supervises. Void cases, steps that never happened and imports of ledgers are not among them.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the organ is not visible to the caller; [`OfficeError::Invalid`] for a future day or
    /// a period that ends before it begins.
    pub fn late_records(
        &self,
        db: &mut Db,
        caller: &Caller,
        query: &LateRecordsQuery,
    ) -> Result<LateRecords, OfficeError> {
        let today = self.clock().today();
        let until = query.until.unwrap_or(today);
        if until > today {
            return Err(OfficeError::invalid("?until", "in_the_future", "只能查询今天或者过去某日"));
        }
        let from = query.from.or_else(|| NaiveDate::from_yo_opt(until.year(), 1)).unwrap_or(until);
        if from > until {
            return Err(OfficeError::invalid("?from", "after_until", "期间的首日不得晚于末日"));
        }
        let watched = seats_with(db, caller, OVERDUE_READERS, query.organ, query.with_subordinates)?;
        let since = end_of(from.pred_opt().unwrap_or(from));
        let ids = cases::maybe_recorded_late(db, &ids_of(&watched), since, end_of(until), MOST_CASES + 1)?;
        let (ids, is_whole) = cut(ids, MOST_CASES);
        let period = Period { from, until };
        let (mut found, is_read) = self.found_late(db, &watched, &ids, period)?;
        let people: BTreeSet<UserId> = found.iter().map(|one| UserId(one.recorded_by_id)).collect();
        let names: HashMap<UserId, String> =
            users::names(db, &people.into_iter().collect::<Vec<_>>())?.into_iter().collect();
        for one in &mut found {
            one.recorded_by = names.get(&UserId(one.recorded_by_id)).cloned();
        }
        Ok(summed_up(&watched, found, period, (is_whole && is_read, query.limit)))
    }

    /// The late steps of these cases. Returns whether all could be read.
    fn found_late(
        &self,
        db: &mut Db,
        watched: &[Seat],
        ids: &[CaseId],
        period: Period,
    ) -> Result<(Vec<LateRecord>, bool), OfficeError> {
        let mut desks = OrganContexts::of_seats(watched.to_vec());
        let (mut found, mut is_complete) = (Vec::new(), true);
        for some in ids.chunks(BATCH) {
            let rows = cases::many(db, some)?;
            let logs = events::load_many(db, some)?;
            let imported = imports::imported_at(db, some)?;
            for row in rows {
                let log = logs.get(&row.id).map_or(&[][..], Vec::as_slice);
                let calendar = match desks.of(self, db, row.organ_id)? {
                    Ok(desk) => (&*desk.calendar, desk.organ.name.as_str()),
                    Err(_) => {
                        is_complete = false;
                        continue;
                    }
                };
                match late_in(&row, log, calendar, (period, imported.get(&row.id).copied())) {
                    Ok(late) => found.extend(late),
                    Err(OfficeError::Unreadable(reason)) => {
                        tracing::error!(case = %row.id.0, %reason, "a case is left out of the late records");
                        is_complete = false;
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        Ok((found, is_complete))
    }
}

/// The late steps of a case that were recorded in a period.
fn late_in(
    row: &CaseRow,
    log: &[EventRow],
    (calendar, organ_name): (&Calendar, &str),
    (period, imported_at): (Period, Option<Ts>),
) -> Result<Vec<LateRecord>, OfficeError> {
    let case = fold(&read_log(log)?).ok_or_else(|| OfficeError::unreadable("a case without a log"))?;
    if case.stage == Stage::Void {
        return Ok(Vec::new());
    }
    let steps = steps_of(log)?;
    let late = late_records_of(log, &steps, calendar, imported_at);
    let found = steps.iter().zip(late).filter_map(|(step, late_by)| {
        let (late_by, first) = (late_by?, step.recorded.first()?);
        let (_, event) = step.events.first()?;
        if !(period.from..=period.until).contains(&first.recorded_on) {
            return None;
        }
        Some(LateRecord {
            case_id: row.id.0,
            number: case.number.clone(),
            organ_id: row.organ_id.0,
            organ_name: organ_name.to_owned(),
            step: step.seq(),
            kind: Word::of(event.kind(), event.label()),
            on: event.on(),
            recorded_on: first.recorded_on,
            late_by,
            recorded_late: late_mark(late_by),
            recorded_by_id: first.actor?,
            recorded_by: None,
        })
    });
    Ok(found.collect())
}

/// Counts all entries by organ and person, and lists at most `limit` of them.
fn summed_up(
    watched: &[Seat],
    mut found: Vec<LateRecord>,
    period: Period,
    (is_complete, limit): (bool, usize),
) -> LateRecords {
    let mut of_organs: HashMap<Uuid, Sum> = HashMap::new();
    let mut of_people: BTreeMap<(Uuid, Uuid), (Option<String>, Sum)> = BTreeMap::new();
    for one in &found {
        of_organs.entry(one.organ_id).or_default().add(one);
        let (name, sum) = of_people.entry((one.organ_id, one.recorded_by_id)).or_default();
        name.clone_from(&one.recorded_by);
        sum.add(one);
    }
    let organs = watched.iter().filter_map(|Seat { organ, .. }| {
        let Sum { total, cases, latest_by } = of_organs.get(&organ.id.0)?;
        let (organ_code, organ_name) = (organ.code.clone(), organ.name.clone());
        Some(OrganLateRecords {
            organ_id: organ.id.0,
            organ_code,
            organ_name,
            total: *total,
            cases: cases.len(),
            latest_by: *latest_by,
        })
    });
    let organs = organs.collect();
    let mut people: Vec<PersonLateRecords> = of_people
        .into_iter()
        .map(|((organ_id, recorded_by_id), (recorded_by, Sum { total, cases, latest_by }))| PersonLateRecords {
            organ_id,
            recorded_by_id,
            recorded_by,
            total,
            cases: cases.len(),
            latest_by,
        })
        .collect();
    people.sort_by_key(|person| (Reverse(person.total), Reverse(person.latest_by), person.recorded_by_id));
    found.sort_by_key(|one| (Reverse(one.recorded_on), Reverse(one.late_by), one.case_id, one.step));
    let total = found.len();
    found.truncate(limit);
    let Period { from, until } = period;
    LateRecords { from, until, is_complete, total, organs, people, is_capped: total > limit, items: found }
}
