//! Ledgers read from every kind of file, and read back as they were written.

use super::*;
use crate::case::ApplicantKind;
use crate::case::historical::{PastConsultation, PastCorrection, PastExtension, PastFee, Term};
use crate::law::{Channel, ClockOptions, ConsultationKind, Outcome, Regime, ServiceMethod};
use crate::report::{Cell, Column, Sheet, csv, xlsx};
use chrono::NaiveDate;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

type Read = Result<LedgerRow, Vec<RowFault>>;

#[track_caller]
fn read(bytes: &[u8]) -> (Headings, Vec<Read>, Vec<Unmapped>) {
    let source = Source::of(bytes).unwrap();
    let headings = Headings::of(&source).unwrap();
    let mut reader = LedgerReader::new(headings.clone(), ClockOptions::default());
    let mut rows = Vec::new();
    source
        .rows(|row| {
            rows.extend(reader.read(row));
            Ok::<(), Unreadable>(())
        })
        .unwrap();
    (headings, rows, reader.unmapped())
}

#[track_caller]
fn rows(bytes: &[u8]) -> Vec<LedgerRow> {
    read(bytes).1.into_iter().map(|row| row.unwrap_or_else(|faults| panic!("{faults:?}"))).collect()
}

#[track_caller]
fn faults(text: &str) -> Vec<(u32, String, Option<String>, String)> {
    let rows = read(text.as_bytes()).1.into_iter().filter_map(Result::err).flatten();
    rows.map(|fault| (fault.line, fault.column, fault.found, fault.code)).collect()
}

const PLAIN: &str = "受理编号,收到日期,申请方式,申请人类型,申请人,申请内容,答复日期,处理结果\n\
                     旧1,2024-3-1,网站,自然人,张三,某路批复,2024年3月20日,予以公开\n\
                     旧2,2024/3/2,EMS,公司,某公司,\"某合同,含附件\",,\n";

fn full() -> LedgerRow {
    LedgerRow {
        sheet: None,
        line: 2,
        past: Past {
            number: Some("依申请〔2024〕1号".into()),
            received_on: day("2024-03-01"),
            awaits_confirmation: false,
            channel: Channel::RegisteredMail,
            applicant_kind: ApplicantKind::NaturalPerson,
            request: "=某路批复".into(),
            correction: Some(PastCorrection {
                on: day("2024-03-05"),
                term: Some(Term::Days(10)),
                received_on: Some(day("2024-03-12")),
            }),
            consultations: vec![
                PastConsultation {
                    party: "甲公司".into(),
                    kind: ConsultationKind::ThirdParty,
                    sent_on: day("2024-03-13"),
                    returned_on: Some(day("2024-03-20")),
                },
                PastConsultation {
                    party: "某局".into(),
                    kind: ConsultationKind::OtherOrgan,
                    sent_on: day("2024-03-14"),
                    returned_on: None,
                },
            ],
            extension: Some(PastExtension { days: 20, on: day("2024-03-28") }),
            fee: Some(PastFee { on: day("2024-03-15"), paid_on: Some(day("2024-03-18")) }),
            replied_on: Some(day("2024-04-30")),
            outcome: Some(Outcome::PartiallyDisclosed),
            document_number: Some("公开复〔2024〕3号".into()),
            method: Some(ServiceMethod::Post),
            served_on: Some(day("2024-05-06")),
            note: Some("两份".into()),
        },
        person: Person {
            name: "张三".into(),
            identity: Some((crate::case::IdentityKind::IdCard, "11010519491231002X".into())),
            telephone: Some("13800138000".into()),
            email: Some("a@b.cn".into()),
            address: Some("+某路1号".into()),
        },
        department: Some("信息科".into()),
        remarks: Vec::new(),
        derived: Derived::default(),
    }
}

