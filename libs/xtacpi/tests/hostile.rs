//! Tables with anything in them: every promise holds that does not depend on what they say.
//!
//! `XTOS_FUZZ_CASES` sets how many; without it, 10^5 in all.

mod support;

use proptest::prelude::*;
use support::tables::{
    DSDT, FADT, HPET, MADT, Machine, RSDP, RSDT, XSDT, entry, reseal, rsdp, rsdt, seal_all, xsdt,
};
use support::{cases, judge};

const PLACES: [u64; 7] = [RSDP, RSDT, XSDT, FADT, MADT, HPET, DSDT];

fn settings(percent: u64) -> ProptestConfig {
    ProptestConfig { cases: cases(percent), failure_persistence: None, ..ProptestConfig::default() }
}

/// A length as firmware, or an enemy, would get it wrong.
fn length() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0_u32),
        Just(1),
        Just(35),
        Just(36),
        Just(43),
        Just(4096),
        Just(1 << 20),
        Just(u32::MAX),
        0_u32..400,
        any::<u32>()
    ]
}

/// An entry of a MADT, well-formed or nearly so, of any kind.
fn entries() -> impl Strategy<Value = Vec<u8>> {
    let one = prop_oneof![
        4 => (any::<u8>(), any::<u8>(), 0_u32..4).prop_map(|(uid, id, flags)| entry::processor(uid, id, flags)),
        2 => (any::<u32>(), any::<u32>(), 0_u32..4).prop_map(|(uid, id, flags)| entry::wide_processor(uid, id, flags)),
        2 => (any::<u8>(), any::<u32>(), 0_u32..64).prop_map(|(id, at, first)| entry::io_apic(id, at, first)),
        2 => (0_u8..2, 0_u8..18, any::<u32>(), any::<u16>())
            .prop_map(|(bus, source, gsi, flags)| entry::wired(bus, source, gsi, flags)),
        1 => (any::<u16>(), any::<u32>()).prop_map(|(flags, gsi)| entry::nmi_source(flags, gsi)),
        2 => (any::<u8>(), any::<u16>(), 0_u8..3).prop_map(|(uid, flags, lint)| entry::local_nmi(uid, flags, lint)),
        1 => (any::<u32>(), any::<u16>(), 0_u8..3)
            .prop_map(|(uid, flags, lint)| entry::wide_local_nmi(uid, flags, lint)),
        1 => any::<u64>().prop_map(entry::local_apics_at),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(kind, length)| vec![kind, length]),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(one, 0..60).prop_map(|entries| entries.concat())
}

/// A piece of memory, the place in it, and what is written there.
fn change() -> impl Strategy<Value = (usize, usize, u8)> {
    (0..PLACES.len(), any::<prop::sample::Index>().prop_map(|place| place.index(300)), any::<u8>())
}

proptest! {
    #![proptest_config(settings(40))]

    #[test]
    fn any_bytes_written_anywhere_keep_the_promises(changes in prop::collection::vec(change(), 0..24)) {
        let mut memory = Machine::pc().build();
        for (piece, place, byte) in changes {
            let bytes = memory.piece(PLACES[piece]);
            let length = bytes.len();
            bytes[place % length] = byte;
        }
        judge::read(&mut memory.clone(), RSDP);
        seal_all(&mut memory);
        judge::read(&mut memory, RSDP);
    }

    #[test]
    fn any_entries_of_a_madt_keep_the_promises(entries in entries()) {
        let machine = Machine { entries, ..Machine::pc() };
        let platform = judge::read(&mut machine.build(), RSDP);
        prop_assert!(platform.soft_off.is_some(), "the other tables are not concerned");
    }
}

proptest! {
    #![proptest_config(settings(10))]

    #[test]
    fn any_length_of_any_table_keeps_the_promises(piece in 1..PLACES.len(), length in length()) {
        let mut memory = Machine::pc().build();
        memory.piece(PLACES[piece])[4..8].copy_from_slice(&length.to_le_bytes());
        judge::read(&mut memory.clone(), RSDP);
        seal_all(&mut memory);
        judge::read(&mut memory, RSDP);
    }

    #[test]
    fn any_bytes_as_a_dsdt_keep_the_promises(aml in prop::collection::vec(
        prop_oneof![
            Just(b"\x08_S5_".to_vec()),
            Just(b"\x12".to_vec()),
            Just(b"\x0A".to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ], 0..200)) {
        let machine = Machine { dsdt: aml.concat(), ..Machine::pc() };
        let platform = judge::read(&mut machine.build(), RSDP);
        prop_assert_eq!(platform.processors.listed().len(), 2);
    }
}

/// Cut at every byte, with the length as it was and with the length that is left.
#[test]
fn tables_truncated_at_every_byte_keep_the_promises() {
    let good = Machine::pc().build();
    for place in PLACES {
        let whole = good.clone().piece(place).clone();
        for length in 0..whole.len() {
            let mut memory = good.clone();
            memory.piece(place).truncate(length);
            judge::read(&mut memory, RSDP);
            if place != RSDP && length >= 10 {
                reseal(memory.piece(place));
                judge::read(&mut memory, RSDP);
            }
        }
    }
}

#[test]
fn tables_that_lead_in_circles_or_lie_in_each_other_end() {
    let mut memory = Machine::pc().build();
    // Each root lists itself, the other one, and the RSDP.
    *memory.piece(XSDT) = xsdt(&[XSDT, RSDT, RSDP, XSDT]);
    *memory.piece(RSDT) = rsdt(&[RSDT, XSDT, RSDP]);
    assert!(judge::read(&mut memory, RSDP).processors.listed().is_empty());
    // The RSDP's roots are the RSDP.
    *memory.piece(RSDP) = rsdp(RSDP as u32, RSDP);
    judge::read(&mut memory, RSDP);
    // The FADT is its own DSDT.
    let mut memory = Machine::pc().fadt_with(140, &FADT.to_le_bytes()).build();
    assert_eq!(judge::read(&mut memory, RSDP).soft_off, None);
    // A table in a table: the MADT's entries are a whole MADT.
    let inner = Machine::pc().build().piece(MADT).clone();
    let mut memory = Machine { entries: inner, ..Machine::pc() }.build();
    *memory.piece(XSDT) = xsdt(&[MADT + 44, MADT, FADT]);
    assert_eq!(judge::read(&mut memory, RSDP).processors.listed().len(), 2);
}

/// The largest tables that are read, filled with what takes longest.
#[test]
fn the_worst_tables_are_read_within_the_limit() {
    let room = (1 << 20) - 44;
    let mut machine = Machine::pc();
    machine.entries = entry::processor(0, 0, 1).repeat(32);
    machine.entries.resize(room - room % 2, 2);
    machine.dsdt = b"\x08_S5_".repeat((4 << 20) / 5 - 8);
    let mut memory = machine.build();
    let platform = judge::read(&mut memory, RSDP);
    assert_eq!((platform.processors.listed().len(), platform.soft_off), (1, None));
    assert!(memory.asked > 12 << 20, "it is about as bad as can be: {} bytes", memory.asked);
}
