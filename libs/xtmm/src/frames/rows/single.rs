//! Single frames between rows and magazines, many at a time.

use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::FrameRange;

use super::records::{Header, State};
use super::{Opener, Rows, bits};
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::frames::error::FrameCrime;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::{Class, LOW, Zone};

const BITS: usize = usize::BITS as usize;

/// Frames of one block on their way back.
struct Group<'m> {
    block: Opened,
    header: &'m Header,
    row: &'m [AtomicUsize],
    before: usize,
    after: usize,
    /// Frames without a bit may be free as well.
    is_special: bool,
}

impl<'m> Rows<'m> {
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
        let offset = bits::take_last(self.records.row(opened), 0..LOW.0)?;
        let header = self.records.header(opened);
        self.settle(opened, header, header.free(), header.free() - 1);
        Some(Pfn(offset))
    }

    /// Takes frames back. Those of one block that follow each other are settled at once. All frames but the
    /// criminal ones are taken.
    ///
    /// # Errors
    /// The first crime.
    pub(crate) fn put(&mut self, frames: impl Iterator<Item = Pfn>) -> Result<(), FrameCrime> {
        let mut outcome = Ok(());
        let mut current: Option<Group<'_>> = None;
        let size = self.records.size();
        for pfn in frames {
            let block = match self.opened(pfn) {
                Ok(block) => block,
                Err(crime) => {
                    outcome = outcome.and(Err(crime));
                    continue;
                }
            };
            let group = match &mut current {
                Some(group) if group.block == block => group,
                _ => {
                    if let Some(done) = current.take() {
                        self.settle(done.block, done.header, done.before, done.after);
                    }
                    current.insert(self.group(block))
                }
            };
            let offset = size.offset_of(pfn);
            let bit = 1 << (offset % BITS);
            let Some(word) = group.row.get(offset / BITS) else { continue };
            let old = word.load(Ordering::Relaxed);
            if old & bit != 0 || (group.is_special && self.is_kept(block, pfn)) {
                outcome = outcome.and(Err(FrameCrime::AlreadyFree(pfn.frame())));
            } else {
                word.store(old | bit, Ordering::Relaxed);
                group.after += 1;
            }
        }
        if let Some(done) = current {
            self.settle(done.block, done.header, done.before, done.after);
        }
        outcome
    }

    /// Begins to take back frames of a block. What was handed out as one comes back in pieces then.
    #[inline]
    fn group(&self, block: Opened) -> Group<'m> {
        let (header, row) = (self.records.header(block), self.records.row(block));
        let state = header.state();
        if state == State::Held {
            header.set_state(State::Split);
        }
        let before = header.free();
        let is_special = matches!(state, State::Cached | State::Donor);
        Group { block, header, row, before, after: before, is_special }
    }

    /// Tells whether a frame without a bit is free all the same.
    #[cold]
    fn is_kept(&self, block: Opened, pfn: Pfn) -> bool {
        match self.records.header(block).state() {
            State::Split | State::Held => false,
            State::Cached => true,
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
        let (header, row) = (self.records.header(block), self.records.row(block));
        let base = self.records.size().pfn(block.number(), 0).0;
        let mut taken = 0;
        for (index, word) in row.iter().enumerate().rev() {
            let mut left = word.load(Ordering::Relaxed);
            if left == 0 {
                continue;
            }
            let start = base + index * BITS;
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
        self.settle(block, header, header.free(), header.free() - taken);
        taken
    }
}

const fn low_count() -> xtcore::FrameCount {
    xtcore::FrameCount::new(LOW.0 as u64)
}
