//! What a section says about a system to boot.

mod edits;

pub use edits::{Edits, EntryKey};

use core::fmt::{self, Write};

use arrayvec::ArrayString;
use xtboot::parameters::{self, Parameters};
use xtcore::choice::Architecture;

use super::error::{At, ConfigError, Fault};
use super::section::{Value, Values};
use super::settings::Names;
use crate::volume::{ArcPath, SEPARATORS, backslashed};

/// The most bytes of a path on a volume.
pub const MAX_PATH_BYTES: usize = 260;

/// A path on a volume.
pub type BootPath = ArrayString<MAX_PATH_BYTES>;

/// Returns the name of the folder with what is for one architecture alone.
pub(crate) const fn folder_of(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Amd64 => "AMD64",
        Architecture::I686 => "I686",
    }
}

/// The bytes of a SHA-256.
const DIGEST_BYTES: usize = 32;

/// How a system is started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemType<'a> {
    /// By the XTOS boot protocol.
    Xtos,
    /// As another EFI application.
    Chainloader,
    /// By a boot module that knows this type.
    Other(&'a str),
}

impl<'a> SystemType<'a> {
    fn read(text: &'a str) -> Self {
        if text.eq_ignore_ascii_case("XTOS") {
            Self::Xtos
        } else if text.eq_ignore_ascii_case("CHAINLOADER") {
            Self::Chainloader
        } else {
            Self::Other(text)
        }
    }
}

/// A system to boot. File names in it hold no folder, and its paths fit a [`BootPath`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The section's name.
    pub name: &'a str,
    /// What to call the system; the section's name where the configuration doesn't say.
    pub title: &'a str,
    /// How to start it.
    pub system: SystemType<'a>,
    /// The folder of the system.
    pub path: ArcPath<'a>,
    /// The kernel's file name; for a chainloader the application's. Empty only in systems of other types.
    pub kernel: &'a str,
    /// The file name of what the kernel is to find in memory.
    pub initrd: Option<&'a str>,
    /// The kernel parameters.
    pub parameters: Parameters<'a>,
    /// The modules to load before the system is started.
    pub boot_modules: Names<'a>,
    /// The SHA-256 that the kernel's file must have.
    pub sha256: Option<[u8; DIGEST_BYTES]>,
    /// The section as a place, for messages.
    at: At<'a>,
    /// The values that the rest was read from.
    values: Values<'a, { EntryKey::COUNT }>,
}

impl<'a> Entry<'a> {
    pub(super) fn read(
        at: At<'a>,
        name: &'a str,
        values: Values<'a, { EntryKey::COUNT }>,
    ) -> Result<Self, ConfigError<'a>> {
        let reader = Reader { at, values: &values };
        Ok(Self {
            name,
            title: reader.title()?.unwrap_or(name),
            system: reader.system()?,
            path: reader.path()?,
            kernel: reader.kernel()?,
            initrd: reader.file(EntryKey::InitrdFile)?.map(|value| value.text),
            parameters: reader.parameters()?,
            boot_modules: Names::new(values.get(EntryKey::BootModules).map_or("", |value| value.text)),
            sha256: reader.digest()?,
            at,
            values,
        })
    }

    /// Returns everything that is wrong with the values of a section.
    pub(super) fn faults(
        at: At<'a>,
        values: &Values<'a, { EntryKey::COUNT }>,
    ) -> impl Iterator<Item = ConfigError<'a>> + use<'a> {
        let reader = Reader { at, values };
        [
            reader.title().err(),
            reader.system().err(),
            reader.path().err(),
            reader.kernel().err(),
            reader.file(EntryKey::InitrdFile).err(),
            reader.parameters().err(),
            reader.digest().err(),
        ]
        .into_iter()
        .flatten()
    }

    /// Returns the entry with other values.
    ///
    /// # Errors
    /// A value cannot be used; the error says that it was edited.
    pub fn with<'e>(&self, edits: &Edits<'e>) -> Result<Entry<'e>, ConfigError<'e>>
    where
        'a: 'e,
    {
        Entry::read(self.at, self.name, edits.over(self.values)?)
    }

    /// Returns the value of a key as the configuration or the editor has it; empty where it was not given.
    #[must_use]
    pub fn text(&self, key: EntryKey) -> &'a str {
        self.values.get(key).map_or("", |value| value.text)
    }

    /// Returns where the kernel may lie on its volume, the likeliest place first: in the architecture's folder, then beside
    /// it, so that one entry serves both architectures.
    #[must_use]
    pub fn kernel_paths(&self, architecture: Architecture) -> [BootPath; 2] {
        let folder = folder_of(architecture);
        [self.file_path(&format_args!(r"{folder}\{}", self.kernel)), self.file_path(&self.kernel)]
    }

    /// Returns where the initrd lies on the system's volume, if the entry has one.
    #[must_use]
    pub fn initrd_path(&self) -> Option<BootPath> {
        self.initrd.map(|file| self.file_path(&file))
    }

    /// Returns the system's folder on its volume, without a separator at its end.
    #[must_use]
    pub fn folder_path(&self) -> BootPath {
        let mut path = BootPath::new();
        for character in backslashed(self.path.folder().trim_end_matches(SEPARATORS)) {
            // `read` has made sure of the room.
            let _ = path.try_push(character);
        }
        path
    }

    fn file_path(&self, file: &dyn fmt::Display) -> BootPath {
        let mut path = self.folder_path();
        let written = write!(path, r"\{file}");
        debug_assert!(written.is_ok(), "an entry's paths fit");
        path
    }
}

