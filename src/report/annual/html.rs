//! The report as a page to be printed: the six parts, the tables as the form has them, charts; beside the form departments and topics.

use super::form::{self, TOTAL};
use super::layout::{self, Grid, Look, appendices, grids};
use crate::report::ReportError;
use crate::report::annual::breakdown::{self, Mix};
use crate::report::annual::report::Report;
use crate::report::annual::xlsx::{parts, title};
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
    stacks: Option<Stacks>,
}

/// Stacked bars with the key to their colours.
#[derive(Serialize)]
struct Stacks {
    legend: Vec<Key>,
    stacks: Vec<Stack>,
}

#[derive(Serialize)]
struct Key {
    label: String,
    colour: &'static str,
}

#[derive(Serialize)]
struct Stack {
    label: String,
    count: u32,
    end: u32,
    parts: Vec<Part>,
}

/// A part of a stacked bar: where it begins, how long it is.
#[derive(Serialize)]
struct Part {
    at: u32,
    length: u32,
    colour: &'static str,
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
pub fn html(report: &Report) -> Result<String, ReportError> {
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
                stacks: None,
            });
        }
        let is_here = |grid: &&Grid| match grid.name {
            "表三" | "统计表" => heading.starts_with('三'),
            "表四" => heading.starts_with('四'),
            _ => false,
        };
        let bars = if heading.starts_with('三') { results(report) } else { Vec::new() };
        let lines = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let grids = grids.iter().filter(is_here).map(shown).collect();
        sections.push(Section { heading, lines, grids, bars, stacks: None });
    }
    let appendices = appendices(report);
    for grid in &appendices {
        let topics = || report.topic_counts.iter().map(|count| (shortened(count.topic.clone()), count.applications));
        sections.push(Section {
            heading: &grid.heading,
            lines: Vec::new(),
            grids: vec![shown(grid)],
            bars: if grid.name == layout::TOPICS { bars(topics()) } else { Vec::new() },
            stacks: if grid.name == layout::DEPARTMENTS { stacks(report) } else { None },
        });
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

/// Bars as long as their numbers are large; what is nought has none.
fn bars(counts: impl Iterator<Item = (String, u32)>) -> Vec<Bar> {
    let counts: Vec<(String, u32)> = counts.filter(|(_, count)| *count > 0).collect();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let length = |count: u32| u32::try_from(u64::from(count) * u64::from(LONGEST) / u64::from(most)).unwrap_or(LONGEST);
    counts.into_iter().map(|(label, count)| Bar { length: length(count), label, count }).collect()
}

/// The groups of results.
fn results(report: &Report) -> Vec<Bar> {
    let rows = report.form.result_rows();
    bars(breakdown::groups(report.form).into_iter().map(|group| {
        let of_group = rows.iter().filter(|row| form::group(row) == group);
        let count = of_group.filter_map(|row| report.table3.get(row, TOTAL)).sum();
        (breakdown::printed_group(group), count)
    }))
}

/// Colours that differ in print, one for each group of results; the last for all others.
const COLOURS: [&str; 7] = ["#4d7ea8", "#9cc3de", "#c0504d", "#e0a15e", "#8f8f8f", "#b9a5cf", "#d9d9d9"];

/// Characters printed beside a bar; the table above has the whole name.
const LABEL_ROOM: usize = 16;

fn shortened(label: String) -> String {
    if label.chars().count() <= LABEL_ROOM {
        return label;
    }
    label.chars().take(LABEL_ROOM - 1).chain(['…']).collect()
}

/// Every department's results, the parts side by side.
fn stacks(report: &Report) -> Option<Stacks> {
    let groups: Vec<&str> =
        breakdown::columns(&report.departments).into_iter().filter(|group| *group != TOTAL).collect();
    let colour = |at: usize| COLOURS.get(at).or(COLOURS.last()).copied().unwrap_or_default();
    let most = report.departments.iter().map(|mix| mix.ended).max()?.max(1);
    let length = |count: u32| u32::try_from(u64::from(count) * u64::from(LONGEST) / u64::from(most)).unwrap_or(LONGEST);
    let stack = |mix: &Mix| {
        let (mut parts, mut before) = (Vec::new(), 0);
        for (at, group) in groups.iter().enumerate() {
            let count = mix.get(group);
            parts.push(Part {
                at: length(before),
                length: length(before + count) - length(before),
                colour: colour(at),
            });
            before += count;
        }
        Stack { label: shortened(mix.name(report.with_subordinates)), count: mix.ended, end: length(before), parts }
    };
    let legend =
        groups.iter().enumerate().map(|(at, group)| Key { label: breakdown::printed_group(group), colour: colour(at) });
    Some(Stacks { legend: legend.collect(), stacks: report.departments.iter().map(stack).collect() })
}
