//! Where the kernel's code lies, from the kernel's file.
//!
//! A processor that cannot forbid execution says nothing about what is code. There the harness takes the image's
//! executable sections and the base that the kernel reports, and looks their frames up in the page tables.

use object::LittleEndian;
use object::pe::{IMAGE_SCN_MEM_EXECUTE, ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, PeFile};
use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

/// Returns the executable sections of a kernel file that is loaded at `base`, in whole pages; nothing when it is
/// no PE image.
pub(crate) fn sections(image: &[u8], base: VirtAddr) -> Vec<VirtRange> {
    match executable::<ImageNtHeaders64>(image) {
        Some(sections) => place(&sections, base),
        None => {
            executable::<ImageNtHeaders32>(image).map(|sections| place(&sections, base)).unwrap_or_default()
        }
    }
}

/// Offset and bytes of each executable section, or `None` for another kind of file.
fn executable<Headers: ImageNtHeaders>(image: &[u8]) -> Option<Vec<(u64, u64)>> {
    let file = PeFile::<Headers>::parse(image).ok()?;
    let sections = file.section_table();
    let code = sections
        .iter()
        .filter(|section| section.characteristics.get(LittleEndian).0 & IMAGE_SCN_MEM_EXECUTE.0 != 0);
    let bounds = code.map(|section| {
        let offset = section.virtual_address.get(LittleEndian);
        let bytes = section.virtual_size.get(LittleEndian);
        (u64::from(offset), u64::from(bytes))
    });
    Some(bounds.collect())
}

fn place(sections: &[(u64, u64)], base: VirtAddr) -> Vec<VirtRange> {
    let place = |(offset, bytes): &(u64, u64)| {
        VirtRange::with_length(base.checked_add(*offset)?, bytes.next_multiple_of(PAGE_BYTES))
    };
    sections.iter().filter_map(place).collect()
}
