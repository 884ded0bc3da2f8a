//! One report in every format, read back.

use super::*;
use crate::case::{ApplicantKind, Conclusion, Course, RemedyCourse, RemedyKind, RemedyResult};
use crate::law::{Channel, Outcome};
use calamine::{Data, Reader, Xlsx};
use chrono::NaiveDate;
use std::io::Cursor;

fn day(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 3).unwrap()
}

/// A report with something in every row of its form, a different number in each.
pub(super) fn report(form: Form, year: i32) -> Report {
    let mut lines = Vec::new();
    for (place, outcome) in (1_u32..).zip(Outcome::all().filter(|outcome| form.row_of(*outcome).is_some())) {
        let kind = ApplicantKind::ALL[usize::try_from(place).unwrap() % 6];
        let concluded = Some(Conclusion { on: day(year, 7), outcome, is_extended: place % 5 == 0 });
        let channel = Channel::ALL[usize::try_from(place).unwrap() % 7];
        let entered_on = if place % 4 == 0 { day(year - 1, 9) } else { day(year, 3) };
        lines.push(TableLine {
            course: Course { applicant_kind: kind, channel, entered_on, concluded },
            is_late: false,
            count: 100 + place,
        });
    }
    lines.push(TableLine {
        course: Course {
            applicant_kind: ApplicantKind::OtherOrg,
            channel: Channel::Fax,
            entered_on: day(year, 11),
            concluded: None,
        },
        is_late: false,
        count: 7,
    });
    let remedy = |kind, decided: Option<RemedyResult>| RemedyCourse {
        kind,
        opened_on: day(year, 2),
        decided: decided.map(|result| (day(year, 5), result)),
    };
    let remedies = [
        remedy(RemedyKind::Reconsideration, Some(RemedyResult::Upheld)),
        remedy(RemedyKind::Reconsideration, Some(RemedyResult::Corrected)),
        remedy(RemedyKind::Litigation, None),
        remedy(RemedyKind::LitigationAfterReconsideration, Some(RemedyResult::Other)),
    ];
    let period = Period::year(year).unwrap();
    let own = match form {
        Form::Sheet2014 => {
            r#"{"table2": {"制发规范性文件总数": {"统计数": 7}, "七、依申请公开信息收取的费用": {"统计数": 0.15}, "（三）接受培训人员数": {"统计数": 60}}}"#
        }
        Form::Form2019 => {
            r#"{"table2": {"行政许可": {"上一年项目数量": 18, "本年增/减": -2, "处理决定数量": 68}, "政府集中采购": {"采购项目数量": 8, "采购总金额（单位：万元）": 640.49}}, "part_five": "一是公开还不够及时。"}"#
        }
        Form::Form2021 => {
            r#"{"table2": {"行政许可": {"本年处理决定数量": 68}, "行政事业性收费": {"本年收费金额（单位：万元）": 12.5}}, "part_one": "=全年工作情况<b>。", "part_five": "一是公开还不够及时。"}"#
        }
    };
    let topic = |topic: &str, applications| TopicCount { topic: topic.to_owned(), applications };
    let mix = |department: Option<&str>, counts: &[(Outcome, u32)]| {
        let organ = department.map(|_| "某市自然资源和规划局".to_owned());
        Mix::of(form, organ, department.map(str::to_owned), &counts.iter().copied().collect())
    };
    let name = |code: &str, name: &str| OrganName { code: code.to_owned(), name: name.to_owned() };
    let mut report = Report::from(Counted {
        organ: name("zrzy", "某市自然资源和规划局"),
        organs: vec![name("zrzy", "某市自然资源和规划局")],
        with_subordinates: false,
        form,
        period,
        name: format!("{year}年"),
        as_of: day(year + 1, 1),
        is_complete: true,
        three: table_three(form, &period, &lines),
        four: table_four(form, &period, &remedies),
        topics: vec![topic("土地征收", 12), topic("规划许可", 5)],
        departments: vec![
            mix(Some("利用科"), &[(Outcome::Provided, 30), (Outcome::O492Disclosed, 2), (Outcome::InternalAffairs, 4)]),
            mix(Some("=规划科"), &[(Outcome::PartiallyDisclosed, 8)]),
            mix(None, &[(Outcome::Withdrawn, 1)]),
        ],
        fee_yuan: 400,
        own: serde_json::from_str(own).unwrap(),
    });
    report.previous = Some(Previous {
        period: format!("{}年", year - 1),
        table3: table_three(form, &period, &lines[..20]),
        table4: table_four(form, &period, &[]),
        fee_yuan: 0,
    });
    report
}

