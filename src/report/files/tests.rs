//! Hostile workbooks: each is refused with its code and words, or read as exactly the cells it has.

use super::*;
use crate::report::annual::read_file_within;
use crate::report::ledger::{Headings, LedgerFile, Source};
use std::io::Write;
use std::sync::atomic::Ordering;
use zip::write::SimpleFileOptions;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

/// A workbook under construction: names and contents of its parts.
#[derive(Clone)]
struct Book(Vec<(String, Vec<u8>)>);

fn relation(id: usize, kind: &str, target: &str) -> String {
    format!("<Relationship Id=\"r{id}\" Type=\"{TYPE}/{kind}\" Target=\"{target}\"/>")
}

fn relations(all: &str) -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{all}</Relationships>"
    )
}

fn listing(sheets: &str) -> String {
    format!("{HEAD}<workbook xmlns:r=\"{TYPE}\"><sheets>{sheets}</sheets></workbook>")
}

impl Book {
    /// A workbook with one sheet of these rows.
    fn of(rows: &str) -> Self {
        let related =
            [relation(1, "worksheet", "worksheets/sheet1.xml"), relation(2, "sharedStrings", "sharedStrings.xml")];
        Self(Vec::new())
            .with("[Content_Types].xml", "<Types/>")
            .with("_rels/.rels", relations(&relation(1, "officeDocument", "xl/workbook.xml")))
            .with("xl/workbook.xml", listing("<sheet name=\"甲\" sheetId=\"1\" r:id=\"r1\"/>"))
            .with("xl/_rels/workbook.xml.rels", relations(&(related.concat() + &relation(3, "styles", "styles.xml"))))
            .with(SHEET, sheet(rows))
    }

    fn with(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), content.into()));
        self
    }

    fn strings(self, items: &str) -> Self {
        self.with(STRINGS, format!("{HEAD}<sst>{items}</sst>"))
    }

    fn styles(self, formats: &str, cells: &str) -> Self {
        let styles = format!("{HEAD}<styleSheet><numFmts>{formats}</numFmts><cellXfs>{cells}</cellXfs></styleSheet>");
        self.with("xl/styles.xml", styles)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut archive = zip::ZipWriter::new(&mut bytes);
        for (name, content) in &self.0 {
            archive.start_file(name.as_str(), SimpleFileOptions::default().compression_level(Some(1))).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
        bytes.into_inner()
    }
}

fn sheet(rows: &str) -> String {
    format!("{HEAD}<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// A cell with inline text.
fn inline(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn row(number: u32, cells: &str) -> String {
    format!("<row r=\"{number}\">{cells}</row>")
}

type Rows = Vec<(u32, Vec<Option<Value>>)>;

fn rows_within(bytes: &[u8], caps: Caps) -> Result<Rows, Unreadable> {
    let allowance = Allowance::new(caps);
    let mut book = Workbook::open(bytes, &allowance)?;
    let mut rows = Rows::new();
    for sheet in 0..book.sheet_count() {
        book.each_row(sheet, |line, cells| {
            rows.push((line, cells));
            Ok::<(), Unreadable>(())
        })?;
    }
    Ok(rows)
}

fn rows(bytes: &[u8]) -> Result<Rows, Unreadable> {
    rows_within(bytes, Caps::LEDGER)
}

fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.to_owned()))
}

/// Asserts that every reader of the file refuses it with this kind of error and these words.
#[track_caller]
fn assert_refused(name: &str, bytes: &[u8], kind: Fault, words: &str) {
    let fault = rows(bytes).expect_err(name);
    assert!(fault.kind == kind && fault.detail.contains(words), "{name}: {fault:?}");
    let annual = read_file_within(bytes, &Allowance::new(Caps::REPORTS)).expect_err(name);
    let code = if kind == Fault::TooLarge { "file_too_large" } else { "malformed_xlsx" };
    assert_eq!(annual.code, code, "{name}: {annual}");
    let ledger = Source::of(LedgerFile { bytes, allowance: Allowance::new(Caps::LEDGER), name: None });
    let ledger =
        ledger.and_then(|source| Headings::of(&source).and_then(|_| source.rows(|_| Ok::<(), Unreadable>(()))));
    assert_eq!(ledger.expect_err(name).code("malformed_xlsx"), code, "{name}");
}

