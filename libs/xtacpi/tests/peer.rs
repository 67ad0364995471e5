//! Well-formed tables against an independent reader: the `acpi` crate sees the same in them.
//!
//! That crate trusts lengths and pointers of tables, so this is no place for hostile ones.
#![allow(unsafe_code, reason = "the peer wants pointers to tables")]

mod support;

use std::ptr::NonNull;
use std::rc::Rc;

use acpi::fadt::Fadt;
use acpi::madt::{Madt, MadtEntry};
use acpi::{AcpiHandler, AcpiTables, HpetInfo, PhysicalMapping};
use proptest::prelude::*;
use support::memory::Memory;
use support::tables::{Machine, RSDP, entry};
use support::{cases, judge, real};
use xtacpi::{CounterWidth, IsaIrq, LegacyPics, Lint, Platform, PmTimerWidth, Readiness, Register};
use xtcore::PhysAddr;

/// Zeros behind each table: the peer takes a table that is shorter than it knows for a whole one.
const ROOM: usize = 512;

/// The peer's view of the memory.
#[derive(Clone)]
struct View(Rc<Memory>);

impl AcpiHandler for View {
    unsafe fn map_physical_region<T>(&self, at: usize, bytes: usize) -> PhysicalMapping<Self, T> {
        let holds = |(base, piece): &&(u64, Vec<u8>)| {
            let start = (at as u64).checked_sub(*base);
            start.is_some_and(|start| start + bytes as u64 <= piece.len() as u64)
        };
        let found = self.0.pieces.iter().filter(holds).max_by_key(|(base, _)| *base);
        let (base, piece) = found.expect("the peer reads tables only");
        let start = NonNull::from(&piece[at - *base as usize..]).cast();
        // SAFETY: `bytes` bytes from there on lie in the piece, as `holds` found, which this handler's count keeps alive.
        unsafe { PhysicalMapping::new(at, start, bytes, bytes, self.clone()) }
    }

    fn unmap_physical_region<T>(_: &PhysicalMapping<Self, T>) {}
}

/// What both readers can say of a MADT.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// APIC id, UID, and whether it is enabled, of the processors that can be used.
    processors: Vec<(u32, u32, bool)>,
    io_apics: Vec<(u8, u64, u32)>,
    /// Line and input of the lines that are wired elsewhere.
    wired: Vec<(u8, u32)>,
    nmi_sources: Vec<u32>,
    local_apic: u64,
    legacy_pics: bool,
}

fn seen_by_peer(tables: &AcpiTables<View>) -> Seen {
    let madt = tables.find_table::<Madt>().expect("a MADT");
    let (address, legacy_pics) = (madt.get().local_apic_address, madt.get().supports_8259());
    let mut seen = Seen { local_apic: address.into(), legacy_pics, ..Seen::default() };
    for one in madt.get().entries() {
        match one {
            MadtEntry::LocalApic(one) if one.flags & 3 != 0 => {
                seen.processors.push((one.apic_id.into(), one.processor_id.into(), one.flags & 1 != 0));
            }
            MadtEntry::LocalX2Apic(one) if one.flags & 3 != 0 => {
                seen.processors.push((one.x2apic_id, one.processor_uid, one.flags & 1 != 0));
            }
            MadtEntry::IoApic(one) => {
                let (address, first) = (one.io_apic_address, one.global_system_interrupt_base);
                seen.io_apics.push((one.io_apic_id, address.into(), first));
            }
            MadtEntry::InterruptSourceOverride(one) => {
                seen.wired.push((one.irq, one.global_system_interrupt))
            }
            MadtEntry::NmiSource(one) => seen.nmi_sources.push(one.global_system_interrupt),
            MadtEntry::LocalApicAddressOverride(one) => seen.local_apic = one.local_apic_address,
            _ => {}
        }
    }
    seen.wired.sort_unstable();
    seen
}

fn seen_by_us(platform: &Platform) -> Seen {
    let interrupts = &platform.interrupts;
    let wired = |irq: IsaIrq| interrupts.isa.overridden(irq).map(|(gsi, _)| (irq.number(), gsi.get()));
    let listed = platform.processors.listed().iter();
    Seen {
        processors: listed
            .map(|one| (one.apic_id.get(), one.uid, one.readiness == Readiness::Enabled))
            .collect(),
        io_apics: interrupts
            .io_apics()
            .iter()
            .map(|one| (one.id, one.address.get(), one.first.get()))
            .collect(),
        wired: IsaIrq::all().filter_map(wired).collect(),
        nmi_sources: interrupts.nmi_sources().iter().map(|one| one.gsi.get()).collect(),
        local_apic: interrupts.local_apic.get(),
        legacy_pics: interrupts.legacy_pics == LegacyPics::Present,
    }
}

