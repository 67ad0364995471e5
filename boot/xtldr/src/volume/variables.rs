//! What the firmware remembers for the loader from one boot to the next.

use crate::firmware::Status;

/// A variable of the loader's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variable {
    /// The name of the section that was booted last, UTF-8 without a NUL.
    LastBoot,
}

impl Variable {
    /// Returns its name among the loader's variables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastBoot => "XtLdrLastBootOS",
        }
    }
}

/// The firmware's variables (UEFI 2.10, section 8.2), as far as they are the loader's.
pub trait Variables {
    /// Reads a variable and returns its length; `None` where there is none, or it is longer than `into`.
    fn get(&self, variable: Variable, into: &mut [u8]) -> Option<usize>;

    /// Writes a variable, so that it outlives the machine's being off.
    ///
    /// # Errors
    /// The firmware's status; the variable is as it was.
    fn set(&self, variable: Variable, value: &[u8]) -> Result<(), Status>;
}
