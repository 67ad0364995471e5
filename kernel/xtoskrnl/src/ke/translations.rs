//! Translations that all processors forget.

use xtcore::VirtRange;
use xtke::CpuSet;
use xtke::shootdown::{NoInbox, Request, Shootdown, Translations};

use super::threads::Kernel;
use crate::ar::control::{invalidate_all, invalidate_page};

static SHOOTDOWN: Shootdown<Kernel, { CpuSet::CAPACITY }> = Shootdown::new();

// INVLPG and a change of CR4 or CR3 wait for what was done before them, and nothing moves past them.
impl Translations for Kernel {
    fn forget_local(request: &Request) {
        request.addresses().for_each(invalidate_page);
    }

    fn forget_everything_local() {
        invalidate_all();
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
