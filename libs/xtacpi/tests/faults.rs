//! One thing is wrong: one message says so, and the rest is used.

mod support;

use support::judge;
use support::memory::Memory;
use support::tables::{
    DSDT, FADT, HPET, MADT, Machine, RSDP, RSDT, XSDT, entry, generic, reseal, rsdp, xsdt,
};
use xtacpi::{Interrupts, IsaIrq, Notices, Platform, Processors};
use xtcore::PhysAddr;
use xtcore::interrupt::{Gsi, Signal};

/// Reads the tables and insists on exactly these messages.
fn complained(memory: &mut Memory, messages: &[&str]) -> Platform {
    let platform = judge::read(memory, RSDP);
    let said: Vec<String> = platform.notices.listed().iter().map(ToString::to_string).collect();
    assert_eq!(said, messages);
    platform
}

/// The same with these entries after those of the ordinary PC, which end at offset 98.
fn complained_of(entries: &[Vec<u8>], messages: &[&str]) -> Platform {
    let mut machine = Machine::pc();
    assert_eq!(machine.entries.len(), 98 - 44);
    machine.entries.extend(entries.concat());
    let platform = complained(&mut machine.build(), messages);
    assert!(platform.processors.enabled().count() >= 2, "those before are used");
    platform
}

#[test]
fn an_rsdp_that_is_none_ends_it() {
    let mut memory = Machine::pc().build();
    memory.piece(RSDP)[0] = b'r';
    complained(&mut memory, &["RSDP at 0xe0000: its signature is 'rSD ': no table can be found"]);
    memory.piece(RSDP)[0] = b'R';
    memory.piece(RSDP)[8] = memory.piece(RSDP)[8].wrapping_add(1);
    let platform = complained(
        &mut memory,
        &["RSDP at 0xe0000: its bytes add up to 0x01 instead of 0: no table can be found"],
    );
    assert_eq!(Platform { notices: Notices::default(), ..platform }, Platform::default());
    let nowhere = judge::read(&mut memory, 0);
    assert_eq!(nowhere.notices.count(), 1);
    let end = judge::read(&mut memory, u64::MAX - 5);
    assert_eq!(end.notices.count(), 1);
}

#[test]
fn an_rsdp_with_a_bad_second_half_leads_to_the_rsdt() {
    let mut memory = Machine::pc().build();
    memory.piece(RSDP)[33] += 0x10;
    let message = "RSDP at 0xe0000: its bytes add up to 0x10 instead of 0: the RSDT is used";
    assert_eq!(complained(&mut memory, &[message]).processors.listed().len(), 2);
    for (length, message) in [
        (35, "RSDP at 0xe0000: a length of 35 is not from 36 to 4096: the RSDT is used"),
        (5000, "RSDP at 0xe0000: a length of 5000 is not from 36 to 4096: the RSDT is used"),
        (4096, "RSDP at 0xe0000: memory at 0xe0000 cannot be read: the RSDT is used"),
    ] {
        memory.piece(RSDP)[20..24].copy_from_slice(&u32::to_le_bytes(length));
        assert_eq!(complained(&mut memory, &[message]).processors.listed().len(), 2);
    }
}

#[test]
fn a_bad_xsdt_leads_to_the_rsdt() {
    let mut memory = Machine::pc().build();
    memory.piece(XSDT)[36] += 1;
    let message = "XSDT at 0x2000: its bytes add up to 0x01 instead of 0: the table is ignored";
    assert_eq!(complained(&mut memory, &[message]).processors.listed().len(), 2);
    *memory.piece(RSDP) = rsdp(RSDT as u32, 0);
    let message = "XSDT at 0x0: it has no address: the table is ignored";
    assert_eq!(complained(&mut memory, &[message]).processors.listed().len(), 2);
    *memory.piece(RSDP) = rsdp(0, RSDT);
    let messages = [
        "XSDT at 0x1000: its signature is 'RSDT': the table is ignored",
        "RSDT at 0x0: it has no address: the table is ignored",
    ];
    complained(&mut memory, &messages);
}

#[test]
fn tables_that_cannot_be_read_are_passed_over() {
    let mut memory = Machine::pc().build();
    *memory.piece(XSDT) = xsdt(&[0x9_0000, u64::MAX - 3, XSDT, FADT, MADT, HPET]);
    let messages = [
        "table 0 of the root table: memory at 0x90000 cannot be read: the table is ignored",
        "table 1 of the root table: memory at 0xfffffffffffffffc cannot be read: the table is ignored",
    ];
    assert_eq!(complained(&mut memory, &messages).processors.listed().len(), 2);
}

