//! Threads: what `xtke`'s scheduler needs of this kernel, and what it is told.
//!
//! ```text
//!   start/threads  ->  adopt: the boot processor idles from now on; the thread `main` goes on with the boot
//!   clock          ->  Scheduler::tick, at Clock
//!   inbox          ->  a software interrupt at Dispatch
//!   Dispatch       ->  what the processor kept, timers, deferred procedure calls; then Scheduler::preempt, on the
//!                      stack of the thread, on the way down
//!   Apc            ->  the calls of the thread that runs
//! ```
//!
//! Memory for records and stacks comes from above this layer, through [`Room`].
#![allow(unsafe_code, reason = "the running thread is known by its address")]

mod clock;
mod platform;
mod room;
mod services;
mod switching;
mod waiting;
mod watch;
pub(crate) mod work;

use xtcore::{VirtAddr, VirtRange};
use xthal::Vector;
use xthal::topology::Topology;
use xtke::defer::apc::Queue;
use xtke::platform::{Boost, Platform};
use xtke::sched::{
    AdoptError, Blueprint, CpuSet, CreateError, Handle, Name, Policy, Priority, Processor, Scheduler, Seat,
    Start, Thread,
};
use xtke::wait::{Owned, ThreadEnd};

pub(crate) use self::clock::page;
use self::clock::start as start_clock;
pub(crate) use self::platform::Kernel;
pub(crate) use self::room::{NoMemory, Room, offer};
pub(crate) use self::services::{look_at_timers, times};
pub(crate) use self::switching::halts;
pub(crate) use self::watch::{each_lock_of, fill_locks, lock_classes, lock_within};
use super::interrupt::{self, SoftwareHandlers};
use super::processor::{self, MOST};
use super::{stacks, translations};
use crate::ar::{control, local};
use crate::kd::log;

static PROCESSORS: [Processor<Kernel>; MOST] = [const { Processor::new() }; MOST];

/// The scheduler.
pub(crate) static SCHEDULER: Scheduler<Kernel> = Scheduler::new(&PROCESSORS, Policy::DEFAULT);

/// A function and its argument: what a thread does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// The function.
    pub(crate) function: fn(usize),
    /// Its argument.
    pub(crate) argument: usize,
}

impl Start for Work {
    fn run(self) {
        (self.function)(self.argument);
    }
}

/// What is kept with each thread for waiting and for interrupting it.
#[derive(Debug, Default)]
pub(crate) struct Extension {
    /// The mutexes that it owns.
    pub(crate) owned: Owned<Kernel>,
    /// What it is asked to do.
    pub(crate) calls: Queue<Kernel>,
    /// Signalled when it has ended.
    pub(crate) end: ThreadEnd<Kernel>,
}

/// What software interrupts do once there are threads.
static SOFTWARE: SoftwareHandlers = SoftwareHandlers {
    deferred_calls: || {
        room::hand_back();
        services::serve();
    },
    reschedule: || {
        SCHEDULER.preempt();
        waiting::look();
    },
    asynchronous_calls: waiting::deliver,
};

/// Makes the caller the idle thread of its processor, which runs threads from now on.
///
/// # Errors
/// [`JoinError`]; the processor runs no threads then.
pub(crate) fn adopt() -> Result<(), JoinError> {
    services::prepare().map_err(AdoptError::NoRecord)?;
    let Topology { core, package, .. } = Topology::read(control::cpuid);
    let name = Name::numbered("idle", processor::current().get() as u32);
    SCHEDULER.adopt(Seat { core, package }, name, Extension::default())
}

/// Why a processor runs no threads.
pub(crate) type JoinError = AdoptError<NoMemory>;

/// Runs threads on the processor that calls, another one than the first; for good. `joined` is called as soon as it can be given
/// some. Returns why it cannot.
pub(super) fn join(joined: impl FnOnce()) -> JoinError {
    if let Err(error) = adopt() {
        return error;
    }
    joined();
    start_clock();
    SCHEDULER.idle()
}

/// Takes a message of another processor: it wants translations forgotten, or another thread to run, or what this one keeps.
fn look(_: Vector) {
    translations::service();
    interrupt::request_dispatch();
}

/// Takes software interrupts, messages and ticks into use on the first processor.
pub(crate) fn start() {
    clock::keep();
    interrupt::exchange_software_handlers(Some(&SOFTWARE));
    if let Err(error) = interrupt::register(Vector::INBOX, look) {
        log!("xtoskrnl: warning: messages of other processors go unnoticed: {error:?}");
    }
    start_clock();
}

/// Has every other processor that runs threads look at what is deferred. Called at Dispatch or above; does not wait.
/// Tells whether there are others, and they take messages.
pub(crate) fn kick_others() -> bool {
    let others = SCHEDULER.processors() & !CpuSet::of(processor::current());
    others.iter().for_each(Kernel::kick);
    !others.is_empty()
}

/// Creates a thread and lets it run.
///
/// # Errors
/// [`CreateError`]; everything that was taken is back.
#[inline(never)]
pub(crate) fn spawn(
    name: Name,
    priority: Priority,
    affinity: CpuSet,
    work: Work,
) -> Result<Handle<Kernel>, CreateError<NoMemory>> {
    let plan = Blueprint { name, priority, affinity, start: work, extension: Extension::default() };
    Ok(SCHEDULER.create(plan)?.start())
}

/// Returns the thread that runs on this processor; `None` before there are threads. Takes no lock.
pub(crate) fn running() -> Option<&'static Thread<Kernel>> {
    let thread = core::ptr::with_exposed_provenance::<Thread<Kernel>>(local::thread());
    // SAFETY: zero or the address of the thread that runs, which is alive as long as it does; whoever asks is that thread, or
    // interrupts it and is through before it goes on.
    unsafe { thread.as_ref() }
}

/// Returns the stack of the thread that runs, if an address is on it or in its guard. Takes no lock.
pub(crate) fn stack_at(address: VirtAddr) -> Option<&'static xtmm::stack::Stack> {
    let thread = running()?;
    // SAFETY: the caller is that thread, or interrupts it.
    let stack = unsafe { thread.own_stack() }?;
    (stack.usable().contains(address) || stack.guard().contains(address)).then_some(stack)
}

/// Finds the stack of the running thread for whoever describes an address. What has no memory yet counts as its guard:
/// only a probe may go there.
pub(crate) fn find_stack(address: VirtAddr) -> Option<stacks::Stack> {
    let stack = stack_at(address)?;
    let name = stacks::Name::of_thread(running()?.name());
    let pages = stack.committed_range();
    let guard = VirtRange::new(stack.guard().start(), pages.start())?;
    Some(stacks::Stack { name, pages, guard })
}

/// How much waiting for something that has come raises a priority: as NT's event increment.
const INCREMENT: Boost = xtke::wait::INCREMENT;
