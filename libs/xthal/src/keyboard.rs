//! The keyboard controller of a PC, an 8042 or what passes for one: its ports, and what the bits there say.
//!
//! Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller (Type 1)".

use bitflags::bitflags;

/// The port for data.
pub const DATA: u16 = 0x60;
/// The port whose reading is the [`Status`] and whose writing is a command.
pub const STATUS: u16 = 0x64;

/// Command: answers with the [`Configuration`] at the port for data.
pub const READ_CONFIGURATION: u8 = 0x20;
/// Command: lets the keyboard send nothing.
pub const DISABLE_KEYBOARD: u8 = 0xAD;
/// Command: lets it send again.
pub const ENABLE_KEYBOARD: u8 = 0xAE;

bitflags! {
    /// What the controller is about.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Status: u8 {
        /// A byte waits at the port for data.
        const OUTPUT_FULL = 1 << 0;
        /// The controller has yet to take what was written last.
        const INPUT_FULL = 1 << 1;
        /// The byte that waits is the mouse's; of the first controllers, one that has not come in time.
        const AUXILIARY = 1 << 5;
        /// The byte that waits has not come in time.
        const TIMED_OUT = 1 << 6;
        /// The byte that waits came with wrong parity.
        const WRONG_PARITY = 1 << 7;
    }

    /// How it is set up.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Configuration: u8 {
        /// It makes scan codes of set 1 out of the keyboard's, which are set 2.
        const TRANSLATES = 1 << 6;
    }
}

/// What waits at the port for data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Nothing.
    Nothing,
    /// A byte of the keyboard, or of the controller itself.
    Keyboard,
    /// A byte that nobody can use: the mouse's, or one that did not arrive whole.
    Unusable,
}

impl Status {
    /// What is read from a port at which nothing answers.
    pub const NOBODY: Self = Self::from_bits_retain(0xFF);

    /// Tells what waits.
    #[must_use]
    pub const fn waiting(self) -> Waiting {
        const SPOILT: Status = Status::AUXILIARY.union(Status::TIMED_OUT).union(Status::WRONG_PARITY);
        if !self.contains(Self::OUTPUT_FULL) {
            Waiting::Nothing
        } else if self.intersects(SPOILT) {
            Waiting::Unusable
        } else {
            Waiting::Keyboard
        }
    }
}

#[cfg(test)]
mod tests;
