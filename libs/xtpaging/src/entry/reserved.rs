//! Which bits of a present entry must be zero.
//!
//! A set reserved bit makes every access through the entry fault with RSVD, so an audit looks for them. Source: Intel
//! SDM volume 3A, sections 4.3 to 4.5; the tables named in [`super`]; section 4.7 for the precedence of faults.

use xtcore::{Level, PagingMode};

use super::attributes::Capabilities;
use super::format::Bits;

/// Returns the reserved bits of a present ordinary entry at `level`, given its raw value.
///
/// The entries of PAE's page-directory-pointer table are not ordinary: see [`super::Pdpte`].
#[must_use]
pub const fn reserved_bits(mode: PagingMode, capabilities: &Capabilities, level: Level, raw: u64) -> u64 {
    let geometry = mode.geometry();
    let large = level.number() > 1 && raw & Bits::PAGE_SIZE.bits() != 0;
    if matches!(mode, PagingMode::Pml2) {
        // Without PSE-36, bits 21 to 13 of a 4 MiB entry are reserved; with it this system still leaves them zero,
        // because it supports 4 GiB in this mode.
        return if large && capabilities.large_pages.is_present() { 0x003F_E000 } else { 0 };
    }
    let mut reserved = 0;
    if capabilities.physical_bits < 52 {
        reserved |= ((1 << 52) - 1) & !((1_u64 << capabilities.physical_bits) - 1);
    }
    if matches!(mode, PagingMode::Pml3) {
        // PAE reserves all bits from MAXPHYADDR up to 62; the 64-bit modes ignore 62 to 52.
        reserved |= 0x7FF0_0000_0000_0000;
    }
    if !capabilities.no_execute.is_present() {
        reserved |= Bits::NO_EXECUTE.bits();
    }
    if large {
        let possible = level.number() == 2 || level.number() == 3 && capabilities.gigabyte_pages.is_present();
        if possible {
            // Below the page's own alignment only bit 12, PAT, has a meaning.
            reserved |= (geometry.page_bytes(level) - 1) & !0x1FFF;
        } else {
            reserved |= Bits::PAGE_SIZE.bits();
        }
    }
    reserved
}
