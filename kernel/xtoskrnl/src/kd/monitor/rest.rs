//! The locks that commands need: free, held by somebody who goes on, or left by the dead.
#![allow(unsafe_code, reason = "locks are taken from the dead")]

use core::fmt::{self, Write};
use core::ops::ControlFlow;

use spin::Once;
use xtcore::CpuIndex;
use xtmm::pool::PoolKind;

use crate::hl::time;
use crate::kd;
use crate::ke::processor::{self, MOST, Pinned};
use crate::ke::processors;
use crate::ke::threads::{self, SCHEDULER};
use crate::mm::{Memory, look};

/// How many there are.
const COUNT: usize = 8;

/// Their names, and whether each is free.
pub(super) type Locks = [(&'static str, bool); COUNT];

/// What the machine held when it stopped.
static LEFT: Once<Locks> = Once::new();

/// Looks at each of them, and waits for none. The answers are a moment old, unless all other processors stand.
pub(super) fn look_at_locks(memory: &Memory, pin: &Pinned) -> Locks {
    let pool = |kind| memory.pool(kind).raw().try_counts(pin).is_some();
    let timers = |cpu| threads::look_at_timers(cpu, 0, &|_, _| false, &mut |_| ControlFlow::Break(()));
    [
        ("page tables", memory.space().try_inspect(pin, |_, _| ()).is_some()),
        ("frame allocator", memory.frames().try_counts(pin).is_some()),
        ("system PTEs", memory.system().try_inspect(pin, |_| ()).is_some()),
        ("kept stacks", memory.stacks().try_counts(pin).is_some()),
        ("non-paged pool", pool(PoolKind::NonPaged)),
        ("paged pool", pool(PoolKind::Paged)),
        ("ledger of threads", SCHEDULER.look(0, &|_| false, &mut |_| ControlFlow::Break(())).is_ok()),
        ("timers", (0..MOST).map(CpuIndex::new).all(|cpu| timers(cpu).is_some())),
    ]
}

/// Tells whether nobody is in the middle of something that the monitor could not show then, or would keep while the machine
/// stands: neither another processor nor whoever this interrupts. Waits for no lock.
pub(super) fn is_at_rest() -> bool {
    let all_free = |memory| look_at_locks(memory, &processor::pin()).iter().all(|(_, is_free)| *is_free);
    kd::is_at_rest() && time::is_at_rest() && look::memory().is_none_or(all_free)
}

/// Notes which of them a machine has left held that has stopped, and from now on takes them from the dead. Where another processor may
/// still run they stay whose they are. The first time counts.
///
/// # Safety
/// Nothing goes on that this processor has interrupted.
pub(super) unsafe fn inherit() {
    if let Some(memory) = look::memory() {
        LEFT.call_once(|| look_at_locks(memory, &processor::pin()));
    }
    // SAFETY: as this function demands.
    unsafe { processors::inherit() };
}

/// Returns what the machine held when it stopped, if it has.
pub(super) fn left() -> Option<&'static Locks> {
    LEFT.get()
}

/// Tells whoever sees the prompt what was being changed when the machine stopped, if anything was.
pub(super) fn warn(out: &mut dyn Write) -> fmt::Result {
    let mut held =
        left().into_iter().flatten().filter(|(_, is_free)| !is_free).map(|(name, _)| name).peekable();
    if held.peek().is_none() {
        return Ok(());
    }
    out.write_str("half changed, perhaps, because somebody held the lock:")?;
    let mut before = " ";
    for name in held {
        write!(out, "{before}{name}")?;
        before = ", ";
    }
    out.write_str("\r\n")
}
