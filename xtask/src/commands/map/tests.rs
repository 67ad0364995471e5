//! Options, words and colours.

use clap::Parser;
use xtcore::{MemoryKind, PagingMode};

use super::class::Class;
use super::model::{Address, Span};
use super::words::{count, grouped, size};
use super::{Form, form};
use crate::cli::{Arguments, Command, Map};

fn options(line: &str) -> Result<Map, clap::Error> {
    let words = ["cargo xtask", "map"].into_iter().chain(line.split_whitespace());
    match Arguments::try_parse_from(words)?.command {
        Command::Map(options) => Ok(*options),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_picture_has_exactly_one_source() {
    assert!(options("--from serial.log").is_ok());
    assert!(options("--from -").is_ok());
    assert!(options("--csv map.csv --theme dark --out map.svg").is_ok());
    for line in ["", "--out map.svg", "--live --from serial.log", "--csv map.csv --live"] {
        assert!(options(line).is_err(), "{line}");
    }
}

#[test]
fn a_boot_for_a_picture_takes_the_machine_of_any_boot() {
    let options = options("--live --paging pml5 --memory 12T --cpus 4 --params NOKASLR").unwrap();
    assert_eq!(options.machine.paging.mode(), Some(PagingMode::Pml5));
    assert_eq!((options.machine.memory.bytes(), options.machine.cpus), (12 << 40, 4));
    assert_eq!(options.machine.params, "NOKASLR");
}

#[test]
fn a_size_has_the_unit_that_fits_and_is_never_rounded_up() {
    assert_eq!(size(0), "0 bytes");
    assert_eq!(size(4096), "4 KiB");
    assert_eq!(size(995_328), "972 KiB");
    assert_eq!(size((1 << 20) - 1), "1023 KiB");
    assert_eq!(size(3 << 29), "1.5 GiB");
    assert_eq!(size(12 << 40), "12 TiB");
    assert_eq!(size((4 << 30) - 1), "3.99 GiB");
    assert_eq!(size((2 << 30) + (2 << 20)), "2 GiB");
    assert_eq!(size(1 << 64), "16 EiB");
}

#[test]
fn digits_stand_in_groups_of_three() {
    assert_eq!(grouped(7), "7");
    assert_eq!(grouped(1000), "1,000");
    assert_eq!(grouped(1_099_511_627_776), "1,099,511,627,776");
}

#[test]
fn one_is_singular() {
    assert_eq!(count(1, "run"), "1 run");
    assert_eq!(count(0, "run"), "0 runs");
}

#[test]
fn an_address_is_written_in_groups_of_eight_and_read_to_the_last_one() {
    assert_eq!(Address::parse("0xffffc30000000000").unwrap().to_string(), "ffffc300_00000000");
    assert_eq!(Address::parse("0x1000").unwrap().to_string(), "00001000");
    assert_eq!(Address::parse("0x10000000000000000"), Some(Address::END));
    for none in ["", "0x", "1000", "0x+1", "0x10000000000000001", "0xg"] {
        assert_eq!(Address::parse(none), None, "{none}");
    }
}

#[test]
fn a_span_never_ends_below_its_start() {
    let [low, high] = [0x1000_u64, 0x2000].map(Address::new);
    assert!(Span::new(high, low).is_none());
    assert_eq!(Span::new(low, high).unwrap().bytes(), 0x1000);
}

#[test]
fn every_kind_of_memory_has_a_class_of_its_own_meaning() {
    for kind in MemoryKind::ALL {
        assert_ne!(Class::of_kind(kind.name()), Class::Other, "{}", kind.name());
    }
    assert_eq!(Class::of_kind("made up"), Class::Other);
}

#[test]
fn the_frames_of_something_and_its_addresses_share_a_class() {
    for (owner, region) in [
        ("kernel image", "image"),
        ("page tables", "self-map"),
        ("pool books", "paged pool books"),
        ("stacks", "fault stacks"),
        ("processors", "per-processor data"),
        ("page-table stock", "self-map"),
        ("special pool", "paged pool"),
    ] {
        assert_eq!(Class::of_name(owner), Class::of_name(region), "{owner}");
        assert_ne!(Class::of_name(owner), Class::Other, "{owner}");
    }
}

#[test]
fn the_more_telling_word_of_a_name_decides() {
    assert_eq!(Class::of_name("ACPI tables"), Class::Firmware, "no page tables");
    assert_eq!(Class::of_name("loader block"), Class::Image);
    assert_eq!(Class::of_name("loader"), Class::Temporary);
    assert_eq!(Class::of_name("non-paged pool books"), Class::Books);
}

#[test]
fn the_ending_decides_the_form() {
    assert_eq!(form("a.svg".as_ref()).unwrap(), Form::Image);
    assert_eq!(form("a/b.html".as_ref()).unwrap(), Form::Page);
    assert_eq!(form("a.txt".as_ref()).unwrap(), Form::Text);
    let told = form("a.png".as_ref()).unwrap_err().to_string();
    assert!(told.contains(".svg, .html or .txt"), "{told}");
    assert!(form("svg".as_ref()).is_err());
}
