//! The sanitiser against hand-made maps: one oddity each.

mod support;

use support::maps::{Given, check_promises, encode, given, pieces_of, runs_of, with_sanitised};
use xtboot::map::{
    DESCRIPTOR_BYTES, Edge, FIRMWARE_TYPES, RawMap, RawMapError, SanitiseError, Summary, kind_of,
    restrictiveness, sanitise,
};
use xtcore::{Frame, MemoryKind, PagingMode};

const CONVENTIONAL: u32 = 7;
const RESERVED: u32 = 0;

#[test]
fn an_empty_map_has_no_runs() {
    assert_eq!(runs_of(&[]), []);
    assert!(RawMap::new(&[], 48).unwrap().is_empty());
}

#[test]
fn strides_that_cannot_be_are_refused() {
    for stride in [0, 1, 8, 32, 39, 41, 44, 47, 49] {
        assert_eq!(RawMap::new(&[0; 480], stride).unwrap_err(), RawMapError::Stride { stride });
    }
    for stride in (DESCRIPTOR_BYTES..=256).step_by(8) {
        assert_eq!(RawMap::new(&vec![0; stride * 3], stride).unwrap().len(), 3);
    }
}

#[test]
fn a_partial_last_descriptor_is_refused() {
    assert_eq!(RawMap::new(&[0; 95], 48).unwrap_err(), RawMapError::Partial { bytes: 95, stride: 48 });
    assert_eq!(RawMap::new(&[0; 40], 48).unwrap_err(), RawMapError::Partial { bytes: 40, stride: 48 });
}

#[test]
fn a_lying_stride_gives_a_clean_outcome() {
    let map: Vec<Given> = (0..64).map(|n| given(n % 16, u64::from(n) << 20, 256)).collect();
    for honest in (40..=256).step_by(8) {
        let bytes = encode(&map, honest);
        for claimed in 0..=256 {
            if let Ok(raw) = RawMap::new(&bytes, claimed) {
                with_sanitised(raw, |map| {
                    assert!(map.runs().windows(2).all(|pair| pair[0].frames.end() <= pair[1].frames.start()));
                });
            }
        }
    }
}

#[test]
fn the_table_of_types_is_the_published_one() {
    let names: Vec<_> = FIRMWARE_TYPES.iter().map(|row| (row.number, row.kind.name())).collect();
    let published = [
        (0, "reserved"),
        (1, "loader-temporary"),
        (2, "loader-temporary"),
        (3, "firmware-temporary"),
        (4, "firmware-temporary"),
        (5, "runtime-code"),
        (6, "runtime-data"),
        (7, "free"),
        (8, "bad"),
        (9, "acpi-reclaimable"),
        (10, "acpi-nvs"),
        (11, "device"),
        (12, "device"),
        (13, "reserved"),
        (14, "persistent"),
        (15, "unaccepted"),
    ];
    assert_eq!(names, published);
}

#[test]
fn unknown_and_special_types_are_never_free() {
    for number in (16..0x1000).chain([0x6FFF_FFFF, 0x7000_0000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX]) {
        assert_eq!(kind_of(number, 0xF), MemoryKind::Reserved);
    }
    for number in [3, 4, 7] {
        assert_eq!(kind_of(number, 0x4_000F), MemoryKind::SpecialPurpose);
        assert_eq!(kind_of(number, 0x4_800F), MemoryKind::Persistent);
    }
    assert_eq!(kind_of(2, 0x4_000F), MemoryKind::LoaderTemporary);
    assert_eq!(kind_of(5, 0), MemoryKind::RuntimeCode, "runtime memory goes by type, not by attribute");
}

#[test]
fn restrictiveness_is_a_strict_order_with_all_usable_kinds_at_the_bottom() {
    let mut ranks: Vec<_> = MemoryKind::ALL.iter().map(|&kind| restrictiveness(kind)).collect();
    let highest_usable =
        MemoryKind::ALL.iter().filter(|kind| kind.is_usable()).map(|&kind| restrictiveness(kind)).max();
    let lowest_other =
        MemoryKind::ALL.iter().filter(|kind| !kind.is_usable()).map(|&kind| restrictiveness(kind)).min();
    assert!(highest_usable < lowest_other);
    ranks.sort_unstable();
    assert_eq!(ranks, (0..MemoryKind::ALL.len()).collect::<Vec<_>>());
}

#[test]
fn the_most_restrictive_of_any_two_types_wins() {
    for one in 0..16 {
        for other in 0..16 {
            let map = [given(one, 0x1_0000, 16), given(other, 0x1_8000, 16)];
            check_promises(&map, 48);
            let shared = runs_of(&map).into_iter().find(|run| run.frames.contains(Frame::new(0x18))).unwrap();
            let winner = [kind_of(one, 0xF), kind_of(other, 0xF)]
                .into_iter()
                .max_by_key(|&kind| restrictiveness(kind));
            assert_eq!(Some(shared.kind), winner);
        }
    }
}

#[test]
fn usable_memory_rounds_inwards_and_reserved_outwards() {
    assert_eq!(pieces_of(&runs_of(&[given(CONVENTIONAL, 0x1001, 4)])), [(2, 5, "free")]);
    assert_eq!(pieces_of(&runs_of(&[given(RESERVED, 0x1FFF, 4)])), [(1, 6, "reserved")]);
    assert_eq!(runs_of(&[given(CONVENTIONAL, 0x1001, 1)]), []);
    let meeting = [given(CONVENTIONAL, 0x1000, 4), given(RESERVED, 0x4800, 1)];
    assert_eq!(pieces_of(&runs_of(&meeting)), [(1, 4, "free"), (4, 6, "reserved")]);
}

