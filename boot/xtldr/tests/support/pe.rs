//! Kernel images made to measure, from a handful of sections.

use xtcore::choice::Architecture;

/// Offsets in an image as [`kernel`] builds it, for tests that spoil a field.
pub(crate) mod at {
    pub(crate) const NEW_HEADER: usize = 0x3C;
    pub(crate) const SIGNATURE: usize = 0x40;
    pub(crate) const MACHINE: usize = SIGNATURE + 4;
    pub(crate) const SECTION_COUNT: usize = SIGNATURE + 6;
    pub(crate) const OPTIONAL_BYTES: usize = SIGNATURE + 20;
    pub(crate) const CHARACTERISTICS: usize = SIGNATURE + 22;
    pub(crate) const OPTIONAL: usize = SIGNATURE + 24;
    pub(crate) const ENTRY: usize = OPTIONAL + 16;
    pub(crate) const SECTION_ALIGNMENT: usize = OPTIONAL + 32;
    pub(crate) const FILE_ALIGNMENT: usize = OPTIONAL + 36;
    pub(crate) const IMAGE_BYTES: usize = OPTIONAL + 56;
    pub(crate) const HEADER_BYTES: usize = OPTIONAL + 60;
}

/// Bytes of headers, and the file's alignment.
pub(crate) const HEADERS: u32 = 0x400;
const FILE_ALIGNMENT: u32 = 0x200;
const SECTION_BYTES: usize = 40;

pub(crate) const CODE: u32 = 0x6000_0020;
pub(crate) const CONSTANTS: u32 = 0x4000_0040;
pub(crate) const DATA: u32 = 0xC000_0040;

/// A section.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static [u8],
    pub(crate) address: u32,
    pub(crate) bytes: u32,
    pub(crate) contents: Vec<u8>,
    pub(crate) flags: u32,
}

/// An image before it is put together.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) architecture: Architecture,
    pub(crate) base: u64,
    pub(crate) entry: u32,
    pub(crate) parts: Vec<Part>,
    pub(crate) relocations: (u32, u32),
    pub(crate) imports: (u32, u32),
}

/// Returns the width of an address in bytes.
pub(crate) fn address_bytes(architecture: Architecture) -> usize {
    match architecture {
        Architecture::I686 => 4,
        Architecture::Amd64 => 8,
    }
}

/// Where the kernel's data holds a pointer to itself, as an offset in the image.
pub(crate) const POINTER: u32 = 0x3010;

/// A small kernel: code, constants, data with a tail of zeros and a pointer to itself, manifest, relocations.
pub(crate) fn kernel(architecture: Architecture) -> Image {
    let (base, kind, modes) = match architecture {
        Architecture::I686 => (0x8080_0000_u64, 3_u16, 0b1100_u32),
        Architecture::Amd64 => (0xFFFF_F800_0000_0000, 10, 0b11_0000),
    };
    let mut data = vec![0x11; 0x20];
    let pointer = (base + u64::from(POINTER)).to_le_bytes();
    data[0x10..0x10 + address_bytes(architecture)].copy_from_slice(&pointer[..address_bytes(architecture)]);
    let manifest =
        [b"XTOSKRNL".as_slice(), &xtboot::block::VERSION.to_le_bytes(), &modes.to_le_bytes()].concat();
    let entry = kind << 12 | (POINTER & 0xFFF) as u16;
    let relocations = [
        (POINTER & !0xFFF).to_le_bytes().as_slice(),
        &12_u32.to_le_bytes(),
        &entry.to_le_bytes(),
        &0_u16.to_le_bytes(),
    ]
    .concat();
    let part = |name, address, bytes, contents, flags| Part { name, address, bytes, contents, flags };
    Image {
        architecture,
        base,
        entry: 0x1010,
        relocations: (0x6000, relocations.len() as u32),
        imports: (0, 0),
        parts: vec![
            part(b".text", 0x1000, 0x180, vec![0xCC; 0x180], CODE),
            part(b".rdata", 0x2000, 0x30, vec![0x22; 0x30], CONSTANTS),
            part(b".data", 0x3000, 0x1800, data, DATA),
            part(b".xtboot", 0x5000, 16, manifest, CONSTANTS),
            part(b".reloc", 0x6000, relocations.len() as u32, relocations, CONSTANTS | 0x0200_0000),
        ],
    }
}

