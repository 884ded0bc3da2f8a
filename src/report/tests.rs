//! Tables read back as a spreadsheet would.

use super::{Cell, Column, LongBook, Sheet, csv, for_xml, safe, xlsx};
use calamine::{Data, DataType, Reader, Xlsx};
use chrono::NaiveDate;
use std::io::Cursor;

fn sheet() -> Sheet {
    let column = |heading, width| Column { heading, width };
    let day = NaiveDate::from_ymd_opt(2025, 3, 20).unwrap();
    Sheet {
        name: "逾期未办",
        columns: vec![
            column("标题", 30),
            column("件数", 8),
            column("平均", 8),
            column("届满日", 12),
            column("备注", 8),
        ],
        rows: vec![
            vec!["=1+1".into(), 7_u32.into(), Cell::Tenths(123), day.into(), Cell::Empty],
            vec!["某路, \"批复\"\n第二行".into(), 0_u32.into(), Cell::Tenths(0), day.into(), true.into()],
        ],
    }
}

#[test]
fn whatever_begins_like_a_formula_is_text() {
    for risky in ["=1+1", "+86", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1＋1", "＋1", "－1", "＠x"] {
        assert_eq!(safe(risky), format!("'{risky}"));
    }
    for plain in ["", "某路", "1-1", "a=b", " =1", "'x"] {
        assert_eq!(safe(plain), plain);
    }
}

#[test]
fn what_begins_like_a_formula_behind_invisible_characters_is_text_too() {
    for hidden in ["\u{200b}", "\u{feff}", "\u{202e}", "\u{200b}\u{2060}", "\u{ad}"] {
        for risky in ["=1+1", "+86", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(safe(&format!("{hidden}{risky}")), format!("'{hidden}{risky}"));
        }
        let plain = format!("{hidden}某路");
        assert_eq!(safe(&plain), plain);
    }
}

#[test]
fn what_no_xml_file_can_hold_is_replaced() {
    assert_eq!(safe("某\u{ffff}局\u{b}\u{fffe}\u{0}"), "某\u{fffd}局\u{fffd}\u{fffd}\u{fffd}");
    assert_eq!(for_xml("第一行\r\n\t第二行 𠮷"), "第一行\r\n\t第二行 𠮷");
    let mut sheet = sheet();
    sheet.rows[0][0] = "a\u{ffff}b\u{1}".into();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx(&[sheet]).unwrap())).unwrap();
    let range = book.worksheet_range("逾期未办").unwrap();
    assert_eq!(range.get((1, 0)).unwrap().as_string().unwrap(), "a\u{fffd}b\u{fffd}");
}

#[test]
fn csv_has_its_mark_its_line_ends_and_quotes_where_needed() {
    let text = String::from_utf8(csv(&sheet()).unwrap()).unwrap();
    assert_eq!(
        text,
        "\u{feff}标题,件数,平均,届满日,备注\r\n\
         '=1+1,7,12.3,2025-03-20,\r\n\
         \"某路, \"\"批复\"\"\n第二行\",0,0.0,2025-03-20,是\r\n"
    );
}

#[test]
fn csv_reads_back_as_it_was() {
    let bytes = csv(&sheet()).unwrap();
    let mut reader = ::csv::Reader::from_reader(&bytes[3..]);
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[1][0]), (2, "某路, \"批复\"\n第二行"));
}

#[test]
fn a_row_shorter_than_the_heading_is_an_error() {
    let mut sheet = sheet();
    sheet.rows[0].pop();
    assert!(csv(&sheet).is_err());
}

#[test]
fn a_workbook_reads_back_with_dates_that_are_dates_and_no_formula() {
    let bytes = xlsx(&[sheet(), Sheet { name: "空表", rows: Vec::new(), ..sheet() }]).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["逾期未办", "空表"]);
    let range = book.worksheet_range("逾期未办").unwrap();
    let at = |row, column| range.get((row, column)).unwrap();
    assert_eq!(at(0, 3), &Data::String("届满日".into()));
    assert_eq!(at(1, 0), &Data::String("'=1+1".into()));
    assert_eq!((at(1, 1).as_i64(), at(1, 2).as_f64()), (Some(7), Some(12.3)));
    assert!(matches!(at(1, 3), Data::DateTime(_)), "{:?}", at(1, 3));
    assert_eq!(at(1, 3).as_date(), NaiveDate::from_ymd_opt(2025, 3, 20));
    assert_eq!(at(2, 4), &Data::String("是".into()));
    assert_eq!(book.worksheet_range("空表").unwrap().get_size(), (1, 5), "its headings");
    let formulas = book.worksheet_formula("逾期未办").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
}

#[test]
fn a_workbook_written_bit_by_bit_reads_as_one_written_at_once() {
    let whole = sheet();
    let (first, rest) = whole.rows.split_at(1);
    let mut long = LongBook::begin(&Sheet { rows: first.to_vec(), ..whole.clone() }).unwrap();
    long.append(rest).unwrap();
    long.append(&[]).unwrap();
    let read = |bytes: Vec<u8>| {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range("逾期未办").unwrap();
        range.rows().map(<[Data]>::to_vec).collect::<Vec<_>>()
    };
    let rows = read(long.finish().unwrap());
    assert_eq!((rows.len(), rows), (3, read(xlsx(&[whole]).unwrap())));
}
