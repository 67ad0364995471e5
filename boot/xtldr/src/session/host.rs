//! What the shell's commands look at.

use core::fmt::{self, Write};

use arrayvec::ArrayString;
use xtpaging::processor::{Cpuid, Processor};

use super::Machine;
use super::entries::Listed;
use crate::config::{MAX_PATH_BYTES, Names};
use crate::firmware::Firmware;
use crate::menu::{Entries, FirmwareSettings};
use crate::modules::{Kind, ModuleLoader, RunFailure};
use crate::shell::{self, Module};
use crate::volume::{ArcPath, FileFailure, FileInfo, Place, SEPARATORS, Volume, backslashed};

/// The session as the shell sees it.
pub(super) struct Host<'s> {
    pub(super) machine: &'s Machine<'s>,
    pub(super) modules: Option<&'s dyn ModuleLoader>,
    pub(super) entries: &'s Listed<'s>,
    pub(super) selected: usize,
}

/// Calls `act` with the place that a typed path names: with a volume in front, else on the loader's own, from its root
/// also without a separator. Separators may be of either kind.
fn at<R>(path: &str, act: impl FnOnce(&Place<'_>) -> Result<R, FileFailure>) -> Result<R, FileFailure> {
    let (volume, folder) = match ArcPath::parse(path) {
        Ok(path) => (path.volume(), path.folder()),
        // What begins like a device and is none names no volume.
        Err(_) if path.contains('(') => return Err(FileFailure::NoVolume),
        Err(_) => (Volume::Own, path),
    };
    let mut whole = ArrayString::<MAX_PATH_BYTES>::new();
    let root = if folder.starts_with(SEPARATORS) { "" } else { "\\" };
    for character in root.chars().chain(backslashed(folder)) {
        whole.try_push(character).map_err(|_| FileFailure::Missing)?;
    }
    act(&Place { volume, path: &whole })
}

impl shell::Host for Host<'_> {
    fn firmware(&self) -> &dyn Firmware {
        self.machine.firmware
    }

    fn processor(&self) -> &Processor {
        self.machine.processor
    }

    fn cpuid(&self) -> &dyn Cpuid {
        self.machine.cpuid
    }

    fn entries(&self) -> &dyn Entries {
        self.entries
    }

    fn default_entry(&self) -> usize {
        self.selected
    }

    fn firmware_settings(&self) -> FirmwareSettings {
        self.machine.firmware_settings
    }

    fn volumes(&self, each: &mut dyn FnMut(&shell::Volume<'_>)) {
        self.machine.firmware.volumes(&mut |info| {
            let mut path = ArrayString::<64>::new();
            // The longest name of a volume is shorter.
            let _ = info.volume.map(|volume| write!(path, "{volume}"));
            each(&shell::Volume { path: &path, label: info.label, bytes: info.bytes });
        });
    }

    fn list(&self, path: &str, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure> {
        at(path, |place| self.machine.firmware.list(place, each))
    }

    fn file_bytes(&self, path: &str) -> Result<u64, FileFailure> {
        at(path, |place| self.machine.firmware.bytes(place))
    }

    fn read_file(&self, path: &str, into: &mut [u8]) -> Result<usize, FileFailure> {
        at(path, |place| self.machine.firmware.read(place, into))
    }

    fn modules(&self, each: &mut dyn FnMut(&Module<'_>)) {
        let Some(modules) = self.modules else { return };
        modules.list(&mut |loaded| {
            let info = &loaded.info;
            each(&Module { name: info.name.as_str(), version: info.version, description: info.description });
        });
    }

    fn insert_module(&self, name: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        let Some(modules) = self.modules else {
            return writeln!(out, "The firmware lets the loader have no boot modules.");
        };
        let mut result = Ok(());
        let mut failed = false;
        modules.load_all(Names::new(name), &mut |error| {
            failed = true;
            result = result.and_then(|()| writeln!(out, "{error}"));
        });
        result?;
        if failed { Ok(()) } else { writeln!(out, "{name} is loaded.") }
    }

    fn commands(&self, each: &mut dyn FnMut(&str, &str)) {
        let Some(modules) = self.modules else { return };
        modules.provided(&mut |thing| {
            if thing.kind == Kind::Command {
                each(thing.name.as_str(), thing.help);
            }
        });
    }

    fn run(&self, command: &str, arguments: &str, out: &mut dyn fmt::Write) -> Option<fmt::Result> {
        match self.modules?.run(command, arguments) {
            Ok(()) => Some(Ok(())),
            Err(RunFailure::Unknown) => None,
            Err(failure) => Some(writeln!(out, "{command}: {failure}")),
        }
    }
}
