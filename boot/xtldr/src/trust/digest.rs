//! The kernel's digest: what the file is, by RustCrypto's `sha2`.

use core::fmt;

use sha2::{Digest as _, Sha256};

use super::error::TrustError;
use super::secure::{SecureBoot, SecureBootState};

/// A SHA-256 (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`. Linear; about 10 cycles a byte.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    /// Writes 64 lower-case digits, as `sha256sum` does.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A kernel file that may be started.
///
/// Proves that its bytes have this digest, that the digest is the one that the entry demands (if it demands one), and
/// that the firmware's policy accepts the bytes if Secure Boot is on. Does not prove that they are a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "only a kernel that was checked is started"]
pub struct Measured {
    digest: Digest,
    secure_boot: SecureBootState,
    is_demanded: bool,
}

impl Measured {
    /// Returns the digest of the file.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the state of Secure Boot under which the file was accepted.
    #[must_use]
    pub const fn secure_boot(&self) -> SecureBootState {
        self.secure_boot
    }

    /// Tells whether the entry demands this digest.
    #[must_use]
    pub const fn is_demanded(&self) -> bool {
        self.is_demanded
    }
}

/// Checks a kernel's file: against the digest that its entry demands, and under Secure Boot by the firmware's policy.
///
/// A digest in the configuration is no substitute for the policy: nobody signs the configuration.
///
/// # Errors
/// [`TrustError::Digest`] or [`TrustError::Policy`].
pub fn check_kernel(
    file: &[u8],
    demanded: Option<[u8; 32]>,
    secure_boot: &dyn SecureBoot,
) -> Result<Measured, TrustError> {
    let digest = Digest::of(file);
    if let Some(demanded) = demanded.map(Digest)
        && demanded != digest
    {
        return Err(TrustError::Digest { demanded, found: digest });
    }
    let state = secure_boot.secure_boot();
    if state == SecureBootState::On {
        secure_boot.authenticate(file).map_err(|status| TrustError::Policy { status, digest })?;
    }
    Ok(Measured { digest, secure_boot: state, is_demanded: demanded.is_some() })
}
