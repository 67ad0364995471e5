//! Fresh memory becomes rows: the first use of a block.

use xtcore::{Frame, FrameCount, FrameRange};

use super::bits::Amount;
use super::records::State;
use super::{Rows, bits, vouch};
use crate::OutOfFrames;
use crate::frames::blocks::{Blocks, Donors};
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::{Class, Zone};
use crate::inject::{Injector, Site};

/// Who opens blocks.
pub(crate) struct Opener<'a, B> {
    pub(crate) blocks: &'a B,
    pub(crate) injector: &'a Injector,
}

/// Where the frames for a block's books come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// From the block itself. It can never be handed out as a whole then.
    Own,
    /// From the stock, so that all of the block may become free again. One block's frames do for a hundred others.
    Stock,
    /// From frames that are being freed. It does not fail on purpose: freeing needs no memory.
    Given(FrameRange),
}

/// Frames that a stock had better have at least, so that few blocks are broken for it.
const LARGE_STOCKS: [usize; 2] = [448, 64];
/// Frames that it has at most: they come back to those that are handed out only when there are no others.
const LARGEST_STOCK: usize = 512;
/// Frames that a stock has at least when memory is in small pieces.
const SMALL_STOCKS: [usize; 1] = [16];
/// Partly free blocks of a class that are searched for a stock.
const SEARCHED: usize = 8;

