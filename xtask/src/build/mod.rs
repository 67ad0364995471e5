//! Building the loader, its modules and the kernel, and putting the images where everything else takes them from.
//!
//! Images go to `<target>/xtos/<way>/<architecture>/`, one folder per toolchain so that both can be booted side by
//! side, those with their assertions checked to its folder `checked`. A file there is replaced by a rename, and only if
//! its bytes change: a guest that is booting from it is not disturbed.

pub(crate) mod hash;
mod identity;
mod pe;
pub(crate) mod symbols;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtcore::choice::Architecture;

use crate::target;
use crate::toolchain::{Toolchain, flags};
use crate::workspace::Workspace;
use crate::{process, progress};

/// How much is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What a user boots.
    System,
    /// Also the images that only tests boot.
    WithTestImages,
}

/// What the compiler is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As users get it.
    Release,
    /// With every debug assertion, and the order of the kernel's locks watched.
    Checked,
}

impl Profile {
    /// Cargo's name of it, and that of its folder.
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Checked => "checked",
        }
    }
}

/// The images of one architecture, built by one toolchain.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    /// What they are for.
    pub(crate) architecture: Architecture,
    /// The loader.
    pub(crate) loader: PathBuf,
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The boot modules.
    pub(crate) modules: Vec<PathBuf>,
    /// Images that only tests boot; `None` where they were not asked for.
    pub(crate) testing: Option<TestImages>,
}

/// Images that only tests boot.
#[derive(Debug, Clone)]
pub(crate) struct TestImages {
    /// The loader with its test-only switches, which damage what it hands over.
    pub(crate) tampering_loader: PathBuf,
    /// Sets LA57 and starts the loader, because no firmware here enters in 5-level paging; amd64 only.
    pub(crate) la57_shim: Option<PathBuf>,
    /// The kernel as [`Profile::Checked`] has it.
    pub(crate) checked_kernel: PathBuf,
}

/// One binary of the workspace.
#[derive(Debug, Clone, Copy)]
struct Product {
    package: &'static str,
    features: &'static [&'static str],
    file: &'static str,
    names: Names,
}

/// Whether an image carries the names of its functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// It does, see [`symbols`].
    Inside,
    /// It does not: only its debug file has them.
    Apart,
}

const KERNEL: Product =
    Product { package: "xtoskrnl", features: &[], file: "XTOSKRNL.EXE", names: Names::Inside };
const TAMPERING: Product =
    Product { package: "xtldr", features: &["tamper"], file: "TAMPER.EFI", names: Names::Apart };
const LA57_SHIM: Product =
    Product { package: "la57shim", features: &[], file: "LA57SHIM.EFI", names: Names::Apart };

/// The boot modules: packages and their binaries. Short names are others' in the world of packages.
pub(crate) const MODULES: [(&str, &str); 5] = [
    ("xtmod-acpi", "acpi"),
    ("xtmod-beep", "beep"),
    ("xtmod-chainldr", "chainldr"),
    ("xtmod-dummy", "dummy"),
    ("xtmod-framebuf", "framebuf"),
];

/// Builds the images for `architecture`, as far as they are not up to date. Those of the checked profile have a folder of their
/// own.
///
/// # Errors
/// The sources do not compile, packages cannot be fetched, or the build folder cannot be written.
pub(crate) fn images(
    workspace: &Workspace,
    toolchain: &Toolchain,
    architecture: Architecture,
    profile: Profile,
    extent: Extent,
) -> Result<Images> {
    let (name, way) = (architecture.name(), toolchain.way.name());
    let what = format!("building for {name} with Rust {} ({way}, {})", toolchain.release, profile.name());
    progress::step(&what, || {
        let build = Build { profile, ..Build::prepare(workspace, toolchain, architecture)? };
        let file = target::boot_file(architecture);
        let loader = Product { package: "xtldr", features: &[], file, names: Names::Apart };
        let testing = match extent {
            Extent::System => None,
            Extent::WithTestImages => Some(TestImages {
                tampering_loader: build.product(TAMPERING)?,
                la57_shim: match architecture {
                    Architecture::Amd64 => Some(build.product(LA57_SHIM)?),
                    Architecture::I686 => None,
                },
                checked_kernel: Build { profile: Profile::Checked, ..build.clone() }.product(KERNEL)?,
            }),
        };
        let modules = build.modules()?;
        let (loader, kernel) = (build.product(loader)?, build.product(KERNEL)?);
        Ok(Images { architecture, loader, kernel, modules, testing })
    })
}

/// The kernel alone.
///
/// # Errors
/// As for [`images`].
pub(crate) fn kernel(
    workspace: &Workspace,
    toolchain: &Toolchain,
    architecture: Architecture,
) -> Result<PathBuf> {
    Build::prepare(workspace, toolchain, architecture)?.product(KERNEL)
}

/// The command that compiles loader and kernel, test-only switches included, for the compiler's warnings alone:
/// each is an error in code of ours, while cargo mutes them in the packages of others. It has a build folder of
/// its own, because other flags would throw the images' builds away.
///
/// # Errors
/// Packages cannot be fetched.
pub(crate) fn check(
    workspace: &Workspace,
    toolchain: &Toolchain,
    architecture: Architecture,
) -> Result<Command> {
    let mut flags = Build::prepare(workspace, toolchain, architecture)?.flags;
    flags.push(flags::SEPARATOR);
    flags.push("-Dwarnings");
    let mut command = cargo(workspace, toolchain);
    command.args(["check", "--release", "--locked", "--target", target::triple(architecture)]);
    for product in [KERNEL, TAMPERING] {
        command.args(["--package", product.package]);
    }
    for (package, _) in MODULES {
        command.args(["--package", package]);
    }
    command.args(["--features", "xtldr/tamper"]).env("CARGO_ENCODED_RUSTFLAGS", flags);
    command.env("CARGO_TARGET_DIR", target_folder(workspace, toolchain).with_file_name("warnings"));
    Ok(command)
}