pub(super) const EACH: [(Form, i32); 3] = [(Form::Sheet2014, 2017), (Form::Form2019, 2020), (Form::Form2021, 2025)];

/// What the checker sees of a report must be the same whatever format it came through.
fn same(ours: &Report, read: &Published) {
    let direct = Published::from_value(&serde_json::to_value(ours).unwrap()).unwrap();
    assert_eq!((read.form, read.year, &read.org), (direct.form, direct.year, &direct.org));
    assert_eq!(read.table3, direct.table3);
    assert_eq!(read.table4, direct.table4);
    assert_eq!(read.narrative, direct.narrative);
    assert_eq!((&read.part_five, &read.part_six), (&direct.part_five, &direct.part_six));
    assert_eq!(check(read).findings, []);
}

/// The workbook with one cell typed over, as a user of it would.
fn typed_over(bytes: Vec<u8>, label: &str, number: f64) -> Vec<u8> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let mut copy = rust_xlsxwriter::Workbook::new();
    for name in book.sheet_names() {
        let page = copy.add_worksheet();
        page.set_name(&name).unwrap();
        let range = book.worksheet_range(&name).unwrap();
        for (row, column, cell) in range.cells() {
            let (row, column) = (u32::try_from(row).unwrap(), u16::try_from(column).unwrap());
            match cell {
                Data::Empty => {}
                Data::Float(value) => drop(page.write_number(row, column, *value).unwrap()),
                other => drop(page.write_string(row, column, other.to_string()).unwrap()),
            }
            if cell == &Data::String(label.to_owned()) {
                page.write_number(row, column + 1, number).unwrap();
            }
        }
        if let Some(row) = range.rows().position(|row| row.contains(&Data::String(label.to_owned()))) {
            page.write_number(u32::try_from(row).unwrap(), 3, number).unwrap();
        }
    }
    copy.save_to_buffer().unwrap()
}

#[test]
fn csv_and_workbook_read_back_as_the_report_they_were() {
    for (form, year) in EACH {
        let report = report(form, year);
        same(&report, &read_file(&csv(&report).unwrap()).unwrap());
        same(&report, &read_file(&xlsx(&report).unwrap()).unwrap());
        same(&report, &read_file(&serde_json::to_vec(&report).unwrap()).unwrap());
    }
}

#[test]
fn a_cell_changed_in_the_workbook_is_found_by_the_checker() {
    let report = report(Form::Form2021, 2025);
    let bytes = typed_over(xlsx(&report).unwrap(), "4.无正当理由大量反复申请", 9999.0);
    let found = check(&read_file(&bytes).unwrap()).findings;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| {
        one.cause.as_deref().unwrap().starts_with("“三(五)不予处理-4.无正当理由大量反复申请”的“自然人”栏应为")
    }));
}

#[test]
fn every_grid_is_a_full_rectangle_with_every_number_of_the_tables_in_it() {
    for (form, year) in EACH {
        let report = report(form, year);
        let mut numbers = Vec::new();
        for grid in layout::grids(&report) {
            let mut seen = std::collections::BTreeSet::new();
            for (row, column, spot) in grid.placed() {
                for (down, across) in
                    (0..spot.rows).flat_map(|down| (0..spot.columns).map(move |across| (down, across)))
                {
                    assert!(seen.insert((row + down, column + across)), "{} {row} {column}: two spots", grid.name);
                }
                if let layout::Content::Number(number) = spot.content {
                    numbers.push(number);
                }
            }
            assert_eq!(seen.len(), grid.rows.len() * grid.widths.len(), "{}: a hole or an overlap", grid.name);
            assert_eq!(grid.placed().len(), grid.rows.iter().map(Vec::len).sum::<usize>(), "{}", grid.name);
        }
        let mut expected: Vec<u32> = [&report.table3, &report.table4]
            .iter()
            .flat_map(|table| table.rows.iter().flat_map(|(_, cells)| cells.clone()))
            .collect();
        numbers.sort_unstable();
        expected.sort_unstable();
        assert_eq!(numbers, expected, "{form:?}");
    }
}