#[test]
fn a_faulty_table_is_ignored_and_a_good_one_of_its_kind_behind_it_is_used() {
    let mut memory = Machine::pc().build();
    let good = memory.piece(MADT).clone();
    // That it is missing then goes without saying.
    memory.piece(MADT)[52] += 0x40;
    let message = "MADT at 0x10000: its bytes add up to 0x40 instead of 0: the table is ignored";
    assert!(complained(&mut memory, &[message]).processors.listed().is_empty());
    memory.put(0x2_0000, &good);
    *memory.piece(XSDT) = xsdt(&[FADT, MADT, 0x2_0000, HPET]);
    assert_eq!(complained(&mut memory, &[message]).processors.listed().len(), 2);
}

#[test]
fn of_two_tables_of_a_kind_the_first_counts() {
    let mut memory = Machine::pc().build();
    *memory.piece(XSDT) = xsdt(&[FADT, MADT, HPET, MADT]);
    let message = "MADT at 0x10000: there is one already: this one is ignored";
    assert_eq!(complained(&mut memory, &[message]).processors.repeated, 0);
}

#[test]
fn a_root_table_full_of_faulty_tables_is_not_read_for_ever() {
    let mut memory = Machine::pc().build();
    let mut large = support::tables::table(b"APIC", 5, &vec![1; (1 << 20) - 36]);
    large[9] ^= 1;
    memory.put(0x10_0000, &large);
    *memory.piece(XSDT) = xsdt(&[0x10_0000; 507]);
    let platform = judge::read(&mut memory, RSDP);
    assert!(memory.asked < 5 << 20, "{}", memory.asked);
    assert_eq!(platform.notices.count(), 508, "507 of the tables, and that there is no FADT");
    let last = platform.notices.listed()[4].to_string();
    assert_eq!(last, "MADT at 0x100000: too many others were faulty: the table is ignored");
}

#[test]
fn tables_that_every_machine_has_are_missed() {
    let mut memory = Machine::pc().build();
    *memory.piece(XSDT) = xsdt(&[]);
    let platform = complained(&mut memory, &["there is no MADT", "there is no FADT"]);
    assert_eq!(Platform { notices: Notices::default(), ..platform }, Platform::default());
}

#[test]
fn an_entry_of_no_length_ends_the_walk() {
    let message = "MADT entry of type 0 at offset 98: it has a length of 0: the rest is ignored";
    let platform = complained_of(&[vec![0, 0], entry::processor(5, 5, 1)], &[message]);
    assert_eq!(platform.processors.listed().len(), 2);
    let message = "MADT entry of type 7 at offset 98: it has a length of 1: the rest is ignored";
    complained_of(&[vec![7, 1], entry::processor(5, 5, 1)], &[message]);
}

#[test]
fn an_entry_that_passes_the_end_ends_the_walk() {
    let message =
        "MADT entry of type 0 at offset 98: its 8 bytes pass the end of the table, 7 on: the rest is ignored";
    complained_of(&[vec![0, 8, 0, 9, 1, 0, 0]], &[message]);
    complained_of(
        &[vec![9]],
        &["MADT entry of type 9 at offset 98: it has a length of 0: the rest is ignored"],
    );
}

#[test]
fn an_entry_that_is_too_short_for_its_kind_is_skipped() {
    for (kind, needed) in [(0, 8), (1, 12), (2, 10), (3, 8), (4, 6), (5, 12), (9, 16), (10, 12)] {
        let mut short = vec![0; needed - 1];
        short[..2].copy_from_slice(&[kind, needed as u8 - 1]);
        let message = format!(
            "MADT entry of type {kind} at offset 98: {} bytes instead of {needed}: it is ignored",
            needed - 1
        );
        let platform = complained_of(&[short, entry::processor(5, 5, 1)], &[&message]);
        assert_eq!(platform.processors.listed().len(), 3, "the one behind it is found");
    }
}

#[test]
fn a_processor_that_is_listed_twice_counts_once() {
    let message = "MADT: 2 entries for processors that have one already are ignored";
    let again = [entry::processor(9, 2, 1), entry::wide_processor(1, 2, 1)];
    let platform = complained_of(&again, &[message]);
    assert_eq!((platform.processors.listed().len(), platform.processors.repeated), (2, 2));
}

