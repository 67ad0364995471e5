//! Everything before the final memory map: choose, plan on paper, allocate, build.
//!
//! ```text
//!   image       KernelImage       anywhere, contiguous           mapped by sections
//!   stack       BootStack         anywhere                       page below unmapped
//!   block       LoaderBlock       anywhere                       read only
//!   tables      PageTables        below 4 GiB, exactly as many as planned
//!   hand over   LoaderTemporary   below 4 GiB (2 GiB on i686)    identity: code page RX, data page RW
//!   map, scratch, runs, ledger                                   loader data, with slack for a growing map
//! ```
//!
//! The tables lie below 4 GiB because on the way from 4 to 5 levels CR3 is loaded by 32-bit code, and because PAE's
//! CR3 has 32 bits; on i686 the hand-over pages lie below 2 GiB because the upper half belongs to the kernel.

use arrayvec::{ArrayString, ArrayVec};
use xtboot::block::{BlockPlan, LayoutOrigin, LayoutSource, Screen, Section, SectionProtection};
use xtboot::map::{DESCRIPTOR_BYTES, Edge, RawMap, edges_needed, runs_bound};
use xtboot::{ledger, parameters};
use xtcore::choice::{Architecture, Choice, choose};
use xtcore::{Frame, FrameCount, FrameRange, Level, MemoryRun, PagingMode, VirtAddr, VirtRange};
use xtlayout::random::Places;
use xtlayout::{BootLayout, BootNeeds, LayoutError, RegionKind, plan_boot};
use xtpaging::entry::Format;
use xtpaging::processor::Processor;
use xtpaging::{
    AddressSpace, Attributes, Cache, MapError, Mapping, Protection, Scope, SelfMap, tables_needed,
};

use super::error::{BootError, Need};
use super::files::{Kernel, allocate};
use super::leave::MAP_SLACK;
use super::tables::{TableFrames, TableMemory};
use super::{Pause, pause_of, request_of};
use crate::config::Entry;
use crate::firmware::{Firmware, MapFailure, Pages, Placement, Purpose};
use crate::image::{self, MAX_SECTIONS, Validated};
use crate::report;
use crate::trust::{self, Digest};

/// Frames of the hand-over allocation: a page of code, then a page of data and stack.
pub const HAND_OVER_FRAMES: FrameCount = FrameCount::new(2);

/// The loader's claims on the final map: image, stack, block, tables, hand-over pages.
pub(super) const CLAIMS: usize = 5;

/// Mappings beside the image's: two hand-over pages, block, stack, framebuffer.
const OTHER_MAPPINGS: usize = 5;

type Mappings = ArrayVec<Mapping, { MAX_SECTIONS + OTHER_MAPPINGS }>;

/// A boot with everything allocated and the page tables built. Dropping it returns all memory to the firmware.
#[must_use = "a prepared boot is not on its way yet"]
pub struct Prepared<'f> {
    pub(super) firmware: &'f dyn Firmware,
    pub(super) processor: Processor,
    pub(super) start: u64,
    pub(super) pause: Pause,
    pub(super) parameters: ArrayString<{ parameters::MAX_BYTES }>,
    pub(super) choice: Choice,
    pub(super) sections: ArrayVec<Section, MAX_SECTIONS>,
    pub(super) entry: VirtAddr,
    pub(super) layout: BootLayout,
    pub(super) origin: LayoutOrigin,
    pub(super) kernel_digest: Digest,
    pub(super) screen: Option<Screen>,
    pub(super) space: AddressSpace,
    pub(super) memory: Memory<'f>,
}

/// All memory of a boot.
pub(super) struct Memory<'f> {
    pub(super) image: Pages<'f>,
    pub(super) stack: Pages<'f>,
    pub(super) block: Pages<'f>,
    pub(super) tables: Pages<'f>,
    pub(super) hand_over: Pages<'f>,
    pub(super) map: Pages<'f>,
    pub(super) edges: Pages<'f>,
    pub(super) runs: Pages<'f>,
    pub(super) ledger: Pages<'f>,
}

