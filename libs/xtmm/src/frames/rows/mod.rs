//! All memory that no processor keeps to itself: the rows of opened blocks, and fresh memory that has no rows yet.
//!
//! # Invariants
//! * *Known* are the frames that the allocator governs; *fresh* are those of them that nobody has touched. A block is
//!   opened exactly if some frame of it is known and none of it is fresh. So a known frame that is not fresh
//!   has a record, and asking costs two comparisons while the answer lies in the gap that was found last.
//! * A set bit means free; the header counts them. A block with none is on no list, one with some on the
//!   list of partly free blocks of its class, one with all on that of wholly free ones.
//! * The first block of a giant counts the giant's wholly free blocks; a giant with all is on a list as well.
//! * The *stock* is a run of frames, free but without bits, from which the books of blocks are made that are opened as a
//!   whole; the block that it lies in is marked.
//!
//! # Lock
//! One lock around all of it. The page tables' lock is taken under it, by [`Blocks::open`](super::Blocks::open).

mod adopt;
pub(crate) mod bits;
mod lists;
mod opening;
pub(crate) mod records;
pub(crate) mod run;
mod single;
mod whole;

use core::ops::Range;

use xtcore::{Frame, FrameCount, FrameRange};

use super::error::FrameCrime;
use super::ranges::RangeSet;
use super::units::{Opened, Pfn};
use super::zones::{Class, Zone, Zones};
use lists::{List, Through};
pub(crate) use opening::Opener;
pub use records::Records;
use records::{Header, State};

/// The lists of a class.
#[derive(Debug)]
struct Lists {
    partial: List,
    whole: List,
    /// Giants by their first block, in the class of their last block.
    giants: List,
}

impl Lists {
    const fn new() -> Self {
        Self {
            partial: List::new(Through::Blocks),
            whole: List::new(Through::Blocks),
            giants: List::new(Through::Giants),
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
    /// Known frames without a fresh one among them, as found last.
    gap: Range<Pfn>,
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
            gap: Pfn(0)..Pfn(0),
            free: 0,
            books: FrameCount::ZERO,
            crime: None,
        }
    }

    /// Returns how many frames the rows and the stock hold.
    pub(crate) fn free(&self) -> FrameCount {
        FrameCount::new(self.free as u64).saturating_add(self.stock.count())
    }

    pub(crate) const fn fresh(&self) -> &RangeSet<'m> {
        &self.fresh
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

    /// Returns the frames around the one that was looked up last whose blocks are all opened.
    pub(crate) fn gap(&self) -> Range<Pfn> {
        self.gap.clone()
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
        Ok(self.records.header(block).state() == State::Cached)
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
    /// [`FrameCrime::Foreign`] when the frame isn't known, [`FrameCrime::AlreadyFree`] when it is fresh.
    #[inline]
    fn opened(&mut self, pfn: Pfn) -> Result<Opened, FrameCrime> {
        if !self.gap.contains(&pfn) {
            self.gap = self.gap_around(pfn)?;
        }
        Ok(vouch(self.records.size().block_of(pfn)))
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
        let first = self.records.size().pfn(block, 0);
        let is_open = self.gap.contains(&first) || self.gap_around(first).is_ok();
        is_open.then(|| vouch(block))
    }

    /// Tells whether the block with these frames is opened.
    fn is_open(&self, block: FrameRange) -> bool {
        self.known.within(block).next().is_some() && self.fresh.within(block).next().is_none()
    }

    /// Writes the count of a block after its bits have changed, and puts it on the list where it belongs now.
    #[inline]
    fn settle(&mut self, block: Opened, header: &Header, before: usize, after: usize) {
        header.set_free(after);
        self.free = self.free + after - before;
        let frames = self.records.size().frames();
        let is_partial = |free: usize| free != 0 && free != frames;
        if !(is_partial(before) && is_partial(after)) && before != after {
            self.relink(block, before, after);
        }
    }

    #[cold]
    fn relink(&mut self, block: Opened, before: usize, after: usize) {
        let (frames, records) = (self.records.size().frames(), self.records);
        let lists = self.lists(self.zones.class_of(block.number()));
        match before {
            0 => {}
            all if all == frames => lists.whole.remove(&records, block),
            _ => lists.partial.remove(&records, block),
        }
        match after {
            0 => {}
            all if all == frames => lists.whole.push(&records, block),
            _ => lists.partial.push(&records, block),
        }
        if before == frames {
            self.count_in_giant(block, |count| count.saturating_sub(1));
        } else if after == frames {
            self.count_in_giant(block, |count| count + 1);
        }
    }

    /// Changes the number of wholly free blocks of the giant around `block`. A giant whose first block is not opened
    /// is counted when that happens.
    fn count_in_giant(&mut self, block: Opened, change: impl Fn(usize) -> usize) {
        let Some(first) = self.opened_block(block.number() & !(self.giant_blocks - 1)) else { return };
        let (records, all) = (self.records, self.giant_blocks as usize);
        let header = records.header(first);
        let (before, after) = (header.whole_in_giant(), change(header.whole_in_giant()));
        header.set_whole_in_giant(after);
        let class = self.zones.class_of(first.number() + (self.giant_blocks - 1));
        if before != all && after == all {
            self.lists(class).giants.push(&records, first);
        } else if before == all && after != all {
            self.lists(class).giants.remove(&records, first);
        }
    }

    /// Returns where in its block a piece of a block lies.
    fn offsets(&self, piece: FrameRange) -> Range<usize> {
        let mask = self.records.size().count().get() - 1;
        let start = (piece.start().number() & mask) as usize;
        start..start + piece.count().get() as usize
    }

    /// Returns the block with these frames.
    fn number_of(&self, block: FrameRange) -> u32 {
        self.records.size().block_of(Pfn::saturating(block.start()))
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
