//! CPUID answers of real and of unusual processors.

use xtcore::PagingMode;
use xtcore::choice::{Architecture, Choice, ModeSet, Reason, WideMode, WideRequest, choose};

use super::{Cpuid, Leaf, Processor};
use crate::entry::Support;

/// Answers like a processor: leaves beyond the highest repeat the highest basic one.
struct Table(&'static [(u32, Leaf)]);

impl Cpuid for Table {
    fn read(&self, leaf: u32, _: u32) -> Leaf {
        let exact = self.0.iter().find(|(number, _)| *number == leaf);
        let last_basic = self.0.iter().rfind(|(number, _)| *number < 0x8000_0000);
        exact.or(last_basic).map_or(Leaf::default(), |(_, registers)| *registers)
    }
}

const fn leaf(eax: u32, ebx: u32, ecx: u32, edx: u32) -> Leaf {
    Leaf { eax, ebx, ecx, edx }
}

/// A first Pentium: PSE, no PAE, no extended leaves; its highest leaf is 1.
const PENTIUM: Table = Table(&[(0, leaf(1, 0, 0, 0)), (1, leaf(0x543, 0, 0, 1 << 3))]);

/// A large server: LA57, 1 GiB pages, NX, 52 address bits, CET.
const SERVER: Table = Table(&[
    (0, leaf(0x1F, 0, 0, 0)),
    (1, leaf(0x806F8, 0, 0, 1 << 3 | 1 << 6 | 1 << 13 | 1 << 16)),
    (7, leaf(0, 0, 1 << 16 | 1 << 7, 0)),
    (0x8000_0000, leaf(0x8000_0008, 0, 0, 0)),
    (0x8000_0001, leaf(0, 0, 0, 1 << 20 | 1 << 26 | 1 << 29)),
    (0x8000_0008, leaf(0x3934, 0, 0, 0)),
]);

#[test]
fn a_processor_without_pae_gets_pml2_by_itself() {
    let facts = Processor::read(&PENTIUM, Architecture::I686);
    assert_eq!(facts.wide, WideMode::Absent);
    assert_eq!(facts.capabilities.large_pages, Support::Present);
    assert_eq!(facts.capabilities.no_execute, Support::Absent);
    assert_eq!(facts.capabilities.physical_bits, 32);
    assert_eq!(facts.extended_features, Support::Absent);
    let both = ModeSet::default().with(PagingMode::Pml2).with(PagingMode::Pml3);
    let choice = choose(facts.architecture, facts.wide, WideRequest::Automatic, both);
    assert_eq!(choice, Ok(Choice { mode: PagingMode::Pml2, reason: Reason::NoFeature }));
}

#[test]
fn a_server_has_everything() {
    let facts = Processor::read(&SERVER, Architecture::Amd64);
    assert_eq!(facts.wide, WideMode::Present);
    assert_eq!(facts.capabilities.gigabyte_pages, Support::Present);
    assert_eq!(facts.capabilities.no_execute, Support::Present);
    assert_eq!(facts.capabilities.physical_bits, 52);
    assert_eq!(facts.control_flow, Support::Present);
    assert_eq!(Processor::read(&SERVER, Architecture::I686).wide, WideMode::Present);
}

#[test]
fn leaf_seven_is_not_read_where_it_does_not_exist() {
    // The highest leaf is 1 and repeats itself, with bit 16 of ECX set.
    const OLD: Table = Table(&[(0, leaf(1, 0, 0, 0)), (1, leaf(0, 0, 1 << 16, 1 << 6 | 1 << 17))]);
    let facts = Processor::read(&OLD, Architecture::Amd64);
    assert_eq!(facts.wide, WideMode::Absent);
    assert_eq!(facts.capabilities.physical_bits, 36);
}

#[test]
fn pae_alone_does_not_promise_addresses_above_4_gib() {
    const NARROW: Table = Table(&[(0, leaf(1, 0, 0, 0)), (1, leaf(0, 0, 0, 1 << 6))]);
    assert_eq!(Processor::read(&NARROW, Architecture::I686).capabilities.physical_bits, 32);
}

#[test]
fn extended_leaves_that_only_echo_basic_ones_are_not_believed() {
    const ECHO: Table = Table(&[(0, leaf(2, 0, 0, 0)), (1, leaf(0, 0, 0, 0)), (2, leaf(!0, !0, !0, !0))]);
    let facts = Processor::read(&ECHO, Architecture::I686);
    assert_eq!(facts.capabilities.no_execute, Support::Absent);
    assert_eq!(facts.capabilities.gigabyte_pages, Support::Absent);
}