#[track_caller]
fn assert_too_large(name: &str, book: &Book, words: &str) {
    assert_refused(name, &book.bytes(), Fault::TooLarge, words);
}

#[track_caller]
fn assert_damaged(name: &str, book: &Book, words: &str) {
    assert_refused(name, &book.bytes(), Fault::Damaged, words);
}

#[track_caller]
fn assert_read(name: &str, book: &Book, expected: &[(u32, Vec<Option<Value>>)]) {
    assert_eq!(rows(&book.bytes()).as_deref(), Ok(expected), "{name}");
}

#[test]
fn a_far_cell_is_refused_by_its_name_and_no_rectangle_is_made() {
    let far = row(1_048_576, &inline("XFD1048576", "y"));
    assert_too_large("far", &Book::of(&far), "单元格XFD1048576有内容，只读取前256列（至IV列）");
    assert_too_large("corners", &Book::of(&(row(1, &inline("A1", "x")) + &far)), "XFD1048576");
    assert_too_large("257", &Book::of(&row(7, &inline("IW7", "y"))), "IW7");
    // Spreadsheet programs write such empty cells when a whole row is coloured.
    let styled = row(1, &(inline("A1", "x") + "<c r=\"XFD1\" s=\"1\"/>")) + &row(1_048_576, &inline("A1048576", "y"));
    assert_read("styled", &Book::of(&styled), &[(1, vec![text("x")]), (1_048_576, vec![text("y")])]);
    let report = read_file_within(&Book::of(&styled).bytes(), &Allowance::new(Caps::REPORTS)).unwrap_err();
    assert_eq!((report.code, report.detail.contains("第1048576行")), ("file_too_large", true), "{report}");
}

#[test]
fn rows_cells_and_text_are_counted_over_all_files_of_a_request() {
    let caps = Caps { rows: 5, cells: 8, text: 100, ..Caps::LEDGER };
    let three = Book::of(&(1..=3).map(|at| row(at, &inline(&format!("A{at}"), "x"))).collect::<String>()).bytes();
    let allowance = Allowance::new(caps);
    let read = |bytes: &[u8]| {
        let mut book = Workbook::open(bytes, &allowance)?;
        book.each_row(0, |_, _| Ok::<(), Unreadable>(()))
    };
    assert_eq!(read(&three), Ok(true));
    assert!(read(&three).unwrap_err().detail.contains("超过5行"));
    let wide: String = (b'A'..=b'I').map(|letter| inline(&format!("{}1", char::from(letter)), "x")).collect();
    let fault = |book: &Book| rows_within(&book.bytes(), caps).unwrap_err().detail;
    assert!(fault(&Book::of(&row(1, &wide))).contains("超过8个"));
    // One long string, used by several cells.
    let shared = Book::of(&row(1, "<c t=\"s\"><v>0</v></c><c t=\"s\"><v>0</v></c>"));
    assert!(fault(&shared.strings(&format!("<si><t>{}</t></si>", "x".repeat(60)))).contains("文字合计超过"));
}

#[test]
fn shared_strings_are_counted_before_they_are_kept() {
    let one = Book::of(&row(1, "<c t=\"s\"><v>1</v></c>"));
    let fine = one.clone().strings("<si><t>a</t></si><si><r><t xml:space=\"preserve\">b </t></r><r><t> c</t></r></si>");
    assert_read("two", &fine, &[(1, vec![text("b c")])]);
    assert_too_large("many", &one.clone().strings(&"<si/>".repeat(300_001)), "共享字符串超过");
    // A claimed count reserves no memory.
    let claimed = format!("{HEAD}<sst count=\"9\" uniqueCount=\"18446744073709551615\"><si><t>a</t></si><si/></sst>");
    assert_read("claimed", &one.clone().with(STRINGS, claimed), &[]);
    let long = "x".repeat(30_000);
    let much = format!("<si><t>{long}</t></si>").repeat(600);
    assert_too_large("text", &one.strings(&much), "文字合计超过");
}