#[test]
fn one_ledger_reads_the_same_in_every_encoding_and_as_a_workbook() {
    let expected = rows(PLAIN.as_bytes());
    assert_eq!((expected.len(), expected[1].past.channel), (2, Channel::RegisteredMail));
    assert_eq!(expected[1].past.request, "某合同,含附件");
    let marked = format!("\u{feff}{PLAIN}");
    let (gb18030, ..) = encoding_rs::GB18030.encode(PLAIN);
    let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let tabs = PLAIN.replace("\"某合同,含附件\"", "某合同，含附件").replace(',', "\t").replace('，', ",");
    for (name, bytes) in
        [("UTF-8", marked.as_bytes()), ("GB18030", &gb18030), ("UTF-16", &utf16), ("tabs", tabs.as_bytes())]
    {
        assert_eq!(rows(bytes), expected, "{name}");
    }
    assert!(std::str::from_utf8(&gb18030).is_err(), "the bytes are not UTF-8 by chance");
    let cells = |line: &str| -> Vec<Cell> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        reader.records().next().unwrap().unwrap().iter().map(Cell::from).collect()
    };
    let mut lines = PLAIN.lines();
    let headings: Vec<Column> =
        lines.next().unwrap().split(',').map(|name| Column { heading: Box::leak(name.into()), width: 9 }).collect();
    let mut table: Vec<Vec<Cell>> = lines.map(cells).collect();
    table[0][1] = day("2024-03-01").into();
    table[0][6] = day("2024-03-20").into();
    let book = xlsx(&[Sheet { name: "2024", columns: headings, rows: table }]).unwrap();
    assert_eq!(rows(&book), expected);
}

#[test]
fn a_date_is_read_in_every_form_people_type() {
    for form in [
        "2017-3-5",
        "2017-03-05",
        "2017/3/5",
        "2017.3.5",
        "2017年3月5日",
        "2017年03月05日",
        "20170305",
        "２０１７年３月５日",
        "2017-3-5 00:00:00",
        "2017-03-05T09:30",
        " 2017/03/05 ",
        "42799",
        "2017年3月5号",
        "2017 年 3 月 5 日",
    ] {
        assert_eq!(RawCell::Text(form.into()).day(), Some(day("2017-03-05")), "{form}");
    }
    assert_eq!(RawCell::Number(20_170_305.0).day(), Some(day("2017-03-05")));
    assert_eq!(RawCell::Number(42_799.0).day(), Some(day("2017-03-05")));
    for form in
        ["17-3-5", "2017-2-30", "2017-3", "3月5日", "2017年", "20171305", "12345", "2017-3-5x", "无", "-", "2017--5"]
    {
        assert_eq!(RawCell::Text(form.into()).day(), None, "{form}");
    }
}

#[test]
fn what_is_written_reads_back_as_it_was_formulas_and_several_opinions_included() {
    let bare = LedgerRow {
        sheet: None,
        line: 3,
        past: Past {
            number: None,
            correction: None,
            consultations: Vec::new(),
            extension: None,
            fee: None,
            replied_on: None,
            outcome: None,
            document_number: None,
            method: None,
            served_on: None,
            note: None,
            ..full().past
        },
        person: Person::default(),
        department: None,
        remarks: Vec::new(),
        derived: Derived::default(),
    };
    let written = [full(), bare];
    let sheet = ledger_sheet(&written);
    assert_eq!(rows(&csv(&sheet).unwrap()), written);
    assert_eq!(rows(&xlsx(&[sheet]).unwrap()), written);
    assert_ne!(written[0].canonical(), written[1].canonical());
}

#[test]
fn every_category_channel_and_way_is_read_back_from_its_label() {
    for outcome in Outcome::all() {
        for regime in Regime::ALL.into_iter().filter(|regime| outcome.is_of(*regime)) {
            let mut row = full();
            row.past.received_on = day(if regime == Regime::Order492 { "2017-03-01" } else { "2024-03-01" });
            row.past.correction = None;
            row.past.outcome = Some(outcome);
            assert_eq!(rows(&csv(&ledger_sheet(&[row.clone()])).unwrap()), [row]);
        }
    }
    for channel in Channel::ALL {
        for method in ServiceMethod::ALL {
            let mut row = full();
            (row.past.channel, row.past.method) = (channel, Some(method));
            assert_eq!(rows(&csv(&ledger_sheet(&[row.clone()])).unwrap()), [row]);
        }
    }
}

