//! The prose against the table, and against itself.

mod bodies;
mod bounds;
mod clause;
#[cfg(test)]
mod corpus;
mod denials;
mod enumeration;
mod numerals;
#[cfg(test)]
mod properties;
mod remedies;
mod rows;

use super::finding::{Finding, Rule};
use super::sums::worth;
use crate::report::annual::form::{self, CARRIED, Form, PENDING, RECEIVED, RESULTS, TOTAL};
use crate::report::annual::published::{Figure, Published};
use clause::{Clause, Subject, clauses};
use numerals::Plain;
use remedies::Remedies;

const TABLE: &str = "文字";

pub(super) fn check(report: &Published) -> Vec<Finding> {
    let plain = Plain::new(&report.narrative);
    let mut clauses = clauses(&plain, report.year, &report.org);
    clauses.extend(denials::statements(&plain, report.year, &report.org, &clauses));
    let parted = parted(report, &clauses);
    let is_parted =
        |clause: &Clause| !clause.is_worded && clause.subject.as_ref().is_some_and(|of| parted.contains(&of));
    let judged = clauses.iter().filter(|clause| !is_parted(clause));
    let mut found: Vec<Finding> =
        judged.filter_map(|clause| compare(report, clause, is_sure(report, clause, &clauses))).collect();
    found.extend(contradiction(report, &clauses));
    found.extend(enumeration::check(&plain.text()));
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

/// Whether a clause can be about nothing but a figure of the table.
fn is_sure(report: &Published, clause: &Clause, clauses: &[Clause]) -> bool {
    // A result of the reconsiderations of which the sentence has the number of the table.
    let is_of_whole = whole(report, clause).is_some_and(|(said, of_table)| said == of_table);
    if clause.is_worded {
        return clause.is_sure || is_of_whole;
    }
    // Of several different numbers one may be the whole and the others parts.
    let same = |of: &&Clause| of.is_sure && of.claim.is_exact() && !of.is_worded && of.subject == clause.subject;
    (clause.is_sure || is_of_whole) && clauses.iter().filter(same).all(|of| clause.claim.allows(of.number.into()))
}

/// The number a clause divides, and what the table says of it.
fn whole(report: &Published, clause: &Clause) -> Option<(u64, u64)> {
    let Some(Subject::Remedies(remedies)) = clause.subject else { return None };
    Some((clause.whole?.into(), value(report, &Subject::Remedies(remedies.whole()?))?))
}

/// Subjects that the prose gives in parts, of this office and of that: together they are the figure of the table.
fn parted<'a>(report: &Published, clauses: &'a [Clause]) -> Vec<&'a Subject> {
    let mut found: Vec<&Subject> = Vec::new();
    let counts = || clauses.iter().filter(|clause| !clause.is_worded && clause.claim.is_exact());
    for subject in counts().filter_map(|clause| clause.subject.as_ref()) {
        let numbers: Vec<u64> =
            counts().filter(|of| of.subject.as_ref() == Some(subject)).map(|of| u64::from(of.number)).collect();
        let sum = numbers.iter().copied().fold(0, u64::saturating_add);
        if numbers.len() > 1 && value(report, subject) == Some(sum) && !found.contains(&subject) {
            found.push(subject);
        }
    }
    found
}

