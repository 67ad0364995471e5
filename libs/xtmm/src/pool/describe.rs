//! What the books say of an address, for a monitor.
//!
//! Takes no lock, may be asked at any level, and believes nothing: whatever is read lies in the pool's own ranges, and the caller
//! says of each stretch whether it has memory, because a pool that somebody has damaged may name any. Nothing changes
//! meanwhile; else an answer is a mixture of two moments, and no worse.
#![allow(unsafe_code, reason = "books are read that a damaged record may name")]

use core::fmt;
use core::ptr::{self, NonNull};

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

use crate::machine::Machine;
use crate::pool::Pool;
use crate::pool::books::{PageRecord, Part, RecordIndex, Unit};
use crate::pool::check::canary;
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::Tag;
use crate::pool::small::slab::Slab;
use crate::pool::whole::Whole;

/// Tells whether there is memory behind a stretch of addresses.
pub type IsThere<'a> = &'a dyn Fn(VirtRange) -> bool;

/// What a block is, or was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// In use, under a tag.
    Used(Tag),
    /// Free.
    Free,
}

/// Whether what lies behind a block is as it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behind {
    /// It is.
    Intact,
    /// Something has written there.
    Damaged,
    /// There is nothing to compare: the block fills its place, or was free before its canary could be compared.
    Nothing,
    /// It has no memory.
    Absent,
}

impl fmt::Display for Behind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Intact => "intact",
            Self::Damaged => "damaged",
            Self::Nothing => "nothing to compare",
            Self::Absent => "without memory",
        })
    }
}

/// A block, or a place for one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Described {
    /// Where it starts.
    pub start: VirtAddr,
    /// How many bytes its place has.
    pub room: u64,
    /// How many bytes were asked for, if that is known.
    pub size: Option<u64>,
    /// What it is.
    pub state: State,
    /// What lies behind it.
    pub behind: Behind,
}

/// What a block is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Equal places on a few pages.
    Slab {
        /// The pages.
        pages: VirtRange,
        /// The number of the place.
        number: u32,
        /// How many there are.
        places: u32,
        /// How many of them are free and in no magazine.
        free: u32,
    },
    /// Pages of its own.
    Whole(VirtRange),
    /// Pages of its own with a guard, in the special pool.
    Special(VirtRange),
}

/// What the books say of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    /// What the block is part of.
    pub holder: Holder,
    /// The block.
    pub block: Described,
    /// The one in front of it, in the same slab.
    pub before: Option<Described>,
    /// The one behind it, in the same slab.
    pub after: Option<Described>,
}

/// Why nothing is said of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// It is not in the pool's region.
    Elsewhere,
    /// Nothing is allocated on its page.
    Nothing,
    /// It lies behind the last place of a slab.
    Remainder,
    /// The books contradict themselves: the record of the page, or the header that it names.
    Damaged,
}

impl fmt::Display for Unknown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Elsewhere => "the address is in no pool",
            Self::Nothing => "nothing is allocated on that page of the pool",
            Self::Remainder => "the address lies behind the last place of a slab",
            Self::Damaged => "the pool's books about that page are damaged",
        })
    }
}

