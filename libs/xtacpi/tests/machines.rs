//! What is found in tables that are as they should be.

mod support;

use support::judge;
use support::tables::{
    DSDT, FADT, HPET, MADT, Machine, RSDP, RSDT, XSDT, entry, generic, reseal, rsdp, table,
};
use xtacpi::{
    BootArchitecture, CounterWidth, Hpet, InterruptModel, IsaIrq, LegacyPics, Lint, Platform, PmTimer,
    PmTimerWidth, Readiness, Register, Reset, SoftOff,
};
use xtcore::interrupt::{Gsi, Line, Polarity, Signal, Trigger};
use xtcore::{ApicId, PhysAddr};

fn found(machine: &Machine) -> Platform {
    let platform = judge::read(&mut machine.build(), RSDP);
    assert_eq!(platform.notices.listed(), [], "nothing is wrong with it");
    platform
}

fn irq(number: u8) -> IsaIrq {
    IsaIrq::new(number).expect("a line")
}

const LEVEL_LOW: Signal = Signal { polarity: Polarity::ActiveLow, trigger: Trigger::Level };
const LEVEL_HIGH: Signal = Signal { polarity: Polarity::ActiveHigh, trigger: Trigger::Level };

#[test]
fn a_small_pc_is_found_as_it_is() {
    let platform = found(&Machine::pc());
    let ids: Vec<_> = platform.processors.enabled().map(|one| (one.apic_id, one.uid)).collect();
    assert_eq!(ids, [(ApicId::new(0), 0), (ApicId::new(2), 1)]);
    let interrupts = &platform.interrupts;
    assert_eq!((interrupts.model, interrupts.legacy_pics), (InterruptModel::Apic, LegacyPics::Present));
    assert_eq!(interrupts.local_apic, PhysAddr::new(0xFEE0_0000));
    let [io_apic] = interrupts.io_apics() else { panic!("one I/O APIC") };
    assert_eq!((io_apic.id, io_apic.address, io_apic.first), (7, PhysAddr::new(0xFEC0_0000), Gsi::new(0)));
    let hpet = Hpet {
        number: 0,
        address: PhysAddr::new(0xFED0_0000),
        comparators: 3,
        counter: CounterWidth::Bits64,
        minimum_tick: 0x80,
    };
    assert_eq!(platform.hpet, Some(hpet));
    let pm_timer = PmTimer { register: Register::Port(0x608), width: PmTimerWidth::Bits24 };
    assert_eq!(platform.fixed.pm_timer, Some(pm_timer));
    assert_eq!(platform.fixed.reset, Some(Reset { register: Register::Port(0xCF9), value: 0xF }));
    assert_eq!(platform.fixed.century, Some(0x32));
    assert_eq!(platform.fixed.boot, BootArchitecture::LEGACY_DEVICES | BootArchitecture::KEYBOARD_CONTROLLER);
    let soft_off =
        SoftOff { control_a: 0x604, control_b: 0, type_a: 5, type_b: 7, smi_command: 0xB2, enable: 0xA1 };
    assert_eq!(platform.soft_off, Some(soft_off));
    assert_eq!(platform.to_string(), "2 processors, 1 I/O APIC, HPET, ACPI PM timer of 24 bits");
}

#[test]
fn a_line_without_an_override_ends_at_the_input_with_its_number() {
    let platform = found(&Machine::pc());
    for number in [1, 3, 8, 15] {
        let expected = Line { gsi: Gsi::new(number.into()), signal: Signal::ISA };
        assert_eq!(platform.gsi_of(irq(number)), expected);
    }
    assert_eq!(platform.gsi_of(IsaIrq::TIMER), Line { gsi: Gsi::new(2), signal: Signal::ISA });
    assert_eq!(platform.gsi_of(irq(9)), Line { gsi: Gsi::new(9), signal: LEVEL_HIGH });
    assert_eq!(IsaIrq::new(16), None);
}

#[test]
fn the_system_control_interrupt_follows_its_override_and_else_is_shared() {
    assert_eq!(found(&Machine::pc()).fixed.sci, Some(Line { gsi: Gsi::new(9), signal: LEVEL_HIGH }));
    let base = [entry::processor(0, 0, 1), entry::io_apic(7, 0xFEC0_0000, 0)];
    let sci_of = |more: &[Vec<u8>]| {
        found(&Machine::with_entries(&[&base[..], more].concat())).fixed.sci.expect("an SCI")
    };
    assert_eq!(sci_of(&[]), Line { gsi: Gsi::new(9), signal: LEVEL_LOW });
    assert_eq!(sci_of(&[entry::wired(0, 9, 20, 0)]), Line { gsi: Gsi::new(20), signal: LEVEL_LOW });
}

