//! Parts three, four and six in the words offices use, from the figures of the tables and no others.

use super::count::Table;
use super::form::{self, CARRIED, Form, PENDING, RECEIVED, RESULTS, TOTAL};
use crate::case::RemedyKind;
use crate::law::{Outcome, Regime};

/// What the prose is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProseFigures<'a> {
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
fn we(figures: &ProseFigures<'_>) -> String {
    if figures.with_subordinates {
        return format!("{}及所属各机关", figures.org);
    }
    let ends = [("局", "我局"), ("委员会", "我委"), ("厅", "我厅"), ("办公室", "我办"), ("街道办事处", "我街道")];
    let own = ends.iter().find(|(end, _)| figures.org.ends_with(end));
    own.map_or("本机关", |(_, we)| we).to_owned()
}

/// Part three: what came, what it was about, how it ended.
#[must_use]
pub fn part_three(figures: &ProseFigures<'_>) -> String {
    match figures.form {
        Form::Sheet2014 => sheet(figures),
        Form::Form2019 | Form::Form2021 => table(figures),
    }
}

fn table(figures: &ProseFigures<'_>) -> String {
    let get = |row: &str| figures.three.get(row, TOTAL).unwrap_or_default();
    let (period, we) = (figures.period, we(figures));
    let (received, carried) = (get(RECEIVED), get(CARRIED));
    let handed_on = HandedOn::of(period);
    let mut text = format!("{period}，{we}");
    if received == 0 && carried == 0 {
        return text + "未收到政府信息公开申请，" + handed_on.nothing;
    }
    if received == 0 {
        text += "未收到政府信息公开申请";
    } else {
        let natural = form::kinds().next().and_then(|column| figures.three.get(RECEIVED, column)).unwrap_or_default();
        let others = received.saturating_sub(natural);
        text += &format!("收到政府信息公开申请{received}件，其中自然人申请{natural}件，法人或其他组织申请{others}件");
    }
    text += &format!("；{}{carried}件。", handed_on.from_before);
    text += &topics(figures.topics, "申请内容主要涉及", "等方面。");
    text + &results(figures) + &format!("{}{}件。", handed_on.to_next, get(PENDING))
}

/// How a report speaks of what one period hands on to the next. Only whole years have 上年 and 下年度.
struct HandedOn {
    nothing: &'static str,
    from_before: &'static str,
    to_next: &'static str,
}

impl HandedOn {
    fn of(period: &str) -> Self {
        if period.split_once('年').is_some_and(|(_, part)| part.is_empty()) {
            Self {
                nothing: "也没有上年结转的申请。", from_before: "上年结转", to_next: "结转下年度继续办理"
            }
        } else {
            Self {
                nothing: "也没有上期结转的申请。", from_before: "上期结转", to_next: "期末尚未办结"
            }
        }
    }
}

/// What has ended, by groups of results, up to what is still open.
fn results(figures: &ProseFigures<'_>) -> String {
    let groups =
        ["三(一)予以公开", "三(二)部分公开", "三(三)不予公开", "三(四)无法提供", "三(五)不予处理", "三(六)其他处理"];
    let words = groups.map(|group| {
        let rows = figures.three.rows.iter().filter(|(row, _)| form::group(row) == group);
        let count: u32 = rows.filter_map(|(row, _)| figures.three.get(row, TOTAL)).sum();
        let name = group.rsplit_once(')').map_or(group, |(_, name)| name);
        format!("{name}{count}件")
    });
    match figures.three.get(RESULTS, TOTAL).unwrap_or_default() {
        0 => "没有办结的申请，".to_owned(),
        ended => format!("办结政府信息公开申请{ended}件，其中{}；", words.join("，")),
    }
}

