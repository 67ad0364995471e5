//! Commands: found, explained, and where they lead.

use xtcore::PagingMode;
use xtldr::menu::FirmwareSettings;
use xtldr::shell::Outcome;

use super::{Machine, boot, outcome, session, session_on};

#[test]
fn an_unknown_command_says_so_and_points_at_help() {
    assert_eq!(
        session(&["hlep me"]),
        "XTLDR> hlep me\nThere is no command hlep. `help` lists those that there are.\n"
    );
}

#[test]
fn every_command_is_in_help_and_explains_itself() {
    let help = session(&["help"]);
    for name in [
        "help", "ver", "volumes", "ls", "cat", "memmap", "cpu", "set", "unset", "lsmod", "insmod", "entries",
        "boot", "menu", "exit", "reboot", "poweroff",
    ] {
        assert!(help.contains(&format!("\n  {name} ")), "{name}: {help}");
        assert!(session(&[&format!("help {name}")]).contains(&format!("\n{name} ")), "{name}");
    }
    assert!(help.lines().all(|line| line.chars().count() < 80), "{help}");
}

#[test]
fn too_many_or_too_few_words_show_the_usage() {
    assert_eq!(session(&["cat"]), "XTLDR> cat\nUsage: cat PATH\n");
    assert_eq!(session(&["ls a b"]), "XTLDR> ls a b\nUsage: ls [PATH]\n");
    assert_eq!(session(&["", "   "]), "XTLDR> \nXTLDR>    \n", "nothing is nothing");
}

#[test]
fn the_ways_out_lead_where_they_say() {
    assert_eq!(outcome("menu"), Outcome::Menu);
    assert_eq!(outcome("EXIT"), Outcome::Menu);
    assert_eq!(outcome("reboot"), Outcome::Reboot);
    assert_eq!(outcome("reboot FIRMWARE"), Outcome::FirmwareSettings);
    assert_eq!(outcome("poweroff"), Outcome::PowerOff);
}

#[test]
fn an_entry_boots_by_name_or_number_with_more_parameters() {
    assert_eq!(outcome("boot"), boot(0, ""));
    assert_eq!(outcome("boot xtos NOXPA \"A=B\""), boot(0, "NOXPA A=B"));
    assert_eq!(outcome("boot 1"), boot(0, ""));
    assert_eq!(outcome("boot DEBUG=COM2 NOXPA"), boot(0, "DEBUG=COM2 NOXPA"));
}

#[test]
fn what_cannot_boot_says_why() {
    assert!(session(&["boot second"]).ends_with("\nSecond cannot boot: KernelFile is missing\n"));
    assert!(
        session(&["boot XTSO"])
            .ends_with("\nThere is no entry XTSO. `entries` lists those that there are.\n")
    );
    assert!(session(&["boot 3", "boot 0"]).contains("There is no entry 0."));
    let list = session(&["entries"]);
    assert!(list.contains("*  1  XTOS             XTOS, the system\n"), "{list}");
    assert!(
        list.contains("   2  Second           The second\n      cannot boot: KernelFile is missing\n"),
        "{list}"
    );
}

#[test]
fn firmware_without_settings_cannot_be_sent_there() {
    let machine = Machine { settings: FirmwareSettings::Missing, ..Machine::new(PagingMode::Pml4) };
    assert!(session_on(&machine, &["reboot firmware"]).contains("cannot be told to show its settings"));
    assert!(session_on(&machine, &["reboot disk"]).contains("goes nowhere but"));
}

#[test]
fn modules_are_listed_and_loaded_by_name() {
    let shown = session(&["lsmod", "insmod beep", "lsmod", "insmod missing"]);
    assert!(shown.contains("No module is loaded.\n"), "{shown}");
    assert!(shown.contains("beep is loaded\n"), "{shown}");
    assert!(shown.contains("  beep         0.1.0    a module of the tests\n"), "{shown}");
    assert!(shown.contains("there is no module missing\n"), "{shown}");
}
