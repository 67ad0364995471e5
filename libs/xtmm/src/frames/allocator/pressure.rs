//! Memory is short: what caches hold goes back to the rows, where everybody finds it.

use xtcore::Frame;

use super::{Content, FrameAllocator};
use crate::frames::blocks::Blocks;
use crate::frames::cache::{CpuCache, Kind};
use crate::frames::error::FrameCrime;
use crate::frames::rows::records::State;
use crate::frames::zones::Zone;
use crate::machine::{Machine, Pin};

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Hands what this processor and the depot keep back to the rows, and asks the other processors to do the same
    /// at their next slow path.
    ///
    /// # Errors
    /// The first crime that comes to light.
    pub fn trim(&self) -> Result<(), FrameCrime> {
        let pin = self.machine.pin();
        self.relieve(&pin);
        self.unreported(&pin)
    }

    /// Does what [`FrameAllocator::trim`] does; crimes are kept for the next caller who can hear of them.
    #[cold]
    pub(super) fn relieve(&self, pin: &M::Pin) {
        for (index, cache) in self.caches.iter().enumerate() {
            if index != pin.cpu().get() {
                cache.request_drain();
            }
        }
        if let Some(cache) = self.cache(pin) {
            // It is handing back now.
            let _ = cache.accept_drain();
            self.hand_back(pin, cache);
            self.empty_depot(pin, cache);
        }
        self.rows.lock(pin).return_stock();
    }

    /// Hands back what this processor keeps if somebody asked for it.
    #[inline]
    pub(super) fn serve_drain(&self, pin: &M::Pin, cache: &CpuCache) {
        if cache.accept_drain() {
            self.hand_back(pin, cache);
        }
    }

    /// Returns a crime that nobody has heard of yet.
    ///
    /// # Errors
    /// That crime.
    pub(super) fn unreported(&self, pin: &M::Pin) -> Result<(), FrameCrime> {
        self.rows.lock(pin).unreported()
    }

    /// Frees a frame for someone who is not to blame for a crime that this brings to light.
    pub(super) fn put_silently(&self, frame: Frame, content: Content) {
        let outcome = self.put(frame, content);
        if outcome.is_err() {
            self.rows.lock(&self.machine.pin()).note(outcome);
        }
    }

    /// Frees a frame of a reservation.
    pub(crate) fn free_silently(&self, frame: Frame) {
        self.put_silently(frame, Content::Any);
    }

    /// Tells whether this processor can keep more frames of a kind, in its magazine or in the depot.
    pub(super) fn has_room(&self, pin: &M::Pin, cache: &CpuCache, kind: Kind) -> bool {
        cache.magazine(kind).room() > 0 || self.depot.lock(pin).has_room(kind)
    }

    /// Returns the kinds of zeroed frames that allocations look for, the one for any purpose first.
    pub(super) fn zeroed_kinds(&self) -> impl Iterator<Item = Kind> + use<M, B> {
        let any = self.kind_for(Zone::Any, Content::Zeroed);
        let window = self.kind_for(Zone::Window, Content::Zeroed).filter(|kind| Some(*kind) != any);
        any.into_iter().chain(window)
    }

    fn hand_back(&self, pin: &M::Pin, cache: &CpuCache) {
        let mut rows = self.rows.lock(pin);
        for kind in Kind::ALL {
            let magazine = cache.magazine(kind);
            let outcome = rows.put(magazine.iter());
            rows.note(outcome);
            magazine.forget_oldest(magazine.count());
        }
        while let Some(block) = cache.blocks.pop() {
            let outcome = rows.put_block(block, State::Cached);
            rows.note(outcome);
        }
    }

    /// Moves all batches to the rows, by way of a magazine that is empty.
    fn empty_depot(&self, pin: &M::Pin, cache: &CpuCache) {
        for kind in Kind::ALL {
            let magazine = cache.magazine(kind);
            loop {
                let is_filled = self.depot.lock(pin).take(kind, magazine);
                if !is_filled {
                    break;
                }
                let mut rows = self.rows.lock(pin);
                let outcome = rows.put(magazine.iter());
                rows.note(outcome);
                magazine.forget_oldest(magazine.count());
            }
        }
    }
}
