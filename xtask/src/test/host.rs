//! The tests that need no emulator: the house rules, format, lints, documentation, unit tests, the images' bytes.
//!
//! They run with the cargo that runs this program, in the same build folder.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use xtcore::choice::Architecture;

use super::tally::{Finding, Tally};
use super::{Depth, examples, fuzz, images};
use crate::commands::{Context, publish};
use crate::toolchain::{self, rustup};
use crate::{build, documents, process, progress, rules, target};

/// Tells tests that draw their input from a seed to draw as much as a release needs.
pub(crate) const FULL: [(&str, &str); 4] = [
    ("XTOS_FUZZ_CASES", "10000000"),
    ("XTOS_PAGING_ACTIONS", "10000000"),
    ("XTOS_SHOOTDOWN_ROUNDS", "1000000"),
    ("POOL_SOAK", "1000000000"),
];

/// Turns on the loader's test-only switches, which the ordinary build leaves out together with their tests.
const TEST_ONLY: [&str; 2] = ["--features", "xtldr/tamper"];

/// What the linter looks at on the host.
pub(super) const EVERYTHING: [&str; 2] = ["--workspace", "--all-targets"];

/// Crates without dependencies on the host, whose tests the interpreter can run.
const INTERPRETED: [&str; 5] = ["xtcore", "xtboot", "xtpaging", "xtmm", "xtke"];

/// The same and those that the interpreter takes minutes for.
const INTERPRETED_IN_FULL: [&str; 8] =
    ["xtcore", "xtrtl", "xtboot", "xtpaging", "xtlayout", "xtmm", "xtke", "xthal"];

/// Tests that the interpreter takes longest for, and that others of the same code stand for in the run for every change.
const LONG_UNDER_THE_INTERPRETER: [&str; 7] = [
    "arena::classes::tests",
    "frames::ranges::tests::random_insertions",
    "lock::order::tests::a_wait_for_all",
    "lock::order::tests::an_edge_is_refused",
    "lock::order::tests::classes_and_locks_beyond",
    "time::wheel::tests::a_hundred_thousand",
    "time::wheel::tests::time_outs_cost",
];

/// The benchmark, a workspace of its own.
const BENCHMARK: &str = "benches/Cargo.toml";

/// Runs every step that the tally wants: what keeps one processor busy for long beside what builds for all of them.
///
/// The steps of the second lane have build folders of their own, so neither lane waits for a lock of the other's. What can
/// change the user's toolchain comes before both, and what may install Debian's is in one lane.
pub(super) fn run(context: &Context, depth: Depth, tally: &Tally) {
    tally.step("host/rules", || house_rules(context));
    tally.step("host/documents", || documents(context));
    tally.step("host/format", || format(context));
    for architecture in target::BOTH {
        let name = format!("host/clippy-{}", target::triple(architecture));
        tally.step(&name, || clippy_for_firmware(context, architecture));
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tally.step("host/miri", || interpreted(context, depth));
            tally.step("host/models", || models(context, depth));
            tally.step("host/benchmark", || benchmark(context));
            let name = format!("host/warnings-{}", target::triple(Architecture::I686));
            tally.step(&name, || warnings(context, Architecture::I686));
            images::run(context, depth, tally);
        });
        tally.step("host/clippy", || clippy(context, &EVERYTHING));
        tally.step("host/documentation", || documentation(context));
        tally.step("host/unit", || unit(context, depth));
        tally.step("host/examples", || examples::run(context));
    });
    if depth == Depth::Full {
        fuzz::run(context, tally);
        tally.step("host/publish", || publish(context));
    }
}

fn house_rules(context: &Context) -> Result<Finding> {
    let violations = rules::check(&context.workspace)?;
    if violations.is_empty() {
        return Ok(Finding::Pass(String::new()));
    }
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    Ok(Finding::Fail(lines.join("\n")))
}