#[test]
fn a_string_is_as_long_as_a_cell_may_hold_and_no_longer() {
    let of = |text: &str| Book::of(&row(1, &inline("A1", text)));
    let longest = "字".repeat(LONGEST_TEXT);
    assert_read("longest", &of(&longest), &[(1, vec![text(&longest)])]);
    assert_too_large("longer", &of(&format!("{longest}x")), "超过32767字");
    assert_too_large("huge", &of(&"x".repeat(1 << 20)), "超过256KB");
    assert_too_large("references", &of(&"&#65;".repeat(40_000)), "超过32767字");
    let shared = Book::of("").strings(&format!("<si><t>{longest}x</t></si>"));
    assert_too_large("shared", &shared, "超过32767字");
    let value = format!("<c r=\"A1\" t=\"str\"><v>{longest}x</v></c>");
    assert_too_large("value", &Book::of(&row(1, &value)), "超过32767字");
    let wide: String = (0..8_u8).map(|at| inline(&format!("{}1", char::from(b'A' + at)), &longest)).collect();
    assert_too_large("row", &Book::of(&row(1, &wide)), "第1行的文字超过512KB");
}

#[test]
fn what_really_unfolds_is_counted_whatever_the_archive_says() {
    let small = Caps { unfolded: 1 << 20, ..Caps::LEDGER };
    let blanks = Book::of(&format!("<row r=\"1\">{}</row>", "<c/>".repeat(400_000)));
    let fault = rows_within(&blanks.bytes(), small).unwrap_err();
    assert_eq!((fault.kind, fault.detail.contains("展开后超过1MB")), (Fault::TooLarge, true), "{fault}");
    let behind = Book::of("").with(SHEET, sheet("") + &" ".repeat(2 << 20));
    assert_eq!(rows_within(&behind.bytes(), small).unwrap_err().kind, Fault::TooLarge);
    // Parts that do not belong to the workbook are not decompressed.
    let beside = Book::of(&row(1, &inline("A1", "x"))).with("bomb.zip", vec![0_u8; 3 << 20]).bytes();
    assert_eq!(rows_within(&beside, small), Ok(vec![(1, vec![text("x")])]));
    for (lie, kind) in [(0_u32, Fault::Damaged), (1, Fault::Damaged), (u32::MAX - 1, Fault::TooLarge)] {
        assert_eq!(rows_within(&lying(&blanks, lie), small).unwrap_err().kind, kind, "{lie}");
    }
}

/// Offsets of a part's two headers: in the directory, and before its data.
fn headers(bytes: &[u8], name: &str) -> (usize, usize) {
    let at = |mark: &[u8], header: usize| {
        let of_name = |from: usize| bytes.get(from + header..from + header + name.len()) == Some(name.as_bytes());
        (0..bytes.len()).find(|from| bytes[*from..].starts_with(mark) && of_name(*from)).unwrap()
    };
    (at(b"PK\x01\x02", 46), at(b"PK\x03\x04", 30))
}

fn put(bytes: &mut [u8], at: usize, number: &[u8]) {
    bytes[at..at + number.len()].copy_from_slice(number);
}

/// Makes the archive claim this decompressed size for the sheet.
fn lying(book: &Book, size: u32) -> Vec<u8> {
    let mut bytes = book.bytes();
    let (entry, local) = headers(&bytes, SHEET);
    put(&mut bytes, entry + 24, &size.to_le_bytes());
    put(&mut bytes, local + 22, &size.to_le_bytes());
    bytes
}

