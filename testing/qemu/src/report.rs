//! The merged report of a boot: one JSON object with what the kernel says and what the harness found.
//!
//! `docs/report.md` describes every key. Keys are never renamed; what is not known is null, so that a reader finds
//! every key in every report.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::guest::Guest;
use crate::inspect::Findings;
use crate::session::console::transcript::Transcript;
use crate::session::{Refusal, Verdict};

/// Every key of a report, in the order of the document.
pub const KEYS: [&str; 28] = [
    "verdict",
    "reason",
    "refused",
    "arch",
    "paging",
    "paging_reason",
    "image_sha256",
    "kernel_sha256",
    "seed",
    "slide",
    "build",
    "self_map_slot",
    "cpus",
    "descriptors",
    "usable_frames",
    "frames_above_limit",
    "frames_in_use",
    "nx",
    "wx_pages_kernel",
    "wx_pages_emulator",
    "frames_writable_and_executable",
    "walker_differences",
    "translations_compared",
    "remarks",
    "phases",
    "bugcheck",
    "memory",
    "log",
];

/// Merges what is known about a boot. Keys of the kernel's that are not listed in [`KEYS`] are kept as they are.
///
/// # Errors
/// The kernel's file or the log's folder cannot be read.
pub(crate) fn merge(
    guest: &Guest,
    verdict: Verdict,
    reason: &str,
    refusal: Option<&Refusal>,
    transcript: &Transcript,
    findings: Option<&Findings>,
    log: &Path,
) -> io::Result<Map<String, Value>> {
    let mut report = transcript.report.clone().unwrap_or_default();
    for key in KEYS {
        report.entry(key).or_insert(Value::Null);
    }
    let image = guest.files.kernel_bytes()?;
    let mut set = |key: &str, value: Value| report.insert(key.to_owned(), value);
    set("verdict", json!(verdict.name()));
    set("reason", json!(reason));
    set("refused", refusal.map_or(Value::Null, |refusal| json!({ "by": refusal.by, "what": refusal.what })));
    set("arch", json!(guest.architecture.name()));
    set("memory", json!(guest.memory.to_string()));
    set("image_sha256", image.map_or(Value::Null, |image| json!(hexadecimal(&Sha256::digest(image)))));
    set("bugcheck", transcript.bug_check.clone().map_or(Value::Null, Value::Object));
    set("log", json!(std::path::absolute(log)?));
    if let Some(findings) = findings {
        set("wx_pages_emulator", json!(findings.writable_and_executable));
        set("walker_differences", json!(findings.walker_differences));
        set("translations_compared", json!(findings.translations_compared));
        set("remarks", json!(findings.remarks));
    }
    Ok(report)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
