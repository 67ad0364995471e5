//! What a picture shows: address spaces, the tracks beside their axis, and the regions on each track.
//!
//! Nothing here knows where the figures came from or how they are drawn.

use std::fmt;

use super::class::Class;

/// A place in an address space. Holds 2^64 too, the end of the last page of a 64-bit space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Address(u128);

impl Address {
    /// The address after the last one of 64 bits.
    pub(crate) const END: Self = Self(1 << 64);

    /// Makes an address of a number; what lies above [`Self::END`] is drawn there.
    pub(crate) fn new(number: impl Into<u128>) -> Self {
        Self(number.into()).min(Self::END)
    }

    /// Reads `0x…`, up to and including 2^64.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x")?;
        // A sign is no digit, whatever the standard library thinks.
        let number = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(digits)?;
        u128::from_str_radix(number, 16).ok().filter(|number| *number <= Self::END.0).map(Self)
    }

    /// Returns the number.
    pub(crate) const fn get(self) -> u128 {
        self.0
    }

    /// Returns the number of bytes from `below` up to here; none when it does not lie below.
    pub(crate) const fn above(self, below: Self) -> u128 {
        self.0.saturating_sub(below.0)
    }
}

/// Writes the digits in groups of eight, as in `ffffc300_00000000`.
impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (self.0 >> 32, self.0 & 0xFFFF_FFFF);
        let text = if high == 0 { format!("{low:08x}") } else { format!("{high:x}_{low:08x}") };
        out.pad(&text)
    }
}

/// Bytes from `start` up to, but not including, `end`; the end is never below the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    start: Address,
    end: Address,
}

impl Span {
    /// Makes a span; none when it would end before it starts.
    pub(crate) fn new(start: Address, end: Address) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// Returns the first byte's address.
    pub(crate) const fn start(self) -> Address {
        self.start
    }

    /// Returns the address after the last byte.
    pub(crate) const fn end(self) -> Address {
        self.end
    }

    /// Returns the number of bytes.
    pub(crate) const fn bytes(self) -> u128 {
        self.end.above(self.start)
    }

    /// Tells whether there is no byte in it.
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Tells whether all of `other` lies inside.
    pub(crate) fn holds(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A named part of an address space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// What lies there.
    pub(crate) name: String,
    /// How it is painted.
    pub(crate) class: Class,
    /// Where. An empty one is something that the firmware listed and that holds nothing.
    pub(crate) span: Span,
    /// More to tell, a line or nothing.
    pub(crate) note: String,
}

/// One view of the address space, drawn in a column of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Track {
    /// Heading of the column.
    pub(crate) name: String,
    /// Sorted by start.
    pub(crate) regions: Vec<Region>,
}

impl Track {
    /// Makes a track of regions in any order.
    pub(crate) fn new(name: &str, mut regions: Vec<Region>) -> Self {
        regions.sort_by_key(|region| region.span);
        Self { name: name.to_owned(), regions }
    }
}

/// Which of the machine's address spaces it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the kernel's pointers name.
    Virtual,
    /// What the memory bus sees.
    Physical,
}

impl Kind {
    /// The word for programs and readers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Physical => "physical",
        }
    }
}

/// An address space with everything known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Space {
    /// Which one.
    pub(crate) kind: Kind,
    /// Heading.
    pub(crate) title: String,
    /// What else is worth knowing, a line each.
    pub(crate) facts: Vec<String>,
    /// What is drawn. Holds every region.
    pub(crate) axis: Span,
    /// One to a few.
    pub(crate) tracks: Vec<Track>,
}

impl Space {
    /// Returns every region with the number of its track.
    pub(crate) fn regions(&self) -> impl Iterator<Item = (usize, &Region)> {
        let numbered = self.tracks.iter().enumerate();
        numbered.flat_map(|(number, track)| track.regions.iter().map(move |region| (number, region)))
    }
}

/// A picture: its heading and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Heading.
    pub(crate) title: String,
    /// Drawn in this order, at least one.
    pub(crate) spaces: Vec<Space>,
}
