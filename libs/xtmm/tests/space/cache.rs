//! Memory types: a frame of RAM has one.

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, VirtRange};
use xtmm::space::{SpaceError, WindowRange};
use xtpaging::{Attributes, Cache, Mapping, Protection};

use crate::support::{
    Kernel, Reserved, Sim, SimFrames, area, in_every_mode, large_pages, map_from, mapper, mapping, run,
    window,
};

in_every_mode! {
    ram_in_the_window_has_no_second_memory_type,
    after_the_window_has_changed_the_other_type_is_the_right_one,
    a_read_only_part_of_the_window_stays_read_only,
    frames_that_the_window_does_not_show_are_refused_or_left_alone,
    without_a_frame_for_the_split_nothing_changes,
}

const DATA: Attributes = Attributes::KERNEL_DATA;
const UNCACHED: Attributes = DATA.with_cache(Cache::Uncached);

/// Shows the window's first two large pages, the second in small ones of which some are read-only.
fn show_window(sim: &Sim, kernel: &Kernel<'_>) {
    let (start, large) = (sim.mode.geometry().kernel_base().get(), large_pages(sim.mode));
    let mut source = Reserved::of(sim.pool.get().reserve(8).expect("frames"));
    let read_only = DATA.with_protection(Protection::Read);
    let parts =
        [(0, large, DATA), (large, 8, DATA), (large + 8, 8, read_only), (large + 16, large - 16, DATA)];
    for (first, count, attributes) in parts {
        let part = mapping(start + first * PAGE_BYTES, count, first, attributes);
        let largest = if first == 0 { Level::PD } else { Level::PT };
        map_from(kernel, &Mapping { largest, ..part }, &mut source).expect("frames");
    }
    source.frames.into_iter().for_each(|frame| sim.pool.get().give_back(frame));
}

fn shown(kernel: &Kernel<'_>, window: WindowRange, frame: u64) -> (Cache, bool) {
    let at = window.address_of(Frame::new(frame)).expect("a frame of the window");
    let found = kernel.find(at).expect("it is shown");
    assert_eq!(found.address.frame(), Frame::new(frame));
    (found.cache, found.rights.write)
}

fn ram_in_the_window_has_no_second_memory_type(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    show_window(&sim, &kernel);
    let (at, out) = (area(mode), sim.out());
    let conflict = |frame| {
        let (frame, window, wanted) = (Frame::new(frame), Cache::WriteBack, Cache::Uncached);
        Err(SpaceError::CacheConflict { frame, window, wanted })
    };
    assert_eq!(mapper.map_run(&mapping(at, 8, 40, UNCACHED)), conflict(40));
    let list = [Frame::new(0x4_0000), Frame::new(large_pages(mode) + 3)];
    assert_eq!(
        mapper.map_frames(xtcore::VirtAddr::new(at), &list, UNCACHED),
        conflict(large_pages(mode) + 3)
    );
    assert_eq!(sim.out(), out);
    // The same type is no conflict, and neither is a device.
    mapper.map_run(&mapping(at, 8, 40, DATA)).expect("the window's own type");
    mapper.map_run(&mapping(at + 8 * PAGE_BYTES, 8, 0x4_0000, UNCACHED)).expect("no RAM");
    assert_eq!(mapper.protect(mapping(at, 8, 40, DATA).pages, UNCACHED), conflict(40));
    mapper
        .protect(mapping(at, 8, 40, DATA).pages, DATA.with_protection(Protection::Read))
        .expect("no change");
}

fn after_the_window_has_changed_the_other_type_is_the_right_one(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    show_window(&sim, &kernel);
    let window = window(mode);
    (0..2 * large_pages(mode))
        .step_by(7)
        .for_each(|n| sim.touch(window.address_of(Frame::new(n)).expect("shown")));
    // From inside a large page to inside the small ones.
    let (first, count) = (large_pages(mode) - 5, 12);
    let mut written_back = Vec::<VirtRange>::new();
    mapper.set_cache(run(first, count), Cache::Uncached, |pages| written_back.push(pages)).expect("frames");
    sim.assert_nothing_stale();
    let start = window.address_of(Frame::new(first)).expect("shown");
    assert_eq!(written_back, [VirtRange::saturating(start, count * PAGE_BYTES)]);
    for frame in 0..2 * large_pages(mode) {
        let (cache, _) = shown(&kernel, window, frame);
        let changed = run(first, count).contains(Frame::new(frame));
        assert_eq!(cache, if changed { Cache::Uncached } else { Cache::WriteBack }, "frame {frame:#x}");
    }
    mapper.map_run(&mapping(area(mode), count, first, UNCACHED)).expect("now it is");
    mapper.map_run(&mapping(area(mode) + count * PAGE_BYTES, 1, first, DATA)).expect_err("the old one");
    mapper.unmap(mapping(area(mode), count, first, UNCACHED).pages, |_| {}).expect("mapped");
    mapper.set_cache(run(first, count), Cache::WriteBack, |_| {}).expect("nothing to split");
    assert!((0..2 * large_pages(mode)).all(|frame| shown(&kernel, window, frame).0 == Cache::WriteBack));
    assert_eq!(sim.out(), sim.table_count());
}

fn a_read_only_part_of_the_window_stays_read_only(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    show_window(&sim, &kernel);
    let first = large_pages(mode);
    mapper.set_cache(run(first, 24), Cache::WriteCombining, |_| {}).expect("nothing to split");
    for frame in first..first + 24 {
        let writable = !(first + 8..first + 16).contains(&frame);
        assert_eq!(shown(&kernel, window(mode), frame), (Cache::WriteCombining, writable));
    }
}

fn frames_that_the_window_does_not_show_are_refused_or_left_alone(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    show_window(&sim, &kernel);
    let before = sim.pages();
    let end = 2 * large_pages(mode);
    let refused = mapper.set_cache(run(end - 4, 8), Cache::Uncached, |_| panic!("nothing changed"));
    assert_eq!(refused, Err(SpaceError::NotShown { frame: Frame::new(end) }));
    // Above the window's end there is nothing to change.
    mapper
        .set_cache(run(4 * large_pages(mode), 8), Cache::Uncached, |_| panic!("nothing changed"))
        .expect("nothing");
    mapper.set_cache(run(8, 0), Cache::Uncached, |_| panic!("nothing changed")).expect("nothing");
    assert_eq!(sim.pages(), before);
}

fn without_a_frame_for_the_split_nothing_changes(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    show_window(&sim, &kernel);
    let all = sim.pool.get().left();
    let _taken = sim.pool.get().reserve(all).expect("all");
    let before = sim.pages();
    let refused = mapper.set_cache(run(3, 8), Cache::Uncached, |_| panic!("nothing changed"));
    let short = refused.expect_err("no frame").out_of_frames().expect("a shortage");
    assert_eq!((short.wanted, short.available), (FrameCount::ONE, FrameCount::ZERO));
    assert_eq!(sim.pages(), before);
}
