//! The tables laid out as the official form has them: merged headings, groups beside their rows. One layout for every format.

use super::figures::Amount;
use super::form::{self, CARRIED, Form, PENDING, RECEIVED, RESULTS, TOTAL, printed};
use crate::report::annual::breakdown::{self, Mix, TopicCount};
use crate::report::annual::form_2014::{self, Indicator};
use crate::report::annual::report::Report;
use std::cmp::Ordering;

/// The content of a spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(String),
    /// A count.
    Number(u32),
    /// A figure the office entered; `None`: it did not.
    Entered(Option<Amount>),
}

/// How a spot looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A heading: bold, in the middle.
    Head,
    /// A label: to the left.
    Label,
    /// A figure: in the middle.
    Figure,
}

/// A cell of the form, over one or more columns and rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Its content.
    pub content: Content,
    /// How it looks.
    pub look: Look,
    /// Columns it covers.
    pub columns: u16,
    /// Rows it covers.
    pub rows: u16,
}

impl Spot {
    fn new(content: Content, look: Look) -> Self {
        Self { content, look, columns: 1, rows: 1 }
    }

    fn head(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()), Look::Head)
    }

    fn label(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()), Look::Label)
    }

    fn number(number: u32) -> Self {
        Self::new(Content::Number(number), Look::Figure)
    }

    const fn over(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// What is printed.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.content {
            Content::Text(text) => text.clone(),
            Content::Number(number) => number.to_string(),
            Content::Entered(amount) => amount.map(|amount| amount.to_string()).unwrap_or_default(),
        }
    }
}

/// A table of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Its short name, for a worksheet.
    pub name: &'static str,
    /// The heading of the part it belongs to.
    pub heading: String,
    /// Widths of its columns, in digits; a Chinese character takes two.
    pub widths: Vec<u16>,
    /// Rows of headings.
    pub heads: u16,
    /// The rows; a spot is listed only in the first row and column it covers.
    pub rows: Vec<Vec<Spot>>,
}

impl Grid {
    /// Every spot with the row and column it begins in.
    #[must_use]
    pub fn placed(&self) -> Vec<(u16, u16, &Spot)> {
        let mut covered: Vec<u16> = vec![0; self.widths.len()];
        let mut placed = Vec::new();
        for (row, spots) in (0_u16..).zip(&self.rows) {
            let mut spots = spots.iter();
            let mut column: u16 = 0;
            while let Some(free) = covered.get(usize::from(column)).copied() {
                if free > row {
                    column += 1;
                    continue;
                }
                let Some(spot) = spots.next() else { break };
                placed.push((row, column, spot));
                for at in column..column.saturating_add(spot.columns) {
                    if let Some(until) = covered.get_mut(usize::from(at)) {
                        *until = row + spot.rows;
                    }
                }
                column += spot.columns;
            }
        }
        placed
    }
}

/// The tables of a report in their order.
#[must_use]
pub fn grids(report: &Report) -> Vec<Grid> {
    match report.form {
        Form::Sheet2014 => vec![sheet(report)],
        Form::Form2019 | Form::Form2021 => vec![table_two(report), table_three(report), table_four(report)],
    }
}

/// What is added to the form, for the office itself: the period before, the results of each department, the subjects. Empty
/// tables are left out.
#[must_use]
pub fn appendices(report: &Report) -> Vec<Grid> {
    let grids = comparison(report).into_iter().chain(departments(report)).chain(topics(report));
    let numbered = |(number, grid): (&str, Grid)| {
        let heading = format!("附{number}：{}（不属于公开的格式）", grid.heading);
        Grid { heading, ..grid }
    };
    ["一", "二", "三"].into_iter().zip(grids).map(numbered).collect()
}

/// The sums of this period beside those of the one before.
fn comparison(report: &Report) -> Option<Grid> {
    let before = report.previous.as_ref()?;
    let head = ["项目", "本期", &before.period, "增减"].map(Spot::head);
    let tables = [(&report.table3, &before.table3), (&report.table4, &before.table4)];
    let rows = tables.into_iter().flat_map(|(now, then)| {
        now.rows.iter().map(|(row, _)| {
            let (now, then) = (now.get(row, TOTAL).unwrap_or(0), then.get(row, TOTAL).unwrap_or(0));
            // In words: a sign would begin a formula.
            let change = match now.cmp(&then) {
                Ordering::Greater => format!("增加{}", now - then),
                Ordering::Less => format!("减少{}", then - now),
                Ordering::Equal => "不变".to_owned(),
            };
            let change = Spot::new(Content::Text(change), Look::Figure);
            let (group, item) = printed(row);
            let label = group.map_or(item.clone(), |group| format!("{group}{item}"));
            vec![Spot::label(label), Spot::number(now), Spot::number(then), change]
        })
    });
    Some(Grid {
        name: "与上期比较",
        heading: format!("与{}比较", before.period),
        widths: vec![64, 12, 18, 12],
        heads: 1,
        rows: [head.to_vec()].into_iter().chain(rows).collect(),
    })
}

