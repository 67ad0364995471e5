//! Threads and the processors that run them.
//!
//! # What holds
//! 1. A thread runs on at most one processor. The right to it, its claim, is in exactly one place.
//! 2. A thread's context is saved before another processor restores it: the state that lets others have the thread is
//!    written after the switch, by what runs next there. Nobody waits for a flag, and **no lock is held across a switch**.
//! 3. No unpark is lost: the permit and the state are one word.
//! 4. When all processors that were told to look have looked, no ready thread outranks what a processor runs that may run
//!    it. No processor is idle beside work that is allowed on it. What is left is the way of one interrupt.
//! 5. Affinity is kept at all times; one that changes while a thread runs takes effect when its processor has looked.
//! 6. A thread below [`Priority::HIGHEST_DYNAMIC`] that has waited [`Policy::starvation`] ticks of its processor runs before
//!    everything that is not real time, at the latest eight ticks after it has come to the front of its list.
//! 7. Nothing is allocated but in [`Scheduler::create`] and [`Scheduler::adopt`]; running out is an error.
//!
//! # How
//! Each processor has a queue, a *next* thread (NT's standby thread) and the rank of what it runs, behind one lock, and
//! shows the outcome on a board that others read without it. Who makes a thread ready puts it, in this order,
//! 1. on an idle processor, a whole idle core first, the last one and its package first among equals;
//! 2. before what runs on the processor where it ran last, if that is lower;
//! 3. before what runs lowest among the processors that it may run on;
//! 4. into the queue of the processor where it ran last.
//!
//! A processor that falls to something lower, or to nothing, takes from the others what outranks that. The two cannot miss
//! each other, see the board's protocol (`ready/board.rs`).
//!
//! A thread that leaves its processor goes nowhere by itself: what runs next puts it to sleep, back into a queue, or into
//! the ground. That happens after the switch (`finish_switch`), so a thread that others can reach is whole.
//!
//! # Quantum and boosts, against NT
//! As in NT: a tick costs three units of the quantum and a wait costs one; at its end a boosted priority falls by one, and
//! the thread goes behind its equals; a preempted thread keeps its turn and its rest; a wait that ends with a boost gives
//! base + boost, 15 at most; from 16 on nothing of this but the turns. Unlike NT: there is no foreground quantum; a boost
//! never lowers one that is still there; starvation is looked for by each processor in its own queue at the fronts of its
//! lists, constant work, not by a thread that walks over all of them; help lasts one quantum, at 15, and ends at the base.
//!
//! # Locks
//! `ledger` and `queue` are never held together, no two queues are, and nothing is called under them but what writes bytes.
//!
//! # Cost
//! With one processor every operation is constant. With more, placing and falling look at one row of the board for each
//! processor. Only a thief can meet more: threads bound to several processors but not to its own.

mod dispatch;
mod machine;
mod ready;
mod scheduler;
mod thread;

pub use crate::cpus::{CpuSet, Seat};
pub use dispatch::{AdoptError, Blueprint, Busy, ControlError, Counts, CreateError, Critical};
pub use machine::{Start, Switching, first_run};
pub use scheduler::{Policy, Processor, Scheduler};
pub use thread::{Handle, Name, Priority, State, Thread, ThreadId, Unstarted};
