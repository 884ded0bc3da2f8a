//! The report as a text document: the six parts in their order, each table where it belongs.

use super::layout::{Grid, Look, Spot, grids};
use crate::report::annual::report::Report;
use crate::report::annual::xlsx::{parts, title};
use crate::report::{ReportError, for_xml};
use docx_rs::{
    AlignmentType, Docx, Footer, HeightRule, LineSpacing, LineSpacingType, PageMargin, PageNum, Paragraph, Run,
    RunFonts, SpecialIndentType, Table, TableCell, TableCellMargins, TableLayoutType, TableRow, VAlignType, VMergeType,
    WidthType,
};

use std::io::Cursor;

/// Width of the text, twentieths of a point: A4 within its margins.
const TEXT_TWIPS: usize = 8845;

/// Sizes in half-points: 二号, 三号, 五号, 小五.
const TITLE: usize = 44;
const BODY: usize = 32;
const CELL: usize = 18;

/// Least height of a row of a table, twentieths of a point, and room around the content of a cell.
const ROW_TWIPS: f32 = 300.0;
const ROOM_TWIPS: usize = 25;

fn song() -> RunFonts {
    RunFonts::new().east_asia("仿宋_GB2312").ascii("Times New Roman").hi_ansi("Times New Roman")
}

fn run(text: &str, size: usize) -> Run {
    Run::new().add_text(for_xml(text)).fonts(song()).size(size)
}

/// The document.
///
/// # Errors
/// [`ReportError::Document`] when it cannot be packed.
pub fn docx(report: &Report) -> Result<Vec<u8>, ReportError> {
    let page_number = Paragraph::new()
        .align(AlignmentType::Center)
        .add_run(run("— ", CELL))
        .add_page_num(PageNum::new())
        .add_run(run(" —", CELL));
    let mut document = Docx::new()
        .default_fonts(song())
        .page_size(11906, 16838)
        .page_margin(PageMargin::new().top(1440).bottom(1440).left(1531).right(1531))
        .footer(Footer::new().add_paragraph(page_number))
        .add_paragraph(Paragraph::new().align(AlignmentType::Center).add_run(run(&title(report), TITLE).bold()));
    let mut grids = grids(report).into_iter();
    for (heading, text) in parts(report) {
        // Table two is a part of its own; the sheet of 2014 goes with part three, the others with the part they are named after.
        if heading.starts_with('三')
            && let Some(two) = grids.next_if_two()
        {
            document = add_table(document.add_paragraph(head(&two.heading)), &two);
        }
        document = document.add_paragraph(head(heading));
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            document = document.add_paragraph(body(line));
        }
        if heading.starts_with(['三', '四'])
            && let Some(grid) = grids.next()
        {
            document = add_table(document, &grid);
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    document.build().pack(&mut bytes).map_err(|error| ReportError::Document(error.to_string()))?;
    Ok(bytes.into_inner())
}

/// Table two, where the form has one.
trait NextIfTwo {
    fn next_if_two(&mut self) -> Option<Grid>;
}

impl NextIfTwo for std::vec::IntoIter<Grid> {
    fn next_if_two(&mut self) -> Option<Grid> {
        self.as_slice().first().is_some_and(|grid| grid.name == "表二").then(|| self.next()).flatten()
    }
}

fn head(text: &str) -> Paragraph {
    spaced(Paragraph::new().add_run(run(text, BODY).bold())).keep_next(true)
}

fn body(text: &str) -> Paragraph {
    let twice = i32::try_from(BODY).unwrap_or(32) * 20;
    spaced(Paragraph::new().add_run(run(text, BODY))).indent(
        Some(0),
        Some(SpecialIndentType::FirstLine(twice)),
        None,
        None,
    )
}

fn spaced(paragraph: Paragraph) -> Paragraph {
    paragraph.line_spacing(LineSpacing::new().line(560).line_rule(LineSpacingType::Exact))
}

fn add_table(document: Docx, grid: &Grid) -> Docx {
    let whole: usize = grid.widths.iter().map(|width| usize::from(*width)).sum();
    let widths: Vec<usize> = grid.widths.iter().map(|width| usize::from(*width) * TEXT_TWIPS / whole.max(1)).collect();
    let placed = grid.placed();
    let rows = (0..u16::try_from(grid.rows.len()).unwrap_or(u16::MAX)).map(|row| {
        let mut cells = Vec::new();
        let mut column = 0;
        while usize::from(column) < widths.len() {
            let there =
                placed.iter().find(|(first, at, spot)| *at == column && *first <= row && row < first + spot.rows);
            let Some((first, _, spot)) = there else { break };
            cells.push(cell(spot, *first == row, &widths, column));
            column += spot.columns;
        }
        TableRow::new(cells).row_height(ROW_TWIPS).height_rule(HeightRule::AtLeast).cant_split()
    });
    let table = Table::new(rows.collect())
        .set_grid(widths.clone())
        .width(TEXT_TWIPS, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(ROOM_TWIPS, ROOM_TWIPS, ROOM_TWIPS, ROOM_TWIPS));
    document.add_table(table).add_paragraph(Paragraph::new())
}

/// A spot in one of the rows it covers.
fn cell(spot: &Spot, is_first: bool, widths: &[usize], column: u16) -> TableCell {
    let from = usize::from(column);
    let width = widths.get(from..from + usize::from(spot.columns)).map_or(0, |some| some.iter().sum());
    let text = if is_first { spot.text() } else { String::new() };
    let mut run = run(&text, CELL);
    if spot.look == Look::Head {
        run = run.bold();
    }
    let align = if spot.look == Look::Label { AlignmentType::Left } else { AlignmentType::Center };
    let mut cell = TableCell::new()
        .add_paragraph(Paragraph::new().align(align).add_run(run))
        .vertical_align(VAlignType::Center)
        .width(width, WidthType::Dxa);
    if spot.columns > 1 {
        cell = cell.grid_span(usize::from(spot.columns));
    }
    if spot.rows > 1 {
        cell = cell.vertical_merge(if is_first { VMergeType::Restart } else { VMergeType::Continue });
    }
    cell
}
