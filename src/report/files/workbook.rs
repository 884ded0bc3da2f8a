//! A workbook: the parts of its sheets, its shared strings, and its number formats.

use super::LONGEST_TEXT;
use super::areas::{Area, read_areas};
use super::caps::{Allowance, Unreadable};
use super::cells::{Value, read_rows};
use super::package::{Node, Package, Part, attribute};
use super::styles::Styles;
use std::collections::HashMap;

/// Limit of worksheets per workbook.
const MOST_SHEETS: usize = 100;
/// Limit of relationships per part.
const MOST_RELATIONS: usize = 4_000;
/// Longest text of [`LONGEST_TEXT`] characters, bytes.
const MOST_TEXT_BYTES: usize = LONGEST_TEXT * 4;

/// An open workbook. Its strings are in memory, its cells are not.
pub struct Workbook<'a> {
    package: Package<'a>,
    sheets: Vec<(String, usize)>,
    context: Context,
    allowance: &'a Allowance,
}

/// The data that cells refer to.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) strings: Strings,
    pub(super) styles: Styles,
    pub(super) is_1904: bool,
}

impl std::fmt::Debug for Workbook<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook").field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

impl<'a> Workbook<'a> {
    /// Opens a workbook.
    ///
    /// # Errors
    /// [`Unreadable`] if the file is not an XLSX workbook, is broken, or exceeds the allowance.
    pub fn open(bytes: &'a [u8], allowance: &'a Allowance) -> Result<Self, Unreadable> {
        allowance.file(bytes.len())?;
        let mut package = Package::open(bytes)?;
        let lacks =
            |what: &str| Unreadable::new(format!("不是 XLSX 工作簿（缺少{what}），请用 Excel 或者 WPS 另存为 .xlsx"));
        let root = relations(&mut package, "_rels/.rels", "", allowance)?.ok_or_else(|| lacks("关系表"))?;
        let book = root.of_kind("officeDocument").ok_or_else(|| lacks("工作簿"))?.to_owned();
        if book.ends_with(".bin") {
            return Err(Unreadable::new("是二进制工作簿（.xlsb），请用 Excel 或者 WPS 打开，另存为 .xlsx"));
        }
        if book.starts_with("word/") || book.starts_with("ppt/") {
            return Err(Unreadable::new(
                "是文档或者演示文稿，不是电子表格；请把其中的表格复制到电子表格，另存为 .xlsx",
            ));
        }
        let (folder, name) = book.rsplit_once('/').map_or(("", book.as_str()), |(folder, name)| (folder, name));
        let rels = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
        let related = relations(&mut package, &rels, folder, allowance)?.ok_or_else(|| lacks("工作簿的关系表"))?;
        let place = package.place_of(&book).ok_or_else(|| lacks("工作簿"))?;
        let (listed, is_1904) = listed_sheets(package.part(place, allowance)?)?;
        let mut sheets = Vec::new();
        for (name, id) in listed {
            let (kind, target) = related.by_id.get(&id).ok_or_else(|| lacks("工作表的位置"))?;
            // Chart sheets and dialogues have no cells.
            if kind == "worksheet" {
                sheets.push((name, package.place_of(target).ok_or_else(|| lacks("工作表"))?));
            }
        }
        // Programs that omit the relationship use the default name.
        let usual = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let find = |package: &Package<'_>, kind: &str, name: &str| {
            package.place_of(related.of_kind(kind).map_or(usual(name), str::to_owned).as_str())
        };
        let strings = match find(&package, "sharedStrings", "sharedStrings.xml") {
            Some(place) => Strings::read(package.part(place, allowance)?, allowance)?,
            None => Strings::default(),
        };
        let styles = match find(&package, "styles", "styles.xml") {
            Some(place) => Styles::read(&mut package, place, allowance)?,
            None => Styles::default(),
        };
        Ok(Self { package, sheets, context: Context { strings, styles, is_1904 }, allowance })
    }

    /// The names of the worksheets, in order.
    pub fn sheet_names(&self) -> impl Iterator<Item = &str> {
        self.sheets.iter().map(|(name, _)| name.as_str())
    }

    /// Number of worksheets.
    #[must_use]
    pub const fn sheet_count(&self) -> usize {
        self.sheets.len()
    }

    /// Passes each row of a worksheet that is not empty to `each`: the number shown by a spreadsheet, and the cells
    /// from column A on. Returns whether there was any such row.
    ///
    /// # Errors
    /// The error of `each`; [`Unreadable`] if the sheet is broken or exceeds the allowance.
    pub fn each_row<E: From<Unreadable>>(
        &mut self,
        sheet: usize,
        each: impl FnMut(u32, Vec<Option<Value>>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let Some((_, place)) = self.sheets.get(sheet) else { return Ok(false) };
        let part = self.package.part(*place, self.allowance)?;
        read_rows(part, &self.context, self.allowance, each)
    }
}

