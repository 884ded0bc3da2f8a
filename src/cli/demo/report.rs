//! What the demonstration prints.

use super::Loaded;
use crate::case::Stage;
use crate::law::{ClockStatus, Outcome, WarningLevel, explain, warning_level};
use crate::office::cases::case_file::CaseFile;
use crate::office::cases::queries::WhatIf;
use crate::office::supervision::overdue::{OverdueList, OverdueQuery, OverdueReport, OverdueRow};
use crate::office::{Office, OfficeError};
use crate::store::cases::CaseFilter;
use crate::store::{CaseId, Db, cases};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::path::Path;

/// The day after each court's due date: on it the case was overdue for the first time.
const COURT_DAYS: [(&str, i32, u32, u32); 3] =
    [("guiding-26", 2011, 6, 24), ("lianyungang", 2022, 11, 3), ("fudian", 2025, 3, 21)];

/// Everything a newcomer wants to see, in Chinese.
///
/// # Errors
/// What every read may meet.
pub(super) fn text(
    office: &Office,
    loaded: &Loaded,
    mails: &str,
    directory: &Path,
    bind: &str,
) -> Result<String, OfficeError> {
    office.store().read(|db| {
        let files = all_files(office, db, loaded)?;
        let parts = [
            opening(office, loaded, directory, files.len()),
            overdue(office, db, loaded)?,
            court_days(office, db, loaded)?,
            derivation(office, db, loaded)?,
            cangzhou(&files, loaded),
            coverage(office, &files)?,
            format!("{}{mails}", heading("提醒邮件")),
            logins(loaded),
            requests(loaded, bind),
        ];
        Ok(parts.join("\n"))
    })
}

fn all_files(office: &Office, db: &mut Db, loaded: &Loaded) -> Result<Vec<CaseFile>, OfficeError> {
    // Void cases stand in a list only if they are asked for.
    let stages = Stage::ALL.iter().map(|stage| stage.code().to_owned()).collect();
    let filter = CaseFilter { organs: loaded.house.organs(), stages, ..CaseFilter::default() };
    let rows = cases::list(db, &filter, None, 1_000)?;
    rows.into_iter().map(|row| office.cases().open_file(db, row.id)).collect()
}

fn heading(text: &str) -> String {
    format!("── {text} ──\n")
}

fn opening(office: &Office, loaded: &Loaded, directory: &Path, count: usize) -> String {
    let mut out = format!("gongkai 演示　今天：{}　案件：{count}件\n", office.clock().today());
    out += &format!("数据库：{}\n", directory.display());
    for source in &loaded.sources {
        out += &format!("  · {source}\n");
    }
    for left_out in &loaded.left_out {
        out += &format!("  ！{left_out}\n");
    }
    out + "真实案例只录入已公布的事实：连云港案诉讼中才作出的答复日期未公布，付店镇案判决日期和案号未公布（责令20个\n\
           工作日内答复无从起算），均不编造，三件保持未办；登记日期未公布，按今天补录登记。\n"
}

fn overdue(office: &Office, db: &mut Db, loaded: &Loaded) -> Result<String, OfficeError> {
    let report = seen_by_supervisor(office, db, loaded, OverdueQuery::today())?;
    let mut out = heading(&format!("督查专员看到的清单（截至{}，含下级机关）", report.as_of));
    for organ in &report.organs {
        let counts = organ.counts;
        out += &format!(
            "{}：即将逾期{}　逾期未办{}　逾期已办{}　停止计算已久{}\n",
            organ.organ_name, counts.due_soon, counts.overdue_open, counts.replied_late, counts.stopped_long
        );
    }
    out += &list("即将逾期", &report.due_soon);
    out += &list("逾期未办", &report.overdue_open);
    out += &list("逾期已办（最近365日）", &report.replied_late);
    Ok(out)
}

fn seen_by_supervisor(
    office: &Office,
    db: &mut Db,
    loaded: &Loaded,
    query: OverdueQuery,
) -> Result<OverdueReport, OfficeError> {
    let supervisor = loaded.house.caller("supervisor").ok_or(OfficeError::NotFound)?;
    office.supervision().overdue(db, supervisor, &query)
}

fn list(name: &str, list: &OverdueList) -> String {
    let rows: String = list.items.iter().map(|row| format!("  {}\n", line(row))).collect();
    format!("{name}：{}件\n{rows}", list.total)
}

