//! The three official forms as one table of rows and columns. `law` says which outcome belongs to which row.
//!
//! 国办发〔2014〕32号 for reports up to 2018; 国办公开办函〔2019〕60号 for 2019 and 2020; 国办公开办函〔2021〕30号 from 2021 on.

use crate::case::{ApplicantKind, RemedyKind, RemedyResult};
use crate::law::{Channel, Outcome, Regime};
use crate::report::PARTIAL_NOTE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// 一：本年新收.
pub const RECEIVED: &str = "一、本年新收政府信息公开申请数量";
/// 二：上年结转.
pub const CARRIED: &str = "二、上年结转政府信息公开申请数量";
/// 三（七）：总计.
pub const RESULTS: &str = "三(七)总计";
/// 四：结转下年度.
pub const PENDING: &str = "四、结转下年度继续办理";
/// （六） as the one row it is in the 2019 form.
pub const OTHER_UNDIVIDED: &str = "三(六)其他处理";
/// The column of sums, and the only one of the 2014 sheet.
pub const TOTAL: &str = "总计";
/// The relation printed above table three: 一＋二＝（七）＋四.
pub const RELATION: &str = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）";

/// 2014 sheet: 收到申请数.
pub const SHEET_RECEIVED: &str = "（一）收到申请数";
/// 2014 sheet: 申请办结数.
pub const SHEET_ENDED: &str = "（二）申请办结数";
/// 2014 sheet: 按时办结数.
pub const SHEET_IN_TIME: &str = "（二）1.按时办结数";
/// 2014 sheet: 延期办结数.
pub const SHEET_EXTENDED: &str = "（二）2.延期办结数";
/// 2014 sheet: 申请答复数.
pub const SHEET_ANSWERED: &str = "（三）申请答复数";
/// 2014 sheet: 不同意公开答复数, the sum of its kinds.
pub const SHEET_REFUSED: &str = "（三）4.不同意公开答复数";

/// An official form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Form {
    /// 政府信息公开情况统计表, reports up to 2018.
    #[serde(rename = "2014")]
    Sheet2014,
    /// 格式（试行）, reports on 2019 and 2020.
    #[serde(rename = "2019")]
    Form2019,
    /// 政府信息公开工作年度报告格式, reports from 2021 on.
    #[serde(rename = "2021")]
    Form2021,
}

impl Form {
    /// Every form, the oldest first.
    pub const ALL: [Self; 3] = [Self::Sheet2014, Self::Form2019, Self::Form2021];

    /// The form the report on `year` follows.
    #[must_use]
    pub const fn of_year(year: i32) -> Self {
        match year {
            ..=2018 => Self::Sheet2014,
            2019 | 2020 => Self::Form2019,
            2021.. => Self::Form2021,
        }
    }

