//! Which styles of a workbook show a number as a date. Nothing else of the styles is kept.

use super::caps::{Allowance, Unreadable};
use super::package::{Node, Package, attribute};
use chrono::{NaiveDate, TimeDelta};
use std::collections::HashMap;

/// Limit of cell styles, the same as Excel's.
const MOST_STYLES: usize = 65_490;
/// Limit of a workbook's own number formats; Excel allows 250.
const MOST_FORMATS: usize = 10_000;
/// Days between the 1900 and 1904 epochs.
const EPOCHS_APART: f64 = 1_462.0;
/// First serial number after the year 9999.
const SERIAL_END: f64 = 2_958_466.0;
const DAY_MS: f64 = 86_400_000.0;

/// How a style shows a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number.
    Number,
    /// As a date, or as a time of day.
    Moment,
    /// As a duration.
    Duration,
}

/// The cell styles of a workbook, by index.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<Shown>);

impl Styles {
    /// How the style with this index shows a number. A missing style counts as a plain number.
    pub(super) fn shown(&self, style: Option<usize>) -> Shown {
        style.and_then(|style| self.0.get(style)).copied().unwrap_or(Shown::Number)
    }

    /// Reads the cell styles.
    pub(super) fn read(package: &mut Package<'_>, place: usize, allowance: &Allowance) -> Result<Self, Unreadable> {
        let mut part = package.part(place, allowance)?;
        let mut formats: HashMap<String, Shown> = HashMap::new();
        let mut styles = Vec::new();
        // `cellStyleXfs` contains `xf` elements too, but cells do not refer to those.
        let mut of_cells: Option<u32> = None;
        loop {
            match part.next()? {
                Node::Open(start, depth) => match start.local_name().as_ref() {
                    "cellXfs" if of_cells.is_none() => of_cells = Some(depth),
                    "numFmt" => {
                        let code = attribute(&start, "formatCode")?.unwrap_or_default();
                        let shown = shown_by(&code);
                        if let Some(id) = attribute(&start, "numFmtId")?.filter(|id| id.len() < 12) {
                            formats.insert(id.into_owned(), shown);
                        }
                        if formats.len() > MOST_FORMATS {
                            return Err(too_many("数字格式", MOST_FORMATS));
                        }
                    }
                    "xf" if of_cells.is_some_and(|outer| depth == outer + 1) => {
                        let id = attribute(&start, "numFmtId")?.unwrap_or_default();
                        styles.push(formats.get(id.as_ref()).copied().unwrap_or_else(|| built_in(&id)));
                        if styles.len() > MOST_STYLES {
                            return Err(too_many("单元格样式", MOST_STYLES));
                        }
                    }
                    _ => {}
                },
                Node::Close(depth) if of_cells == Some(depth) => return Ok(Self(styles)),
                Node::Close(_) | Node::Text(_) => {}
                Node::End => return Ok(Self(styles)),
            }
        }
    }
}

fn too_many(what: &str, most: usize) -> Unreadable {
    Unreadable::too_large(format!("XLSX 的{what}超过{most}个，请把内容复制到新的工作簿，或者另存为 CSV"))
}

/// Built-in formats, which have an id but no code (ECMA-376 part 1, 18.8.30), including the East Asian ones.
fn built_in(id: &str) -> Shown {
    match id.parse::<u16>() {
        Ok(14..=22 | 27..=36 | 45 | 47 | 50..=58) => Shown::Moment,
        Ok(46) => Shown::Duration,
        Ok(_) | Err(_) => Shown::Number,
    }
}

/// How a format code shows a positive number. Looks at the first section only, outside quotes, escapes and brackets.
fn shown_by(code: &str) -> Shown {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // These take the next character literally, or only its width.
            '\\' | '_' | '*' => drop(letters.next()),
            '"' => drop(letters.find(|letter| *letter == '"')),
            '[' => {
                let inner: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                let inner = inner.to_ascii_lowercase();
                let is_unit = |unit: char| !inner.is_empty() && inner.chars().all(|letter| letter == unit);
                if ['h', 'm', 's'].into_iter().any(is_unit) {
                    return Shown::Duration;
                }
            }
            ';' => return Shown::Number,
            'd' | 'm' | 'h' | 'y' | 's' | 'D' | 'M' | 'H' | 'Y' | 'S' => return Shown::Moment,
            _ => {}
        }
    }
    Shown::Number
}

/// The day of a spreadsheet's serial number. `None` for negative numbers and after 9999.
pub(super) fn day_of(serial: f64, is_1904: bool) -> Option<NaiveDate> {
    let serial = if is_1904 { serial + EPOCHS_APART } else { serial };
    if !(0.0..SERIAL_END).contains(&serial) {
        return None;
    }
    // Spreadsheets count a 29 February 1900, which did not exist, as day 60.
    let serial = if serial >= 60.0 { serial } else { serial + 1.0 };
    let days = ((serial * DAY_MS).round() / DAY_MS).floor();
    let days: i64 = days.to_string().parse().ok()?;
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_signed(TimeDelta::try_days(days)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_code_that_shows_a_date_is_told_from_one_that_shows_a_number() {
        let of = |code: &str| shown_by(code);
        for code in ["yyyy-mm-dd", "yyyy\"年\"m\"月\"d\"日\"", "[$-804]e\"x\"m", "H:MM:SS;@", "*-yyyy", "h\"时\""] {
            assert_eq!(of(code), Shown::Moment, "{code}");
        }
        for code in ["[h]:mm:ss", "[ss]", "[Blue]\\+[h]:mm", "[mm]"] {
            assert_eq!(of(code), Shown::Duration, "{code}");
        }
        for code in [
            "General",
            "0.00E+00",
            "#,##0\\ [$\\u20bd-46D]",
            "0\"d\"",
            "#,##0*y",
            "0_d",
            "\\Y0",
            "0;yyyy",
            "[Red]0",
            "@",
        ] {
            assert_eq!(of(code), Shown::Number, "{code}");
        }
    }

    #[test]
    fn serial_numbers_are_days_of_either_epoch_and_nothing_outside_the_calendar() {
        let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
        assert_eq!(day_of(45_000.0, false), day("2023-03-15"));
        assert_eq!(day_of(45_000.75, false), day("2023-03-15"));
        assert_eq!(day_of(43_538.0, true), day("2023-03-15"));
        assert_eq!((day_of(1.0, false), day_of(61.0, false)), (day("1900-01-01"), day("1900-03-01")));
        assert_eq!(day_of(2_958_465.0, false), day("9999-12-31"));
        for outside in [-1.0, 2_958_466.0, 1e308, f64::INFINITY, f64::NAN, f64::MIN] {
            assert_eq!(day_of(outside, false), None, "{outside}");
        }
    }
}
