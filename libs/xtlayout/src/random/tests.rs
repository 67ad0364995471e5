//! Seeds, in all four modes: every layout is sound, the same seed gives the same one, and the bits are there.

use std::collections::BTreeSet;
use std::vec::Vec;

use xtcore::{Frame, PagingMode, PhysAddr, VirtRange};

use super::{IMAGE_STEP_BYTES, Places, Slots, SplitMix64, image_positions};
use crate::{BootNeeds, LayoutError, Needs, RegionKind, plan};

/// As large as an image may grow before its build complains.
const IMAGE_BYTES: u64 = 1 << 20;
const SEEDS: u64 = 10_000;

/// The first frame without RAM of a processor with so many physical address bits.
fn reach(bits: u32) -> Frame {
    PhysAddr::new(1 << bits).frame()
}

/// As much RAM as the processor can have, with the largest of everything else.
fn needs(mode: PagingMode, places: Places, reach: Frame) -> Needs {
    let geometry = mode.geometry();
    let level = geometry.self_map_level();
    let tables = if mode == PagingMode::Pml3 { 4 } else { 1 };
    let start = geometry.canonical((places.self_map_slot as u64) << geometry.shift(level));
    Needs {
        boot: BootNeeds {
            image_base: places.image_base,
            image_bytes: IMAGE_BYTES,
            block_bytes: 1 << 20,
            stack_bytes: 64 << 10,
            framebuffer_bytes: 32 << 20,
        },
        self_map: VirtRange::saturating(start, tables * geometry.page_bytes(level)),
        frames_end: reach.min(geometry.frame_limit()),
        fault_stacks_bytes: 9 * 4096,
        transient_bytes: 33 * 4096,
    }
}

fn bits(choices: usize) -> f64 {
    (choices as f64).log2()
}

#[test]
fn ten_thousand_seeds_give_disjoint_regions_in_every_mode() {
    for mode in PagingMode::ALL {
        let reach = reach(46);
        for seed in 0..SEEDS {
            // Seeds of all sizes: small ones are what a user types.
            let seed = if seed % 2 == 0 { seed } else { SplitMix64(seed).next() };
            let places = Places::drawn(mode, IMAGE_BYTES, reach, seed).unwrap();
            // The planner refuses regions that come closer than a guard.
            let layout = plan(mode, &needs(mode, places, reach)).unwrap();
            assert_eq!(layout.range(RegionKind::Image).unwrap().start(), places.image_base);
            assert!(places.image_base.is_aligned(IMAGE_STEP_BYTES));
            assert_eq!(Places::drawn(mode, IMAGE_BYTES, reach, seed), Ok(places), "not repeatable");
        }
    }
}

#[test]
fn the_bits_promised_are_reached() {
    for (mode, image, slot) in [
        (PagingMode::Pml2, 9.0, 0.0),
        (PagingMode::Pml3, 9.0, 0.0),
        (PagingMode::Pml4, 13.0, 5.0),
        (PagingMode::Pml5, 13.0, 7.0),
    ] {
        // Even on the largest machine there is.
        let reach = reach(52);
        let (positions, slots) = (image_positions(mode, IMAGE_BYTES), Slots::of(mode, reach).unwrap());
        assert!(bits(positions as usize) > image, "{mode}: {positions} positions");
        assert!(bits(slots.iter().count()) >= slot, "{mode}: {} slots", slots.iter().count());
        let drawn: Vec<Places> =
            (0..SEEDS).map(|seed| Places::drawn(mode, IMAGE_BYTES, reach, seed).unwrap()).collect();
        let bases: BTreeSet<_> = drawn.iter().map(|places| places.image_base).collect();
        let found: BTreeSet<_> = drawn.iter().map(|places| places.self_map_slot).collect();
        assert_eq!(found, slots.iter().collect(), "{mode}: every slot is chosen, and no other");
        // Ten thousand draws from n places show n * (1 - exp(-10000 / n)) of them, within a few in a hundred.
        let expected = positions as f64 * (1.0 - (-(SEEDS as f64) / positions as f64).exp());
        let seen = bases.len() as f64;
        assert!((seen / expected - 1.0).abs() < 0.03, "{mode}: {seen} of about {expected} places");
    }
}

/// `docs/memory-layout.md` tells these numbers.
#[test]
fn a_processor_with_fewer_address_bits_leaves_more_slots() {
    let slots = |mode, bits| Slots::of(mode, reach(bits)).unwrap().iter().count();
    assert_eq!([52, 46, 40].map(|bits| slots(PagingMode::Pml4, bits)), [45, 108, 235]);
    assert_eq!([52, 40].map(|bits| slots(PagingMode::Pml5, bits)), [238, 254]);
    assert_eq!([36, 52].map(|bits| slots(PagingMode::Pml2, bits)), [1, 1]);
    assert_eq!([36, 52].map(|bits| slots(PagingMode::Pml3, bits)), [1, 1]);
}

#[test]
fn the_standard_places_are_among_those_that_can_be_drawn() {
    for mode in PagingMode::ALL {
        let standard = mode.geometry().self_map_slot();
        assert!(Slots::of(mode, reach(52)).unwrap().iter().any(|slot| slot == standard), "{mode}");
    }
}

#[test]
fn an_image_as_large_as_its_room_has_one_place_and_a_larger_one_none() {
    for mode in PagingMode::ALL {
        let room = crate::anchors::Anchors::of(mode).image;
        for seed in 0..100 {
            let places = Places::drawn(mode, room.bytes(), reach(40), seed).unwrap();
            assert_eq!(places.image_base, room.start());
        }
        let refused = Places::drawn(mode, room.bytes() + 4096, reach(40), 1);
        assert!(matches!(refused, Err(LayoutError::ImageBase { .. })), "{refused:?}");
    }
}

/// The reference implementation's first numbers for the seed 1234567, so that a seed means the same for ever.
#[test]
fn the_sequence_is_that_of_splitmix64() {
    let mut numbers = SplitMix64(1_234_567);
    let first: [u64; 3] = core::array::from_fn(|_| numbers.next());
    assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}
