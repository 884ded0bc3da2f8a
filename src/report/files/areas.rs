//! Merged cells of a worksheet. They come after the rows in the file, so reading them takes a separate pass.

use super::caps::Unreadable;
use super::cells::place_of;
use super::package::{Node, Part, attribute};

/// Limit of merged areas per worksheet.
const MOST_AREAS: usize = 100_000;

/// A range of cells shown as one. Rows and columns are counted from 1; both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Area {
    /// The row of the first cell, which holds the value.
    pub first_row: u32,
    /// The column of the first cell.
    pub first_column: u32,
    /// The last row.
    pub last_row: u32,
    /// The last column.
    pub last_column: u32,
}

impl Area {
    /// Parses a reference such as `G2:G4`.
    fn of(reference: &str) -> Option<Self> {
        let (first, last) = reference.split_once(':')?;
        let ((first_row, first_column), (last_row, last_column)) = (place_of(first)?, place_of(last)?);
        let is_area = first_row <= last_row && first_column <= last_column;
        is_area.then_some(Self { first_row, first_column, last_row, last_column })
    }
}

/// Reads the merged areas of a worksheet, sorted by their first row.
pub(super) fn read_areas(mut part: Part<'_>) -> Result<Vec<Area>, Unreadable> {
    let mut areas = Vec::new();
    loop {
        match part.next()? {
            Node::Open(start, _) if start.local_name().as_ref() == "mergeCell" => {
                let reference = attribute(&start, "ref")?.unwrap_or_default().into_owned();
                // A single cell is not a merged area.
                if reference.contains(':') {
                    let short: String = reference.chars().take(40).collect();
                    areas.push(Area::of(&reference).ok_or_else(|| part.fault(&format!("没有合并区域“{short}”")))?);
                }
                if areas.len() > MOST_AREAS {
                    let detail = format!("工作表的合并单元格超过{MOST_AREAS}处，请取消合并");
                    return Err(Unreadable::too_large(detail));
                }
            }
            Node::Open(..) | Node::Close(_) | Node::Text(_) => {}
            Node::End => break,
        }
    }
    areas.sort_unstable();
    Ok(areas)
}
