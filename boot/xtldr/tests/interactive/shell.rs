//! The shell as a person uses it: lines typed, text read.

use std::cell::RefCell;
use std::fmt;

use crate::support::console::{Event, Script};
use crate::support::firmware::{Habits, Mock};
use crate::support::modes::processor;
use xtcore::PagingMode;
use xtldr::firmware::{Firmware, Status};
use xtldr::menu::{Entries, FirmwareSettings, Note, note};
use xtldr::shell::{Host, Item, ItemKind, Memory, Module, Outcome, Volume, WordError, Words, run};
use xtldr::volume::FileFailure;
use xtpaging::processor::{Cpuid, Leaf, Processor};
use xtterm::key::Key;

/// A machine with two entries, of which the second is broken, and a few files.
struct Machine {
    firmware: Mock,
    processor: Processor,
    settings: FirmwareSettings,
    inserted: RefCell<Vec<String>>,
}

const FILES: [(&str, &[u8]); 4] = [
    (r"\README.TXT", b"first\r\nsecond\t\x01\xff\r\n"),
    (r"\WIDE.TXT", b"\xff\xfeA\0\xac\x20"),
    (r"\RELEASE.TXT", b""),
    (r"\EFI\XTLDR.INI", b"[XTLDR]"),
];

impl Machine {
    fn new(mode: PagingMode) -> Self {
        Self {
            firmware: Mock::new(Habits::default()),
            processor: processor(mode),
            settings: FirmwareSettings::Offered,
            inserted: RefCell::default(),
        }
    }

    fn file(path: &str) -> Result<&'static [u8], FileFailure> {
        match path {
            r"\LOCKED.TXT" => Err(FileFailure::Refused(Status(15))),
            _ => FILES
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, bytes)| *bytes)
                .ok_or(FileFailure::Missing),
        }
    }
}

impl Entries for Machine {
    fn len(&self) -> usize {
        2
    }

    fn name(&self, index: usize) -> &str {
        ["XTOS", "Second"][index]
    }

    fn title(&self, index: usize) -> &str {
        ["XTOS, the system", "The second"][index]
    }

    fn note(&self, index: usize) -> Option<Note> {
        (index == 1).then(|| note(&"KernelFile is missing"))
    }
}

impl Cpuid for Machine {
    fn read(&self, leaf: u32, _subleaf: u32) -> Leaf {
        let text = |text: &[u8; 16]| {
            let word = |at: usize| u32::from_le_bytes(text[at..at + 4].try_into().unwrap());
            Leaf { eax: word(0), ebx: word(4), ecx: word(8), edx: word(12) }
        };
        match leaf {
            0 => Leaf { eax: 7, ebx: 0x756e_6547, edx: 0x4965_6e69, ecx: 0x6c65_746e },
            1 => Leaf { eax: 0x0009_06ed, ecx: 1 << 30, ..Leaf::default() },
            0x8000_0000 => Leaf { eax: 0x8000_0008, ..Leaf::default() },
            0x8000_0001 => Leaf { edx: 1 << 29, ..Leaf::default() },
            0x8000_0002 => text(b"A processor of t"),
            0x8000_0003 => text(b"he tests\0\0\0\0\0\0\0\0"),
            _ => Leaf::default(),
        }
    }
}

impl Host for Machine {
    fn firmware(&self) -> &dyn Firmware {
        &self.firmware
    }

    fn processor(&self) -> &Processor {
        &self.processor
    }

    fn cpuid(&self) -> &dyn Cpuid {
        self
    }

    fn entries(&self) -> &dyn Entries {
        self
    }

    fn default_entry(&self) -> usize {
        0
    }

    fn firmware_settings(&self) -> FirmwareSettings {
        self.settings
    }

