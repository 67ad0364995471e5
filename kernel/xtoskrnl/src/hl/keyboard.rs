//! The keyboard controller: an 8042 or what passes for one, polled.
//!
//! It stays as firmware leaves it, but for the keyboard, which may send afterwards whatever it was before. It
//! interrupts nobody: the kernel routes none of its lines. Every wait is bounded.
#![allow(unsafe_code, reason = "naming I/O ports")]

use xthal::keyboard::{
    Configuration, DATA, DISABLE_KEYBOARD, ENABLE_KEYBOARD, READ_CONFIGURATION, STATUS, Status, Waiting,
};
use xtterm::key::ScanCodes;

use crate::ar::control::pause;
use crate::ar::port::Port;

/// How often to look before the controller is left alone: tens of milliseconds, because a read of a port takes about a
/// microsecond. It answers in less than one.
const PATIENCE: u32 = 20_000;

/// The most bytes that are taken in one look: more than a controller with a keyboard keeps.
const MOST_BYTES: u32 = 32;

/// The keyboard controller. Copies are harmless: all state is the hardware's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Controller {
    data: Port,
    /// Status where it is read, command where it is written.
    status: Port,
}

impl Controller {
    /// Finds the controller and how its keyboard numbers keys, or returns `None` when nothing answers as one does. Keys that were
    /// pressed before are dropped.
    ///
    /// The caller has reason to believe that the ports are a keyboard controller's or nobody's (ACPI 6.5, table 5.11).
    /// Takes tens of milliseconds at most.
    pub(crate) fn open() -> Option<(Self, ScanCodes)> {
        // SAFETY: a PC has its keyboard controller there, or nothing: either touches no memory.
        let [data, status] = [DATA, STATUS].map(|number| unsafe { Port::new(number) });
        let found = Self { data, status };
        if found.status() == Status::NOBODY {
            return None;
        }
        // No key may come between the question and its answer.
        found.command(DISABLE_KEYBOARD)?;
        let answer = found.empty().and_then(|()| found.ask(READ_CONFIGURATION));
        found.command(ENABLE_KEYBOARD)?;
        let translates = Configuration::from_bits_retain(answer?).contains(Configuration::TRANSLATES);
        Some((found, if translates { ScanCodes::Set1 } else { ScanCodes::Set2 }))
    }

    /// Returns a byte that the keyboard has sent. Costs one access to a port where none has come; what is not the
    /// keyboard's is dropped.
    pub(crate) fn poll(self) -> Option<u8> {
        for _ in 0..MOST_BYTES {
            match self.status().waiting() {
                Waiting::Nothing => return None,
                Waiting::Keyboard => return Some(self.data.read()),
                Waiting::Unusable => {
                    self.data.read();
                }
            }
        }
        None
    }

    fn status(self) -> Status {
        Status::from_bits_retain(self.status.read())
    }

    /// Waits until the status is as it should be.
    fn wait(self, is_so: impl Fn(Status) -> bool) -> Option<()> {
        (0..PATIENCE)
            .any(|_| {
                pause();
                is_so(self.status())
            })
            .then_some(())
    }

    /// Has the controller take a command.
    fn command(self, command: u8) -> Option<()> {
        self.wait(|status| !status.contains(Status::INPUT_FULL))?;
        self.status.write(command);
        self.wait(|status| !status.contains(Status::INPUT_FULL))
    }

    /// Drops what waits; `None` when it never ends.
    fn empty(self) -> Option<()> {
        for _ in 0..MOST_BYTES {
            if !self.status().contains(Status::OUTPUT_FULL) {
                return Some(());
            }
            self.data.read();
        }
        None
    }

    /// Asks the controller for a byte.
    fn ask(self, command: u8) -> Option<u8> {
        self.command(command)?;
        self.wait(|status| status.contains(Status::OUTPUT_FULL))?;
        Some(self.data.read())
    }
}