fn documents(context: &Context) -> Result<Finding> {
    let faults = documents::check(&context.workspace)?;
    if faults.is_empty() {
        return Ok(Finding::Pass(String::new()));
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Ok(Finding::Fail(lines.join("\n")))
}

fn publish(context: &Context) -> Result<Finding> {
    Ok(match publish::run(context)? {
        0 => Finding::Pass(String::new()),
        _ => Finding::Fail("a library lacks what is told above".to_owned()),
    })
}

fn format(context: &Context) -> Result<Finding> {
    if let Err(missing) = component("fmt", "rustfmt") {
        return Ok(Finding::Skip(missing));
    }
    for manifest in ["Cargo.toml", BENCHMARK] {
        let mut command = cargo(context);
        command.args(["fmt", "--all", "--check", "--manifest-path", manifest]);
        let finding = judged(context, "format", &mut command, |_| String::new())?;
        if !matches!(finding, Finding::Pass(_)) {
            return Ok(finding);
        }
    }
    Ok(Finding::Pass(String::new()))
}

pub(super) fn clippy(context: &Context, scope: &[&str]) -> Result<Finding> {
    if let Err(missing) = component("clippy", "clippy") {
        return Ok(Finding::Skip(missing));
    }
    let mut command = cargo(context);
    command.args(["clippy", "--locked"]).args(scope).args(TEST_ONLY).args(["--", "--deny", "warnings"]);
    let name = if scope.contains(&"--target") { "clippy-firmware" } else { "clippy" };
    judged(context, name, &mut command, |_| String::new())
}

/// The loader and the kernel hold most of their code only on their own targets.
fn clippy_for_firmware(context: &Context, architecture: Architecture) -> Result<Finding> {
    let triple = target::triple(architecture);
    let own = rustup::find()?;
    if rustup::provide(&context.workspace, architecture).is_err() || !rustup::has_target(&own, architecture)?
    {
        return Ok(Finding::Skip(format!("this toolchain has no {triple}")));
    }
    let mut scope = vec!["--target", triple, "--package", "xtldr", "--package", "xtoskrnl"];
    scope.extend(build::MODULES.iter().flat_map(|(package, _)| ["--package", package]));
    if architecture == Architecture::Amd64 {
        scope.extend(["--package", "la57shim"]);
    }
    clippy(context, &scope)
}

/// The toolchain that builds for i686 may have no linter for it, so the compiler's own warnings are all there is.
fn warnings(context: &Context, architecture: Architecture) -> Result<Finding> {
    let toolchains =
        toolchain::resolve(&context.workspace, &context.setup, context.toolchain, &[architecture])?;
    let toolchain = toolchains.first().context("no toolchain was found")?;
    let mut command = build::check(&context.workspace, toolchain, architecture)?;
    judged(context, "warnings", &mut command, |_| String::new())
}

fn documentation(context: &Context) -> Result<Finding> {
    let mut command = cargo(context);
    command.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "--deny warnings");
    judged(context, "documentation", &mut command, |_| String::new())
}

fn unit(context: &Context, depth: Depth) -> Result<Finding> {
    let mut command = cargo(context);
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(TEST_ONLY);
    if depth == Depth::Full {
        command.envs(FULL);
    }
    judged(context, "unit", &mut command, |output| format!("{} tests", passed_tests(output)))
}

/// Lints and tests the benchmark, without the peers that need a C compiler. It measures nothing here.
fn benchmark(context: &Context) -> Result<Finding> {
    let command = |subcommand: &str| {
        let mut command = cargo(context);
        command.args([subcommand, "--locked", "--no-default-features", "--manifest-path", BENCHMARK]);
        command.arg("--target-dir").arg(context.workspace.cache().join("benches"));
        command
    };
    if component("clippy", "clippy").is_ok() {
        let mut clippy = command("clippy");
        clippy.args(["--all-targets", "--", "--deny", "warnings"]);
        let finding = judged(context, "benchmark", &mut clippy, |_| String::new())?;
        if !matches!(finding, Finding::Pass(_)) {
            return Ok(finding);
        }
    }
    judged(context, "benchmark", &mut command("test"), |output| format!("{} tests", passed_tests(output)))
}

/// The sum over every test binary's own summary.
pub(super) fn passed_tests(output: &str) -> u64 {
    let counts = output.lines().filter_map(|line| {
        let (count, _) = line.strip_prefix("test result: ok. ")?.split_once(" passed")?;
        count.parse::<u64>().ok()
    });
    counts.sum()
}

