//! The headers of a PE file, for both widths, reduced to the numbers that the loader uses.

use core::mem::offset_of;

use object::pe::{self, ImageDataDirectory, ImageDosHeader, ImageFileHeader, ImageSectionHeader};
use object::pod::{Pod, from_bytes, slice_from_bytes};
use xtcore::choice::Architecture;
use xtcore::{PAGE_BYTES, PagingMode, VirtAddr};

use super::error::{ImageError, Part};

/// Images are mapped with the granularity of a 64 KiB allocation, as everywhere else in the PE world.
const BASE_ALIGNMENT: u64 = 64 << 10;

/// The largest image: what the layout has room for on 32 bits is less.
const MAX_IMAGE_BYTES: u32 = 1 << 30;

/// What the headers say, checked as far as one number at a time can be.
#[derive(Debug)]
pub(super) struct Headers<'a> {
    pub(super) architecture: Architecture,
    pub(super) base: VirtAddr,
    /// Bytes of the image in memory, a whole number of pages.
    pub(super) image_bytes: u32,
    /// Bytes of the headers in the file, section table included.
    pub(super) header_bytes: u32,
    /// Offset of the entry point from the base.
    pub(super) entry: u32,
    pub(super) sections: &'a [ImageSectionHeader],
    directories: &'a [ImageDataDirectory],
}

/// The fields of the optional header that both widths share.
struct Optional {
    bytes: usize,
    base: u64,
    section_alignment: u32,
    file_alignment: u32,
    image_bytes: u32,
    header_bytes: u32,
    entry: u32,
    directories: u32,
}

macro_rules! optional {
    ($name:ident, $type:ty) => {
        fn $name(bytes: &[u8], at: usize) -> Result<Optional, ImageError> {
            let header = read::<$type>(bytes, at, Part::OptionalHeader)?;
            Ok(Optional {
                bytes: size_of::<$type>(),
                base: header.image_base.get(object::LittleEndian).into(),
                section_alignment: header.section_alignment.get(object::LittleEndian),
                file_alignment: header.file_alignment.get(object::LittleEndian),
                image_bytes: header.size_of_image.get(object::LittleEndian),
                header_bytes: header.size_of_headers.get(object::LittleEndian),
                entry: header.address_of_entry_point.get(object::LittleEndian),
                directories: header.number_of_rva_and_sizes.get(object::LittleEndian),
            })
        }
    };
}

optional!(optional32, pe::ImageOptionalHeader32);
optional!(optional64, pe::ImageOptionalHeader64);

impl<'a> Headers<'a> {
    pub(super) fn read(file: &'a [u8], architecture: Architecture) -> Result<Self, ImageError> {
        let dos = read::<ImageDosHeader>(file, 0, Part::DosHeader)?;
        let magic = dos.e_magic.get(object::LittleEndian);
        if magic != pe::IMAGE_DOS_SIGNATURE {
            return Err(ImageError::NoExecutable { magic });
        }
        let new = dos.e_lfanew.get(object::LittleEndian);
        let at = usize::try_from(new).map_err(|_| ImageError::outside(Part::Signature, new.into(), 4))?;
        let signature = read::<object::U32<object::LittleEndian>>(file, at, Part::Signature)?;
        let signature = signature.get(object::LittleEndian);
        if signature != pe::IMAGE_NT_SIGNATURE {
            return Err(ImageError::Signature { at: new, found: signature });
        }
        // `read` has shown that four bytes lie behind `at`, so neither sum wraps.
        let at = at + size_of::<u32>();
        let header = read::<ImageFileHeader>(file, at, Part::FileHeader)?;
        check_file_header(header, architecture)?;

        let at = at + size_of::<ImageFileHeader>();
        let optional = read_optional(file, at, architecture)?;
        check_optional(&optional)?;
        let base = check_base(&optional, architecture)?;

        let optional_bytes = usize::from(header.size_of_optional_header.get(object::LittleEndian));
        let directories = optional.directories as usize;
        let needed = directories
            .checked_mul(size_of::<ImageDataDirectory>())
            .and_then(|bytes| bytes.checked_add(optional.bytes));
        if needed.is_none_or(|needed| needed > optional_bytes) {
            return Err(ImageError::Directories { count: optional.directories, bytes: optional_bytes });
        }
        let directories = read_array(file, at + optional.bytes, directories, Part::Directories)?;

        let count = header.number_of_sections.get(object::LittleEndian);
        let table = at + optional_bytes;
        let sections: &[ImageSectionHeader] = read_array(file, table, count.into(), Part::SectionTable)?;
        let table_end = (table + size_of_val(sections)) as u64;
        let inside = table_end <= u64::from(optional.header_bytes)
            && u64::from(optional.header_bytes) <= file.len() as u64
            && optional.header_bytes <= optional.image_bytes;
        if !inside {
            return Err(ImageError::HeaderBytes {
                found: optional.header_bytes,
                table_end,
                file: file.len() as u64,
            });
        }
        Ok(Self {
            architecture,
            base,
            image_bytes: optional.image_bytes,
            header_bytes: optional.header_bytes,
            entry: optional.entry,
            sections,
            directories,
        })
    }