/// The name of the table of the departments.
pub const DEPARTMENTS: &str = "承办科室";

fn departments(report: &Report) -> Option<Grid> {
    let columns = breakdown::columns(&report.departments);
    let mut head = vec![Spot::head(DEPARTMENTS)];
    head.extend(columns.iter().map(|group| Spot::head(breakdown::printed_group(group))));
    let row = |mix: &Mix| {
        let number = |group: &&str| Spot::number(if *group == TOTAL { mix.ended } else { mix.get(group) });
        let mut spots = vec![Spot::label(mix.name(report.with_subordinates))];
        spots.extend(columns.iter().map(number));
        spots
    };
    let mut widths = vec![36];
    widths.extend(vec![14; columns.len()]);
    (!report.departments.is_empty()).then(|| Grid {
        name: DEPARTMENTS,
        heading: "各承办科室办结情况".to_owned(),
        widths,
        heads: 1,
        rows: [head].into_iter().chain(report.departments.iter().map(row)).collect(),
    })
}

/// The name of the table of the subjects.
pub const TOPICS: &str = "申请主题";

fn topics(report: &Report) -> Option<Grid> {
    let head = vec![Spot::head("主题"), Spot::head("收到的申请（件）")];
    let row = |count: &TopicCount| vec![Spot::label(count.topic.as_str()), Spot::number(count.applications)];
    (!report.topic_counts.is_empty()).then(|| Grid {
        name: TOPICS,
        heading: "申请的主题".to_owned(),
        widths: vec![64, 24],
        heads: 1,
        rows: [head].into_iter().chain(report.topic_counts.iter().map(row)).collect(),
    })
}

/// Columns of table two: the row's name and up to three figures.
const FIGURES_OF_TWO: u16 = 3;

fn table_two(report: &Report) -> Grid {
    let mut rows = Vec::new();
    for block in report.form.table_two() {
        rows.push(vec![Spot::head(block.heading).over(1 + FIGURES_OF_TWO, 1)]);
        let spans = spans(block.columns.len());
        let mut head = vec![Spot::head("信息内容")];
        head.extend(block.columns.iter().zip(&spans).map(|(column, span)| Spot::head(*column).over(*span, 1)));
        rows.push(head);
        for row in block.rows {
            let figure = |column: &&str| Spot::new(Content::Entered(report.table2.get(row, column)), Look::Figure);
            let mut cells = vec![Spot::label(*row)];
            cells.extend(block.columns.iter().zip(&spans).map(|(column, span)| figure(column).over(*span, 1)));
            rows.push(cells);
        }
    }
    Grid {
        name: "表二", heading: "二、主动公开政府信息情况".to_owned(), widths: vec![28, 22, 22, 22], heads: 0, rows
    }
}

/// How `count` figures share the columns.
fn spans(count: usize) -> Vec<u16> {
    match count {
        1 => vec![FIGURES_OF_TWO],
        2 => vec![1, FIGURES_OF_TWO - 1],
        _ => vec![1; count],
    }
}

/// Columns of labels: the part, the group, the item.
const LABELS: u16 = 3;

fn table_three(report: &Report) -> Grid {
    let kinds: Vec<&str> = form::kinds().collect();
    let (natural, others) = kinds.split_first().unwrap_or((&"", &[]));
    let width = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let mut rows = vec![
        vec![Spot::head(form::RELATION).over(LABELS, 3), Spot::head("申请人情况").over(width(kinds.len()) + 1, 1)],
        vec![
            Spot::head(*natural).over(1, 2),
            Spot::head("法人或其他组织").over(width(others.len()), 1),
            Spot::head(TOTAL).over(1, 2),
        ],
        others.iter().map(|kind| Spot::head(*kind)).collect(),
    ];
    let results: Vec<&(&str, Vec<u32>)> =
        report.table3.rows.iter().filter(|(row, _)| ![RECEIVED, CARRIED, PENDING].contains(row)).collect();
    for (row, cells) in &report.table3.rows {
        let mut spots = Vec::new();
        if ![RECEIVED, CARRIED, PENDING].contains(row) {
            if results.first().is_some_and(|(first, _)| first == row) {
                spots.push(Spot::head("三、本年度办理结果").over(1, width(results.len())));
            }
            spots.extend(labels(row, &results));
        } else {
            spots.push(Spot::label(printed(row).1).over(LABELS, 1));
        }
        spots.extend(cells.iter().map(|count| Spot::number(*count)));
        rows.push(spots);
    }
    let mut widths = vec![7, 16, 42];
    widths.extend(vec![10; kinds.len() + 1]);
    Grid {
        name: "表三", heading: "三、收到和处理政府信息公开申请情况".to_owned(), widths, heads: 3, rows
    }
}

