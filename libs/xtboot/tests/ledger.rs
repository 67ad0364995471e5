//! The loader's ledger over a final map: what it keeps, what it refuses.

mod support;

use proptest::prelude::*;
use support::cases;
use support::maps::{Given, UNSET, encode, given, pieces_of, with_sanitised};
use xtboot::ledger::{Claim, LedgerError, lay_over, runs_bound};
use xtboot::map::{RawMap, TooManyRuns};
use xtcore::{Frame, FrameCount, FrameRange, MemoryKind, MemoryRun};

fn claim(start: u64, count: u64, kind: MemoryKind) -> Claim {
    Claim { frames: FrameRange::with_count(Frame::new(start), FrameCount::new(count)), kind }
}

fn laid(map: &[Given], claims: &[Claim]) -> Result<Vec<MemoryRun>, LedgerError> {
    let bytes = encode(map, 48);
    with_sanitised(RawMap::new(&bytes, 48).unwrap(), |map| {
        let mut out = vec![UNSET; runs_bound(map.runs().len(), claims.len())];
        lay_over(&map, &mut claims.to_vec(), &mut out).map(<[MemoryRun]>::to_vec)
    })
}

const MAP: [Given; 4] =
    [given(7, 0x1_0000, 16), given(2, 0x2_0000, 16), given(0, 0x3_0000, 16), given(4, 0x8_0000, 16)];

#[test]
fn claims_cut_the_runs_under_them_and_join_each_other() {
    let claims = [
        claim(0x26, 2, MemoryKind::PageTables),
        claim(0x14, 2, MemoryKind::KernelImage),
        claim(0x28, 1, MemoryKind::PageTables),
        claim(0x8C, 4, MemoryKind::LoaderBlock),
        claim(0x1E, 4, MemoryKind::BootStack),
        claim(0x12, 0, MemoryKind::BootStack),
    ];
    assert_eq!(
        pieces_of(&laid(&MAP, &claims).unwrap()),
        [
            (0x10, 0x14, "free"),
            (0x14, 0x16, "kernel-image"),
            (0x16, 0x1E, "free"),
            (0x1E, 0x22, "boot-stack"),
            (0x22, 0x26, "loader-temporary"),
            (0x26, 0x29, "page-tables"),
            (0x29, 0x30, "loader-temporary"),
            (0x30, 0x40, "reserved"),
            (0x80, 0x8C, "firmware-temporary"),
            (0x8C, 0x90, "loader-block"),
        ]
    );
}

#[test]
fn claimed_page_tables_are_never_free() {
    // Regression 1: the frame in CR3 was handed over as free.
    let runs = laid(&MAP, &[claim(0x2F, 1, MemoryKind::PageTables)]).unwrap();
    let root = runs.iter().find(|run| run.frames.contains(Frame::new(0x2F))).unwrap();
    assert_eq!(root.kind, MemoryKind::PageTables);
}

#[test]
fn a_multi_frame_claim_is_refused_wherever_it_leaves_ram() {
    // Regression 19: only the first page of a range was looked at.
    let into_reserved = claim(0x2E, 3, MemoryKind::PageTables);
    assert_eq!(
        laid(&MAP, &[into_reserved]),
        Err(LedgerError::NotRam {
            claim: into_reserved,
            frame: Frame::new(0x30),
            found: Some(MemoryKind::Reserved)
        })
    );
    for (start, first_wrong) in [(0x7F, 0x7F), (0x8F, 0x90), (0x50, 0x50), (0xFFFF, 0xFFFF), (0, 0)] {
        let claim = claim(start, 2, MemoryKind::KernelImage);
        let expected = LedgerError::NotRam { claim, frame: Frame::new(first_wrong), found: None };
        assert_eq!(laid(&MAP, &[claim]), Err(expected));
    }
}

