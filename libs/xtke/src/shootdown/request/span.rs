//! Pages at equal distances, in one machine word.
//!
//! ```text
//!   | address of the first page, bits 12 and up | log2(distance) - 12, 5 bits | number of pages, 7 bits |
//! ```
//!
//! A page's address leaves 12 bits free, so a span is written and read in one access: whoever reads one while its owner
//! writes another sees either, and never a mixture.

use xtcore::{PAGE_BYTES, PAGE_SHIFT, VirtAddr, VirtRange};

/// Where the distance begins.
const DISTANCE: u32 = 7;

/// The largest distance that five bits can say.
const FARTHEST: u32 = PAGE_SHIFT + 31;

/// Pages at equal distances: at least one, at most [`Span::MOST_PAGES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span(usize);

impl Span {
    /// The most pages of a span.
    pub(crate) const MOST_PAGES: usize = 64;

    /// Returns the pages of `stride` bytes in a range that is not empty; `None` when they are more than a span holds.
    ///
    /// A stride that is no power of two becomes the next lower one, a range that does not begin at a page begins at the
    /// one that holds its first byte: more is forgotten then, never less.
    pub(crate) fn new(range: VirtRange, stride: u64) -> Option<Self> {
        let first = range.start().align_down(PAGE_BYTES);
        let bytes = range.end().bytes_since(first)?;
        let shift = stride.max(PAGE_BYTES).ilog2().min(FARTHEST);
        let pages = usize::try_from(bytes.div_ceil(1 << shift)).ok()?;
        // One page has no distance to another; saying the smallest lets equal spans look equal.
        let shift = if pages == 1 { PAGE_SHIFT } else { shift };
        Self::pack(first, shift, pages)
    }

    fn pack(first: VirtAddr, shift: u32, pages: usize) -> Option<Self> {
        if pages == 0 || pages > Self::MOST_PAGES {
            return None;
        }
        // An address of the machine that this runs on, so it fits a word.
        Some(Self(first.get() as usize | ((shift - PAGE_SHIFT) as usize) << DISTANCE | pages))
    }

    /// Returns the word, which is neither 0 nor all ones.
    pub(crate) const fn word(self) -> usize {
        self.0
    }

    /// Returns the span that a word says; `None` when it says none.
    pub(crate) const fn from_word(word: usize) -> Option<Self> {
        let pages = Self(word).pages();
        if pages == 0 || pages > Self::MOST_PAGES { None } else { Some(Self(word)) }
    }

    /// Returns the first address.
    pub(crate) const fn first(self) -> VirtAddr {
        VirtAddr::new(self.0 as u64 & !(PAGE_BYTES - 1))
    }

    /// Returns log2 of the distance in bytes.
    const fn shift(self) -> u32 {
        PAGE_SHIFT + (self.0 >> DISTANCE & 0x1F) as u32
    }

    /// Returns the number of pages.
    pub(crate) const fn pages(self) -> usize {
        self.0 & 0x7F
    }

    /// Returns the span of both when `next` goes on where this one ends, at the same distances.
    pub(crate) fn joined(self, next: Self) -> Option<Self> {
        let follows = self.address(self.pages()) == next.first();
        if !follows || self.shift() != next.shift() {
            return None;
        }
        Self::pack(self.first(), self.shift(), self.pages() + next.pages())
    }

    fn address(self, page: usize) -> VirtAddr {
        VirtAddr::new(self.first().get().wrapping_add((page as u64) << self.shift()))
    }

    /// Returns an address of each page.
    pub(crate) fn addresses(self) -> impl Iterator<Item = VirtAddr> {
        (0..self.pages()).map(move |page| self.address(page))
    }
}
