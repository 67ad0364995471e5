//! Pages that are handed out together with what appears in them.

use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, PagingMode, PhysAddr};
use xtmm::space::{Content, Mapper, PteError, ReleaseError, SpaceError, SystemPtes};
use xtpaging::{Attributes, Cache, MapError, Mapping};

use crate::support::{
    Crime, Ptes, Refusal, Reserved, Sim, SimFrames, TestRanges, area, in_every_mode, large, mapping, range,
    run,
};

in_every_mode! {
    a_device_is_mapped_uncached_from_any_byte_on,
    ram_is_no_device,
    a_large_device_gets_large_pages,
    sizes_of_nothing_and_of_everything_are_refused,
    memory_goes_back_and_the_frames_of_others_do_not,
    every_page_and_every_frame_can_be_used_up_and_had_back,
    a_mapping_of_another_is_no_range_of_ours,
    a_mapping_that_somebody_has_unmapped_is_never_handed_out_again,
}

const DATA: Attributes = Attributes::KERNEL_DATA;
const DEVICE: u64 = 0x4_0000;
const REGION: u64 = 4096;

fn ptes<'m>(sim: &'m Sim, kernel: &'m crate::support::Kernel<'m>, frames: &'m SimFrames<'m>) -> Ptes<'m> {
    SystemPtes::new(Mapper::new(kernel, frames), TestRanges::new(sim, range(area(sim.mode), REGION)))
}

fn a_device_is_mapped_uncached_from_any_byte_on(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let base = DEVICE * PAGE_BYTES;
    for (offset, bytes, pages) in [(0, 1, 1), (0xFFF, 1, 1), (0xFFF, 2, 2), (0x10, 0x1000, 2), (0, 0x3000, 3)]
    {
        let start = PhysAddr::new(base + offset);
        let device = ptes.map_device(start, bytes, Cache::Uncached).expect("room");
        assert_eq!((device.address().page_offset(), device.bytes()), (offset, bytes));
        assert_eq!(device.pages(), range(device.address().get() - offset, pages));
        let found = kernel.find(device.address()).expect("mapped");
        assert_eq!((found.address, found.cache, found.rights.write), (start, Cache::Uncached, true));
        assert_eq!(sim.pages().len() as u64, pages);
        ptes.release(device).expect("ours");
        assert_eq!((sim.pages().len(), sim.out()), (0, 0));
    }
}

fn ram_is_no_device(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let mut source = Reserved::of(sim.pool.get().reserve(8).expect("frames"));
    let window = mapping(mode.geometry().kernel_base().get(), large(mode), 0, DATA);
    kernel.map_from(&Mapping { largest: Level::PD, ..window }, &mut source).expect("frames");
    let refused = ptes.map_device(PhysAddr::new(0x5008), 4, Cache::Uncached);
    let (frame, window, wanted) = (Frame::new(5), Cache::WriteBack, Cache::Uncached);
    assert_eq!(refused, Err(PteError::Space(SpaceError::CacheConflict { frame, window, wanted })));
    assert_eq!(ptes.reserve(REGION, 1), Ok(range(area(mode), REGION)), "no page was lost");
}

fn a_large_device_gets_large_pages(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let small = ptes.map_physical(run(7, 1), DATA).expect("room");
    let frames_of = FrameRange::with_count(Frame::new(DEVICE), FrameCount::new(2 * large(mode) + 3));
    let screen = ptes.map_physical(frames_of, DATA.with_cache(Cache::WriteCombining)).expect("room");
    assert_eq!(sim.pages().len(), 1 + 2 + 3);
    ptes.release(small).expect("ours");
    ptes.release(screen).expect("ours");
    assert_eq!(sim.out(), 0);
}

