//! What a sleeping thread sleeps for: a note in its own frame, for whoever looks at a machine that stands still.
//!
//! # Protocol
//! Who parks shows the note ([`Parking::park_for`]). The scheduler keeps its address in the thread's record from just before
//! the thread leaves its processor until just after it has come back, both at Dispatch. So a thread that is parked has the
//! note of the very park that it is in, also when an asynchronous procedure call waits inside of another wait, and no
//! address outlives its note. It costs two stores for each sleep, and none for a wait that need not sleep.
//!
//! A note is plain words. Whatever overwrote it, reading it is no more than reading numbers; what they lead to is
//! asked of [`IsThere`] before it is read.
#![allow(unsafe_code, reason = "notes are read in the frames of other threads")]

use core::fmt;
use core::ptr;

use crate::lock::Class;
use crate::platform::Parking;
use crate::time::Instant;
use crate::wait::{Damaged, Objects, Target};

/// Tells whether so many bytes at an address can be read.
pub type IsThere<'a> = &'a dyn Fn(usize, usize) -> bool;

/// The longest name of a lock that is believed.
const LONGEST_NAME: usize = 64;

/// What a thread sleeps for.
#[derive(Clone, Copy)]
pub struct Reason {
    cause: u32,
    count: usize,
    place: *const (),
    name: *const u8,
    name_bytes: usize,
    deadline: Instant,
}

/// What a thread waits for, and until when.
#[derive(Debug)]
pub struct Asleep<'a, P: Parking> {
    /// What it waits for.
    pub cause: Cause<'a, P>,
    /// When it gives up, if it does.
    pub deadline: Option<Instant>,
}

/// What a thread waits for.
#[derive(Debug)]
pub enum Cause<'a, P: Parking> {
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

const ANY: u32 = 1;
const ALL: u32 = 2;
const TIME: u32 = 3;
const LOCK: u32 = 4;
const WORK: u32 = 5;
const COMPLETION: u32 = 6;
const THE_DEAD: u32 = 7;

impl Reason {
    const fn new(cause: u32, place: *const ()) -> Self {
        Self { cause, count: 0, place, name: ptr::null(), name_bytes: 0, deadline: Instant::NEVER }
    }

    fn objects<P: Parking>(cause: u32, targets: &[Target<'_, P>], deadline: Option<Instant>) -> Self {
        let deadline = deadline.unwrap_or(Instant::NEVER);
        Self { count: targets.len(), deadline, ..Self::new(cause, targets.as_ptr().cast()) }
    }

    /// Says that any of these objects is waited for.
    pub(crate) fn any<P: Parking>(targets: &[Target<'_, P>], deadline: Option<Instant>) -> Self {
        Self::objects(ANY, targets, deadline)
    }

    /// Says that all of these objects are waited for.
    pub(crate) fn all<P: Parking>(targets: &[Target<'_, P>], deadline: Option<Instant>) -> Self {
        Self::objects(ALL, targets, deadline)
    }

    /// Says that nothing but the time is waited for; without a moment, for ever.
    pub(crate) fn time(deadline: Option<Instant>) -> Self {
        Self { deadline: deadline.unwrap_or(Instant::NEVER), ..Self::new(TIME, ptr::null()) }
    }

    /// Says that the push lock at `place` is waited for.
    pub(crate) fn lock(class: Class, place: *const ()) -> Self {
        let name = class.name();
        Self { name: name.as_ptr(), name_bytes: name.len(), ..Self::new(LOCK, place) }
    }

    /// Says that the queue at `place` has nothing to do.
    pub(crate) const fn work(place: *const ()) -> Self {
        Self::new(WORK, place)
    }

    /// Says that what is noted at `place` has not happened.
    pub(crate) const fn completion(place: *const ()) -> Self {
        Self::new(COMPLETION, place)
    }

    /// Says that no thread has ended.
    pub(crate) const fn the_dead() -> Self {
        Self::new(THE_DEAD, ptr::null())
    }

    /// Returns what the note at an address says; a null address is a sleep without one.
    ///
    /// # Safety
    /// As long as the answer is used, nobody goes on who could change the note or an object that it names, or leave the wait.
    pub(crate) unsafe fn read<'a, P: Parking>(at: *const Self, is_there: IsThere<'a>) -> Asleep<'a, P> {
        if at.is_null() {
            return Asleep { cause: Cause::Unsaid, deadline: None };
        }
        // SAFETY: the parts of a note are numbers and raw pointers, so any bits are one, and nobody goes on who writes it.
        let Some(note): Option<Self> = (unsafe { read(at, is_there) }) else {
            return Asleep { cause: Cause::Damaged(Damaged { at: at.addr() }), deadline: None };
        };
        let objects = |how: fn(Objects<'a, P>) -> Cause<'a, P>| {
            // SAFETY: this is what the note says, and the caller says that nobody goes on.
            let found = unsafe { Objects::find(note.place, note.count, is_there) };
            found.map_or_else(Cause::Damaged, how)
        };
        let address = note.place.addr();
        let cause = match note.cause {
            ANY => Some(objects(Cause::Any)),
            ALL => Some(objects(Cause::All)),
            TIME => Some(Cause::Time),
            LOCK => note.name(is_there).map(|name| Cause::Lock { name, address }),
            WORK => Some(Cause::Work { queue: address }),
            COMPLETION => Some(Cause::Completion { place: address }),
            THE_DEAD => Some(Cause::TheDead),
            _ => None,
        };
        Asleep {
            cause: cause.unwrap_or(Cause::Damaged(Damaged { at: at.addr() })),
            deadline: (note.deadline != Instant::NEVER).then_some(note.deadline),
        }
    }

    fn name(&self, is_there: IsThere<'_>) -> Option<&'static str> {
        let fits = self.name_bytes <= LONGEST_NAME && is_there(self.name.addr(), self.name_bytes);
        if self.name.is_null() || !fits {
            return None;
        }
        // SAFETY: there are so many bytes, as was asked. They are a class's name, which is a constant; if the note was
        // overwritten, they are others, and are looked at as text only if they are one.
        let bytes = unsafe { core::slice::from_raw_parts(self.name, self.name_bytes) };
        core::str::from_utf8(bytes).ok()
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Reason({}, {:#x})", self.cause, self.place.addr())
    }
}

/// Returns what lies at an address, if it is one for such a value and there is memory.
///
/// # Safety
/// Any bits are a `T`, and nobody writes to it meanwhile.
pub(crate) unsafe fn read<T: Copy>(at: *const T, is_there: IsThere<'_>) -> Option<T> {
    let is_readable = !at.is_null() && at.is_aligned() && is_there(at.addr(), size_of::<T>());
    // SAFETY: there is aligned memory, as was asked, which holds a `T` whatever its bits are.
    is_readable.then(|| unsafe { at.read() })
}
