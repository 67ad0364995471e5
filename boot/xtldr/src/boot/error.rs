//! Why a boot is refused.

use core::fmt;

use xtboot::block::SealError;
use xtboot::ledger::LedgerError;
use xtboot::map::{RawMapError, SanitiseError};
use xtcore::choice::{ChoiceError, ModeSet};
use xtcore::{FrameCount, PagingMode};
use xtlayout::LayoutError;
use xtpaging::MapError;

use crate::config::{BootPath, ConfigError};
use crate::firmware::{Placement, Status};
use crate::image::ImageError;
use crate::trust::TrustError;
use crate::volume::{FileFailure, Place, Volume};

/// What memory was to be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The configuration file.
    Configuration,
    /// The kernel's file.
    KernelFile,
    /// The kernel's image.
    Image,
    /// The boot stack.
    Stack,
    /// The loader block.
    Block,
    /// The page tables.
    Tables,
    /// The code, data and stack of the switch.
    HandOver,
    /// The memory map.
    Map,
    /// The sanitiser's scratch.
    Scratch,
    /// The sanitised map.
    Runs,
    /// The map with the loader's ledger laid over it.
    Ledger,
}

impl Need {
    const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "the configuration",
            Self::KernelFile => "the kernel's file",
            Self::Image => "the kernel image",
            Self::Stack => "the boot stack",
            Self::Block => "the loader block",
            Self::Tables => "the page tables",
            Self::HandOver => "the hand-over code",
            Self::Map => "the memory map",
            Self::Scratch => "sorting the memory map",
            Self::Runs => "the sanitised memory map",
            Self::Ledger => "the loader's ledger",
        }
    }
}

/// Why a boot is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootError<'a> {
    /// The configuration is wrong.
    Configuration(ConfigError<'a>),
    /// A file cannot be had.
    File {
        /// Its volume.
        volume: Volume,
        /// Its path there.
        path: BootPath,
        /// Why not.
        failure: FileFailure,
    },
    /// The kernel is at neither place.
    NoKernel {
        /// The volume.
        volume: Volume,
        /// The places on it.
        paths: [BootPath; 2],
    },
    /// A file is larger than any of its kind.
    FileBytes {
        /// The file.
        path: BootPath,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The kernel image is wrong.
    Image {
        /// The file.
        path: BootPath,
        /// What is wrong with it.
        error: ImageError,
    },
    /// The firmware has no memory for something.
    Memory {
        /// For what.
        need: Need,
        /// How much.
        frames: FrameCount,
        /// Where.
        placement: Placement,
        /// What the firmware said.
        status: Status,
    },
    /// Something is not trusted.
    Trust(TrustError),
    /// The parameters NOXPA and XPA are both given.
    Contradiction,
    /// No paging mode suits processor, user and kernel.
    Mode(ChoiceError),
    /// The kernel's regions find no place.
    Layout(LayoutError),
    /// The page tables cannot be built.
    Tables(MapError),
    /// The number of tables taken is not the number planned.
    TableCount {
        /// Planned.
        planned: FrameCount,
        /// Taken.
        used: FrameCount,
    },
    /// The firmware gives no memory map.
    Map(Status),
    /// The memory map outgrew the buffer that was allocated for it, slack included.
    MapGrew {
        /// Bytes that it needs now.
        needed: usize,
        /// Bytes of the buffer.
        available: usize,
    },
    /// The memory map is none.
    MapShape(RawMapError),
    /// The loader block would be too large.
    BlockSize {
        /// Runs to make room for.
        runs: usize,
    },
    /// The firmware does not let go.
    Leave {
        /// How often it was asked.
        attempts: u32,
        /// What it said the last time.
        status: Status,
    },
    /// The final memory map cannot be sanitised.
    Sanitise(SanitiseError),
    /// The final memory map contradicts what the loader was given.
    Ledger(LedgerError),
    /// The block cannot be written.
    Seal(SealError),
}

impl fmt::Display for BootError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(error) => error.fmt(out),
            Self::File { volume, path, failure } => {
                write!(out, "file {}: {failure}", Place { volume: *volume, path })
            }
            Self::NoKernel { volume, paths: [first, second] } => {
                let place = |path| Place { volume: *volume, path };
                write!(out, "there is no kernel: neither {} nor {} exists", place(first), place(second))
            }
            Self::FileBytes { path, bytes, limit } => {
                write!(out, "file {path} has {bytes} bytes, the limit is {limit}")
            }
            Self::Image { path, error } => write!(out, "kernel {path}: {error}"),
            Self::Memory { need, frames, placement, status } => {
                let place = match placement {
                    Placement::Any => "",
                    Placement::Below4GiB => " below 4 GiB",
                    Placement::Below2GiB => " below 2 GiB",
                };
                let frames = frames.get();
                write!(out, "too little memory: {frames} pages{place} for {}: {status}", need.name())
            }
            Self::Trust(error) => error.fmt(out),
            Self::Contradiction => out.write_str(
                "the parameters NOXPA and XPA contradict each other: one asks for the narrow paging mode, the other \
                 for the wide one",
            ),
            Self::Mode(error) => mode(*error, out),
            Self::Layout(error) => {
                write!(out, "the kernel's address space cannot be laid out: ")?;
                layout(error, out)
            }
            Self::Tables(error) => {
                write!(out, "the page tables cannot be built: ")?;
                tables(error, out)
            }
            Self::TableCount { planned, used } => {
                write!(out, "the page tables took {} frames where {} were planned", used.get(), planned.get())
            }
            Self::Map(status) => write!(out, "the firmware gives no memory map: {status}"),
            Self::MapGrew { needed, available } => write!(
                out,
                "the memory map grew to {needed} bytes, the buffer for it has {available} with slack"
            ),
            Self::MapShape(error) => error.fmt(out),
            Self::BlockSize { runs } => write!(out, "a loader block for {runs} memory runs is too large"),
            Self::Leave { attempts, status } => write!(
                out,
                "the firmware does not let go: ExitBootServices failed {attempts} times, last with {status}"
            ),
            Self::Sanitise(error) => error.fmt(out),
            Self::Ledger(error) => write!(out, "the final memory map contradicts the loader: {error}"),
            Self::Seal(error) => error.fmt(out),
        }
    }
}

