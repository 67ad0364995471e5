//! The kernel's side: from bytes that somebody left in memory to a [`VerifiedBlock`].
//!
//! Nothing is trusted. The order is: is it a block at all and whole (magic, version, sizes, checksum); does it fit this
//! kernel and the state of the processor; do the arrays lie inside; are the runs a map; do image, block, stack and
//! hand-over code lie in runs of their own kinds, in reach, and apart in virtual memory. The first thing wrong is
//! returned. A number is used as an offset or a length only after its own check.

mod placement;

use core::mem::size_of;
use core::str;

use xtcore::choice::{Architecture, Choice, Reason};
use xtcore::{MemoryKind, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr};
use zerocopy::FromBytes;

use super::checksum::checksum;
use super::error::{BlockError, Part};
use super::handover::{Features, Screen, machine_of};
use super::origin::{LayoutOrigin, LayoutSource};
use super::plan::{ARRAY_ALIGNMENT, MAX_BLOCK_BYTES};
use super::verified::{Records, VerifiedBlock};
use super::wire::{Framebuffer, Header, MAGIC, RunRecord, SectionRecord, VERSION, flags};
use crate::parameters::{self, Parameters};

/// Frames below 2^64 bytes.
const FRAMES_END: u64 = u64::MAX / PAGE_BYTES + 1;

/// What the kernel knows without the block.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The architecture that the kernel was built for.
    pub architecture: Architecture,
    /// The paging mode that the control registers show.
    pub mode: PagingMode,
    /// CR3 without its flag bits.
    pub page_root: PhysAddr,
    /// The slot of the self-map that the kernel was entered with.
    pub self_map_slot: usize,
    /// The pointer that the kernel was entered with.
    pub block: VirtAddr,
    /// The stack pointer at entry, or any later one on the same stack.
    pub stack_pointer: VirtAddr,
}

/// Returns how many bytes the block beginning with `first` claims to have, at most [`MAX_BLOCK_BYTES`].
///
/// The kernel calls this on the block's first page, to know how much to look at. Everything but the fields read here
/// is still unchecked.
///
/// # Errors
/// [`BlockError::TooShort`], [`BlockError::Magic`], [`BlockError::Version`], [`BlockError::HeaderBytes`] or
/// [`BlockError::BlockBytes`].
pub fn extent(first: &[u8]) -> Result<usize, BlockError> {
    read_header(first).map(|(_, bytes)| bytes)
}

fn read_header(bytes: &[u8]) -> Result<(Header, usize), BlockError> {
    let expected = size_of::<Header>() as u64;
    let Ok((header, _)) = Header::read_from_prefix(bytes) else {
        return Err(BlockError::TooShort { bytes: bytes.len() as u64, needed: expected });
    };
    if header.magic != MAGIC {
        return Err(BlockError::Magic { found: u64::from_le_bytes(header.magic) });
    }
    if header.version != VERSION {
        return Err(BlockError::Version { found: header.version.into(), known: VERSION.into() });
    }
    if u64::from(header.header_bytes) != expected {
        return Err(BlockError::HeaderBytes { found: header.header_bytes.into(), expected });
    }
    let possible = expected..=MAX_BLOCK_BYTES as u64;
    match usize::try_from(header.block_bytes) {
        Ok(length) if possible.contains(&header.block_bytes) => Ok((header, length)),
        _ => Err(BlockError::BlockBytes { claimed: header.block_bytes, available: MAX_BLOCK_BYTES as u64 }),
    }
}

