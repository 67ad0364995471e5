//! All memory that no processor keeps to itself: the rows of opened blocks, and fresh memory that has no rows yet.
//!
//! # Invariants
//! * *Known* are the frames that the allocator governs; *fresh* are those of them that nobody has touched. A block is
//!   opened exactly if some frame of it is known, none of it is fresh, and it does not lie in the *tail* of a giant that
//!   was handed out as one ([`giants::tails`]). So a known frame that is in neither has a record, and asking costs two
//!   comparisons while the answer lies in the gap that was found last.
//! * A set bit means free. A block with none is on no list, one with some on the
//!   list of partly free blocks of its class, one with all on that of wholly free ones.
//! * A block that is handed out or kept as a whole, and one that rests, has no bits. So a row with bits says that
//!   its block is split, or has the stock in it.
//! * The first block of a giant counts the giant's wholly free blocks; a giant with all is on a list as well.
//! * The *stock* is a run of frames, free but without bits, from which the books of blocks are made that are opened as a
//!   whole; the block that it lies in is marked.
//!
//! # Lock
//! One lock around all of it. The page tables' lock is taken under it, by [`Blocks::open`](super::Blocks::open).

mod adopt;
pub(crate) mod bits;
mod giants;
mod lists;
mod opening;
pub(crate) mod records;
pub(crate) mod run;
mod single;
mod whole;

use core::ops::Range;
use core::sync::atomic::AtomicUsize;

use xtcore::{Frame, FrameCount, FrameRange};

use super::error::FrameCrime;
use super::ranges::RangeSet;
use super::units::{Opened, Pfn};
use super::zones::{Class, Zone, Zones};
use bits::Amount;
use lists::{List, Through};
pub(crate) use opening::Opener;
pub use records::Records;
use records::{Header, State, Tail};

/// The lists of giants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    None,
    Giants,
    Broken,
}

/// The lists of a class.
#[derive(Debug)]
struct Lists {
    partial: List,
    whole: List,
    /// Giants by their first block, in the class of their last block.
    giants: List,
    /// Giants with a free tail that are not wholly free, by their first block.
    broken: List,
}

impl Lists {
    const fn new() -> Self {
        Self {
            partial: List::new(Through::Blocks),
            whole: List::new(Through::Blocks),
            giants: List::new(Through::Giants),
            broken: List::new(Through::Giants),
        }
    }
}

/// What the rows are made of.
pub(crate) struct Parts<'m> {
    pub(crate) records: Records<'m>,
    pub(crate) zones: Zones,
    pub(crate) giant_blocks: u32,
    pub(crate) opening: FrameCount,
    pub(crate) fresh: RangeSet<'m>,
    pub(crate) known: RangeSet<'m>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Rows<'m> {
    records: Records<'m>,
    zones: Zones,
    /// Blocks of a giant: a power of two.
    giant_blocks: u32,
    /// Fresh pieces of a block up to this size are not worth opening it.
    opening: FrameCount,
    classes: [Lists; 4],
    fresh: RangeSet<'m>,
    known: RangeSet<'m>,
    stock: FrameRange,
    /// Giants that have a tail.
    tails: usize,
    /// Frames of free tails and of resting blocks.
    untouched: usize,
    /// Known frames without a fresh one among them, as found last.
    gap: Range<Pfn>,
    /// The one before: memory below and above the fresh rest is often in use by turns.
    other_gap: Range<Pfn>,
    /// Bits that are set.
    free: usize,
    /// Frames that went into the books of blocks.
    books: FrameCount,
    /// A crime that came to light where nobody could be told.
    crime: Option<FrameCrime>,
}

impl<'m> Rows<'m> {
    pub(crate) fn new(parts: Parts<'m>) -> Self {
        let Parts { records, zones, giant_blocks, opening, fresh, known } = parts;
        Self {
            records,
            zones,
            giant_blocks,
            opening,
            classes: [const { Lists::new() }; 4],
            fresh,
            known,
            stock: FrameRange::default(),
            tails: 0,
            untouched: 0,
            gap: Pfn(0)..Pfn(0),
            other_gap: Pfn(0)..Pfn(0),
            free: 0,
            books: FrameCount::ZERO,
            crime: None,
        }
    }

    /// Returns how many frames the rows and the stock hold.
    pub(crate) fn free(&self) -> FrameCount {
        FrameCount::new(self.free as u64).saturating_add(self.stock.count())
    }

    /// Returns how many frames are fresh, or free as parts of a giant that has no records of its own.
    pub(crate) fn untouched(&self) -> FrameCount {
        self.fresh.total().saturating_add(FrameCount::new(self.untouched as u64))
    }

    /// Tells whether [`Rows::untouched`] counts a known frame.
    pub(crate) fn is_untouched(&self, pfn: Pfn) -> bool {
        let block = self.records.size().block_of(pfn);
        self.fresh.containing(pfn.frame()).is_some()
            || self.tail_around(block).is_some_and(|tail| tail.is_free())
            || self.is_resting(block)
    }

