//! From a [`Guest`] to the emulator's command line.
//!
//! The emulator runs inside the boot's own folder and names its disk and variables relatively, so that no character
//! of a path can be mistaken for a part of an option.

use std::path::Path;
use std::process::Command;

use xtcore::choice::Architecture;

use super::{Clock, Concurrency, Disk, Display, ExitDevice, Graphics, Guest, MemorySize, SerialPort};

/// Where the parts of a boot lie.
pub(crate) struct Places<'a> {
    /// The firmware's code.
    pub code: &'a Path,
    /// The fresh copy of its variables, relative to the boot's folder.
    pub variables: &'a str,
    /// The system partition's folder, relative to the boot's folder.
    pub partition: &'a str,
    /// The socket of the machine monitor.
    pub monitor: &'a Path,
}

/// From this size on memory is a mapping without swap reservation, so that it may exceed the host's.
const UNRESERVED: MemorySize = MemorySize::gibibytes(16);

/// From this size on the emulator for 32-bit processors refuses to start; the 64-bit one runs the same models.
const TOO_LARGE_FOR_I386: MemorySize = MemorySize::gibibytes(62);

/// Returns the emulator program that runs `architecture` with that much memory.
#[must_use]
pub fn emulator(architecture: Architecture, memory: MemorySize) -> &'static str {
    match architecture {
        Architecture::I686 if memory < TOO_LARGE_FOR_I386 => "qemu-system-i386",
        Architecture::I686 | Architecture::Amd64 => "qemu-system-x86_64",
    }
}

/// Builds the command that boots `guest`; the caller sets folder and streams.
pub(crate) fn command(guest: &Guest, places: &Places<'_>) -> Command {
    let mut command = Command::new(emulator(guest.architecture, guest.memory));
    let mut machine = guest.machine.name().to_owned();
    let size = guest.memory.to_string();
    if guest.memory >= UNRESERVED {
        command.args(["-object", &format!("memory-backend-ram,id=ram,size={size},reserve=off")]);
        machine.push_str(",memory-backend=ram");
    }
    command.args(["-no-user-config", "-net", "none", "-no-reboot", "-monitor", "none"]);
    command.args(["-machine", &machine, "-m", &size, "-smp", &guest.arrangement.option(guest.processors)]);
    command.args(["-cpu", &processor(guest), "-accel", accelerator(guest)]);

    let code = places.code.display().to_string().replace(',', ",,");
    command.args(["-drive", &format!("if=pflash,format=raw,readonly=on,file={code}")]);
    command.args(["-drive", &format!("if=pflash,format=raw,file={}", places.variables)]);
    command.args(["-drive", &disk(guest, places)]);

    if guest.serial == SerialPort::Second {
        command.args(["-serial", "null"]);
    }
    command.args(["-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"]);
    let monitor = places.monitor.display().to_string().replace(',', ",,");
    command.args(["-chardev", &format!("socket,id=qmp,path={monitor},server=on,wait=off")]);
    command.args(["-mon", "chardev=qmp,mode=control"]);

    if guest.exit_device == ExitDevice::Present {
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]);
    }
    if guest.display == Display::Hidden {
        command.args(["-display", "none"]);
    }
    if guest.graphics == Graphics::Absent {
        command.args(["-vga", "none"]);
    }
    if guest.clock == Clock::Counted {
        command.args(["-icount", "shift=4,sleep=off", "-rtc", "clock=vm"]);
    }
    command
}

/// Returns the drive that the firmware starts from.
fn disk(guest: &Guest, places: &Places<'_>) -> String {
    match &guest.disk {
        Disk::Built => format!("format=raw,file=fat:rw:{}", places.partition),
        // Writes go to a temporary file that vanishes with the emulator.
        Disk::Image(image) => {
            format!("format=raw,snapshot=on,file={}", image.display().to_string().replace(',', ",,"))
        }
    }
}

/// Returns the processor model, with as many address bits as the memory needs.
///
/// The emulator's default of 40 bits ends below 1 TiB of memory.
fn processor(guest: &Guest) -> String {
    let bits = match guest.memory.bytes() >> 30 {
        0..512 => return guest.processor.clone(),
        512..8192 => 46,
        _ => 48,
    };
    format!("{},phys-bits={bits}", guest.processor)
}

/// Returns the accelerator.
///
/// The 32-bit firmware starts the other processors with a busy loop that takes most of a minute when each has a
/// thread of its own.
fn accelerator(guest: &Guest) -> &'static str {
    match (guest.processors, guest.concurrency, guest.architecture) {
        (2.., Concurrency::Turns, _) | (2.., _, Architecture::I686) => "tcg,thread=single",
        _ => "tcg",
    }
}
