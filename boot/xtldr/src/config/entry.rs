//! What a section says about a system to boot.

use core::fmt::Write;

use arrayvec::ArrayString;
use xtboot::parameters::{self, Parameters};
use xtcore::choice::Architecture;

use super::{ConfigError, Configuration};

/// The only kind of system that this loader starts.
const SYSTEM_TYPE: &str = "XTOS";

/// The most bytes of a path on the boot volume.
pub const MAX_PATH_BYTES: usize = 260;

/// A path on the boot volume.
pub type BootPath = ArrayString<MAX_PATH_BYTES>;

/// A system to boot. Its path starts with a backslash, and its file name holds none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The section's name.
    pub name: &'a str,
    /// What to call the system; the section's name where the configuration doesn't say.
    pub title: &'a str,
    /// The folder of the system.
    path: &'a str,
    /// The kernel's file name.
    kernel: &'a str,
    /// The kernel parameters.
    pub parameters: Parameters<'a>,
}

impl<'a> Entry<'a> {
    pub(super) fn read(configuration: &Configuration<'a>, name: &'a str) -> Result<Self, ConfigError<'a>> {
        let system = configuration.required(name, "SystemType")?;
        if !system.eq_ignore_ascii_case(SYSTEM_TYPE) {
            return Err(ConfigError::SystemType { section: name, found: system });
        }
        let path = configuration.required(name, "SystemPath")?;
        if !path.starts_with('\\') {
            return Err(ConfigError::Path { section: name, key: "SystemPath", found: path });
        }
        let kernel = configuration.required(name, "KernelFile")?;
        // The longest path is the one with the architecture's folder in it.
        let longest = path.len() + r"\AMD64\".len() + kernel.len();
        if kernel.contains(['\\', '/']) || longest > MAX_PATH_BYTES {
            return Err(ConfigError::Path { section: name, key: "KernelFile", found: kernel });
        }
        let text = configuration.value(name, "Parameters").unwrap_or_default();
        if text.len() > parameters::MAX_BYTES {
            return Err(ConfigError::Parameters { section: name, bytes: text.len() });
        }
        Ok(Self {
            name,
            title: configuration.value(name, "SystemName").filter(|title| !title.is_empty()).unwrap_or(name),
            path,
            kernel,
            parameters: Parameters::new(text),
        })
    }

    /// Returns where the kernel may lie, the likeliest place first: in the architecture's folder, then beside it, so
    /// that one entry serves both architectures.
    #[must_use]
    pub fn kernel_paths(&self, architecture: Architecture) -> [BootPath; 2] {
        let folder = match architecture {
            Architecture::Amd64 => r"AMD64\",
            Architecture::I686 => r"I686\",
        };
        [folder, ""].map(|folder| {
            let mut path = BootPath::new();
            let base = self.path.trim_end_matches('\\');
            // `read` has made sure of the room.
            let written = write!(path, r"{base}\{folder}{}", self.kernel);
            debug_assert!(written.is_ok(), "an entry's paths fit");
            path
        })
    }
}