#[test]
fn the_heading_may_stand_under_a_title_in_the_words_of_the_office_and_what_is_unknown_is_told() {
    let text = "某局2024年依申请公开台账,,,,\n\n序号,收件日期,申请人类别 *,所需信息（必填）,经费\n1,20240301,公民,某路批复,3\n";
    let (headings, read, _) = read(text.as_bytes());
    assert_eq!((headings.sheets[0].line, headings.unknown()), (3, vec!["经费".to_owned()]));
    assert_eq!(headings.ignored(), ["序号"]);
    let row = read.into_iter().next().unwrap().unwrap();
    assert_eq!((row.line, row.past.received_on), (4, day("2024-03-01")));
    assert_eq!((row.past.channel, row.remarks), (Channel::InPerson, vec![Remark::ChannelAssumed]));
}

#[test]
fn a_courier_of_whom_nothing_is_said_is_taken_for_the_postal_one_and_told() {
    let taken = |word: &str| {
        let text = format!("收到日期,申请人类型,申请内容,申请方式,送达方式\n2024-03-01,自然人,某路批复,网站,{word}\n");
        let row = read(text.as_bytes()).1.into_iter().next().unwrap().unwrap();
        (row.past.method, row.remarks)
    };
    assert_eq!(taken("快递"), (Some(ServiceMethod::Post), vec![Remark::CourierAssumed]));
    assert_eq!(taken("邮政快递"), (Some(ServiceMethod::Post), vec![]));
    assert_eq!(taken("其他快递"), (Some(ServiceMethod::PrivateCourier), vec![]));
}

#[test]
fn a_bad_row_names_its_line_its_column_what_was_found_and_everything_that_is_wrong() {
    let text = "收到日期,申请人类型,申请内容,申请方式,处理结果,证件号码,延期工作日数,延期告知日期,补正收到日期\n\
                2024-3-1,自然人,甲,网站,,,,,\n\
                昨天,外星人,,飞鸽,,,,,\n\
                2024-3-1,自然人,乙,网站,已办结,,20,,2024-3-9\n";
    let found = |text: &str| Some(text.to_owned());
    let fault = |line, column: &str, found, code: &str| (line, column.to_owned(), found, code.to_owned());
    assert_eq!(
        faults(text),
        [
            fault(3, "申请内容", None, "required"),
            fault(3, "收到日期", found("昨天"), "invalid_date"),
            fault(3, "申请方式", found("飞鸽"), "unknown_label"),
            fault(3, "申请人类型", found("外星人"), "unknown_label"),
            fault(4, "补正收到日期", found("2024-3-9"), "correction_not_requested"),
            fault(4, "延期告知日期", None, "required"),
            fault(4, "处理结果", found("已办结"), "unknown_label"),
        ]
    );
    let unmapped = read(text.as_bytes()).2;
    let told: Vec<(&str, &str, u32, u32)> =
        unmapped.iter().map(|one| (one.column.as_str(), one.label.as_str(), one.count, one.line)).collect();
    assert_eq!(told, [("申请方式", "飞鸽", 1, 3), ("申请人类型", "外星人", 1, 3), ("处理结果", "已办结", 1, 4)]);
    let long = format!("收到日期,申请人类型,申请内容,证件号码\n2024-3-1,自然人,甲,{}\n", "9".repeat(41));
    assert_eq!(faults(&long), [fault(2, "证件号码", None, "too_long")], "personal data are not repeated");
}

