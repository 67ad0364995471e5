//! A thread's side of a wait: the word that decides it, its places in the queues, and the ways to wait.
//!
//! # Life of a wait
//! The frame of a wait holds a [`Wait`] and one [`Block`] for each object. Blocks are put into the objects' queues one
//! after the other; from then on the objects' signallers read the frame, under the locks of those objects. However the wait
//! ends, [`Enlisted`](enlisted::Enlisted) takes each block out under its object's lock before the frame is left. So a
//! signaller that is still busy with a block, up to the end of `unpark`, keeps the frame and the thread alive.
#![allow(unsafe_code, reason = "blocks lie in the frames of their threads, where signallers find them")]

mod all;
mod any;
mod enlisted;
#[cfg(all(test, loom))]
mod models;

use core::ptr::NonNull;

use arrayvec::ArrayVec;
use xtcore::RunLevel;
use xtrtl::list::{Link, Linked};

use super::object::Target;
use super::timeout::until;
use super::{Handover, Timeout, WaitError, Waitable, Waiting};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking};
use crate::sleep::Reason;
use crate::sync::{AtomicU32, Ordering};
use crate::time::Instant;

/// For how many objects a thread can wait at once, as NT's `MAXIMUM_WAIT_OBJECTS`.
pub const MAX_OBJECTS: usize = 64;

/// Up to so many objects the frame of a wait is small: about half a kilobyte, else 4 KiB.
const FEW_OBJECTS: usize = 4;

/// How a wait for any object ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// The object with this number let the thread pass.
    Object { index: u8, left: Handover },
    /// The waiter gave up.
    Withdrawn,
}

/// The word that decides how a wait for any object ends. It is written once.
pub(super) struct Verdict(AtomicU32);

const OPEN: u32 = u32::MAX;
const WITHDRAWN: u32 = u32::MAX - 1;
const ABANDONED: u32 = 1 << 8;

impl Verdict {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(OPEN))
    }

    /// Ends the wait in this way, and tells whether it had not ended before. Who gets `true` carries out what it decided.
    ///
    /// Relaxed, because the word is all that is handed over by it: what it leads to is reached under the locks of the
    /// objects, and that the waiter sees it when it wakes is what unpark and park order.
    pub(super) fn decide(&self, ending: Ending) -> bool {
        let word = match ending {
            Ending::Object { index, left: Handover::Orderly } => u32::from(index),
            Ending::Object { index, left: Handover::Abandoned } => u32::from(index) | ABANDONED,
            Ending::Withdrawn => WITHDRAWN,
        };
        self.0.compare_exchange(OPEN, word, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Returns how the wait ended, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        let word = self.0.load(Ordering::Relaxed);
        match word {
            OPEN => None,
            WITHDRAWN => Some(Ending::Withdrawn),
            _ => {
                let [index, abandoned, ..] = word.to_le_bytes();
                let left = if abandoned == 0 { Handover::Orderly } else { Handover::Abandoned };
                Some(Ending::Object { index, left })
            }
        }
    }
}

/// How many of its objects a wait is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aim {
    /// The first that lets it pass.
    Any,
    /// All at once.
    All,
}

/// What the blocks of a wait have in common.
pub(super) struct Wait<P: Parking> {
    thread: NonNull<P::Thread>,
    aim: Aim,
    verdict: Verdict,
}

impl<P: Parking> Wait<P> {
    /// Returns a wait of the calling thread that nothing has decided.
    pub(super) fn new(aim: Aim) -> Self {
        Self { thread: P::current(), aim, verdict: Verdict::new() }
    }

    /// Returns the thread that waits.
    pub(super) const fn thread(&self) -> NonNull<P::Thread> {
        self.thread
    }

    /// Returns how many of its objects it waits for.
    pub(super) const fn aim(&self) -> Aim {
        self.aim
    }

    /// Returns the word that decides a wait for any.
    pub(super) const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Wakes the thread to look at how its wait stands.
    pub(super) fn wake(&self, boost: Boost) {
        // SAFETY: a wait lives in a function that its thread is in, so the thread is alive.
        P::unpark(unsafe { self.thread.as_ref() }, boost);
    }
}

/// A wait's place in the queue of one object.
pub(super) struct Block<P: Parking> {
    link: Link,
    wait: NonNull<Wait<P>>,
    index: u8,
}

// SAFETY: the link is the block's only one.
unsafe impl<P: Parking> Linked for Block<P> {
    const OFFSET: usize = core::mem::offset_of!(Self, link);
}

