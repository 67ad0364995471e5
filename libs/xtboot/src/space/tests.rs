//! The page-table-space allocator: the best gap, no frame twice, and a failure that costs nothing (regression 36).

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const UNLIMITED: Frame = Frame::new(1 << 40);

fn frames(start: u64, end: u64) -> FrameRange {
    FrameRange::new(Frame::new(start), Frame::new(end)).unwrap()
}

fn run(start: u64, end: u64, kind: MemoryKind) -> MemoryRun {
    MemoryRun { frames: frames(start, end), kind }
}

fn count(frames: u64) -> FrameCount {
    FrameCount::new(frames)
}

fn pool(runs: &[MemoryRun], danger: &[FrameRange], limit: Frame) -> Option<FrameRange> {
    PageTableSpace::largest(runs.iter().copied(), danger, limit).ok().map(|space| space.pool())
}

#[test]
fn takes_the_largest_free_chunk_across_free_kinds() {
    let runs = [
        run(1, 10, MemoryKind::Free),
        run(20, 26, MemoryKind::FirmwareTemporary),
        run(26, 32, MemoryKind::Free),
        run(32, 90, MemoryKind::LoaderTemporary),
        run(90, 190, MemoryKind::AcpiReclaimable),
    ];
    assert_eq!(pool(&runs, &[], UNLIMITED), Some(frames(20, 32)));
}

#[test]
fn of_equal_chunks_the_lowest_is_taken() {
    let runs = [run(1, 5, MemoryKind::Free), run(8, 12, MemoryKind::Free)];
    assert_eq!(pool(&runs, &[], UNLIMITED), Some(frames(1, 5)));
}

#[test]
fn a_danger_area_leaves_the_better_half() {
    let runs = [run(100, 200, MemoryKind::Free)];
    assert_eq!(pool(&runs, &[frames(100, 120)], UNLIMITED), Some(frames(120, 200)));
    assert_eq!(pool(&runs, &[frames(180, 200)], UNLIMITED), Some(frames(100, 180)));
    assert_eq!(pool(&runs, &[frames(160, 170)], UNLIMITED), Some(frames(100, 160)));
    assert_eq!(
        pool(&runs, &[frames(150, 160), frames(90, 130), frames(155, 165)], UNLIMITED),
        Some(frames(165, 200))
    );
    assert_eq!(pool(&runs, &[frames(0, 300)], UNLIMITED), None);
    assert_eq!(pool(&runs, &[frames(150, 150)], UNLIMITED), Some(frames(100, 200)));
}

#[test]
fn danger_areas_can_make_a_smaller_chunk_the_largest() {
    let runs = [run(0x10, 0x20, MemoryKind::Free), run(0x100, 0x118, MemoryKind::Free)];
    assert_eq!(pool(&runs, &[frames(0x10C, 0x10D)], UNLIMITED), Some(frames(0x10, 0x20)));
}

#[test]
fn nothing_is_taken_at_or_above_the_limit() {
    let runs = [run(10, 20, MemoryKind::Free), run(50, 5000, MemoryKind::Free)];
    assert_eq!(pool(&runs, &[], Frame::new(55)), Some(frames(10, 20)));
    assert_eq!(pool(&runs, &[], Frame::new(70)), Some(frames(50, 70)));
    assert_eq!(pool(&runs, &[], Frame::new(10)), None);
    let nothing = PageTableSpace::largest([], &[], Frame::new(10)).unwrap_err();
    assert_eq!(nothing, NoSpace { limit: Frame::new(10) });
}

#[test]
fn the_last_frame_is_usable() {
    let mut space = PageTableSpace::largest([run(4, 8, MemoryKind::Free)], &[], UNLIMITED).unwrap();
    assert_eq!(space.allocate(count(3), FrameCount::ONE), Ok(frames(4, 7)));
    assert_eq!(space.allocate(count(1), FrameCount::ONE), Ok(frames(7, 8)));
    assert_eq!(space.left(), FrameCount::ZERO);
    assert_eq!(space.taken(), space.pool());
}

