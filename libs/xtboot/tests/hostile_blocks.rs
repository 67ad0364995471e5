//! Blocks that someone spoiled on purpose, with the checksum made right again: refused or read, never a panic.

mod support;

use proptest::prelude::*;
use support::blocks::{expected, good, reseal};
use support::cases;
use xtboot::block::{VerifiedBlock, extent, verify};
use xtcore::{Frame, PagingMode};

/// Reads everything that a block offers, and holds it to what its documentation says.
fn read_all(block: &VerifiedBlock<'_>) {
    let mut end = Frame::new(0);
    let mut runs = 0;
    for run in block.runs() {
        assert!(run.frames.start() >= end && !run.frames.is_empty());
        assert_eq!(block.run_of(run.frames.start()), Some(run));
        end = run.frames.end();
        runs += 1;
    }
    assert_eq!(runs, block.run_count());
    assert!(block.sections().count() > 0);
    assert!(block.check_table_frame(block.page_root().frame()).is_ok());
    for parameter in block.parameters().iter() {
        assert!(block.parameters().has(parameter.key));
    }
    let image = block.image();
    assert!(image.placed.pages().is_some_and(|pages| pages.contains(image.entry)));
    assert!(block.stack().pages().is_some() && block.block().pages().is_some());
    let _ = (
        block.screen(),
        block.counts(),
        block.acpi_rsdp(),
        block.smbios(),
        block.system_table(),
        block.stamps(),
        (block.layout(), block.self_map_slot(), block.kernel_sha256()),
    );
}

fn mode() -> impl Strategy<Value = PagingMode> {
    prop::sample::select(&PagingMode::ALL[..])
}

/// Overwrites that look for trouble: small changes, extreme values, anything.
fn change() -> impl Strategy<Value = (prop::sample::Index, u64)> {
    let value = prop_oneof![
        Just(0_u64),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX >> 12),
        Just(1 << 52),
        Just(0x1000),
        0_u64..0x1000,
        any::<u64>(),
    ];
    (any::<prop::sample::Index>(), value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutants_with_a_right_checksum_never_panic(
        mode in mode(),
        words in prop::collection::vec(change(), 1..5),
        width in prop::sample::select(&[1_usize, 4, 8][..]),
        length in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut block = good(mode);
        if let Some(length) = length {
            block.truncate(length.index(block.len()));
        }
        for (place, value) in words {
            let places = block.len() / width;
            if places > 0 {
                let at = place.index(places) * width;
                block[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        reseal(&mut block);
        let _ = extent(&block);
        match verify(&block, &expected(mode)) {
            Ok(block) => read_all(&block),
            Err(error) => {
                prop_assert!((1..=41).contains(&error.code()));
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

#[test]
fn the_good_blocks_pass_the_reading_that_judges_mutants() {
    for mode in PagingMode::ALL {
        read_all(&verify(&good(mode), &expected(mode)).unwrap());
    }
}