impl<P: Parking> Block<P> {
    /// Returns the block of a wait for its object of this number.
    ///
    /// # Safety
    /// The wait stays where it is for as long as the block exists.
    pub(super) unsafe fn new(wait: &Wait<P>, index: usize) -> Self {
        // The number is below MAX_OBJECTS.
        Self { link: Link::new(), wait: NonNull::from(wait), index: index as u8 }
    }

    /// Returns the wait.
    pub(super) const fn wait(&self) -> &Wait<P> {
        // SAFETY: `new` was promised that the wait is there as long as the block.
        unsafe { self.wait.as_ref() }
    }

    /// Returns the object's number in the wait.
    pub(super) const fn index(&self) -> u8 {
        self.index
    }
}

/// Which of several objects let a thread pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct First {
    /// Its place among them.
    pub index: usize,
    /// How it was left.
    pub left: Handover,
}

/// Waits for an object, and tells how it was left.
///
/// Highest level: Apc, with [`Timeout::NOW`] Dispatch. Cost without sleeping: one lock.
///
/// # Errors
/// [`WaitError::TimedOut`]; [`WaitError::OwnedTooOften`].
pub fn wait<P: Waiting>(
    object: &(impl Waitable<P> + ?Sized),
    timeout: Timeout,
) -> Result<Handover, WaitError> {
    let patience = Patience::of::<P>(timeout);
    any::wait::<P, 1>(&[object.target()], patience).map(|first| first.left)
}

/// Waits for any of several objects, and tells which let the thread pass. If several could at once, it is the first of them.
///
/// Highest level: Apc, with [`Timeout::NOW`] Dispatch. Cost: each object's lock once, and when it sleeps, twice.
///
/// # Errors
/// [`WaitError`], all but [`WaitError::SameObjectTwice`].
pub fn wait_any<P: Waiting>(objects: &[&dyn Waitable<P>], timeout: Timeout) -> Result<First, WaitError> {
    let patience = Patience::of::<P>(timeout);
    if objects.len() <= FEW_OBJECTS {
        any::wait::<P, FEW_OBJECTS>(&targets::<P, FEW_OBJECTS>(objects)?, patience)
    } else {
        any::wait::<P, MAX_OBJECTS>(&targets::<P, MAX_OBJECTS>(objects)?, patience)
    }
}

/// Waits for all of several objects, takes them all at once, and tells whether any of them was abandoned.
///
/// A wait for all has no claim on an object before it can have all of them: others may overtake it, see the module.
///
/// Highest level: Apc, with [`Timeout::NOW`] Dispatch. Cost: the locks of the objects, held together, each time one of them
/// is signalled.
///
/// # Errors
/// [`WaitError`].
pub fn wait_all<P: Waiting>(objects: &[&dyn Waitable<P>], timeout: Timeout) -> Result<Handover, WaitError> {
    let patience = Patience::of::<P>(timeout);
    if objects.len() <= FEW_OBJECTS {
        all::wait::<P, FEW_OBJECTS>(&targets::<P, FEW_OBJECTS>(objects)?, patience)
    } else {
        all::wait::<P, MAX_OBJECTS>(&targets::<P, MAX_OBJECTS>(objects)?, patience)
    }
}

/// Sleeps until the time is out; for ever, if it never is. Highest level: Apc.
pub fn delay<P: Waiting>(timeout: Timeout) {
    if let Patience::Until(deadline) = Patience::of::<P>(timeout) {
        let reason = Reason::time(deadline);
        until::<P, _>(deadline, |alarm| {
            while !alarm.rang() {
                P::park_for(&reason);
            }
        });
    }
}

/// Whether a wait may sleep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Patience {
    /// It may not.
    None,
    /// It may until then; without a moment, for ever.
    Until(Option<Instant>),
}

impl Patience {
    /// Decides it, and stops the machine when a thread would sleep that must not.
    fn of<P: Parking>(timeout: Timeout) -> Self {
        let level = P::run_level();
        let highest = if timeout == Timeout::NOW { RunLevel::Dispatch } else { RunLevel::Apc };
        if level > highest {
            P::misuse(Misuse::WaitAtRaisedLevel { level });
        }
        if timeout == Timeout::NOW { Self::None } else { Self::Until(timeout.deadline::<P>()) }
    }
}

/// Asks the objects for what the wait is for.
fn targets<'a, P: Parking, const N: usize>(
    objects: &[&'a dyn Waitable<P>],
) -> Result<ArrayVec<Target<'a, P>, N>, WaitError> {
    if objects.is_empty() {
        return Err(WaitError::NoObjects);
    }
    if objects.len() > N {
        return Err(WaitError::TooManyObjects { given: objects.len() });
    }
    Ok(objects.iter().map(|object| object.target()).collect())
}