/// Verifies the block at the start of `bytes`. What lies behind the block's own length is not looked at.
///
/// O(n) in the length of the block.
///
/// # Errors
/// The first thing that is wrong, as a [`BlockError`].
pub fn verify<'a>(bytes: &'a [u8], expected: &Expected) -> Result<VerifiedBlock<'a>, BlockError> {
    let (header, length) = read_header(bytes)?;
    let bytes = bytes
        .get(..length)
        .ok_or(BlockError::BlockBytes { claimed: header.block_bytes, available: bytes.len() as u64 })?;
    let computed = checksum(bytes);
    if header.checksum != computed {
        return Err(BlockError::Checksum { stored: header.checksum, computed });
    }

    let choice = check_machine(&header, expected)?;
    let features = Features::from_bits(header.flags).ok_or(BlockError::Flags {
        found: header.flags.into(),
        unknown: (header.flags & !Features::KNOWN).into(),
    })?;
    check_counts(&header)?;

    let arrays = Arrays::locate(&header, bytes)?;
    check_runs(arrays.runs)?;
    let block = VerifiedBlock {
        header,
        architecture: expected.architecture,
        choice,
        features,
        layout: read_layout(&header)?,
        screen: read_screen(&header.framebuffer, features)?,
        runs: arrays.runs,
        sections: arrays.sections,
        parameters: Parameters::new(read_text(arrays.text)?),
    };
    placement::check_placement(&block, expected)?;
    placement::check_sections(&block)?;
    Ok(block)
}

fn check_machine(header: &Header, expected: &Expected) -> Result<Choice, BlockError> {
    let machine = machine_of(expected.architecture);
    if header.machine != machine {
        return Err(BlockError::Machine { found: header.machine.into(), expected: machine.into() });
    }
    let mode = expected.mode;
    if header.paging_levels != u32::from(mode.levels()) {
        let (found, expected) = (header.paging_levels.into(), mode.levels().into());
        return Err(BlockError::PagingLevels { found, expected });
    }
    let reason = Reason::from_number(header.paging_reason)
        .ok_or(BlockError::PagingReason { found: header.paging_reason.into() })?;
    let root = PhysAddr::new(header.page_root);
    if root != expected.page_root || !root.is_aligned(PAGE_BYTES) {
        return Err(BlockError::PageRoot { found: root.get(), expected: expected.page_root.get() });
    }
    let slot = expected.self_map_slot as u64;
    if u64::from(header.self_map_slot) != slot || !may_hold_self_map(mode, slot) {
        return Err(BlockError::SelfMapSlot { found: header.self_map_slot.into(), expected: slot });
    }
    // The architecture's least is 32 bits, its most 52 (SDM volume 3, section 4.1.4).
    if !(32..=52).contains(&header.physical_bits) {
        return Err(BlockError::PhysicalBits { found: header.physical_bits.into() });
    }
    Ok(Choice { mode, reason })
}

/// Tells whether the protocol allows the self-map there: in a 64-bit mode in every slot of the kernel's half but the
/// last, in a 32-bit mode in the geometry's alone.
const fn may_hold_self_map(mode: PagingMode, slot: u64) -> bool {
    let geometry = mode.geometry();
    let slots = geometry.entries(geometry.self_map_level()) as u64;
    if geometry.virtual_bits() == 32 {
        slot == geometry.self_map_slot() as u64
    } else {
        slots / 2 <= slot && slot < slots - 1
    }
}

fn read_layout(header: &Header) -> Result<LayoutOrigin, BlockError> {
    let (source, seed) = (header.layout_source, header.layout_seed);
    let known = LayoutSource::from_number(source)
        .filter(|known| header.reserved == 0 && (*known != LayoutSource::Standard || seed == 0));
    match known {
        Some(source) => Ok(LayoutOrigin { source, seed }),
        None => {
            let reserved = header.reserved.into();
            Err(BlockError::LayoutSource { found: source.into(), reserved, seed })
        }
    }
}

fn check_counts(header: &Header) -> Result<(), BlockError> {
    let [given, kept, dropped, merged] = [
        header.descriptors_given,
        header.descriptors_kept,
        header.descriptors_dropped,
        header.descriptors_merged,
    ]
    .map(u64::from);
    if kept + dropped != given {
        return Err(BlockError::Counts { given, kept, dropped });
    }
    if merged > kept {
        return Err(BlockError::CountsMerged { merged, kept });
    }
    Ok(())
}

/// The three arrays, as bytes that lie inside the block.
struct Arrays<'a> {
    runs: Records<'a, RunRecord>,
    sections: Records<'a, SectionRecord>,
    text: &'a [u8],
}

