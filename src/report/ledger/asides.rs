//! Rows below the headings that are not cases: totals, notes, captions, repeated headings.

use super::cell::{RawCell, half_width};
use super::columns::{COLUMNS, LedgerColumn, plain};
use super::headings::{Meaning, SheetHeadings};
use super::read::{one_line, place_of};
use super::source::RawRow;
use std::sync::Arc;

/// A row with at least this many headings and nothing else is a repeated heading, as on each printed page.
const REPEATED: usize = 3;
/// First words of closing rows, which are not cases.
const CLOSINGS: &[&str] = &[
    "合计",
    "总计",
    "小计",
    "共计",
    "累计",
    "本页",
    "注:",
    "附注",
    "备注:",
    "说明:",
    "填表",
    "填报",
    "制表",
    "审核人",
    "审核:",
    "负责人",
    "单位负责人",
    "经办人:",
    "联系人",
    "联系电话:",
    "截至",
    "截止",
    "以下空白",
    "以上",
    "数据来源",
    "统计",
];

/// A row below the headings that is not a case: a total, a note, a caption, a repeated heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Its sheet, in a workbook with several.
    pub sheet: Option<Arc<str>>,
    /// Its row number.
    pub line: u32,
    /// Its first words.
    pub text: String,
}

/// The first words of a row that is not a case; `None` for a case.
pub(super) fn aside(sheet: &SheetHeadings, row: &RawRow) -> Option<String> {
    let said = |(_, cell): &(usize, &RawCell)| !cell.is_empty();
    let mut cells = row.cells.iter().enumerate().filter(said);
    let (first_place, first) = cells.next()?;
    let text: String = one_line(&first.text()).chars().take(40).collect();
    let name = |place: usize| {
        sheet.columns.get(place).map(|heading| plain(heading.name.rsplit('/').next().unwrap_or_default()))
    };
    let is_heading = |(place, cell): (usize, &RawCell)| name(place).is_some_and(|name| name == plain(&cell.text()));
    let all = row.cells.iter().enumerate().filter(said);
    if all.clone().count() >= REPEATED && all.clone().all(is_heading) {
        return Some(text);
    }
    let closes = |text: &str| CLOSINGS.iter().any(|word| text.starts_with(word));
    // 审核人：某人 may occur below any column.
    let is_fact = |cell: &RawCell| !cell.is_empty() && !closes(&half_width(&cell.text()));
    let is_said =
        |column: &LedgerColumn| place_of(sheet, column.field).is_some_and(|at| row.cells.get(at).is_some_and(is_fact));
    if COLUMNS.iter().any(|column| column.is_required && is_said(column)) {
        return None;
    }
    let begins = half_width(&text);
    let is_closing = closes(&begins) || (begins.starts_with('共') && begins.contains('件'));
    let is_alone = cells.next().is_none();
    let is_wide =
        row.merged.iter().any(|one| one.from == row.line && one.first == first_place && one.last >= first_place + 2);
    let is_beside = sheet.columns.get(first_place).is_some_and(|heading| heading.meaning == Some(Meaning::Ignored));
    let is_caption = is_alone && matches!(first, RawCell::Text(_)) && first.day().is_none() && (is_wide || is_beside);
    (is_closing || is_caption).then_some(text)
}
