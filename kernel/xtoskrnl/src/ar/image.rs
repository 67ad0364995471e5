//! This image: where it lies and what it carries, found from itself. No block and no table has to be believed for it.
//!
//! Its headers and its read-only parts are mapped from the loader's jump on, for good (boot protocol, chapter 4), so
//! everything here may be asked at any moment.
#![allow(unsafe_code, reason = "the linker's symbol for the image's first byte, and what lies behind it")]

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

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
    VirtAddr::new((&raw const FIRST).expose_provenance() as u64)
}

/// Returns how far the image was moved up from where it was linked. A symbol's address in the linker's map is an address
/// of this boot less the slide.
pub(crate) fn slide() -> u64 {
    base().get().wrapping_sub(LINKED)
}

/// Returns the mark that tells images apart, which the debug file has as well: the header's time stamp, which says no time but
/// is a digest's part.
pub(crate) fn mark() -> u32 {
    const STAMP: usize = 8;
    signature().and_then(|at| word(headers(), at + STAMP)).unwrap_or(0)
}

/// Where the image's code lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Code(VirtRange);

impl Code {
    /// Finds it.
    pub(crate) fn find() -> Option<Self> {
        const EXECUTABLE: u32 = 0x2000_0000;
        let section = sections().find(|section| section.flags & EXECUTABLE != 0)?;
        let start = base().checked_add(section.start.into())?;
        VirtRange::with_length(start, section.bytes.into()).map(Self)
    }

    /// Returns a byte of it.
    pub(crate) fn at(self, address: VirtAddr) -> Option<u8> {
        let byte = core::ptr::with_exposed_provenance::<u8>(usize::try_from(address.get()).ok()?);
        // SAFETY: the byte lies in the section with the image's code, which is mapped for good and for reading.
        self.0.contains(address).then(|| unsafe { byte.read() })
    }
}

/// Returns the contents of a section that is only read, by its name padded with zeros.
pub(crate) fn constants(name: [u8; 8]) -> Option<&'static [u8]> {
    const WRITABLE: u32 = 0x8000_0000;
    let section = sections().find(|section| section.name == name && section.flags & WRITABLE == 0)?;
    let first = base().checked_add(section.start.into())?;
    let first = core::ptr::with_exposed_provenance(usize::try_from(first.get()).ok()?);
    // SAFETY: the loader maps each section of the image as large as its header says, and nobody writes to this one.
    Some(unsafe { core::slice::from_raw_parts(first, section.bytes as usize) })
}

/// A section by its header.
struct Section {
    name: [u8; 8],
    /// Offset from the image's first byte.
    start: u32,
    bytes: u32,
    flags: u32,
}

/// The sections, as the headers list them (Microsoft PE specification, sections 3 and 4).
fn sections() -> impl Iterator<Item = Section> {
    const COUNT: usize = 6;
    const OPTIONAL_BYTES: usize = 20;
    const OPTIONAL: usize = 24;
    const HEADER_BYTES: usize = 40;
    let table = signature().and_then(|at| {
        let count = word(headers(), at + COUNT)? as u16;
        let optional_bytes = word(headers(), at + OPTIONAL_BYTES)? as u16;
        headers().get(at + OPTIONAL + usize::from(optional_bytes)..)?.get(..usize::from(count) * HEADER_BYTES)
    });
    table.unwrap_or_default().chunks_exact(HEADER_BYTES).filter_map(|header| {
        Some(Section {
            name: *header.first_chunk()?,
            bytes: word(header, 8)?,
            start: word(header, 12)?,
            flags: word(header, 36)?,
        })
    })
}

/// Returns where the PE signature stands.
fn signature() -> Option<usize> {
    const NEW_HEADER: usize = 0x3C;
    let at = word(headers(), NEW_HEADER)? as usize;
    (headers().get(at..)?.first_chunk() == Some(b"PE\0\0")).then_some(at)
}

/// Returns the image's headers, which are its first page.
fn headers() -> &'static [u8] {
    let first = core::ptr::with_exposed_provenance((&raw const FIRST).expose_provenance());
    // SAFETY: the loader maps the headers as a part of the image that is only read; they are a page at most, and mapped as one.
    unsafe { core::slice::from_raw_parts(first, PAGE_BYTES as usize) }
}

/// Returns a number of four bytes.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