    pub(crate) const fn known(&self) -> &RangeSet<'m> {
        &self.known
    }

    /// Returns how many frames went into the books of blocks.
    pub(crate) const fn books(&self) -> FrameCount {
        self.books
    }

    /// Keeps a crime for the next one who can be told, the first one if there are several.
    pub(crate) fn note(&mut self, outcome: Result<(), FrameCrime>) {
        self.crime = self.crime.or(outcome.err());
    }

    /// Returns a crime that was kept.
    ///
    /// # Errors
    /// That crime.
    pub(crate) fn unreported(&mut self) -> Result<(), FrameCrime> {
        self.crime.take().map_or(Ok(()), Err)
    }

    /// Returns frames around one that was looked up just now whose blocks are all opened.
    pub(crate) fn opened_around(&self, pfn: Pfn) -> Range<Pfn> {
        if self.tails == 0 {
            return self.gap.clone();
        }
        // Which other giants have tails is not worth searching for.
        let size = self.records.size();
        let first = size.block_of(pfn) & !(self.giant_blocks - 1);
        let end = self.tailed(first).map_or(first.saturating_add(self.giant_blocks), |giant| giant.start);
        self.gap.start.max(size.pfn(first, 0))..self.gap.end.min(size.pfn(end, 0))
    }

    /// Returns how many fresh frames lie in blocks that are not worth opening. Cost: proportional to the fresh ranges.
    pub(crate) fn unusable(&self) -> FrameCount {
        let size = self.records.size();
        self.fresh.as_slice().iter().fold(FrameCount::ZERO, |sum, range| {
            let first = size.around(range.start());
            let last = size.around(Frame::new(range.end().number().saturating_sub(1)));
            let rest = |block: FrameRange| match self.largest_piece(block) {
                piece if piece.count() <= self.opening => block.intersection(*range).count(),
                _ => FrameCount::ZERO,
            };
            let both = if first == last { rest(first) } else { rest(first).saturating_add(rest(last)) };
            sum.saturating_add(both)
        })
    }

    /// Tells whether a frame that is known and not fresh is free here.
    pub(crate) fn is_free(&mut self, pfn: Pfn) -> Result<bool, FrameCrime> {
        let block = self.opened(pfn)?;
        let offset = self.records.size().offset_of(pfn);
        let bit = bits::first_set(self.records.row(block), offset..offset + 1);
        Ok(bit.is_some() || self.stock.contains(pfn.frame()))
    }

    /// Tells whether the block of a frame that is known and not fresh is kept as one by a processor.
    pub(crate) fn is_cached(&mut self, pfn: Pfn) -> Result<bool, FrameCrime> {
        let block = self.opened(pfn)?;
        Ok(self.records.state(block).get() == State::Cached)
    }

    fn lists(&mut self, class: Class) -> &mut Lists {
        let [lowest, low, middle, high] = &mut self.classes;
        match class {
            Class::Lowest => lowest,
            Class::Low => low,
            Class::Middle => middle,
            Class::High => high,
        }
    }

    /// Returns the block of a frame, with the promise that it has a record.
    ///
    /// # Errors
    /// [`FrameCrime::Foreign`] when the frame isn't known, [`FrameCrime::AlreadyFree`] when it is fresh,
    /// [`FrameCrime::NotWhole`] when it is part of a giant that was handed out as one.
    #[inline]
    fn opened(&mut self, pfn: Pfn) -> Result<Opened, FrameCrime> {
        if !self.gap.contains(&pfn) {
            if !self.other_gap.contains(&pfn) {
                self.other_gap = self.gap_around(pfn)?;
            }
            core::mem::swap(&mut self.gap, &mut self.other_gap);
        }
        let block = self.records.size().block_of(pfn);
        if self.tails != 0
            && let Some(tail) = self.tail_around(block)
        {
            return Err(self.crime_in(tail, pfn));
        }
        Ok(vouch(block))
    }

    /// Returns the known frames around one that have no fresh frame among them. Cost: two binary searches.
    #[cold]
    fn gap_around(&self, pfn: Pfn) -> Result<Range<Pfn>, FrameCrime> {
        let frame = pfn.frame();
        let known = self.known.containing(frame).ok_or(FrameCrime::Foreign(frame))?;
        let gap = self.fresh.gap_around(frame).ok_or(FrameCrime::AlreadyFree(frame))?.intersection(known);
        Ok(Pfn::saturating(gap.start())..Pfn::saturating(gap.end()))
    }

    /// Returns a block if it has a record and its first frame is known.
    fn opened_block(&self, block: u32) -> Option<Opened> {
        self.opened_outside_tails(block).filter(|_| self.tail_around(block).is_none())
    }

    /// Does what [`Rows::opened_block`] does for a block that is in no tail: one of block 0's, or the first of a giant.
    fn opened_outside_tails(&self, block: u32) -> Option<Opened> {
        let first = self.records.size().pfn(block, 0);
        let is_open = self.gap.contains(&first) || self.gap_around(first).is_ok();
        is_open.then(|| vouch(block))
    }

    /// Tells whether the block with these frames is opened. It has frames that nobody knows, or is block 0: what
    /// tails have neither of.
    fn is_open(&self, block: FrameRange) -> bool {
        self.known.within(block).next().is_some() && self.fresh.within(block).next().is_none()
    }

    /// Puts a block whose bits have changed on the list where it belongs now.
    #[inline]
    fn settle(&mut self, block: Opened, before: Amount) {
        let after = bits::amount(self.records.row(block));
        if before != after {
            self.relink(block, before, after);
        }
    }

    #[cold]
    fn relink(&mut self, block: Opened, before: Amount, after: Amount) {
        let records = self.records;
        let lists = self.lists(self.zones.class_of(block.number()));
        match before {
            Amount::None => {}
            Amount::Some => lists.partial.remove(&records, block),
            Amount::All => lists.whole.remove(&records, block),
        }
        match after {
            Amount::None => {}
            Amount::Some => lists.partial.push(&records, block),
            Amount::All => lists.whole.push(&records, block),
        }
        if before == Amount::All {
            self.count_in_giant(block, |count| count.saturating_sub(1));
        } else if after == Amount::All {
            self.count_in_giant(block, |count| count + 1);
        }
    }

    /// Changes the number of wholly free blocks of the giant around `block`. A giant whose first block is not opened
    /// is counted when that happens.
    fn count_in_giant(&mut self, block: Opened, change: impl Fn(usize) -> usize) {
        if let Some(first) = self.first_of_giant(block.number()) {
            self.change_giant(first, |header| header.set_whole_in_giant(change(header.whole_in_giant())));
        }
    }

    /// Returns the first block of the giant around a block, if it is opened.
    fn first_of_giant(&self, block: u32) -> Option<Opened> {
        self.opened_outside_tails(block & !(self.giant_blocks - 1))
    }

    /// Changes what the header of a giant's first block says of the giant, and puts it on the list where it
    /// belongs then.
    fn change_giant(&mut self, first: Opened, change: impl FnOnce(&Header)) {
        let records = self.records;
        let header = records.header(first);
        let before = self.listing(header);
        change(header);
        let after = self.listing(header);
        if before == after {
            return;
        }
        let class = self.zones.class_of(first.number() + (self.giant_blocks - 1));
        let lists = self.lists(class);
        match before {
            Listing::None => {}
            Listing::Giants => lists.giants.remove(&records, first),
            Listing::Broken => lists.broken.remove(&records, first),
        }
        match after {
            Listing::None => {}
            Listing::Giants => lists.giants.push(&records, first),
            Listing::Broken => lists.broken.push(&records, first),
        }
    }

    /// Returns on which list a giant belongs.
    fn listing(&self, header: &Header) -> Listing {
        let whole = header.whole_in_giant();
        match header.tail() {
            Tail::None if whole == self.giant_blocks as usize => Listing::Giants,
            Tail::Free if whole == header.tail_start() => Listing::Giants,
            Tail::Free => Listing::Broken,
            Tail::None | Tail::Held => Listing::None,
        }
    }

    /// Returns where in its block a piece of a block lies.
    fn offsets(&self, piece: FrameRange) -> Range<usize> {
        let mask = self.records.size().count().get() - 1;
        let start = (piece.start().number() & mask) as usize;
        start..start + piece.count().get() as usize
    }

    /// Returns the block that a piece of a block lies in.
    fn number_around(&self, piece: FrameRange) -> u32 {
        self.records.size().block_of(Pfn::saturating(piece.start()))
    }

    /// Returns the frame after the last one that a request may take.
    fn limit(&self, zone: Zone) -> Frame {
        self.zones.limit(zone)
    }
}

/// Vouches for a block that the sets of ranges say is opened, see the module's invariants.
#[allow(unsafe_code, reason = "the type Opened is a promise")]
fn vouch(block: u32) -> Opened {
    // SAFETY: the callers, all in this module, looked up a frame of the block that is known and not fresh, or have just
    // opened the block.
    unsafe { Opened::vouch(block) }
}

/// Returns the word and the bit of a frame, vouching for its block.
#[allow(unsafe_code, reason = "the caller is in this module, see `vouch`")]
#[inline]
fn bit_of<'m>(records: &Records<'m>, pfn: Pfn) -> (&'m AtomicUsize, usize) {
    // SAFETY: the callers, all in this module, looked up the frame among those that are known and not fresh.
    unsafe { records.bit(pfn) }
}
