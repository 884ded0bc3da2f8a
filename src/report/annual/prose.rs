//! Parts three, four and six in the words offices use, from the figures of the tables and no others.

use super::count::Table;
use super::form::{self, CARRIED, Form, PENDING, RECEIVED, RESULTS, TOTAL};
use crate::law::{Outcome, Regime};

/// What the prose is made of.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// Whose report.
    pub org: &'a str,
    /// Whether the organs below are counted with it.
    pub with_subordinates: bool,
    /// 2025年, 2025年上半年 …
    pub period: &'a str,
    /// The form of the tables.
    pub form: Form,
    /// Table three.
    pub three: &'a Table,
    /// Table four.
    pub four: &'a Table,
    /// What was asked for most, the most frequent first.
    pub topics: &'a [String],
    /// Fees paid in the period, yuan.
    pub fee_yuan: u64,
}

/// How an organ speaks of itself.
fn we(figures: &Figures<'_>) -> String {
    if figures.with_subordinates {
        return format!("{}及所属各机关", figures.org);
    }
    let ends = [("局", "我局"), ("委员会", "我委"), ("厅", "我厅"), ("办公室", "我办"), ("街道办事处", "我街道")];
    let own = ends.iter().find(|(end, _)| figures.org.ends_with(end));
    own.map_or("本机关", |(_, we)| we).to_owned()
}

/// Part three: what came, what it was about, how it ended.
#[must_use]
pub fn part_three(figures: &Figures<'_>) -> String {
    match figures.form {
        Form::Sheet2014 => sheet(figures),
        Form::Form2019 | Form::Form2021 => table(figures),
    }
}

fn table(figures: &Figures<'_>) -> String {
    let get = |row: &str| figures.three.get(row, TOTAL).unwrap_or_default();
    let (period, we) = (figures.period, we(figures));
    let received = get(RECEIVED);
    let natural = form::kinds().next().and_then(|column| figures.three.get(RECEIVED, column)).unwrap_or_default();
    let mut text = format!("{period}，{we}收到政府信息公开申请{received}件，上年结转{}件。", get(CARRIED));
    if received > 0 {
        text += &format!("其中，自然人申请{natural}件，法人或其他组织申请{}件。", received - natural);
    }
    text += &topics(figures.topics, "申请内容主要涉及", "等方面。");
    let groups =
        ["三(一)予以公开", "三(二)部分公开", "三(三)不予公开", "三(四)无法提供", "三(五)不予处理", "三(六)其他处理"];
    let words = groups.map(|group| {
        let rows = figures.three.rows.iter().filter(|(row, _)| form::group(row) == group);
        let count: u32 = rows.filter_map(|(row, _)| figures.three.get(row, TOTAL)).sum();
        let name = group.rsplit_once(')').map_or(group, |(_, name)| name);
        format!("{name}{count}件")
    });
    text += &format!(
        "办结政府信息公开申请{}件，其中，{}；结转下年度继续办理{}件。",
        get(RESULTS),
        words.join("，"),
        get(PENDING)
    );
    text
}

/// As reports on 2018 and earlier have it, with each kind of reply that there was.
fn sheet(figures: &Figures<'_>) -> String {
    let get = |row: &str| figures.three.get(row, TOTAL).unwrap_or_default();
    let (period, we) = (figures.period, we(figures));
    let mut text = format!("{period}{we}共收到政府信息依申请公开{}件", get(form::SHEET_RECEIVED));
    let ways: Vec<String> = form::channel_rows()
        .map(|(row, word)| (word, get(row)))
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{word}申请{count}件"))
        .collect();
    text += &if ways.is_empty() { "。".to_owned() } else { format!("，其中{}。", ways.join("，")) };
    text += &topics(figures.topics, "申请的热点问题主要涉及", "等方面信息。");
    text += &format!("{we}办结答复政府信息公开申请{}件", get(form::SHEET_ANSWERED));
    let kinds = replies(&get);
    text += &if kinds.is_empty() { "。".to_owned() } else { format!("，其中{}。", kinds.join("，")) };
    let (ended, answered) = (get(form::SHEET_ENDED), get(form::SHEET_ANSWERED));
    if ended > 0 {
        text += &format!("按时办结{}件，延期办结{}件。", get(form::SHEET_IN_TIME), get(form::SHEET_EXTENDED));
    }
    if ended > answered {
        text += &format!("另有{}件未作答复即终结（申请人撤回等）。", ended - answered);
    }
    text
}

