//! The whole way, with somebody at the keyboard: menu, editor, shell, and back on errors.

use xtcore::PagingMode;
use xtldr::menu::FirmwareSettings;
use xtldr::session::Leave;
use xtldr::volume::{Role, Volume};
use xtterm::key::Key;

use crate::support::console::{Event, Script};
use crate::support::firmware::{Habits, Mock};
use crate::support::judge::HandedOver;
use crate::support::modes::{architecture, processor};
use crate::support::pe;
use crate::support::session::{Around, Ended, session};
use crate::support::volumes::Storage;

pub(super) const MODE: PagingMode = PagingMode::Pml5;

const TWO: &str = "\
[XTLDR]
Timeout=3
KeepLastBoot=YES
[FIRST]
SystemName=The first
SystemType=XTOS
SystemPath=\\NOWHERE
KernelFile=K.EXE
[SECOND]
SystemName=The second
SystemType=XTOS
SystemPath=\\XTOS
KernelFile=K.EXE
Parameters=DEBUG=COM1
";

pub(super) fn disk(configuration: &str) -> Mock {
    let mut mock = Mock::with_kernel(Habits::default(), "", pe::kernel(architecture(MODE)).build());
    mock.put(xtldr::config::PATH, configuration.as_bytes().to_vec());
    mock
}

pub(super) fn keys(text: &str) -> Vec<Event> {
    let key = |character| match character {
        '\n' => Key::Enter,
        '\t' => Key::Down,
        '\x18' => Key::Ctrl('x'),
        character => Key::Char(character),
    };
    text.chars().map(|character| Event::Press(key(character))).collect()
}

pub(super) fn person(events: Vec<Event>) -> Script {
    Script::new(25, 80, events)
}

/// Has a person press keys on an ordinary disk.
fn pressed(mock: &Mock, console: &Script) -> Ended {
    session(mock, &processor(MODE), &Around { console, ..Around::default() })
}

/// What the kernel is told, after everything that was told before.
fn parameters(mock: &Mock, ended: Ended) -> String {
    let Ended::Kernel(ready) = ended else { panic!("no kernel: {ended:?}\n{}", mock.text()) };
    HandedOver::find(mock, &processor(MODE), ready).verify().unwrap().parameters().text().to_owned()
}

#[test]
fn the_countdown_boots_the_entry_that_is_selected_and_a_refusal_comes_back_to_the_menu() {
    let mock = disk(TWO);
    // Three seconds go by; the first has no kernel, so the menu is there again, with the message; then the second.
    let events = [vec![Event::Elapse; 3], keys("\t\n")].concat();
    let console = person(events);
    let ended = pressed(&mock, &console);
    assert!(matches!(ended, Ended::Kernel(_)), "{ended:?}");
    let seen = console.seen();
    assert!(seen[0].contains("The first") && seen[0].contains("in 3 s"), "{}", seen[0]);
    assert!(seen[3].contains(r"there is no kernel: neither \NOWHERE\AMD64\K.EXE nor"), "{}", seen[3]);
    assert!(!seen[3].contains(" s;"), "the countdown does not begin again: {}", seen[3]);
    assert!(mock.text().contains("not found"), "{}", mock.text());
}

#[test]
fn the_editor_changes_one_boot_and_session_parameters_are_appended() {
    let mock = disk(TWO);
    // The editor's first field is Parameters.
    let console = person(keys("\te\n NOXPA\n\x18"));
    let Ended::Kernel(ready) = pressed(&mock, &console) else { panic!("{}", mock.text()) };
    assert_eq!(ready.mode, PagingMode::Pml4);

    let mock = disk(TWO);
    let console = person(keys("sset STRESS=off\nboot SECOND ROUNDS=3\n"));
    assert_eq!(parameters(&mock, pressed(&mock, &console)), "DEBUG=COM1 STRESS=off ROUNDS=3");
}

#[test]
fn what_was_booted_last_is_selected_the_next_time() {
    let storage = Storage::default().with(Some(Volume::HardDisk { disk: 0, partition: 1 }), Role::Own, &[]);
    let around = |console| Around { console, variables: &storage, ..Around::default() };
    let first = person(keys("\t\n"));
    assert!(matches!(session(&disk(TWO), &processor(MODE), &around(&first)), Ended::Kernel(_)));
    let second = person(keys("\n"));
    assert!(matches!(session(&disk(TWO), &processor(MODE), &around(&second)), Ended::Kernel(_)));
    assert!(second.seen()[0].contains("> The second"), "{}", second.seen()[0]);
    assert_eq!(storage.writes.get(), 1, "what is known is not written again");
}