#[test]
fn page_zero_is_never_given_out() {
    for number in [1, 2, 3, 4, CONVENTIONAL, 9] {
        let runs = runs_of(&[given(number, 0, 4)]);
        assert_eq!(pieces_of(&runs)[0], (0, 1, "reserved"));
        assert_eq!(pieces_of(&runs)[1].0, 1);
        check_promises(&[given(number, 0, 1), given(CONVENTIONAL, 0x1000, 1)], 48);
    }
    assert_eq!(pieces_of(&runs_of(&[given(10, 0, 4)])), [(0, 4, "acpi-nvs")]);
}

#[test]
fn a_map_that_does_not_start_at_zero_keeps_its_first_page() {
    // Regression 14: the lowest page stayed 0.
    let runs = runs_of(&[given(CONVENTIONAL, 0x20_0000, 16)]);
    assert_eq!(pieces_of(&runs), [(0x200, 0x210, "free")]);
}

#[test]
fn wrapping_and_boundless_descriptors_contribute_nothing() {
    let map = [
        given(CONVENTIONAL, 0x1000, u64::MAX),
        given(RESERVED, 0x1000, u64::MAX),
        given(CONVENTIONAL, u64::MAX, 1),
        given(RESERVED, u64::MAX - 0xFFE, 1),
        given(CONVENTIONAL, 0x1000, 1 << 52),
        given(RESERVED, u64::MAX, u64::MAX),
        given(CONVENTIONAL, 0x1_0000, 1),
    ];
    assert_eq!(pieces_of(&runs_of(&map)), [(0x10, 0x11, "free")]);
    check_promises(&map, 40);
}

#[test]
fn the_last_page_of_the_address_space_is_not_a_wrap() {
    let map = [given(RESERVED, 0xFFFF_FFFF_FFFF_F000, 1)];
    assert_eq!(pieces_of(&runs_of(&map)), [((1 << 52) - 1, 1 << 52, "reserved")]);
    check_promises(&map, 48);
    check_promises(&[given(CONVENTIONAL, 0, 1 << 52)], 48);
}

#[test]
fn descriptors_around_each_limit_fall_on_the_right_side() {
    // Regression 6: a comparison that was off at the limit itself.
    for (mode, limit) in
        [(PagingMode::Pml2, 1_u64 << 20), (PagingMode::Pml3, 1 << 24), (PagingMode::Pml4, 1 << 40)]
    {
        assert_eq!(mode.geometry().frame_limit(), Frame::new(limit));
        for (start, below, above) in [(limit - 8, 8, 0), (limit, 0, 8), (limit - 3, 3, 5), (limit - 9, 8, 0)]
        {
            let runs = runs_of(&[given(CONVENTIONAL, start << 12, 8)]);
            let sum = Summary::of(runs, mode.geometry().frame_limit());
            assert_eq!((sum.usable.get(), sum.above_limit.get()), (below, above), "{mode} from {start:#x}");
        }
    }
}

#[test]
fn page_counts_and_frame_numbers_are_wider_than_32_bits() {
    // Regressions 5, 15 and 37.
    let pages = (1 << 32) + 5;
    let start = 1_u64 << 45;
    let runs = runs_of(&[given(CONVENTIONAL, start, pages), given(CONVENTIONAL, 0x1_0000_0000, 1)]);
    let first = u128::from(start >> 12);
    assert_eq!(
        pieces_of(&runs),
        [(1 << 20, (1 << 20) + 1, "free"), (first, first + u128::from(pages), "free")]
    );
    let sum = Summary::of(runs, PagingMode::Pml5.geometry().frame_limit());
    assert_eq!(sum.usable.get(), pages + 1);
}

#[test]
fn a_map_of_five_thousand_descriptors_keeps_the_promises() {
    let map: Vec<Given> = (0..5000_u32)
        .rev()
        .map(|n| given([7, 0, 4][n as usize % 3], u64::from(n) << 14, u64::from(n % 5) + 1))
        .collect();
    let bytes = encode(&map, 56);
    with_sanitised(RawMap::new(&bytes, 56).unwrap(), |sanitised| {
        assert!(sanitised.runs().len() > 1024);
        assert_eq!(sanitised.counts().given, 5000);
    });
    check_promises(&map[..1500], 48);
}

#[test]
fn merged_counts_the_descriptors_that_begin_no_run() {
    let count = |map: &[Given]| {
        let bytes = encode(map, 48);
        with_sanitised(RawMap::new(&bytes, 48).unwrap(), |map| map.counts().merged)
    };
    assert_eq!(count(&[given(7, 0x1000, 1), given(0, 0x2000, 1)]), 0);
    assert_eq!(count(&[given(7, 0x1000, 1), given(7, 0x2000, 1), given(7, 0x3000, 1)]), 2);
    assert_eq!(count(&[given(7, 0x1000, 1), given(7, 0x1000, 1)]), 1);
    assert_eq!(count(&[given(7, 0x1000, 1), given(0, 0x1000, 1)]), 1);
    assert_eq!(count(&[given(7, 0x1000, 9), given(0, 0x3000, 1)]), 0);
}

#[test]
fn too_little_scratch_is_an_error() {
    let bytes = encode(&[given(7, 0x1000, 1); 3], 48);
    let raw = RawMap::new(&bytes, 48).unwrap();
    let error = sanitise(raw, &mut [Edge::EMPTY; 5], &mut []).unwrap_err();
    assert_eq!(error, SanitiseError::Scratch { needed: 6, available: 5 });
    assert_eq!(error.to_string(), "sanitising the memory map needs 6 edges of scratch, there are 5");
}
