//! The tags that have ever been used, each with a place of its own.
//!
//! An open-addressed table that only grows: a place, once taken, names the same tag for ever, so that blocks can
//! remember the place instead of the tag and readers need no lock. A place is taken by one compare-and-exchange; two
//! processors that insert the same tag at one time meet at the same place, and the loser finds the winner's tag there.
//!
//! This file is also compiled by the model checker of the tests, which brings its own atomics.

use super::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Places for tags of their own; a power of two.
pub const PLACES: usize = 1024;

/// How far from where its number leads a tag may lie.
const PROBES: usize = 64;

/// A place of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Place(u16);

impl Place {
    /// The place that all tags share which found none of their own.
    pub const OVERFLOW: Self = Self(PLACES as u16);

    /// Returns all places, the shared one last.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=PLACES as u16).map(Self)
    }

    /// Returns the number, from 0 up to [`PLACES`].
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// Returns the place as a block's record keeps it: never zero, because zero means free.
    #[inline]
    pub(crate) const fn to_record(self) -> u32 {
        self.0 as u32 + 1
    }

    /// Returns the place of a record, or `None` for what is none.
    #[inline]
    pub(crate) const fn from_record(record: u32) -> Option<Self> {
        if record.wrapping_sub(1) <= PLACES as u32 { Some(Self((record - 1) as u16)) } else { None }
    }
}

/// What a place holds; all zeros for an empty one.
#[derive(Debug)]
pub(super) struct Entry {
    /// The tag; zero is no tag.
    pub(super) tag: AtomicU32,
    /// One more than the quota in bytes; zero is no quota.
    pub(super) quota: AtomicUsize,
}

/// A table of `N` places for tags of their own, a power of two and at most [`PLACES`]. One serves all pools of a system.
#[derive(Debug)]
pub struct Table<const N: usize> {
    pub(super) own: [Entry; N],
    pub(super) shared: Entry,
}

impl<const N: usize> Table<N> {
    const SHIFT: u32 = {
        assert!(N.is_power_of_two() && N > 1 && N <= PLACES);
        u32::BITS - N.trailing_zeros()
    };

    /// Returns where a tag wants to be: the upper bits of its product with 2^32 over the golden ratio, which spreads tags
    /// that differ in one character.
    #[inline]
    const fn home(tag: u32) -> usize {
        (tag.wrapping_mul(0x9E37_79B1) >> Self::SHIFT) as usize
    }

    #[inline]
    fn entry(&self, place: Place) -> &Entry {
        self.own.get(place.get()).unwrap_or(&self.shared)
    }

    /// Returns the place of a tag. Cost: a multiplication and a load, if nothing else lies where the tag wants to be.
    ///
    /// A tag of zero has no place of its own.
    #[inline]
    pub fn find(&self, tag: u32) -> Option<Place> {
        self.find_at_home(tag).or_else(|| self.search(tag))
    }

    /// Returns the place of a tag if the tag lies where it wants to be, as nearly all do. Cost: two comparisons for a tag
    /// that the compiler knows.
    #[inline]
    pub(crate) fn find_at_home(&self, tag: u32) -> Option<Place> {
        let first = Self::home(tag);
        let entry = self.own.get(first)?;
        (tag != 0 && entry.tag.load(Ordering::Relaxed) == tag).then_some(Place(first as u16))
    }

    /// Tells whether a place has a quota.
    #[inline]
    pub(crate) fn is_limited(&self, place: Place) -> bool {
        self.entry(place).quota.load(Ordering::Relaxed) != 0
    }

    #[cold]
    #[inline(never)]
    fn search(&self, tag: u32) -> Option<Place> {
        for (place, entry) in self.probe(tag) {
            match entry.tag.load(Ordering::Relaxed) {
                0 => return None,
                found if found == tag => return Some(place),
                _ => {}
            }
        }
        None
    }

    /// Returns the place of a tag and gives it one if it has none; the shared place when there is none left near where
    /// it belongs, and for a tag of zero.
    #[cold]
    pub fn insert(&self, tag: u32) -> Place {
        for (place, entry) in self.probe(tag) {
            match entry.tag.compare_exchange(0, tag, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return place,
                Err(found) if found == tag => return place,
                Err(_) => {}
            }
        }
        Place::OVERFLOW
    }

    /// Returns the tag that a place belongs to, or zero when it belongs to none.
    #[must_use]
    pub fn tag(&self, place: Place) -> u32 {
        self.entry(place).tag.load(Ordering::Relaxed)
    }

    /// Returns the quota of a place, in bytes.
    #[inline]
    #[must_use]
    pub fn quota(&self, place: Place) -> Option<usize> {
        self.entry(place).quota.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Sets the quota of a place, in bytes, or removes it.
    pub fn set_quota(&self, place: Place, quota: Option<usize>) {
        let stored = quota.map_or(0, |bytes| bytes.saturating_add(1));
        self.entry(place).quota.store(stored, Ordering::Relaxed);
    }

    fn probe(&self, tag: u32) -> impl Iterator<Item = (Place, &Entry)> {
        let probes = if tag == 0 { 0 } else { PROBES.min(N) };
        (0..probes).filter_map(move |step| {
            let number = (Self::home(tag) + step) % N;
            self.own.get(number).map(|entry| (Place(number as u16), entry))
        })
    }
}
