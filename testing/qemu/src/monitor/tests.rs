//! Texts as the emulator printed them.

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use super::registers::{ControlRegisters, places};
use super::tlb::{self, Listing};

const LONG_MODE: &str = "RAX=0000000000000001 RBX=000000000e3a9018\r\n\
    CR0=80010033 CR2=0000000000000000 CR3=000000000f801000 CR4=00000668\r\n\
    DR0=0000000000000000 DR1=0000000000000000\r\nEFER=0000000000000d00\r\n";

#[test]
fn the_mode_is_read_from_the_control_registers() {
    let long = ControlRegisters::parse(LONG_MODE).expect("all registers are there");
    assert_eq!(long.mode(), Some(PagingMode::Pml4));
    assert_eq!(long.root(), PhysAddr::new(0x0f80_1000));
    assert!(long.forbids_execution() && long.write_protect());

    let la57 = ControlRegisters { cr4: long.cr4 | 1 << 12, ..long };
    assert_eq!(la57.mode(), Some(PagingMode::Pml5));
    let pae = ControlRegisters { efer: 0x800, cr3: 0x06c0_1020, ..long };
    assert_eq!((pae.mode(), pae.root()), (Some(PagingMode::Pml3), PhysAddr::new(0x06c0_1020)));
    let classic = ControlRegisters { cr4: 0x10, efer: 0x800, ..long };
    assert_eq!(classic.mode(), Some(PagingMode::Pml2));
    assert!(!classic.forbids_execution(), "4-byte entries have no such bit, whatever NXE says");
    let off = ControlRegisters { cr0: 0x33, ..long };
    assert_eq!(off.mode(), None);
}

#[test]
fn a_missing_register_is_noticed() {
    assert_eq!(ControlRegisters::parse("CR0=80010033 CR3=0 CR4=0"), None);
}

#[test]
fn each_processor_is_somewhere() {
    let text = "\r\nCPU#0\r\nEAX=00000000 EBX=0 ESP=81bb1b4a\r\nEIP=80841000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n\
        \r\nCPU#1\r\nRAX=0 RSP=ffff \r\nRIP=fffff80000000010 RFL=0 HLT=0\r\n";
    assert_eq!(
        places(text),
        ["CPU 0: ESP=81bb1b4a EIP=80841000 HLT=1", "CPU 1: RSP=ffff RIP=fffff80000000010 HLT=0"]
    );
    assert!(places("unknown command").is_empty());
}

#[test]
fn a_listing_gives_addresses_frames_and_bits() {
    let text =
        "0000000000000000: 0000000000000000 --PDA---W\r\nffff800000001000: 000000000e001000 XG-----U-\r\n";
    let Listing::Leaves(leaves) = tlb::parse(text) else { panic!("two leaves") };
    assert_eq!(leaves.len(), 2);
    assert_eq!(leaves[0].flags, 1 << 7 | 1 << 6 | 1 << 5 | 1 << 1);
    assert_eq!(leaves[1].page, VirtAddr::new(0xffff_8000_0000_1000));
    assert_eq!(leaves[1].frame_of(0x1000), PhysAddr::new(0x0e00_1000));
    assert_eq!(leaves[1].flags, 1 << 63 | 1 << 8 | 1 << 2);
}

#[test]
fn bits_that_are_no_address_vanish_from_the_frame() {
    let Listing::Leaves(leaves) = tlb::parse("00000000c0200000: 8000000012300000 X-P-----W\r\n") else {
        panic!("one leaf")
    };
    assert_eq!(leaves[0].frame_of(0x20_0000), PhysAddr::new(0x1220_0000));
}

#[test]
fn paging_off_and_foreign_formats_are_told_apart() {
    assert_eq!(tlb::parse("PG disabled\r\n"), Listing::PagingOff);
    assert!(matches!(tlb::parse("0000: 0000 --Q------\r\n"), Listing::Unsupported(_)));
    assert!(matches!(tlb::parse("unknown command\r\n"), Listing::Unsupported(_)));
    assert_eq!(tlb::parse(""), Listing::Leaves(Vec::new()));
}
