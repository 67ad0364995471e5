//! What a mapping shows, looked at and changed.
#![allow(unsafe_code, reason = "mapped pages are read and written")]

use xtmm::space::SystemMapping;

/// Returns the first word of each page of a mapping.
pub(crate) fn first_words(mapping: &SystemMapping) -> impl Iterator<Item = usize> {
    mapping.pages().pages().map(|page| {
        let word = core::ptr::with_exposed_provenance::<usize>(page.get() as usize);
        // SAFETY: the page is mapped as long as the mapping is not released, which it isn't while it is borrowed.
        unsafe { word.read_volatile() }
    })
}

/// Writes the first word of each page of a mapping, which must be writable: those that the system PTEs bring memory for are.
pub(crate) fn set_first_words(mapping: &mut SystemMapping, value: usize) {
    for page in mapping.pages().pages() {
        let word = core::ptr::with_exposed_provenance_mut::<usize>(page.get() as usize);
        // SAFETY: the page is mapped, and nobody else uses it, as long as the mapping is borrowed for writing.
        unsafe { word.write_volatile(value) };
    }
}
