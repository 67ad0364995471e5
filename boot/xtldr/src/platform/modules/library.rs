//! The modules' files, on the loader's own volume.

use alloc::vec::Vec;

use xtldr::arch;
use xtldr::firmware::Status;
use xtldr::modules::{self, Library, MAX_FILE_BYTES, Name, Reason};
use xtldr::volume::{FileFailure, Files, Place, Volume};

use super::Modules;

/// The folder with the modules for this processor.
pub(super) struct Folder<'m, 'f> {
    modules: &'m Modules<'f>,
}

impl<'m, 'f> Folder<'m, 'f> {
    /// Names the folder, for a loader that knows which modules are loaded.
    pub(super) const fn new(modules: &'m Modules<'f>) -> Self {
        Self { modules }
    }
}

impl Library for Folder<'_, '_> {
    type File = Vec<u8>;

    fn read(&self, name: &Name) -> Result<Vec<u8>, Reason> {
        let firmware = self.modules.books().firmware;
        let at = Place { volume: Volume::Own, path: &modules::path(arch::ARCHITECTURE, name) };
        let bytes = firmware.bytes(&at).map_err(Reason::File)?;
        let limit = MAX_FILE_BYTES as u64;
        let length = usize::try_from(bytes).ok().filter(|length| *length <= MAX_FILE_BYTES);
        let length = length.ok_or(Reason::TooLarge { bytes, limit })?;
        let mut file = Vec::new();
        let no_memory = Reason::File(FileFailure::Refused(Status::OUT_OF_RESOURCES));
        file.try_reserve_exact(length).map_err(|_| no_memory)?;
        file.resize(length, 0);
        let read = firmware.read(&at, &mut file).map_err(Reason::File)?;
        file.truncate(read);
        Ok(file)
    }

    fn is_loaded(&self, name: &Name) -> bool {
        self.modules.is_loaded(name)
    }
}