#[test]
fn a_failed_request_consumes_nothing() {
    let mut space = PageTableSpace::largest([run(5, 13, MemoryKind::Free)], &[], UNLIMITED).unwrap();
    space.allocate(FrameCount::ONE, FrameCount::ONE).unwrap();
    let exhausted = |wanted| Err(SpaceError::Exhausted { wanted: count(wanted), left: count(7) });
    assert_eq!(space.allocate(count(8), FrameCount::ONE), exhausted(8));
    assert_eq!(space.allocate(count(u64::MAX), FrameCount::ONE), exhausted(u64::MAX));
    assert_eq!(space.allocate(count(6), count(8)), exhausted(6));
    assert_eq!(space.allocate(FrameCount::ONE, count(1 << 63)), exhausted(1));
    assert_eq!(space.allocate(FrameCount::ZERO, FrameCount::ONE), Err(SpaceError::Nothing));
    for wrong in [0, 3, 12] {
        let alignment = count(wrong);
        assert_eq!(space.allocate(FrameCount::ONE, alignment), Err(SpaceError::Alignment { alignment }));
    }
    assert_eq!(space.taken(), frames(5, 6));
    assert_eq!(space.allocate(count(7), FrameCount::ONE), Ok(frames(6, 13)));
}

#[test]
fn padding_of_an_alignment_counts_as_taken() {
    let mut space = PageTableSpace::largest([run(5, 20, MemoryKind::Free)], &[], UNLIMITED).unwrap();
    assert_eq!(space.allocate(count(4), count(8)), Ok(frames(8, 12)));
    assert_eq!(space.taken(), frames(5, 12));
    assert_eq!(space.left(), count(8));
}

#[test]
fn frames_above_2_to_the_32_are_handed_out_whole() {
    let start = 1 << 33;
    let mut space =
        PageTableSpace::largest([run(start, start + 4, MemoryKind::Free)], &[], UNLIMITED).unwrap();
    assert_eq!(space.allocate(count(4), count(4)), Ok(frames(start, start + 4)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_is_the_longest_row_of_safe_frames(
        lengths in prop::collection::vec((0_u64..20, 1_u64..40, 0_usize..3), 0..8),
        danger in prop::collection::vec((0_u64..200, 0_u64..30), 0..6),
        limit in 0_u64..260,
    ) {
        let kinds = [MemoryKind::Free, MemoryKind::FirmwareTemporary, MemoryKind::PageTables];
        let mut at = 1;
        let mut runs = Vec::new();
        for (hole, length, kind) in lengths {
            at += hole;
            runs.push(run(at, at + length, kinds[kind]));
            at += length;
        }
        let danger: Vec<_> = danger.into_iter().map(|(start, length)| frames(start, start + length)).collect();
        let safe = |frame: u64| {
            let frame = Frame::new(frame);
            frame < Frame::new(limit)
                && runs.iter().any(|run| run.kind != MemoryKind::PageTables && run.frames.contains(frame))
                && !danger.iter().any(|area| area.contains(frame))
        };
        let (mut longest, mut row) = (0, 0);
        for frame in 0..400 {
            row = if safe(frame) { row + 1 } else { 0 };
            longest = longest.max(row);
        }
        let pool = pool(&runs, &danger, Frame::new(limit)).unwrap_or_default();
        prop_assert_eq!(pool.count().get(), longest);
        prop_assert!((pool.start().number()..pool.end().number()).all(safe));
    }

    #[test]
    fn what_is_handed_out_is_aligned_and_never_twice(requests in prop::collection::vec((0_u64..9, 0_u32..6), 0..40)) {
        let mut space = PageTableSpace::largest([run(3, 103, MemoryKind::Free)], &[], UNLIMITED).unwrap();
        let mut above = space.pool().start();
        for (wanted, shift) in requests {
            let before = (space.taken(), space.left());
            match space.allocate(count(wanted), count(1 << shift)) {
                Ok(given) => {
                    prop_assert!(given.start() >= above && given.start().is_aligned(count(1 << shift)));
                    prop_assert!(given.count().get() == wanted && space.pool().encloses(given));
                    above = given.end();
                }
                Err(_) => prop_assert_eq!((space.taken(), space.left()), before),
            }
            prop_assert_eq!(space.taken().count().saturating_add(space.left()), space.pool().count());
        }
    }
}
