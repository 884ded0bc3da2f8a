//! The archive of a workbook, and its parts as streams of XML. Every decompressed byte is counted. At most one tag or
//! one run of text is in memory.

use super::caps::{Allowance, Unreadable};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::io::BufReader;
use std::io::Cursor;
use std::io::Read;
use zip::ZipArchive;

/// Limit of parts per archive. A workbook with a hundred sheets and their drawings has about five hundred.
const MOST_PARTS: usize = 4_000;
/// Longest tag or run of text, bytes. A cell of 32,767 characters has at most 131,068.
const LONGEST_EVENT: usize = 256 << 10;
/// Deepest nesting of elements; workbooks rarely reach a dozen.
const DEEPEST: u32 = 64;
/// How many attributes of an element are searched.
const MOST_ATTRIBUTES: usize = 64;

/// Whether the file is a ZIP archive, as a workbook is.
#[must_use]
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK")
}

fn damaged(why: &dyn std::fmt::Display) -> Unreadable {
    Unreadable::new(format!("XLSX 已损坏，请用 Excel 或者 WPS 打开后重新另存：{why}"))
}

/// An archive whose directory was checked.
#[derive(Debug)]
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Package<'a> {
    /// Opens an archive and checks its directory. Decompresses nothing yet.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        // `ZipArchive` reads the whole directory into memory, so count its entries first.
        let entries = bytes.windows(4).filter(|mark| *mark == b"PK\x01\x02").take(MOST_PARTS + 1).count();
        if entries > MOST_PARTS {
            return Err(Unreadable::too_large(format!("XLSX 中的部分超过{MOST_PARTS}个，不像电子表格，请重新另存")));
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        // Programs differ in which of two parts with the same name they read.
        if archive.has_duplicate_names() {
            return Err(damaged(&"有两个部分同名"));
        }
        if archive.has_overlapping_files().map_err(|error| damaged(&error))? {
            return Err(damaged(&"各部分互相重叠"));
        }
        Ok(Self { archive })
    }

    /// Index of a part by its name. Ignores case, as Windows does.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let plain = |raw: &[u8]| String::from_utf8_lossy(raw).replace('\\', "/");
        let exact = self.archive.file_names_raw().position(|raw| raw == name.as_bytes());
        exact.or_else(|| self.archive.file_names_raw().position(|raw| plain(raw).eq_ignore_ascii_case(name)))
    }

    /// Opens a part for reading.
    pub(super) fn part<'p>(&'p mut self, place: usize, allowance: &'p Allowance) -> Result<Part<'p>, Unreadable> {
        if self.archive.by_index_data(place).map_err(|error| damaged(&error))?.encrypted() {
            return Err(Unreadable::new(super::OLE_DETAIL));
        }
        let file = self.archive.by_index(place).map_err(|error| damaged(&error))?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let metered = Metered { inner: Box::new(file), allowance, event: 0, fault: None };
        let mut xml = Reader::from_reader(BufReader::new(metered));
        xml.config_mut().expand_empty_elements = true;
        Ok(Part { xml, buffer: Vec::new(), depth: 0, name })
    }
}

/// Counts what a part decompresses to.
struct Metered<'p> {
    inner: Box<dyn Read + 'p>,
    allowance: &'p Allowance,
    /// Bytes since the current tag or text began.
    event: usize,
    /// The cap that ended the reading.
    fault: Option<Unreadable>,
}

impl Metered<'_> {
    fn count(&mut self, read: usize) -> Result<(), Unreadable> {
        self.event = self.event.saturating_add(read);
        self.allowance.unfold(read)?;
        if self.event > LONGEST_EVENT {
            let most = LONGEST_EVENT >> 10;
            return Err(Unreadable::too_large(format!(
                "XLSX 中有超过{most}KB的一个标记或者一段文字，请缩短单元格的内容"
            )));
        }
        Ok(())
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.count(read) {
            Ok(()) => Ok(read),
            Err(fault) => {
                self.fault = Some(fault);
                Err(std::io::Error::other("beyond the caps"))
            }
        }
    }
}

/// One event in a part.
#[derive(Debug)]
pub(super) enum Node<'n> {
    /// An element begins at this depth.
    Open(BytesStart<'n>, u32),
    /// The element at this depth ends.
    Close(u32),
    /// Text, with its references resolved.
    Text(Cow<'n, str>),
    /// The part ends.
    End,
}

/// A part as a stream of XML.
pub(super) struct Part<'p> {
    xml: Reader<BufReader<Metered<'p>>>,
    buffer: Vec<u8>,
    depth: u32,
    name: String,
}

impl Part<'_> {
    /// Depth of the current element.
    pub(super) const fn depth(&self) -> u32 {
        self.depth
    }

    /// An error in this part, at the current position.
    pub(super) fn fault(&self, why: &dyn std::fmt::Display) -> Unreadable {
        damaged(&format!("{} 第{}字节附近：{why}", self.name, self.xml.buffer_position()))
    }

    /// Reads the next event.
    ///
    /// # Errors
    /// [`Unreadable`] for malformed XML, for a document type (which could define any entities), and beyond the caps.
    pub(super) fn next(&mut self) -> Result<Node<'_>, Unreadable> {
        self.buffer.clear();
        self.xml.get_mut().get_mut().event = 0;
        let at = self.xml.buffer_position();
        let fault = |why: &dyn std::fmt::Display| damaged(&format!("{} 第{at}字节附近：{why}", self.name));
        let event = match self.xml.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                let beyond = self.xml.get_mut().get_mut().fault.take();
                return Err(beyond.unwrap_or_else(|| fault(&error)));
            }
        };
        Ok(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(fault(&format!("元素嵌套超过{DEEPEST}层")));
                }
                Node::Open(start, self.depth)
            }
            Event::End(_) => {
                let depth = self.depth;
                self.depth = depth.saturating_sub(1);
                Node::Close(depth)
            }
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = quick_xml::escape::resolve_xml_entity(&reference).map(str::to_owned);
                let letter = || reference.resolve_char_ref().ok().flatten().map(String::from);
                Node::Text(Cow::Owned(known.or_else(letter).ok_or_else(|| fault(&"含有自定义实体"))?))
            }
            Event::DocType(_) => return Err(fault(&"含有文档类型声明（DTD），电子表格不使用")),
            // `Empty` never occurs: the reader expands empty elements.
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Node::Text(Cow::Borrowed("")),
            Event::Eof if self.depth > 0 => return Err(fault(&"没有写完")),
            Event::Eof => Node::End,
        })
    }
}

/// The value of an attribute, by its name without prefix.
///
/// # Errors
/// [`Unreadable`] if an attribute is malformed.
pub(super) fn attribute<'s>(start: &'s BytesStart<'_>, name: &str) -> Result<Option<Cow<'s, str>>, Unreadable> {
    let mut attributes = start.attributes();
    // The built-in check for duplicates is quadratic; the first attribute with the name is used instead.
    for one in attributes.with_checks(false).take(MOST_ATTRIBUTES) {
        let one = one.map_err(|error| damaged(&error))?;
        if one.key.local_name().as_ref() == name {
            return one.normalized_value(XmlVersion::Explicit1_0).map(Some).map_err(|error| damaged(&error));
        }
    }
    Ok(None)
}
