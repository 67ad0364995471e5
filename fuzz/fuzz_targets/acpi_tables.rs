//! Good ACPI tables with any bytes written over them, and any bytes as the entries of a MADT and as a DSDT: whatever
//! they say, the promises hold that do not depend on it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use support::judge;
use support::tables::{DSDT, FADT, HPET, MADT, Machine, RSDP, RSDT, XSDT, seal_all};

#[path = "../../libs/xtacpi/tests/support/mod.rs"]
mod support;

const PLACES: [u64; 7] = [RSDP, RSDT, XSDT, FADT, MADT, HPET, DSDT];

fuzz_target!(|input: &[u8]| {
    judge::read(&mut Machine { entries: input.to_vec(), ..Machine::pc() }.build(), RSDP);
    judge::read(&mut Machine { dsdt: input.to_vec(), ..Machine::pc() }.build(), RSDP);

    // Four bytes of table, place and value each: two for where, the last for what.
    let mut memory = Machine::pc().build();
    for change in input.chunks_exact(4) {
        let bytes = memory.piece(PLACES[usize::from(change[0]) % PLACES.len()]);
        let place = usize::from(u16::from_le_bytes([change[1], change[2]])) % bytes.len();
        bytes[place] = change[3];
    }
    judge::read(&mut memory, RSDP);

    // The checksums are made right, so that the fuzzer gets past them.
    seal_all(&mut memory);
    judge::read(&mut memory, RSDP);
});