impl<'f> Prepared<'f> {
    pub(super) fn new(
        firmware: &'f dyn Firmware,
        processor: &Processor,
        entry: &Entry<'_>,
        kernel: &Kernel<'_>,
        start: u64,
    ) -> Result<Self, BootError<'static>> {
        let path = *kernel.path;
        let wrong_image = |error| BootError::Image { path, error };
        let image = image::validate(kernel.bytes, processor.architecture).map_err(wrong_image)?;
        report::kernel(firmware, entry, &path, kernel.bytes.len(), &image);
        let choice = choose(processor.architecture, processor.wide, request_of(entry)?, image.modes())
            .map_err(BootError::Mode)?;
        report::paging(firmware, choice, entry);
        let mut parameters = ArrayString::new();
        // The configuration refuses longer ones.
        let _ = parameters.try_push_str(entry.parameters.text());

        let sizes = Sizes::measure(firmware, image.mapped().len(), parameters.len())?;
        let (origin, places) = choose_places(firmware, processor, choice.mode, &image, entry)?;
        let (layout, screen) = lay_out(firmware, processor, choice.mode, &image, places.image_base, &sizes)?;
        let mut image_memory = allocate(firmware, Need::Image, image.pages(), Placement::Any, Purpose::Data)?;
        image.place(image_memory.bytes_mut()).map_err(wrong_image)?;
        image.relocate(image_memory.bytes_mut(), layout.image.start()).map_err(wrong_image)?;
        let data =
            |need, bytes| allocate(firmware, need, FrameCount::holding(bytes), Placement::Any, Purpose::Data);
        let stack = data(Need::Stack, layout.stack.bytes())?;
        let block = data(Need::Block, layout.block.bytes())?;
        let low = match processor.architecture {
            Architecture::Amd64 => Placement::Below4GiB,
            Architecture::I686 => Placement::Below2GiB,
        };
        let hand_over = allocate(firmware, Need::HandOver, HAND_OVER_FRAMES, low, Purpose::Code)?;
        firmware.allow_execution(hand_over.frames());

        let mappings = mappings(processor, &image, &layout, screen.as_ref(), |kind| match kind {
            RegionKind::Block => block.frames(),
            RegionKind::Stack => stack.frames(),
            RegionKind::Image => image_memory.frames(),
            _ => hand_over.frames(),
        })?;
        // Only slots that can hold one are ever drawn.
        let self_map =
            SelfMap::new(choice.mode, places.self_map_slot).unwrap_or_else(|| SelfMap::standard(choice.mode));
        let (space, tables) = build_tables(firmware, processor, self_map, &mappings)?;
        Ok(Self {
            firmware,
            processor: *processor,
            start,
            pause: pause_of(entry),
            parameters,
            choice,
            sections: image.sections().collect(),
            entry: image.entry_at(layout.image.start()),
            layout,
            origin,
            kernel_digest: kernel.measured.digest(),
            screen,
            space,
            memory: Memory {
                map: data(Need::Map, sizes.map_bytes)?,
                edges: data(Need::Scratch, array_bytes::<Edge>(edges_needed(sizes.descriptors)))?,
                runs: data(Need::Runs, array_bytes::<MemoryRun>(sizes.runs))?,
                ledger: data(Need::Ledger, array_bytes::<MemoryRun>(sizes.final_runs))?,
                image: image_memory,
                stack,
                block,
                tables,
                hand_over,
            },
        })
    }
}

/// What the memory map will need, slack included.
struct Sizes {
    map_bytes: u64,
    descriptors: usize,
    runs: usize,
    final_runs: usize,
    block_bytes: u64,
}