    /// The year that names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sheet2014 => "2014",
            Self::Form2019 => "2019",
            Self::Form2021 => "2021",
        }
    }

    /// The form of that name, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.code() == code)
    }

    /// The document that prescribes it.
    #[must_use]
    pub const fn basis(self) -> &'static str {
        match self {
            Self::Sheet2014 => "国办发〔2014〕32号",
            Self::Form2019 => "国办公开办函〔2019〕60号",
            Self::Form2021 => "国办公开办函〔2021〕30号",
        }
    }

    /// The row an outcome of either Order is reported in; `None`: the form does not count it as a reply.
    #[must_use]
    pub const fn row_of(self, outcome: Outcome) -> Option<&'static str> {
        match self {
            Self::Sheet2014 => outcome.row_2014(),
            Self::Form2019 => outcome.row_2019(),
            Self::Form2021 => outcome.row_2021(),
        }
    }

    /// The rows of results in the form's order, without sums: those of the outcomes of its own Order.
    #[must_use]
    pub fn result_rows(self) -> Vec<&'static str> {
        let order = if self == Self::Sheet2014 { Regime::Order492 } else { Regime::Order711 };
        let own = Outcome::all().filter(|outcome| outcome.is_of(order)).filter_map(|outcome| self.row_of(outcome));
        let mut rows: Vec<&'static str> = own.collect();
        rows.dedup();
        rows
    }

    /// Every row in the form's order.
    #[must_use]
    pub fn rows(self) -> Vec<&'static str> {
        let mut rows = match self {
            Self::Sheet2014 => {
                let mut rows = vec![SHEET_RECEIVED];
                rows.extend(CHANNELS.iter().map(|(row, ..)| *row));
                rows.extend([SHEET_ENDED, SHEET_IN_TIME, SHEET_EXTENDED, SHEET_ANSWERED]);
                rows
            }
            Self::Form2019 | Self::Form2021 => vec![RECEIVED, CARRIED],
        };
        for row in self.result_rows() {
            if is_refusal_of_sheet(row) && !rows.contains(&SHEET_REFUSED) {
                rows.push(SHEET_REFUSED);
            }
            rows.push(row);
        }
        if self != Self::Sheet2014 {
            rows.extend([RESULTS, PENDING]);
        }
        rows
    }

    /// The columns: the six kinds of applicant and their sum; the 2014 sheet has one figure a row.
    #[must_use]
    pub fn columns(self) -> Vec<&'static str> {
        match self {
            Self::Sheet2014 => vec![TOTAL],
            Self::Form2019 | Self::Form2021 => kinds().chain([TOTAL]).collect(),
        }
    }

    /// The columns of a block of table four.
    #[must_use]
    pub fn remedy_columns(self) -> Vec<&'static str> {
        let decided = RemedyResult::ALL.iter().map(|result| self.remedy_column(*result));
        let undecided = if self == Self::Sheet2014 { None } else { Some(UNDECIDED) };
        decided.chain(undecided).chain([TOTAL]).collect()
    }

    /// The column of a result in table four.
    #[must_use]
    pub const fn remedy_column(self, result: RemedyResult) -> &'static str {
        match (self, result) {
            (Self::Sheet2014, RemedyResult::Upheld) => "维持具体行政行为数",
            (Self::Sheet2014, RemedyResult::Corrected) => "被依法纠错数",
            (Self::Sheet2014, RemedyResult::Other) => "其他情形数",
            (Self::Form2019 | Self::Form2021, result) => result.label(),
        }
    }

    /// The blocks of table four in their order. The 2014 sheet does not tell suits apart.
    #[must_use]
    pub fn remedy_blocks(self) -> Vec<&'static str> {
        let mut blocks: Vec<&'static str> = RemedyKind::ALL.iter().map(|kind| self.remedy_block(*kind)).collect();
        blocks.dedup();
        blocks
    }

    /// The block of a kind of remedy.
    #[must_use]
    pub const fn remedy_block(self, kind: RemedyKind) -> &'static str {
        match (self, kind) {
            (_, RemedyKind::Reconsideration) => "行政复议",
            (Self::Sheet2014, RemedyKind::Litigation | RemedyKind::LitigationAfterReconsideration) => "行政诉讼",
            (Self::Form2019 | Self::Form2021, RemedyKind::Litigation) => "行政诉讼-未经复议直接起诉",
            (Self::Form2019 | Self::Form2021, RemedyKind::LitigationAfterReconsideration) => "行政诉讼-复议后起诉",
        }
    }
}

/// 尚未审结.
pub const UNDECIDED: &str = "尚未审结";

/// 信函、网络… of the 2014 sheet and the channels each means.
const CHANNELS: [(&str, &str, &[Channel]); 4] = [
    ("（一）1.当面申请数", "当面", &[Channel::InPerson, Channel::Oral]),
    ("（一）2.传真申请数", "传真", &[Channel::Fax]),
    ("（一）3.网络申请数", "网络", &[Channel::Online, Channel::Email]),
    ("（一）4.信函申请数", "信函", &[Channel::RegisteredMail, Channel::OrdinaryMail]),
];

/// The channels counted in a row of the 2014 sheet; `None` for a row that is not about them.
#[must_use]
pub fn channels_of(row: &str) -> Option<&'static [Channel]> {
    CHANNELS.iter().find(|(other, ..)| *other == row).map(|(.., channels)| *channels)
}

/// The rows of the ways in of the 2014 sheet, each with the word a report uses for it.
pub fn channel_rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHANNELS.iter().map(|(row, word, _)| (*row, *word))
}

/// The labels of the kinds of applicant, in the form's order.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    ApplicantKind::ALL.iter().map(|kind| kind.label())
}

/// Whether the row is one of the kinds of refusal in the 2014 sheet.
#[must_use]
pub fn is_refusal_of_sheet(row: &str) -> bool {
    row.strip_prefix(SHEET_REFUSED).is_some_and(|rest| rest.starts_with('-'))
}

/// The words before the number of a row that is one of several: `三(三)不予公开`. A row without a number is its own group.
#[must_use]
pub fn group(row: &str) -> &str {
    row.split_once('-').map_or(row, |(group, _)| group)
}

