//! `cargo xtask run`: builds, boots, and shows the serial console.
//!
//! Without `--exit` the guest stays on and the terminal is its serial line, until the user ends it (Ctrl-C): every key goes to the
//! guest at once. With it the kernel checks itself, is inspected, and powers off; the exit status is the verdict.

use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use clap::{CommandFactory, error::ErrorKind};
use serde_json::{Map, Value};
use xtcore::PagingMode;
use xtcore::choice::Architecture;
use xtqemu::guest::{Arrangement, Display, Ending, EspFiles, Guest, Inspection, Keyboard, Machine, patience};
use xtqemu::{Outcome, Verdict};

use super::Context;
use super::symbolize::Resolver;
use crate::build::{self, Extent, Profile};
use crate::setup::Need;
use crate::{cli, progress, toolchain};

/// How long folders of earlier boots are kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Who sees to a boot's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// The guest stays on, and the terminal is its serial line.
    ByTheUser,
    /// The kernel checks itself and powers off within the time that it may take.
    ToTheEnd,
}

/// Boots as `options` ask for. Returns the verdict's exit status.
pub(crate) fn run(context: &Context, options: &cli::Run) -> Result<u8> {
    let watched = if options.exit || options.json { Watched::ToTheEnd } else { Watched::ByTheUser };
    let mut guest = guest(context, &options.machine, watched)?;
    guest.display = if options.display { Display::Window } else { Display::Hidden };
    let is_shown = guest.keyboard == Keyboard::Terminal;
    if is_shown {
        progress::say("this terminal is the guest's serial line now; Ctrl-C ends it");
    }
    let mut resolver = Resolver::new(context.workspace.cache());
    let mut has_stopped = false;
    let mut outcome = xtqemu::boot(&guest, &mut |text| {
        if is_shown || is_for_machines(text) {
            // The log file has them; a person would only see the rest scroll away.
            return;
        }
        // What a kernel says before it stops is about other addresses.
        has_stopped |= text.starts_with("*** STOP");
        let resolved = resolver.resolve(text);
        let text = if has_stopped { &resolved } else { text };
        if options.json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    })?;
    if let Some(mode) = options.machine.paging.mode() {
        insist_on(&mut outcome, mode);
    }
    progress::say(&summary(&outcome));
    if options.json {
        println!("{}", Value::Object(outcome.report));
    }
    Ok(outcome.verdict.exit_status())
}

/// Builds the system that `options` ask for, and the guest that boots it. Contradicting options end the program like
/// any usage error.
///
/// # Errors
/// The emulator or a toolchain is missing, or the system cannot be built.
pub(super) fn guest(context: &Context, options: &cli::Machine, watched: Watched) -> Result<Guest> {
    let refuse = |contradiction: String| -> ! {
        let mut command = cli::Arguments::command();
        command.error(ErrorKind::ArgumentConflict, contradiction).exit()
    };
    let architecture = architecture(options).unwrap_or_else(|contradiction| refuse(contradiction));
    if let Err(uneven) = arrangement(options).cores(options.cpus) {
        refuse(format!("--cpus, --sockets, --threads: {uneven}"));
    }
    context.setup.ensure(&[Need::Emulator])?;
    let workspace = &context.workspace;
    let toolchains = toolchain::resolve(workspace, &context.setup, context.toolchain, &[architecture])?;
    let toolchain = toolchains.first().context("no toolchain was found")?;
    let profile = if options.checked { Profile::Checked } else { Profile::Release };
    let images = build::images(workspace, toolchain, architecture, profile, Extent::System)?;

    let folder = fresh_folder(&workspace.cache().join("run"))?;
    let mut guest = Guest::new(architecture, EspFiles::new(images.loader, images.kernel), folder);
    describe(&mut guest, options, watched);
    Ok(guest)
}

/// The architecture that the options agree on.
///
/// # Errors
/// They contradict each other; the text tells how.
fn architecture(options: &cli::Machine) -> Result<Architecture, String> {
    let implied = options.paging.mode().map(architecture_of);
    let asked = options.arch.map(Architecture::from);
    let architecture = match (asked, implied) {
        (Some(asked), Some(implied)) if asked != implied => {
            let mode = options.paging.mode().map_or("auto", PagingMode::name);
            return Err(format!("--paging {mode} belongs to {}, not to {}", implied.name(), asked.name()));
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => Architecture::Amd64,
    };
    if architecture == Architecture::I686 && options.board == cli::Board::Pc {
        return Err("32-bit firmware exists for the machine q35 only".to_owned());
    }
    Ok(architecture)
}

/// How the options arrange the processors.
const fn arrangement(options: &cli::Machine) -> Arrangement {
    Arrangement { sockets: options.sockets, threads: options.threads }
}

/// The architecture that has `mode`.
pub(super) const fn architecture_of(mode: PagingMode) -> Architecture {
    match mode {
        PagingMode::Pml2 | PagingMode::Pml3 => Architecture::I686,
        PagingMode::Pml4 | PagingMode::Pml5 => Architecture::Amd64,
    }
}

/// The kernel parameter that demands `mode`.
pub(crate) const fn forcing(mode: PagingMode) -> &'static str {
    if mode.is_wide() { "XPA" } else { "NOXPA" }
}

