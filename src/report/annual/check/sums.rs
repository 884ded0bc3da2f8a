//! Table three: the sums its form promises, column by column and row by row.

use super::finding::{Finding, Rule};
use crate::report::annual::form::{self, CARRIED, Form, OTHER_UNDIVIDED, PENDING, RECEIVED, RESULTS, TOTAL};
use crate::report::annual::published::{Figure, Published, PublishedLine};

const TABLE: &str = "三";

/// A cell: row and column, by their places.
type Spot = (usize, usize);

/// The printed rows that take part in sums, with what their cells are worth.
struct Grid<'a> {
    rows: Vec<(&'static str, &'a PublishedLine)>,
    columns: Vec<&'static str>,
}

impl Grid<'_> {
    fn row(&self, label: &str) -> Option<usize> {
        self.rows.iter().position(|(row, _)| *row == label)
    }

    fn printed(&self, (row, column): Spot) -> Option<Figure> {
        self.rows.get(row)?.1.cells.get(column).copied().flatten()
    }

    /// A blank counts as nought, a blank 总计 as what it should be; `None` where the source does not show the cell.
    fn worth(&self, spot: Spot) -> Option<u32> {
        match self.printed(spot) {
            Some(Figure::Number(number)) => Some(number),
            Some(Figure::Blank | Figure::NotApplicable) if self.is_total(spot.1) => {
                self.parts(spot.0).map(|parts| parts.into_iter().fold(0, u32::saturating_add))
            }
            Some(Figure::Blank | Figure::NotApplicable) => Some(0),
            // If all are noughts, their places do not matter.
            None => {
                let unplaced = &self.rows.get(spot.0)?.1.unplaced;
                (!unplaced.is_empty() && unplaced.iter().all(|number| *number == 0)).then_some(0)
            }
        }
    }

    fn is_total(&self, column: usize) -> bool {
        column > 0 && self.columns.get(column) == Some(&TOTAL)
    }

    /// The six columns of a row.
    fn parts(&self, row: usize) -> Option<Vec<u32>> {
        (0..self.columns.len().saturating_sub(1)).map(|column| self.worth((row, column))).collect()
    }

    fn is_blank_total(&self, spot: Spot) -> bool {
        let blank = matches!(self.printed(spot), Some(Figure::Blank | Figure::NotApplicable));
        let has_numbers = self
            .rows
            .get(spot.0)
            .is_some_and(|(_, line)| line.cells.iter().any(|cell| matches!(cell, Some(Figure::Number(_)))));
        self.is_total(spot.1) && blank && has_numbers
    }

    fn name(&self, (row, column): Spot) -> String {
        let row = self.rows.get(row).map_or("", |(label, _)| label);
        format!("“{row}”的“{}”栏", self.columns.get(column).copied().unwrap_or_default())
    }
}

/// What a form promises: the cells of `whole` add up to those of `parts`.
struct Equation {
    rule: Rule,
    /// Where a breach is shown.
    at: Spot,
    whole: Vec<Spot>,
    parts: Vec<Spot>,
}

impl Equation {
    fn sides(&self, grid: &Grid<'_>) -> Option<(u64, u64)> {
        let sum = |spots: &[Spot]| spots.iter().map(|spot| grid.worth(*spot).map(u64::from)).sum::<Option<u64>>();
        Some((sum(&self.whole)?, sum(&self.parts)?))
    }

    /// By how much the cell would have to change for the equation to hold.
    fn change(&self, spot: Spot, grid: &Grid<'_>) -> Option<i64> {
        let (whole, parts) = self.sides(grid)?;
        let lacking = i64::try_from(parts).ok()? - i64::try_from(whole).ok()?;
        match (self.whole.contains(&spot), self.parts.contains(&spot)) {
            (true, false) => Some(lacking),
            (false, true) => Some(-lacking),
            (true, true) | (false, false) => None,
        }
    }

    fn holds(&self, grid: &Grid<'_>) -> bool {
        self.sides(grid).is_none_or(|(whole, parts)| whole == parts)
    }
}

