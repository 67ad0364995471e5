//! The files on the guest's EFI system partition.
//!
//! The partition is a folder that the emulator shows to the guest as a FAT disk. It is built anew for each boot:
//!
//! ```text
//! \EFI\BOOT\BOOTX64.EFI or BOOTIA32.EFI     the loader, or what starts it
//! \EFI\BOOT\XTLDR\XTLDR.INI                 the configuration
//! \EFI\BOOT\XTLDR\MODULES\AMD64\ or I686\   the boot modules, for guests that have some
//! \EFI\BOOT\XTLDR64.EFI                   the loader, when something else starts it
//! \XTOS\AMD64\ or \XTOS\I686\XTOSKRNL.EXE   the kernel
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xtcore::choice::Architecture;

use super::damage::Damage;

/// How the firmware comes to start the loader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BootLoader {
    /// Directly, under the name that firmware looks for.
    Direct(PathBuf),
    /// By way of an application that changes the processor's state first and then starts
    /// `\EFI\BOOT\XTLDR64.EFI`.
    Behind {
        /// The application that the firmware starts.
        shim: PathBuf,
        /// The loader.
        loader: PathBuf,
    },
}

/// The kernel's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kernel {
    /// The file as it was built.
    Intact(PathBuf),
    /// A copy with one thing wrong.
    Damaged(PathBuf, Damage),
    /// No file at all.
    Missing,
}

/// How the lines of the configuration end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LineEnds {
    /// A line feed.
    Lf,
    /// A carriage return and a line feed.
    CrLf,
}

/// The loader's configuration file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Configuration {
    /// The one entry that every boot has, with the boot's kernel parameters.
    Standard(LineEnds),
    /// This text instead.
    Verbatim(String),
    /// No file at all.
    Missing,
}

/// The files on the system partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EspFiles {
    /// The loader.
    pub loader: BootLoader,
    /// The kernel.
    pub kernel: Kernel,
    /// The configuration.
    pub configuration: Configuration,
    /// The boot modules; the configuration says which of them are loaded.
    pub modules: Vec<PathBuf>,
    /// Further files: where they lie on the partition, with `/` between the names, and where they come from.
    pub others: Vec<(String, PathBuf)>,
}

impl EspFiles {
    /// Describes an ordinary disk: this loader, this kernel, the standard configuration, no boot modules.
    #[must_use]
    pub fn new(loader: PathBuf, kernel: PathBuf) -> Self {
        Self {
            loader: BootLoader::Direct(loader),
            kernel: Kernel::Intact(kernel),
            configuration: Configuration::Standard(LineEnds::Lf),
            modules: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Returns the bytes of the kernel file as the guest will see it, or `None` when there is none.
    ///
    /// # Errors
    /// The file cannot be read, or it is no image and therefore cannot be damaged.
    pub fn kernel_bytes(&self) -> io::Result<Option<Vec<u8>>> {
        match &self.kernel {
            Kernel::Missing => Ok(None),
            Kernel::Intact(path) => read(path).map(Some),
            Kernel::Damaged(path, damage) => {
                let mut image = read(path)?;
                damage.apply(&mut image).map_err(io::Error::other)?;
                Ok(Some(image))
            }
        }
    }

    /// Builds the partition in the folder `root`, which is emptied first.
    ///
    /// # Errors
    /// A source file cannot be read or the folder cannot be written.
    pub(crate) fn install(
        &self,
        architecture: Architecture,
        parameters: &str,
        root: &Path,
    ) -> io::Result<()> {
        if root.exists() {
            fs::remove_dir_all(root)?;
        }
        let boot = root.join("EFI").join("BOOT");
        let own = boot.join("XTLDR");
        fs::create_dir_all(&own)?;

        let (application, folder) = match architecture {
            Architecture::Amd64 => ("BOOTX64.EFI", "AMD64"),
            Architecture::I686 => ("BOOTIA32.EFI", "I686"),
        };
        match &self.loader {
            BootLoader::Direct(loader) => fs::write(boot.join(application), read(loader)?)?,
            BootLoader::Behind { shim, loader } => {
                fs::write(boot.join(application), read(shim)?)?;
                fs::write(boot.join("XTLDR64.EFI"), read(loader)?)?;
            }
        }
        if let Some(text) = self.configuration.text(parameters) {
            fs::write(own.join("XTLDR.INI"), text)?;
        }
        if !self.modules.is_empty() {
            let modules = own.join("MODULES").join(folder);
            fs::create_dir_all(&modules)?;
            for module in &self.modules {
                let name = module.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
                fs::write(modules.join(name), read(module)?)?;
            }
        }
        for (path, source) in &self.others {
            let place = root.join(path);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(place, read(source)?)?;
        }
        if let Some(image) = self.kernel_bytes()? {
            let system = root.join("XTOS").join(folder);
            fs::create_dir_all(&system)?;
            fs::write(system.join("XTOSKRNL.EXE"), image)?;
        }
        Ok(())
    }
}

impl Configuration {
    /// Returns the file's text, or `None` when there is no file.
    #[must_use]
    pub fn text(&self, parameters: &str) -> Option<String> {
        let ends = match self {
            Self::Missing => return None,
            Self::Verbatim(text) => return Some(text.clone()),
            Self::Standard(LineEnds::Lf) => "\n",
            Self::Standard(LineEnds::CrLf) => "\r\n",
        };
        let lines = [
            "[XTLDR]",
            "Default=XTOS",
            "Timeout=0",
            "[XTOS]",
            "SystemName=XT Operating System",
            "SystemType=XTOS",
            "SystemPath=\\XTOS",
            "KernelFile=XTOSKRNL.EXE",
        ];
        Some(format!("{}{ends}Parameters={parameters}{ends}", lines.join(ends)))
    }
}

/// Reads a file; the error names it, which the system's own does not.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