fn line(row: &OverdueRow) -> String {
    let colour = row.warning.label.split('：').next().unwrap_or_default();
    let number = row.number.as_deref().unwrap_or("（未登记）");
    let state = match (row.replied_on, row.overdue_days) {
        (Some(on), days) => format!("{on}答复，{}", late(row.overdue_working_days, days, "逾期", "当日")),
        (None, Some(days)) => late(row.overdue_working_days, Some(days), "已逾期", "今天"),
        (None, None) if row.remaining_days.is_none() => "已过最早的届满日，未过最晚的届满日".to_owned(),
        (None, None) => left(row.remaining_working_days, row.remaining_days),
    };
    let due = match row.latest_on {
        Some(latest) => format!("最早{}、最晚{latest}（放假安排未公布）", row.due_on),
        None if row.is_at_risk => format!("{}（补正通知超期，重新计算可能不被认可）", row.due_on),
        None => row.due_on.to_string(),
    };
    let department = row.department.as_deref().unwrap_or("未分办");
    format!(
        "【{colour}】{number}　{}　收到{}　届满{due}　{state}　{}/{department}",
        row.title, row.received_on, row.organ_code
    )
}

/// How late; on a day of rest after the last day no working day has passed.
fn late(working: Option<u32>, days: Option<u32>, verb: &str, on: &str) -> String {
    match working {
        Some(0) => format!("已过届满日，{on}不是工作日"),
        working => format!("{verb}{}", working_days(working, days)),
    }
}

/// What is left.
fn left(working: Option<u32>, days: Option<u32>) -> String {
    match (working, days) {
        (_, Some(0)) => "今天到期".to_owned(),
        (Some(0), Some(days)) => format!("届满前已没有工作日（{days}天）"),
        (working, days) => format!("还剩{}", working_days(working, days)),
    }
}

fn working_days(working: Option<u32>, days: Option<u32>) -> String {
    let working = working.map_or("若干".to_owned(), |count| count.to_string());
    format!("{working}个工作日（{}天）", days.unwrap_or_default())
}

fn court_days(office: &Office, db: &mut Db, loaded: &Loaded) -> Result<String, OfficeError> {
    let mut out = heading("法院认定的届满日次日，当日的逾期未办清单里");
    for (key, year, month, day) in COURT_DAYS {
        let Some(day) = NaiveDate::from_ymd_opt(year, month, day) else { continue };
        let report = seen_by_supervisor(office, db, loaded, OverdueQuery::on(day))?;
        let wanted = loaded.cases.get(key).map(|id| id.0);
        let found = report.overdue_open.items.iter().find(|row| Some(row.case_id) == wanted);
        out += &format!("{day}　{}\n", found.map_or("（没有）".to_owned(), line));
    }
    Ok(out)
}

fn derivation(office: &Office, db: &mut Db, loaded: &Loaded) -> Result<String, OfficeError> {
    let Some(id) = loaded.cases.get("lianyungang") else { return Ok(String::new()) };
    let file = office.cases().open_file(db, *id)?;
    let (timeline, answer) = office.cases().clock_of(&file, office.clock().today(), WhatIf::default())?;
    let explained = explain(&timeline, &answer, &file.desk.calendar);
    Ok(format!("{}{}\n", heading(&format!("期限怎么来的：{}", file.row.title)), explained.trim_end()))
}

fn cangzhou(files: &[CaseFile], loaded: &Loaded) -> String {
    let theirs: Vec<CaseId> =
        loaded.cases.iter().filter(|(key, _)| key.starts_with("cangzhou-")).map(|(_, id)| *id).collect();
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    let of_2017 = files.iter().filter(|file| theirs.contains(&file.row.id));
    for outcome in of_2017.filter_map(|file| file.case.outcome) {
        *counts.entry(outcome).or_default() += 1;
    }
    let mut out = heading("沧州市国土资源局2017年：收到26件，办结26件");
    for (outcome, count) in &counts {
        out += &format!("  {count:>2}  {}\n", outcome.label());
    }
    let total: usize = counts.values().sum();
    out + &format!(
        "  {total:>2}  合计\n报告所列结果相加为28件，多出2件。本演示的读法：“告知作出更改补充2件”是办理步骤，不是结果，这2件另有\n\
         结果；复杂的1件计为部分公开；重复申请2件在2007年条例下没有单独的类别，计入“告知通过其他途径办理”。\n\
         报告未公布每件的日期、内容，录入的均为示意，只有件数是报告的。\n"
    )
}

