//! From a thread's creation to its last reference.
//!
//! A thread has two owners: its handles, counted, and the scheduler, which gives its reference up through the reaper. What
//! a thread runs on cannot be freed by itself: it leaves its processor for good, what runs next there buries it, and the
//! reaper, a thread at Passive, frees the stack.
#![allow(unsafe_code, reason = "records are made in memory that the machine hands out")]

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use xtcore::{CpuIndex, RunLevel};

use super::super::machine::Switching;
use super::super::ready::End;
use super::super::scheduler::{Scheduler, at_most};
use super::super::thread::priority::{Priority, Rank};
use super::super::thread::status::Status;
use super::super::thread::{Claim, Handle, Kind, Name, Parts, State, Thread, Unstarted};
use super::Why;
use super::take::Floor;
use crate::cpus::{CpuSet, Seat};
use crate::misuse::Misuse;
use crate::platform::Parking;
use crate::sleep::Reason;
use crate::sync::Ordering;

/// What a new thread is to be.
#[derive(Debug)]
pub struct Blueprint<P: Switching> {
    /// What it is called.
    pub name: Name,
    /// Its base priority.
    pub priority: Priority,
    /// The processors that may run it.
    pub affinity: CpuSet,
    /// What it does.
    pub start: P::Start,
    /// What other parts of the kernel keep with it.
    pub extension: P::Extension,
}

/// Why a thread could not be created. Everything that was taken is back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreateError<E> {
    /// None of these processors runs threads.
    NoProcessor(CpuSet),
    /// There is no memory for its stack.
    NoStack(E),
    /// There is no memory for its record.
    NoRecord(E),
}

impl<E: fmt::Display> fmt::Display for CreateError<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProcessor(set) => write!(out, "none of the processors {:#x} runs threads", set.bits()),
            Self::NoStack(why) => write!(out, "no stack for a thread: {why}"),
            Self::NoRecord(why) => write!(out, "no record for a thread: {why}"),
        }
    }
}

/// Why a processor could not join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdoptError<E> {
    /// The scheduler was made for fewer.
    NoSuchProcessor(CpuIndex),
    /// It has joined already.
    Joined(CpuIndex),
    /// There is no memory for the record of its idle thread.
    NoRecord(E),
}

impl<E: fmt::Display> fmt::Display for AdoptError<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchProcessor(cpu) => {
                write!(out, "the scheduler has no place for processor {}", cpu.get())
            }
            Self::Joined(cpu) => write!(out, "processor {} runs threads already", cpu.get()),
            Self::NoRecord(why) => write!(out, "no record for an idle thread: {why}"),
        }
    }
}

impl<P: Switching> Scheduler<P> {
    /// Lets the caller's processor run threads. What calls becomes its idle thread, and goes on to [`Scheduler::idle`].
    /// Processors that never call this are left out of everything. Highest level: Apc; the caller does not change its
    /// processor meanwhile, since nothing else runs there yet.
    ///
    /// # Errors
    /// See [`AdoptError`]; nothing has changed.
    pub fn adopt(
        &self,
        seat: Seat,
        name: Name,
        extension: P::Extension,
    ) -> Result<(), AdoptError<P::NoMemory>> {
        at_most::<P>(RunLevel::Apc, "adopting a processor");
        let cpu = P::cpu();
        if !self.has_room_for(cpu) {
            return Err(AdoptError::NoSuchProcessor(cpu));
        }
        if self.processors().contains(cpu) {
            return Err(AdoptError::Joined(cpu));
        }
        let memory = P::allocate_thread().map_err(AdoptError::NoRecord)?;
        let idle = Thread::new(Parts {
            memory,
            kind: Kind::Idle,
            id: self.next_id(),
            name,
            status: Status::new(Priority::LOWEST, cpu).with_state(State::Running),
            affinity: CpuSet::of(cpu),
            quantum: 0,
            context: P::adopted(),
            stack: None,
            start: None,
            extension,
        });
        let thread = write_record(memory, idle);
        self.register(thread, 0);
        let _raised = P::raise(RunLevel::Dispatch);
        self.processor(cpu).set_idle(thread);
        // SAFETY: the caller is the thread from now on.
        unsafe { P::set_running(thread) };
        {
            // One processor joins at a time.
            let _ledger = self.ledger.lock();
            self.board.join(cpu, seat);
        }
        self.board.show_running(cpu, Rank::NOTHING);
        self.board.set_idle(cpu);
        self.ask(cpu);
        Ok(())
    }

    /// What a processor does that was adopted, when there is nothing to run. At Passive, for ever.
    pub fn idle(&self) -> ! {
        loop {
            P::idle();
        }
    }

