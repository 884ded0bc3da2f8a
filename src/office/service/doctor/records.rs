//! What was recorded: its times, its chains, the last check of all dates.

use super::{Check, Examination, Topic, days_between};
use crate::law::civil_time;
use crate::office::calendar::self_check::last_check;
use crate::office::evidence::nightly::last_verification;
use crate::office::{Office, OfficeError};
use crate::store::Ts;
use crate::store::cases::events;
use crate::store::service::inspection::{self, Inspection};
use chrono::TimeDelta;

/// How far two clocks may be apart, seconds.
const APART_S: i64 = 5;
/// Cases whose chains are verified without `--full`.
const SAMPLE: i64 = 200;
/// What to do when stored data were changed.
const CHANGED_ADVICE: &str =
    "运行 gongkai audit verify 列出各处，保留现有数据库，与备份比对；处理办法见 docs/operations.md";
/// Findings named in one line.
const MOST_NAMED: usize = 5;
/// Days after which the nightly check counts as missing.
const NIGHTS: i64 = 2;

pub(super) fn clock(of: &Examination<'_>, open: &mut Inspection) -> Result<Check, OfficeError> {
    let theirs = open.now()?;
    let ours = of.clock.now();
    let newest = open.read(inspection::newest_record)?;
    Ok(judge_clock(ours, theirs, newest))
}

/// `theirs` is the clock of the database, `newest` the time of the newest record.
fn judge_clock(ours: Ts, theirs: Ts, newest: Option<Ts>) -> Check {
    let apart = (ours.0 - theirs.0).num_seconds().abs();
    let leeway = TimeDelta::seconds(APART_S);
    if let Some(newest) = newest.filter(|newest| newest.0 > ours.0 + leeway) {
        let found = format!(
            "系统时钟 {} 早于最近一条记录的时间 {}：时钟被拨慢过，或者记录时拨快过",
            minute(ours),
            minute(newest)
        );
        let advice = "校准系统时钟（启用 NTP）后再办理，否则记录的时间次序颠倒；并把情况记录在案";
        return Check::fault(Topic::Clock, found, advice);
    }
    if apart > APART_S {
        let found = format!("系统时钟与数据库服务器的时钟相差 {apart} 秒");
        return Check::fault(Topic::Clock, found, "两台机器都启用 NTP 校时");
    }
    Check::ok(Topic::Clock, format!("{}（北京时间），与数据库和记录的时间相符", minute(ours)))
}

pub(super) fn chain(of: &Examination<'_>, open: &mut Inspection, is_usable: bool) -> Result<Check, OfficeError> {
    match (of.is_full, is_usable) {
        (false, _) => sample(open),
        (true, true) => everything(of),
        (true, false) => Ok(Check::notice(
            Topic::Chain,
            "没有核对全部记录：密钥或者数据库版本不符",
            "解决后再运行 gongkai doctor --full",
        )),
    }
}

fn sample(open: &mut Inspection) -> Result<Check, OfficeError> {
    let (count, broken, nightly) = open.read(|db| {
        let ids = inspection::newest_cases(db, SAMPLE)?;
        let mut broken = Vec::new();
        for id in &ids {
            if let Some(seq) = events::verify(db, *id)? {
                broken.push(format!("{} 自第 {seq} 条起", id.0));
            }
        }
        Ok::<_, OfficeError>((ids.len(), broken, last_verification(db)?))
    })?;
    if let Some(nightly) = nightly.filter(|nightly| nightly.findings > 0) {
        let found = format!("{} 夜间全部核对：不符 {} 处", nightly.checked_on, nightly.findings);
        return Ok(Check::fault(Topic::Chain, found, CHANGED_ADVICE));
    }
    Ok(match broken.is_empty() {
        true => Check::ok(Topic::Chain, format!("最近 {count} 件案件的记录链完整（全部核对用 --full）")),
        false => changed(&broken),
    })
}

fn everything(of: &Examination<'_>) -> Result<Check, OfficeError> {
    let office = Office::open_existing(of.settings.clone(), of.clock.clone())?;
    let mut named = Vec::new();
    let done = office.evidence().verify(None, office.evidence().expected_anchors().as_deref(), &mut |finding| {
        let id = finding.number.or(finding.id).unwrap_or_default();
        named.push(format!("{} {id}", finding.label));
    })?;
    let (cases, events) = (done.cases, done.events);
    Ok(match named.is_empty() {
        true => Check::ok(Topic::Chain, format!("全部核对：案件 {cases} 件，案件记录 {events} 条，没有不符")),
        false => changed(&named),
    })
}

fn changed(named: &[String]) -> Check {
    let rest = if named.len() > MOST_NAMED { " 等" } else { "" };
    let listed: Vec<&str> = named.iter().take(MOST_NAMED).map(String::as_str).collect();
    let found = format!("记录在本程序之外被改动，{} 处：{}{rest}", named.len(), listed.join("，"));
    Check::fault(Topic::Chain, found, CHANGED_ADVICE)
}

pub(super) fn self_check(of: &Examination<'_>, open: &mut Inspection) -> Result<Check, OfficeError> {
    let topic = Topic::SelfCheck;
    let (last, cases) = open.read(|db| Ok::<_, OfficeError>((last_check(db)?, inspection::case_count(db)?)))?;
    let advice = "确认 gongkai serve 在运行（每夜两点后自查），或者运行 gongkai audit clocks";
    Ok(match last {
        None if cases == 0 => Check::ok(topic, "没有案件，尚未自查"),
        None => Check::notice(topic, "从未自查", advice),
        Some(last) if last.differences > 0 => Check::fault(
            topic,
            format!("{} 自查：不一致 {} 处", last.checked_on, last.differences),
            "运行 gongkai audit clocks 列出各处",
        ),
        Some(last) if days_between(Ts(last.checked_at), of.clock.now()) >= NIGHTS && cases > 0 => {
            Check::notice(topic, format!("最近一次自查在 {}", last.checked_on), advice)
        }
        Some(last) => Check::ok(topic, format!("{} 自查：案件 {} 件，一致", last.checked_on, last.cases)),
    })
}

pub(super) fn minute(at: Ts) -> impl std::fmt::Display {
    civil_time(at.0).format("%Y-%m-%d %H:%M")
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::store::now;

    #[test]
    fn a_clock_behind_the_newest_record_or_far_from_the_database_is_a_fault() {
        let ours = now();
        let after = |seconds: i64| Ts(ours.0 + TimeDelta::seconds(seconds));
        let level = |theirs: i64, newest: i64| judge_clock(ours, after(theirs), Some(after(newest))).level;
        assert_eq!([level(0, -9), level(5, 5), level(-5, 0)], [Level::Ok; 3]);
        assert_eq!([level(6, 0), level(-6, 0), level(0, 6)], [Level::Fault; 3]);
        assert_eq!(judge_clock(ours, ours, None).level, Level::Ok);
    }
}