#[test]
fn archives_that_no_program_writes_are_refused() {
    let book = Book::of(&row(1, &inline("A1", "x")));
    let good = book.bytes();
    let spoilt = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let (entry, local) = headers(&good, SHEET);
    let damaged = |name: &str, bytes: Vec<u8>, words: &str| assert_refused(name, &bytes, Fault::Damaged, words);
    let workbook = headers(&good, "xl/workbook.xml").1;
    let over = u32::try_from(workbook).unwrap().to_le_bytes();
    damaged("overlapping", spoilt(&|bytes| put(bytes, entry + 42, &over)), "重叠");
    damaged("outside", spoilt(&|bytes| put(bytes, entry + 42, &[0xff, 0xff, 0xff, 0x7f])), "损坏");
    damaged(
        "encrypted",
        spoilt(&|bytes| {
            put(bytes, entry + 8, &[1]);
            put(bytes, local + 6, &[1]);
        }),
        "加密",
    );
    damaged(
        "unknown method",
        spoilt(&|bytes| {
            put(bytes, entry + 10, &[99, 0]);
            put(bytes, local + 8, &[99, 0]);
        }),
        "损坏",
    );
    damaged("wrong sum", spoilt(&|bytes| put(bytes, entry + 16, &[1, 2, 3, 4])), "损坏");
    damaged("no deflate", spoilt(&|bytes| put(bytes, local + 30 + SHEET.len(), &[0xff; 8])), "损坏");
    for length in [4, 30, good.len() / 2, good.len() - 23, good.len() - 1] {
        damaged("cut", good[..length].to_vec(), "损坏");
    }
    damaged("empty", Book(Vec::new()).bytes(), "缺少关系表");
    damaged("another", Book(Vec::new()).with("word/document.xml", "<a/>").bytes(), "缺少关系表");
    let twin = book.clone().with("xl/worksheets/sheet7.xml", sheet(&row(1, &inline("A1", "other"))));
    let mut twin = twin.bytes();
    let (second, second_local) = headers(&twin, "xl/worksheets/sheet7.xml");
    put(&mut twin, second + 46, SHEET.as_bytes());
    put(&mut twin, second_local + 30, SHEET.as_bytes());
    damaged("twice", twin, "同名");
    let many = (0..4_001).fold(book.clone(), |mut book, at| {
        book.0.push((format!("a{at}"), Vec::new()));
        book
    });
    assert_too_large("many", &many, "部分超过4000个");
    let odd = ["../../etc/passwd", "/absolute", "C:\\windows\\x", "xl/worksheets/SHEET1.XML.bak", " "];
    let odd = odd.into_iter().fold(book, |book, name| book.with(name, "never read"));
    assert_read("odd names", &odd, &[(1, vec![text("x")])]);
}

#[test]
fn parts_without_a_name_or_with_a_false_type_do_not_matter() {
    let book = Book::of(&row(1, &inline("A1", "x"))).with("", "").with("[Content_Types].xml", "\0no types at all");
    assert_read("no name", &book, &[(1, vec![text("x")])]);
    let mut cased = Book::of(&row(1, &inline("A1", "x")));
    cased
        .0
        .iter_mut()
        .filter(|(name, _)| name == SHEET)
        .for_each(|(name, _)| *name = "XL\\Worksheets\\Sheet1.XML".into());
    assert_read("case", &cased, &[(1, vec![text("x")])]);
}

#[test]
fn no_part_may_declare_entities_or_use_those_it_has_not_declared() {
    let laughs: String =
        (1..10).map(|at| format!("<!ENTITY l{at} \"{}\">", format!("&l{};", at - 1).repeat(10))).collect();
    let bomb = format!("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>");
    let outside = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>".to_owned();
    let remote = "<?xml version=\"1.0\"?><!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">".to_owned();
    let book = Book::of(&row(1, "<c r=\"A1\" t=\"s\"><v>0</v></c>")).strings("<si><t>x</t></si>").styles("", "");
    assert_read("good", &book, &[(1, vec![text("x")])]);
    let parts = book.0.iter().map(|(name, _)| name.clone()).filter(|name| name != "[Content_Types].xml");
    for part in parts.collect::<Vec<_>>() {
        for declared in [&bomb, &outside, &remote] {
            let spoilt = book.0.iter().find(|(name, _)| *name == part).map(|(_, content)| {
                let content = String::from_utf8(content.clone()).unwrap();
                content.replace(HEAD, declared).replace("<t>x</t>", "<t>&l9;&e;</t>")
            });
            assert_damaged(&part, &book.clone().with(&part, spoilt.unwrap()), "文档类型声明");
        }
    }
    assert_damaged("undeclared", &Book::of(&row(1, &inline("A1", "&laughs;"))), "自定义实体");
    assert_damaged("in a tag", &Book::of("<row r=\"&laughs;\"/>"), "损坏");
    assert_read(
        "known",
        &Book::of(&row(1, &inline("A1", "&lt;&#x4E2D;<![CDATA[&x;]]>"))),
        &[(1, vec![text("<中&x;")])],
    );
}