/// A figure of the prose that the table has too; a fault only where it `is_sure` that it is the same figure.
fn compare(report: &Published, clause: &Clause, is_sure: bool) -> Option<Finding> {
    let subject = clause.subject.as_ref()?;
    let expected = value(report, subject)?;
    if let Subject::Entire(labels) = subject {
        return entire(report, clause, labels, expected);
    }
    if clause.claim.allows(expected) {
        return None;
    }
    let said = format!("“{}{}”", clause.before, clause.printed);
    let found = u64::from(clause.number);
    let figures = |finding: Finding| finding.figures(Some(found), Some(expected));
    if !is_sure {
        // A bound, and a part of something else, may be about anything.
        let may_be_meant = clause.claim.is_exact() && whole(report, clause).is_none() && !is_of_table(report, found);
        let detail = format!("{said}不能确定对应表中哪一栏，最接近的一栏为{expected}件，请核对");
        return may_be_meant.then(|| figures(Finding::new(Rule::NarrativeUnplaced, TABLE, detail)));
    }
    let carried = match subject {
        Subject::Received => value(report, &Subject::Carried),
        Subject::Kinds(column) => kinds_value(report, CARRIED, *column),
        Subject::Carried
        | Subject::Results
        | Subject::Pending
        | Subject::Outcomes(_)
        | Subject::Entire(_)
        | Subject::Remedies(_) => None,
    };
    if carried.is_some_and(|carried| !clause.is_worded && clause.claim.allows(expected + carried)) {
        let detail = format!("{said}是新收{expected}件与上年结转{}件之和", found.saturating_sub(expected));
        return clause.claim.is_exact().then(|| figures(Finding::new(Rule::ReceivedWithCarryOver, TABLE, detail)));
    }
    let detail = format!("{said}，{}为{expected}件", column_of(subject));
    Some(figures(Finding::new(Rule::Narrative, TABLE, detail)).because(partly(report, subject, clause.number)))
}

/// Where the table has the figure.
fn column_of(subject: &Subject) -> String {
    match subject {
        Subject::Remedies(Remedies { result: Some(column), .. }) => format!("表中“{column}”"),
        Subject::Remedies(_)
        | Subject::Received
        | Subject::Carried
        | Subject::Results
        | Subject::Pending
        | Subject::Outcomes(_)
        | Subject::Entire(_)
        | Subject::Kinds(_) => "表中".to_owned(),
    }
}

/// 所有申请均予以公开, where other rows have applications too.
fn entire(report: &Published, clause: &Clause, labels: &[&str], of_them: u64) -> Option<Finding> {
    let results = value(report, &Subject::Results)?;
    if results == of_them {
        return None;
    }
    let names: Vec<&str> = labels.iter().map(|label| name_of(report, label)).collect();
    let detail = format!("“{}”，表中办理结果共{results}件，“{}”为{of_them}件", clause.before, names.join("”“"));
    Some(Finding::new(Rule::Narrative, TABLE, detail).figures(Some(results), Some(of_them)))
}

/// The label of a group or row, of which the beginning is given.
fn name_of<'a>(report: &'a Published, label: &'a str) -> &'a str {
    let row = report.table3.iter().filter_map(|line| line.row).find(|row| row.starts_with(label));
    row.map_or(label, |row| if label.contains('-') { row } else { form::group(row) })
}

/// Whether a number is one of the main figures of the table: 一, 二, both together, （七）, 四.
fn is_of_table(report: &Published, number: u64) -> bool {
    let of = |subject| value(report, &subject);
    let (received, carried) = (of(Subject::Received), of(Subject::Carried));
    let in_hand = received.zip(carried).map(|(received, carried)| received + carried);
    [received, carried, in_hand, of(Subject::Results), of(Subject::Pending)].contains(&Some(number))
}

/// The row or cell whose figure the prose took for the whole.
fn partly(report: &Published, subject: &Subject, number: u32) -> Option<String> {
    let rows: Vec<&'static str> = subject.labels().iter().flat_map(|label| rows_of(report, label)).collect();
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

/// The rows of a group, or the one row.
fn rows_of(report: &Published, label: &str) -> Vec<&'static str> {
    report.table3.iter().filter_map(|line| line.row).filter(|row| row.starts_with(label)).collect()
}

