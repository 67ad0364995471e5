//! Secure Boot: its state, and the firmware's judgement of a file.

use crate::firmware::Status;

xtcore::named! {
    /// What the variables `SecureBoot` and `SetupMode` say (UEFI 2.10, section 3.3).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum SecureBootState => text {
        /// The firmware starts only what its policy accepts.
        On => "on",
        /// It has keys and starts everything.
        Off => "off",
        /// It has no keys yet and starts everything.
        Setup => "off, no keys are enrolled",
        /// The firmware doesn't know Secure Boot.
        Unknown => "not known to this firmware",
    }
}

impl SecureBootState {
    /// Returns the state that the values of the two variables mean; `None` for a variable that isn't there.
    #[must_use]
    pub const fn from_variables(secure_boot: Option<u8>, setup_mode: Option<u8>) -> Self {
        match (secure_boot, setup_mode) {
            (Some(1), _) => Self::On,
            (_, Some(1)) => Self::Setup,
            (Some(_), _) => Self::Off,
            (None, _) => Self::Unknown,
        }
    }
}

/// What the loader asks of the firmware about Secure Boot. Boot services only.
pub trait SecureBoot {
    /// Returns whether Secure Boot is on.
    fn secure_boot(&self) -> SecureBootState;

    /// Has the firmware hold a PE file against its own policy, signature databases included, without starting it.
    ///
    /// # Errors
    /// The firmware's status; anything but a success means that the file must not be started.
    fn authenticate(&self, file: &[u8]) -> Result<(), Status>;
}
