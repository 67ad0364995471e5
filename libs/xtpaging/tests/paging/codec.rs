//! Entry formats: round trips, the largest values, and the reserved bits by the manual's tables.

use xtcore::{Frame, FrameCount, FrameRange, Level, PagingMode, PhysAddr, VirtAddr};
use xtpaging::entry::{Bits, Decoded, Format, Pdpte, occupancy, reserved_bits};
use xtpaging::{Capabilities, Privilege, Protection, Support};
use xtsim::{Facts, Fault, PhysicalMemory, Ram, Width, translate};

use crate::support::{EVERYTHING, NOTHING, all_attributes, in_every_mode};

in_every_mode! {
    attributes_survive_a_round_trip_at_each_level,
    the_largest_frame_of_each_format_survives,
    reserved_bits_are_those_that_the_walker_faults_on,
    occupancy_bits_survive_a_change_of_attributes,
}

fn page_levels(format: &Format) -> impl Iterator<Item = Level> {
    (1..=format.largest_page().number()).filter_map(Level::new)
}

fn attributes_survive_a_round_trip_at_each_level(mode: PagingMode) {
    for capabilities in [EVERYTHING, NOTHING] {
        let format = Format::new(mode, capabilities);
        for level in page_levels(&format) {
            let frame = Frame::new(3 << 18);
            for attributes in all_attributes() {
                let raw = format.page(level, frame, attributes);
                assert_eq!(raw & reserved_bits(mode, &capabilities, level, raw), 0);
                assert_eq!(format.decode(level, raw), Decoded::Page(frame));
                let rights = format.rights(raw);
                assert_eq!(rights.write, attributes.protection == Protection::ReadWrite);
                assert_eq!(rights.execute, attributes.protection == Protection::ReadExecute);
                assert_eq!(rights.user, attributes.privilege == Privilege::User);
                assert_eq!(Format::cache(raw), attributes.cache);
                let global = capabilities.global.is_present();
                assert_eq!(
                    Format::scope(raw),
                    if global { attributes.scope } else { xtpaging::Scope::Local }
                );
                for other in all_attributes().into_iter().step_by(if cfg!(miri) { 47 } else { 1 }) {
                    let history = Bits::ACCESSED.bits() | Bits::DIRTY.bits();
                    let changed = format.with_attributes(raw | history, other);
                    assert_eq!(changed, format.page(level, frame, other) | history);
                }
            }
        }
    }
}

/// Regressions 11 and 37: 20 bits of frame number in PML2, 40 in the other modes.
fn the_largest_frame_of_each_format_survives(mode: PagingMode) {
    let format = Format::new(mode, Capabilities { physical_bits: 52, ..EVERYTHING });
    let limit = if mode == PagingMode::Pml2 { 1 << 20 } else { 1 << 40 };
    assert_eq!(format.frame_limit(), Frame::new(limit));
    for level in page_levels(&format) {
        let last = Frame::new(limit - mode.geometry().page_frames(level).get());
        for attributes in all_attributes() {
            let raw = format.page(level, last, attributes);
            assert_eq!(format.decode(level, raw), Decoded::Page(last));
            assert!(mode != PagingMode::Pml2 || raw >> 32 == 0, "a 4-byte entry holds 4 bytes");
        }
    }
    let last = Frame::new(limit - 1);
    for privilege in [Privilege::Supervisor, Privilege::User] {
        assert_eq!(format.decode(Level::PD, format.table(last, privilege)), Decoded::Table(last));
    }
    assert_eq!(format.decode(Level::PD, format.self_map(last)), Decoded::Table(last));
    assert_eq!(Pdpte::new(Frame::new((1 << 40) - 1)).directory(), Some(Frame::new((1 << 40) - 1)));
}

fn occupancy_bits_survive_a_change_of_attributes(mode: PagingMode) {
    let format = Format::new(mode, EVERYTHING);
    for count in [0, 1, 5, 511, 512, 1023, 1024] {
        let bits = (0..8).map(|index| occupancy::bits(index, count));
        let read = (0..).zip(bits.clone()).fold(0, |sum, (index, bits)| sum | (bits >> 10) << (2 * index));
        assert_eq!(read, count as u64);
        for lent in bits {
            let raw = format.page(Level::PT, Frame::new(9), all_attributes()[0]) | lent;
            for attributes in all_attributes() {
                assert_eq!(format.with_attributes(raw, attributes) & occupancy::MASK, lent);
            }
        }
    }
}

/// A machine whose tables lead address 0 to one entry at `level`, which is `raw`.
struct Probe {
    ram: Ram,
    facts: Facts,
    at: PhysAddr,
}

