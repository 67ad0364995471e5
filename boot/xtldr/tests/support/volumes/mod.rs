//! Volumes, variables and a command line that are kept in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use xtldr::config::CommandLine;
use xtldr::firmware::Status;
use xtldr::volume::{
    FileFailure, FileInfo, FileKind, Files, Place, Role, Variable, Variables, Volume, VolumeInfo,
};

/// A volume: its ARC name, its label, its files by their paths.
#[derive(Clone, Debug)]
pub(crate) struct MockVolume {
    pub(crate) volume: Option<Volume>,
    pub(crate) role: Role,
    pub(crate) label: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// What a machine keeps.
#[derive(Default)]
pub(crate) struct Storage {
    pub(crate) volumes: Vec<MockVolume>,
    pub(crate) variables: RefCell<BTreeMap<&'static str, Vec<u8>>>,
    /// How often a variable was written.
    pub(crate) writes: Cell<usize>,
    /// What each write is answered with, if it fails.
    pub(crate) refusal: Option<Status>,
    pub(crate) load_options: Vec<u8>,
}

impl Storage {
    /// Adds a volume with files.
    pub(crate) fn with(mut self, volume: Option<Volume>, role: Role, files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        let label = format!("DISK {}", self.volumes.len());
        self.volumes.push(MockVolume { volume, role, label, files });
        self
    }

    fn volume(&self, wanted: Volume) -> Result<&MockVolume, FileFailure> {
        let is_it = |volume: &&MockVolume| match wanted {
            Volume::Own => volume.role == Role::Own,
            _ => volume.volume == Some(wanted),
        };
        self.volumes.iter().find(is_it).ok_or(FileFailure::NoVolume)
    }

    fn file(&self, at: &Place<'_>) -> Result<&[u8], FileFailure> {
        let volume = self.volume(at.volume)?;
        match volume.files.get(at.path) {
            Some(file) => Ok(file),
            None if volume.files.keys().any(|path| path.starts_with(&format!(r"{}\", at.path))) => {
                Err(FileFailure::NotAFile)
            }
            None => Err(FileFailure::Missing),
        }
    }
}

impl Files for Storage {
    fn bytes(&self, at: &Place<'_>) -> Result<u64, FileFailure> {
        self.file(at).map(|file| file.len() as u64)
    }

    fn read(&self, at: &Place<'_>, into: &mut [u8]) -> Result<usize, FileFailure> {
        let file = self.file(at)?;
        let length = file.len().min(into.len());
        into[..length].copy_from_slice(&file[..length]);
        Ok(length)
    }

    fn list(&self, at: &Place<'_>, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure> {
        let volume = self.volume(at.volume)?;
        if volume.files.contains_key(at.path) {
            return Err(FileFailure::NotAFolder);
        }
        let folder = format!(r"{}\", at.path.trim_end_matches('\\'));
        let mut last = "";
        for (path, bytes) in &volume.files {
            let Some(below) = path.strip_prefix(&folder) else { continue };
            match below.split_once('\\') {
                None => each(&FileInfo { name: below, bytes: bytes.len() as u64, kind: FileKind::File }),
                Some((name, _)) if name == last => {}
                Some((name, _)) => {
                    last = name;
                    each(&FileInfo { name, bytes: 0, kind: FileKind::Folder });
                }
            }
        }
        Ok(())
    }

    fn volumes(&self, each: &mut dyn FnMut(&VolumeInfo<'_>)) {
        for MockVolume { volume, role, label, .. } in &self.volumes {
            each(&VolumeInfo { volume: *volume, role: *role, label, bytes: 64 << 20 });
        }
    }
}

impl Variables for Storage {
    fn get(&self, variable: Variable, into: &mut [u8]) -> Option<usize> {
        let variables = self.variables.borrow();
        let value = variables.get(variable.name())?;
        into.get_mut(..value.len())?.copy_from_slice(value);
        Some(value.len())
    }

    fn set(&self, variable: Variable, value: &[u8]) -> Result<(), Status> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        self.writes.set(self.writes.get() + 1);
        self.variables.borrow_mut().insert(variable.name(), value.to_vec());
        Ok(())
    }
}

impl CommandLine for Storage {
    fn load_options(&self, into: &mut [u8]) -> usize {
        let fits = self.load_options.len().min(into.len());
        into[..fits].copy_from_slice(&self.load_options[..fits]);
        self.load_options.len()
    }
}
