use proptest::prelude::*;

use xtcore::ApicId;
use xtcore::interrupt::{Polarity, Signal, Trigger};

use super::{Entry, Mask, Route, entries, entry_index, version};
use crate::Vector;

#[test]
fn an_entry_has_the_data_sheets_bits() {
    let route = Route { vector: Vector::new(0x51), destination: ApicId::new(7), signal: Signal::SHARED };
    let entry = Entry::of(route, Mask::Masked).unwrap();
    assert_eq!((entry.high(), entry.low()), (0x0700_0000, 0x0001_A051));
    let edge = Route { signal: Signal::ISA, ..route };
    assert_eq!(Entry::of(edge, Mask::Open).unwrap().low(), 0x51);
}

#[test]
fn an_entry_that_leads_nowhere_is_masked() {
    assert_eq!(Entry::NOTHING.mask(), Mask::Masked);
    assert_eq!(Entry::NOTHING.high(), 0);
}

#[test]
fn an_interrupt_in_service_shows_in_its_entry() {
    assert!(Entry::new(1 << 14, 0).is_in_service());
    assert!(!Entry::new(!(1 << 14), u32::MAX).is_in_service());
}

#[test]
fn the_version_register_tells_how_many_entries_there_are() {
    assert_eq!((entries(0x0017_0020), version(0x0017_0020)), (24, 0x20));
    assert_eq!(entries(0), 1);
    // What an absent device shows.
    assert_eq!(entries(u32::MAX), 120);
}

#[test]
fn no_index_leaves_the_eight_bits_of_the_index_register() {
    assert_eq!(entry_index(0), 0x10);
    assert_eq!(entry_index(entries(u32::MAX) - 1) + 1, 0xFF);
}

proptest! {
    #[test]
    fn a_route_comes_back_from_its_entry(
        vector: u8,
        id in 0_u32..0xFF,
        is_low: bool,
        is_level: bool,
        is_masked: bool,
    ) {
        let route = Route {
            vector: Vector::new(vector),
            destination: ApicId::new(id),
            signal: Signal {
                polarity: if is_low { Polarity::ActiveLow } else { Polarity::ActiveHigh },
                trigger: if is_level { Trigger::Level } else { Trigger::Edge },
            },
        };
        let mask = if is_masked { Mask::Masked } else { Mask::Open };
        let entry = Entry::of(route, mask).unwrap();
        prop_assert_eq!(Entry::new(entry.low(), entry.high()), entry);
        prop_assert_eq!((entry.route(), entry.mask()), (route, mask));
        prop_assert_eq!(entry.with(Mask::Open).with(mask), entry);
        prop_assert!(!entry.is_in_service());
    }

    #[test]
    fn a_processor_that_eight_bits_cannot_name_is_refused(id in 0xFF_u32..) {
        let route = Route {
            vector: Vector::CLOCK,
            destination: ApicId::new(id),
            signal: Signal::ISA,
        };
        prop_assert_eq!(Entry::of(route, Mask::Open), None);
    }
}
