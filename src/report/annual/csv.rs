//! The report as rows of text, for CSV and for reading either file back: every row says what it is in its first cell.

use super::form::{Form, TOTAL, printed};
use super::layout::{self, Spot, appendices};
use super::published::{Published, UnreadableReport};
use crate::report::annual::form_2014;
use crate::report::annual::report::Report;
use crate::report::annual::xlsx::parts;
use crate::report::files::{self, Allowance, Caps, Workbook, check_json, check_separated, foreign, is_zip};
use crate::report::{ReportError, safe};
use serde_json::{Map, Value, json};

const MARK: &[u8] = "\u{feff}".as_bytes();

/// The rows: organ, year, form, then each table with its heading row, what is added to the form, then the prose.
fn records(report: &Report) -> Vec<Vec<String>> {
    let line = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<String>>();
    let mut rows = vec![
        line(&["机关", &report.org]),
        line(&["年度", &report.year.to_string()]),
        line(&["期间", &report.period]),
        line(&["格式", report.form.code()]),
    ];
    for (name, head, table) in [("表三", "行", &report.table3), ("表四", "栏", &report.table4)] {
        let mut heading = line(&[name, head]);
        heading.extend(table.columns.iter().map(|column| (*column).to_owned()));
        rows.push(heading);
        for (row, cells) in &table.rows {
            let mut record = line(&[name, row]);
            record.extend(cells.iter().map(ToString::to_string));
            rows.push(record);
        }
    }
    for block in report.form.table_two() {
        let mut heading = line(&["表二", block.heading]);
        heading.extend(block.columns.iter().map(|column| (*column).to_owned()));
        rows.push(heading);
        for row in block.rows {
            let mut record = line(&["表二", row]);
            let figure =
                |column: &&str| report.table2.get(row, column).map(|amount| amount.to_string()).unwrap_or_default();
            record.extend(block.columns.iter().map(figure));
            rows.push(record);
        }
    }
    let indicators = report.form.indicators().into_iter().flatten().filter(|indicator| !indicator.unit.is_empty());
    for (at, indicator) in indicators.enumerate() {
        if at == 0 {
            rows.push(line(&["表二", "统计指标", form_2014::FIGURE]));
        }
        let figure = report.table2.get(indicator.label, form_2014::FIGURE);
        rows.push(line(&["表二", indicator.label, &figure.map(|amount| amount.to_string()).unwrap_or_default()]));
    }
    for grid in appendices(report) {
        let of = |spots: &Vec<Spot>| [grid.name.to_owned()].into_iter().chain(spots.iter().map(Spot::text)).collect();
        rows.extend(grid.rows.iter().map(of));
    }
    rows.extend(parts(report).into_iter().map(|(heading, text)| line(&["文字", heading, text])));
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    rows.iter_mut().for_each(|row| row.resize(widest, String::new()));
    rows
}

/// CSV as spreadsheets open it.
///
/// # Errors
/// [`ReportError::Csv`] when it cannot be written.
pub fn csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let mut builder = ::csv::WriterBuilder::new();
    let mut writer = builder.terminator(::csv::Terminator::CRLF).from_writer(MARK.to_vec());
    for row in records(report) {
        writer.write_record(row.iter().map(|cell| safe(cell).into_owned().into_bytes()))?;
    }
    writer.into_inner().map_err(|error| ReportError::Csv(error.into_error().into()))
}

/// Reads a report from a file of any of the formats: JSON, the workbook of [`crate::report::annual::xlsx`], the CSV of [`csv`].
///
/// # Errors
/// [`UnreadableReport`], saying where and what to do.
pub fn read_file(bytes: &[u8]) -> Result<Published, UnreadableReport> {
    read_file_within(bytes, &Allowance::new(Caps::REPORTS))
}