#[test]
fn without_the_controllers_of_a_pc_the_system_control_interrupt_is_an_input() {
    let mut machine = Machine::pc();
    machine.madt_flags = 0;
    let platform = found(&machine.fadt_with(46, &[5, 1]));
    assert_eq!(platform.interrupts.legacy_pics, LegacyPics::Absent);
    assert_eq!(platform.fixed.sci, Some(Line { gsi: Gsi::new(0x105), signal: LEVEL_LOW }));
}

#[test]
fn processors_of_both_widths_stand_in_one_list() {
    let platform = found(&Machine::with_entries(&[
        entry::processor(0, 0, 1),
        entry::processor(1, 0xFF, 0),
        entry::processor(2, 4, 2),
        entry::wide_processor(300, 0x1_0000, 1),
        entry::wide_processor(301, u32::MAX, 0),
        entry::io_apic(0, 0xFEC0_0000, 0),
    ]));
    let listed: Vec<_> =
        platform.processors.listed().iter().map(|one| (one.apic_id.get(), one.uid, one.readiness)).collect();
    let expected =
        [(0, 0, Readiness::Enabled), (4, 2, Readiness::OnlineCapable), (0x1_0000, 300, Readiness::Enabled)];
    assert_eq!(listed, expected);
    assert_eq!((platform.processors.disabled, platform.processors.enabled().count()), (2, 2));
    assert!(platform.to_string().starts_with("2 processors and 1 to come, "));
}

#[test]
fn an_nmi_is_told_to_the_processors_it_is_wired_to_wherever_it_stands() {
    let platform = found(&Machine::with_entries(&[
        entry::local_nmi(0xFF, 0, 1),
        entry::wide_local_nmi(7, 0xF, 0),
        entry::local_nmi(99, 0, 0),
        entry::processor(1, 1, 1),
        entry::wide_processor(7, 700, 1),
        entry::io_apic(0, 0xFEC0_0000, 0),
    ]));
    let [first, second] = platform.processors.listed() else { panic!("two processors") };
    assert_eq!(Lint::BOTH.map(|lint| first.nmi_on(lint)), [None, Some(Signal::ISA)]);
    assert_eq!(Lint::BOTH.map(|lint| second.nmi_on(lint)), [Some(LEVEL_LOW), Some(Signal::ISA)]);
}

#[test]
fn inputs_are_found_at_the_io_apic_that_begins_below() {
    let platform = found(&Machine::with_entries(&[
        entry::processor(0, 0, 1),
        entry::io_apic(1, 0xFEC1_0000, 24),
        entry::io_apic(2, 0xFEC0_0000, 8),
        entry::nmi_source(0xD, 30),
    ]));
    let of = |gsi| platform.interrupts.io_apic_of(Gsi::new(gsi)).map(|(io_apic, input)| (io_apic.id, input));
    assert_eq!([7, 8, 23, 24, 100].map(of), [None, Some((2, 0)), Some((2, 15)), Some((1, 0)), Some((1, 76))]);
    let [nmi] = platform.interrupts.nmi_sources() else { panic!("one NMI source") };
    assert_eq!(*nmi, Line { gsi: Gsi::new(30), signal: LEVEL_HIGH });
}

#[test]
fn the_wide_address_of_local_apics_counts() {
    let mut machine = Machine::pc();
    machine.entries.extend(entry::local_apics_at(0x12_3456_7000));
    assert_eq!(found(&machine).interrupts.local_apic, PhysAddr::new(0x12_3456_7000));
}

#[test]
fn the_timer_is_taken_from_its_wide_address_and_has_the_width_of_its_flag() {
    let wide = Machine::pc().fadt_with(208, &generic(0, 32, 0x4_0000_0608)).fadt_with(112, &[0, 1]);
    let timer =
        PmTimer { register: Register::Memory(PhysAddr::new(0x4_0000_0608)), width: PmTimerWidth::Bits32 };
    assert_eq!(found(&wide).fixed.pm_timer, Some(timer));
    assert_eq!(found(&wide).fixed.reset, None, "the flag that there is one was overwritten");
    assert_eq!(found(&Machine::pc().fadt_with(91, &[0])).fixed.pm_timer, None, "it has no length");
}

#[test]
fn a_machine_without_fixed_hardware_has_no_timer_and_no_system_control_interrupt() {
    let platform = found(&Machine::pc().fadt_with(112, &(1_u32 << 20).to_le_bytes()));
    assert_eq!((platform.fixed.sci, platform.fixed.pm_timer), (None, None));
}

