//! The rows: one for each piece of the space between two neighbouring ends of regions.

use std::ops::Range;

use crate::commands::map::model::{Address, Region, Space, Span};

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A piece that lies in at least one region.
    Regions,
    /// A piece between regions.
    Nothing,
    /// A place where the firmware listed something of no bytes.
    Mark,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    /// Its piece of the space.
    pub(crate) span: Span,
    /// What it shows.
    pub(crate) content: Content,
    /// Pixels from the first row's top to this one's.
    pub(crate) top: f64,
    /// Pixels.
    pub(crate) height: f64,
}

/// More rows than this are drawn lower.
const ROOMY: usize = 90;

/// All rows of a space, by address.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Cuts a space into rows.
    pub(crate) fn of(space: &Space) -> Self {
        let mut pieces = Vec::new();
        let mut ends: Vec<Address> = vec![space.axis.start(), space.axis.end()];
        for (_, region) in space.regions() {
            ends.extend([region.span.start(), region.span.end()]);
        }
        ends.sort_unstable();
        ends.dedup();
        let starts_empty = |at: Address| {
            space.regions().any(|(_, region)| region.span.is_empty() && region.span.start() == at)
        };
        let covered = |piece: Span| {
            space.regions().any(|(_, region)| !region.span.is_empty() && region.span.holds(piece))
        };
        for (index, &start) in ends.iter().enumerate() {
            if starts_empty(start) {
                pieces.extend(Span::new(start, start).map(|piece| (piece, Content::Mark)));
            }
            let next = ends.get(index + 1).and_then(|&end| Span::new(start, end));
            pieces.extend(
                next.map(|piece| (piece, if covered(piece) { Content::Regions } else { Content::Nothing })),
            );
        }
        let [full, low] = if pieces.len() > ROOMY { [16.0, 13.0] } else { [20.0, 15.0] };
        let mut top = 0.0;
        let place = |(span, content)| {
            let height = if content == Content::Regions { full } else { low };
            let row = Row { span, content, top, height };
            top += height;
            row
        };
        Self(pieces.into_iter().map(place).collect())
    }

    /// Returns the rows.
    pub(crate) fn all(&self) -> &[Row] {
        &self.0
    }

    /// Returns the row with that number.
    pub(crate) fn get(&self, number: usize) -> Option<&Row> {
        self.0.get(number)
    }

    /// Returns the rows that a region covers.
    pub(crate) fn of_region(&self, region: &Region) -> Range<usize> {
        let belongs = |row: &Row| {
            if region.span.is_empty() {
                row.content == Content::Mark && row.span == region.span
            } else {
                row.content != Content::Mark && region.span.holds(row.span)
            }
        };
        let first = self.0.iter().position(belongs).unwrap_or_default();
        let end = self.0.iter().rposition(belongs).map_or(first, |last| last + 1);
        first..end
    }

    /// Returns the pixels that some rows take from top to bottom.
    pub(crate) fn extent(&self, rows: &Range<usize>) -> [f64; 2] {
        let mut taken = self.0.iter().take(rows.end).skip(rows.start);
        let Some(first) = taken.next() else { return [0.0, 0.0] };
        let last = taken.next_back().unwrap_or(first);
        [first.top, last.top + last.height]
    }

    /// Returns the pixels of all rows together.
    pub(crate) fn height(&self) -> f64 {
        self.0.last().map_or(0.0, |row| row.top + row.height)
    }
}
