//! The modules' files, `\EFI\BOOT\XTLDR\MODULES\<architecture>\<NAME>.EFI` on the loader's own volume.

use alloc::vec::Vec;
use core::fmt::Write;

use xtcore::choice::Architecture;
use xtldr::arch;
use xtldr::config::BootPath;
use xtldr::firmware::Status;
use xtldr::modules::{FOLDER, Library, MAX_FILE_BYTES, Name, Reason};
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
        let folder = match arch::ARCHITECTURE {
            Architecture::Amd64 => "AMD64",
            Architecture::I686 => "I686",
        };
        let mut path = BootPath::new();
        // The folder's name and a module's are far shorter than a path may be.
        let written = write!(path, r"{FOLDER}\{folder}\{name}.EFI");
        debug_assert!(written.is_ok(), "a module's path fits");
        let firmware = self.modules.books().firmware;
        let at = Place { volume: Volume::Own, path: &path };
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
