//! The door to the firmware: what the loader asks of it, and nothing else.
//!
//! [`Firmware`] has an implementation over UEFI (in the binary) and a mock (in the tests). Methods take `&self` because
//! firmware is one shared thing with a state of its own, and because [`Pages`] return to it when they are dropped.

mod console;
mod facts;
mod pages;

pub use console::shows_on_first_serial_port;
pub use facts::{Graphics, Maker, PixelLayout, SystemTables};
pub use pages::{Grant, Pages};

use core::fmt;

use xtcore::{FrameCount, FrameRange};

use crate::trust::{Measuring, Randomness, SecureBoot};
use crate::volume::Files;

/// A status of the firmware: the number of an `EFI_STATUS` without its error bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(pub u64);

impl Status {
    /// EFI_INVALID_PARAMETER.
    pub const INVALID_PARAMETER: Self = Self(2);
    /// EFI_OUT_OF_RESOURCES.
    pub const OUT_OF_RESOURCES: Self = Self(9);
    /// EFI_NOT_FOUND.
    pub const NOT_FOUND: Self = Self(14);

    const fn name(self) -> Option<&'static str> {
        // UEFI 2.10, appendix D, as far as the calls made here can return them.
        Some(match self.0 {
            1 => "load error",
            2 => "invalid parameter",
            3 => "unsupported",
            4 => "bad buffer size",
            5 => "buffer too small",
            7 => "device error",
            9 => "out of resources",
            10 => "volume corrupted",
            12 => "no media",
            13 => "media changed",
            14 => "not found",
            15 => "access denied",
            20 => "already started",
            21 => "aborted",
            25 => "incompatible version",
            26 => "security violation",
            _ => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => out.write_str(name),
            None => write!(out, "status {}", self.0),
        }
    }
}

/// Where an allocation may lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Anywhere the loader can reach.
    Any,
    /// Below 4 GiB: what a processor without paging can name.
    Below4GiB,
    /// Below 2 GiB: what an identity mapping may cover in a 32-bit address space whose upper half is the kernel's.
    Below2GiB,
}

/// What an allocation is for, as the firmware distinguishes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// EfiLoaderData.
    Data,
    /// EfiLoaderCode: code will run there.
    Code,
}

/// What `GetMemoryMap` says beside the descriptors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapShape {
    /// Bytes of the map.
    pub bytes: usize,
    /// Bytes from one descriptor to the next.
    pub stride: usize,
    /// Names this state of the map.
    pub key: MapKey,
}

/// The map's key, for leaving boot services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapKey(pub usize);

/// Why there is no map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapFailure {
    /// The buffer is too small.
    TooSmall {
        /// Bytes that the map needs now.
        needed: usize,
        /// Bytes from one descriptor to the next.
        stride: usize,
    },
    /// The firmware refuses.
    Refused(Status),
}

/// The firmware as the loader sees it.
pub trait Firmware: Files + Randomness + SecureBoot + Measuring {
    /// Returns who made the firmware.
    fn describe(&self) -> Maker<'_>;

    /// Returns where the firmware's tables lie.
    fn system_tables(&self) -> SystemTables;

    /// Returns the graphics mode that is on, or `None` where there is no linear framebuffer to speak of.
    fn graphics(&self) -> Option<Graphics>;

    /// Has the firmware reset the machine after so many seconds, unless this is called again or boot services are left
    /// before (UEFI 2.10, section 7.5.1); 0 has it wait for ever.
    fn set_watchdog(&self, seconds: u16);

    /// Allocates contiguous frames; their contents are anything.
    ///
    /// # Errors
    /// The firmware's status.
    fn allocate(&self, frames: FrameCount, placement: Placement, purpose: Purpose) -> Result<Grant, Status>;

    /// Takes an allocation back. Its memory is not used again by the caller.
    fn free(&self, grant: &Grant);

    /// Has the firmware's own page tables allow execution of these frames, where it has a say in that.
    fn allow_execution(&self, frames: FrameRange);

    /// Writes the memory map to `buffer`. Never allocates.
    ///
    /// # Errors
    /// [`MapFailure`]; nothing was written then that counts.
    fn memory_map(&self, buffer: &mut [u8]) -> Result<MapShape, MapFailure>;

    /// Leaves boot services. From the first call on, only this and [`Firmware::memory_map`] may be called; after a
    /// success only the tables' addresses, the clocks and the printing.
    ///
    /// # Errors
    /// The firmware's status; the map has changed, or will never be right.
    fn leave(&self, key: MapKey) -> Result<(), Status>;

    /// Reads the processor's clock, in ticks; zero where it has none.
    fn ticks(&self) -> u64;

    /// Returns how many ticks have gone by inside the firmware so far.
    fn ticks_inside(&self) -> u64;

    /// Overwrites frames that nobody owns with 0xFF, where the loader can reach them. Only after boot services.
    #[cfg(feature = "tamper")]
    fn poison(&self, frames: FrameRange);

    /// Prints a line for people where the loader's lines go: unless the configuration says otherwise, on the firmware's
    /// console while there is one and on the serial line.
    fn print(&self, line: fmt::Arguments<'_>);

    /// Prints a line that people must see: like [`Firmware::print`], on the screen wherever the others go, and on the
    /// framebuffer where the console is gone.
    fn announce(&self, line: fmt::Arguments<'_>);

    /// Prints a line for machines, at column 0 of the serial line.
    fn print_machine_line(&self, line: fmt::Arguments<'_>);
}
