//! This kernel's processors as `xtke` sees them.
#![allow(unsafe_code, reason = "the trait promises what run levels hold")]

use xtcore::{CpuIndex, RunLevel};
use xthal::Vector;
use xthal::apic::Target;
use xtke::lock::order::Watch;
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::time::Instant;

use super::watch;
use crate::ar::control;
use crate::hl::{apic, time};
use crate::ke::bugcheck::bug_check_raw;
use crate::ke::processor::{self, Raised};
use crate::ke::{interrupt, processors, translations};

/// The kernel. All of its state is the kernel's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel;

// SAFETY: at Dispatch and above no other thread gets the processor, and its number does not change; a bug check does not return.
unsafe impl Platform for Kernel {
    type Raised = Raised;

    #[inline]
    fn cpu() -> CpuIndex {
        processor::current()
    }

    #[inline]
    fn run_level() -> RunLevel {
        processor::run_level()
    }

    #[inline]
    fn raise(to: RunLevel) -> Raised {
        processor::raise(to)
    }

    fn interrupts_are_on() -> bool {
        control::interrupts_are_on()
    }

    fn relax() {
        if !control::interrupts_are_on() {
            translations::service();
        }
        control::pause();
    }

    fn now() -> Instant {
        Instant::new(time::get().map_or(0, time::Time::elapsed))
    }

    #[inline]
    fn request_dispatch() {
        interrupt::request_dispatch();
    }

    /// A processor that cannot be reached now looks at its next clock tick.
    fn kick(cpu: CpuIndex) {
        if let (Some(apic), Some(id)) = (apic::local(), processors::apic_id(cpu)) {
            let _ = apic.interrupt(Vector::INBOX, Target::One(id));
        }
    }

    fn lock_watch() -> Option<Watch> {
        watch::own()
    }

    fn is_alone() -> bool {
        processors::is_alone()
    }

    fn misuse(what: Misuse) -> ! {
        bug_check_raw(what.code(), what.parameters(), None, format_args!("{what}"))
    }
}
