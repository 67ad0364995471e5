//! The way from the first file read to a sealed loader block.
//!
//! ```text
//!   prepare   read, validate, choose, plan, allocate, build      may fail; everything goes back
//!   leave     map, leave boot services, reconcile, seal          allocates nothing
//!   Ready     what the processor's switch needs                  plain numbers
//! ```
//!
//! Each step returns what the next one consumes. An error is told where it happens, while the text it quotes is
//! still in memory; what comes back is [`Refused`] and says only how to go on.
#![allow(
    clippy::result_large_err,
    clippy::large_enum_variant,
    reason = "an error carries the path it speaks of, there is no heap to put it on, and a boot has at most one"
)]

mod error;
mod files;
mod leave;
mod plan;
mod tables;
#[cfg(feature = "tamper")]
mod tamper;

pub use error::{BootError, Need};
pub use files::{File, configuration, room};
pub use leave::{MAP_SLACK, MAX_ATTEMPTS, Ready};
pub use plan::{HAND_OVER_FRAMES, Prepared};

use xtboot::parameters::Parameters;
use xtcore::choice::WideRequest;
use xtcore::{Level, PagingMode};
use xtpaging::processor::Processor;

use crate::config::Entry;
use crate::firmware::Firmware;

/// The boot ended with a message that has been told already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "somebody must decide how to go on"]
pub struct Refused {
    /// Whether somebody should read the message first.
    pub pause: Pause,
    /// What is left of the firmware.
    pub firmware: Remains,
}

/// Whether to wait before going on after an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// Wait until the message has been read.
    UntilRead,
    /// The parameter EXIT: nobody is there to read it.
    No,
}

/// What is left of the firmware after an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remains {
    /// Boot services are as they were, everything has been returned: the loader can go back.
    BootServices,
    /// Boot services are half or wholly gone: only a reset is left.
    Nothing,
}

/// Reads the kernel of an entry and gets everything ready that can be before the final memory map.
///
/// `start` is the processor's clock at the loader's entry.
///
/// # Errors
/// [`BootError`], which nobody has been told; all memory has gone back to the firmware.
pub fn prepare<'f>(
    firmware: &'f dyn Firmware,
    processor: &Processor,
    entry: &Entry<'_>,
    start: u64,
) -> Result<Prepared<'f>, BootError<'static>> {
    let (path, file) = files::kernel(firmware, entry, processor.architecture)?;
    let kernel = files::trusted(firmware, entry, &path, file.bytes())?;
    Prepared::new(firmware, &as_asked(processor, entry), entry, &kernel, start)
}

/// Returns whether somebody is there to read why a boot of this entry failed.
#[must_use]
pub fn pause_of(entry: &Entry<'_>) -> Pause {
    if entry.parameters.has("EXIT") { Pause::No } else { Pause::UntilRead }
}

/// Tells whether a boot leaves 1 GiB pages alone that the mode has.
pub(crate) fn leaves_gigabyte_pages(mode: PagingMode, parameters: &Parameters<'_>) -> bool {
    mode.geometry().largest_page() > Level::PD && parameters.has("NOGBPAGES")
}

/// Returns the processor as this boot uses it.
fn as_asked(processor: &Processor, entry: &Entry<'_>) -> Processor {
    let mut processor = *processor;
    if entry.parameters.has("NOGBPAGES") {
        processor.capabilities = processor.capabilities.without_gigabyte_pages();
    }
    processor
}

fn request_of(entry: &Entry<'_>) -> Result<WideRequest, BootError<'static>> {
    match (entry.parameters.has("NOXPA"), entry.parameters.has("XPA")) {
        (false, false) => Ok(WideRequest::Automatic),
        (true, false) => Ok(WideRequest::Narrow),
        (false, true) => Ok(WideRequest::Wide),
        (true, true) => Err(BootError::Contradiction),
    }
}