pub(super) fn check(report: &Published) -> Vec<Finding> {
    if report.table3.is_empty() {
        return Vec::new();
    }
    let (grid, mut found) = grid(report);
    found.extend(printing(report));
    let equations = equations(report.form(), &grid);
    let broken: Vec<&Equation> = equations.iter().filter(|equation| !equation.holds(&grid)).collect();
    for equation in &equations {
        if equation.rule == Rule::RowTotal && grid.is_blank_total(equation.at) {
            found.push(blank_total(&grid, equation));
        } else if !equation.holds(&grid) {
            found.push(breach(&grid, equation, cause(&grid, equation, &equations, &broken)));
        } else if equation.rule == Rule::Balance
            && equation.whole.iter().chain(&equation.parts).any(|spot| grid.is_blank_total(*spot))
        {
            found.push(not_checkable(&grid, equation));
        }
    }
    found
}

/// The rows of the form as far as they are there; （六） in one row or three, as it was printed.
fn grid(report: &Published) -> (Grid<'_>, Vec<Finding>) {
    let mut found = Vec::new();
    let form = report.form();
    let is_other = |row: &&str| form::group(row) == OTHER_UNDIVIDED;
    let mut wanted = form.rows();
    let (undivided, divided) = (
        report.line(OTHER_UNDIVIDED).is_some(),
        Form::Form2021.rows().into_iter().filter(is_other).any(|row| report.line(row).is_some()),
    );
    let other = match (form, undivided, divided) {
        (Form::Form2021, true, false) => Some((Form::Form2019, "该年度格式中（六）其他处理分三行，表中合为一行")),
        (Form::Form2019, false, true) => Some((Form::Form2021, "该年度格式中（六）其他处理只有一行，表中分为三行")),
        _ => None,
    };
    if let Some((as_in, detail)) = other {
        let at = wanted.iter().position(&is_other).unwrap_or(wanted.len());
        wanted.retain(|row| !is_other(row));
        wanted.splice(at..at, as_in.rows().into_iter().filter(is_other));
        found.push(Finding::new(Rule::FormRows, TABLE, detail).at(OTHER_UNDIVIDED, None));
    }
    let is_whole = report.line(RESULTS).is_some() && report.line(PENDING).is_some();
    let mut rows = Vec::new();
    for row in wanted {
        match report.line(row) {
            Some(line) => rows.push((row, line)),
            None if is_whole => {
                found.push(
                    Finding::new(Rule::RowMissing, TABLE, format!("缺少“{row}”一行，没有的也应填0")).at(row, None),
                );
            }
            None => {}
        }
    }
    (Grid { rows, columns: form.columns() }, found)
}

/// Labels, blanks, numbers without a place.
fn printing(report: &Published) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut blank, mut not_applicable, mut unplaced) = (0_u64, 0_u64, 0_u64);
    for line in &report.table3 {
        let of =
            |figure| u64::try_from(line.cells.iter().filter(|cell| **cell == Some(figure)).count()).unwrap_or(u64::MAX);
        blank += of(Figure::Blank);
        not_applicable += of(Figure::NotApplicable);
        unplaced += u64::from(!line.unplaced.is_empty() && line.cells.contains(&None));
        match line.row {
            None => {
                found.push(Finding::new(Rule::RowLabel, TABLE, "格式中没有这一行，未参加核对").at(&line.label, None))
            }
            Some(row) if row.chars().ne(line.label.chars().filter(|letter| !letter.is_whitespace())) => {
                found.push(Finding::new(Rule::RowLabel, TABLE, format!("格式中为“{row}”")).at(&line.label, None));
            }
            Some(_) => {}
        }
        if let Some(note) = &line.note {
            found.push(Finding::new(Rule::RowLabel, TABLE, format!("来源附注：{note}")).at(&line.label, None));
        }
    }
    let mut count = |rule, count: u64, detail: String| {
        if count > 0 {
            found.push(Finding::new(rule, TABLE, detail).figures(Some(count), Some(0)));
        }
    };
    count(Rule::BlankCells, blank, format!("有{blank}格空白，核对时按0计；没有的应当填0"));
    count(Rule::NotApplicable, not_applicable, format!("有{not_applicable}格写“不适用”或者“/”，核对时按0计"));
    count(
        Rule::UnplacedCells,
        unplaced,
        format!("有{unplaced}行印出的数字不足7格，不能对应到栏目；数字全为0的行按0计"),
    );
    found
}

