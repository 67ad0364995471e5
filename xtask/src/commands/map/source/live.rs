//! A boot made for the picture: the kernel is asked when its checks are done.

use anyhow::{Result, bail};
use xtqemu::Verdict;
use xtqemu::guest::Inspection;

use crate::cli;
use crate::commands::map::model::Picture;
use crate::commands::{Context, run};
use crate::progress;

/// What the kernel is asked, as the parameter MONITOR has it.
pub(crate) const QUESTIONS: &str = "json+layout,json+memmap";

/// Boots as `options` ask for and makes the picture of that machine.
///
/// The kernel's long checks are left out, unless the parameters mention them.
///
/// # Errors
/// The system cannot be built or booted, the boot does not pass, or the kernel does not answer.
pub(crate) fn read(context: &Context, options: &cli::Machine) -> Result<Picture> {
    let mut options = options.clone();
    if !options.params.to_ascii_uppercase().contains("STRESS") {
        options.params.push_str(" STRESS=off");
    }
    options.params.push_str(&format!(" MONITOR={QUESTIONS}"));
    let mut guest = run::guest(context, &options, run::Watched::ToTheEnd)?;
    guest.inspection = Inspection::Off;
    let mut log = String::new();
    let mut outcome = progress::step("booting", || {
        let boot = xtqemu::boot(&guest, &mut |line| {
            log.push_str(line);
            log.push('\n');
        });
        Ok(boot?)
    })?;
    if let Some(mode) = options.paging.mode() {
        run::insist_on(&mut outcome, mode);
    }
    let place = outcome.log.display();
    if outcome.verdict != Verdict::Pass {
        bail!(
            "the boot did not pass: {}; what it answered, if it did, can be drawn with --from {place}",
            outcome.reason
        );
    }
    super::log::read(&log).map_err(|error| error.context(format!("serial log: {place}")))
}
