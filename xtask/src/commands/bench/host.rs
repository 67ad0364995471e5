//! Building the benchmark, running it, and showing what it found.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use console::style;
use indicatif::{ProgressBar, ProgressStyle};

use super::super::Context;
use super::goals::{self, Judged, Suite};
use super::page;
use super::results::{Progress, Results};
use crate::cli::Bench;
use crate::{process, progress};

/// The benchmark's own workspace.
const FOLDER: &str = "benches";

/// Where the pages are kept.
const PAGES: &str = "docs/benchmarks";

/// What the peers that are written in C are built with.
const C_TOOLS: [&str; 2] = ["cc", "make"];

/// Builds and runs the benchmark, prints how far each goal is reached, and after a complete run writes the pages.
pub(super) fn run(context: &Context, bench: &Bench) -> Result<u8> {
    let root = context.workspace.root();
    let program = build(context)?;
    let mut command = process::clean(program);
    if bench.quick {
        command.arg("--quick");
    }
    if let Some(filter) = &bench.filter {
        command.args(["--filter", filter]);
    }
    let mut results = measure(&mut command)?;
    if results.series.is_empty() {
        bail!("no group of tests has that in its name");
    }
    results.note("Compiler", process::succeed(process::clean("rustc").arg("--version"))?);
    for (name, version) in versions(&root.join(FOLDER).join("Cargo.lock"))? {
        results.note(&format!("`{name}`"), version);
    }
    results.notices.iter().for_each(|notice| println!("{notice}"));
    for suite in Suite::ALL {
        print(suite, &goals::judge(&results, suite));
    }
    if bench.quick || bench.filter.is_some() {
        println!("No page is written: this was not a complete run.");
        return Ok(0);
    }
    for (name, text) in page::pages(&results) {
        let place = root.join(PAGES).join(name);
        std::fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))?;
    }
    println!("Tables and plots are in {PAGES}.");
    Ok(0)
}

/// Builds the benchmark, with the peers that can be built here.
fn build(context: &Context) -> Result<PathBuf> {
    let folder = context.workspace.cache().join("benches");
    let mut command = process::clean(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--locked", "--manifest-path"]);
    command.arg(context.workspace.root().join(FOLDER).join("Cargo.toml"));
    command.arg("--target-dir").arg(&folder);
    if let Some(missing) = missing_c_tool() {
        progress::say(&format!(
            "mimalloc and jemalloc are left out: there is no {missing} to build them with"
        ));
        command.arg("--no-default-features");
    }
    progress::step("building the benchmark and its peers", || process::succeed(&mut command))?;
    Ok(folder.join("release/xtbench"))
}

/// The first of the programs that the peers written in C need and that is not there.
pub(in crate::commands) fn missing_c_tool() -> Option<&'static str> {
    C_TOOLS.into_iter().find(|tool| process::find_program(tool).is_none())
}

/// Runs the benchmark to its end and shows how far it is.
fn measure(command: &mut Command) -> Result<Results> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::describe(command)))?;
    let mut results = Results::default();
    let mut display = Display::new();
    let output = child.stdout.take().context("the benchmark has no standard output")?;
    for line in BufReader::new(output).lines() {
        if let Some(progress) = results.take(&line?)? {
            display.show(progress);
        }
    }
    display.end();
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` ended with {status}", process::describe(command));
    }
    Ok(results)
}

/// A bar on a terminal; elsewhere a line whenever another group of tests begins.
struct Display {
    bar: Option<ProgressBar>,
    group: String,
}

impl Display {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({elapsed}, about {eta} left)");
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            style.into_iter().for_each(|style| bar.set_style(style));
            bar
        });
        Self { bar, group: String::new() }
    }

    fn show(&mut self, now: Progress) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(now.of);
                bar.set_position(now.done);
                bar.set_message(now.what);
            }
            None => {
                let group = now.what.split(':').next().unwrap_or_default();
                if group != self.group {
                    progress::say(&format!("measuring {group} ({} of {} cases done) ...", now.done, now.of));
                    self.group = group.to_owned();
                }
            }
        }
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The versions of the packages that the benchmark itself names, ours left out.
fn versions(lock: &Path) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    page::versions_in(&text).with_context(|| format!("cannot understand {}", lock.display()))
}

/// Prints how far the goals of a suite are reached.
fn print(suite: Suite, judged: &[Judged]) {
    if judged.is_empty() {
        return;
    }
    println!("\n{}", style(suite.name()).bold());
    for one in judged {
        let verdict = one.verdict();
        let verdict = if one.is_reached() { style(verdict).green() } else { style(verdict).red().bold() };
        println!(
            "  {:<45} {:>9}  {:<40} {:>8.2}  {:<7} {verdict}",
            one.goal.what,
            one.ours,
            one.other,
            one.ratio,
            one.goal.demand(),
        );
    }
}
