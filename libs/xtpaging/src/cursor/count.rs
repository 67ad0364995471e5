//! Counting tables on paper: how many a set of mappings needs, before the first frame is taken.

use xtcore::{Frame, FrameCount, Geometry, Level, PAGE_BYTES, VirtAddr};

use super::Mapping;
use super::error::{CursorError, MapError};
use crate::entry::Format;
use crate::shape::{Modes, Shape, with_shape};
use crate::space::AddressSpace;

/// Returns the level of the page that begins at `at` and maps `frame`, when `left` bytes remain to be mapped.
pub(super) fn page_level(
    geometry: &Geometry,
    largest: Level,
    at: VirtAddr,
    frame: Frame,
    left: u64,
) -> Level {
    let mut level = largest;
    while let Some(below) = level.below() {
        let fits = geometry.page_bytes(level) <= left
            && at.is_aligned(geometry.page_bytes(level))
            && frame.is_aligned(geometry.page_frames(level));
        if fits {
            return level;
        }
        level = below;
    }
    level
}

/// Counts distinct tables over ranges that come in ascending order.
#[derive(Debug, Default)]
pub(super) struct TableCounter {
    /// For each level, leaf first, the number of the last table counted.
    last: [Option<u64>; 5],
    count: u64,
}

impl TableCounter {
    pub(super) const fn count(&self) -> FrameCount {
        FrameCount::new(self.count)
    }

    /// Adds the tables below `top` that map `[at, end)` to `frame` and its successors.
    ///
    /// Steps from table to table, so the cost is that of the tables, not of the pages.
    pub(super) fn add<S: Shape>(
        &mut self,
        top: Level,
        largest: Level,
        range: (VirtAddr, VirtAddr),
        first: Frame,
    ) {
        let geometry = S::GEOMETRY;
        let (start, end) = (range.0.get(), range.1.get());
        let mut at = start;
        while at < end {
            let frame = first.saturating_add(FrameCount::new((at - start) / PAGE_BYTES));
            let page = page_level(geometry, largest, VirtAddr::new(at), frame, end - at);
            let mut level = page;
            while level < top {
                let number = at >> (geometry.shift(level) + geometry.index_bits(level));
                let last = self.last.get_mut(usize::from(level.number() - 1));
                if let Some(last) = last.filter(|last| **last != Some(number)) {
                    *last = Some(number);
                    self.count += 1;
                }
                let Some(above) = level.above() else { break };
                level = above;
            }
            // The pages of this size that follow share these tables, up to the next boundary of the level above, where
            // a larger page may fit, or up to the end, where only smaller ones do.
            let span = page.above().map_or(u64::MAX, |above| geometry.page_bytes(above));
            let boundary = (at & !(span - 1)).saturating_add(span);
            let whole_pages = (end - at) & !(geometry.page_bytes(page) - 1);
            at = boundary.min(at + whole_pages);
        }
    }
}

/// Returns the number of tables, the root included, of an address space that maps exactly `mappings`.
///
/// Pure: it looks at no memory. What it returns is what [`AddressSpace::create`] and [`AddressSpace::map`] will take
/// together.
///
/// # Errors
/// [`MapError::Range`] for a mapping that is empty or not made of pages, [`MapError::Unsorted`] when the mappings are
/// not in ascending order of their addresses or overlap.
pub fn tables_needed(format: &Format, mappings: &[Mapping]) -> Result<FrameCount, MapError> {
    with_shape!(format.mode(), Modes::All, S => {
        let mut counter = TableCounter::default();
        let mut done = VirtAddr::ZERO;
        for mapping in mappings {
            let pages = mapping.pages;
            if pages.is_empty() {
                return Err(MapError::Range(CursorError::Empty { at: pages.start() }));
            }
            if !pages.is_aligned(PAGE_BYTES) {
                return Err(MapError::Range(CursorError::NotPages { pages }));
            }
            if pages.start() < done {
                return Err(MapError::Unsorted { at: pages.start() });
            }
            done = pages.end();
            let largest = mapping.largest.min(format.largest_page());
            counter.add::<S>(S::TOP, largest, (pages.start(), pages.end()), mapping.first);
        }
        Ok(counter.count().saturating_add(AddressSpace::root_tables(format.mode())))
    })
}
