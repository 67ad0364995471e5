//! Running other programs: a clean environment, captured output, time limits, and errors that show the command
//! and the end of what it said.
//!
//! `cargo run` leaves variables behind that belong to the toolchain that built *this* program (its library path,
//! its compiler). Another toolchain started from here must not see them, or it mixes the two (E0514).

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Variables that would make a toolchain behave like the one that started us, or like the user's other projects.
const FOREIGN_VARIABLES: &[&str] = &[
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTDOC",
    "RUSTFLAGS",
];

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Everything it wrote to standard output.
    pub(crate) stdout: String,
    /// Everything it wrote to standard error.
    pub(crate) stderr: String,
}

/// A command without the variables that belong to the toolchain which built this program.
pub(crate) fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs `command` to its end and returns what it said, whatever its exit status.
///
/// # Errors
/// It cannot be started.
pub(crate) fn finish(command: &mut Command) -> Result<Finished> {
    let output = command.output().with_context(|| format!("cannot start `{}`", describe(command)))?;
    Ok(Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs `command`, which must succeed, and returns its standard output without surrounding blanks.
///
/// # Errors
/// It cannot be started, or ends with a failure; the error holds the end of what it said.
pub(crate) fn succeed(command: &mut Command) -> Result<String> {
    let finished = finish(command)?;
    if !finished.status.success() {
        let said = if finished.stderr.trim().is_empty() { &finished.stdout } else { &finished.stderr };
        bail!("`{}` ended with {}:\n{}", describe(command), finished.status, tail(said, 40));
    }
    Ok(finished.stdout.trim().to_owned())
}

/// Runs `command` like [`succeed`], but ends it when `limit` has passed.
///
/// Meant for programs that may wait for a network that never answers. What they say must fit a pipe's buffer.
///
/// # Errors
/// It cannot be started, takes too long, or ends with a failure.
pub(crate) fn succeed_within(command: &mut Command, limit: Duration) -> Result<()> {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", describe(command)))?;
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begin.elapsed() >= limit {
            end(&mut child)?;
            bail!("`{}` did not finish within {} s", describe(command), limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    if !status.success() {
        bail!("`{}` ended with {status}:\n{}", describe(command), tail(&said, 40));
    }
    Ok(())
}

fn end(child: &mut Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The last `lines` lines of `text`.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    all.iter().skip(all.len().saturating_sub(lines)).copied().collect::<Vec<_>>().join("\n")
}

/// The first program called `name` on the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}