#[test]
fn what_is_not_well_formed_xml_is_refused_with_its_part_and_place() {
    let of = |content: &[u8]| Book::of("").with(SHEET, content);
    let good = sheet(&row(1, &inline("A1", "x")));
    for cut in [good.len() - 1, good.len() - 20, good.len() / 2, 60, 0] {
        assert_damaged("cut", &of(&good.as_bytes()[..cut]), "sheet1.xml");
    }
    assert_damaged("crossed", &of(good.replace("</t></is>", "</is></t>").as_bytes()), "sheet1.xml");
    assert_damaged("not UTF-8", &of(&[good.replace('x', "").as_bytes(), b"<a>\xff\xfe</a>"].concat()), "sheet1.xml");
    let utf16: Vec<u8> = format!("\u{feff}{good}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_damaged("UTF-16", &of(&utf16), "损坏");
    let bare: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_damaged("UTF-16 without mark", &of(&bare), "损坏");
    assert_damaged("deep", &of(("<a>".repeat(100_000)).as_bytes()), "嵌套超过64层");
    assert_damaged("binary", &of(&[0x83, 0x01, 0, 0]), "sheet1.xml");
    assert_too_large("attribute", &Book::of(&format!("<row r=\"1\" x=\"{}\"/>", "y".repeat(1 << 20))), "超过256KB");
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=\"\"")).collect();
    assert_too_large("attributes", &Book::of(&format!("<row r=\"1\"{attributes}/>")), "超过256KB");
    let fewer: String = (0..20_000).map(|at| format!(" a{at}=\"\"")).collect();
    assert_read(
        "fewer",
        &Book::of(&format!("<row r=\"1\"{fewer}>{}</row>", inline("A1", "x"))),
        &[(1, vec![text("x")])],
    );
    assert_too_large("comment", &Book::of(&format!("<!--{}-->", "y".repeat(1 << 20))), "超过256KB");
}

#[test]
fn rows_and_cells_lie_where_they_say_in_their_order_and_once() {
    for number in ["0", "-1", "99999999999", "1048577", "", "一", "1.5", "0x1"] {
        assert_damaged(number, &Book::of(&format!("<row r=\"{number}\">{}</row>", inline("A1", "x"))), "工作表至多");
    }
    for name in ["A0", "A1048577", "XFE1", "AAAA1", "1A", "A", "7", "", "A99999999999", "a1:b2", "$A$1"] {
        assert_damaged(name, &Book::of(&row(1, &inline(name, "x"))), "没有单元格");
    }
    let two = |first: &str, second: &str| row(1, &(inline(first, "x") + &inline(second, "y")));
    assert_damaged("twice", &Book::of(&two("A1", "A1")), "单元格A1重复");
    assert_damaged("backwards", &Book::of(&two("B1", "A1")), "单元格A1重复，或者次序颠倒");
    assert_damaged("elsewhere", &Book::of(&two("A1", "B2")), "单元格B2");
    assert_damaged("row twice", &Book::of(&(row(2, "") + &row(2, ""))), "第2行出现在第2行之后");
    assert_damaged("row backwards", &Book::of(&(row(2, "") + &row(1, ""))), "第1行出现在第2行之后");
    let unnamed = "<row><c t=\"str\"><v>a</v></c><c r=\"C1\" t=\"str\"><v>c</v></c><c t=\"b\"><v>1</v></c></row><row/><row>\
                   <c r=\"B7\"><v>7</v></c></row>";
    let expected =
        [(1, vec![text("a"), None, text("c"), Some(Value::Is(true))]), (7, vec![None, Some(Value::Number(7.0))])];
    assert_read("unnamed", &Book::of(unnamed), &expected);
}

#[test]
fn what_a_sheet_claims_of_itself_is_not_believed() {
    for claim in ["A1:XFD1048576", "XFD1048576:A1", "none", "A1:A99999999999"] {
        let book = Book::of("").with(
            SHEET,
            sheet(&row(2, &inline("B2", "x"))).replace(
                "<sheetData>",
                &format!("<dimension ref=\"{claim}\"/><cols><col min=\"1\" max=\"16384\"/></cols><sheetData>"),
            ),
        );
        assert_read(claim, &book, &[(2, vec![None, text("x")])]);
    }
    let merged = "</sheetData><mergeCells count=\"99999999\"><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>";
    let merged = sheet(&row(1, &inline("A1", "x"))).replace("</sheetData>", merged);
    assert_read("merged", &Book::of("").with(SHEET, merged), &[(1, vec![text("x")])]);
    let prefixed = sheet(&row(1, &inline("A1", "x"))).replace('<', "<x:").replace("<x:/", "</x:").replace("<x:?", "<?");
    assert_read("prefixed", &Book::of("").with(SHEET, prefixed), &[(1, vec![text("x")])]);
}