impl Rows<'_> {
    /// Opens a fresh block of a class, worth opening and apart from `avoid`, for single frames. What is left of giants that
    /// are broken comes first, then the highest fresh range, and in it the lowest block; only then a free giant
    /// is broken. Cost: proportional to the fresh ranges.
    pub(super) fn open_fresh<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        class: Class,
        avoid: FrameRange,
    ) -> Option<Opened> {
        if let Some(giant) = self.broken(class, avoid)
            && let Some(opened) = self.open_for_frames(opener, class, self.records.size().range(giant.start))
        {
            return Some(opened);
        }
        let mut window = self.zones.range(class);
        while let Some((block, range)) = self.fresh_block(window, avoid) {
            if let Some(opened) = self.open_for_frames(opener, class, block) {
                return Some(opened);
            }
            let Some(lower) = FrameRange::new(window.start(), range.start()) else { break };
            window = lower;
        }
        self.wake_one(class, avoid)
    }

    /// Opens a block of a class from the stock, or from its own frames; then there is a new stock.
    fn open_for_frames<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        class: Class,
        block: FrameRange,
    ) -> Option<Opened> {
        if !self.stock.is_empty()
            && let Ok(opened) = self.open(opener, block, FrameRange::default(), Source::Stock)
        {
            return Some(opened);
        }
        let opened = self.open(opener, block, FrameRange::default(), Source::Own).ok()?;
        self.return_stock();
        self.take_stock(class, &LARGE_STOCKS);
        Some(opened)
    }

    /// Opens a block of a tail, with the books from the low end of `given`: held frames on their way to be freed.
    /// Returns what is left of them.
    ///
    /// # Errors
    /// [`OutOfFrames`]; the block is not opened.
    pub(super) fn open_from<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        block: FrameRange,
        given: FrameRange,
    ) -> Result<FrameRange, OutOfFrames> {
        let before = self.books;
        self.open(opener, block, FrameRange::default(), Source::Given(given))?;
        let used = self.books.checked_sub(before).unwrap_or_default();
        let start = given.start().checked_add(used).unwrap_or(given.end());
        Ok(FrameRange::new(start, given.end()).unwrap_or_default())
    }

    /// Opens a block whose frames `keep`, all of them fresh or of a free tail, are wanted by the caller and do not
    /// become free.
    ///
    /// # Errors
    /// [`OutOfFrames`]; the block is not opened.
    pub(super) fn open_keeping<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        block: FrameRange,
        keep: FrameRange,
        avoid: FrameRange,
    ) -> Result<Opened, OutOfFrames> {
        if !self.stock.is_empty()
            && let Ok(opened) = self.open(opener, block, keep, Source::Stock)
        {
            return Ok(opened);
        }
        self.restock(opener, avoid)?;
        self.open(opener, block, keep, Source::Stock)
    }

    /// Opens a block that has other frames than those that the caller wants, with its own free frames if
    /// they suffice, else from the stock.
    ///
    /// # Errors
    /// [`OutOfFrames`]; the block is not opened.
    pub(super) fn open_any<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        block: FrameRange,
    ) -> Result<Opened, OutOfFrames> {
        if self.largest_piece(block).count() > self.opening
            && let Ok(opened) = self.open(opener, block, FrameRange::default(), Source::Own)
        {
            return Ok(opened);
        }
        self.open_keeping(opener, block, FrameRange::default(), block)
    }

    /// Returns the largest run of fresh frames in a block.
    pub(super) fn largest_piece(&self, block: FrameRange) -> FrameRange {
        self.fresh.within(block).max_by_key(|piece| piece.count()).unwrap_or_default()
    }

    /// Gives the frames of the stock back to their row.
    pub(crate) fn return_stock(&mut self) {
        let stock = self.stock;
        if !stock.is_empty() {
            self.set_stock(FrameRange::default());
            self.put_piece(stock);
        }
    }

    /// Returns a block that [`Rows::open_fresh`] may open, and the fresh range that it begins or ends.
    fn fresh_block(&self, window: FrameRange, avoid: FrameRange) -> Option<(FrameRange, FrameRange)> {
        let size = self.records.size();
        self.fresh.within(window).rev().find_map(|range| {
            let first = size.around(range.start());
            // A first block that is not worth it stays behind; the last one is for when the first ones are spoken for.
            let second = FrameRange::with_count(first.end(), size.count());
            let last = size.around(Frame::new(range.end().number().saturating_sub(1)));
            [first, second, last]
                .into_iter()
                .find(|block| {
                    block.overlaps(range)
                        && !block.overlaps(avoid)
                        && self.largest_piece(*block).count() > self.opening
                        && self.fresh.can_remove(*block)
                })
                .map(|block| (block, range))
        })
    }

    fn open<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        block: FrameRange,
        keep: FrameRange,
        source: Source,
    ) -> Result<Opened, OutOfFrames> {
        let tail = self.tail_around(self.number_around(block));
        let offered = match source {
            Source::Own if tail.is_some() => block,
            Source::Own => self.largest_piece(block),
            Source::Stock => self.stock,
            Source::Given(frames) => frames,
        };
        let mut donors = Donors::new(offered);
        let is_on_purpose = !matches!(source, Source::Given(_)) && opener.injector.fails(Site::BlockOpening);
        // Without room to note that the block isn't fresh any more, it cannot be opened.
        if is_on_purpose || (tail.is_none() && !self.fresh.can_remove(block)) {
            return Err(OutOfFrames { wanted: FrameCount::ONE, available: FrameCount::ZERO });
        }
        opener.blocks.open(block, &mut donors)?;

        let rest = donors.rest();
        let used = FrameRange::new(offered.start(), rest.start()).unwrap_or_default();
        self.books = self.books.saturating_add(used.count());
        let opened = vouch(self.number_around(block));
        let row = self.records.row(opened);
        let mut free = 0;
        let all = tail.filter(|giant| giant.is_free()).map(|_| block);
        for piece in all.into_iter().chain(self.fresh.within(block)) {
            let offsets = self.offsets(piece);
            free += offsets.len();
            // A block that is kept as a whole has no bits, as it comes.
            if keep != block {
                bits::set(row, offsets);
            }
        }
        let taken = match source {
            Source::Own => used,
            Source::Stock => {
                self.set_stock(rest);
                keep
            }
            Source::Given(_) => keep,
        };
        let taken = self.offsets(taken);
        free -= taken.len();
        if keep != block {
            bits::clear(row, taken);
        }
        match tail {
            Some(giant) => self.shorten_tail(giant),
            // It was asked above whether there is room for this.
            None => self.fresh.remove(block).unwrap_or_default(),
        }
        self.begin_giant(opened);
        self.free += free;
        self.settle(opened, Amount::None);
        Ok(opened)
    }

    /// Makes the count of a giant true if the block that has just been opened is its first one.
    #[inline]
    pub(super) fn begin_giant(&self, opened: Opened) {
        if opened.number() & (self.giant_blocks - 1) == 0 {
            self.records.header(opened).set_whole_in_giant(self.whole_blocks_after(opened));
        }
    }

    /// Notes what opening has taken of the stock.
    pub(super) fn use_stock(&mut self, donors: &Donors) {
        let rest = donors.rest();
        let used = self.stock.count().checked_sub(rest.count()).unwrap_or_default();
        self.books = self.books.saturating_add(used);
        self.set_stock(rest);
    }

    /// Counts the wholly free blocks of a giant whose first block has just been opened, without that block.
    /// Cost: a look at each block of the giant that is not fresh, once in its life.
    fn whole_blocks_after(&self, first: Opened) -> usize {
        let size = self.records.size();
        let end = first.number().saturating_add(self.giant_blocks);
        let (mut next, mut whole) = (first.number() + 1, 0);
        while next < end {
            next = match self.fresh.containing(size.range(next).start()) {
                Some(fresh) => size.block_of(Pfn::saturating(fresh.end())).max(next + 1),
                None => {
                    let is_whole = |block| bits::amount(self.records.row(block)) == Amount::All;
                    whole += usize::from(self.opened_block(next).is_some_and(is_whole));
                    next + 1
                }
            };
        }
        whole
    }

    /// Finds frames for the books of further blocks, not among `avoid`.
    fn restock<B: Blocks>(&mut self, opener: &Opener<'_, B>, avoid: FrameRange) -> Result<(), OutOfFrames> {
        self.return_stock();
        let classes = [Class::High, Class::Middle, Class::Low];
        if classes.into_iter().any(|class| self.take_stock(class, &LARGE_STOCKS)) {
            return Ok(());
        }
        for class in classes {
            let is_opened = self.open_fresh(opener, class, avoid).is_some();
            if is_opened && (!self.stock.is_empty() || self.take_stock(class, &LARGE_STOCKS)) {
                return Ok(());
            }
        }
        if classes.into_iter().any(|class| self.take_stock(class, &SMALL_STOCKS)) {
            return Ok(());
        }
        Err(OutOfFrames { wanted: self.opening, available: self.free() })
    }

    /// Takes a stock of at least one of some sizes from blocks of a class that are at the heads of its lists. Tells whether
    /// there was one.
    fn take_stock(&mut self, class: Class, sizes: &[usize]) -> bool {
        let records = self.records;
        let frames = records.size().frames();
        let lists = self.lists(class);
        let found = sizes.iter().copied().find_map(|count| {
            let partial = lists.partial.iter(&records).take(SEARCHED);
            let mut blocks = partial.chain(lists.whole.iter(&records).take(1));
            blocks.find_map(|block| {
                let row = records.row(block);
                let start = bits::find_run(row, 0..frames, count, 1)?;
                // All of the run, or else its rest would be searched in vain by each stock after this one.
                let end = bits::first_clear(row, start + count..frames).unwrap_or(frames);
                let end = end.min(start + LARGEST_STOCK);
                Some((block, start..end))
            })
        });
        let Some((block, offsets)) = found else { return false };
        let row = records.row(block);
        let before = bits::amount(row);
        bits::clear(row, offsets.clone());
        self.free -= offsets.len();
        self.settle(block, before);
        let start = records.size().pfn(block.number(), offsets.start).frame();
        self.set_stock(FrameRange::with_count(start, FrameCount::new(offsets.len() as u64)));
        true
    }

    /// Makes `stock` the stock: frames without bits, in one block. The mark on the old stock's block goes.
    fn set_stock(&mut self, stock: FrameRange) {
        for (range, state) in [(self.stock, State::Split), (stock, State::Donor)] {
            if !range.is_empty() {
                let block = vouch(self.number_around(range));
                self.records.state(block).set(state);
            }
        }
        self.stock = stock;
    }

    /// Returns the classes of a zone that whole blocks may come from: all but block 0.
    pub(super) fn classes_of_whole_blocks(&self, zone: Zone) -> impl Iterator<Item = Class> + use<> {
        self.zones.classes(zone).filter(|class| *class != Class::Lowest)
    }
}
