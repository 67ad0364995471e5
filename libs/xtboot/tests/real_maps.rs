//! The maps of real firmware go through the sanitiser, in every mode, and agree with the model.

mod support;

use support::maps::{check_promises, encode, real_maps, runs_of, with_sanitised};
use support::model;
use xtboot::map::{RawMap, Summary};
use xtcore::{Frame, MemoryKind, PagingMode};

#[test]
fn all_real_maps_keep_the_promises_at_every_stride() {
    let maps = real_maps();
    assert_eq!(maps.len(), 8);
    for (name, map) in &maps {
        println!("{name}");
        for stride in (40..=256).step_by(8) {
            check_promises(map, stride);
        }
    }
}

#[test]
fn usable_memory_agrees_with_the_model_in_every_mode() {
    // Transcribed: 4 GiB, 64 GiB and 2^52 bytes, in pages.
    let limits = [
        (PagingMode::Pml2, 1 << 20),
        (PagingMode::Pml3, 1 << 24),
        (PagingMode::Pml4, 1 << 40),
        (PagingMode::Pml5, 1 << 40),
    ];
    for (name, map) in real_maps() {
        let runs = runs_of(&map);
        for (mode, limit) in limits {
            let sum = Summary::of(runs.iter().copied(), mode.geometry().frame_limit());
            let (usable, above) = model::usable(&model::sanitise(&map), limit);
            assert_eq!(u128::from(sum.usable.get()), usable, "{name} in {mode}");
            assert_eq!(u128::from(sum.above_limit.get()), above, "{name} in {mode}");
            assert_eq!(sum.free, sum.usable, "nothing is held before the ledger");
            assert!(usable > 0);
        }
    }
    println!(
        "XTOS-EVIDENCE {{\"what\":\"real maps\",\"count\":{},\"modes\":{}}}",
        real_maps().len(),
        limits.len()
    );
}

#[test]
fn six_gigabytes_under_ia32_firmware_have_four_above_four() {
    let (_, map) = real_maps().into_iter().find(|(name, _)| name.starts_with("16_")).unwrap();
    let runs = runs_of(&map);
    let four_gib = Frame::new(1 << 20);
    assert_eq!(Summary::of(runs.iter().copied(), four_gib).above_limit.get(), 1 << 20);
    let wide = Summary::of(runs.iter().copied(), PagingMode::Pml3.geometry().frame_limit());
    assert_eq!(wide.above_limit.get(), 0);
    assert_eq!(wide.end, Frame::new(2 << 20));
}

#[test]
fn twelve_terabytes_are_not_cut_at_any_32_bit_border() {
    let (_, map) = real_maps().into_iter().find(|(name, _)| name.starts_with("01_")).unwrap();
    let sum = Summary::of(runs_of(&map), PagingMode::Pml4.geometry().frame_limit());
    assert_eq!(sum.end, Frame::new(0xc20_0000_0000 >> 12));
    let terabytes = sum.usable.bytes() >> 40;
    assert!((11..=12).contains(&terabytes), "{terabytes} TiB");
}

#[test]
fn zero_length_descriptors_are_counted_as_dropped() {
    let (_, map) = real_maps().into_iter().find(|(name, _)| name.starts_with("04_")).unwrap();
    let bytes = encode(&map, 48);
    let counts = with_sanitised(RawMap::new(&bytes, 48).unwrap(), |map| map.counts());
    assert_eq!((counts.given, counts.kept, counts.dropped), (51, 44, 7));
}

#[test]
fn every_order_of_a_real_map_gives_the_same_runs() {
    for (name, map) in real_maps() {
        let straight = runs_of(&map);
        for shift in 1..map.len() {
            let mut turned = map.clone();
            turned.rotate_left(shift);
            turned.swap(0, shift / 2);
            assert_eq!(runs_of(&turned), straight, "{name} turned by {shift}");
        }
        assert!(
            straight.iter().all(|run| run.kind != MemoryKind::Free || run.frames.start() > Frame::new(0))
        );
    }
}
