//! Where callers are held to the run levels that the operations state.

use xtcore::RunLevel;

use crate::misuse::Misuse;
use crate::platform::Platform;

/// Finds a caller above the highest level of an operation, in debug builds.
pub(crate) fn at_most<P: Platform>(highest: RunLevel, operation: &'static str) {
    if cfg!(debug_assertions) {
        let level = P::run_level();
        if level > highest {
            P::misuse(Misuse::LevelTooHigh { operation, level, highest });
        }
    }
}

/// Finds a caller who may not wait, in all builds: a processor that sleeps at Dispatch never wakes.
pub(crate) fn may_wait<P: Platform>() {
    let level = P::run_level();
    if level > RunLevel::Apc {
        P::misuse(Misuse::WaitAtRaisedLevel { level });
    }
}
