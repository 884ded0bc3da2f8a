//! The report as a page to be printed: the six parts, the tables as the form has them, a chart of the results.

use super::book::{parts, title};
use super::form::{self, CARRIED, PENDING, RECEIVED, RESULTS, TOTAL};
use super::layout::{Grid, Look, grids};
use super::whole::Report;
use crate::report::{PARTIAL_NOTE, ReportError};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

const TEMPLATE: &str = include_str!("../../../config/templates/report/annual.html");

#[derive(Serialize)]
struct Shown {
    text: String,
    tag: &'static str,
    is_label: bool,
    columns: u16,
    rows: u16,
}

#[derive(Serialize)]
struct Section<'a> {
    heading: &'a str,
    lines: Vec<&'a str>,
    grids: Vec<Vec<Vec<Shown>>>,
    bars: Vec<Bar>,
}

/// A bar of the chart, in units of its picture.
#[derive(Serialize)]
struct Bar {
    label: String,
    count: u32,
    length: u32,
}

#[derive(Serialize)]
struct Page<'a> {
    title: String,
    report: &'a Report,
    sections: Vec<Section<'a>>,
}

/// The page.
///
/// # Errors
/// [`ReportError::Template`] when the template is broken.
pub fn page(report: &Report) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("annual.html", TEMPLATE)?;
    let grids = grids(report);
    let mut sections = Vec::new();
    for (heading, text) in parts(report) {
        let two = grids.iter().find(|grid| grid.name == "表二").filter(|_| heading.starts_with('三'));
        if let Some(grid) = two {
            sections.push(Section {
                heading: &grid.heading,
                lines: Vec::new(),
                grids: vec![shown(grid)],
                bars: Vec::new(),
            });
        }
        let is_here = |grid: &&Grid| match grid.name {
            "表三" | "统计表" => heading.starts_with('三'),
            "表四" => heading.starts_with('四'),
            _ => false,
        };
        let bars = if heading.starts_with('三') { bars(report) } else { Vec::new() };
        let lines = text.lines().filter(|line| !line.trim().is_empty()).collect();
        sections.push(Section { heading, lines, grids: grids.iter().filter(is_here).map(shown).collect(), bars });
    }
    let page = Page { title: title(report), report, sections };
    Ok(environment.get_template("annual.html")?.render(Serde(&page))?)
}

fn shown(grid: &Grid) -> Vec<Vec<Shown>> {
    let row = |spots: &Vec<super::layout::Spot>| {
        let spot = |spot: &super::layout::Spot| Shown {
            text: spot.text(),
            tag: if spot.look == Look::Head { "th" } else { "td" },
            is_label: spot.look == Look::Label,
            columns: spot.columns,
            rows: spot.rows,
        };
        spots.iter().map(spot).collect()
    };
    grid.rows.iter().map(row).collect()
}

/// Length of the longest bar.
const LONGEST: u32 = 700;

/// The groups of results, as long as they are many.
fn bars(report: &Report) -> Vec<Bar> {
    let mut groups: Vec<(String, u32)> = Vec::new();
    let sums = [RECEIVED, CARRIED, RESULTS, PENDING, form::SHEET_RECEIVED, form::SHEET_ENDED, form::SHEET_ANSWERED];
    let counted = report
        .table3
        .rows
        .iter()
        .map(|(row, _)| *row)
        .filter(|row| report.form.result_rows().contains(row) && !sums.contains(row));
    for row in counted {
        let count = report.table3.get(row, TOTAL).unwrap_or_default();
        let label = super::layout::printed(form::group(row)).1;
        // The note behind a label has room in the table only.
        let label = label.strip_suffix(PARTIAL_NOTE).unwrap_or(&label).to_owned();
        match groups.last_mut().filter(|(last, _)| *last == label) {
            Some((_, sum)) => *sum += count,
            None => groups.push((label, count)),
        }
    }
    let most = groups.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let bar = |(label, count): (String, u32)| Bar { length: count.saturating_mul(LONGEST) / most, label, count };
    groups.into_iter().filter(|(_, count)| *count > 0).map(bar).collect()
}
