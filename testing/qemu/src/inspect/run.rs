//! Runs of equal mappings: the form in which two views of one address space are compared.

use std::fmt;

use xtcore::{PhysAddr, VirtAddr};

/// Effective rights of a mapping and its scope, as the kernel writes them: `rw-sg`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Rights(u8);

impl Rights {
    /// The page can be read: it is present.
    pub const READ: Self = Self(1 << 0);
    /// The page can be written.
    pub const WRITE: Self = Self(1 << 1);
    /// Instructions can be fetched from the page.
    pub const EXECUTE: Self = Self(1 << 2);
    /// User mode may use it.
    pub const USER: Self = Self(1 << 3);
    /// The leaf is global.
    pub const GLOBAL: Self = Self(1 << 4);

    /// Joins two sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Removes a set.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Tells whether all of `other` is in `self`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Parses five characters as in `rw-sg`, or `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: &[u8; 5] = text.as_bytes().try_into().ok()?;
        let choices = [
            (b'r', b'-', Self::READ),
            (b'w', b'-', Self::WRITE),
            (b'x', b'-', Self::EXECUTE),
            (b'u', b's', Self::USER),
            (b'g', b'-', Self::GLOBAL),
        ];
        let mut rights = Self::default();
        for (letter, (set, clear, right)) in letters.iter().zip(choices) {
            if *letter == set {
                rights = rights.with(right);
            } else if *letter != clear {
                return None;
            }
        }
        Some(rights)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |right, set, clear| if self.contains(right) { set } else { clear };
        write!(
            out,
            "{}{}{}{}{}",
            letter(Self::READ, 'r', '-'),
            letter(Self::WRITE, 'w', '-'),
            letter(Self::EXECUTE, 'x', '-'),
            letter(Self::USER, 'u', 's'),
            letter(Self::GLOBAL, 'g', '-'),
        )
    }
}

/// A run of pages of one size, contiguous in both address spaces, with equal rights.
///
/// The length is a count of bytes and not an end, because a run may reach the last byte of the address space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Run {
    /// The first page.
    pub page: VirtAddr,
    /// Where it leads.
    pub target: PhysAddr,
    /// Bytes of the whole run, a multiple of `page_bytes`.
    pub bytes: u64,
    /// Effective rights.
    pub rights: Rights,
    /// Bytes of one page.
    pub page_bytes: u64,
}

impl Run {
    /// Tells whether `next` continues this run.
    fn continues_with(&self, next: &Self) -> bool {
        self.page.checked_add(self.bytes) == Some(next.page)
            && self.target.checked_add(self.bytes) == Some(next.target)
            && self.rights == next.rights
            && self.page_bytes == next.page_bytes
    }
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, target, bytes, rights, page_bytes } = self;
        write!(out, "{page:#x} -> {target:#x}, {bytes:#x} bytes, {rights}, pages of {page_bytes:#x}")
    }
}

/// Joins neighbours into the longest runs. The result is the same for every way of cutting up the same mappings,
/// so two views can be compared run by run. Linear-logarithmic.
#[must_use]
pub fn coalesce(runs: impl IntoIterator<Item = Run>) -> Vec<Run> {
    let mut sorted: Vec<Run> = runs.into_iter().collect();
    sorted.sort_unstable();
    let mut joined: Vec<Run> = Vec::new();
    for run in sorted {
        match joined.last_mut() {
            Some(last) if last.continues_with(&run) => last.bytes += run.bytes,
            _ => joined.push(run),
        }
    }
    joined
}
