//! The text of `info tlb`: the emulator's own list of the leaf entries under CR3.
//!
//! One line per leaf, in the order of the addresses: `00000000ffe00000: 00000000ffe00000 --P-----W`. The nine
//! letters stand for no-execute, global, page size, dirty, accessed, cache disable, write-through, user, writable.
//! The emulator walks guest memory itself, and it does not combine the rights of the levels: the letters are the
//! leaf's own bits. The frame's column still holds bits that are no address: in PAE paging the no-execute bit, in
//! large pages the low bits; [`Line::frame_of`] drops them.

use xtcore::{PhysAddr, VirtAddr};

/// The bits of a leaf that `info tlb` shows, as a page-table entry has them.
const SHOWN: [(u8, u64); 9] = [
    (b'X', 1 << 63),
    (b'G', 1 << 8),
    (b'P', 1 << 7),
    (b'D', 1 << 6),
    (b'A', 1 << 5),
    (b'C', 1 << 4),
    (b'T', 1 << 3),
    (b'U', 1 << 2),
    (b'W', 1 << 1),
];

/// The address bits that the emulator prints in every mode: 12 to 49.
const FRAME_BITS: u64 = 0x0003_FFFF_FFFF_F000;

/// All bits that a line can show.
pub const FLAG_BITS: u64 = 1 << 63 | 0x1FE;

/// One line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The page's address.
    pub page: VirtAddr,
    /// The second column as it is printed.
    frame: u64,
    /// The flags as bits of a page-table entry, a subset of [`FLAG_BITS`].
    pub flags: u64,
}

/// What `info tlb` said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listing {
    /// The leaves in order.
    Leaves(Vec<Line>),
    /// Paging is off.
    PagingOff,
    /// A line in another format: this emulator cannot list this mode.
    Unsupported(String),
}

/// Parses the whole text. Linear; half a million lines take a fraction of a second.
#[must_use]
pub fn parse(text: &str) -> Listing {
    if text.starts_with("PG disabled") {
        return Listing::PagingOff;
    }
    let mut leaves = Vec::with_capacity(text.len() / 46);
    for line in text.lines().filter(|line| !line.is_empty()) {
        match Line::parse(line) {
            Some(leaf) => leaves.push(leaf),
            None => return Listing::Unsupported(line.to_owned()),
        }
    }
    Listing::Leaves(leaves)
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (page, rest) = line.split_once(": ")?;
        let (frame, letters) = rest.split_once(' ')?;
        let letters: &[u8; 9] = letters.as_bytes().try_into().ok()?;
        let mut flags = 0;
        for (letter, (name, bit)) in letters.iter().zip(SHOWN) {
            if *letter == name {
                flags |= bit;
            } else if *letter != b'-' {
                return None;
            }
        }
        Some(Self {
            page: VirtAddr::new(u64::from_str_radix(page, 16).ok()?),
            frame: u64::from_str_radix(frame, 16).ok()?,
            flags,
        })
    }

    /// Returns the physical address that the line shows for a page of `bytes` bytes, a power of two.
    #[must_use]
    pub const fn frame_of(&self, bytes: u64) -> PhysAddr {
        visible(PhysAddr::new(self.frame), bytes)
    }
}

/// Returns the part of a page's physical address that the emulator prints, for comparison with a line.
#[must_use]
pub const fn visible(target: PhysAddr, bytes: u64) -> PhysAddr {
    PhysAddr::new(target.get() & FRAME_BITS).align_down(bytes)
}
