//! Benchmarks that count: boots under the emulator's instruction counter.
//!
//! Under instruction counting the time stamp counter advances by 16 an instruction, so what the kernel stamps are
//! instruction counts: the same on every host and in every run (design D12). Each iteration of a repeated string
//! instruction counts as one. Several processors take turns, and there is one count: that of all of them together.
//! Everything is at its standard place, for the count depends on where an image crosses a page table's boundary.

pub(super) mod boot;
pub(super) mod kernel;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};
use xtcore::PagingMode;
use xtqemu::Verdict;
use xtqemu::guest::{Clock, EspFiles, Guest, Inspection, patience};

use super::super::{Context, run as boots};
use crate::build::{self, Extent, Images, Profile};
use crate::setup::Need;
use crate::{progress, target, toolchain};

/// Ticks of the time stamp counter per counted instruction: `-icount shift=4`.
const TICKS_PER_INSTRUCTION: u64 = 16;

const MODES: [PagingMode; 4] = [PagingMode::Pml2, PagingMode::Pml3, PagingMode::Pml4, PagingMode::Pml5];

/// Where pages and plots are kept.
pub(super) const PAGES: &str = "docs/benchmarks";

/// Loader and kernel of both architectures, and a folder for their boots.
struct Systems {
    images: Vec<Images>,
    folder: PathBuf,
}

impl Systems {
    /// Builds them.
    fn build(context: &Context) -> Result<Self> {
        context.setup.ensure(&[Need::Emulator])?;
        let workspace = &context.workspace;
        let toolchains = toolchain::resolve(workspace, &context.setup, context.toolchain, &target::BOTH)?;
        let mut images = Vec::new();
        for (toolchain, architecture) in toolchains.iter().zip(target::BOTH) {
            images.push(build::images(workspace, toolchain, architecture, Profile::Release, Extent::System)?);
        }
        Ok(Self { images, folder: workspace.cache().join("bench") })
    }

    /// Boots with counted instructions in a mode, without the stress, and returns the report of a boot that passed.
    /// `describe` completes the guest.
    fn boot(
        &self,
        mode: PagingMode,
        name: &str,
        parameters: &str,
        describe: impl FnOnce(&mut Guest),
    ) -> Result<Map<String, Value>> {
        let architecture = boots::architecture_of(mode);
        let images = self.images.iter().find(|images| images.architecture == architecture);
        let images = images.with_context(|| format!("nothing was built for {}", architecture.name()))?;
        let files = EspFiles::new(images.loader.clone(), images.kernel.clone());
        progress::say(&format!("booting {name} with counted instructions ..."));
        let mut guest = Guest::new(architecture, files, self.folder.join(name));
        describe(&mut guest);
        guest.clock = Clock::Counted;
        guest.inspection = Inspection::Off;
        guest.parameters =
            format!("{} NOKASLR STRESS=off {parameters}", boots::forcing(mode)).trim_end().to_owned();
        // Counting costs a multiple of the time, and then all processors share one thread.
        guest.timeout = Some(patience(guest.memory, guest.processors) * 8);
        let outcome = xtqemu::boot(&guest, &mut |_| {})?;
        if outcome.verdict != Verdict::Pass {
            bail!("{}: {} ({})", outcome.verdict.name(), outcome.reason, outcome.log.display());
        }
        if outcome.report.get("paging").and_then(Value::as_str) != Some(mode.name()) {
            bail!("the guest runs another paging mode");
        }
        Ok(outcome.report)
    }
}

/// Writes a file among the pages.
fn keep(context: &Context, name: &str, text: &str) -> Result<()> {
    let folder = context.workspace.root().join(PAGES);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let place = folder.join(name);
    std::fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))
}

/// The ratio in hundredths, rounded up: a benchmark must not look better than it is.
fn ratio(count: u64, first: u64) -> String {
    let hundredths = (u128::from(count) * 100).div_ceil(u128::from(first.max(1)));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
