//! Telling the user what takes the time.
//!
//! Everything here goes to standard error, so standard output stays fit for other programs. On a terminal a
//! running step has a spinner; elsewhere it is one plain line when it begins, so that a log shows what hangs.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;
use console::style;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows `what` while `work` runs, and how long it took.
///
/// # Errors
/// Those of `work`.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    if !std::io::stderr().is_terminal() {
        eprintln!("{what} ...");
        return work();
    }
    let begin = Instant::now();
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let outcome = work();
    spinner.finish_and_clear();
    let mark = if outcome.is_ok() { "done" } else { "FAILED" };
    eprintln!("{what}: {mark} ({:.1} s)", begin.elapsed().as_secs_f64());
    outcome
}

/// Prints one line for the user.
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Paints a word that the user hopes for; plain where standard error is no terminal.
pub(crate) fn good(word: &str) -> String {
    style(word).green().bold().for_stderr().to_string()
}

/// Paints a word that the user must not miss; plain where standard error is no terminal.
pub(crate) fn bad(word: &str) -> String {
    style(word).red().bold().for_stderr().to_string()
}
