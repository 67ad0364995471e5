//! Any bytes as a loader block, and a good block with any bytes written over it: refused or read, never a panic.
//!
//! The first byte chooses the mode. The checksum is made right, so that the fuzzer gets past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use support::blocks::{expected, good, reseal};
use xtboot::block::verify;
use xtcore::PagingMode;

#[path = "../../libs/xtboot/tests/support/mod.rs"]
mod support;

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    let mode = PagingMode::ALL[usize::from(first) % PagingMode::ALL.len()];

    let mut alone = bytes.to_vec();
    reseal(&mut alone);
    read(&alone, mode);

    // Three bytes of place and value each: two for where, one for what.
    let mut block = good(mode);
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % block.len();
        block[place] = change[2];
    }
    reseal(&mut block);
    read(&block, mode);
});

fn read(bytes: &[u8], mode: PagingMode) {
    match verify(bytes, &expected(mode)) {
        Ok(block) => {
            let frames: u128 = block.runs().map(|run| u128::from(run.frames.count().get())).sum();
            assert!(frames > 0 && block.sections().count() > 0);
            assert!(block.check_table_frame(block.page_root().frame()).is_ok());
            assert!(block.parameters().iter().all(|parameter| block.parameters().has(parameter.key)));
        }
        Err(error) => assert!(!error.to_string().is_empty() && error.code() > 0),
    }
}
