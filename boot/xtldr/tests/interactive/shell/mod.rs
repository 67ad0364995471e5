//! The shell as a person uses it: lines typed, text read.

mod commands;
mod looking;
mod parameters;
mod typing;

use std::cell::RefCell;
use std::fmt;

use crate::support::console::Script;
use crate::support::firmware::{Habits, Mock};
use crate::support::modes::processor;
use xtcore::PagingMode;
use xtldr::console::Pager;
use xtldr::firmware::{Firmware, Status};
use xtldr::menu::{Entries, FirmwareSettings, Note, note};
use xtldr::shell::{self, Host, Memory, Module, Outcome, Volume};
use xtldr::volume::{FileFailure, FileInfo, FileKind};
use xtpaging::processor::{Cpuid, Leaf, Processor};

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

    fn list(&self, path: &str, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure> {
        let folder = format!(r"\{}\", path.trim_matches('\\')).replace(r"\\", r"\");
        if !FILES.iter().any(|(name, _)| name.starts_with(&folder)) {
            return Err(FileFailure::Missing);
        }
        for (name, bytes) in FILES {
            match name.strip_prefix(&folder).map(|name| name.split_once('\\').ok_or(name)) {
                Some(Err(name)) => each(&FileInfo { name, bytes: bytes.len() as u64, kind: FileKind::File }),
                Some(Ok((name, _))) => each(&FileInfo { name, bytes: 0, kind: FileKind::Folder }),
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

/// Lets somebody visit the shell.
fn run(script: &Script, machine: &Machine, memory: &mut Memory) -> Outcome {
    shell::run(&Pager::new(script), machine, memory)
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
