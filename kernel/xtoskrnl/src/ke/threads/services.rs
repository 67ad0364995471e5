//! What each processor has for its threads: its timers, its deferred procedure calls, and the account of its time.
//!
//! A processor's part is made when it joins, in memory of the pool, and stays for good. Nothing is kept for processors that
//! never join.
#![allow(unsafe_code, reason = "a record is made in raw memory, and stays")]

use core::alloc::Layout;
use core::ops::ControlFlow;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

use spin::Once;
use xtcore::CpuIndex;
use xtke::defer::{Deferring, DpcQueue};
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::time::{Activity, Armed, CpuTimes, Instant, TimerQueue, Times, Timing};

use super::{Kernel, NoMemory, room};
use crate::ke::processor::{self, MOST};

/// One processor's part.
struct Services {
    timers: TimerQueue<Kernel>,
    calls: DpcQueue<Kernel>,
    times: CpuTimes,
    /// Whether it is doing what was deferred. Written and read by the processor itself, by ticks that interrupt it.
    is_deferring: AtomicBool,
}

static SERVICES: [Once<&'static Services>; MOST] = [const { Once::new() }; MOST];

impl Timing for Kernel {
    fn timers(cpu: CpuIndex) -> &'static TimerQueue<Self> {
        &joined(cpu).timers
    }
}

impl Deferring for Kernel {
    fn dpcs(cpu: CpuIndex) -> &'static DpcQueue<Self> {
        &joined(cpu).calls
    }
}

fn find(cpu: CpuIndex) -> Option<&'static Services> {
    SERVICES.get(cpu.get())?.get().copied()
}

/// Returns the part of a processor that has joined; what is left with another one would never be done.
fn joined(cpu: CpuIndex) -> &'static Services {
    match find(cpu) {
        Some(services) => services,
        None => Kernel::misuse(Misuse::CorruptQueue {
            queue: "the processors (one was asked that runs no threads)",
            entry: cpu.get(),
        }),
    }
}

/// Makes the part of the processor that calls, before it joins. Once; later calls change nothing.
///
/// # Errors
/// There is no memory; nothing was taken.
#[inline(never)]
pub(super) fn prepare() -> Result<(), NoMemory> {
    let cpu = processor::current();
    let Some(slot) = SERVICES.get(cpu.get()) else { return Err(NoMemory::Record) };
    slot.try_call_once(|| {
        let allocate = room::get().ok_or(NoMemory::Record)?.allocate;
        let memory = allocate(Layout::new::<Services>()).ok_or(NoMemory::Record)?;
        let memory: NonNull<Services> = memory.cast();
        let services = Services {
            timers: TimerQueue::new(cpu),
            calls: DpcQueue::new(cpu),
            times: CpuTimes::new(Kernel::now()),
            is_deferring: AtomicBool::new(false),
        };
        // SAFETY: the memory has the layout of the record, and is nobody else's.
        unsafe { memory.write(services) };
        // SAFETY: it was just written, and is never given back.
        Ok(unsafe { memory.as_ref() })
    })
    .map(drop)
}

/// Does what the processor has deferred and what its timers are due for. At Dispatch.
pub(super) fn serve() {
    let Some(services) = find(processor::current()) else { return };
    services.is_deferring.store(true, Ordering::Relaxed);
    // Reading the time can be slow.
    if services.timers.next_due() != Instant::NEVER {
        services.timers.expire(Kernel::now());
    }
    services.calls.drain();
    services.is_deferring.store(false, Ordering::Relaxed);
}

/// Charges the time since the last clock tick to what this one interrupted. At Clock.
pub(super) fn tick(now: Instant) {
    if let Some(services) = find(processor::current()) {
        services.times.charge(services.activity(), now);
    }
}

/// Returns what a processor has spent its time on, to the tick; `None` if it runs no threads.
pub(crate) fn times(cpu: CpuIndex) -> Option<Times> {
    Some(find(cpu)?.times.times())
}

/// Shows a processor's timers, as [`TimerQueue::look`] does; none for one that runs no threads. `None` when somebody holds them.
pub(crate) fn look_at_timers(
    cpu: CpuIndex,
    most: usize,
    is_there: &dyn Fn(usize, usize) -> bool,
    visit: &mut dyn FnMut(Armed) -> ControlFlow<()>,
) -> Option<()> {
    find(cpu).map_or(Some(()), |services| services.timers.look(most, is_there, visit))
}

impl Services {
    fn activity(&self) -> Activity {
        if self.is_deferring.load(Ordering::Relaxed) {
            return Activity::Dpc;
        }
        let is_idle = super::running().is_none_or(|thread| thread.is_idle());
        if is_idle { Activity::Idle } else { Activity::Kernel }
    }
}
