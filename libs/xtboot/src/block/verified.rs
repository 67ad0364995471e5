//! A block that has been checked: the only form in which the kernel reads one.

use core::ops::Range;

use xtcore::choice::{Architecture, Choice};
use xtcore::{Frame, FrameCount, FrameRange, MemoryKind, MemoryRun, PhysAddr, VirtAddr};
use zerocopy::FromBytes;

use super::error::{BlockError, Part};
use super::handover::{Features, Image, Placed, Screen, Section};
use super::origin::LayoutOrigin;
use super::wire::{Header, RunRecord, SectionRecord, Stamps};
use crate::map::Counts;
use crate::parameters::Parameters;

/// A loader block that [`verify`](super::verify) accepted.
///
/// Proves that the block is whole, consistent in itself, and consistent with the registers that the kernel was entered
/// with. Does not prove that the loader told the truth about the machine: whether the page tables really lie in the
/// frames listed is for the kernel to find out, by walking them with [`VerifiedBlock::check_table_frame`].
///
/// Borrows the block, so its memory cannot be reclaimed while somebody still reads it.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedBlock<'a> {
    pub(super) header: Header,
    pub(super) architecture: Architecture,
    pub(super) choice: Choice,
    pub(super) features: Features,
    pub(super) layout: LayoutOrigin,
    pub(super) screen: Option<Screen>,
    pub(super) runs: Records<'a, RunRecord>,
    pub(super) sections: Records<'a, SectionRecord>,
    pub(super) parameters: Parameters<'a>,
}

/// An array of wire records, read by copy, so the bytes need no alignment.
#[derive(Debug)]
pub(super) struct Records<'a, T> {
    bytes: &'a [u8],
    record: core::marker::PhantomData<T>,
}

// Not derived, because that would ask for `T: Copy`.
impl<T> Clone for Records<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Records<'_, T> {}

impl<'a, T: FromBytes> Records<'a, T> {
    /// Wraps the bytes of the array, a multiple of the record's size.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, record: core::marker::PhantomData }
    }

    pub(super) const fn len(self) -> usize {
        self.bytes.len() / size_of::<T>()
    }

    pub(super) fn get(self, index: usize) -> Option<T> {
        let start = index.checked_mul(size_of::<T>())?;
        let Range { start, end } = start..start.checked_add(size_of::<T>())?;
        T::read_from_bytes(self.bytes.get(start..end)?).ok()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = T> + use<'a, T> {
        self.bytes.chunks_exact(size_of::<T>()).filter_map(|bytes| T::read_from_bytes(bytes).ok())
    }
}

impl RunRecord {
    /// Returns the run, or `None` when the kind has no meaning.
    pub(super) fn run(&self) -> Option<MemoryRun> {
        let kind = MemoryKind::from_number(self.kind)?;
        Some(MemoryRun::new(Frame::new(self.frame), FrameCount::new(self.frames), kind))
    }
}

