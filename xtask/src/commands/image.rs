//! `cargo xtask image`: a disk image for a stick or a virtual machine, for firmware of either width.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::Context;
use crate::build::{self, Extent, Images, Profile};
use crate::disk::{self, Entry};
use crate::{cli, progress, target, toolchain};

/// The configuration that an image is delivered with. The loader's tests read it too.
const CONFIGURATION: &str = include_str!("../../../boot/xtldr/XTLDR.INI");

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
    write(&options.out, &systems, configuration(&options.params))?;
    progress::say(&format!("written: {}", options.out.display()));
    Ok(0)
}

/// Writes an image that holds `systems`, their modules, and a configuration.
///
/// # Errors
/// A file cannot be read or written, or the files do not fit.
pub(crate) fn write(out: &Path, systems: &[Images], configuration: String) -> Result<()> {
    let path = "EFI/BOOT/XTLDR/XTLDR.INI".to_owned();
    let mut entries = vec![Entry { path, bytes: configuration.into_bytes() }];
    for system in systems {
        let read =
            |file: &Path| std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
        let architecture = system.architecture;
        let loader = format!("EFI/BOOT/{}", target::boot_file(architecture));
        entries.push(Entry { path: loader, bytes: read(&system.loader)? });
        for module in &system.modules {
            let name = module.file_name().context("a module has a name")?.to_string_lossy();
            let path = format!("EFI/BOOT/XTLDR/MODULES/{}/{name}", target::system_folder(architecture));
            entries.push(Entry { path, bytes: read(module)? });
        }
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

/// Returns the configuration that an image is delivered with, with more kernel parameters for each system, as every editor
/// can read it.
pub(crate) fn configuration(parameters: &str) -> String {
    let more = |line: &str| match parameters.trim() {
        parameters if !parameters.is_empty() && line.starts_with("Parameters=") => {
            format!("{line} {parameters}\r\n")
        }
        _ => format!("{line}\r\n"),
    };
    CONFIGURATION.lines().map(more).collect()
}

#[cfg(test)]
mod tests {
    use super::{CONFIGURATION, configuration};

    #[test]
    fn every_system_gets_the_parameters_and_nothing_else_changes() {
        let plain = configuration(" ");
        assert_eq!(plain.replace("\r\n", "\n"), CONFIGURATION);
        let more = configuration("EXIT STRESS=OFF");
        assert_eq!(more.matches("EXIT STRESS=OFF\r\n").count(), 2);
        assert_eq!(more.replace(" EXIT STRESS=OFF", ""), plain);
    }
}