#[test]
fn the_official_labels_and_headings_are_printed() {
    let page = html(&report(Form::Form2021, 2025)).unwrap();
    for words in [
        "某市自然资源和规划局2025年政府信息公开工作年度报告",
        "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
        "<th colspan=\"5\">法人或其他组织</th>",
        "（二）部分公开（区分处理的，只计这一情形，不计其他情形）",
        "<td rowspan=\"8\" class=\"label\">（三）不予公开</td>",
        "<th rowspan=\"22\">三、本年度办理结果</th>",
        "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
        "（七）总计",
        "四、结转下年度继续办理",
        "<th colspan=\"10\">行政诉讼</th>",
        "第二十条第（八）项",
        "国办公开办函〔2021〕30号",
        "<svg role=\"img\" aria-label=\"办理结果\"",
        "附一：与2024年比较（不属于公开的格式）",
        "附二：各承办科室办结情况（不属于公开的格式）",
        "<svg role=\"img\" aria-label=\"附二：各承办科室办结情况（不属于公开的格式）\"",
        "附三：申请的主题（不属于公开的格式）",
        "<td class=\"label\">土地征收</td><td>12</td>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("=全年工作情况&lt;b&gt;。") && !page.contains("<b>"), "text is text");
    assert!(!page.contains("<script"));
}

#[test]
fn no_cell_starts_a_formula() {
    let report = report(Form::Form2021, 2025);
    let text = String::from_utf8(csv(&report).unwrap()).unwrap();
    assert!(text.contains(",'=全年工作情况") && text.contains(",'=规划科,"), "{text}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(&report).unwrap())).unwrap();
    for name in book.sheet_names() {
        let formulas = book.worksheet_formula(&name).unwrap();
        assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
        let range = book.worksheet_range(&name).unwrap();
        assert!(range.used_cells().all(|(_, _, cell)| !cell.to_string().starts_with('=')));
    }
}

#[test]
fn the_document_is_a_packed_one_with_a_merged_table() {
    for (form, year) in EACH {
        let bytes = docx(&report(form, year)).unwrap();
        assert_eq!(bytes.get(..4), Some(&b"PK\x03\x04"[..]));
        let read = docx_rs::read_docx(&bytes).unwrap().json();
        for words in ["某市自然资源和规划局", "六、其他需要报告的事项"] {
            assert!(read.contains(words), "{form:?} {words}");
        }
        // The sheet of 2014 has nothing over several rows.
        assert_eq!(read.contains("\"restart\""), form != Form::Sheet2014);
    }
}

#[test]
fn a_name_that_no_xml_can_hold_spoils_no_file() {
    let mut report = report(Form::Form2021, 2025);
    report.org = "某\u{ffff}局\u{1}".into();
    report.parts.one = "总体\u{fffe}情况".into();
    let read = docx_rs::read_docx(&docx(&report).unwrap()).unwrap().json();
    assert!(read.contains("某\u{fffd}局") && read.contains("总体\u{fffd}情况"), "{read}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(&report).unwrap())).unwrap();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).unwrap();
        assert!(range.used_cells().all(|(_, _, cell)| !cell.to_string().contains(['\u{ffff}', '\u{fffe}', '\u{1}'])));
    }
}

#[test]
fn what_is_no_report_of_ours_is_refused() {
    let code = |bytes: &[u8]| read_file(bytes).unwrap_err().code;
    assert_eq!(code("a,b\r\n1,2\r\n".as_bytes()), "not_a_report");
    assert_eq!(code(b"\xff\xfe,\r\n"), "malformed_csv");
    assert_eq!(code(b""), "not_a_report");
    assert_eq!(code(b"{\xff}"), "not_utf8");
    assert_eq!(code(b"PK\x03\x04 no archive"), "malformed_xlsx");
    let empty = rust_xlsxwriter::Workbook::new().save_to_buffer();
    assert_eq!(code(&empty.unwrap()), "not_a_report");
}

/// Writes the files to look at; see docs.
#[test]
#[ignore = "writes files to be opened by hand"]
fn write_one_of_each() {
    let into = std::env::var("GONGKAI_WRITE_TO").unwrap();
    for (form, year) in EACH {
        let report = report(form, year);
        let name = |extension: &str| format!("{into}/annual-{}.{extension}", form.code());
        std::fs::write(name("xlsx"), xlsx(&report).unwrap()).unwrap();
        std::fs::write(name("csv"), csv(&report).unwrap()).unwrap();
        std::fs::write(name("html"), html(&report).unwrap()).unwrap();
        std::fs::write(name("docx"), docx(&report).unwrap()).unwrap();
    }
}
