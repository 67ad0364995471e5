//! What the integration tests share, and the fuzz target with them: memory that holds tables and nothing else, a
//! builder of tables, real ones, and what holds whatever the tables are.

#![allow(dead_code, unreachable_pub, reason = "each test binary, and the fuzz target, uses its own part")]

pub mod judge;
pub mod memory;
pub mod real;
pub mod tables;

/// Returns how many cases a property test runs: `percent` of 10^5, or of `XTOS_FUZZ_CASES`.
pub fn cases(percent: u64) -> u32 {
    let all = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000_u64);
    u32::try_from(all * percent / 100).unwrap_or(u32::MAX).max(1)
}
