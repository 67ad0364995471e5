//! The sizes that a kernel asks for, and blocks that remember theirs.
#![allow(unsafe_code, reason = "blocks come from and go to allocators by address")]

use std::alloc::Layout;

use super::Heap;
use crate::harness::random::Random;

/// Largest size of a bucket and its weight in percent; a bucket begins after the one before it, the first at 9 bytes.
const MIX: [(u16, usize); 11] = [
    (16, 10),
    (32, 15),
    (64, 20),
    (96, 8),
    (128, 12),
    (192, 8),
    (256, 8),
    (512, 8),
    (1024, 5),
    (2048, 3),
    (4096, 3),
];

const SMALLEST: u16 = 9;

const ALIGNMENT: usize = 16;

/// How many sizes are drawn beforehand: drawing one while the clock runs would cost as much as an allocation.
const DRAWN: usize = 4096;

/// A sequence of sizes.
#[derive(Debug)]
pub(super) struct Sizes {
    drawn: Vec<u16>,
    next: usize,
}

impl Sizes {
    /// Draws sizes.
    pub(super) fn draw(random: &mut Random) -> Self {
        Self { drawn: (0..DRAWN).map(|_| draw(random)).collect(), next: 0 }
    }

    /// Returns the next size; they repeat after a few thousand.
    pub(super) fn next(&mut self) -> usize {
        self.next = (self.next + 1) % DRAWN;
        self.drawn.get(self.next).copied().map_or(0, usize::from)
    }
}

/// Draws one size.
fn draw(random: &mut Random) -> u16 {
    let mut at = random.below(100);
    let mut first = SMALLEST;
    for (last, weight) in MIX {
        if at < weight {
            let width = usize::from(last - first) + 1;
            return first + random.below(width) as u16;
        }
        at -= weight;
        first = last + 1;
    }
    SMALLEST
}

/// A block: its address in the low 48 bits and its size above them, in one word that can be sent to another thread.
///
/// It must be freed once, into the heap that it came from.
#[derive(Debug)]
pub(super) struct Block(u64);

impl Block {
    const ADDRESS_BITS: u32 = 48;

    /// Takes a block of `bytes` bytes, less than 64 KiB, and writes its first word.
    ///
    /// # Panics
    /// The heap has run out of memory.
    #[inline]
    pub(super) fn allocate(heap: Heap, bytes: usize) -> Self {
        // SAFETY: the size is not zero.
        let address = unsafe { heap.alloc(layout(bytes)) };
        assert!(!address.is_null(), "a heap ran out of memory");
        // SAFETY: the block is new, aligned for a word, and no smaller than one.
        unsafe { address.cast::<u64>().write(bytes as u64) };
        Self((bytes as u64) << Self::ADDRESS_BITS | address.expose_provenance() as u64)
    }

    /// A place that holds no block yet. It must not be freed.
    pub(super) const fn none() -> Self {
        Self(0)
    }

    /// Gives a block back.
    #[inline]
    pub(super) fn free(self, heap: Heap) {
        // SAFETY: `allocate` made it from an address and a size of this heap, and `self` was the only way to it.
        unsafe { heap.dealloc(self.address(), layout(self.bytes())) };
    }

    /// Writes every byte of it.
    pub(super) fn fill(&self) {
        // SAFETY: the block is that long, and nobody else uses it.
        unsafe { self.address().write_bytes(0xA5, self.bytes()) };
    }

    /// Returns its size as it was asked for.
    pub(super) const fn bytes(&self) -> usize {
        (self.0 >> Self::ADDRESS_BITS) as usize
    }

    fn address(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & ((1 << Self::ADDRESS_BITS) - 1)) as usize)
    }

    /// Returns the word that stands for it, to be given to another thread.
    #[inline]
    pub(super) const fn into_word(self) -> u64 {
        self.0
    }

    /// Takes over the block that a word stands for.
    ///
    /// # Safety
    /// The word came from [`Block::into_word`], and this is the only use of it.
    #[inline]
    pub(super) const unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }
}

/// The layout that every block of that size is asked for with.
#[inline]
fn layout(bytes: usize) -> Layout {
    match Layout::from_size_align(bytes, ALIGNMENT) {
        Ok(layout) => layout,
        Err(_) => Layout::new::<u128>(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, MIX, SMALLEST, Sizes};
    use crate::harness::random::Random;
    use crate::pools::{Heap, peers};

    #[test]
    fn the_weights_are_percents() {
        assert_eq!(MIX.iter().map(|(_, weight)| weight).sum::<usize>(), 100);
    }

    #[test]
    fn drawn_sizes_follow_the_weights() {
        let mut sizes = Sizes::draw(&mut Random::new(1));
        let drawn: Vec<usize> = (0..super::DRAWN).map(|_| sizes.next()).collect();
        assert!(drawn.iter().all(|&size| (usize::from(SMALLEST)..=4096).contains(&size)));
        let small = drawn.iter().filter(|&&size| size <= 64).count();
        assert!((1700..2000).contains(&small), "{small} of 4096 instead of 45 %");
    }

    #[test]
    fn a_block_keeps_its_address_and_size_on_its_way() {
        let heap: Heap = peers::system().unwrap();
        let block = Block::allocate(heap, 4096);
        let address = block.address();
        // SAFETY: the word is used once.
        let block = unsafe { Block::from_word(block.into_word()) };
        assert_eq!((block.address(), block.bytes()), (address, 4096));
        block.fill();
        block.free(heap);
    }
}
