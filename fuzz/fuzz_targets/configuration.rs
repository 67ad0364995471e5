//! Any bytes as a configuration and as a command line, and a good configuration with any bytes written over it: read,
//! every system of it usable or told, never a panic.
//!
//! The first two bytes say where in the rest the command line begins.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../boot/xtldr/tests/support/settings/mod.rs"]
mod settings;

/// What an image is delivered with.
const GOOD: &[u8] = include_bytes!("../../boot/xtldr/XTLDR.INI");

fuzz_target!(|input: &[u8]| {
    let Some((place, rest)) = input.split_first_chunk::<2>() else { return };
    let (file, line) = rest.split_at(usize::from(u16::from_le_bytes(*place)).min(rest.len()));
    settings::judge(file, line);

    // Three bytes of place and value each: two for where, one for what.
    let mut good = GOOD.to_vec();
    for change in file.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % good.len();
        good[place] = change[2];
    }
    settings::judge(&good, line);
});