/// A build whose packages are fetched and whose flags are settled.
#[derive(Clone)]
struct Build<'a> {
    workspace: &'a Workspace,
    toolchain: &'a Toolchain,
    architecture: Architecture,
    profile: Profile,
    flags: std::ffi::OsString,
}

impl<'a> Build<'a> {
    fn prepare(
        workspace: &'a Workspace,
        toolchain: &'a Toolchain,
        architecture: Architecture,
    ) -> Result<Self> {
        let mut fetch = cargo(workspace, toolchain);
        fetch.args(["fetch", "--locked", "--quiet"]);
        process::succeed(&mut fetch).context("cannot fetch the packages that XTOS is built from")?;
        // Only now is it known which folders the packages lie in.
        let flags = flags::ours(workspace, &toolchain.rustc, toolchain.sysroot.as_deref())?;
        Ok(Self { workspace, toolchain, architecture, profile: Profile::Release, flags })
    }

    fn product(&self, product: Product) -> Result<PathBuf> {
        let mut command = self.command();
        command.args(["--package", product.package, "--bin", product.package]);
        for feature in product.features {
            command.args(["--features", feature]);
        }
        process::succeed(&mut command)?;
        self.take(product.package, &self.images_folder().join(product.file), product.names)
    }

    /// All boot modules, by one command: what they share is compiled once, and finding everything up to date costs one
    /// look.
    fn modules(&self) -> Result<Vec<PathBuf>> {
        let mut command = self.command();
        for (package, binary) in MODULES {
            command.args(["--package", package, "--bin", binary]);
        }
        process::succeed(&mut command)?;
        let folder = self.images_folder().join("MODULES");
        let place = |binary: &str| folder.join(format!("{}.EFI", binary.to_uppercase()));
        MODULES.iter().map(|(_, binary)| self.take(binary, &place(binary), Names::Apart)).collect()
    }

    /// Cargo's command to build for the target, without what to build.
    fn command(&self) -> Command {
        let triple = target::triple(self.architecture);
        let mut command = cargo(self.workspace, self.toolchain);
        command.args(["build", "--profile", self.profile.name(), "--locked", "--quiet", "--target", triple]);
        command.env("CARGO_ENCODED_RUSTFLAGS", &self.flags);
        if let Some(linker) = &self.toolchain.linker {
            let name = triple.to_uppercase().replace('-', "_");
            command.env(format!("CARGO_TARGET_{name}_LINKER"), linker);
        }
        command
    }

    /// Takes a binary that was built to its place.
    fn take(&self, binary: &str, place: &Path, names: Names) -> Result<PathBuf> {
        let triple = target::triple(self.architecture);
        let built = target_folder(self.workspace, self.toolchain).join(triple).join(self.profile.name());
        install(&built.join(format!("{binary}.efi")), place, names)?;
        Ok(place.to_owned())
    }

    fn images_folder(&self) -> PathBuf {
        let folder = self.workspace.cache().join(self.toolchain.way.name()).join(self.architecture.name());
        match self.profile {
            Profile::Release => folder,
            Profile::Checked => folder.join(self.profile.name()),
        }
    }
}

fn cargo(workspace: &Workspace, toolchain: &Toolchain) -> Command {
    let mut command = process::clean(&toolchain.cargo);
    command.current_dir(workspace.root()).env("RUSTC", &toolchain.rustc);
    command.env("CARGO_TARGET_DIR", target_folder(workspace, toolchain));
    command
}

/// A build folder per toolchain, or they would throw each other's results away.
fn target_folder(workspace: &Workspace, toolchain: &Toolchain) -> PathBuf {
    workspace.cache().join("build").join(toolchain.way.name())
}

/// Copies an image that was built, with the names of its functions where they are wanted and an identity that does not depend on
/// where it was built, and the file with its debug information, under the name that debuggers look for.
fn install(built: &Path, place: &Path, names: Names) -> Result<()> {
    let mut image = std::fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    let debug = built.with_extension("pdb");
    if names == Names::Inside {
        let file = std::fs::read(&debug).with_context(|| format!("cannot read {}", debug.display()))?;
        symbols::add(&mut image, file)
            .with_context(|| format!("cannot add the names of functions to {}", built.display()))?;
    }
    let identity =
        identity::settle(&mut image).with_context(|| format!("cannot settle {}", built.display()))?;
    if let (Some(name), Ok(mut file)) = (&identity.debug_file, std::fs::read(&debug)) {
        identity::settle_debug_file(&mut file, &identity)
            .with_context(|| format!("cannot settle {}", debug.display()))?;
        let name = Path::new(name).file_name().unwrap_or(name.as_ref());
        write(&place.with_file_name(name), &file)?;
    }
    write(place, &image)
}

fn write(place: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(place).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = place.parent().with_context(|| format!("{} has no folder", place.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let readable = std::fs::Permissions::from_mode(0o644);
    let fresh = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    std::fs::write(fresh.path(), bytes)?;
    fresh.persist(place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(())
}
