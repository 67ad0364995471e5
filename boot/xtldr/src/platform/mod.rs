//! The loader on UEFI: entry point, the way back, and the firmware behind the trait.

#![allow(unsafe_code, reason = "calls the firmware and jumps to the kernel")]

mod console;
mod files;
mod firmware;
mod graphics;
mod panic;
mod variables;
mod volumes;

use uefi::prelude::*;
use uefi::runtime::ResetType;
use xtldr::arch;
use xtldr::boot::{Pause, Refused, Remains, prepare};
use xtpaging::processor::Processor;

use firmware::UefiFirmware;

/// How long a message stays when nobody can press a key any more.
const READING_SECONDS: u32 = 10;

#[entry]
fn main() -> Status {
    let start = arch::ticks();
    // The firmware resets a machine that stays in an application for five minutes; a waiting user is no reason to.
    let _ = uefi::boot::set_watchdog_timer(0, 0x1_0000, None);
    let processor = Processor::read(&arch::HostCpuid, arch::ARCHITECTURE);
    let firmware = UefiFirmware::new();
    let ready = match prepare(&firmware, &processor, start).and_then(|prepared| prepared.leave()) {
        Ok(ready) => ready,
        Err(refused) => return give_up(refused),
    };
    // SAFETY: `leave` has succeeded, so boot services are gone, and `ready` describes the boot prepared just now.
    unsafe { arch::hand_over(&ready) }
}

/// Goes back to the firmware, as far as there is any.
fn give_up(refused: Refused) -> Status {
    match (refused.firmware, refused.pause) {
        (Remains::BootServices, Pause::No) => {}
        (Remains::BootServices, Pause::UntilRead) => console::wait_for_key(),
        (Remains::Nothing, pause) => {
            if pause == Pause::UntilRead {
                arch::wait_seconds(READING_SECONDS);
            }
            uefi::runtime::reset(ResetType::COLD, Status::ABORTED, None);
        }
    }
    Status::LOAD_ERROR
}
