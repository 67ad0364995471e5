//! The loader's side: writes a [`Handover`] into memory as a block.
//!
//! It writes what it is told. It refuses what the wire format cannot hold, and leaves the judgement to
//! [`verify`](super::verify), which the kernel must run anyway.

use core::fmt;

use xtcore::PhysAddr;
use zerocopy::IntoBytes;

use super::checksum::checksum;
use super::handover::{Handover, Screen, machine_of};
use super::plan::{BlockPlan, MAX_BLOCK_BYTES};
use super::wire::{Header, MAGIC, RunRecord, VERSION, flags};
use crate::parameters;

/// The block cannot be written. The buffer's contents are unspecified and will not verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealError {
    /// The buffer is too small.
    Buffer {
        /// Bytes needed.
        needed: usize,
        /// Bytes given.
        available: usize,
    },
    /// The block would exceed [`MAX_BLOCK_BYTES`].
    TooLarge {
        /// Runs in it.
        runs: usize,
        /// Sections in it.
        sections: usize,
    },
    /// The parameters exceed [`parameters::MAX_BYTES`].
    Parameters {
        /// Their length in bytes.
        bytes: usize,
    },
    /// A section lies more than 2^32 pages behind the image's base, or is as long.
    Section {
        /// Which one.
        index: usize,
    },
}

impl fmt::Display for SealError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buffer { needed, available } => {
                write!(out, "the loader block needs {needed} bytes, there is room for {available}")
            }
            Self::TooLarge { runs, sections } => write!(
                out,
                "a loader block of {runs} runs and {sections} sections exceeds {MAX_BLOCK_BYTES} bytes"
            ),
            Self::Parameters { bytes } => {
                write!(out, "the kernel parameters have {bytes} bytes, more than {}", parameters::MAX_BYTES)
            }
            Self::Section { index } => write!(out, "the kernel image's section {index} is out of reach"),
        }
    }
}

impl core::error::Error for SealError {}

/// Writes the block for `handover` at the start of `buffer` and returns its length in bytes.
///
/// The rest of the buffer is zeroed, so that no leftover of the loader reaches the kernel. The checksum is written
/// last: a block that was not finished does not verify. Linear in the buffer's length.
///
/// # Errors
/// [`SealError`] when the block does not fit the buffer or the wire format.
pub fn seal(buffer: &mut [u8], handover: &Handover<'_>) -> Result<usize, SealError> {
    let text = handover.parameters.text();
    if text.len() > parameters::MAX_BYTES {
        return Err(SealError::Parameters { bytes: text.len() });
    }
    let (runs, sections) = (handover.runs.len(), handover.sections.len());
    let plan = BlockPlan::new(runs, sections, text.len()).ok_or(SealError::TooLarge { runs, sections })?;
    let too_small = SealError::Buffer { needed: plan.bytes(), available: buffer.len() };

    buffer.fill(0);
    let block = buffer.get_mut(..plan.bytes()).ok_or(too_small)?;

    let mut place = block.get_mut(plan.runs_offset..).ok_or(too_small)?;
    for run in handover.runs {
        let record = RunRecord {
            frame: run.frames.start().number(),
            frames: run.frames.count().get(),
            kind: run.kind as u32,
            reserved: 0,
        };
        place = write(place, record.as_bytes()).ok_or(too_small)?;
    }
    let mut place = block.get_mut(plan.sections_offset..).ok_or(too_small)?;
    for (index, section) in handover.sections.iter().enumerate() {
        let record = section.record().ok_or(SealError::Section { index })?;
        place = write(place, record.as_bytes()).ok_or(too_small)?;
    }
    let place = block.get_mut(plan.parameters_offset..).ok_or(too_small)?;
    write(place, text.as_bytes()).ok_or(too_small)?;

    let mut header = header(handover, &plan);
    write(block, header.as_bytes()).ok_or(too_small)?;
    header.checksum = checksum(block);
    write(block, header.as_bytes()).ok_or(too_small)?;
    Ok(plan.bytes())
}

/// Copies `bytes` to the start of `place` and returns what is behind them, or `None` when they do not fit.
fn write<'b>(place: &'b mut [u8], bytes: &[u8]) -> Option<&'b mut [u8]> {
    let (target, rest) = place.split_at_mut_checked(bytes.len())?;
    target.copy_from_slice(bytes);
    Some(rest)
}

/// Returns the header, with a checksum of zero.
fn header(handover: &Handover<'_>, plan: &BlockPlan) -> Header {
    let Handover { image, block, stack, counts, .. } = handover;
    let screen_flag = if handover.screen.is_some() { flags::FRAMEBUFFER } else { 0 };
    Header {
        magic: MAGIC,
        version: VERSION,
        header_bytes: narrow(size_of::<Header>()),
        block_bytes: plan.bytes() as u64,
        checksum: 0,
        machine: machine_of(handover.architecture),
        paging_levels: u32::from(handover.choice.mode.levels()),
        paging_reason: handover.choice.reason as u32,
        flags: (handover.features.bits() & !flags::FRAMEBUFFER) | screen_flag,
        page_root: handover.page_root.get(),
        self_map_slot: narrow(handover.self_map_slot),
        physical_bits: handover.physical_bits,
        image_frame: image.placed.frames.start().number(),
        image_frames: image.placed.frames.count().get(),
        image_base: image.placed.base.get(),
        image_entry: image.entry.get(),
        block_frame: block.frames.start().number(),
        block_frames: block.frames.count().get(),
        block_base: block.base.get(),
        stack_frame: stack.frames.start().number(),
        stack_frames: stack.frames.count().get(),
        stack_base: stack.base.get(),
        identity_frame: handover.identity.start().number(),
        identity_frames: handover.identity.count().get(),
        runs_offset: narrow(plan.runs_offset),
        runs_count: narrow(handover.runs.len()),
        sections_offset: narrow(plan.sections_offset),
        sections_count: narrow(handover.sections.len()),
        parameters_offset: narrow(plan.parameters_offset),
        parameters_bytes: narrow(handover.parameters.text().len()),
        descriptors_given: counts.given,
        descriptors_kept: counts.kept,
        descriptors_dropped: counts.dropped,
        descriptors_merged: counts.merged,
        acpi_rsdp: handover.acpi_rsdp.map_or(0, PhysAddr::get),
        smbios: handover.smbios.map_or(0, PhysAddr::get),
        system_table: handover.system_table.get(),
        framebuffer: handover.screen.as_ref().map(Screen::record).unwrap_or_default(),
        stamps: handover.stamps,
        layout_seed: handover.layout.seed,
        layout_source: handover.layout.source as u32,
        reserved: 0,
        kernel_sha256: handover.kernel_sha256,
    }
}

/// Narrows an offset or count inside a plan, which [`MAX_BLOCK_BYTES`] keeps far below 2^32.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