/// As reports on 2018 and earlier have it, with each kind of reply that there was.
fn sheet(figures: &ProseFigures<'_>) -> String {
    let get = |row: &str| figures.three.get(row, TOTAL).unwrap_or_default();
    let (period, we) = (figures.period, we(figures));
    let (received, answered) = (get(form::SHEET_RECEIVED), get(form::SHEET_ANSWERED));
    let mut text = match received {
        0 => format!("{period}，{we}未收到政府信息公开申请"),
        received => format!("{period}，{we}共收到政府信息公开申请{received}件"),
    };
    let ways: Vec<String> = form::channel_rows()
        .map(|(row, word)| (word, get(row)))
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{word}申请{count}件"))
        .collect();
    text += &if ways.is_empty() { "。".to_owned() } else { format!("，其中{}。", ways.join("，")) };
    text += &topics(figures.topics, "申请的热点问题主要涉及", "等方面信息。");
    if answered > 0 {
        text += &format!("{we}办结答复政府信息公开申请{answered}件");
        let kinds = replies(&get);
        text += &if kinds.is_empty() { "。".to_owned() } else { format!("，其中{}。", kinds.join("，")) };
    }
    let ended = get(form::SHEET_ENDED);
    if ended > 0 {
        text += &format!("按时办结{}件，延期办结{}件。", get(form::SHEET_IN_TIME), get(form::SHEET_EXTENDED));
    }
    if ended > answered {
        text += &format!("另有{}件未作答复即终结（申请人撤回等）。", ended - answered);
    }
    text
}

/// The kinds of reply of the sheet; the kinds of refusal follow their sum.
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
pub fn part_four(figures: &ProseFigures<'_>) -> String {
    let total = |block: &str| figures.four.get(block, TOTAL).unwrap_or_default();
    let blocks = figures.form.remedy_blocks();
    if blocks.iter().all(|block| total(block) == 0) {
        let (period, we) = (figures.period, we(figures));
        return format!("{period}，{we}未发生因政府信息公开申请行政复议、提起行政诉讼的情况。");
    }
    let (period, we) = (figures.period, we(figures));
    let (reconsiderations, suits): (Vec<&str>, Vec<&str>) =
        blocks.into_iter().partition(|block| *block == figures.form.remedy_block(RemedyKind::Reconsideration));
    let reconsidered = reconsiderations.first().map(|block| (*block, total(block))).filter(|(_, count)| *count > 0);
    let reconsidered = reconsidered.map(|(block, count)| format!("被申请行政复议{count}件{}", endings(figures, block)));
    let sued = suited(figures, &suits);
    let words = match (reconsidered, sued) {
        (Some(reconsidered), Some(sued)) => format!("{reconsidered}；{sued}"),
        (Some(reconsidered), None) => format!("{reconsidered}；未被提起行政诉讼"),
        (None, Some(sued)) => format!("{sued}；未被申请行政复议"),
        (None, None) => "未被申请行政复议、提起行政诉讼".to_owned(),
    };
    format!("{period}，{we}因政府信息公开{words}。")
}

/// The suits, by whether a reconsideration came before them if the form distinguishes that; `None` without suits.
fn suited(figures: &ProseFigures<'_>, blocks: &[&str]) -> Option<String> {
    let total = |block: &str| figures.four.get(block, TOTAL).unwrap_or_default();
    let some: Vec<&str> = blocks.iter().copied().filter(|block| total(block) > 0).collect();
    let sum: u32 = some.iter().map(|block| total(block)).sum();
    let way = |block: &str| block.split_once('-').map_or(String::new(), |(_, way)| way.to_owned());
    match some.as_slice() {
        [] => None,
        [block] if way(block).is_empty() => Some(format!("被提起行政诉讼{sum}件{}", endings(figures, block))),
        blocks => {
            let each = |block: &&str| format!("{}{}件{}", way(block), total(block), endings(figures, block));
            let each: Vec<String> = blocks.iter().map(each).collect();
            Some(format!("被提起行政诉讼{sum}件，其中{}", each.join("，")))
        }
    }
}

/// How the remedies of a block ended: （结果维持3件，尚未审结1件）.
fn endings(figures: &ProseFigures<'_>, block: &str) -> String {
    let columns = figures.four.columns.iter().filter(|column| **column != TOTAL);
    let counted = columns.map(|column| (column, figures.four.get(block, column).unwrap_or_default()));
    let words: Vec<String> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(column, count)| format!("{}{count}件", column.trim_end_matches('数')))
        .collect();
    if words.is_empty() { String::new() } else { format!("（{}）", words.join("，")) }
}

