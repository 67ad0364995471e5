//! The fuzz targets, each for a minute from the seeds in the repository.
//!
//! The compiler of the tests builds them, a stable one: what a fuzzer wants of it are passes of its back end, which need no
//! nightly flag. libFuzzer is C++ and comes with its crate; without a C++ compiler nothing is built. Inputs that found
//! something new are kept below the build folder, and so is one that breaks a target.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::host::{cargo, judged};
use super::tally::{Finding, Tally};
use crate::commands::Context;
use crate::{jobs, process};

/// The targets' own workspace, and their seeds.
const FOLDER: &str = "fuzz";

/// Seconds for each target.
const SECONDS: u32 = 60;

/// Counts every edge and shows the operands of comparisons, as libFuzzer expects it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares \
                     -Ccodegen-units=1 -Cdebug-assertions --cfg fuzzing";

/// Says how often a target was run.
const EXECUTED: &str = "stat::number_of_executed_units:";

/// Runs the targets that the tally wants.
pub(super) fn run(context: &Context, tally: &Tally) {
    let name = |target: &String| format!("host/fuzz-{target}");
    let Ok(all) = targets(context) else {
        return tally.step("host/fuzz", || targets(context).map(|_| Finding::Pass(String::new())));
    };
    let wanted: Vec<String> = all.into_iter().filter(|target| tally.wants(&name(target))).collect();
    if wanted.is_empty() {
        return;
    }
    let mut folder = None;
    tally.always("host/fuzz-build", || {
        let (finding, built) = build(context)?;
        folder = built;
        Ok(finding)
    });
    let Some(folder) = folder else { return };
    jobs::map(&wanted, jobs::GUESTS, |target| {
        let begin = Instant::now();
        let finding = fuzz(context, &folder, target);
        let finding = finding.unwrap_or_else(|error| Finding::Fail(format!("{error:#}")));
        tally.record(&name(target), begin.elapsed(), finding);
    });
}

/// Runs all targets and sums them up.
///
/// # Errors
/// They could not be built or started.
pub(super) fn all(context: &Context) -> Result<Finding> {
    let (finding, folder) = build(context)?;
    let Some(folder) = folder else { return Ok(finding) };
    let targets = targets(context)?;
    let findings = jobs::map(&targets, jobs::GUESTS, |target| fuzz(context, &folder, target));
    let mut inputs = 0_u64;
    for (target, finding) in targets.iter().zip(findings) {
        match finding? {
            Finding::Pass(remark) => {
                inputs += remark.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
            }
            Finding::Fail(why) => return Ok(Finding::Fail(format!("{target}: {why}"))),
            skip @ Finding::Skip(_) => return Ok(skip),
        }
    }
    Ok(Finding::Pass(format!("{} targets, {SECONDS} s each, {inputs} inputs", targets.len())))
}

/// Returns the names of the targets, from their manifest.
fn targets(context: &Context) -> Result<Vec<String>> {
    let manifest = context.workspace.root().join(FOLDER).join("Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    names(&text)
}

/// Takes the binaries' names out of a manifest.
///
/// # Errors
/// It cannot be read, or has none.
fn names(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let binaries = manifest.get("bin").and_then(toml::Value::as_array).context("no binaries")?;
    let name = |binary: &toml::Value| Some(binary.get("name")?.as_str()?.to_owned());
    binaries.iter().map(|binary| name(binary).context("a binary without a name")).collect()
}

/// Builds all targets. Returns the folder that they are in, unless that cannot be done here.
fn build(context: &Context) -> Result<(Finding, Option<PathBuf>)> {
    if process::find_program("c++").is_none() {
        return Ok((Finding::Skip("there is no C++ compiler for libFuzzer".to_owned()), None));
    }
    let host = host(context)?;
    let place = context.workspace.cache().join(FOLDER);
    let mut command = cargo(context);
    // Named, so that build scripts and macros are spared the flags.
    command.args(["build", "--locked", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    command.arg("--target-dir").arg(&place).env("RUSTFLAGS", FLAGS);
    let finding = judged(context, "fuzz-build", &mut command, |_| String::new())?;
    let is_built = matches!(finding, Finding::Pass(_));
    Ok((finding, is_built.then(|| place.join(host).join("release"))))
}

/// The triple of this machine.
fn host(context: &Context) -> Result<String> {
    let mut command = cargo(context);
    let said = process::succeed(command.args(["--version", "--verbose"]))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("cargo does not say what it runs on")?.to_owned())
}

/// Runs one target from its seeds and from what earlier runs have found.
fn fuzz(context: &Context, folder: &Path, target: &str) -> Result<Finding> {
    let place = context.workspace.cache().join(FOLDER);
    let (corpus, seeds) =
        (place.join("corpus").join(target), context.workspace.root().join(FOLDER).join("seeds").join(target));
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot create {}", corpus.display()))?;
    let mut command = process::clean(folder.join(target));
    command.args([
        format!("-max_total_time={SECONDS}"),
        "-print_final_stats=1".to_owned(),
        "-close_fd_mask=1".to_owned(),
    ]);
    command.arg(format!("-artifact_prefix={}/{target}-", place.display())).args([&corpus, &seeds]);
    judged_by_its_errors(context, target, &mut command)
}

/// libFuzzer says everything on its standard error.
fn judged_by_its_errors(
    context: &Context,
    target: &str,
    command: &mut std::process::Command,
) -> Result<Finding> {
    let finished = process::finish(command)?;
    let log = super::host::log(context, &format!("fuzz-{target}"))?;
    std::fs::write(&log, &finished.stderr).with_context(|| format!("cannot write {}", log.display()))?;
    let executed = finished.stderr.lines().find_map(|line| line.strip_prefix(EXECUTED));
    match executed.map(str::trim) {
        Some(count) if finished.status.success() => Ok(Finding::Pass(format!("{count} inputs"))),
        _ => Ok(Finding::Fail(format!("{}\nlog: {}", process::tail(&finished.stderr, 30), log.display()))),
    }
}

#[cfg(test)]
mod tests;
