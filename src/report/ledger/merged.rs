//! Merged cells: every row that a merged cell covers gets its value.

use super::cell::RawCell;
use crate::report::files::{Area, Caps, Unreadable};

/// A merged cell as it covers one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// The first row, which holds the value.
    pub from: u32,
    /// The first column, from 0.
    pub first: usize,
    /// The last column.
    pub last: usize,
}

impl Merged {
    /// Whether it covers this column.
    #[must_use]
    pub const fn covers(&self, column: usize) -> bool {
        self.first <= column && column <= self.last
    }
}

/// Applies the merged cells of a sheet to its rows, one by one.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    ahead: std::slice::Iter<'a, Area>,
    next: Option<&'a Area>,
    /// The areas that cover the current row, each with the value of its first cell.
    open: Vec<(Area, RawCell)>,
}

impl<'a> Spread<'a> {
    pub(super) fn new(areas: &'a [Area]) -> Self {
        let mut ahead = areas.iter();
        let next = ahead.next();
        Self { ahead, next, open: Vec::new() }
    }

    /// Fills the values of merged cells into a row. Returns its cells and the merged cells that cover it. Rows must
    /// come in order.
    ///
    /// # Errors
    /// [`Unreadable`] if areas overlap, which no spreadsheet program writes.
    pub(super) fn row(
        &mut self,
        line: u32,
        mut cells: Vec<RawCell>,
    ) -> Result<(Vec<RawCell>, Vec<Merged>), Unreadable> {
        self.open.retain(|(area, _)| area.last_row >= line);
        while let Some(area) = self.next.filter(|area| area.first_row <= line) {
            self.next = self.ahead.next();
            if area.last_row < line || area.first_column > Caps::COMMAND.columns {
                continue;
            }
            let overlaps =
                |other: &Area| area.first_column <= other.last_column && other.first_column <= area.last_column;
            if self.open.iter().any(|(other, _)| overlaps(other)) {
                return Err(Unreadable::new(format!(
                    "XLSX 已损坏，请用 Excel 或者 WPS 打开后重新另存：第{line}行的合并单元格互相重叠"
                )));
            }
            // If the first row has no cells it was skipped by the reader, so the area is empty.
            let held = cells.get(place(area.first_column)).filter(|_| area.first_row == line);
            self.open.push((*area, held.cloned().unwrap_or(RawCell::EMPTY)));
        }
        for (area, held) in &self.open {
            let first = place(area.first_column);
            // A merged cell may lie behind the last cell of this row.
            if area.first_row < line && !held.is_empty() && cells.len() <= first {
                cells.resize(first.saturating_add(1), RawCell::EMPTY);
            }
            let covered =
                cells.iter_mut().enumerate().skip(first).take_while(|(at, _)| *at < place(area.last_column) + 1);
            for (at, cell) in covered {
                let is_first = at == first;
                if area.first_row == line && is_first {
                    continue;
                }
                let own = std::mem::replace(cell, RawCell::EMPTY);
                let shown = if is_first { held.clone() } else { RawCell::EMPTY };
                // Some programs repeat the value in each covered cell.
                *cell = if own.is_empty() || own == shown { shown } else { RawCell::Hidden(own.text()) };
            }
        }
        let merged = self.open.iter().map(|(area, _)| Merged {
            from: area.first_row,
            first: place(area.first_column),
            last: place(area.last_column),
        });
        Ok((cells, merged.collect()))
    }
}

fn place(column: u32) -> usize {
    usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX)
}