impl<'a> VerifiedBlock<'a> {
    /// Returns the length of the block in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.header.block_bytes
    }

    /// Returns the architecture of loader and kernel.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Returns the active paging mode, and why it was chosen.
    #[must_use]
    pub const fn choice(&self) -> Choice {
        self.choice
    }

    /// Returns what the processor has and the loader set up.
    #[must_use]
    pub const fn features(&self) -> Features {
        self.features
    }

    /// Returns the address of the root table.
    #[must_use]
    pub const fn page_root(&self) -> PhysAddr {
        PhysAddr::new(self.header.page_root)
    }

    /// Returns the slot of the self-map.
    #[must_use]
    pub const fn self_map_slot(&self) -> usize {
        self.header.self_map_slot as usize
    }

    /// Returns MAXPHYADDR, in bits.
    #[must_use]
    pub const fn physical_bits(&self) -> u32 {
        self.header.physical_bits
    }

    /// Returns the kernel's image.
    #[must_use]
    pub const fn image(&self) -> Image {
        let Header { image_frame, image_frames, image_base, image_entry, .. } = self.header;
        Image { placed: placed(image_frame, image_frames, image_base), entry: VirtAddr::new(image_entry) }
    }

    /// Returns the frames of the block and where they are mapped.
    #[must_use]
    pub const fn block(&self) -> Placed {
        let Header { block_frame, block_frames, block_base, .. } = self.header;
        placed(block_frame, block_frames, block_base)
    }

    /// Returns the boot stack; the page below its base is not mapped.
    #[must_use]
    pub const fn stack(&self) -> Placed {
        let Header { stack_frame, stack_frames, stack_base, .. } = self.header;
        placed(stack_frame, stack_frames, stack_base)
    }

    /// Returns the loader's identity-mapped frames, to be unmapped before they are used.
    #[must_use]
    pub const fn identity(&self) -> FrameRange {
        frames(self.header.identity_frame, self.header.identity_frames)
    }

    /// Returns the memory map: sorted, disjoint, never empty.
    pub fn runs(&self) -> impl Iterator<Item = MemoryRun> + use<'a> {
        self.runs.iter().filter_map(|record| record.run())
    }

    /// Returns the number of runs.
    #[must_use]
    pub const fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Returns the run that holds `frame`. O(log n).
    #[must_use]
    pub fn run_of(&self, frame: Frame) -> Option<MemoryRun> {
        let (mut low, mut high) = (0, self.runs.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let run = self.runs.get(middle)?.run()?;
            if run.frames.contains(frame) {
                return Some(run);
            }
            if run.frames.start() < frame {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        None
    }

    /// Checks that `frame`, in which the kernel found an active page table, is listed as one. O(log n).
    ///
    /// # Errors
    /// [`BlockError::TableFrame`] when the frame is of another kind or not listed at all.
    pub fn check_table_frame(&self, frame: Frame) -> Result<(), BlockError> {
        match self.run_of(frame).map(|run| run.kind) {
            Some(MemoryKind::PageTables) => Ok(()),
            other => Err(BlockError::TableFrame {
                frame: frame.number(),
                kind: other.map_or(0, |kind| u64::from(kind as u32)),
            }),
        }
    }

    /// Checks that all of `range` lies in runs of kinds that `allowed` accepts. Linear in the number of runs.
    pub(super) fn check_part_kind(
        &self,
        part: Part,
        range: FrameRange,
        allowed: impl Fn(Option<MemoryKind>) -> bool,
    ) -> Result<(), BlockError> {
        let wrong = |frame: Frame, kind: Option<MemoryKind>| BlockError::PartKind {
            part,
            frame: frame.number(),
            kind: kind.map_or(0, |kind| u64::from(kind as u32)),
        };
        let mut at = range.start();
        for run in self.runs() {
            let shared = run.frames.intersection(range);
            if shared.is_empty() {
                continue;
            }
            if at < shared.start() && !allowed(None) {
                return Err(wrong(at, None));
            }
            if !allowed(Some(run.kind)) {
                return Err(wrong(shared.start(), Some(run.kind)));
            }
            at = shared.end();
        }
        if at < range.end() && !allowed(None) {
            return Err(wrong(at, None));
        }
        Ok(())
    }

    /// Returns the image's sections: sorted, disjoint, inside the image.
    pub fn sections(&self) -> impl Iterator<Item = Section> + use<'a> {
        self.sections.iter().filter_map(|record| Section::from_record(&record))
    }

    /// Returns the kernel parameters.
    #[must_use]
    pub const fn parameters(&self) -> Parameters<'a> {
        self.parameters
    }

    /// Returns what became of the firmware's descriptors.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        Counts {
            given: self.header.descriptors_given,
            kept: self.header.descriptors_kept,
            dropped: self.header.descriptors_dropped,
            merged: self.header.descriptors_merged,
        }
    }

    /// Returns the address of the ACPI RSDP.
    #[must_use]
    pub const fn acpi_rsdp(&self) -> Option<PhysAddr> {
        present(self.header.acpi_rsdp)
    }

    /// Returns the address of the SMBIOS entry point.
    #[must_use]
    pub const fn smbios(&self) -> Option<PhysAddr> {
        present(self.header.smbios)
    }

    /// Returns the address of the UEFI system table.
    #[must_use]
    pub const fn system_table(&self) -> Option<PhysAddr> {
        present(self.header.system_table)
    }

    /// Returns the framebuffer, where there is one.
    #[must_use]
    pub const fn screen(&self) -> Option<Screen> {
        self.screen
    }

    /// Returns the loader's time stamps.
    #[must_use]
    pub const fn stamps(&self) -> Stamps {
        self.header.stamps
    }

    /// Returns where image and self-map got their places from.
    #[must_use]
    pub const fn layout(&self) -> LayoutOrigin {
        self.layout
    }

    /// Returns the SHA-256 of the kernel's file, as the loader computed it.
    #[must_use]
    pub const fn kernel_sha256(&self) -> [u8; 32] {
        self.header.kernel_sha256
    }
}

const fn frames(first: u64, count: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(first), FrameCount::new(count))
}

const fn placed(first: u64, count: u64, base: u64) -> Placed {
    Placed { frames: frames(first, count), base: VirtAddr::new(base) }
}

const fn present(address: u64) -> Option<PhysAddr> {
    if address == 0 { None } else { Some(PhysAddr::new(address)) }
}