impl Sizes {
    /// Asks the firmware how large its map is now, and adds [`MAP_SLACK`] descriptors: every allocation from here on
    /// may split one.
    fn measure(
        firmware: &dyn Firmware,
        sections: usize,
        parameters_bytes: usize,
    ) -> Result<Self, BootError<'static>> {
        let (bytes, stride) = match firmware.memory_map(&mut []) {
            Err(MapFailure::TooSmall { needed, stride }) => (needed, stride),
            Ok(shape) => (shape.bytes, shape.stride),
            Err(MapFailure::Refused(status)) => return Err(BootError::Map(status)),
        };
        // The size query needn't fill in the stride (UEFI 2.10, section 7.2.3, promises the size only), so that a
        // zero means the least one; the slack is hundreds of descriptors more than firmware ever needs.
        let stride = if stride == 0 { DESCRIPTOR_BYTES } else { stride };
        RawMap::new(&[], stride).map_err(BootError::MapShape)?;
        let slack = MAP_SLACK.saturating_mul(stride);
        let map_bytes = FrameCount::holding(bytes.saturating_add(slack) as u64).bytes();
        // The rounding up to pages is slack as well, and the arrays must hold whatever the buffer can.
        let descriptors = usize::try_from(map_bytes).unwrap_or(usize::MAX) / stride;
        let runs = runs_bound(descriptors);
        let final_runs = ledger::runs_bound(runs, CLAIMS);
        let plan = BlockPlan::new(final_runs, sections, parameters_bytes)
            .ok_or(BootError::BlockSize { runs: final_runs })?;
        let block_bytes = FrameCount::holding(plan.bytes() as u64).bytes();
        Ok(Self { map_bytes, descriptors, runs, final_runs, block_bytes })
    }
}

fn array_bytes<T>(count: usize) -> u64 {
    (count as u64).saturating_mul(size_of::<T>() as u64)
}

/// Bytes of the stack that the kernel is entered on.
const fn stack_bytes(architecture: Architecture) -> u64 {
    match architecture {
        Architecture::Amd64 => 64 << 10,
        Architecture::I686 => 32 << 10,
    }
}

/// Chooses where the image and the self-map go, and tells who has chosen.
///
/// An image without relocations stays where it was linked; the self-map moves all the same.
fn choose_places(
    firmware: &dyn Firmware,
    processor: &Processor,
    mode: PagingMode,
    image: &Validated<'_>,
    entry: &Entry<'_>,
) -> Result<(LayoutOrigin, Places), BootError<'static>> {
    let origin = trust::origin(firmware, &entry.parameters).map_err(BootError::Trust)?;
    report::layout(firmware, origin.source, image);
    let standard = Places { image_base: image.base(), self_map_slot: mode.geometry().self_map_slot() };
    if origin.source == LayoutSource::Standard {
        return Ok((origin, standard));
    }
    // No RAM lies above, whatever the final memory map says.
    let reach = Format::new(mode, processor.capabilities).ram_limit();
    let drawn = Places::drawn(mode, image.pages().bytes(), reach, origin.seed).map_err(BootError::Layout)?;
    let image_base = if image.is_movable() { drawn.image_base } else { standard.image_base };
    Ok((origin, Places { image_base, ..drawn }))
}

/// Plans the kernel's regions. A framebuffer out of reach is left out with a message: no screen is no error.
fn lay_out(
    firmware: &dyn Firmware,
    processor: &Processor,
    mode: PagingMode,
    image: &Validated<'_>,
    image_base: VirtAddr,
    sizes: &Sizes,
) -> Result<(BootLayout, Option<Screen>), BootError<'static>> {
    let format = Format::new(mode, processor.capabilities);
    let limit = format.ram_limit();
    let graphics = firmware.graphics();
    let visible = graphics.and_then(|graphics| {
        let (pixels, bytes) = graphics.visible()?;
        let frames = FrameRange::covering(graphics.address, bytes);
        (frames.end() <= limit).then_some((graphics, pixels, frames))
    });
    let mut needs = BootNeeds {
        image_base,
        image_bytes: image.pages().bytes(),
        block_bytes: sizes.block_bytes,
        stack_bytes: stack_bytes(processor.architecture),
        framebuffer_bytes: visible.map_or(0, |(_, _, frames)| frames.count().bytes()),
    };
    let layout = match plan_boot(mode, &needs) {
        Err(LayoutError::NoRoom { kind: RegionKind::Framebuffer, .. }) => {
            needs.framebuffer_bytes = 0;
            plan_boot(mode, &needs)
        }
        planned => planned,
    }
    .map_err(BootError::Layout)?;
    let screen = visible.filter(|_| !layout.framebuffer.is_empty()).map(|(graphics, format, _)| Screen {
        address: graphics.address,
        base: layout.framebuffer.start(),
        width: graphics.width,
        height: graphics.height,
        stride: graphics.stride,
        format,
    });
    report::screen(firmware, graphics.as_ref(), screen.as_ref());
    Ok((layout, screen))
}

