//! The loader on UEFI: entry point, the way back, and the firmware behind the trait.

#![allow(unsafe_code, reason = "calls the firmware and jumps to the kernel")]

mod console;
mod firmware;
mod gone;
mod graphics;
mod modules;
mod open;
mod panic;
mod power;
mod storage;
mod terminal;
mod trust;

use uefi::prelude::*;
use xtldr::arch;
use xtldr::session::{self, Leave, Machine};
use xtpaging::processor::Processor;

use firmware::UefiFirmware;
use terminal::Terminal;

#[entry]
fn main() -> Status {
    let start = arch::ticks();
    let processor = Processor::read(&arch::HostCpuid, arch::ARCHITECTURE);
    let (firmware, terminal) = (UefiFirmware::new(), Terminal::find());
    let machine = Machine {
        firmware: &firmware,
        variables: &firmware,
        command_line: &firmware,
        firmware_settings: power::firmware_settings(),
        lines: &firmware,
        console: &terminal,
        modules: &firmware,
        processor: &processor,
        cpuid: &arch::HostCpuid,
        gone: &gone::Away,
        start,
    };
    match session::run(&machine) {
        Leave::Firmware => {}
        Leave::Reboot => power::reboot(),
        Leave::PowerOff => power::power_off(),
    }
    Status::LOAD_ERROR
}
