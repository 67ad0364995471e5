//! Every place that can run out does so once: an error each time, and nothing is lost.

use std::collections::BTreeSet;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, PagingMode};
use xtmm::backing::Backing;
use xtmm::inject::Site;
use xtmm::space::{PageContent, SystemPtes};
use xtpaging::{Attributes, Cache, Protection};

use crate::support::{
    Ptes, Sim, SimCommitter, SimFrames, TestRanges, area, in_every_mode, large_pages, mapper, mapping, range,
};

in_every_mode! {
    every_nth_failure_is_an_error_and_leaves_nothing_behind,
}

const DATA: Attributes = Attributes::KERNEL_DATA;
const DEVICE: u64 = 0x4_0000;

fn every_nth_failure_is_an_error_and_leaves_nothing_behind(mode: PagingMode) {
    let sim = Sim::new(mode, 1024);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ranges = TestRanges::new(&sim, range(area(mode), 8192));
    let ptes: Ptes<'_> = SystemPtes::new(mapper(&kernel, &frames), ranges);
    let committer = SimCommitter::new(mapper(&kernel, &frames));
    let mut failures = 0;
    loop {
        sim.injector.arm(failures + 1);
        let finished = everything(&sim, &ptes, &committer);
        let injected = sim.injector.disarm();
        assert_eq!(finished.is_none(), injected == 1, "a failure shows as an error, and nothing else does");
        assert_eq!((sim.out(), sim.pages().len()), (0, 0), "failure {failures}");
        let all = ptes.reserve(8192, 1).expect("every page is back");
        ptes.unreserve(all).expect("it was reserved");
        sim.assert_nothing_stale();
        if injected == 0 {
            break;
        }
        failures += 1;
    }
    // Over a hundred single frames, and each of the other sites more than once.
    assert!(failures > 100, "only {failures} places were reached");
    let seen: BTreeSet<Site> = sim.injector.seen().collect();
    crate::told::injection(seen.iter().copied(), failures as usize);
    let ours = [Site::VirtualPages, Site::Commit, Site::Backing, Site::Frame, Site::FrameReservation];
    assert_eq!(seen, BTreeSet::from(ours));
}

/// Uses every interface, and puts everything back, also when one of them refuses. Returns `None` then.
fn everything(sim: &Sim, ptes: &Ptes<'_>, committer: &SimCommitter<'_>) -> Option<()> {
    let mut held = Vec::new();
    let reserved = ptes.reserve(300, 1).ok();
    let outcome = use_all(sim, ptes, committer, reserved, &mut held);
    held.into_iter().for_each(|mapping| ptes.release(mapping).expect("ours"));
    if let Some(reserved) = reserved {
        committer.decommit(reserved).expect("whatever is there");
        ptes.unreserve(reserved).expect("it was reserved");
    }
    outcome
}

fn use_all(
    sim: &Sim,
    ptes: &Ptes<'_>,
    committer: &SimCommitter<'_>,
    reserved: Option<xtcore::VirtRange>,
    held: &mut Vec<xtmm::space::SystemMapping>,
) -> Option<()> {
    let reserved = reserved?;
    held.push(ptes.allocate(FrameCount::new(70), PageContent::Zeroed).ok()?);
    let device = FrameRange::with_count(Frame::new(DEVICE), FrameCount::ONE);
    held.push(ptes.map_physical(device, DATA.with_cache(Cache::Uncached)).ok()?);
    let list: Vec<Frame> = (0..40).map(|n| Frame::new(DEVICE + 2 * n)).collect();
    held.push(ptes.map_list(&list, DATA).ok()?);
    let large = large_pages(sim.mode);
    let frames = FrameRange::with_count(Frame::new(DEVICE), FrameCount::new(large + 1));
    let screen = ptes.map_physical(frames, DATA).ok()?;
    let middle = range(screen.pages().start().get() + 7 * PAGE_BYTES, 3);
    held.push(screen);
    let mapper = *committer.mapper();
    mapper.protect(middle, DATA.with_protection(Protection::Read)).ok()?;
    let part = |first, count| range(reserved.start().get() + first * PAGE_BYTES, count);
    committer.commit(part(0, 40), PageContent::Any).ok()?;
    committer.back(part(30, 30)).ok()?;
    committer.withdraw(part(5, 50)).ok()?;
    let elsewhere = mapping(area(sim.mode) + (1 << 27), 3, DEVICE, DATA);
    mapper.map_run(&elsewhere).ok()?;
    mapper.unmap(elsewhere.pages, |_| {}).expect("no frame is needed");
    Some(())
}
