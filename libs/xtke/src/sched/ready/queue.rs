//! The threads that wait for one processor, and the one that it runs next.
//!
//! Thirty-two lists, one for each priority, and a word with a bit for each that is not empty; twice, because threads that
//! may run on one processor only stand apart. So who looks for something to *take away* never passes by a thread that is
//! bound to its place. Among threads of one priority the turn decides, across both banks.
//!
//! # Cost
//! Everything is constant, except [`Queue::steal`]: it passes by the threads here that may run on several processors but
//! not on the thief's.
//!
//! # Invariants
//! * What stands here is [`State::Ready`](super::super::State::Ready) with this processor in its status, and nothing else is.
//! * A thread's priority does not change while it stands here: it is taken out, changed, and put back.
#![allow(unsafe_code, reason = "claims stand in lists")]

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use xtcore::CpuIndex;

use super::list::{Anchor, Links, List};
use crate::sched::machine::Switching;
use crate::sched::thread::priority::{Priority, Rank};
use crate::sched::thread::{Claim, Thread};

/// At which end of its priority a thread is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Its turn did not end: it goes on before the others.
    Front,
    /// It goes behind the others.
    Back,
}

/// Which of the banks a thread stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Movable,
    Bound,
}

/// How a thread stands in a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Smaller turns come first.
    turn: i64,
    /// The processor's tick count when it came.
    since: u32,
    priority: Priority,
    side: Side,
}

impl Standing {
    /// Of a thread that stands in no queue.
    pub(crate) const NOWHERE: Self =
        Self { turn: 0, since: 0, priority: Priority::LOWEST, side: Side::Movable };
}

/// The links that ready threads use.
pub(crate) struct Waiting;

impl<P: Switching> Anchor<P> for Waiting {
    const NAME: &'static str = "ready threads";

    fn links(thread: &Thread<P>) -> &UnsafeCell<Links<P>> {
        &thread.links
    }
}

/// A list for each priority.
struct Bank<P: Switching> {
    occupied: u32,
    lists: [List<P, Waiting>; Priority::COUNT],
}

impl<P: Switching> Bank<P> {
    const fn new() -> Self {
        Self { occupied: 0, lists: [const { List::new() }; Priority::COUNT] }
    }

    /// Returns the highest rank that waits here.
    const fn best(&self) -> Rank {
        Rank::from_byte((u32::BITS - self.occupied.leading_zeros()) as u8)
    }

    fn list(&self, priority: Priority) -> Option<&List<P, Waiting>> {
        self.lists.get(usize::from(priority.get()))
    }

    fn first(&self, priority: Priority) -> Option<&Thread<P>> {
        self.list(priority)?.first()
    }

    /// Returns the priorities that have threads, highest first, down to those of a rank above `floor`.
    fn priorities(&self, floor: Rank) -> impl Iterator<Item = Priority> {
        let mut left = self.occupied;
        core::iter::from_fn(move || {
            let rank = u32::BITS - left.leading_zeros();
            let priority = Priority::from_low_bits(rank.checked_sub(1)?);
            left &= !(1 << priority.get());
            (Rank::of(priority) > floor).then_some(priority)
        })
    }
}

/// The threads that wait for one processor.
pub(crate) struct Queue<P: Switching> {
    movable: Bank<P>,
    bound: Bank<P>,
    /// What the processor switches to as soon as it looks: NT's standby thread. While there is one, the processor has been
    /// told to look, or is about to be, and has not yet.
    next: Option<Claim<P>>,
    /// What the processor runs.
    pub(crate) running: Rank,
    /// The turns of the next threads that come to either end.
    turns: (i64, i64),
}

impl<P: Switching> Queue<P> {
    pub(crate) const fn new() -> Self {
        Self { movable: Bank::new(), bound: Bank::new(), next: None, running: Rank::NOTHING, turns: (-1, 0) }
    }

    /// Returns the rank of what the processor runs or is about to.
    pub(crate) fn shown(&self) -> Rank {
        self.next.as_ref().map_or(self.running, |next| next.status.load().rank().max(self.running))
    }

    /// Returns the highest rank that another processor could take.
    pub(crate) const fn best_movable(&self) -> Rank {
        self.movable.best()
    }

    /// Returns the highest rank that waits here.
    fn best(&self) -> Rank {
        self.movable.best().max(self.bound.best())
    }

    /// Makes a thread the next that runs; returns the one that it displaces.
    pub(crate) fn put_next(&mut self, thread: Claim<P>) -> Option<Claim<P>> {
        self.next.replace(thread)
    }

    /// Takes the next thread away, if it does not outrank what runs.
    pub(crate) fn take_outranked(&mut self) -> Option<Claim<P>> {
        let running = self.running;
        self.next.take_if(|next| next.status.load().rank() <= running)
    }