/// The official row that a label of a published table means: the label itself, or a misprint that has its numbering.
#[must_use]
pub fn official_row(label: &str) -> Option<&'static str> {
    let rows = || Form::ALL.into_iter().rev().flat_map(Form::rows);
    let plain = |text: &str| -> String { text.chars().filter(|letter| !letter.is_whitespace()).collect() };
    let label = plain(label);
    rows().find(|row| plain(row) == label).or_else(|| {
        let numbering = |row: &str| {
            let end = row.find(['.', '、']).or_else(|| row.find([')', '）']))?;
            row.get(..end).map(str::to_owned)
        };
        let wanted = numbering(&label)?;
        rows().find(|row| numbering(&plain(row)).as_deref() == Some(wanted.as_str()))
    })
}

/// The label of a row as the official form prints it, and the heading above it: `（三）不予公开`, `1.属于国家秘密`.
#[must_use]
pub fn printed(row: &str) -> (Option<String>, String) {
    let full = |text: &str| -> String {
        let text = text.strip_prefix('三').filter(|rest| rest.starts_with('(')).unwrap_or(text);
        let text = text.replace('(', "（").replace(')', "）");
        if text == "（二）部分公开" { text + PARTIAL_NOTE } else { text }
    };
    match row.split_once('-').filter(|_| row.starts_with('三')) {
        Some((group, item)) => (Some(full(group)), item.to_owned()),
        None => (None, full(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_the_rows_of_the_official_one_in_its_order() {
        assert_eq!(Form::Form2019.result_rows().len(), 19, "1 + 1 + 8 + 3 + 5 + 1");
        assert_eq!(Form::Form2021.result_rows().len(), 21, "1 + 1 + 8 + 3 + 5 + 3");
        assert_eq!(Form::Sheet2014.result_rows().len(), 13, "8 kinds of reply, the fourth in 6");
        for form in Form::ALL {
            let mut rows = form.rows();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), form.rows().len(), "no row stands twice in {form:?}");
        }
        let numbers = |form: Form| -> Vec<String> {
            form.rows()
                .iter()
                .map(|row| row.chars().filter(|letter| "（一二三四五六七）()12345678".contains(*letter)).collect())
                .collect()
        };
        assert_eq!(numbers(Form::Form2021).first().map(String::as_str), Some("一"));
        assert_eq!(Form::Form2021.rows()[2..5], ["三(一)予以公开", "三(二)部分公开", "三(三)不予公开-1.属于国家秘密"]);
        assert_eq!(
            Form::Sheet2014.rows()[9..12],
            ["（三）1.属于已主动公开范围数", "（三）2.同意公开答复数", "（三）3.同意部分公开答复数"]
        );
        assert_eq!(Form::Sheet2014.rows()[12], SHEET_REFUSED);
    }

    #[test]
    fn every_outcome_of_either_order_stands_in_a_row_of_the_form_or_is_no_reply_of_the_sheet() {
        for form in Form::ALL {
            let rows = form.result_rows();
            for outcome in Outcome::all() {
                match form.row_of(outcome) {
                    Some(row) => assert!(rows.contains(&row), "{form:?} {}", outcome.code()),
                    None => assert!(form == Form::Sheet2014 && outcome.is_closed_without_reply(), "{}", outcome.code()),
                }
            }
        }
    }

    #[test]
    fn the_form_changes_with_the_reports_on_2019_and_2021() {
        let forms: Vec<&str> = [2008, 2018, 2019, 2020, 2021, 2030].map(|year| Form::of_year(year).code()).into();
        assert_eq!(forms, ["2014", "2014", "2019", "2019", "2021", "2021"]);
        assert_eq!(Form::ALL.map(|form| Form::from_code(form.code())), Form::ALL.map(Some));
    }

    #[test]
    fn every_way_in_has_its_row() {
        for channel in Channel::ALL {
            assert!(CHANNELS.iter().any(|(_, _, channels)| channels.contains(&channel)), "{channel:?}");
        }
    }

    #[test]
    fn table_four_has_fifteen_cells_and_the_sheet_of_2014_eight() {
        let cells = |form: Form| form.remedy_blocks().len() * form.remedy_columns().len();
        assert_eq!((cells(Form::Form2019), cells(Form::Form2021), cells(Form::Sheet2014)), (15, 15, 8));
    }

    #[test]
    fn a_misprinted_label_is_known_by_its_numbering() {
        let misprint = "三(三)不予公开-2.其他法律行政止公开";
        assert_eq!(official_row(misprint), Some("三(三)不予公开-2.其他法律行政法规禁止公开"));
        assert_eq!(official_row("三(一) 予以公开"), Some("三(一)予以公开"));
        assert_eq!(official_row(OTHER_UNDIVIDED), Some(OTHER_UNDIVIDED));
        assert_eq!(official_row("五、别的"), None);
    }
}
