//! What a processor does between its first Rust and its idle thread.

use core::sync::atomic::{AtomicBool, Ordering};

use xtcore::CpuIndex;

use super::{State, advance, known};
use crate::ar::control::{self, pause, without_interrupts};
use crate::ar::stack::pointer;
use crate::hl::apic;
use crate::kd::log;
use crate::ke::stacks::{self, Name, START_STACK, Spot};
use crate::ke::{interrupt, processor, threads, translations};

/// The start pages are gone; processors that have arrived may go on.
static RELEASED: AtomicBool = AtomicBool::new(false);

/// Lets the processors that have arrived go on. Nothing is mapped at the start pages any more, and every page that was
/// changed for their sake is as it was.
pub(crate) fn release() {
    RELEASED.store(true, Ordering::Release);
}

/// Where a processor begins, on its own stack, with its own tables, at High and with interrupts off. `cpu` is the number that it
/// was started with.
pub(crate) fn begin(cpu: CpuIndex) -> ! {
    if !advance(cpu, State::Starting, State::Arrived) {
        // The boot processor has given up waiting, and resets this one.
        control::stop();
    }
    while !RELEASED.load(Ordering::Acquire) {
        pause();
    }
    // The number that it keeps.
    let cpu = processor::current();
    // This forgets translations of the start pages, too, which nobody else has made it forget.
    if translations::enter().is_err() {
        log!("xtoskrnl: CPU {} cannot be told to forget translations, and stops", cpu.get());
        drop_out(cpu);
    }
    let own = Name::of(START_STACK, cpu);
    let stands_right = matches!(stacks::find(pointer()), Some(Spot::Inside(stack)) if stack.name == own);
    if !stands_right {
        log!(
            "xtoskrnl: CPU {} stands on {}, not on its own stack, and stops",
            cpu.get(),
            stacks::name_at(pointer())
        );
        translations::leave();
        drop_out(cpu);
    }
    if let Some(apic) = apic::local() {
        apic.enable(known(cpu).and_then(|known| known.nmi));
    }
    processor::begin_passive();
    interrupt::enable();
    // Running means that threads can be had: whoever waits for it may create some right away.
    let error = threads::join(|| {
        let _ = advance(cpu, State::Arrived, State::Running);
    });
    log!("xtoskrnl: warning: CPU {} runs no threads: {error}", cpu.get());
    without_interrupts(translations::leave);
    drop_out(cpu)
}

/// Stops this processor, which has arrived and cannot run, and is asked to forget no translations any more. Nobody waits for it
/// then.
fn drop_out(cpu: CpuIndex) -> ! {
    let _ = advance(cpu, State::Arrived, State::Stopped);
    control::stop()
}
