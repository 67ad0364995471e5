//! Any bytes as a kernel file, and a good kernel with any bytes written over it: refused, or placed and relocated, never
//! a panic.
//!
//! The first byte chooses the architecture.

#![no_main]
#![allow(dead_code, reason = "the loader's tests use more of what is shared")]

use libfuzzer_sys::fuzz_target;
use xtcore::choice::Architecture;

#[path = "../../boot/xtldr/tests/support/hostile.rs"]
mod hostile;
#[path = "../../boot/xtldr/tests/support/pe.rs"]
mod pe;

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else { return };
    let architecture = if first % 2 == 0 { Architecture::I686 } else { Architecture::Amd64 };

    hostile::judge(bytes, architecture);

    // Three bytes of place and value each: two for where, one for what.
    let mut file = pe::kernel(architecture).build();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
        file[place] = change[2];
    }
    hostile::judge(&file, architecture);
});
