//! Where a range is mapped and where it isn't, in steps as large as the tables allow.

use xtcore::{Geometry, Level, VirtAddr, VirtRange};
use xtpaging::walk::{Found, NotFound, find};
use xtpaging::{AddressSpace, Tables};

/// The most pages, or absent entries, that one look passes: it happens under the lock.
const STEPS: usize = 512;

/// Whether pages are mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    /// All are.
    Present,
    /// None is.
    Absent,
}

/// Returns the end of the page, or of the absent entry, that a look at `at` has met.
pub(super) fn end_of(geometry: &Geometry, at: VirtAddr, found: &Result<Found, NotFound>) -> VirtAddr {
    let level = match found {
        Ok(found) => found.level,
        Err(NotFound::Absent { level, .. }) => *level,
        // A cursor refuses such a range before anybody looks at it; a small step is always right.
        Err(NotFound::NotCanonical) => Level::PT,
    };
    let span = geometry.page_bytes(level);
    at.align_down(span).checked_add(span).unwrap_or(VirtAddr::new(u64::MAX))
}

/// Returns a run from the front of a range that is not empty, all mapped or all not. It may end before the next page
/// differs.
pub(super) fn first_run<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    range: VirtRange,
) -> (VirtRange, Presence) {
    let mut at = range.start();
    let mut presence = None;
    for _ in 0..STEPS {
        if at >= range.end() {
            break;
        }
        let found = find(space, tables, at);
        let here = if found.is_ok() { Presence::Present } else { Presence::Absent };
        if *presence.get_or_insert(here) != here {
            break;
        }
        at = end_of(space.geometry(), at, &found).min(range.end());
    }
    let run = VirtRange::new(range.start(), at).unwrap_or(range);
    (run, presence.unwrap_or(Presence::Absent))
}