#[test]
fn page_zero_cannot_be_claimed() {
    let claim = claim(0, 1, MemoryKind::PageTables);
    let refused = laid(&[given(7, 0, 16)], &[claim]);
    let found = Some(MemoryKind::Reserved);
    assert_eq!(refused, Err(LedgerError::NotRam { claim, frame: Frame::new(0), found }));
}

#[test]
fn the_lowest_pair_of_overlapping_claims_is_named() {
    let (a, b, c) = (
        claim(0x14, 4, MemoryKind::KernelImage),
        claim(0x17, 4, MemoryKind::PageTables),
        claim(0x1A, 4, MemoryKind::LoaderBlock),
    );
    let error = laid(&MAP, &[c, b, a]).unwrap_err();
    assert_eq!(error, LedgerError::Overlap { claim: a, other: b });
    assert_eq!(
        error.to_string(),
        "the kernel-image frames 0x14 to 0x18 overlap the page-tables frames 0x17 to 0x1b"
    );
}

#[test]
fn only_a_loaders_kinds_can_be_claimed() {
    for kind in MemoryKind::ALL {
        let claim = claim(0x14, 1, kind);
        let allowed = kind.is_kernel_owned() || kind == MemoryKind::LoaderTemporary;
        match laid(&MAP, &[claim]) {
            Ok(_) => assert!(allowed, "{kind:?}"),
            Err(error) => assert_eq!((error, allowed), (LedgerError::Kind { claim }, false)),
        }
    }
}

#[test]
fn a_small_output_says_how_much_is_needed() {
    let bytes = encode(&MAP, 48);
    with_sanitised(RawMap::new(&bytes, 48).unwrap(), |map| {
        let mut claims = [claim(0x14, 2, MemoryKind::PageTables)];
        let mut out = [UNSET; 5];
        let error = TooManyRuns { needed: 6, available: 5 };
        assert_eq!(lay_over(&map, &mut claims, &mut out), Err(LedgerError::Runs(error)));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(10), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_frame_gets_its_claims_kind_or_keeps_its_own(
        types in prop::collection::vec(prop_oneof![Just(7_u32), Just(2), Just(4), Just(0), Just(99)], 1..12),
        claims in prop::collection::vec((0_u64..100, 0_u64..6, 0_usize..5), 0..6),
    ) {
        let kinds = [MemoryKind::KernelImage, MemoryKind::PageTables, MemoryKind::LoaderBlock, MemoryKind::BootStack, MemoryKind::LoaderTemporary];
        // Type 99 leaves a hole.
        let map: Vec<Given> = types.iter().enumerate().filter(|(_, number)| **number != 99)
            .map(|(place, number)| given(*number, (place as u64 * 8 + 1) << 12, 8)).collect();
        let claims: Vec<Claim> = claims.into_iter().map(|(start, count, kind)| claim(start, count, kinds[kind])).collect();

        let of = |runs: &[MemoryRun], frame| runs.iter().find(|run| run.frames.contains(frame)).map(|run| run.kind);
        let before = laid(&map, &[]).unwrap();
        let claimants = |frame| claims.iter().filter(move |claim| claim.frames.contains(frame)).collect::<Vec<_>>();
        let frames = (0..120).map(Frame::new);
        let sound = frames.clone().all(|frame| match claimants(frame)[..] {
            [] => true,
            [_] => of(&before, frame).is_some_and(MemoryKind::is_free_for_kernel),
            _ => false,
        });
        match laid(&map, &claims) {
            Err(error) => prop_assert!(!sound, "{error}"),
            Ok(after) => {
                prop_assert!(sound);
                for frame in frames {
                    let expected = claimants(frame).first().map(|claim| claim.kind).or(of(&before, frame));
                    prop_assert_eq!(of(&after, frame), expected);
                }
                for pair in after.windows(2) {
                    let touch = pair[0].frames.end() == pair[1].frames.start();
                    prop_assert!(pair[0].frames.end() <= pair[1].frames.start());
                    prop_assert!(!touch || pair[0].kind != pair[1].kind);
                }
            }
        }
    }
}
