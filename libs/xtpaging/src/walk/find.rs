//! Translating one address.

use xtcore::{Frame, Level, PhysAddr, VirtAddr};

use crate::entry::{Cache, Format, Kind, Rights, Scope, page_address};
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

/// Translates an address and tells everything about it. Cost: one entry per level.
///
/// # Errors
/// [`NotFound`], which tells at what level the walk ended.
#[inline]
pub fn find<T: Tables>(space: &AddressSpace, tables: &T, address: VirtAddr) -> Result<Found, NotFound> {
    with_shape!(space.mode(), T::MODES, S => find_in::<S, T>(space, tables, address))
}

/// Translates an address. Where nothing else is asked for, this is cheaper than [`find`]: a result of one word.
#[inline(always)]
pub fn translate<T: Tables>(space: &AddressSpace, tables: &T, address: VirtAddr) -> Option<PhysAddr> {
    with_shape!(space.mode(), T::MODES, S => translate_in::<S, T>(space, tables, address))
}

/// One body per mode, whoever calls it: what it returns is large, so a call is not what it costs.
#[inline(never)]
fn find_in<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Result<Found, NotFound> {
    descend::<S, T, Everything>(space, tables, address)
}

/// Part of its caller, where successive walks can overlap.
#[inline(always)]
fn translate_in<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Option<PhysAddr> {
    descend::<S, T, Target>(space, tables, address)
}

/// What the entries of a walk have in common.
#[derive(Clone, Copy)]
struct Chain {
    /// Bits that all of them have.
    all: u64,
    /// Bits that any of them has.
    any: u64,
}

/// What somebody wants to know of a walk. The answers are inlined into each place where a walk can end, so that who
/// asks for little pays for little.
trait Question {
    type Answer;

    fn nothing(why: NotFound) -> Self::Answer;

    fn page(format: &Format, level: Level, raw: u64, chain: Chain, target: PhysAddr) -> Self::Answer;
}

/// Where does the address lead?
struct Target;

impl Question for Target {
    type Answer = Option<PhysAddr>;

    #[inline(always)]
    fn nothing(_: NotFound) -> Option<PhysAddr> {
        None
    }

    #[inline(always)]
    fn page(_: &Format, _: Level, _: u64, _: Chain, target: PhysAddr) -> Option<PhysAddr> {
        Some(target)
    }
}

/// And what may be done there?
struct Everything;

impl Question for Everything {
    type Answer = Result<Found, NotFound>;

    #[inline(always)]
    fn nothing(why: NotFound) -> Result<Found, NotFound> {
        Err(why)
    }

    #[inline(always)]
    fn page(
        format: &Format,
        level: Level,
        raw: u64,
        chain: Chain,
        target: PhysAddr,
    ) -> Result<Found, NotFound> {
        Ok(Found {
            address: target,
            frame: page_address(format.geometry(), level, raw).frame(),
            level,
            // Rights to write and for users are ANDed over the levels, and so is that nothing forbids execution.
            rights: Rights { execute: format.rights(chain.any).execute, ..format.rights(chain.all) },
            cache: Format::cache(raw),
            scope: Format::scope(raw),
            raw,
        })
    }
}

#[inline(always)]
fn descend<S: Shape, T: Tables, Q: Question>(
    space: &AddressSpace,
    tables: &T,
    address: VirtAddr,
) -> Q::Answer {
    let geometry = S::GEOMETRY;
    let format = space.format();
    if !geometry.is_canonical(address) {
        return Q::nothing(NotFound::NotCanonical);
    }
    let mut place = space.top_in::<S>(address);
    let mut chain = Chain { all: u64::MAX, any: 0 };
    // One level after the other instead of a loop: in each step the level is a constant, and so are shifts and masks.
    // A walk is little more than a chain of loads then.
    macro_rules! levels {
        ($($level:ident, $below:expr;)*) => {
            $(
                if S::TOP >= Level::$level {
                    const LEVEL: Level = Level::$level;
                    let raw = tables.load(place, geometry.index(LEVEL, address));
                    chain = Chain { all: chain.all & raw, any: chain.any | raw };
                    match (format.kind_in(geometry, LEVEL, raw), $below) {
                        (Kind::Table, Some(below)) => {
                            let frame = page_address(geometry, Level::PT, raw).frame();
                            place = AddressSpace::child::<S>(LEVEL, below, frame, address);
                        }
                        (Kind::Page, _) => {
                            let offset = address.get() & (geometry.page_bytes(LEVEL) - 1);
                            let target = PhysAddr::new(page_address(geometry, LEVEL, raw).get() | offset);
                            return Q::page(format, LEVEL, raw, chain, target);
                        }
                        (Kind::Absent | Kind::Table, _) => {
                            return Q::nothing(NotFound::Absent { level: LEVEL, raw });
                        }
                    }
                }
            )*
        };
    }
    levels! {
        PML5, Some(Level::PML4);
        PML4, Some(Level::PDPT);
        PDPT, Some(Level::PD);
        PD, Some(Level::PT);
        PT, None::<Level>;
    }
    // Below a page table there is nothing: its entries have ended the walk.
    Q::nothing(NotFound::Absent { level: place.level, raw: 0 })
}
