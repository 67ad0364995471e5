//! Why something is not trusted.

use core::fmt;

use super::digest::Digest;
use super::measure::Pcr;
use crate::firmware::Status;

/// Why a boot is refused for want of trust.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrustError {
    /// The kernel's file is not the one that the entry demands.
    Digest {
        /// The digest that the entry demands.
        demanded: Digest,
        /// The file's.
        found: Digest,
    },
    /// Secure Boot is on, and the firmware's policy does not accept the kernel's file.
    Policy {
        /// What the firmware said.
        status: Status,
        /// The file's digest.
        digest: Digest,
    },
    /// There is a TPM, and it does not take a measurement.
    Measurement {
        /// The register that was to be extended.
        pcr: Pcr,
        /// What the firmware said.
        status: Status,
    },
    /// The value of KASLRSEED is no number.
    Seed,
}

impl fmt::Display for TrustError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest { demanded, found } => write!(
                out,
                "the kernel's file is not the one that the entry demands: its SHA-256 is {found}, KernelSha256 says {demanded}"
            ),
            Self::Policy { status, digest } => write!(
                out,
                "Secure Boot is on and the firmware does not accept the kernel's file ({status}): it must be signed by \
                 somebody whom the firmware trusts; its SHA-256 is {digest}"
            ),
            Self::Measurement { pcr, status } => {
                write!(out, "the TPM does not take the measurement for PCR {} ({status})", pcr.number())
            }
            Self::Seed => write!(
                out,
                "the value of the parameter KASLRSEED is no number: write it in decimal, or in hexadecimal behind 0x"
            ),
        }
    }
}

impl core::error::Error for TrustError {}
