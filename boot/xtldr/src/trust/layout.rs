//! The seed of the kernel's places, and where it comes from.
//!
//! In this order: the user, who wants the standard places (`NOKASLR`) or those of an earlier boot (`KASLRSEED=`); the
//! firmware; the processor; and for want of both the clock and the memory map. The last is hard to foresee from afar and
//! no more than that, so it is told by name, as all are. The seed itself is never told by the loader: the log goes to
//! a screen and a serial line that others may see, and the kernel decides by itself whether to tell.

use sha2::{Digest as _, Sha256};
use xtboot::block::{LayoutOrigin, LayoutSource};
use xtboot::parameters::Parameters;
use xtcore::FrameCount;

use super::error::TrustError;
use crate::firmware::{Firmware, MapFailure, Pages, Placement, Purpose};

/// How often the clock is looked at while the firmware works.
const LOOKS: usize = 64;

/// Where the loader gets random numbers. Boot services only.
pub trait Randomness {
    /// Returns 64 bits from the firmware's generator (EFI_RNG_PROTOCOL: UEFI 2.10, section 37.5), if it has one.
    fn random_of_firmware(&self) -> Option<u64>;

    /// Returns 64 bits from the processor's generator (RDRAND: SDM volume 1, section 7.3.17), if it has one.
    fn random_of_processor(&self) -> Option<u64>;
}

/// Returns who chooses the kernel's places, and the seed.
///
/// # Errors
/// [`TrustError::Seed`] when the value of `KASLRSEED` is no number: the user wants a certain boot, and another one
/// would mislead.
pub fn origin(firmware: &dyn Firmware, parameters: &Parameters<'_>) -> Result<LayoutOrigin, TrustError> {
    if parameters.has("NOKASLR") {
        return Ok(LayoutOrigin::STANDARD);
    }
    if parameters.has("KASLRSEED") {
        let seed = parameters.number("KASLRSEED").ok_or(TrustError::Seed)?;
        return Ok(LayoutOrigin { source: LayoutSource::Parameter, seed });
    }
    let from = |source, seed| LayoutOrigin { source, seed };
    Ok(firmware
        .random_of_firmware()
        .map(|seed| from(LayoutSource::Firmware, seed))
        .or_else(|| firmware.random_of_processor().map(|seed| from(LayoutSource::Processor, seed)))
        .unwrap_or_else(|| from(LayoutSource::Clock, mixed(firmware))))
}

/// Returns 64 bits of the SHA-256 of the memory map and of the clock, read between calls into the firmware whose
/// duration varies by a few ticks.
fn mixed(firmware: &dyn Firmware) -> u64 {
    let mut hash = Sha256::new();
    for _ in 0..LOOKS {
        let needed = match firmware.memory_map(&mut []) {
            Err(MapFailure::TooSmall { needed, .. }) => needed,
            _ => 0,
        };
        hash.update(needed.to_le_bytes());
        hash.update(firmware.ticks().to_le_bytes());
    }
    hash_map(firmware, &mut hash);
    hash.update(firmware.ticks().to_le_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// Adds the memory map, if the firmware has memory to write it to: it shows where firmware and this loader lie.
fn hash_map(firmware: &dyn Firmware, hash: &mut Sha256) {
    /// For the descriptors that the allocation itself adds.
    const SLACK_BYTES: usize = 4096;

    let Err(MapFailure::TooSmall { needed, .. }) = firmware.memory_map(&mut []) else { return };
    let frames = FrameCount::holding(needed.saturating_add(SLACK_BYTES) as u64);
    let Ok(mut pages) = Pages::allocate(firmware, frames, Placement::Any, Purpose::Data) else { return };
    if let Ok(shape) = firmware.memory_map(pages.bytes_mut()) {
        hash.update(pages.bytes().get(..shape.bytes).unwrap_or_default());
    }
}
