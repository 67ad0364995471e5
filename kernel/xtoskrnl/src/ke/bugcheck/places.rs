//! Where the image is in this boot, and the seed that puts it there again: without these two, the addresses of a stop mean
//! nothing to anybody else.

use core::fmt;

use spin::Once;
use xtboot::block::{LayoutOrigin, LayoutSource};

use crate::ar::image;

/// The seed, once the loader block has been verified.
static ORIGIN: Once<LayoutOrigin> = Once::new();

/// Makes the seed known to those who tell.
pub(crate) fn publish(origin: LayoutOrigin) {
    ORIGIN.call_once(|| origin);
}

/// Returns the seed, where one is known and was used.
fn seed() -> Option<u64> {
    ORIGIN.get().filter(|origin| origin.source != LayoutSource::Standard).map(|origin| origin.seed)
}

/// The places in words. Symbols are found by the slide, the boot is repeated by the parameter.
pub(crate) struct Places;

impl fmt::Display for Places {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "image at {:#x}, slide {:#x}", image::base().get(), image::slide())?;
        seed().map_or(Ok(()), |seed| write!(out, ", KASLRSEED={seed:#x}"))
    }
}

/// The places as members of a JSON object. The seed is text: JSON's numbers end at 2^53 for many a reader.
pub(crate) struct PlacesJson;

impl fmt::Display for PlacesJson {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"image_base\":{},\"slide\":{}", image::base().get(), image::slide())?;
        match seed() {
            Some(seed) => write!(out, ",\"seed\":\"{seed:#x}\""),
            None => write!(out, ",\"seed\":null"),
        }
    }
}