/// As [`read_file`]; the allowance is that of all files of a request.
///
/// # Errors
/// As [`read_file`]; `file_too_large` beyond the allowance.
pub fn read_file_within(bytes: &[u8], allowance: &Allowance) -> Result<Published, UnreadableReport> {
    let too_large = |fault: files::Unreadable| of_file(fault, "malformed_csv");
    allowance.file(bytes.len()).map_err(too_large)?;
    if let Some(detail) = foreign(bytes) {
        return Err(UnreadableReport::new("malformed_xlsx", "/", detail));
    }
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        _ if is_zip(bytes) => read_book(bytes, allowance),
        Some(b'{' | b'[') => {
            check_json(text, allowance).map_err(too_large)?;
            let text = std::str::from_utf8(text)
                .map_err(|_| UnreadableReport::new("not_utf8", "/", "不是 UTF-8 文本，请另存为 UTF-8"))?;
            Published::from_json(text)
        }
        _ => {
            check_separated(text, b',', allowance).map_err(too_large)?;
            read_csv(text)
        }
    }
}

/// A fault of the file as one of the report.
fn of_file(fault: files::Unreadable, damaged: &'static str) -> UnreadableReport {
    UnreadableReport::new(fault.code(damaged), "/", fault.detail)
}

/// Most rows of a sheet from its first to its last, and most cells of their rectangle. A report has some hundred rows.
const MOST_SHEET_ROWS: usize = 5_000;
const MOST_SHEET_CELLS: usize = 50_000;

/// Reads back the workbook of [`crate::report::annual::xlsx`].
///
/// # Errors
/// [`UnreadableReport`] for what is no workbook of ours.
fn read_book(bytes: &[u8], allowance: &Allowance) -> Result<Published, UnreadableReport> {
    let unreadable = |fault: files::Unreadable| of_file(fault, "malformed_xlsx");
    let mut book = Workbook::open(bytes, allowance).map_err(unreadable)?;
    let names: Vec<String> = book.sheet_names().map(str::to_owned).collect();
    let mut sheets = Sheets::new();
    for (at, name) in names.into_iter().enumerate() {
        sheets.push((name, rectangle(&mut book, at).map_err(unreadable)?));
    }
    read_sheets(&sheets)
}

/// The cells of a sheet from the first to the last that is not empty, as a rectangle of texts.
fn rectangle(book: &mut Workbook<'_>, sheet: usize) -> Result<Vec<Vec<String>>, files::Unreadable> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut first, mut left, mut width) = (None, usize::MAX, 0);
    book.each_row(sheet, |line, cells| {
        let place = usize::try_from(line - *first.get_or_insert(line)).unwrap_or(usize::MAX);
        width = cells.len().max(width);
        if place >= MOST_SHEET_ROWS || (place + 1).saturating_mul(width) > MOST_SHEET_CELLS {
            let detail = format!(
                "第{line}行有内容：年度报告的工作表至多{MOST_SHEET_ROWS}行、{MOST_SHEET_CELLS}格，请删去多余的内容"
            );
            return Err(files::Unreadable::too_large(detail));
        }
        left = cells.iter().position(Option::is_some).unwrap_or(usize::MAX).min(left);
        rows.resize_with(place, Vec::new);
        rows.push(cells.into_iter().map(|value| value.map(cell_text).unwrap_or_default()).collect());
        Ok(())
    })?;
    for row in &mut rows {
        row.resize(width, String::new());
        row.drain(..left.min(width));
    }
    Ok(rows)
}

fn cell_text(value: files::Value) -> String {
    let text = match value {
        files::Value::Text(text) | files::Value::Unusable(text) => text,
        files::Value::Number(number) | files::Value::Moment(number, _) => number.to_string(),
        files::Value::Is(is) => is.to_string(),
        files::Value::Uncomputed => "没有保存结果的公式".to_owned(),
    };
    text.strip_prefix('\'').map_or(text.clone(), str::to_owned)
}

/// Reads back the CSV of [`csv`].
///
/// # Errors
/// [`UnreadableReport`] with line and cell.
fn read_csv(bytes: &[u8]) -> Result<Published, UnreadableReport> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut rows = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|_| {
            UnreadableReport::new(
                "malformed_csv",
                format!("第{}行", at + 1),
                "不是 UTF-8 的 CSV，请另存为 CSV（UTF-8）",
            )
        })?;
        rows.push(record.iter().map(|cell| cell.strip_prefix('\'').unwrap_or(cell).to_owned()).collect());
    }
    read_records(&rows)
}

/// A table being read: its columns, and its rows so far.
#[derive(Default)]
struct Reading {
    columns: Vec<String>,
    rows: Map<String, Value>,
}