/// Which stages, clock states and warning levels the docket shows, and why one is missing.
fn coverage(office: &Office, files: &[CaseFile]) -> Result<String, OfficeError> {
    let today = office.clock().today();
    let mut stages: BTreeMap<&str, usize> = BTreeMap::new();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        *stages.entry(file.case.stage.code()).or_default() += 1;
        let clock = file.case.reply_clock(&file.desk.calendar, &file.desk.rules, Some(today));
        let clock = clock.map_err(|error| OfficeError::Internal(error.to_string()))?;
        let thresholds = file.desk.rules.warning_thresholds();
        let level = clock
            .as_ref()
            .map_or(WarningLevel::None, |answer| warning_level(answer, today, &thresholds, &file.desk.calendar));
        *levels.entry(level.code()).or_default() += 1;
        if let Some(answer) = clock {
            *statuses.entry(answer.status.code()).or_default() += 1;
        }
    }
    let mut out = heading("各环节、期限状态、预警级别的件数");
    out += &counted("环节", Stage::ALL.iter().map(|stage| (stage.code(), stage.label())), &stages);
    out += &counted("期限", ClockStatus::ALL.iter().map(|status| (status.code(), status.label())), &statuses);
    out += &counted("预警", WarningLevel::ALL.iter().map(|level| (level.code(), level.label())), &levels);
    if !levels.contains_key(WarningLevel::Orange.code()) {
        out += "没有今日到期的案件：期限只在工作日届满，今天不是工作日，或者日历不够。\n";
    }
    if !statuses.contains_key(ClockStatus::Gap.code()) {
        out += "没有“缺少年度日历”的案件：今天收到并延长的期限仍在已公布的日历之内。\n";
    }
    Ok(out)
}

fn counted<'a>(name: &str, words: impl Iterator<Item = (&'a str, &'a str)>, counts: &BTreeMap<&str, usize>) -> String {
    let words: Vec<String> =
        words.map(|(code, label)| format!("{label} {}", counts.get(code).copied().unwrap_or_default())).collect();
    format!("{name}：{}\n", words.join("｜"))
}

fn logins(loaded: &Loaded) -> String {
    let mut out = heading("登录（口令只显示这一次）");
    for login in &loaded.house.logins {
        let roles: Vec<&str> = login.roles.iter().map(|role| role.label()).collect();
        out += &format!(
            "  {:<11} {}  {}　{}（{}）\n",
            login.username,
            login.password,
            login.organ,
            login.display_name,
            roles.join("、")
        );
    }
    out
}

/// Five requests to copy, each of which works while the service runs.
fn requests(loaded: &Loaded, bind: &str) -> String {
    let id = |key: &str| loaded.cases.get(key).map(|id| id.0.to_string()).unwrap_or_default();
    let password = loaded.house.logins.iter().find(|login| login.username == "clerk").map(|login| &*login.password);
    let base = format!("http://{bind}/api/v1");
    let get = |path: &str| format!("curl -s -H \"Authorization: Bearer $TOKEN\" '{base}{path}'\n");
    let mut out = heading("试一试（服务运行时，逐行复制；换成 supervisor 的口令可看下级机关）");
    out += &format!(
        "TOKEN=$(curl -s -H 'Content-Type: application/json' -d '{{\"username\":\"clerk\",\"password\":\"{}\"}}' \
         '{base}/auth/token' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n",
        password.unwrap_or_default()
    );
    out += &get("/cases?stage=in_progress&limit=5");
    out += &get("/overdue");
    out += &get(&format!("/cases/{}/clock?as_of=2011-06-24", id("guiding-26")));
    let busy = loaded.cases.get("working").map_or_else(|| id("guiding-26"), |_| id("working"));
    out += &get(&format!("/cases/{busy}/actions"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_says_zero_working_days() {
        assert_eq!(late(Some(0), Some(2), "已逾期", "今天"), "已过届满日，今天不是工作日");
        assert_eq!(late(Some(0), Some(1), "逾期", "当日"), "已过届满日，当日不是工作日");
        assert_eq!(late(Some(1), Some(3), "已逾期", "今天"), "已逾期1个工作日（3天）");
        assert_eq!(late(None, Some(400), "已逾期", "今天"), "已逾期若干个工作日（400天）");
        assert_eq!(left(Some(0), Some(0)), "今天到期");
        assert_eq!(left(Some(0), Some(1)), "届满前已没有工作日（1天）");
        assert_eq!(left(Some(5), Some(7)), "还剩5个工作日（7天）");
    }
}
