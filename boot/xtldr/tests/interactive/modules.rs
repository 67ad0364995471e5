//! Sessions with boot modules: what loads them, what they start, and where their lines are read.

use std::cell::RefCell;

use xtldr::config::Names;
use xtldr::firmware::Status;
use xtldr::modules::{
    LoadFailure, Loaded, ModuleError, ModuleHost, ModuleLoader, ModuleSystem, Name, Provided, Reason as Why,
    Request, RunFailure, Surroundings,
};
use xtldr::session::Leave;
use xtldr::volume::FileFailure;
use xtterm::key::Key;

use super::session::{MODE, disk, keys, person};
use crate::support::console::{Event, Script};
use crate::support::firmware::Mock;
use crate::support::modes::processor;
use crate::support::session::{Around, Ended, session};

/// Modules that are loaded by being asked for, one of which starts systems.
#[derive(Default)]
struct Modules {
    loaded: RefCell<Vec<String>>,
    booted: RefCell<Vec<String>>,
}

impl ModuleHost for Modules {
    fn load(&self, _: &Name, _: &[u8]) -> Result<(), LoadFailure> {
        Err(LoadFailure::Refused(Status::NOT_FOUND))
    }

    fn list(&self, _: &mut dyn FnMut(&Loaded<'_>)) {}

    fn provided(&self, _: &mut dyn FnMut(&Provided<'_>)) {}

    fn boot(&self, system: &str, request: &Request<'_>) -> Result<(), RunFailure> {
        let Request { volume, title, folder, kernel, initrd, parameters } = request;
        let told = format!("{system}: {title}, {volume} {folder} {kernel} [{initrd}] {parameters}");
        self.booted.borrow_mut().push(told);
        if system == "CHAINLOADER" { Ok(()) } else { Err(RunFailure::Unknown) }
    }

    fn run(&self, _: &str, _: &str) -> Result<(), RunFailure> {
        Err(RunFailure::Unknown)
    }
}

impl ModuleLoader for Modules {
    fn load_all(&self, wanted: Names<'_>, tell: &mut dyn FnMut(&ModuleError<'_>)) {
        for name in wanted.iter() {
            if name == "missing" {
                let module = Name::new(name).unwrap();
                let reason = Why::File(FileFailure::Missing);
                tell(&ModuleError::Module { module, wanted_by: None, reason });
            } else {
                self.loaded.borrow_mut().push(name.to_owned());
            }
        }
    }
}

/// Lends the modules, and notes what the loader tells them.
struct Lent<'m>(&'m Modules, RefCell<Option<String>>);

impl ModuleSystem for Lent<'_> {
    fn with(&self, around: &dyn Surroundings, hold: &mut dyn FnMut(Option<&dyn ModuleLoader>)) {
        *self.1.borrow_mut() = around.setting("dummy.greeting").map(str::to_owned);
        hold(Some(self.0));
    }
}

#[test]
fn modules_are_loaded_asked_to_start_systems_and_missed_where_they_are_needed() {
    let mock = disk(
        "[XTLDR]\nModules=acpi missing beep\nDummy.Greeting=Good day\n\
         [OTHER]\nSystemType=CHAINLOADER\nSystemPath=multi(0)disk(0)rdisk(1)partition(2)/EFI/A\nKernelFile=B.EFI\n\
         Parameters=quiet\n\
         [UNKNOWN]\nSystemType=NT50\nSystemPath=\\\n\
         [NEEDS]\nSystemType=XTOS\nSystemPath=\\XTOS\nKernelFile=K.EXE\nBootModules=missing\n",
    );
    let modules = Modules::default();
    let lent = Lent(&modules, RefCell::default());
    let console = person(keys("\n\t\n\t\np"));
    let around = Around { console: &console, modules: &lent, ..Around::default() };
    assert!(matches!(session(&mock, &processor(MODE), &around), Ended::Left(Leave::PowerOff)));
    assert_eq!(*modules.loaded.borrow(), ["acpi", "beep"]);
    assert_eq!(lent.1.borrow().as_deref(), Some("Good day"));
    assert_eq!(
        *modules.booted.borrow(),
        [
            r"CHAINLOADER: OTHER, multi(0)disk(0)rdisk(1)partition(2) \EFI\A B.EFI [] quiet",
            r"NT50: UNKNOWN, multi(0)esp(0) \  [] ",
        ]
    );
    let seen = console.seen();
    assert!(seen[0].contains("missing"), "a module that cannot be loaded: {}", seen[0]);
    assert!(seen.iter().any(|page| page.contains("OTHER has come back.")));
    assert!(seen.iter().any(|page| page.contains("SystemType NT50: no boot module provides it")));
    assert!(seen.last().unwrap().contains("missing"), "a boot without its module: {}", seen.last().unwrap());
    assert_eq!(mock.outstanding(), 0);
}

/// A module that greets when it is loaded and provides a command that says many lines.
struct Talker<'s> {
    around: &'s dyn Surroundings,
    /// How many lines of its command it could say.
    said: &'s RefCell<Vec<usize>>,
}

