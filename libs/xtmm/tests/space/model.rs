//! Seeded random actions against a model, with failures on purpose.
//!
//! The model is a map from pages to frames. After each action the pages that it concerned are compared by the
//! independent walker; every hundredth time all of them, and all counts. Frames that come back are checked by their
//! source: the TLB must have forgotten them, and no lock may be held.

use std::collections::BTreeMap;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtmm::space::{PageContent, SystemMapping, SystemPtes};
use xtpaging::{Attributes, Cache};
use xtsim::SplitMix64;

use crate::support::{
    Ptes, Sim, SimCommitter, SimFrames, TestRanges, area, in_every_mode, large_pages, mapper, range,
};

in_every_mode! {
    random_actions_with_failures_leave_exactly_what_the_model_says,
}

const DATA: Attributes = Attributes::KERNEL_DATA;
const ACTIONS: u64 = 3000;
/// Pages of the system PTEs. Few, so that they run out.
const REGION: u64 = 6000;
/// Frames of RAM. Few, so that they run out.
const FRAMES: u64 = 700;

/// What should be mapped: pages and frames, and `None` for memory whose frames the pool chose.
#[derive(Default)]
struct Model {
    pages: BTreeMap<u64, Option<Frame>>,
    held: Vec<SystemMapping>,
    /// Ranges that were reserved, of which parts are committed.
    reserved: Vec<VirtRange>,
}

impl Model {
    fn add(&mut self, mapping: SystemMapping, frames: Option<&[Frame]>) {
        for (number, at) in addresses(mapping.pages()).enumerate() {
            let before = self.pages.insert(at, frames.map(|frames| frames[number]));
            assert_eq!(before, None, "a page was given out twice");
        }
        self.held.push(mapping);
    }

    fn remove(&mut self, pages: VirtRange) {
        self.pages.retain(|at, _| !pages.contains(VirtAddr::new(*at)));
    }

    fn memory(&self) -> usize {
        self.pages.values().filter(|frame| frame.is_none()).count()
    }
}

fn random_actions_with_failures_leave_exactly_what_the_model_says(mode: PagingMode) {
    let sim = Sim::new(mode, FRAMES);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    // Not at a boundary, so that tables have other users' entries at both ends.
    let region = range(area(mode) - 99 * PAGE_BYTES, REGION);
    let ptes: Ptes<'_> = SystemPtes::new(mapper(&kernel, &frames), TestRanges::new(&sim, region));
    let committer = SimCommitter::new(mapper(&kernel, &frames));
    let mut model = Model::default();
    let mut random = sim.random(0x5EED);
    let (mut done, mut refused) = (0, 0);
    for number in 0..ACTIONS {
        if random.one_in(3) {
            sim.injector.arm(random.in_range(1..40) as u32);
        }
        let (out, count) = (sim.out(), model.pages.len());
        if act(&sim, &ptes, &committer, &mut model, &mut random) {
            done += 1;
        } else {
            refused += 1;
            assert_eq!((sim.out(), model.pages.len()), (out, count), "what is refused has taken nothing");
        }
        sim.injector.disarm();
        sim.assert_nothing_stale();
        if let Some(mapping) = random.choose(&model.held) {
            let at = mapping.pages().start().get() + random.in_range(0..mapping.pages().bytes());
            sim.touch(VirtAddr::new(at));
            let found = kernel.find(VirtAddr::new(at)).expect("it is held").frame;
            let expected = model.pages.get(&(at & !(PAGE_BYTES - 1))).copied().expect("it is held");
            let page = FrameRange::with_count(found, sim.mode.geometry().page_frames(xtcore::Level::PD));
            assert!(expected.is_none_or(|frame| page.contains(frame)), "{at:#x} shows {found:?}");
        }
        if number % 100 == 99 {
            assert_same(&sim, &model);
            sim.cpu.get().flush_all(&*sim.ram.get()).expect("a valid root");
        }
    }
    assert!(done > ACTIONS / 2 && refused > ACTIONS / 50, "{done} done, {refused} refused");
    model.held.drain(..).for_each(|mapping| ptes.release(mapping).expect("ours"));
    for reserved in model.reserved.drain(..) {
        committer.decommit(reserved).expect("whatever is there");
        ptes.unreserve(reserved).expect("it was reserved");
    }
    assert_eq!((sim.out(), sim.pages().len()), (0, 0));
    assert_eq!(ptes.reserve(REGION, 1), Ok(region), "every page is back");
}

