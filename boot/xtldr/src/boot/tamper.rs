//! Test only: hands the kernel something that is wrong, so that its refusal can be shown on a real boot.
//!
//! The parameter `TAMPER=` chooses: `version`, `size`, `checksum`, `unsorted`, `overlap`, `cr3free`, `wx`, `poison`,
//! `nomemory` or `machine`. Where the checksum is not the point it is made right again, so that the kernel sees the
//! damage and not its trace. Compiled with the feature `tamper` only.

use xtboot::block::{Header, RunRecord, SectionProtection, checksum};
use xtboot::parameters::Parameters;
use xtcore::{MemoryKind, VirtAddr};
use xtpaging::TablePlace;
use xtpaging::Tables;
use xtpaging::entry::{Bits, Decoded};
use zerocopy::{FromBytes, IntoBytes};

use super::plan::Prepared;
use super::tables::TableMemory;

/// Does what the parameter asks for.
pub(super) fn apply(boot: &mut Prepared<'_>) {
    let parameters = boot.parameters;
    match Parameters::new(&parameters).value("TAMPER") {
        Some("version") => edit(boot, |header, _| header.version += 1),
        Some("size") => edit(boot, |header, _| header.block_bytes = 1 << 40),
        Some("checksum") => {
            if let Some(byte) = boot.memory.block.bytes_mut().get_mut(size_of::<Header>()) {
                *byte ^= 1;
            }
        }
        Some("machine") => edit(boot, |header, _| header.machine = 0x01C4),
        Some("unsorted") => edit(boot, |_, runs| {
            if let [first, second, ..] = runs {
                core::mem::swap(first, second);
            }
        }),
        Some("overlap") => edit(boot, |_, runs| {
            if let [first, second, ..] = runs {
                first.frames = second.frame + 1 - first.frame;
            }
        }),
        Some("cr3free") => edit(boot, |header, runs| {
            let root = header.page_root / xtcore::PAGE_BYTES;
            let holds = |run: &&mut RunRecord| (run.frame..run.frame + run.frames).contains(&root);
            if let Some(run) = runs.iter_mut().find(holds) {
                run.kind = MemoryKind::Free as u32;
            }
        }),
        Some("nomemory") => edit(boot, withhold_memory),
        Some("wx") => make_data_executable(boot),
        Some("poison") => poison(boot),
        _ => {}
    }
}

/// Leaves the kernel no free memory: what it could take becomes reserved. The hand-over pages keep their kind, as the
/// block says elsewhere what they are, and the kernel would find the contradiction before the want of memory.
fn withhold_memory(header: &mut Header, runs: &mut [RunRecord]) {
    for run in runs {
        let free = MemoryKind::from_number(run.kind).is_some_and(MemoryKind::is_free_for_kernel);
        let hand_over = run.frame <= header.identity_frame && header.identity_frame < run.frame + run.frames;
        if free && !hand_over {
            run.kind = MemoryKind::Reserved as u32;
        }
    }
}

/// Changes the block and makes the checksum right again.
fn edit(boot: &mut Prepared<'_>, change: impl FnOnce(&mut Header, &mut [RunRecord])) {
    let block = boot.memory.block.bytes_mut();
    let Ok((mut header, _)) = Header::read_from_prefix(block) else { return };
    let length = header.block_bytes as usize;
    let (start, count) = (header.runs_offset as usize, header.runs_count as usize);
    let Some(bytes) = block.get_mut(start..) else { return };
    let Ok((runs, _)) = <[RunRecord]>::mut_from_prefix_with_elems(bytes, count) else { return };
    change(&mut header, runs);
    header.checksum = 0;
    if let Some(place) = block.get_mut(..size_of::<Header>()) {
        place.copy_from_slice(header.as_bytes());
    }
    let Some(sealed) = block.get(..length) else { return };
    header.checksum = checksum(sealed);
    if let Some(place) = block.get_mut(..size_of::<Header>()) {
        place.copy_from_slice(header.as_bytes());
    }
}

/// Takes the no-execute bit from the first page of the image's data, which stays writable; of the boot stack, where the
/// image has none.
fn make_data_executable(boot: &mut Prepared<'_>) {
    let data = boot.sections.iter().find(|section| section.protection == SectionProtection::ReadWrite);
    let target = data.map_or(boot.layout.stack.start(), |section| {
        VirtAddr::new(boot.layout.image.start().get() + section.offset.bytes())
    });
    let space = boot.space;
    let mut tables = TableMemory::new(&mut boot.memory.tables, space.geometry());
    let mut place = space.top(target);
    loop {
        let index = space.geometry().index(place.level, target);
        let raw = tables.load(place, index);
        match (space.format().decode(place.level, raw), place.level.below()) {
            (Decoded::Table(frame), Some(level)) => {
                place = TablePlace { frame, level, covers: VirtAddr::ZERO };
            }
            (Decoded::Page(_), _) => {
                let forbidden = (Bits::NO_EXECUTE | Bits::NO_EXECUTE_MEANT).bits();
                tables.exchange(place, index, raw & !forbidden);
                return;
            }
            _ => return,
        }
    }
}

/// Fills all free memory with 0xFF: nobody may rely on its being zero.
fn poison(boot: &mut Prepared<'_>) {
    let block = boot.memory.block.bytes();
    let Ok((header, _)) = Header::read_from_prefix(block) else { return };
    let (start, count) = (header.runs_offset as usize, header.runs_count as usize);
    let Some(bytes) = block.get(start..) else { return };
    let Ok((runs, _)) = <[RunRecord]>::ref_from_prefix_with_elems(bytes, count) else { return };
    for run in runs.iter().filter(|run| run.kind == MemoryKind::Free as u32) {
        let frames = xtcore::FrameRange::with_count(
            xtcore::Frame::new(run.frame),
            xtcore::FrameCount::new(run.frames),
        );
        boot.firmware.poison(frames);
    }
}
