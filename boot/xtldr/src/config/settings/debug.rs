//! Where the loader's lines go: `COMn[,baud]`, `COM0:0xADDRESS[,baud]` and `SCREEN`, with semicolons between them.
//!
//! A port is named as the kernel's parameter `DEBUG` has it, and read by the same code, `xthal`'s. Only the speed means
//! something else: the kernel drives a port by itself and needs one, the loader leaves a port as the firmware has set it
//! unless a speed is given.

use core::fmt;

use arrayvec::ArrayVec;
use xthal::serial::Line;

use crate::config::error::Fault;

/// The most serial ports that the loader writes to.
pub const MAX_PORTS: usize = 4;

/// A serial port to write to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DebugPort {
    /// The number of the first of its eight I/O ports.
    pub base: u16,
    /// The divisor of its clock, where a speed was given; else its speed stays what it is.
    pub divisor: Option<u16>,
}

impl fmt::Display for DebugPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the serial port at {:#x}", self.base)
    }
}

impl DebugPort {
    fn parse(word: &str) -> Option<Self> {
        let line = Line::parse(word)?;
        let divisor = word.contains(',').then(|| u16::from_le_bytes(line.divisor()));
        Some(Self { base: line.base(), divisor })
    }
}

/// Whether the loader's lines appear on the firmware's console. Why a boot is refused appears there in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScreenLines {
    /// They do.
    Shown,
    /// They don't.
    Hidden,
}

/// Where the loader's lines go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum DebugPorts {
    /// Nobody has said: to the firmware's console, and to COM1 where that does not show it anyway.
    #[default]
    Usual,
    /// To these places and no others.
    Chosen {
        /// The serial ports, none of them twice.
        serial: ArrayVec<DebugPort, MAX_PORTS>,
        /// Whether to the firmware's console.
        screen: ScreenLines,
    },
}

impl DebugPorts {
    /// Reads a value. An empty one says nothing.
    pub(super) fn parse(text: &str) -> Result<Self, Fault<'_>> {
        let mut serial: ArrayVec<DebugPort, MAX_PORTS> = ArrayVec::new();
        let mut screen = ScreenLines::Hidden;
        let mut words = text.split(';').map(str::trim).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return Ok(Self::Usual);
        }
        for word in words {
            if word.eq_ignore_ascii_case("SCREEN") {
                screen = ScreenLines::Shown;
                continue;
            }
            let port = DebugPort::parse(word).ok_or(Fault::Port { found: word })?;
            match serial.iter_mut().find(|known| known.base == port.base) {
                Some(known) => *known = port,
                None => serial.try_push(port).map_err(|_| Fault::Ports)?,
            }
        }
        Ok(Self::Chosen { serial, screen })
    }
}

/// Who writes the loader's lines.
pub trait DebugLines {
    /// Sends the lines to these places from now on, and names each port at which nothing answers; it is left out.
    fn send_to(&self, ports: &DebugPorts, absent: &mut dyn FnMut(DebugPort));
}
