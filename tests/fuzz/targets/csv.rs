//! Separated text: the ledger in every encoding, and the annual report with its checker.
#![no_main]

use encoding_rs::GB18030;
use gongkai::report::annual::{check_years, read_file};
use gongkai::report::ledger::{RawRow, Source, Unreadable};
use gongkai_fuzz::{ledger, memory};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    memory::limited(|| {
        ledger::check(bytes);
        same_in_every_encoding(bytes);
        if let Ok(report) = read_file(bytes) {
            let [checked] = check_years(std::slice::from_ref(&report)).try_into().unwrap();
            assert_eq!((checked.year, checked.form), (report.year, report.form()));
        }
    });
});

/// A text says the same in every encoding that offices save it in.
fn same_in_every_encoding(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(expected) = raw_rows(bytes) else { return };
    if text.starts_with('\u{feff}') {
        return; // it is marked already, and a second mark would be a letter
    }
    let marked = format!("\u{feff}{text}");
    let utf16: Vec<u16> = marked.encode_utf16().collect();
    let mut files = vec![
        ("UTF-8", marked.into_bytes()),
        ("UTF-16LE", utf16.iter().copied().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16BE", utf16.iter().copied().flat_map(u16::to_be_bytes).collect()),
    ];
    let (gb18030, _, had_unmappable) = GB18030.encode(text);
    let comes_back = || GB18030.decode_without_bom_handling(&gb18030) == (text.into(), false);
    // Bytes that are UTF-8 by chance are read as UTF-8, and some letters have no code of their own in GB18030.
    if !had_unmappable && std::str::from_utf8(&gb18030).is_err() && comes_back() {
        files.push(("GB18030", gb18030.to_vec()));
    }
    for (encoding, file) in files {
        assert_eq!(raw_rows(&file).as_ref(), Some(&expected), "{encoding} of {text:?}");
    }
}

/// The rows of separated text.
fn raw_rows(bytes: &[u8]) -> Option<Vec<RawRow>> {
    let source = Source::of(bytes).ok().filter(|source| source.describe().starts_with("CSV"))?;
    let mut rows = Vec::new();
    source
        .rows(|row| {
            rows.push(row);
            Ok::<(), Unreadable>(())
        })
        .ok()?;
    Some(rows)
}
