//! Table four: in each block four results and their sum.

use super::finding::{Finding, Rule};
use crate::report::annual::form::TOTAL;
use crate::report::annual::published::{Figure, Published, PublishedLine};

const TABLE: &str = "四";

pub(super) fn check(report: &Published) -> Vec<Finding> {
    let mut found: Vec<Finding> = report.table4.iter().filter_map(block).collect();
    found.extend(
        report
            .table4
            .iter()
            .filter(|line| line.row.is_none())
            .map(|line| Finding::new(Rule::RowLabel, TABLE, "格式中没有这一栏，未参加核对").at(&line.label, None)),
    );
    let columns = report.form().remedy_columns();
    if let Some(finding) = unplaced(report, columns.len()) {
        found.push(finding);
    }
    let blank = report.table4.iter().flat_map(|line| &line.cells).filter(|cell| **cell == Some(Figure::Blank)).count();
    if blank > 0 {
        let blank = u64::try_from(blank).unwrap_or(u64::MAX);
        let detail = format!("有{blank}格空白，核对时按0计；没有的应当填0");
        found.push(Finding::new(Rule::BlankCells, TABLE, detail).figures(Some(blank), Some(0)));
    }
    found
}

/// The sum of the results against 总计; nothing where a cell is not shown.
fn block(line: &PublishedLine) -> Option<Finding> {
    let (total, parts) = line.cells.split_last()?;
    let number = |cell: &Option<Figure>| cell.map(|figure| u64::from(figure.number().unwrap_or_default()));
    let sum: u64 = parts.iter().map(number).sum::<Option<u64>>()?;
    let finding = |rule, detail: String| Finding::new(rule, TABLE, detail).at(&line.label, Some(TOTAL));
    match (*total)?.number().map(u64::from) {
        Some(total) if total == sum => None,
        Some(total) => {
            let terms: Vec<String> = parts.iter().filter_map(number).map(|part| part.to_string()).collect();
            let cause = (total == 0).then(|| format!("总计一格应为{sum}：各结果已填，总计未填"));
            let detail = format!("{}≠{total}，总计应为四种结果之和{sum}", terms.join("＋"));
            Some(finding(Rule::RemedyTotal, detail).figures(Some(total), Some(sum)).because(cause))
        }
        None if sum == 0 => None,
        None => {
            let detail = format!("总计空白，四种结果之和为{sum}");
            Some(finding(Rule::RemedyTotal, detail).figures(None, Some(sum)))
        }
    }
}

/// Fewer numbers than cells: read from the left they are the first block.
fn unplaced(report: &Published, columns: usize) -> Option<Finding> {
    let cells = columns * report.form().remedy_blocks().len();
    let numbers = &report.unplaced4;
    if numbers.is_empty() || numbers.len() == cells {
        return None;
    }
    let count = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
    let mut detail = format!("应有{cells}格，只印出{count}个数字，不能对应到栏目");
    if let Some((total, parts)) = numbers.get(..columns).and_then(<[u32]>::split_last) {
        let sum: u64 = parts.iter().copied().map(u64::from).sum();
        if sum != u64::from(*total) {
            let terms: Vec<String> = parts.iter().map(ToString::to_string).collect();
            detail += &format!("；依次读作行政复议，{}＝{sum}，与总计{total}不符", terms.join("＋"));
        }
    }
    let expected = u64::try_from(cells).ok();
    Some(Finding::new(Rule::RemedyCells, TABLE, detail).figures(Some(count), expected))
}