#[test]
fn a_shared_string_that_is_not_there_is_a_fault_of_the_file() {
    for index in ["1", "-1", "18446744073709551616", "一", "1e3"] {
        let book = Book::of(&row(3, &format!("<c r=\"A3\" t=\"s\"><v>{index}</v></c>")));
        assert_damaged(index, &book.clone().strings("<si><t>x</t></si>"), "第3行引用了没有的共享字符串");
        assert_damaged("no strings", &book, "第3行引用了没有的共享字符串");
    }
    assert_damaged("unknown type", &Book::of(&row(1, "<c r=\"A1\" t=\"?\"><v>1</v></c>")), "类型不明");
}

#[test]
fn numbers_dates_and_formulas_are_what_they_were_when_the_file_was_saved() {
    let cells = |cells: &str| {
        let book = Book::of(&row(1, cells));
        book.styles(
            "<numFmt numFmtId=\"170\" formatCode=\"yyyy&quot;年&quot;m\"/>",
            "<xf/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/>",
        )
    };
    let day = |text: &str| text.parse().ok();
    let read = |of: &str| rows(&cells(of).bytes()).unwrap().pop().map(|(_, mut cells)| cells.pop().flatten());
    for (cell, value) in [
        ("<c s=\"1\"><v>45000</v></c>", Value::Moment(45_000.0, day("2023-03-15"))),
        ("<c s=\"2\"><v>45000.5</v></c>", Value::Moment(45_000.5, day("2023-03-15"))),
        ("<c s=\"0\"><v>45000</v></c>", Value::Number(45_000.0)),
        ("<c s=\"99999999999999999999\"><v>1</v></c>", Value::Number(1.0)),
        ("<c s=\"-1\"><v>1</v></c>", Value::Number(1.0)),
        ("<c s=\"1\"><v>1e308</v></c>", Value::Moment(1e308, None)),
        ("<c s=\"1\"><v>-1</v></c>", Value::Moment(-1.0, None)),
        ("<c s=\"1\"><v>NaN</v></c>", Value::Unusable("NaN".into())),
        ("<c><v>1e999</v></c>", Value::Unusable("1e999".into())),
        ("<c t=\"n\"><v>many</v></c>", Value::Unusable("many".into())),
        ("<c><v>many</v></c>", Value::Text("many".into())),
        ("<c t=\"e\"><v>#REF!</v></c>", Value::Unusable("#REF!".into())),
        ("<c t=\"d\"><v>2024-03-01</v></c>", Value::Text("2024-03-01".into())),
        ("<c t=\"b\"><v>maybe</v></c>", Value::Unusable("maybe".into())),
        ("<c t=\"str\"><f>A2&amp;\"x\"</f><v>a_x000D_b</v></c>", Value::Text("a\rb".into())),
        ("<c><f t=\"shared\" si=\"4294967295\" ref=\"A1:B2\">1+1</f><v>2</v></c>", Value::Number(2.0)),
    ] {
        assert_eq!(read(cell), Some(Some(value)), "{cell}");
    }
    assert_eq!(read("<c t=\"s\"><v></v></c><c t=\"inlineStr\"/>"), None);
    for alone in ["<c><f>CMD|'/c calc'!A1</f></c>", "<c><f>B2+15</f><v/></c>", "<c t=\"str\"><f>A1</f></c>"] {
        assert_eq!(read(alone), Some(Some(Value::Uncomputed)), "{alone}");
    }
    assert_eq!(read("<c t=\"str\"><f>A1</f><v></v></c>"), None, "a text of no letters is a value");
    assert_too_large("styles", &Book::of("").styles("", &"<xf/>".repeat(65_491)), "单元格样式超过");
    let formats: String = (0..10_001).map(|at| format!("<numFmt numFmtId=\"{at}\" formatCode=\"0\"/>")).collect();
    assert_too_large("formats", &Book::of("").styles(&formats, ""), "数字格式超过");
}

