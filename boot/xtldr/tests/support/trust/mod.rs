//! Randomness, Secure Boot and a TPM as a firmware may have them.

use std::cell::RefCell;

use sha2::{Digest, Sha256};
use xtldr::firmware::Status;
use xtldr::trust::{Measuring, Pcr, Randomness, Recorded, SecureBoot, SecureBootState};

use super::firmware::Mock;

/// A TPM: two registers of one bank, and the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tpm {
    /// PCR 8 and 9.
    pub(crate) registers: [[u8; 32]; 2],
    /// The register, the digest and the text of each event.
    pub(crate) log: Vec<(u32, [u8; 32], String)>,
}

impl Tpm {
    /// Extends: the new value is the digest of the old one and the measurement's (TPM 2.0 library, part 1, section 17).
    pub(crate) fn extend(&mut self, pcr: u32, digest: [u8; 32], event: &str) {
        let register = &mut self.registers[pcr as usize - 8];
        *register = Sha256::digest([register.as_slice(), digest.as_slice()].concat()).into();
        self.log.push((pcr, digest, event.to_owned()));
    }
}

/// What the firmware has, and how it judges.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) firmware_random: Option<u64>,
    pub(crate) processor_random: Option<u64>,
    pub(crate) secure_boot: SecureBootState,
    /// What the firmware says of a kernel whose digest is not among these.
    pub(crate) refusal: Status,
    /// Digests of the files that the firmware accepts.
    pub(crate) accepted: Vec<[u8; 32]>,
    pub(crate) tpm: Option<RefCell<Tpm>>,
    /// Whether the TPM refuses to be extended.
    pub(crate) tpm_status: Option<Status>,
}

impl Default for Trust {
    /// A firmware with a generator and nothing else.
    fn default() -> Self {
        Self {
            firmware_random: Some(0x9E37_79B9),
            processor_random: None,
            secure_boot: SecureBootState::Off,
            refusal: Status(15),
            accepted: Vec::new(),
            tpm: None,
            tpm_status: None,
        }
    }
}

impl Randomness for Mock {
    fn random_of_firmware(&self) -> Option<u64> {
        self.services();
        self.trust.firmware_random
    }

    fn random_of_processor(&self) -> Option<u64> {
        self.trust.processor_random
    }
}

impl SecureBoot for Mock {
    fn secure_boot(&self) -> SecureBootState {
        self.services();
        self.trust.secure_boot
    }

    fn authenticate(&self, file: &[u8]) -> Result<(), Status> {
        self.services();
        let digest: [u8; 32] = Sha256::digest(file).into();
        if self.trust.accepted.contains(&digest) { Ok(()) } else { Err(self.trust.refusal) }
    }
}

impl Measuring for Mock {
    fn extend(&self, pcr: Pcr, bytes: &[u8], event: &[u8]) -> Result<Recorded, Status> {
        self.services();
        let Some(tpm) = &self.trust.tpm else { return Ok(Recorded::Nowhere) };
        if let Some(status) = self.trust.tpm_status {
            return Err(status);
        }
        let event = str::from_utf8(event).expect("the log is text");
        tpm.borrow_mut().extend(pcr.number(), Sha256::digest(bytes).into(), event);
        Ok(Recorded::InTpm)
    }
}
