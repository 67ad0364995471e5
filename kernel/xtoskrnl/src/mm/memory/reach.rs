//! The bytes of any frame: through the window where it shows the frame, else through the processor's own slot.
//!
//! Whoever calls owns the frame; these functions only find the way.
#![allow(unsafe_code, reason = "frames are written that no Rust object describes")]

use xtcore::{Frame, FrameRange, PAGE_BYTES};
use xtmm::machine::{LockClass, Pin, SpinLock};

use super::machine::KernelMachine;
use super::window::Window;
use crate::ar::words;
use crate::ke::processor;
use crate::mm::paging::Slot;

/// Machine words in a frame.
pub(crate) const FRAME_WORDS: usize = PAGE_BYTES as usize / size_of::<usize>();

/// Slots; processors beyond share them.
pub(in crate::mm) const SLOTS: usize = 1;

/// The way to frames.
#[derive(Debug)]
pub(crate) struct Reach {
    window: &'static Window,
    /// A slot per processor. The locks are for those that share one.
    slots: [SpinLock<KernelMachine, Slot>; SLOTS],
}

impl Reach {
    pub(in crate::mm) fn new(window: &'static Window, slots: [Slot; SLOTS]) -> Self {
        Self { window, slots: slots.map(|slot| SpinLock::new(LockClass::new("slot for frames"), slot)) }
    }

    /// Returns the frames that the window can show.
    pub(crate) fn is_in_window(&self, frame: Frame) -> bool {
        frame < self.window.end()
    }

    /// Fills frames with a machine word.
    ///
    /// # Safety
    /// They must be RAM from opened blocks that nobody else uses.
    pub(crate) unsafe fn fill(&self, frames: FrameRange, word: usize) {
        let cut = self.window.end().max(frames.start()).min(frames.end());
        if let (Some(shown), Some(start)) =
            (FrameRange::new(frames.start(), cut), self.window.address_of(frames.start()))
        {
            // What is shown lies in the address space, so its words can be counted.
            let words = shown.count().get() as usize * FRAME_WORDS;
            let start = core::ptr::with_exposed_provenance_mut(start.get() as usize);
            // SAFETY: the window shows frames of opened blocks at consecutive addresses, writable where nobody else has
            // a constant; nobody else uses them.
            unsafe { words::fill(start, words, word) };
        }
        // SAFETY: the rest of the same frames, which are RAM that nobody else uses.
        unsafe { self.fill_apart(FrameRange::new(cut, frames.end()).unwrap_or_default(), word) };
    }

    /// Fills frames with a machine word, through the slot.
    ///
    /// # Safety
    /// They must be RAM that nobody else uses.
    pub(crate) unsafe fn fill_apart(&self, frames: FrameRange, word: usize) {
        for frame in frames.iter() {
            // SAFETY: one of the frames, all of them RAM that nobody else uses.
            self.with_slot(|slot| unsafe { slot.fill(frame, word) });
        }
    }

    /// Returns how many machine words of a frame differ from `word`.
    ///
    /// # Safety
    /// The frame must be RAM from an opened block, and nobody may write to it meanwhile.
    pub(crate) unsafe fn count_unlike(&self, frame: Frame, word: usize) -> usize {
        match self.window.address_of(frame) {
            Some(address) => {
                let start = core::ptr::with_exposed_provenance(address.get() as usize);
                // SAFETY: the window shows the whole frame there, and nobody writes to it, as the caller says.
                unsafe { words::count_unlike(start, FRAME_WORDS, word) }
            }
            // SAFETY: nobody writes to the frame, as the caller says.
            None => unsafe { self.count_unlike_apart(frame, word) },
        }
    }

    /// Returns how many machine words of a frame differ from `word`, through the slot.
    ///
    /// # Safety
    /// The frame must be RAM, and nobody may write to it meanwhile.
    pub(crate) unsafe fn count_unlike_apart(&self, frame: Frame, word: usize) -> usize {
        // SAFETY: nobody writes to the frame, as the caller says.
        self.with_slot(|slot| unsafe { slot.count_unlike(frame, word) })
    }

    /// Copies bytes of a frame, which may be the firmware's, from `offset` on; returns how many lay inside the frame.
    pub(crate) fn copy(&self, frame: Frame, offset: usize, into: &mut [u8]) -> usize {
        self.with_slot(|slot| slot.copy(frame, offset, into))
    }

    /// Lends the processor's slot.
    fn with_slot<R>(&self, work: impl FnOnce(&mut Slot) -> R) -> R {
        let pin = processor::pin();
        let [first, ..] = &self.slots;
        let mut slot = self.slots.get(pin.cpu().get()).unwrap_or(first).lock(&pin);
        let result = work(&mut slot);
        slot.leave();
        result
    }
}
