//! What a command leaves to a thread, because it cannot be done while the machine stands.
//!
//! A deferred procedure call hands it to a worker as soon as the level allows.

use core::pin::Pin;

use spin::Mutex;
use xtke::defer::work::WorkItem;
use xtke::defer::{Dpc, Importance, Target};

use crate::ex::{bench, crime};
use crate::kd::log;
use crate::ke::threads::{Kernel, work};
use crate::mm::look;

/// Something for a thread to do.
#[derive(Clone, Copy)]
pub(super) enum Errand {
    /// Commit a crime.
    Crime(crime::Wish),
    /// Measure what the kernel's operations cost.
    Bench,
}

/// What is on its way. A second errand that comes before the first was begun takes its place.
static WAITING: Mutex<Option<Errand>> = Mutex::new(None);

static CALL: Dpc<Kernel, fn()> = Dpc::new(Target::Inserter, Importance::Medium, submit);

static ITEM: WorkItem<Kernel, fn()> = WorkItem::new(&work::DELAYED, run);

impl Errand {
    /// Sends a thread. Highest level: High.
    pub(super) fn send(self) {
        if let Some(mut waiting) = WAITING.try_lock() {
            *waiting = Some(self);
        }
        Pin::static_ref(&CALL).insert();
    }
}

fn submit() {
    if Pin::static_ref(&ITEM).submit().is_err() {
        log!("xtoskrnl: no worker takes the monitor's errand");
    }
}

fn run() {
    let errand = WAITING.lock().take();
    let Some(memory) = look::memory() else { return };
    match errand {
        Some(Errand::Crime(wish)) => wish.commit(memory),
        Some(Errand::Bench) => bench::tell(memory),
        None => {}
    }
}
