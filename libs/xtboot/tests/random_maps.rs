//! Random maps against the model, with everything that firmware gets wrong made likely.
//!
//! `XTOS_FUZZ_CASES` sets the number of maps; without it, 10^5.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use support::cases;
use support::maps::{Given, check_promises, with_sanitised};
use xtboot::map::RawMap;

/// A start near something that matters: page 0, the limits of the modes, the end of the address space; aligned or not.
fn start() -> impl Strategy<Value = u64> {
    let near = prop_oneof![
        4 => Just(0_u64),
        4 => Just(0x10_0000),
        2 => Just(1 << 32),
        2 => Just(1 << 36),
        1 => Just(1 << 44),
        1 => Just(1 << 52),
        1 => Just(u64::MAX - 0xFFFF),
    ];
    let offset = prop_oneof![8 => (0_u64..32).prop_map(|page| page << 12), 1 => 0_u64..0x2_0000];
    (near, offset, any::<bool>()).prop_map(|(near, offset, up)| {
        if up { near.saturating_add(offset) } else { near.saturating_sub(offset) }
    })
}

fn pages() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0_u64),
        20 => 1_u64..24,
        2 => 0_u64..0x20_0000,
        1 => (1_u64 << 32)..(1 << 33),
        1 => Just(u64::MAX),
        1 => any::<u64>(),
    ]
}

fn descriptor() -> impl Strategy<Value = Given> {
    let number = prop_oneof![6 => Just(7_u32), 14 => 0_u32..18, 1 => any::<u32>()];
    let attributes =
        prop_oneof![8 => Just(0xF_u64), 1 => Just(0x4_000F), 1 => Just(0x800F), 1 => any::<u64>()];
    (number, start(), pages(), attributes).prop_map(|(number, start, pages, attributes)| Given {
        number,
        start,
        pages,
        attributes,
    })
}

/// Maps that were judged by each property.
static MAPS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[test]
fn random_maps_keep_the_promises() {
    maps();
    println!("XTOS-EVIDENCE {{\"what\":\"random maps\",\"count\":{}}}", MAPS.load(Ordering::Relaxed));
}

#[test]
fn random_bytes_at_random_strides_never_panic() {
    bytes();
    println!("XTOS-EVIDENCE {{\"what\":\"random bytes\",\"count\":{}}}", BYTES.load(Ordering::Relaxed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(100), failure_persistence: None, ..ProptestConfig::default() })]

    fn maps(
        map in prop::collection::vec(descriptor(), 0..14),
        stride in (5_usize..=32).prop_map(|words| words * 8),
    ) {
        check_promises(&map, stride);
        MAPS.fetch_add(1, Ordering::Relaxed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30), failure_persistence: None, ..ProptestConfig::default() })]

    fn bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..512),
        stride in 0_usize..300,
    ) {
        let whole = bytes.len().checked_div(stride).map_or(0, |count| count * stride);
        for bytes in [&bytes[..], &bytes[..whole]] {
            if let Ok(raw) = RawMap::new(bytes, stride) {
                with_sanitised(raw, |map| {
                    prop_assert_eq!(map.counts().given as usize, raw.len());
                    Ok(())
                })?;
            }
        }
        BYTES.fetch_add(1, Ordering::Relaxed);
    }
}