    /// Creates a thread that does not run yet. Highest level: Apc.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn create(&self, plan: Blueprint<P>) -> Result<Unstarted<P>, CreateError<P::NoMemory>> {
        at_most::<P>(RunLevel::Apc, "creating a thread");
        if (plan.affinity & self.processors()).is_empty() {
            return Err(CreateError::NoProcessor(plan.affinity));
        }
        let mut stack = P::allocate_stack().map_err(CreateError::NoStack)?;
        let memory = match P::allocate_thread() {
            Ok(memory) => memory,
            Err(why) => {
                P::free_stack(stack);
                return Err(CreateError::NoRecord(why));
            }
        };
        let context = P::prepare(&mut stack);
        let thread = Thread::new(Parts {
            memory,
            kind: Kind::Ordinary,
            id: self.next_id(),
            name: plan.name,
            status: Status::new(plan.priority, P::cpu()),
            affinity: plan.affinity,
            quantum: self.policy.units(),
            context,
            stack: Some(stack),
            start: Some(plan.start),
            extension: plan.extension,
        });
        let thread = write_record(memory, thread);
        self.register(thread, 1);
        // SAFETY: a new record counts one reference, and this is it.
        Ok(Unstarted::new(unsafe { Handle::from_counted(thread) }))
    }

    /// Lets a new thread run for the first time.
    pub(crate) fn launch(&self, handle: &Handle<P>) {
        at_most::<P>(RunLevel::Dispatch, "starting a thread");
        let _raised = P::raise(RunLevel::Dispatch);
        // The scheduler's own reference, until the reaper has the thread.
        let thread = handle.clone().into_counted();
        // SAFETY: the thread was never started, so that nobody has its claim; `Unstarted` is consumed by starting it.
        let claim = unsafe { Claim::take(thread) };
        // The update never declines, so there is no other outcome to look at.
        let _ = claim.status.update(|status| Some(status.at(State::Running, P::cpu())));
        self.ready(claim, End::Back);
    }

    /// Gives back what a thread has that was never started; its record goes with its last handle.
    pub(crate) fn withdraw_unstarted(&self, handle: &Handle<P>) {
        at_most::<P>(RunLevel::Apc, "dropping a thread that was not started");
        // The update never declines, so there is no other outcome to look at.
        let _ = handle.status.update(|status| Some(status.with_state(State::Ended)));
        free_parts(handle);
        self.count_withdrawn();
    }

    /// Ends the calling thread, at Passive. Highest level: Passive.
    pub fn exit(&self) -> ! {
        let level = P::run_level();
        if level > RunLevel::Passive {
            P::misuse(Misuse::LevelTooHigh { operation: "exit", level, highest: RunLevel::Passive });
        }
        let thread = self.current();
        let holding = if thread.is_idle() {
            Some("a processor")
        } else if thread.critical.load(Ordering::Relaxed) > 0 {
            Some("a critical region")
        } else {
            None
        };
        if let Some(what) = holding {
            P::misuse(Misuse::EndedWhileHolding { what, thread: ptr::from_ref(thread).addr() });
        }
        P::ended(thread);
        let _never_lowered = P::raise(RunLevel::Dispatch);
        self.leave(P::cpu(), Floor::Leave, Why::Ends);
        P::misuse(Misuse::CorruptQueue { queue: "ready threads", entry: ptr::from_ref(thread).addr() })
    }

    /// Frees what threads that have ended leave; returns how many there were. Highest level: Apc.
    pub fn reap(&self) -> usize {
        at_most::<P>(RunLevel::Apc, "reaping threads");
        core::iter::from_fn(|| self.exhume())
            .map(|thread| {
                // SAFETY: it is the scheduler's reference, which `launch` counted.
                let thread = unsafe { Handle::from_counted(thread) };
                free_parts(&thread);
            })
            .count()
    }

    /// What the reaper does: a thread that the machine creates for it, once, and that calls this.
    /// Highest level: Passive.
    pub fn run_reaper(&self) -> ! {
        self.set_reaper(P::running());
        loop {
            if self.reap() == 0 {
                <P as Parking>::park_for(&Reason::the_dead());
            }
        }
    }

    /// Frees the record of a thread. Highest level: Dispatch.
    ///
    /// # Safety
    /// There is no reference to it, and none can be made.
    pub(crate) unsafe fn free(&self, thread: NonNull<Thread<P>>) {
        at_most::<P>(RunLevel::Dispatch, "dropping a thread's last handle");
        // SAFETY: every record is registered when it is made, and freed once.
        unsafe { self.forget(thread) };
        // SAFETY: the record is there until the next step.
        let memory = unsafe { thread.as_ref() }.memory;
        // SAFETY: nobody else has the record, and it is not used again.
        unsafe { memory.cast::<Thread<P>>().drop_in_place() };
        // SAFETY: it came from `allocate_thread`, and what was in it is gone.
        unsafe { P::free_thread(memory) };
    }
}

/// Makes a record in memory for one.
fn write_record<P: Switching>(
    memory: NonNull<MaybeUninit<Thread<P>>>,
    thread: Thread<P>,
) -> NonNull<Thread<P>> {
    let record = memory.cast();
    // SAFETY: `Switching` promises that memory from `allocate_thread` is nobody else's until it is freed.
    unsafe { record.write(thread) };
    record
}

/// Frees the stack of a thread that does not run on it, and what it would have started with.
fn free_parts<P: Switching>(thread: &Thread<P>) {
    // SAFETY: the thread has ended or was never started, and one caller in its life comes here: the cell is that one's.
    let stack = unsafe { (*thread.stack.get()).take() };
    // SAFETY: the thread itself will not look at what it starts with any more.
    let start = unsafe { (*thread.start.get()).take() };
    drop(start);
    if let Some(stack) = stack {
        P::free_stack(stack);
    }
}