impl Image {
    /// Returns the size in memory.
    pub(crate) fn bytes(&self) -> u32 {
        let last = self.parts.last().unwrap();
        (last.address + last.bytes).next_multiple_of(0x1000)
    }

    /// Returns the offset of a section's header in the file.
    pub(crate) fn section_header(&self, index: usize) -> usize {
        at::OPTIONAL + self.optional_bytes() + index * SECTION_BYTES
    }

    fn optional_bytes(&self) -> usize {
        match self.architecture {
            Architecture::I686 => 96 + 128,
            Architecture::Amd64 => 112 + 128,
        }
    }

    /// Puts the file together.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = vec![0; HEADERS as usize];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"MZ");
        put(at::NEW_HEADER, &(at::SIGNATURE as u32).to_le_bytes());
        put(at::SIGNATURE, b"PE\0\0");
        let (machine, magic) = match self.architecture {
            Architecture::I686 => (0x014C_u16, 0x010B_u16),
            Architecture::Amd64 => (0x8664, 0x020B),
        };
        put(at::MACHINE, &machine.to_le_bytes());
        put(at::SECTION_COUNT, &(self.parts.len() as u16).to_le_bytes());
        put(at::OPTIONAL_BYTES, &(self.optional_bytes() as u16).to_le_bytes());
        put(at::CHARACTERISTICS, &0x0022_u16.to_le_bytes());
        put(at::OPTIONAL, &magic.to_le_bytes());
        put(at::ENTRY, &self.entry.to_le_bytes());
        match self.architecture {
            Architecture::I686 => put(at::OPTIONAL + 28, &(self.base as u32).to_le_bytes()),
            Architecture::Amd64 => put(at::OPTIONAL + 24, &self.base.to_le_bytes()),
        }
        put(at::SECTION_ALIGNMENT, &0x1000_u32.to_le_bytes());
        put(at::FILE_ALIGNMENT, &FILE_ALIGNMENT.to_le_bytes());
        put(at::IMAGE_BYTES, &self.bytes().to_le_bytes());
        put(at::HEADER_BYTES, &HEADERS.to_le_bytes());
        let directories = at::OPTIONAL + self.optional_bytes() - 128;
        put(directories - 4, &16_u32.to_le_bytes());
        for (number, (address, bytes)) in [(1, self.imports), (5, self.relocations)] {
            put(directories + number * 8, &address.to_le_bytes());
            put(directories + number * 8 + 4, &bytes.to_le_bytes());
        }
        let mut offset = HEADERS;
        for (index, part) in self.parts.iter().enumerate() {
            let header = self.section_header(index);
            let raw = (part.contents.len() as u32).next_multiple_of(FILE_ALIGNMENT);
            put(header, part.name);
            for (field, value) in
                [(8, part.bytes), (12, part.address), (16, raw), (20, offset), (36, part.flags)]
            {
                put(header + field, &value.to_le_bytes());
            }
            offset += raw;
        }
        for part in &self.parts {
            file.extend(&part.contents);
            file.resize(file.len().next_multiple_of(FILE_ALIGNMENT as usize), 0);
        }
        file
    }
}

/// Bytes at an address that suits an image's fields, as a page does.
pub(crate) struct Aligned {
    room: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut room = vec![0; bytes.len() + 8];
        let start = room.as_ptr().align_offset(8);
        room[start..start + bytes.len()].copy_from_slice(bytes);
        Self { room, start, length: bytes.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.start + self.length]
    }
}