/// Does something; tells whether it was done.
fn act(
    sim: &Sim,
    ptes: &Ptes<'_>,
    committer: &SimCommitter<'_>,
    model: &mut Model,
    random: &mut SplitMix64,
) -> bool {
    let most = if random.one_in(5) { 300 } else { 12 };
    let count = random.in_range(1..most);
    let first = 0x4_0000 + random.in_range(0..1 << 12);
    match random.in_range(0..10) {
        0 | 1 => {
            ptes.allocate(FrameCount::new(count), content(random)).map(|new| model.add(new, None)).is_ok()
        }
        2 => {
            let list: Vec<Frame> = (0..count)
                .map(|n| Frame::new(first + if random.one_in(4) { random.in_range(0..4096) } else { n }))
                .collect();
            ptes.map_list(&list, DATA).map(|new| model.add(new, Some(&list))).is_ok()
        }
        3 => {
            // Now and then one that large pages fit.
            let large = large_pages(sim.mode);
            let (first, count) =
                if random.one_in(3) { (first & !(large - 1), large + count) } else { (first, count) };
            let frames = FrameRange::with_count(Frame::new(first), FrameCount::new(count));
            let list: Vec<Frame> = (first..first + count).map(Frame::new).collect();
            ptes.map_physical(frames, DATA).map(|new| model.add(new, Some(&list))).is_ok()
        }
        4 => {
            let start = PhysAddr::new(first * PAGE_BYTES + random.in_range(0..PAGE_BYTES));
            let bytes = random.in_range(1..4 * PAGE_BYTES);
            let frames = FrameRange::covering(start, bytes);
            let list: Vec<Frame> = (frames.start().number()..frames.end().number()).map(Frame::new).collect();
            let new = ptes.map_physical(frames, DATA.with_cache(Cache::Uncached));
            new.map(|new| model.add(new, Some(&list))).is_ok()
        }
        5 => {
            let Ok(pages) = ptes.reserve(count, 1 << random.in_range(0..4)) else { return false };
            model.reserved.push(pages);
            true
        }
        6 | 7 => {
            let Some(part) = random.choose(&model.reserved).copied().map(|pages| part(pages, random)) else {
                return false;
            };
            let free = addresses(part).all(|at| !model.pages.contains_key(&at));
            let done = committer.commit(part, content(random));
            assert!(free || done.is_err(), "a page was committed twice");
            if done.is_ok() {
                model.pages.extend(addresses(part).map(|at| (at, None)));
            }
            done.is_ok()
        }
        8 if !model.reserved.is_empty() => {
            let index = random.in_range(0..model.reserved.len() as u64) as usize;
            let whole = model.reserved[index];
            let pages = if random.one_in(3) { whole } else { part(whole, random) };
            committer.decommit(pages).expect("whatever is there");
            model.remove(pages);
            if pages == whole {
                ptes.unreserve(model.reserved.swap_remove(index)).expect("it was reserved");
            }
            true
        }
        _ if !model.held.is_empty() => {
            for _ in 0..random.in_range(1..4).min(model.held.len() as u64) {
                let index = random.in_range(0..model.held.len() as u64) as usize;
                let mapping = model.held.swap_remove(index);
                model.remove(mapping.pages());
                ptes.release(mapping).expect("a release needs no memory");
            }
            true
        }
        _ => false,
    }
}

fn assert_same(sim: &Sim, model: &Model) {
    let mut shown = BTreeMap::new();
    for page in sim.pages() {
        for number in 0..page.page_bytes / PAGE_BYTES {
            let frame = Frame::new(page.physical.frame().number() + number);
            shown.insert(page.va.get() + number * PAGE_BYTES, frame);
        }
    }
    assert!(shown.keys().eq(model.pages.keys()), "other pages are mapped than should be");
    for (at, frame) in &shown {
        match model.pages[at] {
            Some(expected) => assert_eq!(*frame, expected, "{at:#x}"),
            None => assert!(sim.pool.get().is_out(*frame), "{at:#x} shows a free frame"),
        }
    }
    assert_eq!(sim.out(), model.memory() + sim.table_count(), "a frame is lost, or used twice");
}

fn part(pages: VirtRange, random: &mut SplitMix64) -> VirtRange {
    let count = pages.bytes() / PAGE_BYTES;
    let first = random.in_range(0..count);
    range(pages.start().get() + first * PAGE_BYTES, random.in_range(1..count - first + 1))
}

fn content(random: &mut SplitMix64) -> PageContent {
    if random.one_in(2) { PageContent::Any } else { PageContent::Zeroed }
}

fn addresses(range: VirtRange) -> impl Iterator<Item = u64> {
    (range.start().get()..range.end().get()).step_by(PAGE_BYTES as usize)
}