impl Workbook<'_> {
    /// The merged cells of a worksheet, sorted by their first row.
    ///
    /// # Errors
    /// [`Unreadable`] if the sheet is broken or exceeds the allowance.
    pub fn areas(&mut self, sheet: usize) -> Result<Vec<Area>, Unreadable> {
        let Some((_, place)) = self.sheets.get(sheet) else { return Ok(Vec::new()) };
        read_areas(self.package.part(*place, self.allowance)?)
    }
}

/// The relationships of a part.
#[derive(Debug, Default)]
struct Relations {
    /// By id: the last segment of the type, and the name of the target part.
    by_id: HashMap<String, (String, String)>,
}

impl Relations {
    fn of_kind(&self, wanted: &str) -> Option<&str> {
        self.by_id.values().find(|(kind, _)| kind == wanted).map(|(_, target)| target.as_str())
    }
}

fn relations(
    package: &mut Package<'_>,
    name: &str,
    folder: &str,
    allowance: &Allowance,
) -> Result<Option<Relations>, Unreadable> {
    let Some(place) = package.place_of(name) else { return Ok(None) };
    let mut part = package.part(place, allowance)?;
    let mut found = Relations::default();
    loop {
        let start = match part.next()? {
            Node::Open(start, _) if start.local_name().as_ref() == "Relationship" => start,
            Node::Open(..) | Node::Close(_) | Node::Text(_) => continue,
            Node::End => return Ok(Some(found)),
        };
        // External targets are never fetched.
        if attribute(&start, "TargetMode")?.is_some_and(|mode| mode == "External") {
            continue;
        }
        let (Some(id), Some(target)) = (attribute(&start, "Id")?, attribute(&start, "Target")?) else { continue };
        let kind = attribute(&start, "Type")?.unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        found.by_id.insert(id.into_owned(), (kind, within(folder, &target)));
        if found.by_id.len() > MOST_RELATIONS {
            return Err(Unreadable::too_large(format!("XLSX 的关系超过{MOST_RELATIONS}个，请重新另存")));
        }
    }
}

/// Resolves a name relative to a folder of the archive. `..` stops at the root, so the result is always inside the
/// archive.
fn within(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut names: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').collect(),
    };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.join("/")
}

/// Reads the sheets of a workbook (name and relationship id), and whether its dates use the 1904 epoch.
fn listed_sheets(mut part: Part<'_>) -> Result<(Vec<(String, String)>, bool), Unreadable> {
    let mut sheets = Vec::new();
    let mut is_1904 = false;
    loop {
        match part.next()? {
            Node::Open(start, _) => match start.local_name().as_ref() {
                "sheet" => {
                    let name = attribute(&start, "name")?.unwrap_or_default().into_owned();
                    sheets.push((name, attribute(&start, "id")?.unwrap_or_default().into_owned()));
                    if sheets.len() > MOST_SHEETS {
                        let detail = format!("XLSX 有超过{MOST_SHEETS}个工作表，请只保留需要的工作表");
                        return Err(Unreadable::too_large(detail));
                    }
                }
                "workbookPr" => {
                    if let Some(given) = attribute(&start, "date1904")? {
                        is_1904 = given == "1" || given == "true";
                    }
                }
                _ => {}
            },
            Node::Close(_) | Node::Text(_) => {}
            Node::End => return Ok((sheets, is_1904)),
        }
    }
}

/// The shared strings, stored one after the other: each costs its text and four bytes.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// The string with this index.
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let place = |at: usize| self.ends.get(at).and_then(|end| usize::try_from(*end).ok());
        let begin = match at.checked_sub(1) {
            Some(before) => place(before)?,
            None => 0,
        };
        self.text.get(begin..place(at)?)
    }

    fn read(mut part: Part<'_>, allowance: &Allowance) -> Result<Self, Unreadable> {
        let mut strings = Self::default();
        loop {
            match part.next()? {
                Node::Open(start, _) if start.local_name().as_ref() == "si" => {}
                Node::Open(..) | Node::Close(_) | Node::Text(_) => continue,
                Node::End => return Ok(strings),
            }
            let begun = strings.text.len();
            rich_text(&mut part, &mut strings.text)?;
            allowance.shared_string(strings.text.len().saturating_sub(begun))?;
            let end = u32::try_from(strings.text.len());
            strings.ends.push(end.map_err(|_| part.fault(&"共享字符串过长"))?);
        }
    }
}