/// What part six has to say of fees.
#[must_use]
pub fn fees(figures: &ProseFigures<'_>) -> String {
    let ProseFigures { period, fee_yuan, form, .. } = figures;
    match (form, fee_yuan) {
        (Form::Form2021, 0) => format!("依据《政府信息公开信息处理费管理办法》，{period}未收取信息处理费。"),
        (Form::Form2021, yuan) => {
            format!("依据《政府信息公开信息处理费管理办法》，{period}实际收取信息处理费共计{yuan}元。")
        }
        (Form::Sheet2014 | Form::Form2019, 0) => format!("{period}依申请提供政府信息未收取费用。"),
        (Form::Sheet2014 | Form::Form2019, yuan) => format!("{period}依申请提供政府信息收取费用{yuan}元。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::annual::check::check;
    use crate::report::annual::published::Published;
    use proptest::prelude::*;

    fn empty(form: Form) -> (Table, Table) {
        let rows = |rows: Vec<&'static str>, columns: &[&'static str]| -> Vec<(&'static str, Vec<u32>)> {
            rows.into_iter().map(|row| (row, vec![0; columns.len()])).collect()
        };
        let three = Table { rows: rows(form.rows(), &form.columns()), columns: form.columns() };
        let four = Table { rows: rows(form.remedy_blocks(), &form.remedy_columns()), columns: form.remedy_columns() };
        (three, four)
    }

    fn set(table: &mut Table, row: &str, cells: &[u32]) {
        let place = table.rows.iter_mut().find(|(other, _)| other.starts_with(row)).unwrap();
        place.1 = cells.to_vec();
    }

    fn words(form: Form, period: &str, three: &Table, four: &Table) -> [String; 2] {
        let figures = ProseFigures {
            org: "某市自然资源局",
            with_subordinates: false,
            period,
            form,
            three,
            four,
            topics: &[],
            fee_yuan: 0,
        };
        [part_three(&figures), part_four(&figures)]
    }

    #[test]
    fn a_year_without_anything_is_one_sentence_a_part() {
        let (three, four) = empty(Form::Form2021);
        assert_eq!(
            words(Form::Form2021, "2024年", &three, &four),
            [
                "2024年，我局未收到政府信息公开申请，也没有上年结转的申请。",
                "2024年，我局未发生因政府信息公开申请行政复议、提起行政诉讼的情况。"
            ]
        );
        let (three, four) = empty(Form::Sheet2014);
        assert_eq!(words(Form::Sheet2014, "2017年", &three, &four)[0], "2017年，我局未收到政府信息公开申请。");
    }

    #[test]
    fn the_parts_of_what_came_in_are_said_of_what_came_in_and_not_of_what_was_carried_over() {
        let (mut three, mut four) = empty(Form::Form2021);
        set(&mut three, RECEIVED, &[18, 2, 0, 0, 0, 0, 20]);
        set(&mut three, CARRIED, &[3, 0, 0, 0, 0, 0, 3]);
        set(&mut three, "三(一)", &[18, 0, 0, 0, 0, 0, 18]);
        set(&mut three, RESULTS, &[18, 0, 0, 0, 0, 0, 18]);
        set(&mut three, PENDING, &[3, 2, 0, 0, 0, 0, 5]);
        set(&mut four, "行政复议", &[3, 1, 0, 0, 4]);
        let [part_three, part_four] = words(Form::Form2021, "2024年", &three, &four);
        assert_eq!(
            part_three,
            "2024年，我局收到政府信息公开申请20件，其中自然人申请18件，法人或其他组织申请2件；上年结转3件。办结政府信息公开申请18件，其中予以公开18件，部分公开0件，不予公开0件，无法提供0件，不予处理0件，其他处理0件；结转下年度继续办理5件。"
        );
        assert_eq!(
            part_four,
            "2024年，我局因政府信息公开被申请行政复议4件（结果维持3件，结果纠正1件）；未被提起行政诉讼。"
        );
        let [part_three, _] = words(Form::Form2021, "2024年上半年", &three, &four);
        assert!(part_three.contains("；上期结转3件。") && part_three.ends_with("；期末尚未办结5件。"), "{part_three}");
    }

    #[test]
    fn suits_are_said_by_whether_a_reconsideration_came_before_them() {
        let (three, mut four) = empty(Form::Form2021);
        set(&mut four, "行政诉讼-未", &[2, 0, 0, 0, 2]);
        let said = |four: &Table| words(Form::Form2021, "2024年", &three, four)[1].clone();
        assert_eq!(
            said(&four),
            "2024年，我局因政府信息公开被提起行政诉讼2件，其中未经复议直接起诉2件（结果维持2件）；未被申请行政复议。"
        );
        set(&mut four, "行政诉讼-复", &[0, 0, 0, 1, 1]);
        set(&mut four, "行政复议", &[0, 0, 1, 0, 1]);
        assert_eq!(
            said(&four),
            "2024年，我局因政府信息公开被申请行政复议1件（其他结果1件）；被提起行政诉讼3件，其中未经复议直接起诉2件（结果维持2件），复议后起诉1件（尚未审结1件）。"
        );
        let (three, mut four) = empty(Form::Sheet2014);
        set(&mut four, "行政诉讼", &[1, 0, 0, 1]);
        assert_eq!(
            words(Form::Sheet2014, "2017年", &three, &four)[1],
            "2017年，我局因政府信息公开被提起行政诉讼1件（维持具体行政行为1件）；未被申请行政复议。"
        );
    }

    /// Two tables of a form in which all sums are right.
    fn balanced(form: Form, cells: &[u32]) -> (Table, Table) {
        let (mut three, mut four) = empty(form);
        let mut numbers = cells.iter().copied().cycle();
        let mut next = || numbers.next().unwrap_or_default();
        let kinds = three.columns.len() - 1;
        let sum = |cells: &[u32]| -> Vec<u32> { cells.iter().copied().chain([cells.iter().sum()]).collect() };
        let mut results = vec![0; kinds];
        for row in form.result_rows() {
            let cells: Vec<u32> = (0..kinds).map(|_| next()).collect();
            results.iter_mut().zip(&cells).for_each(|(sum, cell)| *sum += cell);
            set(&mut three, row, &sum(&cells));
        }
        let open: Vec<u32> = (0..kinds).map(|_| next()).collect();
        let carried: Vec<u32> = results.iter().map(|results| next().min(*results)).collect();
        let in_hand = results.iter().zip(&open).zip(&carried);
        let received: Vec<u32> = in_hand.map(|((results, open), carried)| results + open - carried).collect();
        for (row, cells) in [(RECEIVED, received), (CARRIED, carried), (RESULTS, results), (PENDING, open)] {
            set(&mut three, row, &sum(&cells));
        }
        for block in form.remedy_blocks() {
            let cells: Vec<u32> = (1..form.remedy_columns().len()).map(|_| next()).collect();
            set(&mut four, block, &sum(&cells));
        }
        (three, four)
    }

    fn published(form: Form, year: i32, three: &Table, four: &Table, narrative: &str) -> Published {
        let value = serde_json::json!({
            "org": "某市自然资源局", "year": year, "format": form.code(),
            "table3": three, "table4": four, "narrative": narrative,
        });
        Published::from_value(&value).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_checker_finds_nothing_in_our_words_and_every_other_number_in_them(
            cells in prop::collection::vec(prop_oneof![3 => Just(0), 1 => 1..9_u32], 1..80),
            form in prop::sample::select(vec![Form::Form2019, Form::Form2021]),
        ) {
            let (three, four) = balanced(form, &cells);
            let (year, period) = if form == Form::Form2019 { (2020, "2020年") } else { (2024, "2024年") };
            let text = words(form, period, &three, &four).join("\n");
            let checked = check(&published(form, year, &three, &four, &text));
            prop_assert_eq!((checked.findings, checked.notices), (vec![], vec![]), "{}", text);
            // Each number of 件 is judged: one more is a fault. What was carried over, counted with what came in, is a notice.
            for (at, _) in text.match_indices('件') {
                let digits = text[..at].chars().rev().take_while(char::is_ascii_digit).count();
                let number: u32 = text[at - digits..at].parse().unwrap();
                let spoilt = format!("{}{}{}", &text[..at - digits], number + 1000, &text[at..]);
                let checked = check(&published(form, year, &three, &four, &spoilt));
                let found = checked.findings.iter().any(|finding| finding.found == Some(u64::from(number + 1000)));
                prop_assert!(found, "{}", spoilt);
            }
        }
    }
}