impl Reading {
    fn take(&mut self, label: &str, cells: &[String], head: &str) {
        if label == head {
            self.columns = cells.iter().filter(|cell| !cell.is_empty()).cloned().collect();
            return;
        }
        let value = |cell: &String| match cell.trim() {
            "" => Value::Null,
            text => Value::String(text.to_owned()),
        };
        let row: Map<String, Value> = self.columns.iter().cloned().zip(cells.iter().map(value)).collect();
        self.rows.insert(label.to_owned(), row.into());
    }
}

/// A report from rows as [`csv`] writes them.
///
/// # Errors
/// [`UnreadableReport`] for rows of another report.
fn read_records(rows: &[Vec<String>]) -> Result<Published, UnreadableReport> {
    let (mut three, mut four) = (Reading::default(), Reading::default());
    let mut members = Map::new();
    let mut narrative = Vec::new();
    for row in rows {
        let [name, label, cells @ ..] = row.as_slice() else { continue };
        match name.as_str() {
            "机关" => drop(members.insert("org".to_owned(), json!(label))),
            "年度" => drop(members.insert("year".to_owned(), json!(label.trim().parse::<i64>().ok()))),
            "格式" => drop(members.insert("format".to_owned(), json!(label.trim()))),
            "表三" => three.take(label, cells, "行"),
            "表四" => four.take(label, cells, "栏"),
            "文字" => {
                let text = cells.first().map(String::as_str).unwrap_or_default();
                prose(&mut members, &mut narrative, label, text);
            }
            _ => {}
        }
    }
    finished(members, three.rows, four.rows, &narrative)
}

/// A paragraph of the report into the member the checker reads.
pub(super) fn prose(members: &mut Map<String, Value>, narrative: &mut Vec<String>, heading: &str, text: &str) {
    match heading.chars().next() {
        Some('三' | '四') => narrative.push(text.to_owned()),
        // What the office has not written yet is not judged.
        Some('五') if !text.is_empty() => drop(members.insert("part_five".to_owned(), json!(text))),
        Some('六') => drop(members.insert("part_six".to_owned(), json!(text))),
        _ => {}
    }
}

pub(super) fn finished(
    mut members: Map<String, Value>,
    three: Map<String, Value>,
    four: Map<String, Value>,
    narrative: &[String],
) -> Result<Published, UnreadableReport> {
    if !members.contains_key("year") || three.is_empty() {
        let detail = "应为本系统导出的年度报告（含“年度”和表三），或者 JSON 格式的年度报告";
        return Err(UnreadableReport::new("not_a_report", "/", detail));
    }
    members.insert("table3".to_owned(), three.into());
    members.insert("table4".to_owned(), four.into());
    members.insert("narrative".to_owned(), json!(narrative.join("\n")));
    Published::from_value(&members.into())
}

/// The worksheets of [`crate::report::annual::xlsx`], as rows of text: name and rows of each.
type Sheets = Vec<(String, Vec<Vec<String>>)>;