impl<'a> Arrays<'a> {
    fn locate(header: &Header, block: &'a [u8]) -> Result<Self, BlockError> {
        let mut above = size_of::<Header>() as u64;
        let mut array = |part, offset: u32, count: u32, record: usize| {
            let (offset, bytes) = (u64::from(offset), u64::from(count).saturating_mul(record as u64));
            let wrong = BlockError::ArrayPlace { part, offset, bytes };
            if offset < above || !offset.is_multiple_of(ARRAY_ALIGNMENT as u64) {
                return Err(wrong);
            }
            let end = offset.checked_add(bytes).ok_or(wrong)?;
            above = end;
            match (usize::try_from(offset), usize::try_from(end)) {
                (Ok(start), Ok(end)) => block.get(start..end).ok_or(wrong),
                _ => Err(wrong),
            }
        };
        let runs = array(Part::Runs, header.runs_offset, header.runs_count, size_of::<RunRecord>())?;
        let sections =
            array(Part::Sections, header.sections_offset, header.sections_count, size_of::<SectionRecord>())?;
        let text = array(Part::Parameters, header.parameters_offset, header.parameters_bytes, 1)?;
        for (part, bytes) in [(Part::Runs, runs), (Part::Sections, sections)] {
            if bytes.is_empty() {
                return Err(BlockError::ArrayEmpty { part });
            }
        }
        Ok(Self { runs: Records::new(runs), sections: Records::new(sections), text })
    }
}

fn read_text(bytes: &[u8]) -> Result<&str, BlockError> {
    if bytes.len() > parameters::MAX_BYTES {
        return Err(BlockError::ParametersLength {
            bytes: bytes.len() as u64,
            limit: parameters::MAX_BYTES as u64,
        });
    }
    str::from_utf8(bytes).map_err(|error| BlockError::ParametersText {
        valid: error.valid_up_to() as u64,
        bytes: bytes.len() as u64,
    })
}

fn check_runs(records: Records<'_, RunRecord>) -> Result<(), BlockError> {
    let mut previous_end = 0;
    for (index, record) in records.iter().enumerate() {
        let index = index as u64;
        let RunRecord { frame, frames, kind, reserved } = record;
        let end = match frame.checked_add(frames) {
            Some(end) if frames > 0 && end <= FRAMES_END => end,
            _ => return Err(BlockError::RunExtent { index, frame, frames }),
        };
        let known = MemoryKind::from_number(kind).filter(|_| reserved == 0);
        let Some(known) = known else {
            return Err(BlockError::RunKind { index, kind: kind.into(), reserved: reserved.into() });
        };
        if frame < previous_end {
            return Err(BlockError::RunOrder { index, frame, previous_end });
        }
        if frame == 0 && known.is_usable() {
            return Err(BlockError::PageZero { kind: kind.into() });
        }
        previous_end = end;
    }
    Ok(())
}

/// Reads the framebuffer record, as far as it can be checked by itself.
fn read_screen(record: &Framebuffer, features: Features) -> Result<Option<Screen>, BlockError> {
    let Framebuffer { address, bytes, base, width, height, stride, format } = *record;
    if !features.has(flags::FRAMEBUFFER) {
        let zeros = [address, bytes, base] == [0; 3] && [width, height, stride, format] == [0; 4];
        return if zeros { Ok(None) } else { Err(BlockError::FramebufferUnexpected { address, bytes }) };
    }
    if width == 0 || height == 0 || stride < width {
        return Err(BlockError::FramebufferShape {
            width: width.into(),
            height: height.into(),
            stride: stride.into(),
        });
    }
    let pixels = u64::from(stride) * u64::from(height);
    if pixels.checked_mul(4) != Some(bytes) {
        return Err(BlockError::FramebufferBytes {
            found: bytes,
            stride: stride.into(),
            height: height.into(),
        });
    }
    let format = Screen::format_of(format).ok_or(BlockError::FramebufferFormat { found: format.into() })?;
    let (address, base) = (PhysAddr::new(address), VirtAddr::new(base));
    Ok(Some(Screen { address, base, width, height, stride, format }))
}
