//! Translations that all processors forget.

use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::{CpuIndex, VirtRange};
use xtke::CpuSet;
use xtke::shootdown::{NoInbox, Request, Shootdown, Translations};

use super::processor;
use super::threads::Kernel;
use crate::ar::control::{invalidate_all, invalidate_page};

static SHOOTDOWN: Shootdown<Kernel, { CpuSet::CAPACITY }> = Shootdown::new();

/// 1 + the number of a processor that forgets nothing, on purpose; 0 for none.
static DEAF: AtomicUsize = AtomicUsize::new(0);

/// Has a processor forget nothing from now on, though it answers: a boot shows by this that its check would notice.
pub(crate) fn deafen(cpu: CpuIndex) {
    DEAF.store(1 + cpu.get(), Ordering::Relaxed);
}

fn is_deaf() -> bool {
    let deaf = DEAF.load(Ordering::Relaxed);
    deaf != 0 && deaf == 1 + processor::current().get()
}

// INVLPG and a change of CR4 or CR3 wait for what was done before them, and nothing moves past them.
impl Translations for Kernel {
    fn forget_local(request: &Request) {
        if !is_deaf() {
            request.addresses().for_each(invalidate_page);
        }
    }

    fn forget_everything_local() {
        if !is_deaf() {
            invalidate_all();
        }
    }
}

/// Has every processor that runs forget the pages of ranges, each with the distance of its pages. Returns when they have.
///
/// Highest level: Dispatch, with interrupts on once processors take messages; locks may be held.
pub(crate) fn forget(spans: impl Iterator<Item = (VirtRange, u64)>) {
    let mut request = Request::new();
    spans.for_each(|(range, stride)| request.add(range, stride));
    SHOOTDOWN.invalidate(&request, CpuSet::ALL);
}

/// Lets the caller's processor be asked from now on. It forgets everything first. Called with interrupts off.
///
/// # Errors
/// [`NoInbox`]: there are more processors than were thought of, and this one must not go on.
pub(crate) fn enter() -> Result<(), NoInbox> {
    SHOOTDOWN.enter()
}

/// Does what other processors have asked of this one.
pub(crate) fn service() {
    SHOOTDOWN.service();
}

/// Has nobody wait for the caller's processor any more, which forgets everything, and touches nothing whose translation changes
/// until it has entered again. Called with interrupts off.
pub(crate) fn leave() {
    SHOOTDOWN.leave();
}
