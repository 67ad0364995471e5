//! Mappings: chosen frames at chosen attributes, lists of frames, devices, memory by the page; and the end of address space.

use arrayvec::ArrayVec;
use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PhysAddr, VirtAddr};
use xtmm::frames::Zone;
use xtmm::space::{PageContent, SystemMapping};
use xtpaging::{Attributes, Cache, Scope};

use super::random::Random;
use super::{Complaint, check};
use crate::mm::{DeviceError, Memory, Piece, Taken, first_words};

/// Frames of a list.
const LIST: usize = 16;

/// Mappings that are held at once.
const HELD: usize = 48;

/// Steps.
const STEPS: u64 = 300;

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    lists(memory, random)?;
    blocks(memory)?;
    devices(memory)?;
    let operations = committed(memory, random)?;
    space_ends(memory)?;
    Ok(operations + 10)
}

fn release(memory: &Memory, mapping: SystemMapping) -> Result<(), Complaint> {
    let at = mapping.address().get();
    memory.system().release(mapping).map_err(|_| Complaint::new("a mapping could not be released", [at, 0]))
}

/// Frames in any order appear one after another, each with what was written to it.
fn lists(memory: &'static Memory, random: &mut Random) -> Result<(), Complaint> {
    let mut taken = ArrayVec::<Taken, LIST>::new();
    while !taken.is_full() {
        let Ok(frame) = Taken::new(memory, Piece::Single, Zone::Any) else { break };
        let _ = taken.try_push(frame);
    }
    for index in (1..taken.len()).rev() {
        taken.swap(index, random.below(index as u64 + 1) as usize);
    }
    for piece in &mut taken {
        let frames = piece.frames();
        piece.fill(frames, frames.start().number() as usize);
    }
    let list: ArrayVec<Frame, LIST> = taken.iter().map(|piece| piece.frames().start()).collect();
    let outcome = match memory.system().map_list(&list, Attributes::KERNEL_READ_ONLY.with_scope(Scope::Local))
    {
        Err(_) => Err(Complaint::new("a list could not be mapped", [LIST as u64, 0])),
        Ok(mapping) => {
            let seen =
                list.iter().zip(first_words(&mapping)).all(|(frame, word)| *frame == Frame::new(word as u64));
            let right = memory
                .find(mapping.address())
                .is_ok_and(|found| !found.rights.write && !found.rights.execute);
            release(memory, mapping)?;
            check(seen, "a list shows other frames", [LIST as u64, 0]).and(check(
                right,
                "a list has other rights",
                [LIST as u64, 1],
            ))
        }
    };
    for piece in taken {
        let first = piece.frames().start().number();
        piece.give_back().map_err(|_| Complaint::new("a frame could not be freed", [first, 0]))?;
    }
    outcome
}

/// A block appears as one large page, where the processor has such.
fn blocks(memory: &'static Memory) -> Result<(), Complaint> {
    let Ok(block) = Taken::new(memory, Piece::Block, Zone::Any) else { return Ok(()) };
    let frames = block.frames();
    let outcome = match memory.system().map_physical(frames, Attributes::KERNEL_READ_ONLY) {
        Err(_) => Err(Complaint::new("a block could not be mapped", [frames.start().number(), 0])),
        Ok(mapping) => {
            let found = memory.find(mapping.address());
            let largest = memory.space().space().format().largest_page().min(Level::PD);
            release(memory, mapping)?;
            let is_large = found.is_ok_and(|found| found.level == largest);
            check(is_large, "a block is not one page", [frames.start().number(), 1])
        }
    };
    block
        .give_back()
        .map_err(|_| Complaint::new("a block could not be freed", [frames.start().number(), 0]))?;
    outcome
}

