//! What all changes share: cutting ranges at table boundaries, and replacing a live entry.

use core::ops::ControlFlow;

use xtcore::{VirtAddr, VirtRange};

use crate::entry::occupancy;
use crate::memory::{TablePlace, Tables};
use crate::shape::Shape;
use crate::space::AddressSpace;

/// Returns the part of `[at, end)` that lies in the entry of `span` bytes which contains `at`.
pub(super) fn clip(at: VirtAddr, end: VirtAddr, span: u64) -> VirtRange {
    let next = VirtAddr::new((at.get() & !(span - 1)).saturating_add(span));
    VirtRange::new(at, next.min(end)).unwrap_or_default()
}

/// Cuts a range at multiples of `span`, a power of two.
pub(super) fn pieces(range: VirtRange, span: u64) -> impl Iterator<Item = VirtRange> {
    let mut at = range.start();
    core::iter::from_fn(move || {
        if at >= range.end() {
            return None;
        }
        let piece = clip(at, range.end(), span);
        at = piece.end();
        Some(piece)
    })
}

/// Calls `each` for every top table and the part of `pages` that it covers.
pub(super) fn for_each_top<S: Shape, B>(
    space: &AddressSpace,
    pages: VirtRange,
    mut each: impl FnMut(TablePlace, VirtRange) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if S::TOP_TABLES == 1 {
        return each(space.top(pages.start()), pages);
    }
    let geometry = S::GEOMETRY;
    let span = 1 << (geometry.shift(S::TOP) + geometry.index_bits(S::TOP));
    for part in pieces(pages, span) {
        each(space.top(part.start()), part)?;
    }
    ControlFlow::Continue(())
}

/// Swaps a live entry for `value` and keeps the occupancy bits that it lends.
pub(super) fn replace<T: Tables>(tables: &mut T, place: TablePlace, index: usize, value: u64) -> u64 {
    let value = occupancy::keep(tables, place, index, value);
    tables.exchange(place, index, value)
}

/// Makes a live entry absent, whatever its accessed and dirty bits say, and keeps the occupancy bits that it lends.
pub(super) fn withdraw<T: Tables>(tables: &mut T, place: TablePlace, index: usize) {
    if index < occupancy::LENDERS {
        replace(tables, place, index, 0);
    } else {
        tables.withdraw(place, index);
    }
}