/// The kinds of reply of the sheet, those of refusal told behind their sum.
fn replies(get: &dyn Fn(&str) -> u32) -> Vec<String> {
    let mut words = Vec::new();
    let mut refusals = Vec::new();
    for row in Form::Sheet2014.rows() {
        let label = Outcome::all()
            .find(|outcome| outcome.is_of(Regime::Order492) && outcome.row_2014() == Some(row))
            .map(Outcome::label);
        let Some(label) = label.filter(|_| get(row) > 0) else { continue };
        match label.split_once('：') {
            Some((_, reason)) => refusals.push(format!("{reason}{}件", get(row))),
            None => words.push((row, format!("{label}{}件", get(row)))),
        }
    }
    if !refusals.is_empty() {
        words.push((
            form::SHEET_REFUSED,
            format!("不同意公开{}件（{}）", get(form::SHEET_REFUSED), refusals.join("、")),
        ));
    }
    let order = Form::Sheet2014.rows();
    words.sort_by_key(|(row, _)| order.iter().position(|other| other == row));
    words.into_iter().map(|(_, text)| text).collect()
}

fn topics(topics: &[String], before: &str, after: &str) -> String {
    if topics.is_empty() { String::new() } else { format!("{before}{}{after}", topics.join("、")) }
}

/// Part four: reconsideration and suits.
#[must_use]
pub fn part_four(figures: &Figures<'_>) -> String {
    let total = |block: &str| figures.four.get(block, TOTAL).unwrap_or_default();
    let blocks = figures.form.remedy_blocks();
    if blocks.iter().all(|block| total(block) == 0) {
        let (period, we) = (figures.period, we(figures));
        return format!("{period}，{we}未发生因政府信息公开申请行政复议、提起行政诉讼的情况。");
    }
    let results = |block: &str| -> Vec<String> {
        let columns = figures.four.columns.iter().filter(|column| **column != TOTAL);
        let counted = columns.map(|column| (column, figures.four.get(block, column).unwrap_or_default()));
        counted
            .filter(|(_, count)| *count > 0)
            .map(|(column, count)| format!("{}{count}件", column.trim_end_matches('数')))
            .collect()
    };
    let told: Vec<String> = blocks
        .iter()
        .map(|block| {
            let (name, way) = block.split_once('-').unwrap_or((block, ""));
            let way = if way.is_empty() { String::new() } else { format!("（{way}）") };
            match total(block) {
                0 => format!("无{name}{way}"),
                count => format!("{name}{way}{count}件（{}）", results(block).join("，")),
            }
        })
        .collect();
    format!("{}，因政府信息公开发生的{}。", figures.period, told.join("；"))
}

/// What part six has to say of fees.
#[must_use]
pub fn fees(figures: &Figures<'_>) -> String {
    let Figures { period, fee_yuan, form, .. } = figures;
    match (form, fee_yuan) {
        (Form::Form2021, 0) => format!("依据《政府信息公开信息处理费管理办法》，{period}未收取信息处理费。"),
        (Form::Form2021, yuan) => {
            format!("依据《政府信息公开信息处理费管理办法》，{period}实际收取信息处理费共计{yuan}元。")
        }
        (Form::Sheet2014 | Form::Form2019, 0) => format!("{period}依申请提供政府信息未收取费用。"),
        (Form::Sheet2014 | Form::Form2019, yuan) => format!("{period}依申请提供政府信息收取费用{yuan}元。"),
    }
}