fn sizes_of_nothing_and_of_everything_are_refused(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    assert_eq!(ptes.map_device(PhysAddr::new(4096), 0, Cache::Uncached), Err(PteError::Empty));
    assert_eq!(ptes.map_list(&[], DATA), Err(PteError::Empty));
    assert_eq!(ptes.map_physical(run(9, 0), DATA), Err(PteError::Empty));
    assert_eq!(ptes.allocate(FrameCount::ZERO, Content::Any), Err(PteError::Empty));
    let most = FrameCount::new(u64::MAX);
    assert_eq!(ptes.allocate(most, Content::Any), Err(PteError::Pages(Refusal(u64::MAX))));
    let too_high =
        |refused| matches!(refused, Err(PteError::Space(SpaceError::Map(MapError::FrameTooHigh { .. }))));
    assert!(too_high(ptes.map_device(PhysAddr::new(u64::MAX - 1), 4, Cache::Uncached)));
    assert!(too_high(ptes.map_device(PhysAddr::new(u64::MAX - 4096), 4, Cache::Uncached)));
    assert!(matches!(
        ptes.map_device(PhysAddr::new(4096), u64::MAX - 4096, Cache::Uncached),
        Err(PteError::Pages(_))
    ));
    assert_eq!(ptes.reserve(REGION, 1), Ok(range(area(mode), REGION)), "no page was lost");
    assert_eq!(sim.out(), 0);
}

fn memory_goes_back_and_the_frames_of_others_do_not(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let memory = ptes.allocate(FrameCount::new(40), Content::Zeroed).expect("frames");
    let theirs: Vec<Frame> = sim.pages().iter().map(|page| page.physical.frame()).rev().collect();
    let again = ptes.map_list(&theirs, DATA).expect("room");
    for page in 0..40 {
        sim.write(xtcore::VirtAddr::new(memory.address().get() + page * PAGE_BYTES), page as u32);
    }
    for page in 0..40 {
        let at = xtcore::VirtAddr::new(again.address().get() + (39 - page) * PAGE_BYTES);
        assert_eq!(sim.read(at), page as u32);
    }
    let out = sim.out();
    ptes.release(again).expect("ours");
    assert!(sim.out() >= out - 3, "only tables went back");
    assert_eq!(sim.read(memory.address()), 0);
    ptes.release(memory).expect("ours");
    assert_eq!((sim.out(), sim.pages().len()), (0, 0));
}

fn every_page_and_every_frame_can_be_used_up_and_had_back(mode: PagingMode) {
    let sim = Sim::new(mode, 300);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    for round in 0..3 {
        let mut held = Vec::new();
        let refused = loop {
            match ptes.allocate(FrameCount::new(1 + held.len() as u64 % 9), Content::Any) {
                Ok(memory) => held.push(memory),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, PteError::Space(error) if error.out_of_frames().is_some()), "{refused:?}");
        assert!(sim.pool.get().left() < 12, "round {round}: frames are left");
        held.drain(..).for_each(|memory| ptes.release(memory).expect("ours"));
        assert_eq!(sim.out(), 0, "round {round}");

        let mut devices = Vec::new();
        let refused = loop {
            match ptes.map_physical(run(DEVICE, 1 + devices.len() as u64 % 90), DATA) {
                Ok(device) => devices.push(device),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, PteError::Pages(Refusal(_))), "{refused:?}");
        devices.drain(..).for_each(|device| ptes.release(device).expect("ours"));
        assert_eq!((sim.out(), sim.pages().len()), (0, 0), "round {round}");
        let all = ptes.reserve(REGION, 1).expect("every page is back");
        ptes.unreserve(all).expect("it was reserved");
    }
}

fn a_mapping_of_another_is_no_range_of_ours(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ours = ptes(&sim, &kernel, &frames);
    let elsewhere = range(area(mode) + 2 * REGION * PAGE_BYTES, REGION);
    let other = SystemPtes::new(Mapper::new(&kernel, &frames), TestRanges::new(&sim, elsewhere));
    let device = other.map_physical(run(DEVICE, 3), DATA).expect("room");
    let pages = device.pages();
    assert_eq!(ours.release(device), Err(ReleaseError::Range(Crime(pages))));
}

fn a_mapping_that_somebody_has_unmapped_is_never_handed_out_again(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = Mapper::new(&kernel, &frames);
    let ptes = ptes(&sim, &kernel, &frames);
    let device = ptes.map_physical(run(DEVICE, 3), DATA).expect("room");
    let pages = device.pages();
    mapper.unmap(range(pages.start().get() + PAGE_BYTES, 1), |_| {}).expect("mapped");
    let at = xtcore::VirtAddr::new(pages.start().get() + PAGE_BYTES);
    let refused = ptes.release(device);
    assert_eq!(refused, Err(ReleaseError::Space(SpaceError::Map(MapError::NotMapped { at }))));
    let next = ptes.map_physical(run(DEVICE, 3), DATA).expect("room");
    assert!(!next.pages().overlaps(pages));
}
