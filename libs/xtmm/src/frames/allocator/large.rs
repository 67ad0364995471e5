//! More than one frame: powers of two, blocks, giants, runs.
#![allow(unsafe_code, reason = "a processor looks at the records of the blocks that it keeps")]

use xtcore::{FrameCount, FrameRange};

use super::FrameAllocator;
use crate::OutOfFrames;
use crate::frames::blocks::Blocks;
use crate::frames::cache::{BLOCKS, CpuCache};
use crate::frames::error::{FrameCrime, FrameError};
use crate::frames::rows::records::{BlockState, State};
use crate::frames::rows::run::RunRequest;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::Zone;
use crate::inject::Site;
use crate::machine::Machine;

/// Blocks that a processor takes at once for its cache, and gives back at once.
const BLOCK_BATCH: usize = BLOCKS / 2;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Allocates 2^`order` frames, aligned to their number; at most a giant. They are freed by
    /// [`FrameAllocator::free_run`], at once or in parts. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameError::Order`] above a giant; [`FrameError::OutOfFrames`].
    pub fn allocate_order(&self, order: u32, zone: Zone) -> Result<FrameRange, FrameError> {
        let giant = self.rows.lock(&self.machine.pin()).giant();
        let count = 1_u64.checked_shl(order).map(FrameCount::new).filter(|count| *count <= giant);
        let count = count.ok_or(FrameError::Order(order))?;
        let pin = self.machine.pin();
        if self.machine.injector().fails(Site::FrameOrder) {
            return Err(self.short(count).into());
        }
        match count {
            FrameCount::ONE => match self.get(zone) {
                Some(pfn) => Ok(FrameRange::with_count(pfn.frame(), FrameCount::ONE)),
                None => Err(self.short(count).into()),
            },
            _ if count == self.size().count() => match self.get_block(&pin, zone) {
                Some(start) => Ok(self.size().range_from(start)),
                None => Err(self.short(count).into()),
            },
            _ if count == giant => Ok(self.get_giant(&pin, zone)?),
            _ => Ok(self.get_run(&pin, &RunRequest { count, alignment: count, zone })?),
        }
    }

    /// Allocates a block: what a level-2 page maps. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`OutOfFrames`].
    #[inline]
    pub fn allocate_block(&self, zone: Zone) -> Result<FrameRange, OutOfFrames> {
        if self.machine.injector().fails(Site::FrameBlock) {
            return Err(self.short(self.size().count()));
        }
        match self.machine.briefly(|cpu| self.pop_block(self.caches.get(cpu.get())?, zone)) {
            Some(start) => Ok(self.size().range_from(start)),
            None => self.allocate_block_slowly(zone),
        }
    }

    /// Frees a block that was allocated as one. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameCrime`]; nothing has changed.
    #[inline]
    pub fn free_block(&self, block: FrameRange) -> Result<(), FrameCrime> {
        let start = Pfn::of(block.start()).ok_or(FrameCrime::Foreign(block.start()))?;
        if block.count() != self.size().count() || self.size().offset_of(start) != 0 {
            return Err(FrameCrime::NotWhole(block));
        }
        match self.machine.briefly(|cpu| self.push_block(self.caches.get(cpu.get())?, start)) {
            Some(()) => Ok(()),
            None => self.free_block_slowly(start),
        }
    }

    /// Allocates a giant: 1 GiB, what a level-3 page maps. Where it is fresh, its first block is opened, and no
    /// other: the head frame has a PFN entry, the rest of the giant has no books. Cost: proportional to its opened blocks.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`OutOfFrames`].
    pub fn allocate_giant(&self, zone: Zone) -> Result<FrameRange, OutOfFrames> {
        let pin = self.machine.pin();
        if self.machine.injector().fails(Site::FrameGiant) {
            let giant = self.rows.lock(&pin).giant();
            return Err(self.short(giant));
        }
        self.get_giant(&pin, zone)
    }

    /// Frees a giant that was allocated as one, and of which nothing has been freed yet. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameCrime`]; nothing has changed.
    pub fn free_giant(&self, giant: FrameRange) -> Result<(), FrameCrime> {
        let pin = self.machine.pin();
        self.rows.lock(&pin).put_giant(giant)
    }

    /// Allocates consecutive frames. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameError::NothingWanted`], [`FrameError::Alignment`], and [`FrameError::OutOfFrames`] also when there are enough
    /// frames but not in one piece that is looked at: a run of at most a block lies in one block, a longer one in fresh
    /// memory or from the beginning of a block on.
    pub fn allocate_run(&self, request: &RunRequest) -> Result<FrameRange, FrameError> {
        if request.count == FrameCount::ZERO {
            return Err(FrameError::NothingWanted);
        }
        if !request.alignment.get().is_power_of_two() {
            return Err(FrameError::Alignment(request.alignment));
        }
        let pin = self.machine.pin();
        if self.machine.injector().fails(Site::FrameRun) {
            return Err(self.short(request.count).into());
        }
        Ok(self.get_run(&pin, request)?)
    }

    /// Frees any consecutive frames that were allocated, however: parts of runs, of blocks and of giants, or several of them.
    /// Cost: proportional to the blocks. A part of a giant that was fresh, unless it reaches to the end of it, makes
    /// what lies below the part's end ordinary blocks: they are opened. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameCrime`]; nothing has changed.
    pub fn free_run(&self, frames: FrameRange) -> Result<(), FrameCrime> {
        let pin = self.machine.pin();
        self.rows.lock(&pin).put_run(&self.opener(), frames)?;
        self.unreported(&pin)
    }

    /// Takes a block of a zone that this processor keeps.
    #[inline]
    fn pop_block(&self, cache: &CpuCache, zone: Zone) -> Option<Pfn> {
        let start = cache.blocks.pop_below(Pfn::saturating(self.zones.limit(zone)))?;
        self.state_of(start).set(State::Held);
        Some(start)
    }

    /// Does the rest of [`FrameAllocator::allocate_block`].
    #[cold]
    #[inline(never)]
    fn allocate_block_slowly(&self, zone: Zone) -> Result<FrameRange, OutOfFrames> {
        let pin = self.machine.pin();
        match self.get_block(&pin, zone) {
            Some(start) => Ok(self.size().range_from(start)),
            None => Err(self.short(self.size().count())),
        }
    }

    fn get_block(&self, pin: &M::Pin, zone: Zone) -> Option<Pfn> {
        // One that is kept for callers from any level, or one that an interrupt has brought meanwhile.
        if let Some(start) = self.cache(pin).and_then(|cache| self.pop_block(cache, zone)) {
            return Some(start);
        }
        let take = || {
            let mut rows = self.rows.lock(pin);
            if let Some(cache) = self.cache(pin)
                && cache.blocks.count() == 0
            {
                rows.cache_blocks(zone, &cache.blocks, BLOCK_BATCH);
                if cache.blocks.count() == 0 {
                    rows.cache_fresh(&self.opener(), zone, &cache.blocks);
                }
                if let Some(start) = cache.blocks.pop() {
                    self.state_of(start).set(State::Held);
                    return Some(start);
                }
            }
            rows.take_block(&self.opener(), zone)
        };
        if let Some(cache) = self.cache(pin) {
            self.serve_drain(pin, cache);
        }
        take().or_else(|| {
            self.relieve(pin);
            take()
        })
    }

    /// Keeps a block that was handed out, if it is known to be one and there is room for it.
    #[inline]
    fn push_block(&self, cache: &CpuCache, start: Pfn) -> Option<()> {
        let state = cache.knows_opened(start, self.size().frames()).then(|| self.state_of(start))?;
        if state.get() == State::Held && cache.blocks.push(start) {
            state.set(State::Cached);
            return Some(());
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn free_block_slowly(&self, start: Pfn) -> Result<(), FrameCrime> {
        let pin = self.machine.pin();
        let Some(cache) = self.cache(&pin) else {
            return self.rows.lock(&pin).put_block(start, State::Held);
        };
        if let Some(()) = self.push_block(cache, start) {
            return Ok(());
        }
        self.serve_drain(&pin, cache);
        self.rows.lock(&pin).check_held(start)?;
        let mut outcome = self.unreported(&pin);
        let mut rows = self.rows.lock(&pin);
        let opened = rows.opened_around(start);
        cache.note_opened(opened.start, opened.end);
        if cache.blocks.room() == 0 {
            for block in cache.blocks.oldest(BLOCK_BATCH) {
                outcome = outcome.and(rows.put_block(block, State::Cached));
            }
            cache.blocks.forget_oldest(BLOCK_BATCH);
        }
        if cache.blocks.push(start) {
            self.state_of(start).set(State::Cached);
        }
        outcome
    }

    fn get_giant(&self, pin: &M::Pin, zone: Zone) -> Result<FrameRange, OutOfFrames> {
        let first = self.rows.lock(pin).take_giant(&self.opener(), zone);
        first.or_else(|_| {
            self.relieve(pin);
            self.rows.lock(pin).take_giant(&self.opener(), zone)
        })
    }

    fn get_run(&self, pin: &M::Pin, request: &RunRequest) -> Result<FrameRange, OutOfFrames> {
        let first = self.rows.lock(pin).take_run(&self.opener(), request);
        let run = first.or_else(|| {
            self.relieve(pin);
            self.rows.lock(pin).take_run(&self.opener(), request)
        });
        run.ok_or_else(|| self.short(request.count))
    }

    /// Returns the state of a block that this processor keeps, or that lies where it knows all blocks to be opened.
    #[inline]
    fn state_of(&self, start: Pfn) -> &BlockState {
        // SAFETY: a cache only ever gets blocks whose records were looked at, or found to lie in a range where all blocks
        // are opened; and a block stays opened.
        let block = unsafe { Opened::vouch(self.size().block_of(start)) };
        self.records.state(block)
    }
}
