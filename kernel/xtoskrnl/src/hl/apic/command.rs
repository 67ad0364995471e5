//! Sending interrupts to processors.

use core::fmt;

use xtcore::ApicId;
use xthal::Vector;
use xthal::apic::{Command, CommandError, Message, Register, StartPage, Target};

use super::LocalRegisters;
use super::access::Access;
use super::local::LocalApic;
use crate::ar::control::{pause, without_interrupts};

/// How often to look whether an xAPIC has passed the last command on: it takes microseconds, and a reading takes at least
/// tens of nanoseconds, so this is some ten milliseconds or more.
const PATIENCE: u32 = 400_000;

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SendError {
    /// It is nothing that can be sent.
    Command(CommandError),
    /// The local APIC does not pass the command before this one on.
    Busy,
}

impl From<CommandError> for SendError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(error) => error.fmt(out),
            Self::Busy => out.write_str("the local APIC does not pass commands on"),
        }
    }
}

impl LocalApic {
    /// Sends an interrupt. What was stored before is visible to whoever takes it.
    ///
    /// # Errors
    /// All of [`SendError`].
    pub(crate) fn interrupt(&self, vector: Vector, target: Target) -> Result<(), SendError> {
        if let (Target::Own, Access::Msr) = (target, self.access) {
            // A register of its own, which is faster than the command register.
            Command::new(Message::Fixed(vector), target, self.mode())?;
            self.access.write(Register::SELF_IPI, vector.number().into());
            return Ok(());
        }
        self.send(Message::Fixed(vector), target)
    }

    /// Sends all other processors a non-maskable interrupt. It may be called in any state of the machine.
    ///
    /// # Errors
    /// [`SendError::Busy`].
    pub(crate) fn stop_others(&self) -> Result<(), SendError> {
        self.send(Message::NonMaskable, Target::Others)
    }

    /// Sends one processor a non-maskable interrupt. It may be called in any state of the machine.
    ///
    /// # Errors
    /// All of [`SendError`].
    pub(crate) fn stop_one(&self, id: ApicId) -> Result<(), SendError> {
        self.send(Message::NonMaskable, Target::One(id))
    }

    /// Resets a processor; it then waits for [`LocalApic::start_up`]. Returns when the message is on its way.
    ///
    /// # Errors
    /// All of [`SendError`].
    pub(crate) fn reset(&self, id: ApicId) -> Result<(), SendError> {
        self.send(Message::Init, Target::One(id))?;
        self.wait_until_sent()
    }

    /// Has a processor that was reset run from the beginning of a page on. Returns when the message is on its way.
    ///
    /// # Errors
    /// All of [`SendError`].
    pub(crate) fn start_up(&self, id: ApicId, page: StartPage) -> Result<(), SendError> {
        self.send(Message::StartUp(page), Target::One(id))?;
        self.wait_until_sent()
    }

    fn send(&self, message: Message, target: Target) -> Result<(), SendError> {
        let command = Command::new(message, target, self.mode())?;
        let Access::Memory(registers) = self.access else {
            Access::write_command(command);
            return Ok(());
        };
        // The two halves belong together: a handler that sends something must not come between them.
        without_interrupts(|| {
            wait_until_idle(registers)?;
            registers.write(Register::COMMAND_HIGH.offset(), command.high());
            registers.write(Register::COMMAND.offset(), command.low());
            Ok(())
        })
    }

    /// Waits until the last command is on its way. An x2APIC has no queue to wait for.
    fn wait_until_sent(&self) -> Result<(), SendError> {
        match self.access {
            Access::Msr => Ok(()),
            Access::Memory(registers) => wait_until_idle(registers),
        }
    }
}

fn wait_until_idle(registers: LocalRegisters) -> Result<(), SendError> {
    for _ in 0..PATIENCE {
        if registers.read(Register::COMMAND.offset()) & Command::PENDING == 0 {
            return Ok(());
        }
        pause();
    }
    Err(SendError::Busy)
}
