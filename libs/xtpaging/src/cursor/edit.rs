//! What all changes share: cutting ranges at table boundaries, and replacing a live entry.

use core::ops::ControlFlow;

use xtcore::{Level, VirtAddr, VirtRange};

use crate::entry::{Kind, occupancy, page_address};
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

/// Goes down from the top table of `first` as long as one table below holds all of `[first, last]`.
pub(super) fn narrow<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    first: VirtAddr,
    last: VirtAddr,
) -> TablePlace {
    let geometry = S::GEOMETRY;
    let apart = first.get() ^ last.get();
    let mut place = space.top_in::<S>(first);
    // One level after the other, as a walk: its level, shifts and masks are constants in each step.
    macro_rules! levels {
        ($($level:ident, $below:ident;)*) => {
            $(
                if S::TOP >= Level::$level {
                    const LEVEL: Level = Level::$level;
                    if apart >> geometry.shift(LEVEL) != 0 {
                        return place;
                    }
                    let raw = tables.load(place, geometry.index(LEVEL, first));
                    if space.format().kind_in(geometry, LEVEL, raw) != Kind::Table {
                        return place;
                    }
                    let frame = page_address(geometry, Level::PT, raw).frame();
                    place = AddressSpace::child::<S>(LEVEL, Level::$below, frame, first);
                }
            )*
        };
    }
    levels! {
        PML5, PML4;
        PML4, PDPT;
        PDPT, PD;
        PD, PT;
    }
    place
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