#[test]
fn relationships_lead_to_parts_of_the_file_or_nowhere() {
    let book = Book::of(&row(1, &inline("A1", "x")));
    let to =
        |target: &str| book.clone().with("xl/_rels/workbook.xml.rels", relations(&relation(1, "worksheet", target)));
    assert_read("absolute", &to("/xl/worksheets/sheet1.xml"), &[(1, vec![text("x")])]);
    for outside in
        ["../../../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/sheet1.xml", "", "..", "\\\\host\\x"]
    {
        assert_damaged(outside, &to(outside), "缺少工作表");
    }
    assert_damaged("itself", &to("workbook.xml"), "不是工作表");
    assert_damaged("in a circle", &to("_rels/workbook.xml.rels"), "不是工作表");
    let external = relations(
        "<Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\" TargetMode=\"External\"/>",
    );
    assert_damaged("external", &book.clone().with("xl/_rels/workbook.xml.rels", external), "缺少工作表的位置");
    assert_damaged("no workbook", &book.clone().with("_rels/.rels", relations("")), "缺少工作簿");
    let chart = relations(&relation(1, "chartsheet", "worksheets/sheet1.xml"));
    assert_read("a chart", &book.clone().with("xl/_rels/workbook.xml.rels", chart), &[]);
    let strings =
        relation(1, "worksheet", "worksheets/sheet1.xml") + &relation(2, "sharedStrings", "worksheets/sheet1.xml");
    assert_read(
        "strings are the sheet",
        &book.clone().with("xl/_rels/workbook.xml.rels", relations(&strings)),
        &[(1, vec![text("x")])],
    );
    let many: String = (0..4_001).map(|at| relation(at, "worksheet", "x")).collect();
    assert_too_large("many", &book.clone().with("xl/_rels/workbook.xml.rels", relations(&many)), "关系超过");
    let sheets: String = (0..1_000).map(|at| format!("<sheet name=\"{at}\" r:id=\"r1\"/>")).collect();
    assert_too_large("a thousand sheets", &book.with("xl/workbook.xml", listing(&sheets)), "超过100个工作表");
}

#[test]
fn an_old_or_encrypted_workbook_is_told_what_to_do() {
    let ole = [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &[0; 600]].concat();
    let annual = read_file_within(&ole, &Allowance::new(Caps::REPORTS)).unwrap_err();
    assert_eq!((annual.code, annual.detail.contains("加密")), ("malformed_xlsx", true), "{annual}");
    assert!(Source::of(&ole).unwrap_err().detail.contains("加密"));
}

#[test]
fn separated_text_is_counted_before_a_record_is_kept() {
    let caps = Caps { rows: 10, cells: 20, columns: 4, ..Caps::LEDGER };
    let check =
        |text: &str| check_separated(text.as_bytes(), b',', &Allowance::new(caps)).map_err(|fault| fault.detail);
    let fault = |text: &str, words: &str| {
        let detail = check(text).expect_err(words);
        assert!(detail.contains(words), "{detail}");
    };
    assert_eq!(check("a,b,c,d\r\n\"x,y,z,\n,,,\"\"\",2\n\n\n\n\n\n\n\n\n\n\n,\n"), Ok(()));
    fault("a\nb,c,d,e,f\n", "第2行超过4列");
    fault(&"a\n".repeat(11), "超过10行");
    fault(&"a,b,c\n".repeat(7), "超过20个");
    fault(&format!("a\nb,\"{}\n", "字\n".repeat(20_000)), "第2行第2列的文字超过32767字");
    assert_eq!(check(&format!("\"{}\"", "字".repeat(LONGEST_TEXT))), Ok(()));
    // The csv reader finds the same cell boundaries, also with misplaced quotation marks.
    for odd in ["a\"b,c\n", "\"a\"b,c\n", "\"a\"\"\",b\n", "a,\"b\nc\",d\n", "\"", "\"\"\"\n,", "a\rb\r\nc"] {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(odd.as_bytes());
        let widest = reader.records().map(|record| record.unwrap().len()).max().unwrap_or(0);
        let narrow = Caps { columns: u32::try_from(widest).unwrap(), ..Caps::LEDGER };
        assert_eq!(check_separated(odd.as_bytes(), b',', &Allowance::new(narrow)), Ok(()), "{odd:?}");
        let narrower = Caps { columns: narrow.columns - 1, ..narrow };
        let is_refused = check_separated(odd.as_bytes(), b',', &Allowance::new(narrower)).is_err();
        assert_eq!(is_refused, widest > 1, "{odd:?}");
    }
}