#[test]
fn several_opinions_stand_in_one_cell_in_one_order() {
    let text = "收到日期,申请人类型,申请内容,征求意见对象,征求意见类型,征求意见发出日期,征求意见收到日期\n\
                2024-3-1,自然人,甲,甲公司；乙公司,第三方,2024-3-4；2024-3-5,2024-3-8；\n\
                2024-3-1,自然人,乙,甲公司；乙公司；丙公司,第三方,2024-3-4；2024-3-5,\n\
                2024-3-1,自然人,丙,甲公司,,,\n";
    let (_, read, _) = read(text.as_bytes());
    let [Ok(two), Err(differ), Err(undated)] = read.as_slice() else { panic!("{read:?}") };
    let told: Vec<(&str, NaiveDate, Option<NaiveDate>)> =
        two.past.consultations.iter().map(|one| (one.party.as_str(), one.sent_on, one.returned_on)).collect();
    assert_eq!(told, [("甲公司", day("2024-03-04"), Some(day("2024-03-08"))), ("乙公司", day("2024-03-05"), None)]);
    assert_eq!((differ.len(), differ[0].code.as_str()), (1, "consultations_differ"));
    assert_eq!((undated[0].column.as_str(), undated[0].code.as_str()), ("征求意见发出日期", "required"));
}

#[test]
fn a_number_that_is_masked_or_rounded_is_not_taken_for_an_identity() {
    let text = "收到日期,申请人类型,申请内容,证件类型,证件号码,联系电话\n\
                2024-3-1,自然人,甲,身份证,110***********002X,138****8000\n\
                2024-3-1,自然人,乙,,11010519491231002X,13800138000\n";
    let [masked, plain] = <[LedgerRow; 2]>::try_from(rows(text.as_bytes())).unwrap();
    assert_eq!((masked.person.identity, masked.person.telephone), (None, None));
    assert!(masked.remarks.contains(&Remark::IdentityMasked) && masked.remarks.contains(&Remark::ContactNotTaken));
    assert_eq!(plain.person.identity, Some((crate::case::IdentityKind::IdCard, "11010519491231002X".into())));
    assert_eq!(plain.person.telephone.as_deref(), Some("13800138000"));
}

#[test]
fn what_is_no_ledger_is_refused_with_what_to_do() {
    let why = |bytes: &[u8]| match Source::of(bytes) {
        Err(why) => why.to_string(),
        Ok(source) => Headings::of(&source).unwrap_err().to_string(),
    };
    assert!(why(b"").contains("空"));
    assert!(why(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1]).contains(".xls"));
    assert!(why(b"a\0b").contains("不是 CSV"));
    assert!(why(&[0xff, 0xff, 0x80, 0x80]).contains("GB18030"));
    assert!(why(b"PK\x03\x04 broken").contains("损坏"));
    assert!(why("甲,乙\n1,2\n".as_bytes()).contains("没有找到表头"));
    assert!(why("收到日期,申请内容\n".as_bytes()).contains("申请人类型"));
    assert!(why("收到日期,申请人类型,申请内容,收件日期\n".as_bytes()).contains("两列都是“收到日期”"));
}

#[test]
fn the_template_takes_a_ledger_and_says_what_each_column_wants() {
    let sheets = template_sheets();
    let source_bytes = xlsx(&sheets).unwrap();
    let (headings, rows, _) = read(&source_bytes);
    assert_eq!((headings.sheets[0].line, rows.len(), headings.unknown()), (1, 0, Vec::<String>::new()));
    assert_eq!(
        headings.unread.iter().map(|(unread, holds_cases)| (unread.sheet.as_deref(), *holds_cases)).collect::<Vec<_>>(),
        [(Some("填写说明"), false)]
    );
    assert_eq!(sheets[0].columns.len(), COLUMNS.len());
    let required: Vec<&str> = COLUMNS.iter().filter(|column| column.is_required).map(|column| column.heading).collect();
    assert_eq!(required, ["收到日期", "申请人类型", "申请内容"]);
    for (place, column) in COLUMNS.iter().enumerate() {
        assert_eq!(Field::of_heading(column.heading), Some(column.field));
        for alias in column.aliases {
            assert_eq!(Field::of_heading(alias), Some(column.field), "{alias} at {place}");
        }
    }
}