    /// Takes what should run of at least this rank.
    pub(crate) fn take(&mut self, least: Rank) -> Option<Claim<P>> {
        let waiting = self.best();
        if let Some(next) = self.next.take_if(|next| next.status.load().rank() >= least.max(waiting)) {
            return Some(next);
        }
        if waiting < least {
            return None;
        }
        let priority = Priority::from_low_bits(u32::from(waiting.byte()).checked_sub(1)?);
        let first = match (self.movable.first(priority), self.bound.first(priority)) {
            (Some(one), Some(other)) if turn(other) < turn(one) => other,
            (Some(one), _) => one,
            (None, other) => other?,
        };
        let first = NonNull::from(first);
        // SAFETY: it stands first in a list of this queue.
        Some(unsafe { self.unlink(first) })
    }

    /// Puts a thread into its list. `now` is the processor's tick count.
    pub(crate) fn insert(&mut self, thread: Claim<P>, end: End, now: u32) {
        let priority = thread.status.load().current();
        let side = if thread.affinity().is_single() { Side::Bound } else { Side::Movable };
        let turn = match end {
            End::Front => {
                self.turns.0 -= 1;
                self.turns.0 + 1
            }
            End::Back => {
                self.turns.1 += 1;
                self.turns.1 - 1
            }
        };
        let standing = thread.standing.get();
        // SAFETY: the holder of the claim may write how the thread stands.
        unsafe { *standing = Standing { turn, since: now, priority, side } };
        let bank = self.bank(side);
        bank.occupied |= 1 << priority.get();
        let Some(list) = bank.lists.get_mut(usize::from(priority.get())) else { return };
        match end {
            // SAFETY: a claim that was in hand is in no list, and it keeps the thread alive wherever it is.
            End::Front => unsafe { list.push_front(thread.into_inner()) },
            // SAFETY: the claim was in the caller's hand, so that the thread stood nowhere; the list has it now.
            End::Back => unsafe { list.push_back(thread.into_inner()) },
        }
    }

    /// Takes out a thread that is known to be here, as its status says.
    ///
    /// # Safety
    /// Its status says, under this queue's lock, that it is ready at this processor.
    pub(crate) unsafe fn remove(&mut self, thread: &Thread<P>) -> Claim<P> {
        if let Some(next) = self.next.take_if(|next| next.is(thread)) {
            return next;
        }
        // SAFETY: a thread that is ready here is the next or stands in a list of this queue, and it is not the next.
        unsafe { self.unlink(NonNull::from(thread)) }
    }

    /// Takes away the highest thread above a rank that may run on another processor.
    pub(crate) fn steal(&mut self, above: Rank, thief: CpuIndex) -> Option<Claim<P>> {
        let found = self.movable.priorities(above).find_map(|priority| {
            self.movable.list(priority)?.iter().find(|thread| thread.affinity().contains(thief))
        })?;
        let found = NonNull::from(found);
        // SAFETY: the search found it in a list of this queue.
        Some(unsafe { self.unlink(found) })
    }

    /// Takes a thread that stands first in a list below [`Priority::HIGHEST_DYNAMIC`] for at least `limit` ticks. Looks at
    /// thirty threads at most.
    pub(crate) fn take_starved(&mut self, now: u32, limit: u32) -> Option<Claim<P>> {
        let found = [&self.movable, &self.bound].into_iter().find_map(|bank| {
            let dynamic =
                bank.priorities(Rank::NOTHING).filter(|&priority| priority < Priority::HIGHEST_DYNAMIC);
            dynamic
                .filter_map(|priority| bank.first(priority))
                .find(|thread| now.wrapping_sub(since(thread)) >= limit)
        })?;
        let found = NonNull::from(found);
        // SAFETY: it stands first in a list of this queue.
        Some(unsafe { self.unlink(found) })
    }

    fn bank(&mut self, side: Side) -> &mut Bank<P> {
        match side {
            Side::Movable => &mut self.movable,
            Side::Bound => &mut self.bound,
        }
    }

    /// # Safety
    /// The thread stands in a list of this queue.
    unsafe fn unlink(&mut self, thread: NonNull<Thread<P>>) -> Claim<P> {
        // SAFETY: what stands in a list is alive.
        let standing = unsafe { thread.as_ref() }.standing.get();
        // SAFETY: how it stands belongs to this queue, which is borrowed exclusively.
        let Standing { side, priority, .. } = unsafe { *standing };
        let bank = self.bank(side);
        if let Some(list) = bank.lists.get_mut(usize::from(priority.get())) {
            // SAFETY: that is the list that `insert` chose, and the caller says that it stands in one.
            unsafe { list.remove(thread) };
            if list.is_empty() {
                bank.occupied &= !(1 << priority.get());
            }
        }
        // SAFETY: the list held the claim, and has let go of it.
        unsafe { Claim::take(thread) }
    }
}

/// Returns the turn of a thread in a queue that is borrowed.
fn turn<P: Switching>(thread: &Thread<P>) -> i64 {
    // SAFETY: the thread comes from a borrowed queue, so that nobody writes how it stands.
    unsafe { (*thread.standing.get()).turn }
}

/// Returns when a thread came into a queue that is borrowed.
fn since<P: Switching>(thread: &Thread<P>) -> u32 {
    // SAFETY: only who has the queue exclusively writes this, and it is borrowed.
    unsafe { (*thread.standing.get()).since }
}
