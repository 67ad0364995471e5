//! What is said on standard output: one JSON object a line, for `cargo xtask bench` to show.

use serde_json::{Value, json};

use super::run::Unit;

/// Says where a figure comes from: the machine, its load, the compiler.
pub(crate) fn environment() {
    let cpu = first_field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    line(&json!({
        "kind": "environment",
        "cpu": cpu,
        "processors": super::clock::processors(),
        "memory": first_field("/proc/meminfo", "MemTotal").unwrap_or_default(),
        "kernel": kernel.trim(),
        "load": load(),
    }));
}

/// Says how busy the machine was on average during the last one, five and fifteen minutes.
pub(super) fn finished() {
    line(&json!({ "kind": "finished", "load": load() }));
}

/// Says that something is left out, and why.
pub(crate) fn notice(what: &str) {
    line(&json!({ "kind": "notice", "what": what }));
}

/// Says what is being measured.
pub(super) fn progress(done: usize, of: usize, what: &str) {
    line(&json!({ "kind": "progress", "done": done, "of": of, "what": what }));
}

/// Hands on the samples of one subject in one test.
pub(super) fn samples(test: &str, subject: &str, unit: Unit, samples: &[f64]) {
    line(&json!({
        "kind": "samples", "test": test, "subject": subject, "unit": unit.name(), "samples": samples,
    }));
}

fn line(value: &Value) {
    println!("{value}");
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn first_field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
