//! The report as a workbook: a sheet a table, laid out as the form is, and the prose.

use super::layout::{Content, Grid, Look, Spot, appendices, grids};
use crate::report::annual::report::Report;
use crate::report::{ReportError, safe};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet};

/// Rows above a table: the title, and the heading of its part.
pub(super) const ABOVE: u32 = 2;

/// Height of a line, points.
const LINE_POINTS: f64 = 17.0;

/// The name of the worksheet with the prose.
pub(super) const PROSE: &str = "文字";

struct Looks {
    title: Format,
    heading: Format,
    head: Format,
    label: Format,
    figure: Format,
    prose: Format,
}

impl Looks {
    fn new() -> Self {
        let cell =
            || Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter).set_text_wrap();
        Self {
            title: Format::new()
                .set_bold()
                .set_font_size(16)
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            heading: Format::new().set_bold().set_font_size(12),
            head: cell().set_bold().set_align(FormatAlign::Center).set_background_color("#E8EDF3"),
            label: cell(),
            figure: cell().set_align(FormatAlign::Center).set_num_format("0.##"),
            prose: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        }
    }

    fn of(&self, look: Look) -> &Format {
        match look {
            Look::Head => &self.head,
            Look::Label => &self.label,
            Look::Figure => &self.figure,
        }
    }
}

/// The title of a report.
#[must_use]
pub fn title(report: &Report) -> String {
    let whole = report.period == format!("{}年", report.year);
    let what =
        if whole { "政府信息公开工作年度报告" } else { "政府信息公开申请办理情况统计" };
    format!("{}{}{what}", report.org, report.period)
}

/// The workbook.
///
/// # Errors
/// [`ReportError::Workbook`] when it cannot be written.
pub fn xlsx(report: &Report) -> Result<Vec<u8>, ReportError> {
    let mut workbook = Workbook::new();
    let looks = Looks::new();
    for grid in grids(report) {
        table(workbook.add_worksheet(), report, &grid, &looks)?;
    }
    prose(workbook.add_worksheet(), report, &looks)?;
    for grid in appendices(report) {
        table(workbook.add_worksheet(), report, &grid, &looks)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn table(page: &mut Worksheet, report: &Report, grid: &Grid, looks: &Looks) -> Result<(), ReportError> {
    page.set_name(grid.name)?;
    let is_wide = grid.widths.iter().sum::<u16>() > 100;
    page.set_paper_size(9).set_print_fit_to_pages(1, 1);
    if is_wide {
        page.set_landscape();
    }
    let last = u16::try_from(grid.widths.len().saturating_sub(1)).unwrap_or(u16::MAX);
    for (at, width) in (0_u16..).zip(&grid.widths) {
        page.set_column_width(at, *width)?;
    }
    page.set_row_height(0, 2.0 * LINE_POINTS)?;
    page.merge_range(0, 0, 0, last, &safe(&title(report)), &looks.title)?;
    page.merge_range(1, 0, 1, last, &safe(&grid.heading), &looks.heading)?;
    for (row, spots) in (ABOVE..).zip(&grid.rows) {
        page.set_row_height(row, LINE_POINTS * lines(grid, spots))?;
    }
    for (row, column, spot) in grid.placed() {
        put(page, ABOVE + u32::from(row), column, spot, looks)?;
    }
    if grid.heads > 0 {
        page.set_freeze_panes(ABOVE + u32::from(grid.heads), 0)?;
    }
    Ok(())
}

/// Lines the fullest spot of a row needs; spots over several rows have room enough, but for the one they begin in.
fn lines(grid: &Grid, spots: &[Spot]) -> f64 {
    let widest = grid.widths.iter().copied().max().unwrap_or(1);
    let narrow = grid.widths.iter().copied().min().unwrap_or(1);
    let need = |spot: &Spot| {
        let digits: u32 = spot.text().chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
        let width = match spot.look {
            Look::Label => widest,
            Look::Head | Look::Figure => narrow,
        };
        digits.div_ceil(u32::from(width.max(1)) * u32::from(spot.columns)).div_ceil(u32::from(spot.rows))
    };
    spots.iter().map(need).max().unwrap_or(1).clamp(1, 3).into()
}

fn put(page: &mut Worksheet, row: u32, column: u16, spot: &Spot, looks: &Looks) -> Result<(), ReportError> {
    let format = looks.of(spot.look);
    if spot.columns > 1 || spot.rows > 1 {
        let (last_row, last_column) = (row + u32::from(spot.rows) - 1, column + spot.columns - 1);
        page.merge_range(row, column, last_row, last_column, "", format)?;
    }
    match &spot.content {
        Content::Text(text) => page.write_string_with_format(row, column, safe(text), format)?,
        Content::Number(number) => page.write_number_with_format(row, column, *number, format)?,
        Content::Entered(Some(amount)) => page.write_number_with_format(row, column, amount.value(), format)?,
        Content::Entered(None) => page.write_blank(row, column, format)?,
    };
    Ok(())
}

fn prose(page: &mut Worksheet, report: &Report, looks: &Looks) -> Result<(), ReportError> {
    page.set_name(PROSE)?;
    page.set_paper_size(9).set_print_fit_to_pages(1, 0);
    page.set_column_width(0, 68)?;
    let mut row = 0;
    for (heading, text) in parts(report) {
        page.write_string_with_format(row, 0, heading, &looks.heading)?;
        let digits: u32 = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
        page.set_row_height(row + 1, LINE_POINTS * f64::from(digits.div_ceil(64).clamp(1, 24)))?;
        page.write_string_with_format(row + 1, 0, safe(text), &looks.prose)?;
        row += 2;
    }
    Ok(())
}

/// The headings of the six parts with what is written in them; part two is its table.
pub(super) fn parts(report: &Report) -> [(&'static str, &str); 5] {
    let parts = &report.parts;
    [
        ("一、总体情况", &parts.one),
        ("三、收到和处理政府信息公开申请情况", &parts.three),
        ("四、政府信息公开行政复议、行政诉讼情况", &parts.four),
        ("五、存在的主要问题及改进情况", &parts.five),
        ("六、其他需要报告的事项", &parts.six),
    ]
}