#[test]
fn values_of_json_are_counted_before_they_are_kept() {
    let check = |text: &str| check_json(text.as_bytes(), &Allowance::new(Caps { cells: 4, ..Caps::LEDGER }));
    assert_eq!(
        check("{\"a\":[1,2],\"b\\\",[[[[[[{{\":\"[,,,,,,\\\\\"}").map_err(|fault| fault.kind),
        Err(Fault::TooLarge)
    );
    assert_eq!(check("{\"a\":[1],\"b\\\",[[[[[[{{\":\"[,,,,,,\\\\\"}"), Ok(()));
    let flood = format!("[{}0]", "0,".repeat(300_000));
    let fault = read_file_within(flood.as_bytes(), &Allowance::new(Caps::REPORTS)).unwrap_err();
    assert_eq!(fault.code, "file_too_large");
}

#[test]
fn work_whose_request_has_ended_stops_between_rows() {
    let flag = GivenUp::default();
    let allowance = Allowance::until(Caps::LEDGER, GivenUp::clone(&flag));
    let bytes = Book::of(&(1..=9).map(|at| row(at, &inline(&format!("A{at}"), "x"))).collect::<String>()).bytes();
    let mut book = Workbook::open(&bytes, &allowance).unwrap();
    let mut seen = 0;
    let stopped = book.each_row(0, |_, _| {
        seen += 1;
        flag.store(seen == 3, Ordering::Relaxed);
        Ok::<(), Unreadable>(())
    });
    assert_eq!((stopped.map_err(|fault| fault.kind), seen), (Err(Fault::GivenUp), 3));
    let source =
        Source::of(LedgerFile { bytes: b"a\nb\nc\n", allowance: Allowance::new(Caps::LEDGER), name: None }).unwrap();
    assert_eq!(source.rows(|_| Ok::<(), Unreadable>(())), Ok(()));
    let flag = GivenUp::default();
    let allowance = Allowance::until(Caps::LEDGER, GivenUp::clone(&flag));
    let source = Source::of(LedgerFile { bytes: b"a\nb\nc\n", allowance, name: None }).unwrap();
    flag.store(true, Ordering::Relaxed);
    assert_eq!(source.rows(|_| Ok::<(), Unreadable>(())).map_err(|fault| fault.kind), Err(Fault::GivenUp));
}

/// Another reader finds the same cells in our own files.
#[test]
fn a_workbook_of_ours_is_read_as_calamine_reads_it() {
    use crate::report::ledger::template_sheets;
    use calamine::{Data, Reader, Xlsx};
    let bytes = crate::report::xlsx(&template_sheets()).unwrap();
    let mut theirs: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes.as_slice())).unwrap();
    let allowance = Allowance::new(Caps::LEDGER);
    let mut ours = Workbook::open(&bytes, &allowance).unwrap();
    let names: Vec<String> = ours.sheet_names().map(str::to_owned).collect();
    assert_eq!(names, theirs.sheet_names());
    let mut seen = 0;
    for (at, name) in names.iter().enumerate() {
        let range = theirs.worksheet_range(name).unwrap();
        ours.each_row(at, |line, cells| {
            for (column, cell) in cells.into_iter().enumerate() {
                let place = (line - 1, u32::try_from(column).unwrap());
                let cell = cell.map_or(Data::Empty, |value| match value {
                    Value::Text(text) => Data::String(text),
                    Value::Number(number) => Data::Float(number),
                    other => panic!("{other:?}"),
                });
                assert_eq!(range.get_value(place), Some(&cell), "{name} {place:?}");
                seen += 1;
            }
            Ok::<(), Unreadable>(())
        })
        .unwrap();
    }
    assert!(seen > 50, "{seen}");
}
