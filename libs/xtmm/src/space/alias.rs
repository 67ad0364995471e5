//! Memory types: a frame of RAM has the same one in the window as everywhere else.
//!
//! Source: SDM volume 3A, sections 12.12.4 (programming the PAT) and 12.3 (methods of caching): aliases of different
//! types lead to undefined operation.

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtRange};
use xtpaging::walk::{Found, find};
use xtpaging::{AddressSpace, Attributes, Cache, Privilege, Protection, Tables, Tlb};

use super::error::SpaceError;
use super::frames::TableFrames;
use super::kernel::WindowRange;
use super::mapper::Mapper;
use super::runs::end_of;
use crate::machine::Machine;

/// Whether the window's memory type must be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alias {
    /// It must.
    Compare,
    /// The frames come from the allocator, which has only such as are write-back.
    WriteBack,
}

/// Checks that the window shows none of `frames` with another memory type. Cost: a look at each page of the window.
pub(super) fn check<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    window: &WindowRange,
    frames: FrameRange,
    wanted: Cache,
) -> Result<(), SpaceError> {
    let Some(pages) = window.pages_of(frames) else { return Ok(()) };
    let mut at = pages.start();
    while at < pages.end() {
        let found = find(space, tables, at);
        if let Ok(found) = &found
            && found.cache != wanted
        {
            return Err(SpaceError::CacheConflict {
                frame: found.address.frame(),
                window: found.cache,
                wanted,
            });
        }
        at = end_of(space.geometry(), at, &found);
    }
    Ok(())
}

/// [`check`] for frames one by one. Cost: a look for each page of the window at which the list arrives.
pub(super) fn check_list<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    window: &WindowRange,
    frames: &[Frame],
    wanted: Cache,
) -> Result<(), SpaceError> {
    // Neighbours are often shown by one large page: what the last look has answered.
    let mut answered = VirtRange::default();
    for frame in frames {
        let Some(at) = window.address_of(*frame).filter(|at| !answered.contains(*at)) else { continue };
        let found = find(space, tables, at);
        let end = end_of(space.geometry(), at, &found);
        let start = match &found {
            Ok(found) if found.cache != wanted => {
                return Err(SpaceError::CacheConflict { frame: *frame, window: found.cache, wanted });
            }
            Ok(found) => at.align_down(space.geometry().page_bytes(found.level)),
            Err(_) => at,
        };
        answered = VirtRange::new(start, end).unwrap_or_default();
    }
    Ok(())
}

/// [`check`] for the frames that `pages` show now, outside of the window.
pub(super) fn check_pages<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    window: &WindowRange,
    pages: VirtRange,
    wanted: Cache,
) -> Result<(), SpaceError> {
    let mut at = pages.start();
    while at < pages.end() {
        let found = find(space, tables, at);
        let end = end_of(space.geometry(), at, &found).min(pages.end());
        // Who keeps the memory type brings no conflict about.
        if let Ok(found) = &found
            && found.cache != wanted
        {
            let bytes = end.bytes_since(at).unwrap_or(PAGE_BYTES);
            let frames = FrameRange::with_count(found.address.frame(), FrameCount::holding(bytes));
            check(space, tables, window, frames, wanted)?;
        }
        at = end;
    }
    Ok(())
}

impl<M: Machine, T: Tables, L: Tlb, F: TableFrames> Mapper<'_, M, T, L, F> {
    /// Gives frames of RAM another memory type in the window, so that they can be mapped with it elsewhere. Frames above
    /// the window's end are in no window, and stay as they are. Highest level: Dispatch, with interrupts on.
    ///
    /// No other mapping of the frames may exist, and before they are freed they must be write-back again. `write_back` is
    /// called with the window's pages when no processor uses the old type any more, under the lock: it writes back and
    /// drops what the caches hold of them. Large pages at the ends are split.
    ///
    /// # Errors
    /// [`SpaceError::NotShown`] when a frame within the window is not usable RAM, or was never used;
    /// [`MapError::OutOfFrames`](xtpaging::MapError::OutOfFrames) when there are none for a split. Nothing has
    /// changed then.
    pub fn set_cache(
        &self,
        frames: FrameRange,
        cache: Cache,
        mut write_back: impl FnMut(VirtRange),
    ) -> Result<(), SpaceError> {
        let window = *self.kernel.window();
        let Some(pages) = window.pages_of(frames).filter(|pages| !pages.is_empty()) else { return Ok(()) };
        self.attempt(|space, tables, tlb, mut source| {
            check_shown(space, tables, pages, frames.start())?;
            if let Some(split) = space.cursor(tables, pages)?.split_ends(&mut source)? {
                let _nothing = split.discharge(tlb);
            }
            // No page reaches over an end of the range any more, and all are there: nothing fails from here on.
            let mut at = pages.start();
            while at < pages.end() {
                let rest = VirtRange::new(at, pages.end()).unwrap_or_default();
                let Some((run, attributes)) = first_alike(space, tables, rest) else { break };
                let changed = attributes.with_cache(cache);
                let obligation = space.cursor(tables, run)?.protect(&mut source, changed)?;
                let _nothing = obligation.discharge(tlb);
                at = run.end();
            }
            write_back(pages);
            Ok(())
        })
    }
}

fn check_shown<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    pages: VirtRange,
    first: Frame,
) -> Result<(), SpaceError> {
    let mut at = pages.start();
    while at < pages.end() {
        let found = find(space, tables, at);
        if found.is_err() {
            let bytes = at.bytes_since(pages.start()).unwrap_or(0);
            return Err(SpaceError::NotShown { frame: first.saturating_add(FrameCount::holding(bytes)) });
        }
        at = end_of(space.geometry(), at, &found);
    }
    Ok(())
}

/// Returns the pages from the front of `range` that have the same attributes, and these.
fn first_alike<T: Tables>(
    space: &AddressSpace,
    tables: &T,
    range: VirtRange,
) -> Option<(VirtRange, Attributes)> {
    let mut at = range.start();
    let mut alike = None;
    while at < range.end() {
        let found = find(space, tables, at);
        let Ok(page) = &found else { break };
        let attributes = attributes_of(page);
        if *alike.get_or_insert(attributes) != attributes {
            break;
        }
        at = end_of(space.geometry(), at, &found);
    }
    Some((VirtRange::new(range.start(), at.min(range.end()))?, alike?))
}

/// Returns the attributes of a page of the window. Nothing in it is executable or a user's.
const fn attributes_of(found: &Found) -> Attributes {
    Attributes {
        protection: if found.rights.write { Protection::ReadWrite } else { Protection::Read },
        privilege: Privilege::Supervisor,
        cache: found.cache,
        scope: found.scope,
    }
}
