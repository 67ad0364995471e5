//! The end: telling the emulator, switching the machine off, or restarting it.
#![allow(unsafe_code, reason = "naming I/O ports")]

use xtacpi::{Register, Reset, SoftOff};

use crate::ar::control::pause;
use crate::ar::port::Port;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// All checks passed.
    Pass = 0x10,
    /// A check failed, or the kernel stopped.
    Fail = 0x11,
    /// The kernel refused what it was given.
    Refused = 0x12,
}

/// Writes the verdict to the emulator's exit device. Returns when there is none at that port.
pub(crate) fn tell_emulator(port: u16, verdict: Verdict) {
    // SAFETY: the user named the port as an exit device's; such a device touches no memory.
    let port = unsafe { Port::new(port) };
    port.write(verdict as u8);
}

const SCI_ENABLE: u16 = 1 << 0;
const SLEEP_TYPE_SHIFT: u32 = 10;
const SLEEP_TYPE: u16 = 7 << SLEEP_TYPE_SHIFT;
const SLEEP_ENABLE: u16 = 1 << 13;

/// Enters S5 (ACPI 6.5, sections 4.8.3.2 and 16.1.7). Returns when the machine does not switch off.
///
/// All bits of the control registers but sleep type and enable keep their value. Both registers get the type before
/// either is enabled: there are machines that want to see it first.
pub(crate) fn switch_off(how: &SoftOff) {
    // SAFETY: the fixed description table names these ports as ACPI's; writing them starts no transfer to memory.
    let port = |number| unsafe { Port::new(number) };
    let control = port(how.control_a);
    if control.read_word() & SCI_ENABLE == 0 && how.smi_command != 0 && how.enable != 0 {
        port(how.smi_command).write(how.enable);
        for _ in 0..1_000_000 {
            if control.read_word() & SCI_ENABLE != 0 {
                break;
            }
            pause();
        }
    }
    let second = (how.control_b != 0).then(|| (port(how.control_b), how.type_b));
    let registers = [Some((control, how.type_a)), second];
    for also in [0, SLEEP_ENABLE] {
        for (register, kind) in registers.into_iter().flatten() {
            let kept = register.read_word() & !(SLEEP_TYPE | SLEEP_ENABLE);
            register.write_word(kept | u16::from(kind) << SLEEP_TYPE_SHIFT | also);
        }
    }
    for _ in 0..10_000_000 {
        pause();
    }
}

/// The reset control register of the chipsets that PCs have had since 1996, and what makes it reset everything.
const RESET_CONTROL: u16 = 0xCF9;
const FULL_RESET: u8 = 0x0E;

/// The keyboard controller's command port, and the command that pulses the processor's reset line.
const KEYBOARD_COMMAND: u16 = 0x64;
const PULSE_RESET: u8 = 0xFE;

/// Restarts the machine: as ACPI's tables say (ACPI 6.5, section 4.8.3.6) if they name a port, then as every PC can. Returns when
/// it does not restart.
pub(crate) fn restart(reset: Option<Reset>) {
    let named = match reset {
        Some(Reset { register: Register::Port(port), value }) => Some((port, value)),
        Some(Reset { register: Register::Memory(_), .. }) | None => None,
    };
    let usual = [(RESET_CONTROL, FULL_RESET), (KEYBOARD_COMMAND, PULSE_RESET)];
    for (port, value) in named.into_iter().chain(usual) {
        // SAFETY: the fixed description table names the port as the reset register, or it is a PC's: what the write does to
        // memory is to end its use.
        unsafe { Port::new(port) }.write(value);
        for _ in 0..1_000_000 {
            pause();
        }
    }
}
