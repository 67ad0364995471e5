//! System PTEs: pages reserved, and frames mapped and unmapped, which every processor that runs has to forget.

use alloc::vec::Vec;

use xtcore::{Frame, FrameRange};
use xtmm::frames::Zone;
use xtpaging::Attributes;

use super::{Bench, Missing};
use crate::mm::{Memory, Piece, Taken};

/// Operations of a batch.
const COUNT: u32 = 100;

/// How many pages of a large mapping there are.
const MANY: usize = 2048;

pub(super) fn run(memory: &'static Memory, bench: &mut Bench) -> Result<(), Missing> {
    let system = memory.system();
    bench.measure("system PTE, reserve and release", COUNT, &mut || {
        let _ = system.reserve(1, 1).map(|pages| system.unreserve(pages));
    });
    let taken = Taken::new(memory, Piece::Block, Zone::Any).map_err(|_| Missing::Memory)?;
    let outcome = mappings(memory, &taken, bench);
    match taken.give_back() {
        Ok(()) => outcome,
        Err(_) => Err(Missing::Memory),
    }
}

/// Maps the frames of a block at one page and at many: in their order, in which an operation is about long runs of pages, and
/// in the reverse order, in which each page is a run of its own.
fn mappings(memory: &'static Memory, block: &Taken, bench: &mut Bench) -> Result<(), Missing> {
    let block = block.frames();
    let mut frames = Vec::<Frame>::new();
    frames.try_reserve_exact(MANY).map_err(|_| Missing::Memory)?;
    frames.extend(core::iter::repeat(block).flat_map(FrameRange::iter).take(MANY));
    let (one, system) = ([block.start()], memory.system());
    let map =
        |list: &[Frame]| system.map_list(list, Attributes::KERNEL_READ_ONLY).map_err(|_| Missing::Memory);
    let map_and_unmap = |list: &[Frame]| {
        let _ = map(list).map(|mapping| system.release(mapping));
    };
    // What cannot be mapped now would cost little later.
    system.release(map(&frames)?).map_err(|_| Missing::Memory)?;
    bench.measure("1 page, map, unmap and forget", COUNT, &mut || map_and_unmap(&one));
    bench.measure("2048 pages in runs, map, unmap and forget", 1, &mut || map_and_unmap(&frames));
    frames.reverse();
    bench.measure("2048 pages one by one, map, unmap and forget", 1, &mut || map_and_unmap(&frames));
    Ok(())
}
