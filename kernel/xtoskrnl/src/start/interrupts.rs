//! This processor takes interrupts: it has a stack for them, and every controller its setting.
#![allow(unsafe_code, reason = "a stack becomes the interrupts'")]

use xtcore::CpuIndex;
use xthal::Vector;

use crate::ar::local;
use crate::hl::apic::{self, LocalApic};
use crate::kd::log;
use crate::ke::stacks::INTERRUPT_STACK;
use crate::ke::{interrupt, translations};
use crate::mm::Memory;
use crate::mm::processor::kept_stack;

/// Takes interrupts from here on, if the processor has a local APIC, which has been switched on, and the PICs are silent. Without
/// one it stays alone and takes none.
#[inline(never)]
pub(super) fn start(memory: &'static Memory) -> Option<&'static LocalApic> {
    let apic = apic::local()?;
    let stack = match kept_stack(memory, INTERRUPT_STACK, CpuIndex::BOOT) {
        Ok(stack) => stack,
        Err(error) => {
            log!("xtoskrnl: there is no memory for an interrupt stack ({error:?}), so no interrupts");
            return None;
        }
    };
    // SAFETY: this is the boot processor, which takes no interrupts yet; the stack was made for this, and stays.
    unsafe { local::BOOT.set_interrupt_stack(stack.end()) };
    if let Err(error) = interrupt::register(Vector::APIC_ERROR, report_error) {
        log!("xtoskrnl: errors of the local APIC go unnoticed: {error:?}");
    }
    if translations::enter().is_err() {
        log!("xtoskrnl: there is no place for messages of other processors, so no interrupts");
        return None;
    }
    interrupt::enable();
    Some(apic)
}

/// Tells what the local APIC has seen.
fn report_error(_: Vector) {
    if let Some(apic) = apic::local() {
        log!("xtoskrnl: the local APIC reports {:?}", apic.errors());
    }
}
