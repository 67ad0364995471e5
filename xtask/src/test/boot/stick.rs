//! The disk image boots firmware of either width: one and the same file, started by both.

use anyhow::Result;
use xtqemu::Verdict;
use xtqemu::guest::{Disk, EspFiles, Guest, patience};

use super::super::tally::{Finding, Tally};
use super::{failure, of};
use crate::commands::{Context, image};
use crate::{build, jobs, target};

/// The beginning of the steps' names.
pub(super) const NAME: &str = "boot/disk-image";

/// Writes one image of both `systems` and boots it under each firmware.
pub(super) fn run(context: &Context, systems: &[build::Images], tally: &Tally) {
    jobs::map(&target::BOTH, jobs::GUESTS, |&architecture| {
        tally.step(&format!("{NAME}-{}", architecture.name()), || {
            let folder =
                context.workspace.cache().join("boots").join(format!("stick-{}", architecture.name()));
            std::fs::create_dir_all(&folder)?;
            let system = of(systems, architecture)?;
            let files = EspFiles::new(system.loader.clone(), system.kernel.clone());
            let mut guest = Guest::new(architecture, files, folder.clone());
            let stick = folder.join("stick.img");
            image::write(&stick, systems, image::configuration(&guest.kernel_parameters()))?;
            guest.disk = Disk::Image(stick.clone());
            guest.timeout = Some(patience(guest.memory, guest.processors));
            let finding = judged(&guest);
            std::fs::remove_file(&stick)?;
            finding
        });
    });
}

fn judged(guest: &Guest) -> Result<Finding> {
    let outcome = xtqemu::boot(guest, &mut |_| {})?;
    match outcome.verdict {
        Verdict::Pass => Ok(Finding::Pass(String::new())),
        _ => Ok(Finding::Fail(failure(&outcome.reason, Some(&outcome)))),
    }
}
