//! How long to wait for a guest.

use std::time::Duration;

use super::MemorySize;

/// Returns how long a boot with all its checks may take on a host that does other work too. Nobody is timed by this: it is how
/// a hang is noticed.
///
/// With much memory most of it is the firmware's. Emulated processors take turns on those of the host, and spin while the one
/// that they wait for has none.
#[must_use]
pub const fn patience(memory: MemorySize, processors: u32) -> Duration {
    let seconds = match memory.bytes() >> 30 {
        0..16 => 120,
        16..512 => 300,
        512..4096 => 600,
        _ => 1800,
    };
    Duration::from_secs(seconds * processors.div_ceil(2) as u64)
}