#[test]
fn without_a_configuration_there_is_a_menu_that_says_so_and_a_shell() {
    let mut mock = disk(TWO);
    mock.remove(xtldr::config::PATH);
    let console = person(keys("sver\nmenu\np"));
    assert!(matches!(pressed(&mock, &console), Ended::Left(Leave::PowerOff)));
    assert!(console.seen()[0].contains("XTLDR.INI: there is no such file"), "{}", console.seen()[0]);
    assert!(console.printed().contains("XTLDR 0.1.0"));
    assert_eq!(mock.outstanding(), 0);
}

#[test]
fn the_command_line_counts_more_than_the_file() {
    let mock = disk(TWO);
    let options: Vec<u8> =
        "XTLDR.EFI Default=SECOND Timeout=0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let storage = Storage { load_options: options, ..Storage::default() };
    let ended = session(&mock, &processor(MODE), &Around { command_line: &storage, ..Around::default() });
    assert_eq!(parameters(&mock, ended), "DEBUG=COM1");
}

#[test]
fn the_watchdog_is_armed_for_the_way_to_the_kernel_and_never_while_somebody_is_asked() {
    let mock = disk(TWO);
    let Ended::Kernel(_) = pressed(&mock, &person(keys("\t\n"))) else { panic!("{}", mock.text()) };
    assert_ne!(mock.watchdog.get(), 0, "leaving boot services disarms it");
    let mock = disk(TWO);
    assert!(matches!(pressed(&mock, &person(keys("\np"))), Ended::Left(Leave::PowerOff)));
    assert_eq!(mock.watchdog.get(), 0);
}

#[test]
fn a_command_line_that_names_no_system_leaves_the_choice_to_the_file() {
    let mock = disk(&TWO.replace("KeepLastBoot=YES", "Default=SECOND"));
    let options: Vec<u8> = "Default=NOPE Timeout=0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let storage = Storage { load_options: options, ..Storage::default() };
    let ended = session(&mock, &processor(MODE), &Around { command_line: &storage, ..Around::default() });
    assert_eq!(parameters(&mock, ended), "DEBUG=COM1");
    assert!(mock.text().contains("command line, key Default"), "{}", mock.text());
}

#[test]
fn a_default_that_names_no_system_is_told_and_nothing_boots_unasked() {
    let mock = disk(&TWO.replace("Timeout=3\nKeepLastBoot=YES", "Timeout=0\nDefault=SECON"));
    let console = person(keys("p"));
    assert!(matches!(pressed(&mock, &console), Ended::Left(Leave::PowerOff)));
    assert!(mock.refusal().contains("SECON"), "{}", mock.refusal());
}

#[test]
fn what_is_wrong_with_the_configuration_is_still_there_when_the_menu_has_come_up() {
    let mock = disk(&TWO.replace("Timeout=3", "Timeuot=3\nTune"));
    let console = person(keys("p"));
    assert!(matches!(pressed(&mock, &console), Ended::Left(Leave::PowerOff)));
    let page = &console.seen()[0];
    assert!(page.contains("Timeuot") && page.contains("and 1 more"), "{page}");
}

#[test]
fn a_line_that_nobody_can_read_cannot_be_edited_away() {
    let text = TWO.replace("Parameters=DEBUG=COM1", "KernelSha256=00\u{1}");
    let mock = disk(&text);
    let console = person(keys("\te\n NOXPA\n\x18p"));
    assert!(matches!(pressed(&mock, &console), Ended::Left(Leave::PowerOff)));
    assert!(mock.refusal().contains("line 14"), "{}", mock.refusal());
}

#[test]
fn paths_in_the_shell_may_leave_the_root_out() {
    let mock = disk(TWO);
    let console = person(keys("sls XTOS\ncat EFI/BOOT/XTLDR/XTLDR.INI\nls multi(1)\nls\nmenu\np"));
    assert!(matches!(pressed(&mock, &console), Ended::Left(Leave::PowerOff)));
    let printed = console.printed();
    assert!(printed.contains("K.EXE") && printed.contains("SystemName=The second"), "{printed}");
    assert!(printed.contains("multi(1): there is no such volume"), "{printed}");
    assert!(printed.contains("0 files of 0 bytes"), "{printed}");
}

#[test]
fn a_firmware_that_does_not_show_its_settings_is_told_of_in_the_menu() {
    for typed in ["fp", "sreboot firmware\np"] {
        let mock = disk(TWO);
        let console = person(keys(typed));
        let around =
            Around { console: &console, firmware_settings: FirmwareSettings::Offered, ..Around::default() };
        assert!(matches!(session(&mock, &processor(MODE), &around), Ended::Left(Leave::PowerOff)));
        let told = "the firmware does not show its settings: out of resources";
        assert!(console.last_seen().contains(told), "{typed}: {}", console.last_seen());
        assert!(mock.text().contains(told), "{}", mock.text());
    }
}
