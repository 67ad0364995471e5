//! The head of a stack in one word: sequence, depth, and the link to the top.

/// A head, as the stack's module draws it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head(pub(super) u64);

impl Head {
    /// Of a stack that nothing was ever pushed on.
    pub(super) const EMPTY: Self = Self(0);
    /// What a flush leaves of a head: its sequence.
    pub(super) const EMPTIED: u64 = !0 << 32;

    const fn new(sequence: u32, depth: u16, top: u16) -> Self {
        Self((sequence as u64) << 32 | (depth as u64) << 16 | top as u64)
    }

    /// Returns the link to the entry on top, 0 if there is none.
    pub(super) const fn top(self) -> u16 {
        self.0 as u16
    }

    /// Returns how many entries there are.
    pub(super) const fn depth(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Returns how many pushes there were, modulo 2^32.
    pub(super) const fn sequence(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns the head with one entry more. There are at most as many entries as the depth can count.
    pub(super) const fn pushed(self, top: u16) -> Self {
        Self::new(self.sequence().wrapping_add(1), self.depth().wrapping_add(1), top)
    }

    /// Returns the head without the entry on top, which `below` was under. A head of an outdated link is never used.
    pub(super) const fn popped(self, below: u16) -> Self {
        Self::new(self.sequence(), self.depth().wrapping_sub(1), below)
    }

    /// Returns the head with another one's sequence.
    #[cfg(all(test, loom))]
    pub(super) const fn in_the_sequence_of(self, other: Self) -> Self {
        Self::new(other.sequence(), self.depth(), self.top())
    }
}
