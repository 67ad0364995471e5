//! The name that an image's bytes give it.

use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The SHA-256 of the file's bytes, in lower-case hexadecimal.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn sha256(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns where `needle` occurs in `bytes`, also as UTF-16, which is what debug directories may hold.
pub(crate) fn find(bytes: &[u8], needle: &str) -> Option<usize> {
    let wide: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [needle.as_bytes(), &wide]
        .into_iter()
        .filter(|form| !form.is_empty())
        .find_map(|form| bytes.windows(form.len()).position(|window| window == form))
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