impl core::error::Error for Unknown {}

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Tells what the books say of an address. Highest level: any. Cost: constant, besides the length of one block.
    ///
    /// # Errors
    /// [`Unknown`].
    pub fn describe(&self, address: VirtAddr, is_there: IsThere<'_>) -> Result<Description, Unknown> {
        if !self.region.contains(address) {
            return Err(Unknown::Elsewhere);
        }
        // The region lies where pointers can reach, so an address in it fits.
        let page = self.page_of(address.get() as usize);
        match page.as_part() {
            Some(Part::Whole(unit)) => self.describe_whole(address, unit, is_there, Holder::Whole),
            Some(Part::Special(unit)) => self.describe_whole(address, unit, is_there, Holder::Special),
            None if page.is_slab() => self.describe_slab(address, page, is_there),
            None => Err(Unknown::Nothing),
        }
    }

    fn describe_whole(
        &self,
        address: VirtAddr,
        unit: Unit,
        is_there: IsThere<'_>,
        holder: fn(VirtRange) -> Holder,
    ) -> Result<Description, Unknown> {
        if !self.has_books(unit, size_of::<Whole>(), is_there) {
            return Err(Unknown::Damaged);
        }
        let (header, shape) = (self.whole(unit), self.whole(unit).shape());
        let (start, data) = (shape.address(), shape.data());
        let is_sound = shape.pages.contains(address)
            && self.region.contains(shape.pages.start())
            && shape.pages.end() <= self.region.end()
            && data.contains(start)
            && shape.size as u64 <= shape.room() as u64;
        if !is_sound {
            return Err(Unknown::Damaged);
        }
        let is_live = header.is_live();
        let behind = if !is_live {
            Behind::Nothing
        } else if !is_there(data) {
            Behind::Absent
        } else {
            let verdict = match pointer(start) {
                Some(block) if holder(data) == Holder::Whole(data) => {
                    self.verify_slack(block, shape.size, shape.room())
                }
                _ => self.verify_special(&shape),
            };
            judge(verdict)
        };
        let state = if is_live { State::Used(self.tag_of(shape.place)) } else { State::Free };
        let block =
            Described { start, room: shape.room() as u64, size: Some(shape.size as u64), state, behind };
        Ok(Description { holder: holder(shape.pages), block, before: None, after: None })
    }

    fn describe_slab(
        &self,
        address: VirtAddr,
        page: PageRecord,
        is_there: IsThere<'_>,
    ) -> Result<Description, Unknown> {
        let class = page.class();
        let unit = page.unit().ok_or(Unknown::Damaged)?;
        if class.places == 0 || !self.has_books(unit, Slab::bytes(class), is_there) {
            return Err(Unknown::Damaged);
        }
        let slab = self.slab(unit);
        let offset = page.offset(address.get() as usize);
        let start = VirtAddr::new(address.get().saturating_sub(offset.into()));
        let pages = VirtRange::saturating(start, u64::from(class.pages) * PAGE_BYTES);
        if self.slab_start(unit) != start {
            return Err(Unknown::Damaged);
        }
        let (number, _) = class.locate(offset);
        let places = u32::from(class.places);
        if number >= places {
            return Err(Unknown::Remainder);
        }
        let describe = |number: u32| {
            let start = VirtAddr::new(start.get() + u64::from(number) * u64::from(class.size));
            let index = RecordIndex::of(unit.get(), number);
            self.describe_place(start, class.size as usize, index, is_there)
        };
        Ok(Description {
            holder: Holder::Slab { pages, number, places, free: slab.free() },
            block: describe(number),
            before: number.checked_sub(1).map(describe),
            after: Some(number + 1).filter(|next| *next < places).map(describe),
        })
    }

    /// Describes a place of a slab whose header and records have memory.
    fn describe_place(
        &self,
        start: VirtAddr,
        room: usize,
        index: RecordIndex,
        is_there: IsThere<'_>,
    ) -> Described {
        let content = self.record_at(index).read();
        let state = match content.place() {
            Some(place) if !content.is_free() => State::Used(self.tag_of(place)),
            _ => State::Free,
        };
        let slack = if content.is_free() { content.before_freed() } else { Some(content.slack()) };
        let has_memory = is_there(VirtRange::saturating(start, room as u64));
        let (size, behind) = match (slack, pointer(start)) {
            (Some(slack), _) if slack.is_none() => (Some(room as u64), Behind::Nothing),
            (Some(slack), Some(block)) if has_memory => {
                // SAFETY: the place lies in the pool's region and has memory; the record, written together with its canary,
                // says how it ends. A record that lies is found out by the comparison.
                let size = unsafe { canary::size(block, slack, room, self.key) };
                (size.map(|size| size as u64), judge(self.verify_place(block, slack, room)))
            }
            (Some(_), _) => (None, Behind::Absent),
            (None, _) => (None, Behind::Nothing),
        };
        Described { start, room: room as u64, size, state, behind }
    }

    /// Tells whether so many bytes of books from a unit on are there.
    fn has_books(&self, unit: Unit, bytes: usize, is_there: IsThere<'_>) -> bool {
        VirtRange::with_length(self.books.address_of(unit), bytes as u64)
            .is_some_and(|range| self.books.holds(range) && is_there(range))
    }
}

const fn judge(verdict: Result<(), Crime>) -> Behind {
    match verdict {
        Ok(()) => Behind::Intact,
        Err(_) => Behind::Damaged,
    }
}

fn pointer(address: VirtAddr) -> Option<NonNull<u8>> {
    NonNull::new(ptr::with_exposed_provenance_mut(address.get() as usize))
}
