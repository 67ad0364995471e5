//! What a thread that sleeps waits for, for whoever looks at a machine that stands still.
#![allow(unsafe_code, reason = "notes are read in the frames of threads that sleep")]

use core::fmt;
use core::ptr::NonNull;

use super::{State, Thread, ThreadId};
use crate::sched::machine::Switching;
use crate::sleep::{IsThere, Reason, Said, read};
use crate::sync::Ordering;
use crate::time::Instant;
use crate::wait::{Damaged, Objects};

/// What a thread waits for, and until when.
#[derive(Debug)]
pub struct Asleep<'a, P: Switching> {
    /// What it waits for.
    pub cause: Cause<'a, P>,
    /// When it gives up, if it does.
    pub deadline: Option<Instant>,
}

/// What a thread waits for.
pub enum Cause<'a, P: Switching> {
    /// To be unparked, by somebody who knows why.
    Unsaid,
    /// One of these objects, mostly the only one.
    Any(Objects<'a, P>),
    /// All of these objects at once.
    All(Objects<'a, P>),
    /// For time alone.
    Time,
    /// A push lock.
    Lock {
        /// What kind of lock.
        name: &'static str,
        /// Its address.
        address: usize,
    },
    /// Something to do.
    Work {
        /// The address of the queue.
        queue: usize,
    },
    /// Something that others do once: calls or items that are to have run, users that are to leave.
    Completion {
        /// The address of what it waits at.
        place: usize,
    },
    /// Threads that end, as the reaper does.
    TheDead,
    /// What it says cannot be read.
    Damaged(Damaged),
}

impl<P: Switching> fmt::Debug for Cause<'_, P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => out.write_str("Unsaid"),
            Self::Any(objects) => write!(out, "Any({objects:?})"),
            Self::All(objects) => write!(out, "All({objects:?})"),
            Self::Time => out.write_str("Time"),
            Self::Lock { name, address } => write!(out, "Lock({name}, {address:#x})"),
            Self::Work { queue } => write!(out, "Work({queue:#x})"),
            Self::Completion { place } => write!(out, "Completion({place:#x})"),
            Self::TheDead => out.write_str("TheDead"),
            Self::Damaged(damaged) => write!(out, "{damaged:?}"),
        }
    }
}

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
        if note.is_null() {
            return Some(Asleep { cause: Cause::Unsaid, deadline: None });
        }
        let damaged = Cause::Damaged(Damaged { at: note.addr() });
        // SAFETY: any bits are a note, and the thread does not go on.
        let Some(note): Option<Reason> = (unsafe { read(note, is_there) }) else {
            return Some(Asleep { cause: damaged, deadline: None });
        };
        let objects = |first, count| {
            // SAFETY: this is what the note says, and the caller says that nobody goes on.
            unsafe { Objects::find(first, count, is_there) }
        };
        let cause = match note.said(is_there) {
            None => Ok(damaged),
            Some(Said::Any(first, count)) => objects(first, count).map(Cause::Any),
            Some(Said::All(first, count)) => objects(first, count).map(Cause::All),
            Some(Said::Time) => Ok(Cause::Time),
            Some(Said::Lock(place, name)) => Ok(Cause::Lock { name, address: place.addr() }),
            Some(Said::Work(place)) => Ok(Cause::Work { queue: place.addr() }),
            Some(Said::Completion(place)) => Ok(Cause::Completion { place: place.addr() }),
            Some(Said::TheDead) => Ok(Cause::TheDead),
        };
        Some(Asleep { cause: cause.unwrap_or_else(Cause::Damaged), deadline: note.deadline() })
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