/// Reads the parts of an entry one by one, so that all faults can be told and the first one be returned.
struct Reader<'v, 'a> {
    at: At<'a>,
    values: &'v Values<'a, { EntryKey::COUNT }>,
}

impl<'a> Reader<'_, 'a> {
    fn required(&self, key: EntryKey) -> Result<Value<'a>, ConfigError<'a>> {
        match self.values.get(key) {
            Some(value) if !value.text.is_empty() => Ok(value),
            Some(value) => Err(value.error(Fault::EmptyValue)),
            None => Err(self.at.key(key.name()).error(Fault::MissingKey)),
        }
    }

    fn title(&self) -> Result<Option<&'a str>, ConfigError<'a>> {
        match self.values.some(EntryKey::SystemName) {
            // Titles are drawn in a menu, where a tabulator has no place.
            Some(value) if value.text.contains('\t') => Err(value.error(Fault::Control { found: '\t' })),
            value => Ok(value.map(|value| value.text)),
        }
    }

    fn system(&self) -> Result<SystemType<'a>, ConfigError<'a>> {
        self.required(EntryKey::SystemType).map(|value| SystemType::read(value.text))
    }

    fn path(&self) -> Result<ArcPath<'a>, ConfigError<'a>> {
        let value = self.required(EntryKey::SystemPath)?;
        let path = ArcPath::parse(value.text).map_err(|error| value.error(Fault::Path(error)))?;
        match path.folder().len() {
            0..=MAX_PATH_BYTES => Ok(path),
            bytes => Err(value.error(Fault::PathBytes { bytes })),
        }
    }

    fn kernel(&self) -> Result<&'a str, ConfigError<'a>> {
        let needs_one = !matches!(self.system(), Ok(SystemType::Other(_)) | Err(_));
        if needs_one {
            self.required(EntryKey::KernelFile)?;
        }
        Ok(self.file(EntryKey::KernelFile)?.map_or("", |value| value.text))
    }

    /// Returns the name of a file, if there is one.
    fn file(&self, key: EntryKey) -> Result<Option<Value<'a>>, ConfigError<'a>> {
        let Some(value) = self.values.some(key) else { return Ok(None) };
        if value.text.contains(['\\', '/', ':']) {
            return Err(value.error(Fault::FileName { found: value.text }));
        }
        // The longest path is the one with the architecture's folder in it.
        let folder = self.path().map_or(0, |path| path.folder().len());
        let bytes = folder + r"\AMD64\".len() + value.text.len();
        if bytes > MAX_PATH_BYTES {
            return Err(value.error(Fault::PathBytes { bytes }));
        }
        Ok(Some(value))
    }

    fn parameters(&self) -> Result<Parameters<'a>, ConfigError<'a>> {
        let Some(value) = self.values.get(EntryKey::Parameters) else { return Ok(Parameters::default()) };
        let bytes = value.text.len();
        if bytes > parameters::MAX_BYTES {
            return Err(value.error(Fault::Parameters { bytes }));
        }
        Ok(Parameters::new(value.text))
    }

    fn digest(&self) -> Result<Option<[u8; DIGEST_BYTES]>, ConfigError<'a>> {
        let Some(value) = self.values.get(EntryKey::KernelSha256) else { return Ok(None) };
        // An empty value demands nothing by its looks, and everything by what somebody meant: it is refused.
        match digest(value.text) {
            Some(digest) => Ok(Some(digest)),
            None => Err(value.error(Fault::Digest { found: value.text })),
        }
    }
}

fn digest(text: &str) -> Option<[u8; DIGEST_BYTES]> {
    let (digits, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digits: &[[u8; 2]; DIGEST_BYTES] = digits.try_into().ok()?;
    let mut digest = [0; DIGEST_BYTES];
    for (byte, [high, low]) in digest.iter_mut().zip(digits) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(digest)
}
