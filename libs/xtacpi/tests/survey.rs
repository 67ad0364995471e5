//! The survey lists everything that is listed, and says of each table whether it adds up.

mod support;

use proptest::prelude::*;
use support::memory::Memory;
use support::tables::{FADT, HPET, MADT, Machine, RSDP, XSDT, table};
use support::{cases, real};
use xtacpi::{Found, Notices, TableFault, survey};
use xtcore::PhysAddr;

fn look(memory: &mut Memory, rsdp: u64) -> (Vec<Found>, Notices) {
    let (mut found, mut notices) = (Vec::new(), Notices::default());
    survey(memory, PhysAddr::new(rsdp), &mut notices, &mut |one| found.push(*one));
    (found, notices)
}

fn names(found: &[Found]) -> Vec<String> {
    found.iter().map(|one| one.header.map_or("?".into(), |(signature, _)| signature.to_string())).collect()
}

#[test]
fn every_table_of_a_real_machine_is_listed_and_sound() {
    for name in ["q35", "pc"] {
        let (mut memory, rsdp) = real::machine(name);
        let (found, notices) = look(&mut memory, rsdp);
        assert_eq!(notices.listed(), [], "{name}");
        for wanted in ["FADT", "MADT"] {
            assert!(names(&found).iter().any(|one| one == wanted), "{name}: {:?}", names(&found));
        }
        let readable = |one: &&Found| memory.pieces.iter().any(|(base, _)| *base == one.at.get());
        assert!(found.iter().filter(readable).all(|one| one.sound == Ok(())), "{name}: {found:?}");
    }
}

#[test]
fn the_root_comes_first_and_the_others_in_its_order() {
    let (found, _) = look(&mut Machine::pc().build(), RSDP);
    let places: Vec<u64> = found.iter().map(|one| one.at.get()).collect();
    assert_eq!(places.first(), Some(&XSDT));
    assert!([FADT, MADT, HPET].iter().all(|place| places.contains(place)), "{places:x?}");
}

#[test]
fn a_table_that_does_not_add_up_is_still_listed() {
    let mut memory = Machine::pc().build();
    memory.piece(HPET)[40] ^= 0x40;
    let (found, _) = look(&mut memory, RSDP);
    let broken: Vec<&Found> = found.iter().filter(|one| one.sound.is_err()).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].at.get(), HPET);
    assert!(matches!(broken[0].sound, Err(TableFault::Checksum { sum: 0x40 | 0xC0 })));
    assert!(broken[0].header.is_ok());
}

#[test]
fn adding_stops_when_it_becomes_too_much() {
    let large = table(b"SSDT", 2, &vec![0; 3 << 20]);
    let mut memory = Memory::default();
    memory.put(RSDP, &support::tables::rsdp(0, XSDT));
    memory.put(XSDT, &support::tables::xsdt(&[0x1000_0000; 400]));
    memory.put(0x1000_0000, &large);
    let (found, _) = look(&mut memory, RSDP);
    assert_eq!(found.len(), 401);
    assert!(found.iter().any(|one| one.sound == Err(TableFault::GivenUp)));
    assert!(memory.asked < 34 << 20, "{} bytes were read", memory.asked);
}

#[test]
fn without_a_root_there_is_a_message_and_nothing_else() {
    let mut memory = Machine::pc().build();
    memory.piece(RSDP)[0] = b'r';
    let (found, notices) = look(&mut memory, RSDP);
    assert!(found.is_empty());
    assert_eq!(notices.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_tables_hold_the_survey_ends(
        changes in prop::collection::vec((0_usize..8, 0_usize..300, any::<u8>()), 1..12)
    ) {
        let mut memory = Machine::pc().build();
        for (piece, at, value) in changes {
            let pieces = memory.pieces.len();
            let (_, bytes) = &mut memory.pieces[piece % pieces];
            let length = bytes.len();
            bytes[at % length] = value;
        }
        let (found, _) = look(&mut memory, RSDP);
        prop_assert!(found.len() <= 1100);
        prop_assert!(memory.asked < 40 << 20);
    }
}
