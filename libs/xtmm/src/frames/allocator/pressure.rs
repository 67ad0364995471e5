//! Memory is short: what caches hold goes back to the rows, where everybody finds it.

use core::sync::atomic::Ordering;

use xtcore::Frame;

use super::{FrameAllocator, Purity};
use crate::frames::blocks::Blocks;
use crate::frames::cache::{CpuCache, Kind};
use crate::frames::error::FrameCrime;
use crate::frames::rows::Rows;
use crate::frames::rows::records::State;
use crate::frames::zones::Zone;
use crate::machine::{Machine, Pin};

/// Looks before a processor that does not hand back is left alone: milliseconds.
const PATIENCE: u32 = 200_000;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Hands what this processor and the depot keep back to the rows, and asks the other processors to do the same
    /// at their next slow path. Highest level: Dispatch.
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
        let others = || self.caches.iter().enumerate().filter(|(index, _)| *index != pin.cpu().get());
        let mut is_asked = false;
        for (_, cache) in others().filter(|(_, cache)| !cache.is_empty()) {
            cache.request_drain();
            is_asked = true;
        }
        let will_come = is_asked && self.machine.nudge();
        if let Some(cache) = self.cache(pin) {
            self.hand_back(pin, cache);
            cache.end_drain();
            self.empty_depot(pin, cache);
            // Two that wait for each other serve each other. One that waits for a lock of the caller's does not come: hence the
            // bound.
            let _ = (0..PATIENCE).any(|_| {
                self.serve_drain(pin, cache);
                core::hint::spin_loop();
                !will_come || !others().any(|(_, cache)| cache.is_drain_requested())
            });
        }
        self.rows.lock(pin).return_stock();
    }

    /// Hands back what the caller's processor keeps, if another one has asked for it. What a machine does that was asked to by
    /// [`Machine::nudge`]. Cost: a load where nobody has. Highest level: Dispatch.
    pub fn serve(&self) {
        let pin = self.machine.pin();
        if let Some(cache) = self.cache(&pin) {
            self.serve_drain(&pin, cache);
        }
    }

    /// Hands back what this processor keeps if somebody asked for it.
    #[inline]
    pub(super) fn serve_drain(&self, pin: &M::Pin, cache: &CpuCache) {
        if cache.is_drain_requested() {
            self.hand_back(pin, cache);
            cache.end_drain();
        }
    }

    /// Returns a crime that nobody has heard of yet. Cost: a load where there is none.
    ///
    /// # Errors
    /// That crime.
    pub(super) fn unreported(&self, pin: &M::Pin) -> Result<(), FrameCrime> {
        if self.has_unreported.load(Ordering::Relaxed) {
            let mut rows = self.rows.lock(pin);
            self.has_unreported.store(false, Ordering::Relaxed);
            return rows.unreported();
        }
        Ok(())
    }

    /// Keeps a crime for the next one who can be told.
    fn note(&self, rows: &mut Rows<'_>, outcome: Result<(), FrameCrime>) {
        if outcome.is_err() {
            rows.note(outcome);
            self.has_unreported.store(true, Ordering::Relaxed);
        }
    }

    /// Frees a frame for someone who is not to blame for a crime that this brings to light.
    pub(super) fn put_silently(&self, frame: Frame, purity: Purity) {
        let outcome = self.put(frame, purity);
        if outcome.is_err() {
            let pin = self.machine.pin();
            self.note(&mut self.rows.lock(&pin), outcome);
        }
    }

    /// Frees a frame of a reservation.
    pub(crate) fn free_silently(&self, frame: Frame) {
        self.put_silently(frame, Purity::Any);
    }

    /// Tells whether this processor can keep more frames of a kind, in its magazine or in the depot.
    pub(super) fn has_room(&self, pin: &M::Pin, cache: &CpuCache, kind: Kind) -> bool {
        cache.magazine(kind).room() > 0 || self.depot.lock(pin).has_room(kind)
    }

    /// Returns the kinds of zeroed frames that allocations look for, the one for any purpose first.
    pub(super) fn zeroed_kinds(&self) -> impl Iterator<Item = Kind> + use<M, B> {
        let any = self.kind_for(Zone::Any, Purity::Zeroed);
        let window = self.kind_for(Zone::Window, Purity::Zeroed).filter(|kind| Some(*kind) != any);
        any.into_iter().chain(window)
    }

    fn hand_back(&self, pin: &M::Pin, cache: &CpuCache) {
        let mut rows = self.rows.lock(pin);
        for kind in Kind::ALL {
            let magazine = cache.magazine(kind);
            let outcome = rows.put(magazine.iter());
            self.note(&mut rows, outcome);
            magazine.forget_all();
        }
        while let Some(block) = cache.blocks.pop() {
            let outcome = rows.put_block(block, State::Cached);
            self.note(&mut rows, outcome);
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
                self.note(&mut rows, outcome);
                magazine.forget_all();
            }
        }
    }
}