fn equations(form: Form, grid: &Grid<'_>) -> Vec<Equation> {
    match form {
        Form::Sheet2014 => sheet_equations(grid),
        Form::Form2019 | Form::Form2021 => table_equations(grid),
    }
}

fn table_equations(grid: &Grid<'_>) -> Vec<Equation> {
    let mut equations = Vec::new();
    let (received, carried, total, pending) =
        (grid.row(RECEIVED), grid.row(CARRIED), grid.row(RESULTS), grid.row(PENDING));
    let last = grid.columns.len().saturating_sub(1);
    for row in 0..grid.rows.len() {
        let parts = (0..last).map(|column| (row, column)).collect();
        equations.push(Equation { rule: Rule::RowTotal, at: (row, last), whole: vec![(row, last)], parts });
    }
    let results: Vec<usize> =
        (0..grid.rows.len()).filter(|row| ![received, carried, total, pending].contains(&Some(*row))).collect();
    let has_all = grid.rows.len() >= Form::Form2019.rows().len();
    for column in 0..grid.columns.len() {
        if let Some(total) = total.filter(|_| has_all) {
            let parts = results.iter().map(|row| (*row, column)).collect();
            equations.push(Equation {
                rule: Rule::ResultsTotal,
                at: (total, column),
                whole: vec![(total, column)],
                parts,
            });
        }
        if let (Some(received), Some(carried), Some(total), Some(pending)) = (received, carried, total, pending) {
            let whole = vec![(received, column), (carried, column)];
            let parts = vec![(total, column), (pending, column)];
            equations.push(Equation { rule: Rule::Balance, at: (received, column), whole, parts });
        }
    }
    equations
}

/// The sums of the 2014 sheet: each heading with the rows below it.
fn sheet_equations(grid: &Grid<'_>) -> Vec<Equation> {
    let channels: Vec<&str> = form::channel_rows().map(|(row, _)| row).collect();
    let rows = Form::Sheet2014.result_rows();
    let refusals: Vec<&str> = rows.iter().copied().filter(|row| form::is_refusal_of_sheet(row)).collect();
    let mut answers: Vec<&str> = rows.iter().copied().filter(|row| !form::is_refusal_of_sheet(row)).collect();
    answers.push(form::SHEET_REFUSED);
    let sums: [(&str, Vec<&str>); 4] = [
        (form::SHEET_RECEIVED, channels),
        (form::SHEET_ENDED, vec![form::SHEET_IN_TIME, form::SHEET_EXTENDED]),
        (form::SHEET_ANSWERED, answers),
        (form::SHEET_REFUSED, refusals),
    ];
    let equation = |(whole, parts): (&str, Vec<&str>)| -> Option<Equation> {
        let whole = (grid.row(whole)?, 0);
        let parts = parts.into_iter().map(|row| Some((grid.row(row)?, 0))).collect::<Option<Vec<Spot>>>()?;
        Some(Equation { rule: Rule::SheetSum, at: whole, whole: vec![whole], parts })
    };
    sums.into_iter().filter_map(equation).collect()
}

fn place(grid: &Grid<'_>, finding: Finding, (row, column): Spot) -> Finding {
    finding.at(grid.rows.get(row).map_or("", |(label, _)| label), grid.columns.get(column).copied())
}

fn blank_total(grid: &Grid<'_>, equation: &Equation) -> Finding {
    let expected = equation.sides(grid).map(|(_, parts)| parts);
    let detail = format!("总计空白，各栏之和为{}", expected.unwrap_or_default());
    place(grid, Finding::new(Rule::BlankTotal, TABLE, detail), equation.at).figures(None, expected)
}

