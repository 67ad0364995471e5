//! Single frames between rows and magazines, many at a time.

use core::sync::atomic::Ordering;

use xtcore::FrameRange;

use super::bits::Amount;
use super::records::State;
use super::{Opener, Rows, bits};
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::frames::error::FrameCrime;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::{Class, LOW, Zone};

const BITS: usize = usize::BITS as usize;

impl Rows<'_> {
    /// Moves up to `wanted` frames of a zone to `out`, which has room for them. Returns how many: none only when there
    /// are none. Frames below 1 MiB come last of all.
    ///
    /// Within a class, partly free blocks come before wholly free ones, and those before fresh ones, so that large
    /// pieces stay whole. Cost: constant per block, a few instructions per frame; opening a block costs more, once.
    pub(crate) fn fill<B: Blocks, const N: usize>(
        &mut self,
        opener: &Opener<'_, B>,
        zone: Zone,
        out: &Stack<N>,
        wanted: usize,
    ) -> usize {
        let mut got = 0;
        for class in self.zones.classes(zone) {
            while got < wanted {
                let Some(block) = self.block_with_free(opener, class) else { break };
                got += self.take_bits(block, out, wanted - got);
            }
            if got > 0 {
                break;
            }
        }
        got
    }

    /// Takes the highest free frame below 1 MiB.
    pub(crate) fn take_low<B: Blocks>(&mut self, opener: &Opener<'_, B>) -> Option<Pfn> {
        let block = self.records.size().range(0);
        let low = block.intersection(FrameRange::with_count(block.start(), low_count()));
        if self.fresh.within(low).next().is_some() {
            // Its books had better not take the frames that only it has.
            self.open_keeping(opener, block, FrameRange::default(), block)
                .or_else(|_| self.open_any(opener, block))
                .ok()?;
        }
        if !self.is_open(block) {
            return None;
        }
        let opened = super::vouch(0);
        let row = self.records.row(opened);
        let before = bits::amount(row);
        let offset = bits::take_last(row, 0..LOW.0)?;
        self.free -= 1;
        self.settle(opened, before);
        Some(Pfn(offset))
    }

    /// Takes frames back: all but the criminal ones.
    ///
    /// Frames that were freed in no order lie in as many blocks, so nothing is gained by handling those of a block together:
    /// the loop is short instead, and its steps don't wait for each other's rows. A row that has bits tells by itself
    /// that its block is no longer handed out or kept as a whole, and that it is on a list; so its state is not asked.
    ///
    /// # Errors
    /// The first crime.
    #[inline(never)]
    pub(crate) fn put(&mut self, frames: impl Iterator<Item = Pfn>) -> Result<(), FrameCrime> {
        let mut outcome = Ok(());
        let records = self.records;
        // One comparison, which never goes the other way: the stock lies in the middle of what comes back.
        let stock = Pfn::saturating(self.stock.start()).0;
        let stock_length = Pfn::saturating(self.stock.end()).0.wrapping_sub(stock);
        // While there are tails, not every block around is opened.
        let (mut start, mut length) = self.quick_gap();
        let mut put = 0;
        for pfn in frames {
            if pfn.0.wrapping_sub(start) < length {
                let (word, bit) = super::bit_of(&records, pfn);
                let before = word.load(Ordering::Relaxed);
                let after = before | bit;
                // A word that is neither empty before nor full after says the same of its row.
                if before & bit == 0
                    && ((before != 0 && after != usize::MAX) || self.stays_partial(pfn, after))
                    && pfn.0.wrapping_sub(stock) >= stock_length
                {
                    word.store(after, Ordering::Relaxed);
                    put += 1;
                    continue;
                }
            }
            outcome = outcome.and(self.put_carefully(pfn));
            (start, length) = self.quick_gap();
        }
        self.free += put;
        outcome
    }

    /// Tells whether the row of a frame has bits, and would not have all with one word of it, the frame's, changed to
    /// `after`. The frame lies in an opened block.
    #[inline(never)]
    fn stays_partial(&self, pfn: Pfn, after: usize) -> bool {
        let block = super::vouch(self.records.size().block_of(pfn));
        let row = self.records.row(block);
        let word = self.records.size().offset_of(pfn) / BITS;
        let is_full_elsewhere = row
            .iter()
            .enumerate()
            .all(|(index, others)| index == word || others.load(Ordering::Relaxed) == usize::MAX);
        bits::amount(row) != Amount::None && !(after == usize::MAX && is_full_elsewhere)
    }

    /// Returns the first frame and the length of a range in which all blocks are opened.
    fn quick_gap(&self) -> (usize, usize) {
        let length = if self.tails == 0 { self.gap.end.0.saturating_sub(self.gap.start.0) } else { 0 };
        (self.gap.start.0, length)
    }

    /// Takes a frame back, whatever its block is. One that was handed out as a whole comes back in pieces then.
    ///
    /// # Errors
    /// A crime; nothing has changed.
    #[cold]
    #[inline(never)]
    fn put_carefully(&mut self, pfn: Pfn) -> Result<(), FrameCrime> {
        let block = self.opened(pfn)?;
        let (state, row) = (self.records.state(block), self.records.row(block));
        let offset = self.records.size().offset_of(pfn);
        if bits::first_set(row, offset..offset + 1).is_some() || self.is_kept(block, pfn) {
            return Err(FrameCrime::AlreadyFree(pfn.frame()));
        }
        if state.get() == State::Held {
            state.set(State::Split);
        }
        let before = bits::amount(row);
        bits::set(row, offset..offset + 1);
        self.free += 1;
        self.settle(block, before);
        Ok(())
    }

    /// Tells whether a frame without a bit is free all the same.
    fn is_kept(&self, block: Opened, pfn: Pfn) -> bool {
        match self.records.state(block).get() {
            State::Split | State::Held => false,
            State::Cached | State::Resting => true,
            State::Donor => self.stock.contains(pfn.frame()),
        }
    }

    /// Returns a block of a class that has free frames.
    fn block_with_free<B: Blocks>(&mut self, opener: &Opener<'_, B>, class: Class) -> Option<Opened> {
        loop {
            let lists = self.lists(class);
            if let Some(block) = lists.partial.first().or_else(|| lists.whole.first()) {
                return Some(block);
            }
            // Opening may take all that there is in a block, so look again.
            self.open_fresh(opener, class, FrameRange::default())?;
        }
    }

    /// Moves up to `wanted` frames of a block, the highest first, so that they are handed out in ascending order.
    fn take_bits<const N: usize>(&mut self, block: Opened, out: &Stack<N>, wanted: usize) -> usize {
        let row = self.records.row(block);
        let before = bits::amount(row);
        let base = self.records.size().pfn(block.number(), 0).0;
        let mut taken = 0;
        for (index, word) in row.iter().enumerate().rev() {
            let mut left = word.load(Ordering::Relaxed);
            if left == 0 {
                continue;
            }
            let start = base + index * BITS;
            // Most words are full or empty.
            if left == usize::MAX && wanted - taken >= BITS {
                taken += out.extend_down(Pfn(start + BITS), BITS);
                word.store(0, Ordering::Relaxed);
                if taken == wanted {
                    break;
                }
                continue;
            }
            taken += out.extend(
                core::iter::from_fn(|| {
                    let bit = BITS.checked_sub(1 + left.leading_zeros() as usize)?;
                    left &= !(1 << bit);
                    Some(Pfn(start + bit))
                })
                .take(wanted - taken),
            );
            word.store(left, Ordering::Relaxed);
            if taken == wanted {
                break;
            }
        }
        self.free -= taken;
        self.settle(block, before);
        taken
    }
}

const fn low_count() -> xtcore::FrameCount {
    xtcore::FrameCount::new(LOW.0 as u64)
}
