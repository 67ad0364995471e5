//! Commands from one local APIC to others: the interrupt command register.
//!
//! Source: SDM volume 3A, sections 11.6.1 and 11.12.9; tables 11-3 and 11-4 for what may be sent to whom.

use core::fmt;

use xtcore::{ApicId, Frame};

use super::Mode;
use crate::Vector;

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// An interrupt.
    Fixed(Vector),
    /// A non-maskable interrupt.
    NonMaskable,
    /// Reset, and wait for [`Message::StartUp`].
    Init,
    /// Run, in real mode, from the beginning of a page on.
    StartUp(StartPage),
}

/// Whom it is sent to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// One processor.
    One(ApicId),
    /// All processors but the sender.
    Others,
    /// The sender.
    Own,
}

/// A page that a processor can begin to run in: below the video memory at 640 KiB, and not page 0, which is nobody's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StartPage(u8);

impl StartPage {
    /// Checks a frame; `None` when no processor can start there.
    #[must_use]
    pub const fn new(frame: Frame) -> Option<Self> {
        // Vectors A0 to BF are reserved (MultiProcessor specification 1.4, appendix B.4), and above lies firmware.
        match frame.number() {
            number @ 1..=0x9F => Some(Self(number as u8)),
            _ => None,
        }
    }

    /// Returns the page's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Why something cannot be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandError {
    /// No processor can have that identifier in this language, or it means all processors.
    NoSuchId {
        /// The identifier.
        id: ApicId,
        /// The language.
        mode: Mode,
    },
    /// A vector below 16 is illegal to send, and one of an exception would be taken for it.
    ReservedVector(Vector),
    /// The sender cannot send itself anything but an interrupt.
    NotToOneself(Message),
}

impl fmt::Display for CommandError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchId { id, mode } => write!(out, "no {} has the identifier {id}", mode.name()),
            Self::ReservedVector(vector) => write!(out, "vector {vector} belongs to exceptions"),
            Self::NotToOneself(message) => write!(out, "{message:?} cannot be sent to oneself"),
        }
    }
}

/// A value of the command register, in the form of the language that it was made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Command(u64);

/// The level bit. Only an obsolete form of INIT has it clear.
const ASSERT: u64 = 1 << 14;
const TO_OWN: u64 = 1 << 18;
const TO_OTHERS: u64 = 3 << 18;

impl Command {
    /// An xAPIC has not passed the last command on yet; bit 12 of the lower half.
    pub const PENDING: u32 = 1 << 12;

    /// Checks and encodes.
    ///
    /// # Errors
    /// All of [`CommandError`].
    pub const fn new(message: Message, target: Target, mode: Mode) -> Result<Self, CommandError> {
        let what = match message {
            Message::Fixed(vector) if vector.number() < 0x20 => {
                return Err(CommandError::ReservedVector(vector));
            }
            Message::Fixed(vector) => vector.number() as u64,
            Message::NonMaskable => 4 << 8,
            Message::Init => 5 << 8,
            Message::StartUp(page) => 6 << 8 | page.0 as u64,
        };
        let whom = match target {
            Target::Own if !matches!(message, Message::Fixed(_)) => {
                return Err(CommandError::NotToOneself(message));
            }
            Target::Own => TO_OWN,
            Target::Others => TO_OTHERS,
            Target::One(id) => match (mode, id.get()) {
                (Mode::XApic, 0..=0xFE) => (id.get() as u64) << 56,
                (Mode::X2Apic, 0..=0xFFFF_FFFE) => (id.get() as u64) << 32,
                _ => return Err(CommandError::NoSuchId { id, mode }),
            },
        };
        Ok(Self(what | whom | ASSERT))
    }

    /// Returns all 64 bits, as an x2APIC takes them.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the half that an xAPIC takes first: the destination.
    #[must_use]
    pub const fn high(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the half that an xAPIC takes last; writing it sends.
    #[must_use]
    pub const fn low(self) -> u32 {
        self.0 as u32
    }
}
