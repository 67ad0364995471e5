//! Host tests that tell what they have done, by lines `XTOS-EVIDENCE {…}` on their standard output.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::commands::Context;
use crate::process;
use crate::test::{Depth, host};

/// What such a line begins with. Another test's name may stand before it.
const MARK: &str = "XTOS-EVIDENCE ";

/// Tests of one binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suite {
    /// The package.
    pub(super) package: &'static str,
    /// Its file or folder in `tests`.
    pub(super) target: &'static str,
    /// What the tests' names contain.
    pub(super) filter: &'static str,
}

/// What a suite has told: an object a line. All its tests have passed.
pub(super) type Told = Vec<Value>;

impl Suite {
    /// Returns the command that a person would type.
    pub(super) fn command(&self) -> String {
        let Self { package, target, filter } = self;
        format!("cargo test -p {package} --test {target} -- --nocapture {filter}").trim_end().to_owned()
    }

    /// Runs the tests.
    ///
    /// # Errors
    /// One of them failed, none has this name, or none has told anything.
    pub(super) fn run(&self, context: &Context, depth: Depth) -> Result<Told> {
        let mut command = host::cargo(context);
        command.args(["test", "--locked", "--package", self.package, "--test", self.target, "--"]);
        command.args(["--nocapture", self.filter]);
        if depth == Depth::Full {
            command.envs(host::FULL);
        }
        let finished = process::finish(&mut command)?;
        if !finished.status.success() {
            bail!("`{}` failed:\n{}", self.command(), process::tail(&finished.stdout, 10));
        }
        let told = told(&finished.stdout)?;
        if told.is_empty() {
            bail!("`{}` has told nothing", self.command());
        }
        Ok(told)
    }
}

/// Takes the lines out of what tests have printed.
///
/// # Errors
/// One of them is not JSON.
pub(super) fn told(output: &str) -> Result<Told> {
    let objects = output.lines().filter_map(|line| line.split_once(MARK)).map(|(_, object)| object);
    objects.map(|object| Ok(serde_json::from_str(object)?)).collect()
}

/// Returns the objects about `what`.
pub(super) fn about<'a>(told: &'a [Value], what: &'a str) -> impl Iterator<Item = &'a Value> {
    told.iter().filter(move |object| object.get("what").and_then(Value::as_str) == Some(what))
}

/// Adds up the numbers called `key` in the objects about `what`.
pub(super) fn sum(told: &[Value], what: &str, key: &str) -> u64 {
    about(told, what).filter_map(|object| object.get(key).and_then(Value::as_u64)).sum()
}
