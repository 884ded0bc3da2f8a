//! A published annual report as it was printed: partial, with blanks, with labels misspelt. Reading it judges nothing.

use super::form::{self, Form};
use serde_json::{Map, Value};

/// The content of a printed cell. A blank, a nought and 不适用 are three different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A number, nought included.
    Number(u32),
    /// Nothing is printed.
    Blank,
    /// 不适用, “/” or a dash.
    NotApplicable,
}

impl Figure {
    /// The number, if there is one.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            Self::Blank | Self::NotApplicable => None,
        }
    }
}

/// A printed row. `cells` are in the order of the columns; `None` where the source shows no such cell at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedLine {
    /// As printed.
    pub label: String,
    /// The official row it means, if that is clear.
    pub row: Option<&'static str>,
    /// The cells.
    pub cells: Vec<Option<Figure>>,
    /// Numbers printed in the row whose column is unknown.
    pub unplaced: Vec<u32>,
    /// What the source remarks on the row.
    pub note: Option<String>,
}

/// A published report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Whose.
    pub org: String,
    /// The year reported on.
    pub year: i32,
    /// The form it says it follows; `None` for prose alone.
    pub form: Option<Form>,
    /// Table three, in the order of the source.
    pub table3: Vec<PublishedLine>,
    /// Table four: the blocks as rows.
    pub table4: Vec<PublishedLine>,
    /// Numbers of table four whose cell is unknown.
    pub unplaced4: Vec<u32>,
    /// The prose.
    pub narrative: String,
    /// Figures taken from prose where there is no table: `一`, `(三)不予公开`, `四` …
    pub totals: Vec<(String, Option<u32>)>,
    /// Applications by the way they came, by the words of the report.
    pub channels: Vec<(String, u32)>,
    /// 第五部分, where known.
    pub part_five: Option<String>,
    /// 第六部分, where known.
    pub part_six: Option<String>,
    /// Fees charged in the year, yuan, where known.
    pub fee_yuan: Option<u64>,
}

/// Why a file is no published report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{detail}", place_before(place))]
pub struct UnreadableReport {
    /// Stable, for machines.
    pub code: &'static str,
    /// JSON pointer, or the line and cell of a table.
    pub place: String,
    /// What is wrong, the rule, and what to do, in Chinese.
    pub detail: String,
}

/// The place with a colon; nothing for the file as a whole.
fn place_before(place: &str) -> String {
    if place == "/" { String::new() } else { format!("{place}：") }
}

impl UnreadableReport {
    /// A fault at a place.
    pub fn new(code: &'static str, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, place: place.into(), detail: detail.into() }
    }
}

/// The first year there can be a report on, and a year far in the future.
const YEARS: std::ops::RangeInclusive<i64> = 2008..=2999;

impl Published {
    /// Reads the JSON of a published table: `org`, `year`, `table3` (row → column → number or null), `table4`, `narrative`…
    ///
    /// # Errors
    /// [`UnreadableReport`] for what is no JSON, no object, has no year, or has a cell that is neither number nor blank.
    pub fn from_json(text: &str) -> Result<Self, UnreadableReport> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let place = format!("第{}行第{}列", error.line(), error.column());
            UnreadableReport::new("malformed_json", place, "不是合法的 JSON，请核对文件是否完整")
        })?;
        Self::from_value(&value)
    }

    /// As [`Published::from_json`], from JSON already parsed.
    ///
    /// # Errors
    /// As [`Published::from_json`].
    pub fn from_value(value: &Value) -> Result<Self, UnreadableReport> {
        let members = value.as_object().ok_or_else(|| {
            UnreadableReport::new("not_a_report", "/", "应为一个对象，含 org、year、table3、table4、narrative 等字段")
        })?;
        let year = members.get("year").and_then(Value::as_i64).filter(|year| YEARS.contains(year));
        let year = year.and_then(|year| i32::try_from(year).ok()).ok_or_else(|| {
            UnreadableReport::new("year_missing", "/year", "缺少报告年度，应为2008年起的四位年份（数字），请补上")
        })?;
        let words = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let table3 = object(members, "table3")?;
        let table4 = object(members, "table4")?;
        let form = words("format").as_deref().and_then(Form::from_code);
        let columns = form.unwrap_or(Form::of_year(year));
        let totals = object(members, "totals")?;
        Ok(Self {
            org: words("org").unwrap_or_default(),
            year,
            form,
            table3: lines(&table3, "/table3", &columns.columns(), form::official_row)?,
            table4: lines(&without_private(&table4), "/table4", &columns.remedy_columns(), |label| {
                columns.remedy_blocks().into_iter().find(|block| *block == label)
            })?,
            unplaced4: unplaced(&table4),
            narrative: words("narrative").unwrap_or_default(),
            channels: channels(&totals),
            totals: totals.iter().filter_map(|(key, value)| Some((key.clone(), whole(value)?))).collect(),
            part_five: words("part_five"),
            part_six: words("part_six"),
            fee_yuan: members.get("fee_yuan").and_then(Value::as_u64),
        })
    }

    /// The form it is judged by: the one it names, else the one of its year.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form.unwrap_or(Form::of_year(self.year))
    }

    /// The printed line of an official row.
    #[must_use]
    pub fn line(&self, row: &str) -> Option<&PublishedLine> {
        self.table3.iter().find(|line| line.row == Some(row))
    }
}