/// What the table says of it; `None` where it says nothing.
fn value(report: &Published, subject: &Subject) -> Option<u64> {
    if report.form() == Form::Sheet2014 && !report.table3.is_empty() {
        return None;
    }
    let row = |row: &str, key: &str| worth(report, row, TOTAL).map(u64::from).or_else(|| total(report, key));
    match subject {
        Subject::Received => row(RECEIVED, "一"),
        Subject::Carried => row(CARRIED, "二"),
        Subject::Results => row(RESULTS, "(七)总计"),
        Subject::Pending => row(PENDING, "四"),
        Subject::Kinds(column) => kinds_value(report, RECEIVED, *column),
        Subject::Remedies(remedies) => remedied(report, *remedies),
        Subject::Outcomes(labels) | Subject::Entire(labels) => outcomes(report, labels).or_else(|| {
            let of = |label: &&str| total(report, label.strip_prefix('三').unwrap_or(label));
            labels.iter().map(of).sum()
        }),
    }
}

fn outcomes(report: &Published, labels: &[&str]) -> Option<u64> {
    // Without （七） the table may go on where the source ends.
    worth(report, RESULTS, TOTAL)?;
    let of = |label: &&str| {
        let rows = rows_of(report, label);
        let sum = || rows.iter().map(|row| worth(report, row, TOTAL).map(u64::from)).sum::<Option<u64>>();
        // A form that has no such row says nothing of it.
        (!rows.is_empty()).then(sum).flatten()
    };
    labels.iter().map(of).sum()
}

/// 自然人, or the five other columns together.
fn kinds_value(report: &Published, row: &str, is_natural: bool) -> Option<u64> {
    let columns = form::kinds().enumerate().filter(|(at, _)| (*at == 0) == is_natural);
    columns.map(|(_, column)| worth(report, row, column).map(u64::from)).sum()
}

fn remedied(report: &Published, remedies: Remedies) -> Option<u64> {
    let column = remedies.result.unwrap_or(TOTAL);
    let column = report.form().remedy_columns().iter().position(|other| *other == column)?;
    let of = |block: &&str| -> Option<u64> {
        let lines: Vec<_> = report.table4.iter().filter(|line| line.label.starts_with(block)).collect();
        let cell = |cells: &Vec<Option<Figure>>| {
            cells.get(column).copied().flatten().map(|figure| u64::from(figure.number().unwrap_or_default()))
        };
        let sum = || lines.iter().map(|line| cell(&line.cells)).sum::<Option<u64>>();
        (!lines.is_empty()).then(sum).flatten()
    };
    remedies.blocks.iter().map(of).sum()
}

/// A figure taken from prose, by its key or the beginning of it.
fn total(report: &Published, key: &str) -> Option<u64> {
    let is_it = |name: &str| name == key || (key.starts_with('(') && name.starts_with(key) && !name.contains('.'));
    report.totals.iter().find(|(name, _)| is_it(name)).and_then(|(_, number)| *number).map(u64::from)
}

/// 收到 said twice with different numbers, where no table decides.
fn contradiction(report: &Published, clauses: &[Clause]) -> Option<Finding> {
    if value(report, &Subject::Received).is_some() {
        return None;
    }
    let mut numbers: Vec<u32> = clauses
        .iter()
        .filter(|clause| clause.is_sure && clause.claim.is_exact() && clause.subject == Some(Subject::Received))
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

/// A fee that the prose names, and a sixth part that is silent about it.
fn fee(report: &Published, clauses: &[Clause]) -> Option<Finding> {
    let told = clauses.iter().find(|clause| clause.is_fee).map(|clause| u64::from(clause.number));
    let yuan = report.fee_yuan.or(told).filter(|yuan| *yuan > 0)?;
    let is_silent = report.part_six.as_ref().is_some_and(|text| !text.contains('费'));
    is_silent.then(|| {
        let detail = format!("全年收取信息处理费{yuan}元，第六部分没有报告（《政府信息公开信息处理费管理办法》）");
        Finding::new(Rule::FeeUnreported, TABLE, detail).figures(Some(0), Some(yuan))
    })
}
