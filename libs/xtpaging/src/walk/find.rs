//! Translating one address.

use xtcore::{Frame, Level, PhysAddr, VirtAddr};

use crate::entry::{Bits, Cache, Decoded, Format, Rights, Scope};
use crate::memory::Tables;
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;

/// What an address translates to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The physical address.
    pub address: PhysAddr,
    /// The first frame of the page.
    pub frame: Frame,
    /// The level of the page: 1 is a 4 KiB page.
    pub level: Level,
    /// The effective rights over all levels.
    pub rights: Rights,
    /// Memory type.
    pub cache: Cache,
    /// Whether the page is global.
    pub scope: Scope,
    /// The page's entry.
    pub raw: u64,
}

/// Why an address does not translate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotFound {
    /// The mode cannot translate such an address.
    NotCanonical,
    /// The entry at this level is not present.
    Absent {
        /// Level of the table that holds the entry.
        level: Level,
        /// The entry.
        raw: u64,
    },
}

/// Translates an address. Cost: one entry per level.
///
/// # Errors
/// [`NotFound`], which tells at what level the walk ended.
pub fn find<T: Tables>(space: &AddressSpace, tables: &T, address: VirtAddr) -> Result<Found, NotFound> {
    if !space.geometry().is_canonical(address) {
        return Err(NotFound::NotCanonical);
    }
    with_shape!(space.mode(), S => descend::<S, T>(space, tables, address))
}

fn descend<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Result<Found, NotFound> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let mut place = space.top(address);
    let mut rights = Rights::ALL;
    loop {
        let level = place.level;
        let raw = tables.load(place, geometry.index(level, address));
        if raw & Bits::PRESENT.bits() == 0 {
            return Err(NotFound::Absent { level, raw });
        }
        rights = rights.and(format.rights(raw));
        match (format.decode(level, raw), level.below()) {
            (Decoded::Table(frame), Some(below)) => {
                place = AddressSpace::child::<S>(place, below, frame, address);
            }
            (Decoded::Page(frame) | Decoded::Table(frame), _) => {
                let offset = address.get() & (geometry.page_bytes(level) - 1);
                return Ok(Found {
                    address: PhysAddr::new(frame.address().get() + offset),
                    frame,
                    level,
                    rights,
                    cache: Format::cache(raw),
                    scope: Format::scope(raw),
                    raw,
                });
            }
            (Decoded::Absent, _) => return Err(NotFound::Absent { level, raw }),
        }
    }
}