fn not_checkable(grid: &Grid<'_>, equation: &Equation) -> Finding {
    let detail = "总计栏有空白格，一＋二＝（七）＋四不能直接核对；以各栏之和代入后相等";
    let (_, column) = equation.at;
    Finding::new(Rule::NotCheckable, TABLE, detail).at(RECEIVED, grid.columns.get(column).copied())
}

fn breach(grid: &Grid<'_>, equation: &Equation, cause: Option<String>) -> Finding {
    let terms = |spots: &[Spot]| {
        let numbers: Vec<String> = spots.iter().map(|spot| grid.worth(*spot).unwrap_or_default().to_string()).collect();
        numbers.join("＋")
    };
    let (whole, parts) = equation.sides(grid).unwrap_or_default();
    let column = grid.columns.get(equation.at.1).copied().unwrap_or_default();
    let detail = match equation.rule {
        Rule::Balance => {
            format!("“{column}”栏：{}≠{}，一＋二应等于（七）＋四", terms(&equation.whole), terms(&equation.parts))
        }
        Rule::RowTotal => format!("总计{whole}，各栏之和为{parts}"),
        _ => format!("“{column}”栏：{whole}，各分项之和为{parts}"),
    };
    place(grid, Finding::new(equation.rule, TABLE, detail), equation.at)
        .figures(Some(whole), Some(parts))
        .because(cause)
}

/// The one cell that, set right, makes all its equations hold; else what the imbalance itself says.
fn cause(grid: &Grid<'_>, equation: &Equation, equations: &[Equation], broken: &[&Equation]) -> Option<String> {
    let spots = equation.whole.iter().chain(&equation.parts).copied();
    let mut cures: Vec<(usize, Spot, u32)> = spots
        .filter_map(|spot| {
            let (value, repaired) = cure(grid, spot, equations)?;
            Some((repaired, spot, value))
        })
        .collect();
    cures.sort_by_key(|(repaired, ..)| std::cmp::Reverse(*repaired));
    // A cell that only repairs this one sum explains no more than any other cell of it.
    let best = cures.first().filter(|(repaired, ..)| *repaired > 1 || broken.len() == 1 && cures.len() == 1);
    if let Some((repaired, spot, value)) = best.filter(|best| cures.get(1).is_none_or(|next| next.0 < best.0)) {
        return Some(format!("{}应为{value}：改正这一格，{repaired}处差错即全部消除", grid.name(*spot)));
    }
    if equation.rule != Rule::Balance {
        return None;
    }
    let (in_hand, accounted) = equation.sides(grid)?;
    Some(if in_hand > accounted {
        format!("有{}件既没有计入办理结果，也没有结转下年度", in_hand - accounted)
    } else {
        format!("办理结果与结转比收到的多{}件：可能一件计了两次，或者漏计新收、上年结转", accounted - in_hand)
    })
}

/// What the cell would have to be for all its equations to hold, and how many of them fail now.
fn cure(grid: &Grid<'_>, spot: Spot, equations: &[Equation]) -> Option<(u32, usize)> {
    let own = equations.iter().filter(|equation| equation.whole.contains(&spot) || equation.parts.contains(&spot));
    let changes: Vec<i64> = own.filter_map(|equation| equation.change(spot, grid)).collect();
    let change =
        changes.first().copied().filter(|change| *change != 0 && changes.iter().all(|other| other == change))?;
    let value = u32::try_from(i64::from(grid.worth(spot)?) + change).ok()?;
    Some((value, changes.len()))
}

/// What a row is worth in the 总计 column and in each of the others, for those who compare it with something else.
pub(super) fn worth(report: &Published, row: &str, column: &str) -> Option<u32> {
    let (grid, _) = grid(report);
    let column = grid.columns.iter().position(|other| *other == column)?;
    grid.worth((grid.row(row)?, column))
}