#[test]
fn an_old_fadt_says_nothing_of_what_came_later() {
    let mut memory = Machine::pc().build();
    let fadt = memory.piece(FADT);
    fadt[8] = 1;
    fadt[109..116].fill(0);
    fadt[40..44].copy_from_slice(&(0x5000_u32).to_le_bytes());
    fadt.truncate(116);
    reseal(fadt);
    let dsdt = memory.piece(DSDT).clone();
    memory.put(0x5000, &dsdt);
    let platform = judge::read(&mut memory, RSDP);
    assert_eq!(platform.notices.listed(), []);
    assert_eq!(platform.fixed.boot, BootArchitecture::default());
    assert_eq!(platform.fixed.reset, None);
    assert_eq!(platform.soft_off.map(|how| how.type_a), Some(5));
}

#[test]
fn sleep_types_are_found_whatever_their_encoding() {
    let types = |aml: &[u8]| {
        let machine = Machine { dsdt: aml.to_vec(), ..Machine::pc() };
        judge::read(&mut machine.build(), RSDP).soft_off.map(|how| (how.type_a, how.type_b))
    };
    assert_eq!(types(b"..\x08_S5_\x12\x06\x04\x00\x01\x00\x00"), Some((0, 1)));
    assert_eq!(types(b"..\x08\\_S5_\x12\x06\x04\x0A\x07\x0A\x06\x00\x00"), Some((7, 6)));
    assert_eq!(types(b"..\x08_S5_\x12\xC6\x00\x00\x00\x02\x0A\x05\x0A\x05"), Some((5, 5)), "a long length");
    let behind = [&[b'.'; 3000][..], b"\x08_S5_\x12\x05\x02\x0A\x05\x01"].concat();
    assert_eq!(types(&behind), Some((5, 1)), "across chunks");
    let twice = b"\x08_S5_\x0A\x05 _S5_ \x08_S5_\x12\x04\x02\x01\x01";
    assert_eq!(types(twice), Some((1, 1)), "a use and a coincidence come first");
    assert_eq!(types(b"..\x08_S5_\x12\x05\x02\x0A\x08\x01"), None, "eight is no sleep type");
    assert_eq!(types(b"..\x08_S5_\x12\x05\x01\x01"), None, "a package of one");
    assert_eq!(types(b"..\x08_S5_\x12\x05\x02\x0A"), None, "the table ends");
}

#[test]
fn tables_above_4_gib_are_read_and_a_low_root_serves_when_there_is_no_high_one() {
    let mut memory = Machine::pc().build();
    assert!(judge::read(&mut memory, RSDP).soft_off.is_some(), "the DSDT lies above 4 GiB");
    let high = memory.piece(XSDT).clone();
    memory.put(0xFFFF_FFFF_0000, &high);
    *memory.piece(RSDP) = rsdp(0, 0xFFFF_FFFF_0000);
    assert_eq!(judge::read(&mut memory, RSDP).processors.listed().len(), 2);
    // ACPI 1.0: 20 bytes, and nothing behind them.
    let mut old = rsdp(RSDT as u32, XSDT);
    old.truncate(20);
    old[15] = 0;
    support::tables::seal(&mut old, 8);
    *memory.piece(RSDP) = old;
    let platform = judge::read(&mut memory, RSDP);
    assert_eq!((platform.processors.listed().len(), platform.notices.count()), (2, 0));
}

#[test]
fn without_tables_a_machine_is_taken_for_an_ordinary_pc() {
    let platform = Platform::default();
    assert_eq!(platform.interrupts.model, InterruptModel::Pic);
    assert_eq!(platform.interrupts.legacy_pics, LegacyPics::Present);
    assert!(platform.processors.listed().is_empty() && platform.interrupts.io_apics().is_empty());
    assert_eq!(platform.gsi_of(IsaIrq::CLOCK), Line { gsi: Gsi::new(8), signal: Signal::ISA });
    assert_eq!(platform.to_string(), "no MADT");
    assert!(size_of::<Platform>() <= 8 << 10, "it may lie on a kernel stack: {}", size_of::<Platform>());
}

#[test]
fn tables_of_no_interest_are_passed_over() {
    let mut memory = Machine::pc().build();
    memory.put(0x8000, &table(b"WAET", 1, &[0; 4]));
    *memory.piece(XSDT) = support::tables::xsdt(&[0x8000, 0, XSDT, FADT, MADT, HPET]);
    let platform = judge::read(&mut memory, RSDP);
    assert_eq!((platform.notices.count(), platform.processors.listed().len()), (0, 2));
}

/// Entries of other kinds in front move all that follow, over every place where what is read at a time may end.
#[test]
fn entries_are_found_wherever_they_lie() {
    for length in 2..=255_u8 {
        let mut foreign = vec![0; length.into()];
        foreign[..2].copy_from_slice(&[0x80, length]);
        let processors = (0..200).map(|id| entry::processor(id, id, 1));
        let entries: Vec<_> =
            [foreign, entry::io_apic(0, 0xFEC0_0000, 0)].into_iter().chain(processors).collect();
        assert_eq!(found(&Machine::with_entries(&entries)).processors.listed().len(), 200, "{length}");
    }
}