/// A device's page is uncached and not executable, keeps the offset in the page, and has unmapped neighbours; what was
/// released comes back; RAM is no device.
fn devices(memory: &'static Memory) -> Result<(), Complaint> {
    // The local APIC's page: every machine has one there (SDM volume 3A, section 11.4.1), and it is only mapped.
    const DEVICE: PhysAddr = PhysAddr::new(0xFEE0_0020);
    let refused = |_| Complaint::new("a device could not be mapped", [DEVICE.get(), 0]);
    let map = || memory.map_device(DEVICE, 4, Cache::Uncached);
    let (first, second) = (map().map_err(refused)?, map().map_err(refused)?);
    let mut outcome = Ok(());
    for device in [&first, &second] {
        let is_right = memory.find(device.address()).is_ok_and(|found| {
            let is_data = found.rights.write && !(found.rights.execute && memory.has_no_execute());
            found.address == DEVICE && found.cache == Cache::Uncached && is_data
        });
        let below = VirtAddr::new(device.pages().start().get() - PAGE_BYTES);
        let is_alone = [below, device.pages().end()].iter().all(|guard| memory.find(*guard).is_err());
        let at = device.address().get();
        outcome = outcome
            .and(check(is_right, "a device is mapped otherwise", [DEVICE.get(), at]))
            .and(check(is_alone, "a device has a mapped neighbour", [DEVICE.get(), at]));
    }
    let place = second.address();
    for device in [second, first] {
        let lost = |_| Complaint::new("a device could not be released", [DEVICE.get(), 0]);
        memory.release_device(device).map_err(lost)?;
    }
    outcome?;
    check(memory.find(place).is_err(), "a device is still mapped", [DEVICE.get(), place.get()])?;
    if let Ok(taken) = Taken::new(memory, Piece::Single, Zone::Any) {
        let frame = taken.frames().start();
        let mapped = memory.map_device(frame.address(), PAGE_BYTES, Cache::Uncached);
        let is_refused = mapped == Err(DeviceError::Ram { frame });
        taken.give_back().map_err(|_| Complaint::new("a frame could not be freed", [frame.number(), 0]))?;
        check(is_refused, "RAM was mapped as a device", [frame.number(), 0])?;
    }
    for (start, bytes) in [(0, 0), (u64::MAX, 2), (1, u64::MAX)] {
        let refused = memory.map_device(PhysAddr::new(start), bytes, Cache::Uncached).is_err();
        check(refused, "a device of nonsense was mapped", [start, bytes])?;
    }
    Ok(())
}

/// Pages with memory of their own come and go.
fn committed(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let mut held = ArrayVec::<SystemMapping, HELD>::new();
    for _ in 0..STEPS {
        if held.is_full() || (random.below(2) == 0 && !held.is_empty()) {
            let index = random.below(held.len() as u64) as usize;
            release(memory, held.swap_remove(index))?;
            continue;
        }
        let pages = FrameCount::new(1 + random.below(40));
        let Ok(mapping) = memory.system().allocate(pages, PageContent::Zeroed) else { continue };
        let at = mapping.address();
        let zero = first_words(&mapping).all(|word| word == 0);
        let right = memory
            .find(at)
            .is_ok_and(|found| found.rights.write && !(found.rights.execute && memory.has_no_execute()));
        check(zero && right, "pages are not zero, or not data", [at.get(), pages.get()])?;
        let apart = !held.iter().any(|other| other.pages().overlaps(mapping.pages()));
        check(apart, "pages were given out twice", [at.get(), pages.get()])?;
        let _ = held.try_push(mapping);
    }
    for mapping in held {
        release(memory, mapping)?;
    }
    Ok(STEPS)
}

/// Address space is reserved until there is no more, and comes back.
fn space_ends(memory: &'static Memory) -> Result<(), Complaint> {
    let system = memory.system();
    let before = system.inspect(xtmm::arena::Arena::counts);
    for pages in [0, u64::MAX, before.pages + 1] {
        check(system.reserve(pages, 1).is_err(), "pages of nonsense were reserved", [pages, 0])?;
    }
    let mut pieces = ArrayVec::<xtcore::VirtRange, 64>::new();
    let mut wanted = before.pages;
    while wanted > 0 && !pieces.is_full() {
        match system.reserve(wanted, 1) {
            Ok(range) => {
                let _ = pieces.try_push(range);
            }
            Err(_) => wanted /= 2,
        }
    }
    let refused = !pieces.is_full() && system.reserve(1, 1).is_err();
    for range in pieces {
        system
            .unreserve(range)
            .map_err(|_| Complaint::new("a range could not come back", [range.start().get(), 0]))?;
    }
    let after = system.inspect(xtmm::arena::Arena::counts);
    check(refused, "address space without end", [before.pages, 0])?;
    check(after.allocated == before.allocated, "address space was lost", [before.allocated, after.allocated])
}

/// Sees that nothing can be mapped with memory of its own while there is none.
pub(super) fn refuse(memory: &'static Memory) -> Result<(), Complaint> {
    let refused = memory.system().allocate(FrameCount::new(4), PageContent::Any).is_err();
    check(refused, "pages had memory when there was none", [4, 0])
}
