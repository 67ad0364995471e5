//! Measured boot: what will run is written into the TPM first, so that it can be proven, or secrets tied to it, later.
//!
//! | PCR | what | event |
//! |-----|------|-------|
//! | 9 | the configuration's file | `XTLDR configuration` |
//! | 9 | the kernel's file | `XTLDR kernel <path>` |
//! | 8 | the entry's parameters | `XTLDR parameters <text>` |
//!
//! These are GRUB's registers ("Measuring boot components" in its manual: 9 for every file read, 8 for command
//! lines), of those that the TCG leaves to the operating system (PC Client Platform Firmware Profile 1.06, section
//! 3.3.4). Events are of type EV_IPL, as there. The firmware itself has measured this loader into PCR 4.
//!
//! Without a TPM nothing happens. With one that fails the boot is refused: what was not measured could measure itself as
//! something better afterwards.

use core::fmt::Write as _;

use arrayvec::ArrayString;

use super::error::TrustError;
use crate::firmware::Status;

/// Bytes of an event's text; a longer one is cut, its measurement is not.
const EVENT_BYTES: usize = 512;

/// A platform configuration register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pcr {
    /// 8: command lines.
    Parameters,
    /// 9: files.
    Files,
}

impl Pcr {
    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Parameters => 8,
            Self::Files => 9,
        }
    }
}

/// What became of a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recorded {
    /// It is in the TPM and in the firmware's log.
    InTpm,
    /// There is no TPM.
    Nowhere,
}

/// What the loader asks of the firmware's TPM driver. Boot services only.
pub trait Measuring {
    /// Extends the register in every active bank by the digest of `bytes` and logs `event` with it (TCG EFI Protocol
    /// Specification 2.0, section 6.6).
    ///
    /// # Errors
    /// The firmware's status, where there is a TPM and it does not take the measurement.
    fn extend(&self, pcr: Pcr, bytes: &[u8], event: &[u8]) -> Result<Recorded, Status>;
}

/// Measures the configuration.
///
/// # Errors
/// [`TrustError::Measurement`].
pub fn measure_configuration(tpm: &dyn Measuring, file: &[u8]) -> Result<Recorded, TrustError> {
    measure(tpm, Pcr::Files, file, "configuration", "")
}

/// Measures the kernel's file.
///
/// # Errors
/// [`TrustError::Measurement`].
pub fn measure_kernel(tpm: &dyn Measuring, path: &str, file: &[u8]) -> Result<Recorded, TrustError> {
    measure(tpm, Pcr::Files, file, "kernel", path)
}

/// Measures the parameters that the kernel will get.
///
/// # Errors
/// [`TrustError::Measurement`].
pub fn measure_parameters(tpm: &dyn Measuring, parameters: &str) -> Result<Recorded, TrustError> {
    measure(tpm, Pcr::Parameters, parameters.as_bytes(), "parameters", parameters)
}

fn measure(
    tpm: &dyn Measuring,
    pcr: Pcr,
    bytes: &[u8],
    what: &str,
    detail: &str,
) -> Result<Recorded, TrustError> {
    let mut event = ArrayString::<EVENT_BYTES>::new();
    let _ = write!(event, "XTLDR {what}");
    let room = EVENT_BYTES.saturating_sub(event.len() + 1);
    // Cut between characters: the log shall stay text.
    let detail = detail.get(..detail.floor_char_boundary(room)).unwrap_or_default();
    if !detail.is_empty() {
        let _ = write!(event, " {detail}");
    }
    tpm.extend(pcr, bytes, event.as_bytes()).map_err(|status| TrustError::Measurement { pcr, status })
}