#[test]
fn a_processor_with_the_id_of_all_is_none() {
    let fault = "a processor with the APIC id of all: it is ignored";
    let messages = [
        format!("MADT entry of type 0 at offset 98: {fault}"),
        format!("MADT entry of type 9 at offset 106: {fault}"),
    ];
    let all = [entry::processor(9, 0xFF, 1), entry::wide_processor(9, u32::MAX, 2)];
    assert_eq!(complained_of(&all, &messages.each_ref().map(String::as_str)).processors.listed().len(), 2);
}

#[test]
fn what_does_not_fit_is_counted() {
    let processors = (0..Processors::MOST as u32 + 44).map(|id| entry::wide_processor(id, id, 1));
    let io_apics =
        (0..Interrupts::MOST_IO_APICS as u32 + 3).map(|n| entry::io_apic(0, 0xFEC0_0000 + n, 24 * n));
    let sources = (0..Interrupts::MOST_NMI_SOURCES as u32 + 1).map(|n| entry::nmi_source(0, n));
    let entries: Vec<_> = processors.chain(io_apics).chain(sources).collect();
    let messages = [
        "MADT: 44 processors beyond the first 256 are ignored",
        "MADT: 3 I/O APICs beyond the first 16 are ignored",
        "MADT: 1 NMI sources beyond the first 8 are ignored",
    ];
    let platform = complained(&mut Machine::with_entries(&entries).build(), &messages);
    assert_eq!((platform.processors.listed().len(), platform.processors.beyond), (256, 44));
    let many = (0..Notices::MOST as u8 + 8).map(|_| vec![0, 2]).collect::<Vec<_>>();
    let platform = judge::read(&mut Machine::with_entries(&many).build(), RSDP);
    assert_eq!(
        (platform.notices.listed().len(), platform.notices.beyond()),
        (32, 10),
        "8 more, and nothing found"
    );
}

#[test]
fn a_madt_without_processor_and_io_apic_says_so() {
    let messages =
        ["MADT: no enabled processor: the one that runs is taken to be alone", "MADT: no I/O APIC"];
    complained(&mut Machine::with_entries(&[entry::processor(0, 0, 2)]).build(), &messages);
}

#[test]
fn local_apics_without_an_address_have_the_usual_one() {
    let mut machine = Machine::pc();
    machine.local_apic = 0;
    let message = "MADT: no address of local APICs: the usual one is assumed";
    let platform = complained(&mut machine.build(), &[message]);
    assert_eq!(platform.interrupts.local_apic, Interrupts::LOCAL_APIC);
    let message = "MADT entry of type 5 at offset 98: it has no address: it is ignored";
    let platform = complained_of(&[entry::local_apics_at(0)], &[message]);
    assert_eq!(platform.interrupts.local_apic, PhysAddr::new(0xFEE0_0000));
    let message = "MADT entry of type 5 at offset 122: local APICs are at 0x7000 already: it is ignored";
    let three = [0x7000, 0x7000, 0x8000].map(entry::local_apics_at);
    assert_eq!(complained_of(&three, &[message]).interrupts.local_apic, PhysAddr::new(0x7000));
}

#[test]
fn io_apics_that_cannot_be_are_ignored() {
    let messages = [
        "MADT entry of type 1 at offset 98: it has no address: it is ignored",
        "MADT entry of type 1 at offset 110: the I/O APIC at 0xfec00000 begins with input 0 already: it is ignored",
    ];
    let wrong = [entry::io_apic(1, 0, 24), entry::io_apic(1, 0xFEC1_0000, 0)];
    assert_eq!(complained_of(&wrong, &messages).interrupts.io_apics().len(), 1);
}

#[test]
fn overrides_that_cannot_be_are_ignored() {
    let messages = [
        "MADT entry of type 2 at offset 98: there is no line 4 of bus 1: it is ignored",
        "MADT entry of type 2 at offset 108: there is no line 16 of bus 0: it is ignored",
        "MADT entry of type 2 at offset 118: ISA line 0 is wired to input 2 already: it is ignored",
    ];
    let wrong = [
        entry::wired(1, 4, 9, 0),
        entry::wired(0, 16, 9, 0),
        entry::wired(0, 0, 3, 0),
        entry::wired(0, 0, 2, 0),
    ];
    let platform = complained_of(&wrong, &messages);
    assert_eq!(platform.gsi_of(IsaIrq::TIMER).gsi, Gsi::new(2));
    assert_eq!(platform.gsi_of(IsaIrq::new(4).expect("a line")).gsi, Gsi::new(4));
}

