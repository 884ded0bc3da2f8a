//! Detects files that are neither an XLSX workbook nor separated text, whatever their name says.

use super::OLE_DETAIL;

/// Bytes searched for the beginning of a web page.
const HEAD: usize = 4_096;

const WEB_PAGE: &str = "是网页（网页表格存成了 .xls 或者 .csv），不是电子表格；请用 Excel 或者 WPS 打开，另存为 .xlsx";
const XML_TABLE: &str = "是“XML 电子表格 2003”，请用 Excel 或者 WPS 打开，另存为 .xlsx";
const PDF: &str = "是 PDF 文件，请取得原来的电子表格，另存为 .xlsx；只有 PDF 的，请录入空白台账";
const RICH_TEXT: &str = "是 RTF 文档，请把其中的表格复制到电子表格，另存为 .xlsx";
const PICTURE: &str = "是图片，请录入空白台账";
const ARCHIVE: &str = "是压缩包，请解压后导入其中的电子表格";
const OLD_RECORDS: &str = "是旧版 Excel（.xls）的记录，请用 Excel 或者 WPS 打开，另存为 .xlsx";

/// First bytes of a file, and the error message for that kind of file.
const MARKS: &[(&[u8], &str)] = &[
    (&[0xd0, 0xcf, 0x11, 0xe0], OLE_DETAIL),
    // Records of Excel 2 to 4, without a container.
    (&[0x09, 0x00, 0x04, 0x00], OLD_RECORDS),
    (&[0x09, 0x02, 0x06, 0x00], OLD_RECORDS),
    (&[0x09, 0x04, 0x06, 0x00], OLD_RECORDS),
    (b"%PDF", PDF),
    (b"{\\rtf", RICH_TEXT),
    (&[0x89, b'P', b'N', b'G'], PICTURE),
    (&[0xff, 0xd8, 0xff], PICTURE),
    (b"Rar!", ARCHIVE),
    (&[b'7', b'z', 0xbc, 0xaf], ARCHIVE),
    (&[0x1f, 0x8b], ARCHIVE),
];

/// The error message for a file of another kind: what it is and what to do. `None` if the file may be readable.
#[must_use]
pub fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let marked = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, detail)| *detail);
    marked.or_else(|| markup(bytes))
}

/// Detects a web page, or a table in XML.
fn markup(bytes: &[u8]) -> Option<&'static str> {
    let text = beginning(bytes).to_ascii_lowercase();
    let text = text.trim_start();
    if text.starts_with("mime-version:") || (text.starts_with("from:") && text.contains("mime-version:")) {
        return Some(WEB_PAGE);
    }
    if !text.starts_with('<') {
        return None;
    }
    if text.contains("urn:schemas-microsoft-com:office:spreadsheet\"") && text.contains("<workbook") {
        return Some(XML_TABLE);
    }
    Some(WEB_PAGE)
}

/// Decodes the beginning of a file as text. UTF-16 is decoded first, because the bytes of 格式 in it are those of `<h`.
fn beginning(bytes: &[u8]) -> String {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let letters = |rest: &[u8], letter: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks().0.iter().map(|pair| letter(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match head {
        [0xff, 0xfe, rest @ ..] => letters(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => letters(rest, u16::from_be_bytes),
        [b'<', 0, ..] => letters(head, u16::from_le_bytes),
        [0, b'<', ..] => letters(head, u16::from_be_bytes),
        _ => String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_only_bears_the_name_of_a_spreadsheet_is_told_by_what_it_is() {
        let utf16: Vec<u8> = "\u{feff}<html><table>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, words) in [
            (&b"<html><table>"[..], "网页"),
            (b"\xef\xbb\xbf\r\n  <!DOCTYPE html>", "网页"),
            (b"<TABLE border=1><tr><td>", "网页"),
            (b"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb2312\"><style>", "网页"),
            (b"<?xml version=\"1.0\"?><html xmlns:x=\"urn:schemas-microsoft-com:office:excel\">", "网页"),
            (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "网页"),
            (b"From: <Saved by WPS>\r\nMIME-Version: 1.0", "网页"),
            (&utf16, "网页"),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                "XML 电子表格 2003",
            ),
            (&[0xd0, 0xcf, 0x11, 0xe0, 0xa1], "旧版"),
            (&[0x09, 0x04, 0x06, 0x00, 0, 0], "旧版"),
            (b"%PDF-1.7", "PDF"),
            (b"{\\rtf1", "RTF"),
            (b"\x89PNG\r\n", "图片"),
            (b"\xff\xd8\xff\xe0", "图片"),
            (b"Rar!\x1a", "压缩包"),
            (b"7z\xbc\xaf", "压缩包"),
            (b"\x1f\x8b\x08", "压缩包"),
        ] {
            let told = foreign(bytes).unwrap_or_default();
            assert!(told.contains(words) && told.contains("请"), "{words}: {told}");
        }
        let format: Vec<u8> = "\u{feff}格式,收到日期".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let after = "收到日期<必填>,申请人类型".as_bytes();
        for fine in
            [&b""[..], "收到日期,申请人类型".as_bytes(), b"PK\x03\x04", b"{\"org\":1}", b"a<b,c", &format, after]
        {
            assert_eq!(foreign(fine), None, "{fine:?}");
        }
    }
}
