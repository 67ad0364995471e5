//! What the loader believes, and what it lets others know: places that cannot be guessed, kernels that are the right
//! ones, measurements that can be asked for later.
//!
//! ```text
//!   layout      parameters, else randomness  -> the seed of the kernel's places, and who gave it
//!   digest      the kernel's file            -> its SHA-256, held against what the entry demands
//!   secure      Secure Boot's state          -> under it the firmware's own policy decides about the kernel's file
//!   measure     configuration, kernel, parameters -> PCRs and their log, where there is a TPM
//! ```
//!
//! The three traits are what this asks of the firmware: [`Randomness`], [`SecureBoot`], [`Measuring`]. What holds, and
//! what doesn't, is in `docs/adr/0015-the-firmware-judges-the-kernel.md`.
//!
//! Order: a kernel is checked before it is measured, measured before anything of it is used, and a file is measured and
//! used from the same bytes in the loader's own memory, so that nobody can change it in between.

mod digest;
mod error;
mod layout;
mod measure;
mod secure;

pub use digest::{Digest, Measured, check_kernel};
pub use error::TrustError;
pub use layout::{Randomness, origin};
pub use measure::{Measuring, Pcr, Recorded, measure_configuration, measure_kernel, measure_parameters};
pub use secure::{SecureBoot, SecureBootState};