#[test]
fn reserved_flags_mean_what_the_bus_does() {
    let messages = [
        "MADT entry of type 2 at offset 98: flags 0x000a have a reserved value: what the bus does is assumed",
        "MADT entry of type 4 at offset 108: flags 0x0002 have a reserved value: what the bus does is assumed",
    ];
    let platform = complained_of(&[entry::wired(0, 5, 21, 0xA), entry::local_nmi(0, 2, 0)], &messages);
    let five = platform.gsi_of(IsaIrq::new(5).expect("a line"));
    assert_eq!((five.gsi, five.signal), (Gsi::new(21), Signal::ISA));
}

#[test]
fn local_apics_have_two_inputs_only() {
    let message = "MADT entry of type 4 at offset 98: there is no local interrupt input 2: it is ignored";
    complained_of(&[entry::local_nmi(0xFF, 0, 2)], &[message]);
}

#[test]
fn registers_that_need_a_driver_are_ignored() {
    let machine = Machine::pc().fadt_with(208, &generic(3, 32, 8)).fadt_with(116, &generic(2, 8, 0x44));
    let messages = [
        "PM timer at 0x8 in address space 3 is ignored",
        "reset register at 0x44 in address space 2 is ignored",
    ];
    let platform = complained(&mut machine.build(), &messages);
    assert!(platform.fixed.pm_timer.is_some(), "the port of ACPI 1.0 is used");
    assert_eq!(platform.fixed.reset, None);
    for base in [generic(1, 64, 0x40), generic(0, 64, 0)] {
        let mut machine = Machine::pc();
        machine.hpet[4..16].copy_from_slice(&base);
        let platform = judge::read(&mut machine.build(), RSDP);
        assert_eq!((platform.hpet, platform.notices.count()), (None, 1));
    }
}

#[test]
fn a_dsdt_that_cannot_be_used_costs_soft_off_only() {
    let mut memory = Machine::pc().build();
    memory.piece(DSDT)[0] = b'S';
    let message = "DSDT at 0x100005000: its signature is 'SSDT': the table is ignored";
    assert_eq!(complained(&mut memory, &[message]).soft_off, None);
    let machine = Machine { dsdt: b"nothing".to_vec(), ..Machine::pc() };
    let message = "DSDT at 0x100005000: no definition of _S5_ was found: the machine cannot switch off";
    assert_eq!(complained(&mut machine.build(), &[message]).soft_off, None);
    let mut memory = Machine::pc().fadt_with(140, &[0; 8]).build();
    complained(&mut memory, &["DSDT at 0x0: it has no address: the table is ignored"]);
    // The narrow address serves when the wide one is wrong.
    let mut memory = Machine::pc().fadt_with(140, &[1; 8]).fadt_with(40, &0x5000_u32.to_le_bytes()).build();
    let dsdt = memory.piece(DSDT).clone();
    memory.put(0x5000, &dsdt);
    let message =
        "DSDT at 0x101010101010101: memory at 0x101010101010101 cannot be read: the table is ignored";
    assert!(complained(&mut memory, &[message]).soft_off.is_some());
}

#[test]
fn tables_cut_short_give_what_they_hold() {
    let mut memory = Machine::pc().build();
    let whole = memory.piece(FADT).clone();
    for length in 36..whole.len() {
        *memory.piece(FADT) = whole[..length].to_vec();
        reseal(memory.piece(FADT));
        let platform = judge::read(&mut memory, RSDP);
        assert_eq!(platform.fixed.sci.is_some(), length > 46, "{length}");
        assert_eq!(platform.fixed.pm_timer.is_some(), length > 91, "{length}");
        assert_eq!(platform.fixed.reset.is_some_and(|reset| reset.value == 0xF), length > 128, "{length}");
    }
    *memory.piece(FADT) = whole;
    let whole = memory.piece(MADT).clone();
    for length in 36..whole.len() {
        *memory.piece(MADT) = whole[..length].to_vec();
        reseal(memory.piece(MADT));
        let platform = judge::read(&mut memory, RSDP);
        let expected = length.saturating_sub(44) / 8;
        assert_eq!(platform.processors.listed().len(), expected.min(2), "{length}");
        assert!(
            platform.notices.count() > 0 || [72, 82, 92].contains(&length),
            "{length}: nothing is lost silently"
        );
    }
}
