//! Pages that are handed out together with what appears in them.

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, PagingMode};
use xtmm::space::{PageContent, PteError, ReleaseError, SpaceError, SystemPtes};
use xtpaging::{Attributes, Cache, MapError};

use crate::support::{
    Crime, Ptes, Refusal, Sim, SimFrames, TestRanges, area, in_every_mode, large_pages, mapper, range, run,
};

in_every_mode! {
    frames_at_a_boundary_get_large_pages,
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
    SystemPtes::new(mapper(kernel, frames), TestRanges::new(sim, range(area(sim.mode), REGION)))
}

fn frames_at_a_boundary_get_large_pages(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let small = ptes.map_physical(run(7, 1), DATA).expect("room");
    let frames_of = FrameRange::with_count(Frame::new(DEVICE), FrameCount::new(2 * large_pages(mode) + 3));
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
    assert_eq!(ptes.map_list(&[], DATA), Err(PteError::Empty));
    assert_eq!(ptes.map_physical(run(9, 0), DATA), Err(PteError::Empty));
    assert_eq!(ptes.allocate(FrameCount::ZERO, PageContent::Any), Err(PteError::Empty));
    let most = FrameCount::new(u64::MAX);
    assert_eq!(ptes.allocate(most, PageContent::Any), Err(PteError::Pages(Refusal(u64::MAX))));
    assert_eq!(ptes.reserve(REGION, 1), Ok(range(area(mode), REGION)), "no page was lost");
    assert_eq!(sim.out(), 0);
}

fn memory_goes_back_and_the_frames_of_others_do_not(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ptes = ptes(&sim, &kernel, &frames);
    let memory = ptes.allocate(FrameCount::new(40), PageContent::Zeroed).expect("frames");
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
            match ptes.allocate(FrameCount::new(1 + held.len() as u64 % 9), PageContent::Any) {
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
    let other = SystemPtes::new(mapper(&kernel, &frames), TestRanges::new(&sim, elsewhere));
    let device = other.map_physical(run(DEVICE, 3), DATA).expect("room");
    let pages = device.pages();
    assert_eq!(ours.release(device), Err(ReleaseError::Range(Crime(pages))));
}

fn a_mapping_that_somebody_has_unmapped_is_never_handed_out_again(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
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
