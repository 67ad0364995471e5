//! Memory behind given pages.

use xtcore::{PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtmm::backing::Backing;
use xtmm::space::{Committer, PageContent, SpaceError};
use xtpaging::MapError;
use xtsim::translate;

use crate::support::{Sim, SimCommitter, SimFrames, area, in_every_mode, mapper, range};

in_every_mode! {
    committed_pages_are_memory_of_their_own_zeroed_where_asked_for,
    running_out_half_way_gives_everything_back,
    a_page_that_is_there_refuses_a_commit_and_keeps_its_content,
    decommit_takes_what_there_is_and_passes_over_holes,
    backing_fills_the_holes_with_zeros_and_keeps_the_rest,
    the_source_of_each_frame_hears_which_entry_maps_it,
}

fn committed_pages_are_memory_of_their_own_zeroed_where_asked_for(mode: PagingMode) {
    let sim = Sim::new(mode, 256);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer: SimCommitter<'_> = Committer::new(mapper(&kernel, &frames));
    let pages = range(area(mode) - 50 * PAGE_BYTES, 100);
    committer.commit(pages, PageContent::Zeroed).expect("frames");
    for (number, at) in (0..).zip(addresses(pages)) {
        assert_eq!(sim.read(at), 0);
        sim.write(at, number);
    }
    for (number, at) in (0..).zip(addresses(pages)) {
        assert_eq!(sim.read(at), number);
    }
    assert!(sim.pages().iter().all(|page| page.rights.writable));
    assert!(mode == PagingMode::Pml2 || sim.pages().iter().all(|page| !page.rights.executable));
    assert_eq!(sim.out(), 100 + sim.table_count());
    committer.withdraw(pages).expect("all are there");
    assert_eq!((sim.out(), sim.table_count()), (0, 0));
    committer.commit(pages, PageContent::Any).expect("frames");
    assert!(addresses(pages).all(|at| sim.read(at) != 0), "nobody zeroed what nobody asked for");
}

fn running_out_half_way_gives_everything_back(mode: PagingMode) {
    let sim = Sim::new(mode, 80);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    for pages in 1..=80 {
        let pages = range(area(mode) - 10 * PAGE_BYTES, pages);
        if let Err(error) = committer.commit(pages, PageContent::Any) {
            assert!(error.out_of_frames().is_some(), "{error}");
        } else {
            committer.withdraw(pages).expect("all are there");
        }
        assert_eq!((sim.out(), sim.pages().len()), (0, 0), "{pages:?}");
    }
    let most = range(area(mode), 80);
    committer.commit(most, PageContent::Any).expect_err("tables need frames too");
}

fn a_page_that_is_there_refuses_a_commit_and_keeps_its_content(mode: PagingMode) {
    let sim = Sim::new(mode, 256);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    let there = range(area(mode) + 70 * PAGE_BYTES, 1);
    committer.commit(there, PageContent::Any).expect("frames");
    sim.write(there.start(), 9);
    let out = sim.out();
    let refused = committer.commit(range(area(mode), 100), PageContent::Any);
    assert_eq!(refused, Err(SpaceError::Map(MapError::AlreadyMapped { at: there.start() })));
    assert_eq!((sim.out(), sim.pages().len(), sim.read(there.start())), (out, 1, 9));
}

fn decommit_takes_what_there_is_and_passes_over_holes(mode: PagingMode) {
    let sim = Sim::new(mode, 256);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    let start = area(mode);
    for (first, count) in [(0, 3), (5, 1), (900, 40), (3000, 7)] {
        committer.commit(range(start + first * PAGE_BYTES, count), PageContent::Any).expect("frames");
    }
    committer.decommit(range(start + PAGE_BYTES, 910)).expect("nothing is in the way");
    assert_eq!(sim.pages().len(), 1 + 29 + 7);
    let self_map = sim.space.self_map().region().start().get();
    if mode.geometry().virtual_bits() == 32 {
        let refused = committer.decommit(range(start, (self_map - start) / PAGE_BYTES + 1));
        assert!(matches!(refused, Err(SpaceError::Map(MapError::Range(_)))), "{refused:?}");
        assert_eq!(sim.pages().len(), 1 + 29 + 7, "a refusal comes first");
    }
    committer.decommit(range(start, 1 << 16)).expect("holes");
    assert_eq!((sim.pages().len(), sim.out()), (0, 0));
    committer.decommit(range(start, 1 << 16)).expect("nothing is there");
    committer.decommit(range(start, 0)).expect("nothing is asked for");
}

fn backing_fills_the_holes_with_zeros_and_keeps_the_rest(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    let start = area(mode) - 4 * PAGE_BYTES;
    let inside = |page: u64| VirtAddr::new(start + page * PAGE_BYTES + 123);
    committer.back(VirtRange::saturating(inside(3), 8)).expect("frames");
    assert_eq!(sim.pages().len(), 1);
    sim.write(VirtAddr::new(start + 3 * PAGE_BYTES), 5);
    assert!(committer.is_backed(inside(3)) && !committer.is_backed(inside(2)));
    committer.back(VirtRange::new(inside(0), inside(7)).expect("a range")).expect("frames");
    let words: Vec<u32> = addresses(range(start, 8)).map(|at| sim.read(at)).collect();
    assert_eq!(words, [0, 0, 0, 5, 0, 0, 0, 0]);
    assert!(!committer.is_backed(inside(8)));
    // Exhaustion is an error, and another attempt goes on where this one ended.
    committer.back(range(start, 100)).expect_err("too few frames");
    assert_eq!(sim.read(VirtAddr::new(start + 3 * PAGE_BYTES)), 5);
    committer.decommit(range(start, 100)).expect("whatever is there");
    assert_eq!(sim.out(), 0);
}

fn the_source_of_each_frame_hears_which_entry_maps_it(mode: PagingMode) {
    let sim = Sim::new(mode, 256);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let committer = Committer::new(mapper(&kernel, &frames));
    committer.commit(range(area(mode) - 20 * PAGE_BYTES, 70), PageContent::Any).expect("frames");
    for page in sim.pages() {
        let pte = frames.entry_of(page.physical.frame()).expect("it was told");
        let entry = translate(&*sim.ram.get(), &sim.facts(), pte).expect("the self-map shows it");
        assert_eq!(entry.physical, page.entry_at, "regression 17");
    }
}

fn addresses(range: VirtRange) -> impl Iterator<Item = VirtAddr> {
    let count = range.bytes() / PAGE_BYTES;
    (0..count).map(move |page| VirtAddr::new(range.start().get() + page * PAGE_BYTES))
}
