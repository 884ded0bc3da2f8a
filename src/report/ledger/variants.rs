//! Ledgers as offices keep them, kind by kind: each fact is imported, or its row, column or sheet is reported.

use super::*;
use crate::law::{ClockOptions, Outcome};
use std::fmt::Write as _;
use std::io::Write as _;

/// A worksheet: its name, its rows from row 1 on, its merged cells.
struct Tab<'a>(&'a str, &'a [&'a [&'a str]], &'a [&'a str]);

/// A cell: text; `#45356` a date; `n:5` a number; `=B2` a formula without a value; `s:x` one with a text; `e:#N/A` an
/// error.
fn cell(at: &str, said: &str) -> String {
    let number = |number: &str, style: u8| format!("<c r=\"{at}\" s=\"{style}\"><v>{number}</v></c>");
    if let Some(date) = said.strip_prefix('#') {
        return number(date, 1);
    }
    if let Some(plain) = said.strip_prefix("n:") {
        return number(plain, 0);
    }
    if let Some(formula) = said.strip_prefix('=') {
        return format!("<c r=\"{at}\"><f>{formula}</f><v></v></c>");
    }
    if let Some(text) = said.strip_prefix("s:") {
        return format!("<c r=\"{at}\" t=\"str\"><f>A1</f><v>{text}</v></c>");
    }
    if let Some(error) = said.strip_prefix("e:") {
        return format!("<c r=\"{at}\" t=\"e\"><f>A1</f><v>{error}</v></c>");
    }
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{said}</t></is></c>")
}

fn sheet(Tab(_, rows, merged): &Tab<'_>) -> String {
    let mut xml = String::from("<worksheet><sheetData>");
    for (line, cells) in (1..).zip(*rows) {
        write!(xml, "<row r=\"{line}\">").unwrap();
        for (column, said) in (1..).zip(*cells).filter(|(_, said)| !said.is_empty()) {
            let at = format!("{}{line}", crate::report::files::column_name(column));
            xml += &cell(&at, said);
        }
        xml += "</row>";
    }
    xml += "</sheetData>";
    let areas: String = merged.iter().map(|area| format!("<mergeCell ref=\"{area}\"/>")).collect();
    if !areas.is_empty() {
        write!(xml, "<mergeCells>{areas}</mergeCells>").unwrap();
    }
    xml + "</worksheet>"
}

/// A workbook as spreadsheet programs write it.
fn workbook(tabs: &[Tab<'_>]) -> Vec<u8> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relations = |all: &str| format!("<Relationships>{all}</Relationships>");
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
    };
    let styles = "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    let mut listed = String::new();
    let mut related = relation("s", "styles", "styles.xml");
    let mut parts = vec![
        ("_rels/.rels".to_owned(), relations(&relation("r", "officeDocument", "xl/workbook.xml"))),
        ("xl/styles.xml".to_owned(), styles.to_owned()),
    ];
    for (at, tab) in (1..).zip(tabs) {
        write!(listed, "<sheet name=\"{}\" sheetId=\"{at}\" r:id=\"r{at}\"/>", tab.0).unwrap();
        related += &relation(&format!("r{at}"), "worksheet", &format!("worksheets/sheet{at}.xml"));
        parts.push((format!("xl/worksheets/sheet{at}.xml"), sheet(tab)));
    }
    parts.push((
        "xl/workbook.xml".into(),
        format!("<workbook xmlns:r=\"{OFFICE}\"><sheets>{listed}</sheets></workbook>"),
    ));
    parts.push(("xl/_rels/workbook.xml.rels".into(), relations(&related)));
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, content) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{content}").as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

/// A workbook with one sheet.
fn one(rows: &[&[&str]], merged: &[&str]) -> Vec<u8> {
    workbook(&[Tab("台账", rows, merged)])
}

/// Content that is not read: sheet, column, code, number of cells.
type Named = (Option<String>, Option<String>, String, Option<u64>);

/// The result of reading a file.
#[derive(Debug)]
struct Came {
    rows: Vec<LedgerRow>,
    /// sheet, line, column, code
    faults: Vec<(Option<String>, u32, String, String)>,
    unread: Vec<Named>,
    asides: Vec<(u32, String)>,
    ignored: Vec<String>,
    others: Vec<String>,
}

impl Came {
    fn numbers(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.past.number.as_deref().unwrap_or_default()).collect()
    }

    /// line, column, code of each fault.
    fn told(&self) -> Vec<(u32, &str, &str)> {
        self.faults.iter().map(|(_, line, column, code)| (*line, column.as_str(), code.as_str())).collect()
    }

    /// The columns or sheets that have content but are not read.
    fn named(&self) -> Vec<&str> {
        self.unread.iter().filter_map(|(sheet, column, ..)| column.as_deref().or(sheet.as_deref())).collect()
    }
}

fn came(bytes: &[u8]) -> Result<Came, String> {
    let source = Source::of(bytes).map_err(|why| why.to_string())?;
    let headings = Headings::of(&source).map_err(|why| why.to_string())?;
    let others = headings.unread.iter().filter(|(_, holds)| !holds).filter_map(|(unread, _)| unread.sheet.clone());
    let (ignored, others) = (headings.ignored(), others.collect());
    let mut reader = LedgerReader::new(headings, ClockOptions::default());
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    source
        .rows(|row| {
            let seen = reader.glance(&row);
            let read = reader.read(row);
            assert_eq!(seen.is_some(), read.is_some(), "both passes see the same rows");
            match read {
                Some(Ok(row)) => {
                    assert_eq!(seen.unwrap().0, row.past.number, "both passes see the same number");
                    rows.push(row);
                }
                Some(Err(found)) => faults.extend(found),
                None => {}
            }
            Ok::<(), Unreadable>(())
        })
        .map_err(|why| why.to_string())?;
    let faults = faults.into_iter().map(|fault| (fault.sheet, fault.line, fault.column, fault.code)).collect();
    let unread = reader.unread().into_iter().map(|unread| (unread.sheet, unread.column, unread.code, unread.cells));
    let asides = reader.asides().iter().map(|aside| (aside.line, aside.text.clone())).collect();
    Ok(Came { rows, faults, unread: unread.collect(), asides, ignored, others })
}

#[track_caller]
fn read(bytes: &[u8]) -> Came {
    came(bytes).unwrap()
}

fn office_file(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases").join(name)).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const HEAD: &[&str] = &["受理编号", "收到日期", "申请人类型", "申请内容", "答复日期", "处理结果"];

// 1. Cells merged downwards.

#[test]
fn one_reply_merged_over_three_rows_answers_all_three() {
    let came = read(&office_file("B8c_one_reply_for_three.xlsx"));
    assert_eq!((came.numbers(), came.told()), (vec!["一并-1", "一并-2", "一并-3"], vec![]));
    for row in &came.rows {
        let past = &row.past;
        assert_eq!((past.replied_on, past.outcome), (Some(day("2024-03-20")), Some(Outcome::Provided)));
        assert_eq!(past.document_number.as_deref(), Some("公开复〔2024〕1号"));
    }
}

#[test]
fn what_is_merged_downwards_is_each_rows_that_has_a_number_or_a_request_of_its_own() {
    let rows: &[&[&str]] =
        &[HEAD, &["甲1", "#45356", "自然人", "甲", "#45371", "予以公开"], &["甲2", "", "", "乙", "", ""]];
    let all = read(&one(rows, &["B2:B3", "C2:C3", "E2:E3", "F2:F3"]));
    assert_eq!((all.numbers(), all.told()), (vec!["甲1", "甲2"], vec![]));
    assert_eq!((all.rows[1].past.received_on, all.rows[1].past.outcome), (day("2024-03-05"), Some(Outcome::Provided)));
    // Without merged cells, the second row is incomplete.
    let bare = read(&one(rows, &[]));
    assert_eq!(bare.told(), [(3, "收到日期", "required"), (3, "申请人类型", "required")]);
    // Without numbers, the request distinguishes the cases.
    let unnumbered: &[&[&str]] =
        &[&["收到日期", "申请人类型", "申请内容"], &["#45356", "自然人", "甲"], &["", "", "乙"], &["", "", "丙"]];
    let came = read(&one(unnumbered, &["A2:A4", "B2:B4"]));
    assert_eq!((came.rows.len(), came.told()), (3, vec![]));
    // One request for several numbers.
    let same: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲"], &["甲2", "#45357", "自然人", ""]];
    assert_eq!(read(&one(same, &["D2:D3"])).rows[1].past.request, "甲");
}

#[test]
fn rows_merged_into_one_case_are_not_made_two() {
    // Two requests under one number.
    let rows: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲"], &["", "#45356", "自然人", "乙"]];
    let came = read(&one(rows, &["A2:A3"]));
    assert_eq!((came.numbers(), came.told()), (vec!["甲1"], vec![(3, "受理编号", "merged_row")]));
    // Two departments for one application.
    let rows: &[&[&str]] = &[
        &["收到日期", "申请人类型", "申请内容", "承办科室"],
        &["#45356", "自然人", "甲", "一科"],
        &["", "", "", "二科"],
    ];
    let came = read(&one(rows, &["A2:A3", "B2:B3", "C2:C3"]));
    assert_eq!((came.rows.len(), came.told()), (1, vec![(3, "申请内容", "merged_row")]));
    // Only the serial number is the row's own.
    let rows: &[&[&str]] =
        &[&["序号", "收到日期", "申请人类型", "申请内容"], &["n:1", "#45356", "自然人", "甲"], &["n:2"]];
    assert_eq!(read(&one(rows, &["B2:B3", "C2:C3", "D2:D3"])).told(), [(3, "申请内容", "merged_row")]);
    // A case two rows high, without other content: one case.
    let rows: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲"], &[], &["甲2", "#45356", "自然人", "乙"]];
    let came = read(&one(rows, &["A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:E3", "F2:F3"]));
    assert_eq!((came.numbers(), came.told()), (vec!["甲1", "甲2"], vec![]));
}

#[test]
fn a_cell_merged_across_columns_says_of_neither_and_what_lies_under_one_is_told() {
    let rows: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲", "撤回", ""]];
    assert_eq!(
        read(&one(rows, &["E2:F2"])).told(),
        [(2, "答复日期", "merged_across"), (2, "答复日期", "invalid_date")]
    );
    let block: &[&[&str]] =
        &[HEAD, &["甲1", "#45356", "自然人", "甲", "#45371", ""], &["甲2", "#45356", "自然人", "乙", "", ""]];
    let told = read(&one(block, &["E2:F3"]));
    assert_eq!(told.told(), [(2, "答复日期", "merged_across"), (3, "答复日期", "merged_across")]);
    let hidden: &[&[&str]] = &[
        HEAD,
        &["甲1", "#45356", "自然人", "甲", "#45371", "予以公开"],
        &["甲2", "#45356", "自然人", "乙", "#45372", ""],
    ];
    assert_eq!(read(&one(hidden, &["E2:E3", "F2:F3"])).told(), [(3, "答复日期", "hidden_under_merged_cell")]);
    let marked = "受理编号,收到日期,申请人类型,申请内容\n/,2024-3-5,自然人,甲\n—,2024-3-5,自然人,乙\n";
    assert_eq!(read(marked.as_bytes()).numbers(), ["", ""], "a stroke is no number");
    // The heading does not extend into the rows.
    let heading: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲", "", ""]];
    assert_eq!(read(&one(heading, &["E1:E2"])).rows[0].past.replied_on, None);
    let overlapping = came(&one(heading, &["A1:B2", "B2:C3"])).unwrap_err();
    assert!(overlapping.contains("重叠"), "{overlapping}");
}

// 2. Formulas without a stored value.

#[test]
fn a_formula_without_a_value_is_refused_by_row_and_column() {
    let came = read(&office_file("B13c_formulas_reply_and_result.xlsx"));
    let expected = [
        (2, "答复日期", "formula_without_value"),
        (2, "处理结果", "formula_without_value"),
        (3, "延期告知日期", "formula_without_value"),
        (3, "延期工作日数", "formula_without_value"),
    ];
    assert_eq!((came.rows.len(), came.told()), (0, expected.to_vec()));
}

#[test]
fn formulas_in_any_column_are_refused_and_those_with_a_value_are_taken() {
    let row = |cells: &[&str]| {
        let head: &[&str] = &[
            "收到日期",
            "申请人类型",
            "申请内容",
            "申请方式",
            "补正通知日期",
            "补正期限",
            "征求意见对象",
            "征求意见发出日期",
            "送达方式",
            "备注",
        ];
        read(&one(&[head, cells], &[]))
    };
    for (place, column) in [
        (0, "收到日期"),
        (1, "申请人类型"),
        (2, "申请内容"),
        (3, "申请方式"),
        (4, "补正通知日期"),
        (5, "补正期限"),
        (6, "征求意见对象"),
        (7, "征求意见发出日期"),
        (8, "送达方式"),
        (9, "备注"),
    ] {
        let mut cells = ["#45356", "自然人", "甲", "网站", "#45357", "n:10", "某公司", "#45358", "邮寄", "两份"];
        cells[place] = "=A9";
        assert_eq!(row(&cells).told(), [(2, column, "formula_without_value")], "{column}");
        cells[place] = "e:#REF!";
        assert_eq!(row(&cells).told(), [(2, column, "unusable_cell")], "{column}");
    }
    let stored = row(&["#45356", "s:自然人", "s:甲", "s:", "", "", "", "", "", "s:"]);
    assert_eq!((stored.told(), stored.rows[0].past.note.as_deref()), (vec![], None), "a text of no letters is stored");
    // Serial numbers contain no fact of the case; the other column is reported.
    let rows: &[&[&str]] =
        &[&["序号", "收到日期", "申请人类型", "申请内容", "经费"], &["=ROW()-1", "#45356", "自然人", "甲", "=B2"]];
    let came = read(&one(rows, &[]));
    assert_eq!((came.rows.len(), came.told(), came.named()), (1, vec![], vec!["经费"]));
}

// 3. Further sheets, a cover before them.

#[test]
fn every_sheet_with_the_heading_is_read() {
    let came = read(&office_file("B3b_two_years_two_sheets.xlsx"));
    let numbers: Vec<String> =
        [2023, 2024].iter().flat_map(|year| (1..=3).map(move |at| format!("依〔{year}〕{at}号"))).collect();
    assert_eq!((came.numbers(), came.told()), (numbers.iter().map(String::as_str).collect(), vec![]));
    assert_eq!(came.rows[5].sheet.as_deref(), Some("2024年"));
}

#[test]
fn sheets_that_are_not_read_are_named_and_those_with_cases_stop_the_import() {
    let ledger: &[&[&str]] = &[HEAD, &["甲1", "#45356", "自然人", "甲"]];
    let tab = |rows| Tab("2024", rows, &[]);
    // A cover before, statistics after.
    let cover: &[&[&str]] = &[&["某局依申请公开台账"], &["二〇二四年"]];
    let figures: &[&[&str]] = &[&["月份", "件数"], &["1月", "n:3"]];
    let came = read(&workbook(&[Tab("封面", cover, &["A1:F1"]), tab(ledger), Tab("统计", figures, &[])]));
    assert_eq!((came.numbers(), came.named()), (vec!["甲1"], vec![]));
    assert_eq!(came.others, ["封面", "统计"]);
    // Cases without a heading: the rows continue those of the sheet before.
    let headless: &[&[&str]] = &[&["甲2", "#45357", "自然人", "乙"]];
    assert_eq!(read(&workbook(&[tab(ledger), Tab("续表", headless, &[])])).named(), ["续表"]);
    // A heading without the date of receipt.
    let flawed: &[&[&str]] = &[&["受理编号", "受理日期", "申请人类型", "申请内容"], &["甲2", "二月", "自然人", "乙"]];
    let came = read(&workbook(&[tab(ledger), Tab("2023", flawed, &[])]));
    assert_eq!((came.numbers(), came.named()), (vec!["甲1"], vec!["2023"]));
    // An empty sheet is ignored, and columns may be in another order.
    let moved: &[&[&str]] = &[&["申请内容", "收到日期", "申请人类型"], &["乙", "昨天", "自然人"]];
    let came = read(&workbook(&[Tab("空", &[], &[]), tab(ledger), Tab("2025", moved, &[])]));
    assert_eq!(
        (came.others.len(), came.faults),
        (0, vec![(Some("2025".into()), 2, "收到日期".into(), "invalid_date".into())])
    );
    // Each sheet has its own columns.
    let wider: &[&[&str]] = &[&["收到日期", "申请人类型", "申请内容", "领导批示"], &["#45356", "自然人", "乙", "已阅"]];
    let came = read(&workbook(&[tab(ledger), Tab("2025", wider, &[])]));
    assert_eq!(came.unread, [(Some("2025".into()), Some("领导批示".into()), "unknown_column".into(), Some(1))]);
}

#[test]
fn what_stands_in_no_known_column_is_named_by_its_column() {
    let columns = |head: &[&str], row: &[&str]| {
        let came = read(&one(&[head, row], &[]));
        (
            came.rows.len(),
            came.unread.into_iter().map(|(_, column, code, _)| (column.unwrap(), code)).collect::<Vec<_>>(),
        )
    };
    let told = |column: &str, code: &str| (1, vec![(column.to_owned(), code.to_owned())]);
    let row = &["#45356", "自然人", "甲", "x"];
    assert_eq!(columns(&["收到日期", "申请人类型", "申请内容", "领导批示"], row), told("领导批示", "unknown_column"));
    assert_eq!(columns(&["收到日期", "申请人类型", "申请内容", "延期日期"], row), told("延期日期", "column_not_taken"));
    assert_eq!(columns(&["收到日期", "申请人类型", "申请内容"], row), told("D列（没有列名）", "unnamed_column"));
    assert_eq!(
        columns(&["收到日期", "申请人类型", "申请内容", "领导批示"], &row[..3]),
        (1, vec![]),
        "nothing stands there"
    );
    assert_eq!(
        columns(&["收到日期", "申请人类型", "申请内容", "领导批示"], &["#45356", "自然人", "甲", "/"]),
        (1, vec![])
    );
    assert_eq!(columns(&["收到日期", "申请人类型", "申请内容", "法定期限"], row), (1, vec![]), "computed here");
    // An extra comma shifts the cells of a row.
    let text = "收到日期,申请人类型,申请内容\n2024-3-5,自然人,甲,乙\n";
    assert_eq!(read(text.as_bytes()).named(), ["D列（没有列名）"]);
}

// 4. Two heading rows.

#[test]
fn two_heading_rows_are_one_heading_and_what_follows_the_table_is_no_case() {
    let came = read(&office_file("B1_two_heading_rows.xlsx"));
    assert_eq!((came.numbers(), came.told()), (vec!["依〔2024〕1号", "依〔2024〕2号", "依〔2024〕3号"], vec![]));
    let [first, second, third] = came.rows.as_slice() else { panic!("{came:?}") };
    assert_eq!((first.person.name.as_str(), first.person.telephone.as_deref()), ("甲某", Some("13800000001")));
    assert_eq!((second.past.outcome, second.past.replied_on), (Some(Outcome::DoesNotExist), Some(day("2024-04-03"))));
    assert_eq!(third.past.document_number.as_deref(), Some("公开复〔2024〕3号"));
    let asides: Vec<u32> = came.asides.iter().map(|(line, _)| *line).collect();
    assert_eq!((came.named(), asides), (vec![], vec![9, 10, 11]));
}

#[test]
fn a_group_over_a_heading_says_whose_day_it_is() {
    let upper: &[&str] =
        &["编号", "收到日期", "申请人", "", "申请内容", "补正情况", "", "征求第三方意见", "", "答复情况", ""];
    let lower: &[&str] = &["", "", "姓名", "类型", "", "通知日期", "收到日期", "发出日期", "收到日期", "日期", "结果"];
    let row: &[&str] =
        &["甲1", "#45356", "某人", "自然人", "甲", "#45357", "#45358", "#45359", "#45360", "#45371", "予以公开"];
    let merged = &["A1:A2", "B1:B2", "C1:D1", "E1:E2", "F1:G1", "H1:I1", "J1:K1"];
    for merged in [&merged[..], &[]] {
        let came = read(&one(&[upper, lower, row], merged));
        assert_eq!((came.told(), came.named()), (vec![], vec![]));
        let past = &came.rows[0].past;
        let correction = past.correction.unwrap();
        assert_eq!(
            (past.received_on, correction.on, correction.received_on),
            (day("2024-03-05"), day("2024-03-06"), Some(day("2024-03-07")))
        );
        assert_eq!(
            (past.consultations[0].sent_on, past.consultations[0].returned_on),
            (day("2024-03-08"), Some(day("2024-03-09")))
        );
        assert_eq!((past.replied_on, past.outcome), (Some(day("2024-03-20")), Some(Outcome::Provided)));
    }
}

#[test]
fn a_day_under_a_group_that_is_not_the_applications_is_not_the_day_of_receipt() {
    let base: &[&str] = &["受理编号", "申请人类型", "申请内容", "收到日期"];
    for group in ["补正情况", "征求意见情况", "行政复议", "行政诉讼", "送达情况", "领导批示"]
    {
        let upper: Vec<&str> = base.iter().copied().chain([group]).collect();
        let lower: &[&str] = &["", "", "", "", "收到日期"];
        let row: &[&str] = &["甲1", "自然人", "甲", "#45356", "#45400"];
        let came = read(&one(&[&upper, lower, row], &["A1:A2", "B1:B2", "C1:C2", "D1:D2"]));
        let received: Vec<NaiveDate> = came.rows.iter().map(|row| row.past.received_on).collect();
        let told = came.named().len() + came.faults.len();
        assert!(received.iter().all(|received| *received == day("2024-03-05")) && told > 0, "{group}: {came:?}");
    }
    // Under the group of the application it is imported.
    let upper: &[&str] = &["登记情况", "", "", ""];
    let lower: &[&str] = &["受理编号", "收到日期", "申请人类型", "申请内容"];
    let row: &[&str] = &["甲1", "#45356", "自然人", "甲"];
    assert_eq!(read(&one(&[upper, lower, row], &["A1:D1"])).rows[0].past.received_on, day("2024-03-05"));
    // As separated text, with a title above and a repeated heading on the second page.
    let text = "某局台账,,,,\n序号,登记信息,,申请信息,\n,编号,收到日期,申请人类型,申请内容\n1,甲1,2024-3-5,自然人,甲\n序号,编号,收到日期,申请人类型,申请内容\n2,甲2,2024-3-6,自然人,乙\n";
    let came = read(text.as_bytes());
    assert_eq!((came.numbers(), came.asides.len(), came.told()), (vec!["甲1", "甲2"], 1, vec![]));
}

#[test]
fn rows_that_are_no_case_are_told_and_a_case_is_never_taken_for_one() {
    let head: &[&str] = &["序号", "受理编号", "收到日期", "申请人类型", "申请内容"];
    let asides = |row: &[&str], merged: &[&str]| {
        let came = read(&one(&[head, row], merged));
        (came.asides.len(), came.rows.len(), came.faults.len())
    };
    for row in [
        &["合计", "n:3"][..],
        &["注：邮寄的以签收之日为收到日"],
        &["填报人：某人", "", "审核人：某人"],
        &["共3件"],
        &["截至2024年12月31日"],
        &["以下空白"],
        &["一月份"],
    ] {
        assert_eq!(asides(row, &[]), (1, 0, 0), "{row:?}");
    }
    assert_eq!(asides(&["第二部分"], &["A2:E2"]), (1, 0, 0));
    // A row with a fact of an application is a case, whatever precedes it.
    assert_eq!(asides(&["合计", "甲1", "#45356", "自然人", "甲"], &[]), (0, 1, 0));
    assert_eq!(asides(&["合计", "甲1", "", "自然人", "甲"], &[]), (0, 0, 1));
    assert_eq!(asides(&["n:4", "甲1"], &[]), (0, 0, 3), "a number alone is an application without its facts");
}

// 6. Dates other than the date of receipt.

#[test]
fn no_other_day_is_taken_for_the_day_of_receipt() {
    for (heading, words) in [
        ("受理日期", "登记或者受理的日期"),
        ("受理时间", "登记或者受理的日期"),
        ("登记日期", "登记或者受理的日期"),
        ("立案日期", "登记或者受理的日期"),
        ("申请日期", "提出申请的日期"),
        ("申请时间", "提出申请的日期"),
        ("提交日期", "提出申请的日期"),
    ] {
        let alone = format!("{heading},申请人类型,申请内容\n2024-3-5,自然人,甲\n");
        let why = came(alone.as_bytes()).unwrap_err();
        assert!(why.contains(words) && why.contains(heading) && why.contains("第三十一条"), "{heading}: {why}");
        let beside = format!("{heading},收到日期,申请人类型,申请内容\n2024-3-4,2024-3-5,自然人,甲\n");
        let came = read(beside.as_bytes());
        assert_eq!((came.rows[0].past.received_on, came.ignored), (day("2024-03-05"), vec![heading.to_owned()]));
    }
    for heading in ["来信日期", "签收日期", "转办日期", "日期"] {
        let alone = format!("{heading},申请人类型,申请内容\n2024-3-5,自然人,甲\n");
        assert!(came(alone.as_bytes()).unwrap_err().contains("收到日期"), "{heading}");
    }
}

// 7. Instants with a zone.

#[test]
fn every_instant_of_the_portal_is_its_beijing_day() {
    let came = read(&office_file("B4c_zone.xlsx"));
    let days: Vec<NaiveDate> = came.rows.iter().map(|row| row.past.received_on).collect();
    assert_eq!((days, came.told()), (vec![day("2024-03-05"); 5], vec![]));
    let text = "收到日期,申请人类型,申请内容\n2024-03-04T18:30:00Z,自然人,甲\n2024-12-31T16:00:00Z,自然人,乙\n";
    let days: Vec<NaiveDate> = read(text.as_bytes()).rows.iter().map(|row| row.past.received_on).collect();
    assert_eq!(days, [day("2024-03-05"), day("2025-01-01")]);
    // A spreadsheet stores local dates, with or without a time.
    let rows: &[&[&str]] = &[
        &["收到日期", "申请人类型", "申请内容"],
        &["#45356.99", "自然人", "甲"],
        &["n:45356.5", "自然人", "乙"],
        &["45356.5", "自然人", "丙"],
    ];
    let days: Vec<NaiveDate> = read(&one(rows, &[])).rows.iter().map(|row| row.past.received_on).collect();
    assert_eq!(days, [day("2024-03-05"); 3]);
}

// 9. Files that are not what their name says.

#[test]
fn a_web_page_named_xls_is_refused_with_what_to_do() {
    let why = came(&office_file("B17b_webpage.xls")).unwrap_err();
    assert!(why.contains("网页") && why.contains(".xlsx"), "{why}");
}

// 10. Numbers that are masked or rounded.

#[test]
fn a_masked_or_rounded_number_is_never_an_identity_and_that_is_told() {
    use crate::case::historical::Remark;
    let of = |number: &str| {
        let rows: &[&[&str]] = &[
            &["收到日期", "申请人类型", "申请内容", "证件类型", "证件号码"],
            &["#45356", "自然人", "甲", "身份证", number],
        ];
        let came = read(&one(rows, &[]));
        let row = &came.rows[0];
        (
            row.person.identity.clone().map(|(_, number)| number),
            row.remarks.iter().filter(|one| **one != Remark::ChannelAssumed).copied().collect::<Vec<_>>(),
        )
    };
    for masked in [
        "3201**********1234",
        "3201＊＊＊＊＊＊＊＊＊＊1234",
        "3201××××××××××1234",
        "3201XXXXXXXXXX1234",
        "3201xxxxxxxxxx1234",
        "3201□□□□□□□□□□1234",
        "******",
        "3201●●●●1234",
    ] {
        assert_eq!(of(masked), (None, vec![Remark::IdentityMasked]), "{masked}");
    }
    for rounded in [
        "n:320102199001011200",
        "n:3.20102199001011E+17",
        "3.20102E+17",
        "3.20102e17",
        "３.20102E+17",
        "320102199001011000",
        "n:110105194912310000",
    ] {
        assert_eq!(of(rounded), (None, vec![Remark::IdentityRounded]), "{rounded}");
    }
    for whole in ["11010519491231002X", "110105491231002", "n:110105491231002", "91320100MA1XXXXX0L"] {
        let number = whole.trim_start_matches("n:");
        let expected = if whole.contains("XXX") {
            (None, vec![Remark::IdentityMasked])
        } else {
            (Some(number.to_owned()), vec![])
        };
        assert_eq!(of(whole), expected, "{whole}");
    }
    let text = "收到日期,申请人类型,申请内容,申请人,联系电话,电子邮箱,联系地址\n2024-3-5,自然人,甲,张**,138****8000,***,***\n2024-3-5,自然人,甲,张某,1.38E+10,a_b_c_d@e.cn,某路3号\n";
    let rows = read(text.as_bytes()).rows;
    let told = [Remark::ChannelAssumed, Remark::NameMasked, Remark::ContactNotTaken];
    assert_eq!((rows[0].remarks.as_slice(), rows[0].person.email.as_deref()), (&told[..], None));
    assert_eq!((rows[1].person.telephone.as_deref(), rows[1].person.email.as_deref()), (None, Some("a_b_c_d@e.cn")));
}

/// The identity number is extracted from the text around it. If it is unclear, a remark names the row.
#[test]
fn an_identity_number_is_found_among_blanks_prefixes_notes_and_telephone_numbers() {
    use crate::case::historical::Remark;
    let of = |kind: &str, number: &str| {
        let rows: &[&[&str]] = &[
            &["收到日期", "申请方式", "申请人类型", "申请内容", "证件类型", "证件号码"],
            &["#45356", "网站", "自然人", "甲", kind, number],
        ];
        let row = read(&one(rows, &[])).rows.remove(0);
        (row.person.identity, row.remarks)
    };
    let whole = Some((IdentityKind::IdCard, "11010519491231002X".to_owned()));
    for kind in ["", "身份证"] {
        for number in [
            "110 1051 9491 2310 02X",
            "身份证：11010519491231002X",
            "身份证号11010519491231002x",
            "11010519491231002X（本人）",
            "11010519491231002X13800138000",
            "１１０１０５１９４９１２３１００２Ｘ",
        ] {
            assert_eq!(of(kind, number), (whole.clone(), vec![]), "{kind} {number}");
        }
        for unclear in ["11010519491231002X、440524188001010014", "身份证：110105194912310021（本人）"] {
            assert_eq!(of(kind, unclear), (None, vec![Remark::IdentityUnclear]), "{kind} {unclear}");
        }
    }
    assert_eq!(of("", "护照：E12345678").0, Some((IdentityKind::Passport, "E12345678".into())));
    assert_eq!(of("", "91350100M000100Y43").0, Some((IdentityKind::CreditCode, "91350100M000100Y43".into())));
    assert_eq!(of("", "身份证号320102199001011000"), (None, vec![Remark::IdentityRounded]));
}

// The state of a case.

#[test]
fn a_case_that_is_said_to_have_ended_must_say_how() {
    let of = |stage: &str, outcome: &str| {
        let text =
            format!("收到日期,申请人类型,申请内容,办理状态,处理结果,答复日期\n2024-3-5,自然人,甲,{stage},{outcome}\n");
        let came = read(text.as_bytes());
        (came.rows.len(), came.faults.into_iter().map(|(_, _, column, code)| (column, code)).collect::<Vec<_>>())
    };
    for ended in ["已办结", "办结", "已答复", "已归档", "按期答复", "已撤回", "视为放弃"] {
        assert_eq!(of(ended, ","), (0, vec![("环节".to_owned(), "outcome_required".to_owned())]), "{ended}");
        assert_eq!(of(ended, "公开,2024-3-20"), (1, vec![]), "{ended}");
    }
    for open in ["办理中", "在办", "待答复", "正常", ""] {
        assert_eq!(of(open, ","), (1, vec![]), "{open}");
    }
    for open in ["在办", "办理中", "未办结", "尚未答复", "结转下年度"] {
        assert_eq!(of("", &format!("{open},")), (1, vec![]), "{open}");
    }
    let text = "收到日期,提交日期,环节,申请人类型,申请内容\n,2024-3-5,待确认收到,自然人,甲\n,,待确认收到,自然人,甲\n,2024-3-5,办理,自然人,甲\n";
    let came = read(text.as_bytes());
    let past = &came.rows[0].past;
    assert_eq!((past.awaits_confirmation, past.received_on), (true, day("2024-03-05")));
    assert_eq!(came.told(), [(3, "提交日期", "required"), (4, "收到日期", "required")]);
}

/// The meaning of each heading and word that offices use, one line each: category, word, meaning.
#[test]
fn headings_and_words_of_offices_mean_what_the_table_says() {
    use crate::law::Regime;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ledger_words.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let mut wrong = Vec::new();
    for line in &lines {
        let [kind, word, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let code = |code: Option<&'static str>| code.unwrap_or("refused").to_owned();
        let heading = |meaning: Option<Meaning>| match meaning {
            Some(Meaning::Column(field)) => field.heading().to_owned(),
            Some(Meaning::Ignored) => "ignored".to_owned(),
            Some(Meaning::NotTaken(_)) => "not taken".to_owned(),
            None => "unknown".to_owned(),
        };
        let outcome = |regime| match words::status(word) {
            Some(words::Status::Open) => "open".to_owned(),
            _ => code(outcome_of(word, regime).map(Outcome::code)),
        };
        let found = match kind {
            "heading" => heading(Meaning::of(word)),
            "under" => word.split_once('>').map(|(group, name)| heading(headings::within(group, name))).unwrap(),
            "outcome" => outcome(Regime::Order711),
            "outcome492" => outcome(Regime::Order492),
            "channel" => code(words::channel(word).map(crate::law::Channel::code)),
            "applicant" => code(words::applicant_kind(word).map(crate::case::ApplicantKind::code)),
            "identity" => code(words::identity_kind(word).map(IdentityKind::code)),
            "consultation" => code(words::consultation_kind(word).map(crate::law::ConsultationKind::code)),
            "method" => code(words::method(word).map(crate::law::ServiceMethod::code)),
            "date" => RawCell::Text(word.into()).day().map_or("refused".to_owned(), |day| day.to_string()),
            "count" => RawCell::Text(word.into()).count().map_or("refused".to_owned(), |count| count.to_string()),
            other => panic!("{other}"),
        };
        if found != expected {
            wrong.push(format!("{kind}\t{word}\t{expected}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} of {}", wrong.join("\n"), wrong.len(), lines.len());
    assert!(lines.len() >= 700, "{}", lines.len());
}
