//! The prose against the table, and against itself.

mod clause;
#[cfg(test)]
mod corpus;
mod enumeration;

use super::finding::{Finding, Rule};
use super::sums::worth;
use crate::report::annual::form::{self, CARRIED, Form, PENDING, RECEIVED, RESULTS, TOTAL};
use crate::report::annual::published::{Figure, Published};
use clause::{Clause, Subject, clauses};

const TABLE: &str = "文字";

pub(super) fn check(report: &Published) -> Vec<Finding> {
    let clauses = clauses(&report.narrative, report.year);
    let parted = parted(report, &clauses);
    let judged = clauses.iter().filter(|clause| clause.subject.is_none_or(|subject| !parted.contains(&subject)));
    // Of several different numbers one may be the whole and the others parts.
    let is_alone = |clause: &Clause| {
        clauses.iter().filter(|of| of.is_sure && of.subject == clause.subject).all(|of| of.number == clause.number)
    };
    let mut found: Vec<Finding> =
        judged.filter_map(|clause| compare(report, clause, clause.is_sure && is_alone(clause))).collect();
    found.extend(contradiction(report, &clauses));
    found.extend(enumeration::check(&report.narrative));
    found.extend(totals(report));
    found.extend(fee(report, &clauses));
    let is_empty = |text: &String| matches!(text.trim().trim_end_matches('。'), "" | "无");
    if report.part_five.as_ref().is_some_and(is_empty) {
        found.push(Finding::new(
            Rule::PartFiveEmpty,
            TABLE,
            "第五部分空白或者只写“无”，应写明存在的主要问题及改进情况",
        ));
    }
    found
}

/// Subjects that the prose tells in parts, of this office and of that: together they are the figure of the table.
fn parted(report: &Published, clauses: &[Clause]) -> Vec<Subject> {
    let mut found: Vec<Subject> = Vec::new();
    for subject in clauses.iter().filter_map(|clause| clause.subject) {
        let numbers: Vec<u64> =
            clauses.iter().filter(|of| of.subject == Some(subject)).map(|of| u64::from(of.number)).collect();
        let sum = numbers.iter().copied().fold(0, u64::saturating_add);
        if numbers.len() > 1 && value(report, subject) == Some(sum) && !found.contains(&subject) {
            found.push(subject);
        }
    }
    found
}

/// A figure of the prose that the table has too; a fault only where it `is_sure` that it is the same figure.
fn compare(report: &Published, clause: &Clause, is_sure: bool) -> Option<Finding> {
    let subject = clause.subject?;
    let expected = value(report, subject)?;
    let found = u64::from(clause.number);
    if found == expected {
        return None;
    }
    let figures = |finding: Finding| finding.figures(Some(found), Some(expected));
    if !is_sure {
        let detail = format!("“{}{found}件”不能确定对应表中哪一栏，最接近的一栏为{expected}件，请核对", clause.before);
        return (!is_of_table(report, found)).then(|| figures(Finding::new(Rule::NarrativeUnplaced, TABLE, detail)));
    }
    let with_carried = match subject {
        Subject::Received => value(report, Subject::Carried).map(|carried| expected + carried),
        Subject::Kinds(column) => kinds_value(report, CARRIED, column).map(|carried| expected + carried),
        _ => None,
    };
    if with_carried == Some(found) {
        let detail = format!("“{}{found}件”是新收{expected}件与上年结转{}件之和", clause.before, found - expected);
        return Some(figures(Finding::new(Rule::ReceivedWithCarryOver, TABLE, detail)));
    }
    let detail = format!("“{}{found}件”，表中为{expected}件", clause.before);
    Some(figures(Finding::new(Rule::Narrative, TABLE, detail)).because(partly(report, subject, clause.number)))
}

/// Whether a number is one of the main figures of the table: 一, 二, both together, （七）, 四.
fn is_of_table(report: &Published, number: u64) -> bool {
    let of = |subject| value(report, subject);
    let (received, carried) = (of(Subject::Received), of(Subject::Carried));
    let in_hand = received.zip(carried).map(|(received, carried)| received + carried);
    [received, carried, in_hand, of(Subject::Results), of(Subject::Pending)].contains(&Some(number))
}

/// The row or cell whose figure the prose took for the whole.
fn partly(report: &Published, subject: Subject, number: u32) -> Option<String> {
    let rows: Vec<&'static str> = rows_of(report, subject);
    let whole = rows.iter().find(|row| worth(report, row, TOTAL) == Some(number));
    if let Some(row) = whole {
        return Some(format!("文字只计了“{row}”一行"));
    }
    let columns = report.form().columns();
    let cell = rows
        .iter()
        .find_map(|row| Some((row, columns.iter().find(|column| worth(report, row, column) == Some(number))?)));
    cell.filter(|_| number > 0).map(|(row, column)| format!("文字只计了“{row}”的“{column}”栏"))
}

/// The rows whose sum a subject is.
fn rows_of(report: &Published, subject: Subject) -> Vec<&'static str> {
    let groups = subject.groups();
    let of_group = |row: &&'static str| groups.iter().any(|group| form::group(row).starts_with(group));
    report.table3.iter().filter_map(|line| line.row).filter(of_group).collect()
}

/// What the table says of it; `None` where it says nothing.
fn value(report: &Published, subject: Subject) -> Option<u64> {
    if report.form() == Form::Sheet2014 && !report.table3.is_empty() {
        return None;
    }
    let row = |row: &str, key: &str| worth(report, row, TOTAL).map(u64::from).or_else(|| total(report, key));
    match subject {
        Subject::Received => row(RECEIVED, "一"),
        Subject::Carried => row(CARRIED, "二"),
        Subject::Results => row(RESULTS, "(七)总计"),
        Subject::Pending => row(PENDING, "四"),
        Subject::Kinds(column) => kinds_value(report, RECEIVED, column),
        Subject::Remedies(blocks) => remedies(report, blocks),
        Subject::Outcomes(groups) => outcomes(report, subject).or_else(|| {
            let of = |group: &&str| total(report, group.strip_prefix('三').unwrap_or(group));
            groups.iter().map(of).sum()
        }),
    }
}