/// Insists that both readers see the same.
fn compare(mut memory: Memory, rsdp: u64) {
    let platform = judge::read(&mut memory, rsdp);
    for (_, piece) in &mut memory.pieces {
        piece.resize(piece.len() + ROOM, 0);
    }
    let view = View(Rc::new(memory));
    // SAFETY: there is an RSDP at that address.
    let tables = unsafe { AcpiTables::from_rsdp(view, rsdp as usize) }.expect("the peer accepts them");
    assert_eq!(seen_by_us(&platform), seen_by_peer(&tables));

    let (hpet, theirs) = (platform.hpet.expect("an HPET"), HpetInfo::new(&tables).expect("an HPET"));
    assert_eq!(hpet.address, PhysAddr::new(theirs.base_address as u64));
    assert_eq!(hpet.comparators, theirs.num_comparators());
    assert_eq!(hpet.counter == CounterWidth::Bits64, theirs.main_counter_is_64bits());
    assert_eq!((hpet.number, hpet.minimum_tick), (theirs.hpet_number, theirs.clock_tick_unit));

    let fadt = tables.find_table::<Fadt>().expect("a FADT");
    let flags = fadt.flags;
    let timer = platform.fixed.pm_timer.expect("a PM timer");
    let theirs = fadt.pm_timer_block().expect("it is valid").expect("a PM timer");
    assert_eq!(timer.register, Register::Port(theirs.address as u16));
    assert_eq!(timer.width == PmTimerWidth::Bits32, flags.pm_timer_is_32_bit());
    assert_eq!(platform.fixed.century.unwrap_or(0), fadt.century);
    let how = platform.soft_off.expect("soft-off");
    assert_eq!(u64::from(how.control_a), fadt.pm1a_control_block().expect("it is valid").address);
    assert_eq!((u32::from(how.smi_command), how.enable), (fadt.smi_cmd_port, fadt.acpi_enable));
    assert_eq!(platform.fixed.reset.is_some(), flags.supports_system_reset_via_fadt());
    if let Some(reset) = platform.fixed.reset {
        let theirs = fadt.reset_register().expect("it is valid");
        assert_eq!(reset.register, Register::Port(theirs.address as u16));
    }
    assert!(platform.processors.listed().iter().all(|one| one.nmi_on(Lint::Zero).is_none()));
}

/// Entries of a MADT without anything that a reader may refuse.
fn entries() -> impl Strategy<Value = Vec<u8>> {
    let processor = (any::<u8>(), 0_u32..4, any::<u32>(), prop::bool::ANY);
    let processors = prop::collection::vec(processor, 1..40).prop_map(|all| {
        let build = |(id, (uid, flags, wide, is_wide))| match is_wide {
            false => entry::processor(uid, id as u8, flags),
            true => entry::wide_processor(wide, 1000 + id, flags),
        };
        (0_u32..).zip(all).flat_map(build).collect::<Vec<u8>>()
    });
    let io_apics = prop::collection::vec((any::<u8>(), 1_u32..), 0..16).prop_map(|all| {
        let build = |(number, (id, address))| entry::io_apic(id, address, 24 * number);
        (0_u32..).zip(all).flat_map(build).collect::<Vec<u8>>()
    });
    let wired = prop::collection::btree_map(0_u8..16, any::<u32>(), 0..16).prop_map(|all| {
        all.into_iter().flat_map(|(source, gsi)| entry::wired(0, source, gsi, 0xD)).collect::<Vec<u8>>()
    });
    let others = (prop::collection::vec(any::<u32>(), 0..8), prop::option::of(1_u64..)).prop_map(
        |(sources, address)| {
            let sources = sources.into_iter().flat_map(|gsi| entry::nmi_source(0, gsi));
            sources.chain(address.into_iter().flat_map(entry::local_apics_at)).collect::<Vec<u8>>()
        },
    );
    (others, wired, io_apics, processors, Just(entry::local_nmi(0xFF, 5, 1)))
        .prop_map(|(one, two, three, four, five)| [one, two, three, four, five].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(10), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_peer_sees_the_same_in_random_machines(
        entries in entries(),
        flags in 0_u32..2,
        block in any::<u32>(),
        tick in any::<u16>(),
        timer in 1_u16..,
    ) {
        let mut machine = Machine { entries, madt_flags: flags, ..Machine::pc() };
        machine.hpet[..4].copy_from_slice(&block.to_le_bytes());
        machine.hpet[17..19].copy_from_slice(&tick.to_le_bytes());
        let machine = machine.fadt_with(76, &u32::from(timer).to_le_bytes());
        compare(machine.build(), RSDP);
    }
}

#[test]
fn the_peer_sees_the_same_in_real_machines() {
    for name in ["q35", "pc"] {
        let (memory, rsdp) = real::machine(name);
        compare(memory, rsdp);
    }
}
