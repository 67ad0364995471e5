//! A good loader block in each paging mode, and ways to spoil it.

use xtboot::block::{
    BlockPlan, Expected, Features, Handover, Header, Image, LayoutOrigin, LayoutSource, PixelFormat, Placed,
    Screen, Section, SectionProtection, Stamps, checksum, flags, seal,
};
use xtboot::map::Counts;
use xtboot::parameters::Parameters;
use xtcore::choice::{Architecture, Choice, Reason};
use xtcore::{Frame, FrameCount, FrameRange, MemoryKind, MemoryRun, PagingMode, PhysAddr, VirtAddr};
use zerocopy::{FromBytes, IntoBytes};

const fn run(start: u64, count: u64, kind: MemoryKind) -> MemoryRun {
    MemoryRun::new(Frame::new(start), FrameCount::new(count), kind)
}

const fn frames(start: u64, count: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(start), FrameCount::new(count))
}

/// The memory map of the good block.
pub const RUNS: [MemoryRun; 12] = [
    run(0x0, 0x1, MemoryKind::Reserved),
    run(0x1, 0x9F, MemoryKind::Free),
    run(0x100, 0x300, MemoryKind::Free),
    run(0x400, 0x40, MemoryKind::KernelImage),
    run(0x440, 0x10, MemoryKind::PageTables),
    run(0x450, 0x2, MemoryKind::LoaderBlock),
    run(0x452, 0x8, MemoryKind::BootStack),
    run(0x45A, 0x6, MemoryKind::LoaderTemporary),
    run(0x460, 0x1000, MemoryKind::FirmwareTemporary),
    run(0x1460, 0x20, MemoryKind::RuntimeCode),
    run(0x1480, 0x6000, MemoryKind::Free),
    run(0x8_0000, 0x1000, MemoryKind::Reserved),
];

/// The sections of the good block's image.
pub const SECTIONS: [Section; 3] = [
    Section {
        offset: FrameCount::new(1),
        pages: FrameCount::new(0x20),
        protection: SectionProtection::ReadExecute,
    },
    Section {
        offset: FrameCount::new(0x21),
        pages: FrameCount::new(0x10),
        protection: SectionProtection::Read,
    },
    Section {
        offset: FrameCount::new(0x38),
        pages: FrameCount::new(0x8),
        protection: SectionProtection::ReadWrite,
    },
];

/// The first frame of the good block's page tables, its root.
pub const ROOT: Frame = Frame::new(0x440);

/// Returns what a loader would hand over in that mode.
pub fn handover(mode: PagingMode) -> Handover<'static> {
    let wide = mode.levels() >= 4;
    let architecture = if wide { Architecture::Amd64 } else { Architecture::I686 };
    let at =
        |offset: u64| VirtAddr::new(if wide { 0xFFFF_F800_0000_0000 + offset } else { 0x8080_0000 + offset });
    Handover {
        architecture,
        choice: Choice { mode, reason: if mode.is_wide() { Reason::Wide } else { Reason::NoFeature } },
        features: Features::from_bits(flags::GLOBAL | flags::PAT).unwrap(),
        page_root: ROOT.address(),
        self_map_slot: mode.geometry().self_map_slot(),
        physical_bits: if wide { 46 } else { 36 },
        image: Image { placed: Placed { frames: frames(0x400, 0x40), base: at(0) }, entry: at(0x1230) },
        block: Placed { frames: frames(0x450, 2), base: at(0x10_0000) },
        stack: Placed { frames: frames(0x452, 8), base: at(0x20_1000) },
        identity: frames(0x45A, 6),
        runs: &RUNS,
        sections: &SECTIONS,
        parameters: Parameters::new("NOXPA DEBUG=COM1 Größe=42"),
        counts: Counts { given: 20, kept: 18, dropped: 2, merged: 6 },
        acpi_rsdp: Some(PhysAddr::new(0x146_0014)),
        smbios: None,
        system_table: PhysAddr::new(0x147_0018),
        screen: Some(Screen {
            address: PhysAddr::new(0x8000_0000),
            base: at(0x30_0000),
            width: 800,
            height: 600,
            stride: 832,
            format: PixelFormat::Bgr,
        }),
        stamps: Stamps { loader_entry: 1, services_left: 2, hand_over: 3, in_firmware: 1 },
        layout: LayoutOrigin { source: LayoutSource::Processor, seed: 0x0123_4567_89AB_CDEF },
        kernel_sha256: [0xA5; 32],
    }
}

/// Returns what the kernel would know by itself in that mode.
pub fn expected(mode: PagingMode) -> Expected {
    let handover = handover(mode);
    Expected {
        architecture: handover.architecture,
        mode,
        page_root: handover.page_root,
        self_map_slot: handover.self_map_slot,
        block: handover.block.base,
        stack_pointer: handover.stack.pages().unwrap().end(),
    }
}

/// Seals a hand-over into a buffer of exactly its size.
pub fn sealed(handover: &Handover<'_>) -> Vec<u8> {
    let text = handover.parameters.text().len();
    let plan = BlockPlan::new(handover.runs.len(), handover.sections.len(), text).unwrap();
    let mut bytes = vec![0xFF; plan.bytes()];
    assert_eq!(seal(&mut bytes, handover), Ok(bytes.len()));
    bytes
}

/// Returns the good block of that mode.
pub fn good(mode: PagingMode) -> Vec<u8> {
    sealed(&handover(mode))
}

/// Changes the header of a block and seals it anew, as a loader with a bug would.
pub fn edit_header(block: &mut [u8], edit: impl FnOnce(&mut Header)) {
    let (mut header, _) = Header::read_from_prefix(block).unwrap();
    edit(&mut header);
    block[..size_of::<Header>()].copy_from_slice(header.as_bytes());
    reseal(block);
}

/// Overwrites a byte range of a block and seals it anew.
pub fn overwrite(block: &mut [u8], offset: usize, bytes: &[u8]) {
    block[offset..offset + bytes.len()].copy_from_slice(bytes);
    reseal(block);
}

/// Corrects the checksum of the bytes that the header claims, where they exist.
pub fn reseal(block: &mut [u8]) {
    let Ok((mut header, _)) = Header::read_from_prefix(block) else { return };
    let length = usize::try_from(header.block_bytes).unwrap_or(usize::MAX);
    let Some(claimed) = block.get(..length) else { return };
    header.checksum = checksum(claimed);
    block[..size_of::<Header>()].copy_from_slice(header.as_bytes());
}
