//! PIT, HPET and what CPUID says about the TSC.

use proptest::prelude::*;

use crate::time::hpet::{Capabilities, Comparator, Legacy, ticks_for};
use crate::time::pit::{Divisor, counted};
use crate::time::{Frequency, Interval, Told, TscFacts, Width};

#[test]
fn the_pit_counts_up_when_seen_from_its_other_end() {
    // 65536 shows as 0, then 65535 and so on, down to 1.
    assert_eq!([counted([0, 0]), counted([0xFF, 0xFF]), counted([1, 0])], [0, 1, 0xFFFF]);
}

#[test]
fn a_pit_divides_by_2_to_65536() {
    let (divisor, real) = Divisor::for_period(Interval::from_millis(10)).unwrap();
    assert_eq!(divisor.bytes(), 11_932_u16.to_le_bytes());
    assert_eq!(real, Interval::new(100_002));
    let longest = Frequency::PIT.interval_of(0x1_0000).unwrap();
    assert_eq!(Divisor::for_period(longest).unwrap().0, Divisor::LARGEST);
    assert_eq!(Divisor::for_period(Interval::from_millis(55)), None);
    assert_eq!(Divisor::for_period(Interval::new(8)), None);
    assert_eq!(Divisor::for_period(Interval::new(17)).unwrap().0.bytes(), [2, 0]);
}

#[test]
fn an_event_timer_tells_what_it_has() {
    // The one of an emulator in wide use: three comparators, 64 bits, 10 ns.
    let found = Capabilities::decode(0x8086_A201, 10_000_000).unwrap();
    assert_eq!(found.frequency.hertz(), 100_000_000);
    assert_eq!((found.comparators, found.width, found.legacy), (3, Width::BITS_64, Legacy::Possible));
    let narrow = Capabilities::decode(0x8086_0701, 69_841_279).unwrap();
    assert_eq!((narrow.comparators, narrow.width, narrow.legacy), (8, Width::BITS_32, Legacy::Absent));
}

#[test]
fn where_no_event_timer_answers_there_is_none() {
    for period in [0, u32::MAX, 100_000_001] {
        assert_eq!(Capabilities::decode(u32::MAX, period), None);
    }
    assert!(Capabilities::decode(0, 100_000_000).is_some());
}

#[test]
fn a_comparators_own_bits_are_kept() {
    let capable = Comparator::new(0x8030);
    assert!(capable.can_be_periodic());
    assert_eq!(capable.silent(), 0x8030);
    let [silent, interrupting] = capable.periodic(2);
    assert_eq!(silent, 0x8030 | 0x08 | 0x40 | 0x100 | 2 << 9);
    assert_eq!(interrupting, 0x8030 | 0x08 | 0x04 | 0x100 | 2 << 9);
    for value in capable.periodic(31) {
        assert_eq!(Comparator::new(value).silent(), 0x8030);
    }
    assert!(!Comparator::new(0x8020).can_be_periodic());
}

/// A block may interrupt at once for a moment that has passed, and emulated ones do.
#[test]
fn a_comparator_does_not_interrupt_before_its_moment_is_set() {
    const INTERRUPT: u32 = 1 << 2;
    for stale in [0x8030, 0x8030 | INTERRUPT, u32::MAX] {
        let [silent, interrupting] = Comparator::new(stale).periodic(2);
        assert_eq!(silent & INTERRUPT, 0, "the comparator still holds a moment of the past");
        assert_ne!(interrupting & INTERRUPT, 0);
        // With the bit that lets a write set the moment, the next write of the period would be taken for one.
        assert_eq!(interrupting & 1 << 6, 0);
    }
}

#[test]
fn an_event_timers_period_fits_what_the_comparator_sees() {
    let frequency = Frequency::new(100_000_000).unwrap();
    assert_eq!(ticks_for(frequency, Interval::from_millis(10)), Some((1_000_000, Interval::from_millis(10))));
    assert_eq!(ticks_for(frequency, Interval::new(0)), None);
    assert_eq!(
        ticks_for(frequency, Interval::from_millis(21_474)).map(|(ticks, _)| ticks),
        Some(2_147_400_000)
    );
    assert_eq!(ticks_for(frequency, Interval::from_millis(21_475)), None);
}

fn told(facts: TscFacts) -> Option<Told> {
    facts.frequency()
}

#[test]
fn a_crystal_and_a_ratio_tell_the_exact_frequency() {
    let facts = TscFacts { crystal: [2, 176, 24_000_000, 0], base: [2100, 0, 0, 0], ..TscFacts::default() };
    assert_eq!(told(facts), Some(Told::Exactly(Frequency::new(2_112_000_000).unwrap())));
}

#[test]
fn without_a_crystal_the_name_on_the_box_is_a_nominal_one() {
    let facts = TscFacts { crystal: [2, 176, 0, 0], base: [2100, 0, 0, 0], ..TscFacts::default() };
    assert_eq!(told(facts), Some(Told::Nominally(Frequency::new(2_100_000_000).unwrap())));
    assert_eq!(told(TscFacts::default()), None);
}

#[test]
fn a_hypervisor_tells_in_kilohertz() {
    let facts = TscFacts {
        hypervisor: [0x4000_0010, 0, 0, 0],
        hypervisor_timing: [2_400_000, 1_000_000, 0, 0],
        ..TscFacts::default()
    };
    assert_eq!(told(facts), Some(Told::Exactly(Frequency::new(2_400_000_000).unwrap())));
    assert_eq!(told(TscFacts { hypervisor: [0x4000_0001, 0, 0, 0], ..facts }), None);
}

#[test]
fn only_an_invariant_counter_is_a_clock() {
    assert!(!TscFacts::default().is_invariant());
    assert!(!TscFacts { power: [0, 0, 0, !(1 << 8)], ..TscFacts::default() }.is_invariant());
    assert!(TscFacts { power: [0, 0, 0, 1 << 8], ..TscFacts::default() }.is_invariant());
}

#[test]
fn kvms_word_counts_and_nobody_elses() {
    let name = |bytes: &[u8; 12]| {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        [0x4000_0001, word(0), word(4), word(8)]
    };
    let facts =
        |hypervisor| TscFacts { hypervisor, hypervisor_features: [1 << 24, 0, 0, 0], ..TscFacts::default() };
    assert!(facts(name(b"KVMKVMKVM\0\0\0")).is_invariant());
    assert!(!facts(name(b"TCGTCGTCGTCG")).is_invariant());
    assert!(!TscFacts { hypervisor_features: [0; 4], ..facts(name(b"KVMKVMKVM\0\0\0")) }.is_invariant());
}

proptest! {
    #[test]
    fn a_pits_period_is_the_closest_one(units in 17_u64..549_000) {
        let (divisor, real) = Divisor::for_period(Interval::new(units)).unwrap();
        prop_assert!(real.units().abs_diff(units) <= 5);
        let ticks = u64::from(u16::from_le_bytes(divisor.bytes()));
        prop_assert_eq!(Frequency::PIT.interval_of(if ticks == 0 { 0x1_0000 } else { ticks }), Some(real));
    }

    #[test]
    fn any_leaves_of_cpuid_give_an_answer(leaves: [[u32; 4]; 6]) {
        let [power, crystal, base, hypervisor, hypervisor_features, hypervisor_timing] = leaves;
        let facts = TscFacts { power, crystal, base, hypervisor, hypervisor_features, hypervisor_timing };
        let _ = facts.is_invariant();
        if let Some(Told::Exactly(frequency) | Told::Nominally(frequency)) = facts.frequency() {
            prop_assert!(frequency.hertz() > 0);
        }
    }
}
