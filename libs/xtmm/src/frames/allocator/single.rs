//! Single frames: the fast path, and what it falls back on.

use xtcore::{Frame, FrameCount, FrameRange};

use super::{FrameAllocator, Purity, in_window, zone_of};
use crate::OutOfFrames;
use crate::frames::blocks::Blocks;
use crate::frames::cache::stack::Stack;
use crate::frames::cache::{BATCH, Kind, Magazine};
use crate::frames::error::FrameCrime;
use crate::frames::units::Pfn;
use crate::frames::zones::Zone;
use crate::inject::Site;
use crate::machine::Machine;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Allocates a frame with any content. Cost: a few instructions; once in 128 times a lock; once in 512 times,
    /// where memory is fresh, the opening of a block. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`OutOfFrames`] when the zone has none but those in other processors' caches.
    #[inline]
    pub fn allocate(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        if self.machine.injector().fails(Site::Frame) {
            return Err(self.short(FrameCount::ONE));
        }
        match self.get_quickly(zone) {
            Some(pfn) => Ok(pfn.frame()),
            None => self.allocate_slowly(zone),
        }
    }

    /// Allocates a frame full of zeros: one that was zeroed in the background, or else one that is zeroed now.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// Those of [`FrameAllocator::allocate`].
    pub fn allocate_zeroed(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        if self.machine.injector().fails(Site::Frame) {
            return Err(self.short(FrameCount::ONE));
        }
        if let Some(pfn) = self.get_zeroed(zone) {
            return Ok(pfn.frame());
        }
        // Not pinned: zeroing takes its time.
        let Some(frame) = self.get(zone).map(Pfn::frame) else { return Err(self.short(FrameCount::ONE)) };
        self.machine.zero(FrameRange::with_count(frame, FrameCount::ONE));
        Ok(frame)
    }

    /// Frees a frame. Cost as for [`FrameAllocator::allocate`]. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`FrameCrime`], perhaps about a frame that was freed earlier, see the module.
    #[inline]
    pub fn free(&self, frame: Frame) -> Result<(), FrameCrime> {
        self.put(frame, Purity::Any)
    }

    /// Frees a frame that is full of zeros, so that nobody needs to zero it again. Highest level: Dispatch.
    ///
    /// # Errors
    /// Those of [`FrameAllocator::free`].
    #[inline]
    pub fn free_zeroed(&self, frame: Frame) -> Result<(), FrameCrime> {
        self.put(frame, Purity::Zeroed)
    }

    /// Takes a frame from wherever there is one. An option fits into registers, an error with its facts does not.
    #[inline]
    pub(crate) fn get(&self, zone: Zone) -> Option<Pfn> {
        self.get_quickly(zone).or_else(|| self.get_slowly(zone))
    }

    /// Takes a frame from the magazine of this processor that serves most requests, if it is not empty.
    #[inline]
    fn get_quickly(&self, zone: Zone) -> Option<Pfn> {
        // What serves a zone from beyond the window is looked for the long way: one comparison instead of a choice
        // between two magazines.
        if self.kind_for(zone, Purity::Any) != Some(Kind::Free) {
            return None;
        }
        self.machine.briefly(|cpu| self.caches.get(cpu.get())?.magazine(Kind::Free).pop())
    }

    /// Frees a frame. The fast path asks one question about its number, which a processor foresees: it goes on while
    /// the number is still on its way from memory.
    #[inline]
    pub(super) fn put(&self, frame: Frame, purity: Purity) -> Result<(), FrameCrime> {
        if let Some(pfn) = Pfn::of(frame)
            && self.is_in_window(pfn)
            && let Some(()) = self.machine.briefly(|cpu| {
                let cache = self.caches.get(cpu.get())?;
                cache.magazine(in_window(purity)).push(pfn).then_some(())
            })
        {
            return Ok(());
        }
        self.put_slowly(frame, purity)
    }

    /// Takes a zeroed frame, if there is one within reach.
    fn get_zeroed(&self, zone: Zone) -> Option<Pfn> {
        let pin = self.machine.pin();
        let kind = self.kind_for(zone, Purity::Zeroed)?;
        let magazine = self.cache(&pin)?.magazine(kind);
        if let Some(pfn) = magazine.pop() {
            return Some(pfn);
        }
        let is_filled = self.depot.lock(&pin).take(kind, magazine);
        if is_filled { magazine.pop() } else { None }
    }

    /// Does the rest of [`FrameAllocator::allocate`], so that the fast path has nothing to tell apart afterwards.
    #[cold]
    #[inline(never)]
    fn allocate_slowly(&self, zone: Zone) -> Result<Frame, OutOfFrames> {
        self.get_slowly(zone).map(Pfn::frame).ok_or_else(|| self.short(FrameCount::ONE))
    }

    #[cold]
    #[inline(never)]
    fn get_slowly(&self, zone: Zone) -> Option<Pfn> {
        let pin = self.machine.pin();
        if let Some(cache) = self.cache(&pin)
            && let Some(kind) = self.kind_for(zone, Purity::Any)
        {
            // One that lies beyond the window, or one that an interrupt has brought meanwhile.
            let magazine = cache.magazine(kind);
            if let Some(pfn) = magazine.pop() {
                return Some(pfn);
            }
            self.serve_drain(&pin, cache);
            if self.refill(&pin, kind, magazine) {
                return magazine.pop();
            }
        }
        if let Some(pfn) = self.get_one(&pin, zone) {
            return Some(pfn);
        }
        self.relieve(&pin);
        self.get_one(&pin, zone)
    }

    /// Puts a batch into an empty magazine. Tells whether there was a frame.
    fn refill(&self, pin: &M::Pin, kind: Kind, magazine: &Magazine) -> bool {
        let is_filled = self.depot.lock(pin).take(kind, magazine);
        is_filled || self.rows.lock(pin).fill(&self.opener(), zone_of(kind), magazine, BATCH) > 0
    }

    /// Takes a frame from the rows.
    fn get_one(&self, pin: &M::Pin, zone: Zone) -> Option<Pfn> {
        let mut rows = self.rows.lock(pin);
        if zone == Zone::BelowOneMiB {
            return rows.take_low(&self.opener());
        }
        let one = Stack::<1>::new();
        rows.fill(&self.opener(), zone, &one, 1);
        one.pop()
    }

    #[cold]
    #[inline(never)]
    fn put_slowly(&self, frame: Frame, purity: Purity) -> Result<(), FrameCrime> {
        let Some(pfn) = Pfn::of(frame) else { return Err(FrameCrime::Foreign(frame)) };
        let pin = self.machine.pin();
        let (Some(cache), Some(kind)) = (self.cache(&pin), self.kind_of(pfn, purity)) else {
            return self.rows.lock(&pin).put(core::iter::once(pfn));
        };
        let magazine = cache.magazine(kind);
        if magazine.push(pfn) {
            return Ok(());
        }
        self.serve_drain(&pin, cache);
        let mut outcome = Ok(());
        if magazine.room() == 0 && !self.depot.lock(&pin).put(kind, magazine) {
            // Their bits lie wherever they were freed; asked for together, before the lock is held, they come together.
            magazine.oldest(BATCH).for_each(|pfn| self.machine.prefetch(self.records.place_of_bit(pfn)));
            outcome = self.rows.lock(&pin).put(magazine.oldest(BATCH));
            magazine.forget_oldest(BATCH);
        }
        // There is room for a batch now.
        let _ = magazine.push(pfn);
        self.unreported(&pin).and(outcome)
    }
}