/// Preemptions, for every change, of models that have no bound of their own. Each of their broken twins is found with fewer, and
/// all that there are take minutes.
const PREEMPTIONS: &str = "3";

/// Explores the interleavings of what processors exchange without a lock, in a build of its own: for a release all of them.
pub(super) fn models(context: &Context, depth: Depth) -> Result<Finding> {
    let mut command = cargo(context);
    command.args([
        "test",
        "--locked",
        "--release",
        "--package",
        "xtrtl",
        "--package",
        "xtmm",
        "--package",
        "xtke",
        "--lib",
        "models",
    ]);
    command.arg("--target-dir").arg(context.workspace.cache().join("models"));
    command.env("RUSTFLAGS", "--cfg loom");
    if depth == Depth::Usual {
        command.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
    }
    judged(context, "models", &mut command, |output| format!("{} models", passed_tests(output)))
}

pub(super) fn interpreted(context: &Context, depth: Depth) -> Result<Finding> {
    let nightly = |arguments: &[&str]| {
        let mut command = process::clean("cargo");
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").arg("+nightly").args(arguments);
        command.current_dir(context.workspace.root());
        command
    };
    if process::succeed(&mut nightly(&["miri", "--version"])).is_err() {
        return Ok(Finding::Skip("there is no nightly toolchain with Miri".to_owned()));
    }
    if let Err(refusal) = process::succeed(&mut nightly(&["miri", "setup"])) {
        return Ok(Finding::Skip(format!("Miri cannot be set up: {refusal:#}")));
    }
    let mut command = nightly(&["miri", "test", "--locked", "--lib"]);
    let packages: &[&str] = match depth {
        Depth::Usual => &INTERPRETED,
        Depth::Full => {
            command.args(["--test", "paging", "--test", "pfn", "--test", "stack"]);
            &INTERPRETED_IN_FULL
        }
    };
    for package in packages {
        command.args(["--package", package]);
    }
    if depth == Depth::Usual {
        command.arg("--");
        command.args(LONG_UNDER_THE_INTERPRETER.iter().flat_map(|test| ["--skip", test]));
    }
    // Interpreted code is a thousand times slower; properties are sampled, not exhausted.
    command
        .env("PROPTEST_CASES", "4")
        .env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-permissive-provenance");
    judged(context, "miri", &mut command, |output| format!("{} tests", passed_tests(output)))
}

/// The cargo that runs this program, in the checkout.
pub(crate) fn cargo(context: &Context) -> Command {
    let mut command = process::clean(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(context.workspace.root());
    command
}

/// Sees to it that a subcommand is there, asking rustup for it where it is not.
fn component(subcommand: &str, component: &str) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let is_there = || process::succeed(process::clean(&cargo).args([subcommand, "--version"])).is_ok();
    if is_there() {
        return Ok(());
    }
    if let Some(rustup) = process::find_program("rustup") {
        let patience = std::time::Duration::from_secs(180);
        let added =
            process::succeed_within(process::clean(rustup).args(["component", "add", component]), patience);
        if added.is_ok() && is_there() {
            return Ok(());
        }
    }
    Err(format!("{component} is not installed"))
}

/// Runs `command`; keeps everything it said, and shows the end of it when it failed.
pub(super) fn judged(
    context: &Context,
    name: &str,
    command: &mut Command,
    remark: impl FnOnce(&str) -> String,
) -> Result<Finding> {
    progress::say(&format!("{} ...", process::describe(command)));
    let finished = process::finish(command)?;
    let log = log(context, name)?;
    std::fs::write(&log, format!("{}\n{}", finished.stderr, finished.stdout))
        .with_context(|| format!("cannot write {}", log.display()))?;
    if finished.status.success() {
        return Ok(Finding::Pass(remark(&finished.stdout)));
    }
    let ends = [process::tail(&finished.stderr, 40), process::tail(&finished.stdout, 40)];
    Ok(Finding::Fail(format!("{}\n{}\nlog: {}", ends[0], ends[1], log.display())))
}

/// Returns the file that what a step said goes to.
pub(super) fn log(context: &Context, name: &str) -> Result<PathBuf> {
    let folder = context.workspace.cache().join("logs");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.join(format!("{name}.log")))
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