/// The group beside the first of its rows, and the row itself.
fn labels(row: &str, results: &[&(&str, Vec<u32>)]) -> Vec<Spot> {
    let (group, item) = printed(row);
    let Some(group) = group else { return vec![Spot::label(item).over(LABELS - 1, 1)] };
    let of_group: Vec<&str> =
        results.iter().map(|(other, _)| *other).filter(|other| form::group(other) == form::group(row)).collect();
    let head = (of_group.first() == Some(&row) || row == RESULTS)
        .then(|| Spot::label(group).over(1, u16::try_from(of_group.len()).unwrap_or(1)));
    head.into_iter().chain([Spot::label(item)]).collect()
}

fn table_four(report: &Report) -> Grid {
    let columns = u16::try_from(report.table4.columns.len()).unwrap_or(u16::MAX);
    let heads = || report.table4.columns.iter().map(|column| Spot::head(*column));
    let rows = vec![
        vec![Spot::head("行政复议").over(columns, 2), Spot::head("行政诉讼").over(2 * columns, 1)],
        vec![Spot::head("未经复议直接起诉").over(columns, 1), Spot::head("复议后起诉").over(columns, 1)],
        heads().chain(heads()).chain(heads()).collect(),
        report.table4.rows.iter().flat_map(|(_, cells)| cells).map(|count| Spot::number(*count)).collect(),
    ];
    Grid {
        name: "表四",
        heading: "四、政府信息公开行政复议、行政诉讼情况".to_owned(),
        widths: vec![7; usize::from(3 * columns)],
        heads: 3,
        rows,
    }
}

/// The sheet of 2014, indicator by indicator: what was entered around what was counted.
fn sheet(report: &Report) -> Grid {
    let line = |indent: usize, label: &str, unit: &str, content: Content| {
        let unit = Spot::new(Content::Text(unit.to_owned()), Look::Figure);
        vec![Spot::label(format!("{}{label}", "　".repeat(indent))), unit, Spot::new(content, Look::Figure)]
    };
    let blank = || Content::Text(String::new());
    let entered = |one: &Indicator| match one.unit {
        "" => line(one.depth, one.label, "", blank()),
        unit => line(one.depth, one.label, unit, Content::Entered(report.table2.get(one.label, form_2014::FIGURE))),
    };
    let counted = |indent: usize, label: &str, number: Option<u32>| match number {
        Some(number) => line(indent, label, COUNTED, Content::Number(number)),
        None => line(indent, label, "", blank()),
    };
    let [before, after] = report.form.indicators();
    let mut rows = vec![vec![Spot::head("统计指标"), Spot::head("单位"), Spot::head("统计数")]];
    rows.extend(before.iter().map(entered));
    rows.push(counted(0, APPLICATIONS, None));
    for (row, cells) in &report.table3.rows {
        let number = cells.last().copied();
        rows.push(match row.split_once('-').filter(|_| form::is_refusal_of_sheet(row)) {
            Some((_, reason)) => counted(3, &format!("其中：{reason}"), number),
            None => {
                let (part, item) = row.split_once('）').unwrap_or(("", row));
                if item.starts_with(|letter: char| letter.is_ascii_digit()) {
                    counted(2, item, number)
                } else {
                    counted(1, &format!("{part}）{item}"), number)
                }
            }
        });
    }
    for ((_, cells), head) in report.table4.rows.iter().zip(["四、行政复议数量", "五、行政诉讼数量"]) {
        rows.push(counted(0, head, cells.last().copied()));
        for (column, count) in report.table4.columns.iter().zip(cells).filter(|(column, _)| **column != TOTAL) {
            rows.push(counted(1, column, Some(*count)));
        }
    }
    rows.extend(after.iter().map(entered));
    Grid {
        name: "统计表", heading: "政府信息公开情况统计表".to_owned(), widths: vec![64, 8, 12], heads: 1, rows
    }
}

/// The unit of what is counted.
pub const COUNTED: &str = "件";
/// The heading of the first part that is counted.
pub const APPLICATIONS: &str = "三、依申请公开情况";
