//! What the shell shows of the machine: its files, its memory, its processor.

use xtcore::PagingMode;
use xtldr::shell::{Memory, Outcome};
use xtterm::key::Key;

use super::{Machine, run, session, session_on};
use crate::support::console::{Event, Script};
use crate::support::firmware::{Habits, Mock};

#[test]
fn files_are_listed_and_shown_whatever_is_in_them() {
    let shown = session(&["ls", r"ls \EFI", r"ls \NONE", "volumes"]);
    assert!(shown.contains("           18  README.TXT\n"), "{shown}");
    assert!(shown.contains("      <folder>  EFI\n"), "{shown}");
    assert!(shown.contains("1 files of 7 bytes, 0 folders\n"), "{shown}");
    assert!(shown.contains("\\NONE: there is no such file\n"), "{shown}");
    assert!(shown.contains("  multi(0)disk(0)rdisk(0)partition(1)       64 MiB  XTOS\n"), "{shown}");
    assert_eq!(session(&[r"cat \README.TXT"]), "XTLDR> cat \\README.TXT\nfirst\nsecond .?\n");
    assert_eq!(session(&[r"cat \WIDE.TXT"]), "XTLDR> cat \\WIDE.TXT\nA€\n", "UTF-16");
    assert_eq!(session(&[r"cat \RELEASE.TXT"]), "XTLDR> cat \\RELEASE.TXT\n");
    assert!(session(&[r"cat \LOCKED.TXT"]).contains("it cannot be read: access denied"));
}

#[test]
fn the_memory_map_is_shown_before_and_after_the_sanitiser() {
    let machine = Machine::new(PagingMode::Pml4);
    let typed = |line: &str| line.chars().map(Key::Char).chain([Key::Enter]).collect::<Vec<_>>();
    // A screen on which all of it is one page.
    let keys = [typed("memmap"), typed("menu")].concat();
    let script = Script::new(500, 120, keys.into_iter().map(Event::Press).collect::<Vec<_>>());
    assert_eq!(run(&script, &machine, &mut Memory::default()), Outcome::Menu);
    let printed = script.printed();
    for line in [
        "descriptors of 48 bytes",
        "\n  RuntimeServicesData        100000 -       10ffff       16  UC WC WT WB\n",
        "  ConventionalMemory",
        "What the kernel would get: ",
        "  firmware-temporary",
        "  pml4: ",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() < 80), "{printed}");
    assert!(printed.contains(" kept (") && printed.contains(" dropped"), "{printed}");
    assert_eq!(machine.firmware.outstanding(), 0, "all memory went back");
}

#[test]
fn a_map_that_cannot_be_had_is_told() {
    for (habits, expected) in [
        (Habits { growth: 600, ..Habits::default() }, "it has grown 4 times"),
        (Habits { failing: Some(0), ..Habits::default() }, "out of resources"),
        (Habits { stride: 44, ..Habits::default() }, "descriptor size of 44 bytes"),
    ] {
        let machine = Machine { firmware: Mock::new(habits), ..Machine::new(PagingMode::Pml4) };
        let shown = session_on(&machine, &["memmap"]);
        assert!(shown.contains("There is no memory map to show: ") && shown.contains(expected), "{shown}");
    }
}

#[test]
fn every_paging_mode_is_possible_or_says_why_not() {
    let cpu = |mode| session_on(&Machine::new(mode), &["cpu"]);
    let amd64 = cpu(PagingMode::Pml4);
    assert!(amd64.lines().all(|line| line.chars().count() < 80), "{amd64}");
    for line in [
        "Vendor     GenuineIntel, family 6, model 158, stepping 13\n",
        "Name       A processor of the tests\n",
        "RDRAND\n",
        "  pml2  not possible here: it takes 32-bit firmware\n",
        "  pml4  possible: every processor",
        "  pml5  not possible: the processor lacks LA57\n",
        "A boot now would take pml4: the processor lacks the wide mode.\n",
    ] {
        assert!(amd64.contains(line), "{line}: {amd64}");
    }
    assert!(cpu(PagingMode::Pml5).contains("A boot now would take pml5: the processor has the wide mode.\n"));
    let i686 = cpu(PagingMode::Pml3);
    assert!(i686.contains("  pml3  possible: the processor has it\n"), "{i686}");
    assert!(i686.contains("  pml4  not possible here: the processor has it"), "{i686}");
    assert!(cpu(PagingMode::Pml2).contains("  pml3  not possible: the processor lacks PAE\n"));
}