impl Probe {
    fn new(mode: PagingMode, level: Level, capabilities: &Capabilities) -> Self {
        let all = FrameRange::with_count(Frame::new(0), FrameCount::new(1 << 40));
        let mut ram = Ram::with(Width::Bits64, all);
        let mut table = Frame::new(16);
        let facts = Facts {
            maxphyaddr: capabilities.physical_bits,
            nxe: capabilities.no_execute.is_present(),
            pge: capabilities.global.is_present(),
            pse: capabilities.large_pages.is_present(),
            page1gb: capabilities.gigabyte_pages.is_present(),
            pse36: false,
            ..Facts::modern(mode, table.address())
        };
        ram.zero(table);
        for above in (level.number() + 1..=mode.levels()).rev() {
            let below = Frame::new(table.number() + 1);
            ram.zero(below);
            let rights = if mode == PagingMode::Pml3 && above == 3 { 1 } else { 7 };
            ram.store64_plain(table.address(), below.address().get() | rights);
            table = below;
        }
        // Whatever a table entry at the level leads to holds only zeros or poison; both are recognised.
        Self { ram, facts, at: table.address() }
    }

    /// Returns the reserved bits that a walk faults on.
    fn reserved(&mut self, mode: PagingMode, raw: u64) -> u64 {
        if mode == PagingMode::Pml2 {
            self.ram.store32(self.at, raw as u32);
        } else {
            self.ram.store64_plain(self.at, raw);
        }
        match translate(&self.ram, &self.facts, VirtAddr::ZERO) {
            Err(Fault::Page(fault)) if fault.entry == raw => fault.reserved,
            Err(Fault::Root { value, reserved }) if value == raw => reserved,
            _ => 0,
        }
    }
}

fn reserved_bits_are_those_that_the_walker_faults_on(mode: PagingMode) {
    let (widths, supports): (&[u32], _) =
        if cfg!(miri) { (&[46], 14..16) } else { (&[36, 40, 46, 52], 0..16) };
    for &physical_bits in widths {
        for support in supports.clone() {
            let is = |bit: u32| if support >> bit & 1 != 0 { Support::Present } else { Support::Absent };
            let capabilities = Capabilities {
                no_execute: is(0),
                global: is(1),
                large_pages: is(2),
                gigabyte_pages: is(3),
                physical_bits,
            };
            let ordinary = if mode == PagingMode::Pml3 { 2 } else { mode.levels() };
            for level in (1..=ordinary).filter_map(Level::new) {
                let mut probe = Probe::new(mode, level, &capabilities);
                for (bit, size) in (0..64).flat_map(|bit| [(bit, 0), (bit, Bits::PAGE_SIZE.bits())]) {
                    let raw = 1 << bit | size | Bits::PRESENT.bits();
                    if mode == PagingMode::Pml2 && raw >> 32 != 0 {
                        continue;
                    }
                    let told = reserved_bits(mode, &capabilities, level, raw) & raw;
                    let faulted = probe.reserved(mode, raw);
                    assert_eq!(told, faulted, "{capabilities:?} {level:?} {raw:#x}");
                }
            }
        }
    }
}

/// PAE's page-directory-pointer entries: the walker refuses the root exactly where the codec tells reserved bits.
#[test]
fn reserved_bits_of_pointer_entries_are_those_that_the_load_of_cr3_faults_on() {
    for physical_bits in [36, 40, 46, 52] {
        let capabilities = Capabilities { physical_bits, ..EVERYTHING };
        let mut probe = Probe::new(PagingMode::Pml3, Level::PDPT, &capabilities);
        for bit in 1..64 {
            let raw = 1 << bit | 1;
            assert_eq!(
                Pdpte::from_raw(raw).reserved(physical_bits),
                probe.reserved(PagingMode::Pml3, raw),
                "{raw:#x}"
            );
        }
        let entry = Pdpte::new(Frame::new((1 << (physical_bits - 12)) - 1));
        assert_eq!(probe.reserved(PagingMode::Pml3, entry.raw()), 0);
        assert_eq!(probe.ram.read_u64(probe.at), Some(entry.raw()));
    }
    assert_eq!(Pdpte::from_raw(!1).directory(), None);
    assert_eq!(Pdpte::from_raw(!1).reserved(36), 0, "nothing is reserved in an absent entry");
}

/// Regression 12: a large-page bit where there is no such page does not make one.
#[test]
fn bit_seven_makes_a_page_only_where_there_are_large_pages() {
    let lacking = Format::new(PagingMode::Pml2, NOTHING);
    assert_eq!(lacking.decode(Level::PD, 0x40_0081), Decoded::Table(Frame::new(0x400)));
    let having = Format::new(PagingMode::Pml2, EVERYTHING);
    assert_eq!(having.decode(Level::PD, 0x40_0081), Decoded::Page(Frame::new(0x400)));
    let long = Format::new(PagingMode::Pml4, NOTHING);
    assert_eq!(long.decode(Level::PDPT, 0x4000_0081), Decoded::Table(Frame::new(0x4_0000)));
    assert_ne!(reserved_bits(PagingMode::Pml4, &NOTHING, Level::PDPT, 0x4000_0081), 0);
}