    /// Returns offset and size of a data directory; zeros for one that the file doesn't have.
    pub(super) fn directory(&self, number: usize) -> (u32, u32) {
        self.directories.get(number).map_or((0, 0), |directory| {
            (directory.virtual_address.get(object::LittleEndian), directory.size.get(object::LittleEndian))
        })
    }
}

fn check_file_header(header: &ImageFileHeader, architecture: Architecture) -> Result<(), ImageError> {
    let expected = match architecture {
        Architecture::I686 => pe::IMAGE_FILE_MACHINE_I386,
        Architecture::Amd64 => pe::IMAGE_FILE_MACHINE_AMD64,
    };
    let found = header.machine.get(object::LittleEndian);
    if found != expected {
        return Err(ImageError::Machine { found: found.0, architecture });
    }
    let characteristics = header.characteristics.get(object::LittleEndian).0;
    if characteristics & pe::IMAGE_FILE_EXECUTABLE_IMAGE.0 == 0 {
        return Err(ImageError::NotLinked { characteristics });
    }
    Ok(())
}

fn read_optional(file: &[u8], at: usize, architecture: Architecture) -> Result<Optional, ImageError> {
    debug_assert_eq!(offset_of!(pe::ImageOptionalHeader32, magic), 0);
    let magic = read::<object::U16<object::LittleEndian>>(file, at, Part::OptionalHeader)?;
    let magic = magic.get(object::LittleEndian);
    match (architecture, magic) {
        (Architecture::I686, pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC) => optional32(file, at),
        (Architecture::Amd64, pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC) => optional64(file, at),
        _ => Err(ImageError::Width { magic, architecture }),
    }
}

fn check_optional(optional: &Optional) -> Result<(), ImageError> {
    let Optional { section_alignment, file_alignment, image_bytes, .. } = *optional;
    let sensible = file_alignment.is_power_of_two() && (512..=section_alignment).contains(&file_alignment);
    if u64::from(section_alignment) != PAGE_BYTES || !sensible {
        return Err(ImageError::Alignment { section: section_alignment, file: file_alignment });
    }
    let whole_pages = u64::from(image_bytes).is_multiple_of(PAGE_BYTES);
    if image_bytes == 0 || image_bytes > MAX_IMAGE_BYTES || !whole_pages {
        return Err(ImageError::ImageBytes { found: image_bytes, limit: MAX_IMAGE_BYTES });
    }
    Ok(())
}

/// Checks that the image lies in the kernel's half in both modes of the architecture: one image serves both.
fn check_base(optional: &Optional, architecture: Architecture) -> Result<VirtAddr, ImageError> {
    let base = VirtAddr::new(optional.base);
    let wrong = ImageError::Base { base, bytes: optional.image_bytes };
    let last = base.checked_add(u64::from(optional.image_bytes) - 1).ok_or(wrong)?;
    let (narrow, wide) = architecture.modes();
    let legal = |mode: PagingMode| {
        let geometry = mode.geometry();
        geometry.kernel_base() <= base && geometry.is_canonical(base) && geometry.is_canonical(last)
    };
    if base.is_aligned(BASE_ALIGNMENT) && legal(narrow) && legal(wide) { Ok(base) } else { Err(wrong) }
}

fn read<T: Pod>(file: &[u8], at: usize, part: Part) -> Result<&T, ImageError> {
    let missing = ImageError::outside(part, at as u64, size_of::<T>() as u64);
    let bytes = file.get(at..).ok_or(missing)?;
    let (value, _) = from_bytes(bytes).map_err(|()| missing)?;
    Ok(value)
}

fn read_array<T: Pod>(file: &[u8], at: usize, count: usize, part: Part) -> Result<&[T], ImageError> {
    let missing = ImageError::outside(part, at as u64, (count as u64).saturating_mul(size_of::<T>() as u64));
    let bytes = file.get(at..).ok_or(missing)?;
    let (values, _) = slice_from_bytes(bytes, count).map_err(|()| missing)?;
    Ok(values)
}
