//! Where this image lies, found from itself: no block and no table has to be believed for it.
#![allow(unsafe_code, reason = "the linker's symbol for the image's first byte")]

use xtcore::VirtAddr;

unsafe extern "C" {
    /// The image's first byte, by the linker's definition.
    #[link_name = "__ImageBase"]
    static FIRST: u8;
}

/// Where the image was linked to lie.
const LINKED: u64 = match u64::from_str_radix(env!("XTOS_LINK_BASE"), 16) {
    Ok(base) => base,
    Err(_) => 0,
};

/// Returns the address of the image's first byte.
pub(crate) fn base() -> VirtAddr {
    VirtAddr::new((&raw const FIRST).addr() as u64)
}

/// Returns how far the image was moved up from where it was linked. A symbol's address in the linker's map is an address
/// of this boot less the slide.
pub(crate) fn slide() -> u64 {
    base().get().wrapping_sub(LINKED)
}