fn object(members: &Map<String, Value>, name: &str) -> Result<Map<String, Value>, UnreadableReport> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(found)) => Ok(found.clone()),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(UnreadableReport::new("not_a_table", format!("/{name}"), "应为对象：行名 → 栏目 → 数字或者 null"))
        }
    }
}

fn without_private(members: &Map<String, Value>) -> Map<String, Value> {
    members.iter().filter(|(key, _)| !key.starts_with('_')).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// `_published_cells`: the numbers in the order of the page, where the cells are unknown.
fn unplaced(members: &Map<String, Value>) -> Vec<u32> {
    let cells = members.get("_published_cells").and_then(Value::as_array);
    cells.into_iter().flatten().filter_map(|cell| u32::try_from(cell.as_u64()?).ok()).collect()
}

fn lines(
    table: &Map<String, Value>,
    at: &str,
    columns: &[&str],
    official: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<PublishedLine>, UnreadableReport> {
    let mut lines = Vec::with_capacity(table.len());
    for (label, value) in table {
        let place = format!("{at}/{label}");
        let cells = value
            .as_object()
            .ok_or_else(|| UnreadableReport::new("not_a_row", place.as_str(), "应为对象：栏目 → 数字或者 null"))?;
        let read =
            |column: &&str| cells.get(*column).map(|value| figure(value, &format!("{place}/{column}"))).transpose();
        lines.push(PublishedLine {
            row: official(label),
            label: label.clone(),
            cells: columns.iter().map(read).collect::<Result<_, _>>()?,
            unplaced: unplaced(cells),
            note: cells.get("_note").and_then(Value::as_str).map(str::to_owned),
        });
    }
    // JSON objects have no order that counts; the form has one.
    let order = Form::ALL.into_iter().rev().flat_map(Form::rows).collect::<Vec<_>>();
    lines.sort_by_key(|line| order.iter().position(|row| Some(*row) == line.row).unwrap_or(usize::MAX));
    Ok(lines)
}

fn figure(value: &Value, place: &str) -> Result<Figure, UnreadableReport> {
    let wrong =
        || UnreadableReport::new("not_a_figure", place, "应为不小于0的整数，空白的写 null，不适用的写“不适用”或者“/”");
    match value {
        Value::Null => Ok(Figure::Blank),
        Value::Number(number) => {
            let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Figure::Number).ok_or_else(wrong)
        }
        Value::String(text) => figure_of_text(text).ok_or_else(wrong),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(wrong()),
    }
}

/// What a printed or typed cell means; `None` for what is no figure.
#[must_use]
pub fn figure_of_text(text: &str) -> Option<Figure> {
    let text = text.trim();
    match text {
        "" => Some(Figure::Blank),
        "/" | "-" | "—" | "——" | "不适用" => Some(Figure::NotApplicable),
        number => number.parse().ok().map(Figure::Number),
    }
}

fn whole(value: &Value) -> Option<Option<u32>> {
    if value.is_null() {
        return Some(None);
    }
    value.as_u64().and_then(|number| u32::try_from(number).ok()).map(Some)
}

/// 渠道 among the totals: the ways the applications came.
fn channels(totals: &Map<String, Value>) -> Vec<(String, u32)> {
    let ways = totals.get("渠道").and_then(Value::as_object);
    ways.into_iter().flatten().filter_map(|(way, count)| Some((way.clone(), whole(count)??))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_a_nought_and_not_applicable_are_three_things() {
        let text = r#"{"org":"某局","year":2024,"format":"2021","table3":{"三(一)予以公开":{"自然人":0,"商业企业":null,"科研机构":"/","总计":"3"}}}"#;
        let report = Published::from_json(text).unwrap();
        let cells = &report.line("三(一)予以公开").unwrap().cells;
        let expected = [Some(Figure::Number(0)), Some(Figure::Blank), Some(Figure::NotApplicable)];
        assert_eq!(cells[..3], expected);
        assert_eq!((cells[3], cells[6]), (None, Some(Figure::Number(3))));
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_place() {
        for (text, code, place) in [
            ("{", "malformed_json", "第1行第1列"),
            ("[]", "not_a_report", "/"),
            ("{}", "year_missing", "/year"),
            (r#"{"year":"2024"}"#, "year_missing", "/year"),
            (r#"{"year":1999}"#, "year_missing", "/year"),
            (r#"{"year":2024,"table3":[]}"#, "not_a_table", "/table3"),
            (r#"{"year":2024,"table3":{"三(一)予以公开":3}}"#, "not_a_row", "/table3/三(一)予以公开"),
            (r#"{"year":2024,"table3":{"三(一)予以公开":{"总计":-1}}}"#, "not_a_figure", "/table3/三(一)予以公开/总计"),
            (r#"{"year":2024,"table4":{"行政复议":{"总计":"三"}}}"#, "not_a_figure", "/table4/行政复议/总计"),
        ] {
            let error = Published::from_json(text).unwrap_err();
            assert_eq!((error.code, error.place.as_str()), (code, place), "{text}");
        }
    }

    #[test]
    fn nothing_but_a_year_is_a_report_with_nothing_in_it() {
        assert!(
            Published::from_json("[]").unwrap_err().to_string().starts_with("应为一个对象"),
            "the whole has no place"
        );
        assert!(Published::from_json("{}").unwrap_err().to_string().starts_with("/year：缺少报告年度"));
        let report = Published::from_json("\u{feff}{\"year\":2017}").unwrap();
        assert_eq!((report.form(), report.table3.len(), report.totals.len()), (Form::Sheet2014, 0, 0));
    }
}