/// Reads back the workbook of [`crate::report::annual::xlsx`] from the text of its worksheets.
///
/// # Errors
/// [`UnreadableReport`] for worksheets of another report.
fn read_sheets(sheets: &Sheets) -> Result<Published, UnreadableReport> {
    let find = |name: &str| sheets.iter().find(|(other, _)| other == name).map(|(_, rows)| rows.as_slice());
    let titled = find("表三").or(find("统计表")).unwrap_or_default();
    let title = titled.first().and_then(|row| row.first()).cloned().unwrap_or_default();
    let mut members = Map::new();
    let digits = title.char_indices().find(|(at, letter)| {
        letter.is_ascii_digit()
            && title.get(*at..*at + 4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if let Some((at, _)) = digits {
        members.insert("org".to_owned(), json!(title.get(..at)));
        members.insert("year".to_owned(), json!(title.get(at..at + 4).and_then(|year| year.parse::<i64>().ok())));
    }
    let form = form_of(titled, find("统计表").is_some());
    members.insert("format".to_owned(), json!(form.code()));
    let mut narrative = Vec::new();
    for pair in find(crate::report::annual::xlsx::PROSE).unwrap_or_default().chunks(2) {
        let cell = |at: usize| pair.get(at).and_then(|row| row.first()).map(String::as_str).unwrap_or_default();
        prose(&mut members, &mut narrative, cell(0), cell(1));
    }
    let (three, four) = match form {
        Form::Sheet2014 => indicators(titled),
        Form::Form2019 | Form::Form2021 => {
            (rows_of_three(form, titled), blocks(form, find("表四").unwrap_or_default()))
        }
    };
    finished(members, three, four, &narrative)
}

/// Recognised by its rows: （六） is one row in 2019 and three in 2021.
fn form_of(rows: &[Vec<String>], is_sheet: bool) -> Form {
    let has = |label: &str| rows.iter().flatten().any(|cell| cell == label);
    match (is_sheet, has("3.其他")) {
        (true, _) => Form::Sheet2014,
        (false, true) => Form::Form2021,
        (false, false) => Form::Form2019,
    }
}

/// Labels are in three columns, figures behind them.
fn rows_of_three(form: Form, rows: &[Vec<String>]) -> Map<String, Value> {
    const LABELS: usize = 3;
    let columns = form.columns();
    let mut group = String::new();
    let mut found = Map::new();
    for row in rows {
        let (Some(labels), Some(cells)) = (row.get(..LABELS), row.get(LABELS..)) else { continue };
        let label = labels.iter().rev().find(|label| !label.is_empty()).map(String::as_str).unwrap_or_default();
        if labels.get(1).is_some_and(|middle| !middle.is_empty()) {
            group = labels.get(1).cloned().unwrap_or_default();
        }
        let known = form.rows().into_iter().find(|row| match printed(row) {
            (Some(of), item) => of == group && item == label,
            (None, whole) => whole == label,
        });
        if let Some(known) = known {
            found.insert(known.to_owned(), figures(&columns, cells));
        }
    }
    found
}

fn figures(columns: &[&str], cells: &[String]) -> Value {
    let value =
        |cell: &String| if cell.trim().is_empty() { Value::Null } else { Value::String(cell.trim().to_owned()) };
    columns.iter().zip(cells).map(|(column, cell)| ((*column).to_owned(), value(cell))).collect::<Map<_, _>>().into()
}

/// Table four: one row of figures below three of headings.
fn blocks(form: Form, rows: &[Vec<String>]) -> Map<String, Value> {
    let columns = form.remedy_columns();
    let is_figures = |row: &&Vec<String>| {
        row.len() >= 3 * columns.len()
            && row.iter().all(|cell| cell.is_empty() || cell.parse::<u32>().is_ok())
            && row.iter().any(|cell| !cell.is_empty())
    };
    let Some(cells) = rows.iter().find(is_figures) else { return Map::new() };
    let block = |(block, some): (&'static str, &[String])| (block.to_owned(), figures(&columns, some));
    form.remedy_blocks().into_iter().zip(cells.chunks(columns.len())).map(block).collect()
}

/// The sheet of 2014: what is counted, an indicator a row, in the order of the form.
fn indicators(rows: &[Vec<String>]) -> (Map<String, Value>, Map<String, Value>) {
    let form = Form::Sheet2014;
    // Only indicators have a unit.
    let is_indicator = |row: &&Vec<String>| row.get(1).is_some_and(|unit| unit == layout::COUNTED);
    let is_before = |row: &&Vec<String>| row.first().is_none_or(|label| label != layout::APPLICATIONS);
    let counted = rows.iter().skip_while(is_before);
    let mut figures = counted.filter(is_indicator).filter_map(|row| row.get(2));
    let value = |cell: &String| if cell.is_empty() { Value::Null } else { Value::String(cell.clone()) };
    let mut three = Map::new();
    for row in form.rows() {
        let Some(cell) = figures.next() else { break };
        three.insert(row.to_owned(), json!({ TOTAL: value(cell) }));
    }
    let mut four = Map::new();
    for block in form.remedy_blocks() {
        let cells: Vec<Value> = figures.by_ref().take(form.remedy_columns().len()).map(value).collect();
        let Some((total, parts)) = cells.split_first() else { continue };
        let mut row: Map<String, Value> =
            form.remedy_columns().iter().map(|column| (*column).to_owned()).zip(parts.iter().cloned()).collect();
        row.insert(TOTAL.to_owned(), total.clone());
        four.insert(block.to_owned(), row.into());
    }
    (three, four)
}