fn describe(guest: &mut Guest, options: &cli::Machine, watched: Watched) {
    let checked = watched == Watched::ToTheEnd;
    guest.machine = Machine::from(options.board);
    guest.processor.clone_from(&options.cpu);
    guest.memory = options.memory;
    guest.processors = options.cpus;
    guest.arrangement = arrangement(options);
    guest.parameters = match options.paging.mode().map(forcing) {
        Some(forced) => format!("{forced} {}", options.params).trim().to_owned(),
        None => options.params.clone(),
    };
    guest.timeout = options.timeout.or_else(|| checked.then(|| patience(options.memory, options.cpus)));
    if !checked {
        guest.ending = Ending::StayOn;
        guest.inspection = Inspection::Off;
        let is_terminal = stdin().is_terminal() && stdout().is_terminal();
        guest.keyboard = if is_terminal { Keyboard::Terminal } else { Keyboard::Input };
    }
}

/// A guest that runs another mode than it was made to run has not passed.
pub(super) fn insist_on(outcome: &mut Outcome, mode: PagingMode) {
    let Some(runs) = outcome.report.get("paging").and_then(Value::as_str) else { return };
    if outcome.verdict == Verdict::Pass && runs != mode.name() {
        let why = outcome.report.get("paging_reason").and_then(Value::as_str).unwrap_or("no reason given");
        outcome.reason = format!("{} was asked for, the guest runs {runs} ({why})", mode.name());
        outcome.verdict = Verdict::Fail;
        let corrected: Map<String, Value> =
            [("verdict", outcome.verdict.name()), ("reason", &outcome.reason)]
                .into_iter()
                .map(|(key, value)| (key.to_owned(), Value::from(value)))
                .collect();
        outcome.report.extend(corrected);
    }
}

/// Tells whether a line of the console is a list or a record that the harness reads.
fn is_for_machines(line: &str) -> bool {
    ["XTOS-ANSWER ", "XTOS-RANGE ", "XTOS-TRANSLATION ", "XTOS-REPORT ", "XTOS-INSPECT"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

fn summary(outcome: &Outcome) -> String {
    let verdict = outcome.verdict.name();
    let painted = match outcome.verdict {
        Verdict::Pass => progress::good(verdict),
        Verdict::Unchecked => verdict.to_owned(),
        Verdict::Fail | Verdict::Refused | Verdict::TimedOut => progress::bad(verdict),
    };
    let mut text = format!("verdict: {painted}");
    if !outcome.reason.is_empty() {
        text.push_str(&format!(": {}", outcome.reason));
    }
    if let Some(seen) = seen_from_outside(&outcome.report) {
        text.push_str(&format!("\n{seen}"));
    }
    for remark in &outcome.remarks {
        text.push_str(&format!("\n  {remark}"));
    }
    text.push_str(&format!("\nserial log: {}", outcome.log.display()));
    text
}

/// What the harness found, in one line; nothing when it did not look.
fn seen_from_outside(report: &Map<String, Value>) -> Option<String> {
    let number = |key: &str| report.get(key).and_then(Value::as_u64);
    let translations = number("translations_compared")?;
    let differences = number("walker_differences")?;
    let both = number("wx_pages_emulator").map_or_else(
        || "the processor cannot forbid execution".to_owned(),
        |pages| format!("{pages} pages writable and executable"),
    );
    Some(format!(
        "seen from outside: {differences} differences, {translations} translations compared, {both}"
    ))
}

/// A new folder in `parent`; folders of earlier boots that nobody will look at any more are removed.
fn fresh_folder(parent: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    for entry in parent.read_dir()?.flatten() {
        let written =
            entry.metadata().and_then(|about| about.modified()).unwrap_or_else(|_| SystemTime::now());
        if written.elapsed().is_ok_and(|age| age > KEPT) {
            // Another command may be removing it at the same time; it is gone then, too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = tempfile::Builder::new().prefix("boot-").tempdir_in(parent)?;
    Ok(folder.keep())
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
