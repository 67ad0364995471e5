//! What the integration tests share, and the fuzz targets with them: an independent model of the sanitiser, the
//! invariants that every sanitised map has, and a builder of good and bad loader blocks.

#![allow(dead_code, unreachable_pub, reason = "each test binary, and each fuzz target, uses its own part")]

pub mod blocks;
pub mod maps;
pub mod model;

/// Returns how many cases a property test runs: `percent` of 10^5, or of `XTOS_FUZZ_CASES`.
pub fn cases(percent: u64) -> u32 {
    let all = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000_u64);
    u32::try_from(all * percent / 100).unwrap_or(u32::MAX).max(1)
}