impl core::error::Error for BootError<'_> {}

fn mode(error: ChoiceError, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        ChoiceError::NoCommonMode { kernel, possible } => write!(
            out,
            "the kernel supports {} and this processor, as configured, {}: no paging mode in common",
            Modes(kernel),
            Modes(possible)
        ),
        ChoiceError::ProcessorLacks { wide } => {
            write!(out, "the parameter XPA asks for {wide}, which this processor lacks")
        }
        ChoiceError::KernelLacks { wide, kernel } => {
            write!(
                out,
                "the parameter XPA asks for {wide}, which the kernel lacks: it supports {}",
                Modes(kernel)
            )
        }
    }
}

fn layout(error: &LayoutError, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        LayoutError::NoRoom { kind, needed, room } => {
            write!(out, "the {} needs {needed:#x} bytes where there are {room:#x}", kind.name())
        }
        LayoutError::ImageBase { image, room } => write!(
            out,
            "the image at {:#x} to {:#x} is not in its room {:#x} to {:#x}",
            image.start(),
            image.end(),
            room.start(),
            room.end()
        ),
        // Sizes are whole pages and regions are few by construction; should one of these appear, its facts help most.
        other => write!(out, "{other:?}"),
    }
}

fn tables(error: &MapError, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        MapError::FrameTooHigh { end, limit } => write!(
            out,
            "memory up to {:#x} is out of the mode's reach, which ends at {:#x}",
            end.address(),
            limit.address()
        ),
        MapError::AlreadyMapped { at } => write!(out, "address {at:#x} would be mapped twice"),
        // The plan has excluded the others; should one appear, its facts help most.
        other => write!(out, "{other:?}"),
    }
}

/// A set of modes in words.
struct Modes(ModeSet);

impl fmt::Display for Modes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for mode in PagingMode::ALL.into_iter().filter(|mode| self.0.contains(*mode)) {
            write!(out, "{separator}{mode}")?;
            separator = "/";
        }
        if separator.is_empty() { out.write_str("none") } else { Ok(()) }
    }
}