fn outcomes(report: &Published, subject: Subject) -> Option<u64> {
    let rows = rows_of(report, subject);
    // Without （七） the table may go on where the source ends.
    worth(report, RESULTS, TOTAL)?;
    rows.iter().map(|row| worth(report, row, TOTAL).map(u64::from)).sum()
}

/// 自然人, or the five other columns together.
fn kinds_value(report: &Published, row: &str, is_natural: bool) -> Option<u64> {
    let columns = form::kinds().enumerate().filter(|(at, _)| (*at == 0) == is_natural);
    columns.map(|(_, column)| worth(report, row, column).map(u64::from)).sum()
}

fn remedies(report: &Published, blocks: &[&str]) -> Option<u64> {
    let of = |block: &&str| -> Option<u64> {
        let lines: Vec<_> = report.table4.iter().filter(|line| line.label.starts_with(block)).collect();
        if lines.is_empty() {
            return None;
        }
        let total = |cells: &Vec<Option<Figure>>| {
            cells.last().copied().flatten().map(|figure| u64::from(figure.number().unwrap_or_default()))
        };
        lines.iter().map(|line| total(&line.cells)).sum()
    };
    blocks.iter().map(of).sum()
}

/// A figure taken from prose, by its key or the beginning of it.
fn total(report: &Published, key: &str) -> Option<u64> {
    let is_it = |name: &str| name == key || (key.starts_with('(') && name.starts_with(key) && !name.contains('.'));
    report.totals.iter().find(|(name, _)| is_it(name)).and_then(|(_, number)| *number).map(u64::from)
}

/// 收到 said twice with different numbers, where no table decides.
fn contradiction(report: &Published, clauses: &[Clause]) -> Option<Finding> {
    if value(report, Subject::Received).is_some() {
        return None;
    }
    let mut numbers: Vec<u32> = clauses
        .iter()
        .filter(|clause| clause.is_sure && clause.subject == Some(Subject::Received))
        .map(|clause| clause.number)
        .collect();
    numbers.dedup();
    let (first, second) = (numbers.first()?, numbers.get(1)?);
    let detail = format!("同一报告先后写收到{first}件、{second}件");
    Some(
        Finding::new(Rule::NarrativeContradiction, TABLE, detail)
            .figures(Some((*second).into()), Some((*first).into())),
    )
}

const GROUPS: [&str; 6] = ["(一)", "(二)", "(三)", "(四)", "(五)", "(六)"];

/// Figures taken from prose obey the same relations as a table.
fn totals(report: &Published) -> Vec<Finding> {
    let mut found = Vec::new();
    let get = |key| total(report, key);
    let parts: Option<u64> = GROUPS.into_iter().map(get).sum();
    let results = get("(七)总计");
    if let Some((results, parts)) = results.zip(parts).filter(|(results, parts)| results != parts) {
        let detail = format!("办结{results}件，各办理结果之和为{parts}件");
        found.push(
            Finding::new(Rule::ResultsTotal, TABLE, detail).at(RESULTS, None).figures(Some(results), Some(parts)),
        );
    }
    if let (Some(received), Some(carried), Some(results)) = (get("一"), get("二"), results.or(parts)) {
        let in_hand = received + carried;
        match get("四") {
            Some(pending) if in_hand != results + pending => {
                let detail = format!("{received}＋{carried}≠{results}＋{pending}，一＋二应等于（七）＋四");
                found.push(Finding::new(Rule::Balance, TABLE, detail).figures(Some(in_hand), Some(results + pending)));
            }
            Some(_) => {}
            None if in_hand >= results => {
                let pending = in_hand - results;
                let detail = format!("未写结转下年度数，{received}＋{carried}－{results}＝{pending}");
                found.push(
                    Finding::new(Rule::ImpliedCarryOver, TABLE, detail).at(PENDING, None).figures(None, Some(pending)),
                );
            }
            None => {
                let detail = format!("办结{results}件，多于收到与上年结转之和{in_hand}件");
                found.push(Finding::new(Rule::Balance, TABLE, detail).figures(Some(in_hand), Some(results)));
            }
        }
    }
    let ways: u64 = report.channels.iter().map(|(_, count)| u64::from(*count)).sum();
    if let Some(received) = get("一").filter(|received| !report.channels.is_empty() && *received != ways) {
        let detail = format!("收到{received}件，各申请渠道之和为{ways}件");
        found.push(Finding::new(Rule::Channels, TABLE, detail).figures(Some(received), Some(ways)));
    }
    found
}

/// A fee told in the prose, and a sixth part that is silent about it.
fn fee(report: &Published, clauses: &[Clause]) -> Option<Finding> {
    let told = clauses.iter().find(|clause| clause.is_fee).map(|clause| u64::from(clause.number));
    let yuan = report.fee_yuan.or(told).filter(|yuan| *yuan > 0)?;
    let is_silent = report.part_six.as_ref().is_some_and(|text| !text.contains('费'));
    is_silent.then(|| {
        let detail = format!("全年收取信息处理费{yuan}元，第六部分没有报告（《政府信息公开信息处理费管理办法》）");
        Finding::new(Rule::FeeUnreported, TABLE, detail).figures(Some(0), Some(yuan))
    })
}
