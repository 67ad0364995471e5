//! The menu as a person sees it, on a screen of text.

use crate::support::console::{Event, Script};
use xtldr::console::Wait;
use xtldr::menu::{
    EditOutcome, Entries, Field, FieldValue, FirmwareSettings, Note, Outcome, View, edit, note, show,
};
use xtterm::key::Key;

/// Titles, and why an entry cannot be booted.
struct List(Vec<(String, Option<&'static str>)>);

impl List {
    fn usual() -> Self {
        Self(vec![
            ("XTOS".into(), None),
            ("XTOS, the other one".into(), Some("XTLDR.INI, line 12: SystemPath is missing")),
            ("A second loader".into(), None),
        ])
    }

    fn long(length: usize) -> Self {
        Self((1..=length).map(|number| (format!("Entry {number}"), None)).collect())
    }
}

impl Entries for List {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn name(&self, index: usize) -> &str {
        &self.0[index].0
    }

    fn title(&self, index: usize) -> &str {
        &self.0[index].0
    }

    fn note(&self, index: usize) -> Option<Note> {
        self.0[index].1.map(|text| note(&text))
    }
}

fn view(entries: &List) -> View<'_> {
    View {
        heading: "XTLDR 0.1.0 (amd64)",
        entries,
        selected: 0,
        countdown: None,
        message: None,
        firmware_settings: FirmwareSettings::Offered,
    }
}

fn press(key: Key) -> Event {
    Event::Press(key)
}

/// What comes of keys in the usual menu.
fn outcome(keys: &[Key]) -> Outcome {
    let entries = List::usual();
    show(&Script::pressing(keys.iter().copied()), &mut view(&entries))
}

#[test]
fn the_menu_fits_a_screen_of_eighty_by_twenty_five() {
    let entries = List::usual();
    let script = Script::pressing([Key::Enter]);
    let mut view = View { countdown: Some(5), message: Some("the kernel is missing"), ..view(&entries) };
    show(&script, &mut view);
    let expected = "                              XTLDR 0.1.0 (amd64)

 ┌─ Boot ─────────────────────────────────────────────────────────────────────┐
 │> XTOS                                                                      │
 │  XTOS, the other one (cannot boot)                                         │
 │  A second loader                                                           │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 │                                                                            │
 └────────────────────────────────────────────────────────────────────────────┘
  Boots in 5 s; any key stops the countdown.
  the kernel is missing

  Enter boot   e edit   s shell   F1/h help   F10/f firmware settings
  F11/r reboot   F12/p power off";
    assert_eq!(script.last_seen().replace('\u{A0}', " "), expected);
}

#[test]
fn a_broken_entry_says_why_and_does_not_boot() {
    let entries = List::usual();
    let script = Script::pressing([Key::Down, Key::Enter, Key::Right, Key::Char('e')]);
    assert_eq!(show(&script, &mut view(&entries)), Outcome::Edit(1), "it may be mended");
    assert!(script.last_seen().contains("\n  XTLDR.INI, line 12: SystemPath is missing\n"));
    assert_eq!(script.seen().len(), 4, "Enter and the arrow lead nowhere");
}

#[test]
fn every_command_has_a_key_and_a_letter() {
    for (keys, expected) in [
        ([Key::Enter, Key::Right], Outcome::Boot(0)),
        ([Key::Char('e'), Key::Char('E')], Outcome::Edit(0)),
        ([Key::Char('s'), Key::Char('S')], Outcome::Shell),
        ([Key::F(10), Key::Char('f')], Outcome::FirmwareSettings),
        ([Key::F(11), Key::Char('r')], Outcome::Reboot),
        ([Key::F(12), Key::Char('p')], Outcome::PowerOff),
    ] {
        for key in keys {
            assert_eq!(outcome(&[key]), expected, "{key:?}");
        }
    }
}

#[test]
fn the_countdown_boots_the_selected_entry() {
    let entries = List::usual();
    let script = Script::new(25, 80, [Event::Elapse, Event::Elapse]);
    let mut view = View { selected: 2, countdown: Some(2), ..view(&entries) };
    assert_eq!(show(&script, &mut view), Outcome::Boot(2));
    assert_eq!(script.waits(), [Wait::Milliseconds(1000); 2]);
    let lines: Vec<bool> = script.seen().iter().map(|screen| screen.contains("Boots in 2 s")).collect();
    assert_eq!(lines, [true, false]);
}

#[test]
fn any_key_stops_the_countdown() {
    for key in [Key::Up, Key::Char('x'), Key::Escape, Key::Tab] {
        let entries = List::usual();
        let script = Script::new(25, 80, [Event::Elapse, press(key), press(Key::Char('s'))]);
        let mut view = View { countdown: Some(9), ..view(&entries) };
        assert_eq!(show(&script, &mut view), Outcome::Shell);
        assert_eq!((view.countdown, script.waits().last()), (None, Some(&Wait::Forever)));
        assert!(!script.last_seen().contains("countdown"));
    }
}

#[test]
fn a_countdown_towards_a_broken_entry_does_not_run() {
    let entries = List::usual();
    let script = Script::pressing([Key::Char('s')]);
    show(&script, &mut View { selected: 1, countdown: Some(3), ..view(&entries) });
    assert_eq!(script.waits(), [Wait::Forever]);
}

#[test]
fn more_entries_than_rows_scroll() {
    let entries = List::long(40);
    let script =
        Script::pressing([Key::PageDown, Key::PageDown, Key::Down, Key::End, Key::Home, Key::Up, Key::Enter]);
    assert_eq!(show(&script, &mut view(&entries)), Outcome::Boot(0));
    let seen = script.seen();
    let marks = |screen: &String| (screen.contains('↑'), screen.contains('↓'));
    assert_eq!(marks(&seen[0]), (false, true));
    assert_eq!(marks(&seen[2]), (true, true));
    assert!(
        seen[1].contains("> Entry 17\n") || seen[1].contains("> Entry 17 "),
        "a page has sixteen rows: {}",
        seen[1]
    );
    assert!(seen[4].contains("> Entry 40"));
    assert_eq!(marks(&seen[4]), (true, false));
    assert!(seen[5].contains("> Entry 1 "));
}

#[test]
fn a_title_longer_than_the_line_is_cut() {
    let entries = List(vec![("x".repeat(200), None), ("y".repeat(200), Some("broken"))]);
    let script = Script::pressing([Key::Enter]);
    show(&script, &mut view(&entries));
    let lines: Vec<String> = script.last_seen().lines().map(str::to_owned).collect();
    assert_eq!(lines[3], format!(" │> {}…  │", "x".repeat(71)));
    assert_eq!(lines[4], format!(" │  {}… (cannot boot)  │", "y".repeat(57)));
}

#[test]
fn help_explains_every_key_and_leads_back() {
    let entries = List::usual();
    for key in [Key::F(1), Key::Char('h'), Key::Char('?')] {
        let script = Script::pressing([key, Key::Char('r'), Key::Enter]);
        assert_eq!(
            show(&script, &mut view(&entries)),
            Outcome::Boot(0),
            "the key that closes help does nothing else"
        );
        let help = &script.seen()[1];
        for name in ["Enter", "F1/h", "F10/f", "F11/r", "F12/p", "PageDown"] {
            assert!(help.contains(name), "{help}");
        }
    }
}

#[test]
fn settings_that_a_firmware_lacks_are_not_offered() {
    let entries = List::usual();
    let script = Script::pressing([Key::F(10), Key::Char('f'), Key::F(1), Key::Enter, Key::Enter]);
    let mut view = View { firmware_settings: FirmwareSettings::Missing, ..view(&entries) };
    assert_eq!(show(&script, &mut view), Outcome::Boot(0));
    assert!(script.seen().iter().all(|screen| !screen.contains("F10")));
}

#[test]
fn without_entries_there_is_still_the_shell() {
    let entries = List(Vec::new());
    let script = Script::pressing([Key::Enter, Key::Char('e'), Key::Down, Key::Char('s')]);
    let mut view = View { countdown: Some(3), ..view(&entries) };
    assert_eq!(show(&script, &mut view), Outcome::Shell);
    assert!(script.last_seen().contains("no entry to boot"));
}

#[test]
fn no_screen_is_too_small() {
    for rows in 0..14 {
        for columns in [0, 1, 2, 3, 5, 10, 40] {
            let entries = List::long(3);
            let keys = [Key::Down, Key::F(1), Key::Enter, Key::Enter].map(press);
            let script = Script::new(rows, columns, keys);
            assert_eq!(show(&script, &mut view(&entries)), Outcome::Boot(1), "{columns}x{rows}");
            let keys = [Key::Enter, Key::Char('x'), Key::F(10)].map(press);
            edit(&Script::new(rows, columns, keys), "Edit", &mut fields());
        }
    }
}

fn fields() -> Vec<Field> {
    let field = |name, value: &str| Field { name, value: FieldValue::from(value).unwrap() };
    vec![
        field("SystemPath", r"\XTOS"),
        field("KernelFile", "XTOSKRNL.EXE"),
        field("Parameters", "DEBUG=COM1"),
    ]
}

fn typed(text: &str) -> impl Iterator<Item = Key> {
    text.chars().map(Key::Char)
}

#[test]
fn a_parameter_is_edited_in_and_booted() {
    let mut fields = fields();
    let keys = [Key::End, Key::Enter].into_iter().chain(typed(" NOXPA")).chain([Key::Enter, Key::Ctrl('x')]);
    let script = Script::pressing(keys);
    assert_eq!(edit(&script, "Edit XTOS", &mut fields), EditOutcome::Boot);
    assert_eq!(&*fields[2].value, "DEBUG=COM1 NOXPA");
    let expected = "                                   Edit XTOS

    SystemPath  \\XTOS
    KernelFile  XTOSKRNL.EXE
  > Parameters  DEBUG=COM1 NOXPA
";
    assert!(script.last_seen().starts_with(expected), "{}", script.last_seen());
}

#[test]
fn a_change_is_kept_by_enter_and_dropped_by_escape() {
    let mut fields = fields();
    let keys = [Key::Enter].into_iter().chain(typed("X")).chain([Key::Escape, Key::Down, Key::Enter]);
    let keys = keys.chain(typed("X")).chain([Key::Enter, Key::Escape]);
    assert_eq!(edit(&Script::pressing(keys), "Edit", &mut fields), EditOutcome::Cancel);
    assert_eq!((&*fields[0].value, &*fields[1].value), (r"\XTOS", "XTOSKRNL.EXEX"));
}

#[test]
fn booting_keeps_the_field_that_is_being_typed() {
    let mut fields = fields();
    let keys = [Key::Enter].into_iter().chain(typed("2")).chain([Key::F(10)]);
    assert_eq!(edit(&Script::pressing(keys), "Edit", &mut fields), EditOutcome::Boot);
    assert_eq!(&*fields[0].value, r"\XTOS2");
}

#[test]
fn a_value_longer_than_its_row_is_shown_whole_below() {
    let mut fields = fields();
    let long = (1..40).map(|number| format!("KEY{number}")).collect::<Vec<_>>().join(" ");
    fields[2].value = FieldValue::from(&long).unwrap();
    let script = Script::pressing([Key::End, Key::Enter, Key::Escape, Key::Escape]);
    edit(&script, "Edit", &mut fields);
    let seen = script.seen();
    assert!(!seen[0].contains("KEY39") && seen[1].contains("KEY39"), "{}", seen[1]);
    let typing = seen[2].lines().nth(4).unwrap();
    assert!(typing.ends_with("KEY38 KEY39"), "the field has scrolled to its end: {typing:?}");
}

#[test]
fn fields_that_are_no_fields_do_no_harm() {
    let script = Script::pressing([Key::Enter, Key::Down, Key::Ctrl('x')]);
    assert_eq!(edit(&script, "Edit", &mut []), EditOutcome::Boot);
}
