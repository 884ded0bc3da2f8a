//! Workbooks: the ledger and the annual report. The first byte says how the rest is meant: `R` the bytes of a file, `S` parts
//! that are stored in an archive, anything else parts that are deflated. A part begins with a line `=== name`; parts that every
//! workbook needs and that are not given are added.
#![no_main]

use gongkai::report::annual::{check_years, read_file};
use gongkai_fuzz::{ledger, memory};
use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let file = match mode {
        b'R' => Some(rest.to_vec()),
        b'S' => packed(rest, CompressionMethod::Stored),
        _ => packed(rest, CompressionMethod::Deflated),
    };
    if let Some(file) = file {
        memory::limited(|| check(&file));
    }
});

fn check(file: &[u8]) {
    ledger::check(file);
    if let Ok(report) = read_file(file) {
        let [checked] = check_years(std::slice::from_ref(&report)).try_into().unwrap();
        assert_eq!((checked.year, checked.form), (report.year, report.form()));
    }
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// What a workbook with one sheet needs besides the sheet.
const NEEDED: [(&str, &str); 5] = [
    (
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="表三" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
    ),
    (
        "xl/styles.xml",
        r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
    ),
];

/// The archive of the parts; none where two have one name.
fn packed(text: &[u8], method: CompressionMethod) -> Option<Vec<u8>> {
    let mut parts: Vec<(String, &[u8])> = Vec::new();
    for part in split(text, b"=== ") {
        let end = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let name = String::from_utf8_lossy(&part[..end]).into_owned();
        parts.push((name, part.get(end + 1..).unwrap_or_default()));
    }
    if parts.first().is_some_and(|(name, _)| name.is_empty()) {
        parts[0].0 = SHEET.to_owned();
    }
    let missing = NEEDED.iter().filter(|(name, _)| parts.iter().all(|(given, _)| given != name));
    let missing: Vec<_> = missing.map(|(name, body)| ((*name).to_owned(), body.as_bytes())).collect();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, body) in parts.into_iter().chain(missing) {
        archive.start_file(name, options).ok()?;
        archive.write_all(body).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}

fn split<'a>(text: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text.strip_prefix(b"\n").unwrap_or(text));
    let mut is_first = true;
    std::iter::from_fn(move || {
        let all = rest?;
        let all = if std::mem::take(&mut is_first) { all.strip_prefix(mark).unwrap_or(all) } else { all };
        let at = all.windows(mark.len()).position(|window| window == mark);
        rest = at.map(|at| &all[at + mark.len()..]);
        Some(at.map_or(all, |at| &all[..at]))
    })
}
