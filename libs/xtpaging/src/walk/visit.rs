//! Visiting every table and every page of an address space, in the order of addresses.

use core::ops::ControlFlow;

use xtcore::{Frame, Level, VirtAddr};

use crate::entry::{Bits, Decoded, Rights};
use crate::memory::{TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;

/// A page, as a full walk finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// The first address of the page.
    pub address: VirtAddr,
    /// The first frame.
    pub frame: Frame,
    /// The level of the entry: the size of the page.
    pub level: Level,
    /// The effective rights over all levels.
    pub rights: Rights,
    /// The entry.
    pub raw: u64,
}

/// What a visit meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    /// A table, before its entries.
    Table(TablePlace),
    /// A page.
    Leaf(Leaf),
}

/// Whether a visit follows the self-map, in which the tables appear a second time, as pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelfMapPolicy {
    /// It does: every address that translates is met.
    Follow,
    /// It doesn't: every table is met once.
    Skip,
}

/// Visits tables and pages until `each` breaks. Cost: all entries of all tables.
pub fn visit<T: Tables, B>(
    space: &AddressSpace,
    tables: &T,
    policy: SelfMapPolicy,
    mut each: impl FnMut(Node) -> ControlFlow<B>,
) -> ControlFlow<B> {
    with_shape!(space.mode(), T::MODES, S => {
        for top in space.tops() {
            descend::<S, T, B>(space, tables, policy, top, Rights::ALL, &mut each)?;
        }
        ControlFlow::Continue(())
    })
}

fn descend<S: Shape, T: Tables, B>(
    space: &AddressSpace,
    tables: &T,
    policy: SelfMapPolicy,
    place: TablePlace,
    above: Rights,
    each: &mut impl FnMut(Node) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let shift = geometry.shift(place.level);
    let self_map = space.self_map().region();
    each(Node::Table(place))?;
    for index in 0..geometry.entries(place.level) {
        let raw = tables.load(place, index);
        if raw & Bits::PRESENT.bits() == 0 {
            continue;
        }
        let address = geometry.canonical(place.covers.get() | (index as u64) << shift);
        if policy == SelfMapPolicy::Skip && self_map.contains(address) {
            continue;
        }
        let rights = above.and(format.rights(raw));
        match (format.decode(place.level, raw), place.level.below()) {
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place.level, below, frame, address);
                descend::<S, T, B>(space, tables, policy, child, rights, each)?;
            }
            (Decoded::Page(frame) | Decoded::Table(frame), _) => {
                each(Node::Leaf(Leaf { address, frame, level: place.level, rights, raw }))?;
            }
            (Decoded::Absent, _) => {}
        }
    }
    ControlFlow::Continue(())
}
