//! The run level that a spin lock raises to, as a type: known when the lock is compiled, it costs nothing.

use xtcore::RunLevel;

use crate::misuse::Misuse;
use crate::platform::Platform;

/// A run level that a spin lock raises to, and the highest at which it may be waited for.
pub trait Level: 'static {
    /// The level.
    const LEVEL: RunLevel;
}

/// For what threads and deferred procedure calls share.
#[derive(Clone, Copy, Debug)]
pub enum AtDispatch {}

impl Level for AtDispatch {
    const LEVEL: RunLevel = RunLevel::Dispatch;
}

/// For what they share with device interrupts.
#[derive(Clone, Copy, Debug)]
pub enum AtDevice {}

impl Level for AtDevice {
    const LEVEL: RunLevel = RunLevel::Device;
}

/// Stops who waits for a lock above the lock's level: it may have interrupted the holder, or one who waits before it.
pub(super) fn check<P: Platform>(operation: &'static str, highest: RunLevel) {
    let level = P::run_level();
    if level > highest {
        P::misuse(Misuse::LevelTooHigh { operation, level, highest });
    }
}