impl ModuleHost for Talker<'_> {
    fn load(&self, _: &Name, _: &[u8]) -> Result<(), LoadFailure> {
        Ok(())
    }

    fn list(&self, _: &mut dyn FnMut(&Loaded<'_>)) {}

    fn provided(&self, _: &mut dyn FnMut(&Provided<'_>)) {}

    fn boot(&self, _: &str, _: &Request<'_>) -> Result<(), RunFailure> {
        Err(RunFailure::Unknown)
    }

    fn run(&self, _: &str, lines: &str) -> Result<(), RunFailure> {
        let lines = 0..lines.parse().unwrap();
        let said = lines.take_while(|line| self.around.print(format_args!("line {line}.")).is_ok()).count();
        self.said.borrow_mut().push(said);
        Ok(())
    }
}

impl ModuleLoader for Talker<'_> {
    fn load_all(&self, wanted: Names<'_>, _: &mut dyn FnMut(&ModuleError<'_>)) {
        for name in wanted.iter() {
            self.around.print(format_args!("{name} greets")).unwrap();
        }
    }
}

/// Lends the talker, and keeps what it could say.
#[derive(Default)]
struct Talking(RefCell<Vec<usize>>);

impl ModuleSystem for Talking {
    fn with(&self, around: &dyn Surroundings, hold: &mut dyn FnMut(Option<&dyn ModuleLoader>)) {
        hold(Some(&Talker { around, said: &self.0 }));
    }
}

/// Holds a session with the talker, and returns how much it could say each time.
fn talked(mock: &Mock, console: &Script) -> Vec<usize> {
    let talking = Talking::default();
    let around = Around { console, modules: &talking, ..Around::default() };
    assert!(matches!(session(mock, &processor(MODE), &around), Ended::Left(Leave::PowerOff)));
    talking.0.into_inner()
}

const HIDDEN: &str = "\
[XTLDR]
Modules=first
Debug=COM2
[A]
SystemType=XTOS
SystemPath=\\
KernelFile=K
BootModules=third
";

#[test]
fn what_a_module_prints_is_on_the_screen_wherever_the_loaders_lines_go() {
    let mock = disk(HIDDEN);
    let console = person(keys("\nsinsmod second\nmenu\np"));
    assert_eq!(talked(&mock, &console), []);
    let announced = mock.announced.borrow();
    assert!(announced.iter().any(|line| line == "first greets"), "{announced:?}");
    assert!(announced.iter().any(|line| line == "third greets"), "{announced:?}");
    let printed = console.printed();
    assert!(printed.contains("second greets\nsecond is loaded.\n"), "what the shell asks for: {printed}");
    assert!(!mock.text().contains("second greets"), "said twice: {}", mock.text());
}

#[test]
fn a_modules_command_is_read_a_page_at_a_time_like_any_other() {
    let mock = disk(HIDDEN);
    let typed = [keys("stalk 30\n"), vec![Event::Press(Key::Char(' '))], keys("talk 3\ntalk 300\nqmenu\np")];
    let console = person(typed.concat());
    assert_eq!(talked(&mock, &console), [30, 3, 24], "a screen has 24 lines beside the question");
    let printed = console.printed();
    assert!(printed.contains("line 29.\nXTLDR> talk 3\n"), "{printed}");
    assert!(!printed.contains("line 24.\nXTLDR"), "{printed}");
    let asked = console.seen().iter().filter(|screen| screen.ends_with("q: enough)")).count();
    assert_eq!(asked, 2, "a short output is not asked about");
}
