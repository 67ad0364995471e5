//! `cargo xtask image`: a disk image for a stick or a virtual machine, for firmware of either width.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use xtqemu::guest::{Configuration, LineEnds};

use super::Context;
use crate::build::{self, Extent, Images, Profile};
use crate::disk::{self, Entry};
use crate::{cli, progress, target, toolchain};

/// Builds both architectures and writes the image.
pub(crate) fn run(context: &Context, options: &cli::Image) -> Result<u8> {
    let toolchains =
        toolchain::resolve(&context.workspace, &context.setup, context.toolchain, &target::BOTH)?;
    let mut systems = Vec::new();
    for (toolchain, architecture) in toolchains.iter().zip(target::BOTH) {
        systems.push(build::images(
            &context.workspace,
            toolchain,
            architecture,
            Profile::Release,
            Extent::System,
        )?);
    }
    write(&options.out, &systems, &options.params)?;
    progress::say(&format!("written: {}", options.out.display()));
    Ok(0)
}

/// Writes an image that holds `systems`, with kernel parameters beyond the usual ones.
///
/// # Errors
/// A file cannot be read or written, or the files do not fit.
pub(crate) fn write(out: &Path, systems: &[Images], parameters: &str) -> Result<()> {
    let parameters = format!("DEBUG=COM1 {parameters}");
    let configuration = Configuration::Standard(LineEnds::CrLf).text(parameters.trim_end());
    let mut entries = vec![Entry {
        path: "EFI/BOOT/XTLDR/XTLDR.INI".to_owned(),
        bytes: configuration.context("a standard configuration has a text")?.into_bytes(),
    }];
    for system in systems {
        let read =
            |file: &Path| std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
        let architecture = system.architecture;
        let loader = format!("EFI/BOOT/{}", target::boot_file(architecture));
        entries.push(Entry { path: loader, bytes: read(&system.loader)? });
        let kernel = format!("XTOS/{}/XTOSKRNL.EXE", target::system_folder(architecture));
        entries.push(Entry { path: kernel, bytes: read(&system.kernel)? });
    }
    disk::write(out, &entries)?;
    // A stick that does not boot is found out about far from here, so what was written is read once more.
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    if disk::read(out)? != entries {
        bail!("{} does not hold what was written to it", out.display());
    }
    Ok(())
}
