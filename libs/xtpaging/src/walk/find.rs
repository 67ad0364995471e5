//! Translating one address.

use xtcore::{Frame, Level, PhysAddr, VirtAddr};

use crate::entry::{Bits, Cache, Decoded, Format, Rights, Scope};
use crate::memory::{TablePlace, Tables};
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

/// Translates an address and tells everything about it. Cost: one entry per level.
///
/// # Errors
/// [`NotFound`], which tells at what level the walk ended.
#[inline]
pub fn find<T: Tables>(space: &AddressSpace, tables: &T, address: VirtAddr) -> Result<Found, NotFound> {
    with_shape!(space.mode(), S => find_in::<S, T>(space, tables, address))
}

/// Translates an address. Where nothing else is asked for, this is cheaper than [`find`]: a result of one word.
#[inline]
pub fn translate<T: Tables>(space: &AddressSpace, tables: &T, address: VirtAddr) -> Option<PhysAddr> {
    with_shape!(space.mode(), S => translate_in::<S, T>(space, tables, address))
}

// One body per mode, whoever calls it: the choice is made outside, and costs a jump.

#[inline(never)]
fn find_in<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Result<Found, NotFound> {
    descend::<S, T>(space, tables, address)
}

#[inline(never)]
fn translate_in<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Option<PhysAddr> {
    match descend::<S, T>(space, tables, address) {
        Ok(found) => Some(found.address),
        Err(_) => None,
    }
}

/// Where one step of a walk led.
enum Step {
    /// To the table below.
    Down(TablePlace),
    /// To the end.
    End(Result<Found, NotFound>),
}

/// What the entries of a walk have in common.
#[derive(Clone, Copy)]
struct Chain {
    /// Bits that all of them have.
    all: u64,
    /// Bits that any of them has.
    any: u64,
}

/// Inlined into both of its callers, of which one needs little of what it finds.
#[inline(always)]
fn descend<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Result<Found, NotFound> {
    if !S::GEOMETRY.is_canonical(address) {
        return Err(NotFound::NotCanonical);
    }
    let mut place = match S::TOP_TABLES {
        1 => TablePlace { frame: space.root().frame(), level: S::TOP, covers: VirtAddr::ZERO },
        _ => space.top(address),
    };
    let mut chain = Chain { all: u64::MAX, any: 0 };
    // One level after the other instead of a loop: in each step the level is a constant, and so are shifts and masks.
    // A walk is little more than a chain of loads then.
    macro_rules! levels {
        ($($level:ident),*) => {
            $(
                if S::TOP >= Level::$level {
                    place.level = Level::$level;
                    match step::<S, T>(space, tables, address, place, &mut chain) {
                        Step::Down(below) => place = below,
                        Step::End(outcome) => return outcome,
                    }
                }
            )*
        };
    }
    levels!(PML5, PML4, PDPT, PD);
    place.level = Level::PT;
    match step::<S, T>(space, tables, address, place, &mut chain) {
        Step::End(outcome) => outcome,
        // Below a page table there is nothing.
        Step::Down(below) => Err(NotFound::Absent { level: below.level, raw: 0 }),
    }
}

/// Looks at the entry for `address` in one table. Inlined, so that the level of `place` is a constant.
#[inline(always)]
fn step<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
    place: TablePlace,
    chain: &mut Chain,
) -> Step {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let level = place.level;
    let raw = tables.load(place, geometry.index(level, address));
    if raw & Bits::PRESENT.bits() == 0 {
        return Step::End(Err(NotFound::Absent { level, raw }));
    }
    chain.all &= raw;
    chain.any |= raw;
    match (format.decode_in(geometry, level, raw), level.below()) {
        (Decoded::Table(frame), Some(below)) => {
            Step::Down(AddressSpace::child::<S>(place, below, frame, address))
        }
        (Decoded::Page(frame) | Decoded::Table(frame), _) => {
            let offset = address.get() & (geometry.page_bytes(level) - 1);
            Step::End(Ok(Found {
                address: PhysAddr::new(frame.address().get() + offset),
                frame,
                level,
                // Rights to write and for users are ANDed over the levels, and so is that nothing forbids execution.
                rights: Rights { execute: format.rights(chain.any).execute, ..format.rights(chain.all) },
                cache: Format::cache(raw),
                scope: Format::scope(raw),
                raw,
            }))
        }
        (Decoded::Absent, _) => Step::End(Err(NotFound::Absent { level, raw })),
    }
}
