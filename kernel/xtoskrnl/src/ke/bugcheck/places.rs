//! Where the image is in this boot, and the seed that puts it there again: without these two, the addresses of a stop mean
//! nothing to anybody else.

use core::fmt;

use spin::Once;
use xtboot::block::{LayoutOrigin, LayoutSource};
use xtkd::json::Object;

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

/// The places in words. Symbols are found by the slide in the debug file with the same mark, the boot is repeated by the
/// parameter.
pub(crate) struct Places;

impl fmt::Display for Places {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "image at {:#x}, slide {:#x}", image::base().get(), image::slide())?;
        write!(out, ", build {:08x}", image::mark())?;
        seed().map_or(Ok(()), |seed| write!(out, ", KASLRSEED={seed:#x}"))
    }
}

/// Writes the places as members. The seed is text: JSON's numbers end at 2^53 for many a reader.
pub(crate) fn fill_places(out: &mut Object<'_>) -> fmt::Result {
    out.number("image_base", image::base().get())?;
    out.number("slide", image::slide())?;
    out.text("build", format_args!("{:08x}", image::mark()))?;
    out.or_null("seed", seed(), Object::address)
}