/// Lists all mappings in ascending order: identity, image, block, stack, framebuffer.
fn mappings(
    processor: &Processor,
    image: &Validated<'_>,
    layout: &BootLayout,
    screen: Option<&Screen>,
    frames: impl Fn(RegionKind) -> FrameRange,
) -> Result<Mappings, BootError<'static>> {
    let mut list = Mappings::new();
    let mut add = |pages, first, attributes| {
        // A mapping too many would show as a missing table; the list has a place for each.
        let _ = list.try_push(Mapping { pages, first, attributes, largest: Level::PDPT });
    };
    let identity = frames(RegionKind::Transient);
    let data = identity.start().saturating_add(FrameCount::ONE);
    for (frame, protection) in [(identity.start(), Protection::ReadExecute), (data, Protection::ReadWrite)] {
        let attributes = Attributes::KERNEL_DATA.with_protection(protection).with_scope(Scope::Local);
        let start = VirtAddr::new(frame.address().get());
        add(VirtRange::saturating(start, FrameCount::ONE.bytes()), frame, attributes);
    }
    let first = frames(RegionKind::Image).start();
    for section in image.sections() {
        let start = VirtAddr::new(layout.image.start().get() + section.offset.bytes());
        let attributes = match section.protection {
            SectionProtection::Read => Attributes::KERNEL_READ_ONLY,
            SectionProtection::ReadWrite => Attributes::KERNEL_DATA,
            SectionProtection::ReadExecute => Attributes::KERNEL_CODE,
        };
        let pages = VirtRange::saturating(start, section.pages.bytes());
        add(pages, first.saturating_add(section.offset), attributes);
    }
    add(layout.block, frames(RegionKind::Block).start(), Attributes::KERNEL_READ_ONLY);
    add(layout.stack, frames(RegionKind::Stack).start(), Attributes::KERNEL_DATA);
    if let Some(screen) = screen {
        // Without a PAT, index 1 would mean write-through; uncached is what a device gets then.
        let cache =
            if processor.page_attributes.is_present() { Cache::WriteCombining } else { Cache::UncachedMinus };
        let attributes = Attributes::KERNEL_DATA.with_cache(cache);
        add(layout.framebuffer, screen.address.frame(), attributes);
    }
    Ok(list)
}

/// Counts the tables, allocates exactly as many frames, and builds them.
fn build_tables<'f>(
    firmware: &'f dyn Firmware,
    processor: &Processor,
    self_map: SelfMap,
    mappings: &[Mapping],
) -> Result<(AddressSpace, Pages<'f>), BootError<'static>> {
    let mode = self_map.mode();
    let format = Format::new(mode, processor.capabilities);
    let planned = tables_needed(&format, mappings).map_err(BootError::Tables)?;
    let mut pages = allocate(firmware, Need::Tables, planned, Placement::Below4GiB, Purpose::Data)?;
    let mut frames = TableFrames::new(pages.frames());
    let mut tables = TableMemory::new(&mut pages, mode.geometry());
    let mut build = || -> Result<AddressSpace, MapError> {
        let space = AddressSpace::create(self_map, format, &mut tables, &mut frames)?;
        for mapping in mappings {
            space.map(&mut tables, &mut frames, mapping)?;
        }
        Ok(space)
    };
    let space = build().map_err(BootError::Tables)?;
    let used = frames.used();
    if used != planned {
        return Err(BootError::TableCount { planned, used });
    }
    report::tables(firmware, planned, used);
    Ok((space, pages))
}

/// Returns the identity-mapped pages' first frame, the code, and the second, data and stack.
pub(super) fn hand_over_frames(pages: &Pages<'_>) -> (Frame, Frame) {
    let code = pages.frames().start();
    (code, code.saturating_add(FrameCount::ONE))
}