    fn volumes(&self, each: &mut dyn FnMut(&Volume<'_>)) {
        each(&Volume { path: "multi(0)disk(0)rdisk(0)partition(1)", label: "XTOS", bytes: 64 << 20 });
    }

    fn list(&self, path: &str, each: &mut dyn FnMut(&Item<'_>)) -> Result<(), FileFailure> {
        let folder = format!(r"\{}\", path.trim_matches('\\')).replace(r"\\", r"\");
        if !FILES.iter().any(|(name, _)| name.starts_with(&folder)) {
            return Err(FileFailure::Missing);
        }
        for (name, bytes) in FILES {
            match name.strip_prefix(&folder).map(|name| name.split_once('\\').ok_or(name)) {
                Some(Err(name)) => each(&Item { name, bytes: bytes.len() as u64, kind: ItemKind::File }),
                Some(Ok((name, _))) => each(&Item { name, bytes: 0, kind: ItemKind::Folder }),
                None => {}
            }
        }
        Ok(())
    }

    fn file_bytes(&self, path: &str) -> Result<u64, FileFailure> {
        Self::file(path).map(|bytes| bytes.len() as u64)
    }

    fn read_file(&self, path: &str, into: &mut [u8]) -> Result<usize, FileFailure> {
        let bytes = Self::file(path)?;
        into.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn modules(&self, each: &mut dyn FnMut(&Module<'_>)) {
        for name in self.inserted.borrow().iter() {
            each(&Module { name, version: "0.1.0", description: "a module of the tests" });
        }
    }

    fn commands(&self, each: &mut dyn FnMut(&str, &str)) {
        each("echo", "says what it is told");
    }

    fn run(&self, command: &str, arguments: &str, out: &mut dyn fmt::Write) -> Option<fmt::Result> {
        (command == "echo").then(|| writeln!(out, "[{arguments}]"))
    }

    fn insert_module(&self, name: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        if name == "missing" {
            return writeln!(out, "there is no module {name}");
        }
        self.inserted.borrow_mut().push(name.into());
        writeln!(out, "{name} is loaded")
    }
}

/// Types lines and `menu` behind them, and returns what was printed between the greeting and that.
fn session(lines: &[&str]) -> String {
    session_on(&Machine::new(PagingMode::Pml4), lines)
}

fn session_on(machine: &Machine, lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().copied().chain(["menu"]).collect();
    let script = Script::typing(&lines);
    assert_eq!(run(&script, machine, &mut Memory::default()), Outcome::Menu);
    assert_eq!(machine.firmware.outstanding(), 0, "all memory went back");
    let printed = script.printed();
    let (_, printed) = printed.split_once('\n').unwrap();
    printed.strip_suffix("XTLDR> menu\n").unwrap().to_owned()
}

/// What one line leads to.
fn outcome(line: &str) -> Outcome {
    run(&Script::typing(&[line]), &Machine::new(PagingMode::Pml4), &mut Memory::default())
}

fn boot(entry: usize, parameters: &str) -> Outcome {
    Outcome::Boot { entry, parameters: parameters.try_into().unwrap() }
}

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

#[test]
fn the_sessions_parameters_decide_the_mode_of_the_next_boot() {
    let machine = Machine::new(PagingMode::Pml5);
    let cpu = |lines: &[&str]| session_on(&machine, &[lines, &["cpu"]].concat());
    assert!(cpu(&["set noxpa"]).contains("A boot now would take pml4: the parameter NOXPA"));
    assert!(cpu(&["set NOXPA", "unset noxpa"]).contains("A boot now would take pml5"));
    assert!(cpu(&["set NOXPA", "set XPA"]).contains("No boot: both NOXPA and XPA are set."));
    let without = session_on(&Machine::new(PagingMode::Pml4), &["set XPA", "cpu"]);
    assert!(without.contains("No boot: XPA is set, and the processor lacks pml5."), "{without}");
}

#[test]
fn a_parameter_is_set_once_listed_and_taken_away() {
    let mut memory = Memory::default();
    let machine = Machine::new(PagingMode::Pml4);
    let lines =
        ["set", "set A=1", "set B", "set a=2", "set", "unset C", "set =X", "set \"D=two words\"", "menu"];
    let script = Script::typing(&lines);
    run(&script, &machine, &mut memory);
    assert_eq!(memory.parameters.text(), "B a=2");
    let printed = script.printed();
    for line in [
        "Nothing is set.\n",
        "\n  B\n  a=2\n",
        "C was not set.\n",
        "=X is not set: a parameter is KEY",
        "two words is not set: a parameter holds no white space",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(memory.parameters.set(&"K".repeat(2000)).is_err(), "no room");
    assert_eq!(memory.parameters.text(), "B a=2", "a refusal changes nothing");
}

#[test]
fn modules_are_listed_and_loaded_by_name() {
    let shown = session(&["lsmod", "insmod beep", "lsmod", "insmod missing"]);
    assert!(shown.contains("No module is loaded.\n"), "{shown}");
    assert!(shown.contains("beep is loaded\n"), "{shown}");
    assert!(shown.contains("  beep         0.1.0    a module of the tests\n"), "{shown}");
    assert!(shown.contains("there is no module missing\n"), "{shown}");
}

#[test]
fn long_output_pages_and_can_be_left() {
    let screen = |then: &[Key]| {
        let keys = "help".chars().map(Key::Char).chain([Key::Enter]).chain(then.iter().copied());
        let keys = keys.chain("menu".chars().map(Key::Char)).chain([Key::Enter]);
        let script = Script::new(10, 80, keys.map(Event::Press).collect::<Vec<_>>());
        assert_eq!(run(&script, &Machine::new(PagingMode::Pml4), &mut Memory::default()), Outcome::Menu);
        (script.seen()[5].clone(), script.printed())
    };
    let (more, left) = screen(&[Key::Char('q')]);
    assert!(more.ends_with("-- more -- (Space: a page, Enter: a line, q: enough)"), "{more}");
    assert_eq!(more.lines().count(), 10, "nine lines and the question: {more}");
    assert!(left.contains("\n  cpu ") && !left.contains("\n  reboot "), "{left}");
    assert!(!left.contains("-- more"), "the question is gone");
    let (_, whole) = screen(&[Key::Enter, Key::Tab, Key::Char(' ')]);
    assert!(whole.contains("\n  poweroff ") && !whole.contains("-- more"), "{whole}");
}

#[test]
fn earlier_lines_come_back_and_words_are_completed() {
    let script = |keys: &[&[Key]]| Script::pressing(keys.concat());
    let typed = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
    let machine = Machine::new(PagingMode::Pml4);
    let mut memory = Memory::default();

    let ls = script(&[
        &typed("ls \\REA"),
        &[Key::Tab, Key::Home],
        &typed("x"),
        &[Key::Ctrl('c')],
        &typed("ex"),
        &[Key::Tab, Key::Enter],
    ]);
    assert_eq!(run(&ls, &machine, &mut memory), Outcome::Menu);
    assert!(ls.printed().contains("XTLDR> xls \\README.TXT \nXTLDR> exit \n"), "{}", ls.printed());

    let up = script(&[&typed("ver"), &[Key::Enter, Key::Up, Key::Up, Key::Enter]]);
    assert_eq!(run(&up, &machine, &mut memory), Outcome::Menu, "the line of the last visit");

    let ambiguous = script(&[
        &typed("u"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("re"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("cat \\RE"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("boot s"),
        &[Key::Tab, Key::Ctrl('u')],
        &typed("menu"),
        &[Key::Enter],
    ]);
    run(&ambiguous, &machine, &mut memory);
    let printed = ambiguous.printed();
    assert!(printed.contains("\\README.TXT  \\RELEASE.TXT  \n"), "{printed}");
    let screens = ambiguous.seen().join("\n");
    assert!(
        screens.contains("XTLDR> unset ")
            && screens.contains("XTLDR> reboot ")
            && screens.contains("XTLDR> boot Second "),
        "{screens}"
    );
}

#[test]
fn a_line_longer_than_the_screen_scrolls_sideways() {
    let mut keys: Vec<Key> = "x".repeat(100).chars().map(Key::Char).collect();
    keys.extend([Key::Home, Key::Char('y'), Key::Ctrl('c')]);
    keys.extend("menu".chars().map(Key::Char));
    keys.push(Key::Enter);
    let script = Script::pressing(keys);
    run(&script, &Machine::new(PagingMode::Pml4), &mut Memory::default());
    let seen = script.seen();
    let last = |screen: &String| screen.lines().last().unwrap().to_owned();
    assert_eq!(last(&seen[100]), format!("XTLDR> {}", "x".repeat(71)), "room for the cursor");
    assert_eq!(last(&seen[102]), format!("XTLDR> y{}", "x".repeat(71)));
}

#[test]
fn quotes_hold_words_together_and_backslashes_are_themselves() {
    fn words(line: &str) -> Result<Vec<String>, WordError> {
        Words::split(line).map(|words| words.iter().map(str::to_owned).collect())
    }

    assert_eq!(words(r#"cat "\A FOLDER\B" c"#).unwrap(), ["cat", r"\A FOLDER\B", "c"]);
    assert_eq!(words(r#"a"b c"d "" e"#).unwrap(), ["ab cd", "", "e"]);
    assert_eq!(words(" \t ").unwrap(), Vec::<String>::new());
    assert_eq!(words(r#"say "hello"#), Err(WordError::OpenQuote));
    assert_eq!(words(&"x ".repeat(40)), Err(WordError::TooMany));
    assert_eq!(words(&"x".repeat(257)), Err(WordError::TooLong));
    assert!(session(&[r#"say "hello"#]).contains("a quote (\") is opened and not closed\n"));
}
