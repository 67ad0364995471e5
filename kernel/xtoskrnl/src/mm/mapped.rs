//! Looking at what a mapping shows.
#![allow(unsafe_code, reason = "mapped pages are read")]

use xtmm::space::SystemMapping;

/// Returns the first word of each page of a mapping.
pub(crate) fn first_words(mapping: &SystemMapping) -> impl Iterator<Item = usize> {
    mapping.pages().pages().map(|page| {
        let word = core::ptr::with_exposed_provenance::<usize>(page.get() as usize);
        // SAFETY: the page is mapped as long as the mapping is not released, which it isn't while it is borrowed.
        unsafe { word.read_volatile() }
    })
}