/// Appends the text of the current element's runs to `into`, without phonetic hints.
///
/// # Errors
/// [`Unreadable`] if the text is longer than a cell may hold.
pub(super) fn rich_text(part: &mut Part<'_>, into: &mut String) -> Result<(), Unreadable> {
    let (outer, begun) = (part.depth(), into.len());
    let mut phonetic: Option<u32> = None;
    // Depth and first byte of a run, and whether its outer blanks are kept.
    let mut run: Option<(u32, usize, bool)> = None;
    loop {
        match part.next()? {
            Node::Open(start, depth) => match start.local_name().as_ref() {
                "rPh" if phonetic.is_none() => phonetic = Some(depth),
                "t" if phonetic.is_none() && run.is_none() => {
                    let keeps = attribute(&start, "space")?.is_some_and(|given| given == "preserve");
                    run = Some((depth, into.len(), keeps));
                }
                _ => {}
            },
            Node::Text(text) if run.is_some() => {
                into.push_str(&text);
                check_length(into.get(begun..).unwrap_or_default())?;
            }
            Node::Text(_) => {}
            Node::Close(depth) => {
                if let Some((_, at, keeps)) = run.filter(|(of, ..)| *of == depth) {
                    finish_run(into, at, keeps);
                    run = None;
                }
                phonetic = phonetic.filter(|of| *of != depth);
                if depth == outer {
                    return Ok(());
                }
            }
            Node::End => return Err(part.fault(&"没有写完")),
        }
    }
}

/// Reads the text of the current element and its children into `into`.
///
/// # Errors
/// [`Unreadable`] if the text is longer than a cell may hold.
pub(super) fn plain_text(part: &mut Part<'_>, into: &mut String) -> Result<(), Unreadable> {
    let outer = part.depth();
    into.clear();
    loop {
        match part.next()? {
            Node::Text(text) => {
                into.push_str(&text);
                check_length(into)?;
            }
            Node::Close(depth) if depth == outer => return Ok(()),
            Node::Open(..) | Node::Close(_) => {}
            Node::End => return Err(part.fault(&"没有写完")),
        }
    }
}

fn check_length(text: &str) -> Result<(), Unreadable> {
    let is_long = text.len() > LONGEST_TEXT && (text.len() > MOST_TEXT_BYTES || text.chars().count() > LONGEST_TEXT);
    if is_long { Err(too_long()) } else { Ok(()) }
}

fn too_long() -> Unreadable {
    Unreadable::too_large(format!("有单元格的文字超过{LONGEST_TEXT}字，请缩短"))
}

/// Trims a run unless it preserves blanks, and resolves escapes such as `_x000D_`.
fn finish_run(text: &mut String, from: usize, keeps_blanks: bool) {
    let run = text.get(from..).unwrap_or_default();
    let kept = if keeps_blanks { run } else { run.trim_matches([' ', '\t', '\r', '\n']) };
    if kept.len() == run.len() && !run.contains("_x") {
        return;
    }
    let kept = unescaped(kept);
    text.truncate(from);
    text.push_str(&kept);
}

/// Resolves the escapes of spreadsheets: `_x000D_`, four hexadecimal digits of UTF-16.
pub(super) fn unescaped(text: &str) -> String {
    let unit = |text: &str| {
        let digits = text.strip_prefix("_x")?.get(..4)?;
        let is_hex = digits.chars().all(|digit| digit.is_ascii_hexdigit());
        (is_hex && text.get(6..7) == Some("_")).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let Some(first) = unit(escape) else {
            out.push_str("_x");
            rest = escape.get(2..).unwrap_or_default();
            continue;
        };
        let second = escape.get(7..).and_then(unit).filter(|second| (0xdc00..0xe000).contains(second));
        let pair = second.filter(|_| (0xd800..0xdc00).contains(&first));
        out.extend(char::decode_utf16([first].into_iter().chain(pair)).map(|letter| letter.unwrap_or('\u{fffd}')));
        rest = escape.get(if pair.is_some() { 14 } else { 7 }..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_name_outside_the_archive_cannot_be_said() {
        assert_eq!(within("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(within("xl", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(within("xl", "..\\..\\../etc/passwd"), "etc/passwd");
        assert_eq!(within("", "./xl/workbook.xml"), "xl/workbook.xml");
    }

    #[test]
    fn escapes_of_spreadsheets_are_letters() {
        assert_eq!(unescaped("a_x000D_b"), "a\rb");
        assert_eq!(unescaped("_x005F_x000D_"), "_x000D_");
        assert_eq!(unescaped("_xD83D__xDCF7_!"), "\u{1f4f7}!");
        assert_eq!(unescaped("_xD83D_!_x12_x乙_x"), "\u{fffd}!_x12_x乙_x");
    }
}
