//! What to boot: a virtual machine and the files on its disk, as plain data.
//!
//! A [`Guest`] says everything that decides a boot, so the same value always starts the same machine: firmware
//! variables are copied anew for every boot, nothing is read from the user's emulator configuration, and no
//! network card exists.

mod arrangement;
mod command;
mod damage;
mod files;
mod firmware;
mod patience;
mod size;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use self::arrangement::{Arrangement, Uneven};
pub use self::command::emulator;
pub(crate) use self::command::{Places, command};
pub use self::damage::{Damage, NotAnImage};
pub use self::files::{BootLoader, Configuration, EspFiles, Kernel, LineEnds};
pub use self::firmware::{Firmware, FirmwareMissing};
pub use self::patience::patience;
pub use self::size::{InvalidMemorySize, MemorySize};
pub use xtcore::choice::Architecture;

/// The emulated mainboard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Machine {
    /// PCI Express, AHCI. The only one for the 32-bit firmware.
    Q35,
    /// The PC of 1996 with PCI and IDE.
    Pc,
}

impl Machine {
    /// Returns the emulator's name of the machine.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q35 => "q35",
            Self::Pc => "pc",
        }
    }
}

/// Whether the guest gets a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Display {
    /// No window; the serial console is all there is to see.
    Hidden,
    /// The emulator's default window.
    Window,
}

/// Whether the guest has a graphics card, and so a framebuffer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Graphics {
    /// The emulator's standard card.
    Card,
    /// None.
    Absent,
}

/// How the emulator runs several processors.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Concurrency {
    /// Each on a thread of its own, so that they race. With more of them than the host has, all spin while one is to work.
    Threads,
    /// One after another, on one thread.
    Turns,
}

/// How the guest's time passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// As the host's does.
    Host,
    /// By counting instructions: the time stamp counter advances by 16 per instruction, so stamps are comparable
    /// between runs and hosts.
    Counted,
}

/// What the kernel does once it has started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It checks itself, reports and powers off; the boot has a verdict.
    PowerOff,
    /// It stays on until the user closes the emulator.
    StayOn,
}

/// How a guest that powers off tells its verdict.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitDevice {
    /// By a write to the emulator's exit port, 0xF4.
    Present,
    /// There is no such port: it powers off by ACPI, as real hardware does, and the report on the serial line is
    /// the only verdict.
    Absent,
}

/// Whether the harness stops the guest and looks at its page tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inspection {
    /// The guest is left alone.
    Off,
    /// The guest's tables are walked from CR3 and compared with the kernel's and the emulator's own view.
    Full,
}

/// Whether a picture of the guest's screen is kept beside the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Picture {
    /// None is taken.
    None,
    /// One is taken while the guest stands still: during its inspection, or when it has given up. A guest that
    /// gives up with an exit port is gone before that.
    Kept,
}

/// The serial port that is the guest's line to the harness.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SerialPort {
    /// The first, which loader and kernel use unless they are told otherwise.
    First,
    /// The second; nobody listens to the first. The loader is not heard then, and the kernel must be told.
    Second,
}

/// What the guest's serial line reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyboard {
    /// Nothing but what the harness itself sends.
    Closed,
    /// The standard input of this process, as it comes.
    Input,
    /// Each key of the user's terminal, which shows each byte in turn: the terminal becomes the serial line's. Control-C ends the
    /// guest.
    Terminal,
}

/// What the firmware starts from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Disk {
    /// A system partition built for this boot alone from [`Guest::files`].
    Built,
    /// A disk image, which the boot leaves as it is. [`Guest::files`] still says which kernel is in it, for the
    /// inspection and the report; the image's own configuration has to hold [`Guest::kernel_parameters`].
    Image(PathBuf),
}

/// One boot, completely described.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The instruction set of firmware, loader and kernel.
    pub architecture: Architecture,
    /// The mainboard.
    pub machine: Machine,
    /// The emulator's processor model with its features, for example `max,la57=off`.
    pub processor: String,
    /// Installed memory.
    pub memory: MemorySize,
    /// Number of processors.
    pub processors: u32,
    /// How they share cores and packages.
    pub arrangement: Arrangement,
    /// How they run. Those of a 32-bit guest take turns in any case.
    pub concurrency: Concurrency,
    /// Kernel parameters beyond those that the other fields imply.
    pub parameters: String,
    /// The window.
    pub display: Display,
    /// The graphics card.
    pub graphics: Graphics,
    /// The clock.
    pub clock: Clock,
    /// The end.
    pub ending: Ending,
    /// The exit port.
    pub exit_device: ExitDevice,
    /// The inspection; needs [`Ending::PowerOff`].
    pub inspection: Inspection,
    /// The picture; needs [`Graphics::Card`].
    pub picture: Picture,
    /// The serial line.
    pub serial: SerialPort,
    /// The serial line's input.
    pub keyboard: Keyboard,
    /// The firmware.
    pub firmware: Firmware,
    /// The files on the system partition.
    pub files: EspFiles,
    /// The disk.
    pub disk: Disk,
    /// How long the boot may take; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// A folder for this boot alone: its disk, its firmware variables, its logs. Created when absent.
    pub work_dir: PathBuf,
}

impl Guest {
    /// Describes the default machine: q35, every processor feature, 1 GiB, one processor, no window, the kernel
    /// powers off after its checks and is inspected, one minute.
    #[must_use]
    pub fn new(architecture: Architecture, files: EspFiles, work_dir: PathBuf) -> Self {
        Self {
            architecture,
            machine: Machine::Q35,
            processor: "max".to_owned(),
            memory: MemorySize::gibibytes(1),
            processors: 1,
            arrangement: Arrangement::PLAIN,
            concurrency: Concurrency::Threads,
            parameters: String::new(),
            display: Display::Hidden,
            graphics: Graphics::Card,
            clock: Clock::Host,
            ending: Ending::PowerOff,
            exit_device: ExitDevice::Present,
            inspection: Inspection::Full,
            picture: Picture::None,
            serial: SerialPort::First,
            keyboard: Keyboard::Closed,
            firmware: Firmware::Installed,
            files,
            disk: Disk::Built,
            timeout: Some(Duration::from_secs(60)),
            work_dir,
        }
    }

    /// Returns the line of kernel parameters: those that the fields imply, then the user's.
    #[must_use]
    pub fn kernel_parameters(&self) -> String {
        let mut tokens = vec!["DEBUG=COM1"];
        if self.ending == Ending::PowerOff {
            tokens.push("EXIT");
            if self.exit_device == ExitDevice::Present {
                tokens.push("DEBUGEXIT=0xF4");
            }
            if self.inspection == Inspection::Full {
                tokens.push("INSPECT");
            }
        }
        tokens.extend(self.parameters.split_whitespace());
        tokens.join(" ")
    }
}
