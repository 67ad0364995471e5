//! What a thread that sleeps waits for, for whoever looks at a machine that stands still.
#![allow(unsafe_code, reason = "notes are read in the frames of threads that sleep")]

use core::ptr::NonNull;

use super::{State, Thread, ThreadId};
use crate::sched::machine::Switching;
use crate::sleep::{Asleep, IsThere, Reason, read};
use crate::sync::Ordering;

impl<P: Switching> Thread<P> {
    /// Returns what the thread waits for; `None` when it does not sleep. Takes no lock, believes no address that
    /// `is_there` does not know, and costs a few reads. Highest level: any.
    ///
    /// # Safety
    /// As long as the answer is used, the thread does not go on, and nobody does who could change what it waits for:
    /// all other processors stand, or nobody knows of it.
    pub unsafe fn asleep<'a>(&self, is_there: IsThere<'a>) -> Option<Asleep<'a, P>> {
        if self.state() != State::Parked {
            return None;
        }
        let note = self.sleeps_for.load(Ordering::Acquire).cast_const();
        // SAFETY: the address is null or that of the note in the frame of the sleep that it is in, which stays there as long as
        // the thread does not go on; the rest is the caller's word.
        Some(unsafe { Reason::read(note, is_there) })
    }

    /// Returns the number of the thread whose record should lie at an address, as that of a mutex's owner, if there is memory.
    ///
    /// # Safety
    /// Nobody goes on who could free the record.
    #[must_use]
    pub unsafe fn id_at(thread: NonNull<Self>, is_there: IsThere<'_>) -> Option<ThreadId> {
        let id = thread.as_ptr().wrapping_byte_add(core::mem::offset_of!(Self, id));
        // SAFETY: any bits are a number, and nobody writes it once the record is made.
        unsafe { read(id.cast_const().cast(), is_there) }
    }
}
