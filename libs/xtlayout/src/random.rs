//! Places that cannot be guessed: where a seed puts the image and the self-map.
//!
//! ```text
//!                 image                                   self-map
//!   PML2, PML3    64 KiB steps in 56 MiB:   > 9 bits      C0000000, always
//!   PML4          64 KiB steps in 1 GiB:    > 13 bits     each PML4 slot that nothing else may need: > 5 bits
//!   PML5          the same                                each PML5 slot likewise: > 7 bits
//! ```
//!
//! * **Steps.** 64 KiB is what a PE image is aligned to wherever it is loaded, so sections keep the alignment that their
//!   linker chose. Larger steps would save the page table of an image that crosses a 2 MiB boundary and cost five bits.
//! * **Legal in both modes.** The room of the image is the same in both modes of an architecture, and the layout keeps a
//!   guard between it and everything else; so every place in it is as good as the one that the image was linked for.
//! * **Slots.** A slot is free if its region keeps the guard to all that the largest machine with the processor's
//!   physical addresses could need. That depends on the paging mode and the processor alone, so that the loader, which
//!   doesn't know the final memory map yet, and the kernel never disagree.
//! * **32-bit modes.** The self-map parts the 2 GiB into the window's room and the memory manager's. Anywhere else it
//!   would cut one of them, for a few bits: it stays.
//!
//! Guarantee: for every seed, [`plan`](crate::plan) accepts the places that come out of it wherever it accepts the
//! standard ones. The same seed, mode, image size and reach give the same places on every machine and for ever.
//!
//! The two numbers are drawn one after the other from SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). It spreads
//! a seed well and is no cipher: who has seen the image's place knows as many bits of the seed less. The slot of the
//! self-map stays as likely as any other, because far more seeds fit the place than there are slots.

use xtcore::{Frame, PagingMode, VirtAddr, VirtRange};

use crate::anchors::Anchors;
use crate::error::LayoutError;
use crate::planner::{empty, place_upper, window};
use crate::region::{Layout, RegionKind};

/// The distance of two places of the image, in bytes.
pub const IMAGE_STEP_BYTES: u64 = 64 << 10;

/// What a seed chooses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Places {
    /// Where the image goes.
    pub image_base: VirtAddr,
    /// The slot of the self-map.
    pub self_map_slot: usize,
}

impl Places {
    /// Returns what `seed` chooses for an image of `image_bytes` bytes on a machine that has no RAM from `reach` on.
    ///
    /// # Errors
    /// [`LayoutError::ImageBase`] when the image is larger than its room; what else [`plan`](crate::plan) refuses.
    pub fn drawn(mode: PagingMode, image_bytes: u64, reach: Frame, seed: u64) -> Result<Self, LayoutError> {
        let mut numbers = SplitMix64(seed);
        let room = Anchors::of(mode).image;
        let positions = image_positions(mode, image_bytes);
        if positions == 0 {
            let image = VirtRange::saturating(room.start(), image_bytes);
            return Err(LayoutError::ImageBase { image, room });
        }
        let offset = numbers.below(positions) * IMAGE_STEP_BYTES;
        let slots = Slots::of(mode, reach)?;
        let chosen = numbers.below(slots.iter().count() as u64) as usize;
        Ok(Self {
            image_base: VirtAddr::new(room.start().get() + offset),
            self_map_slot: slots.iter().nth(chosen).unwrap_or(mode.geometry().self_map_slot()),
        })
    }
}

/// Returns the number of places that an image of `image_bytes` bytes can have; zero for one larger than its room.
#[must_use]
pub const fn image_positions(mode: PagingMode, image_bytes: u64) -> u64 {
    match Anchors::of(mode).image.bytes().checked_sub(image_bytes) {
        Some(rest) => rest / IMAGE_STEP_BYTES + 1,
        None => 0,
    }
}

/// The slots that the self-map can have.
#[derive(Clone, Debug)]
pub struct Slots {
    /// Everything that may be there, with rooms for regions.
    taken: Layout,
}

impl Slots {
    /// Returns the slots of a mode on a machine that has no RAM from `reach` on.
    ///
    /// # Errors
    /// What [`plan`](crate::plan) refuses for so much RAM.
    pub fn of(mode: PagingMode, reach: Frame) -> Result<Self, LayoutError> {
        let anchors = Anchors::of(mode);
        let mut taken = empty(mode);
        taken.add(RegionKind::Image, anchors.image)?;
        // Whatever is packed, wherever it ends up.
        taken.add(RegionKind::Block, anchors.packed)?;
        place_upper(&mut taken, mode, reach)?;
        if mode.geometry().virtual_bits() > 32 {
            taken.add(RegionKind::Window, window(mode, VirtRange::default(), reach))?;
        }
        Ok(Self { taken })
    }

    /// Returns the slots, lowest first; the geometry's alone in a 32-bit mode.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let geometry = self.taken.mode().geometry();
        let standard = geometry.self_map_slot();
        let slots = geometry.entries(geometry.self_map_level());
        let (first, end) = if geometry.virtual_bits() > 32 {
            // The kernel's half, without the last slot, whose end a range could not name.
            (slots / 2, slots - 1)
        } else {
            (standard, standard + 1)
        };
        (first..end).filter(move |slot| first == standard || self.is_free(*slot))
    }

    fn is_free(&self, slot: usize) -> bool {
        let geometry = self.taken.mode().geometry();
        let level = geometry.self_map_level();
        let start = geometry.canonical((slot as u64) << geometry.shift(level));
        self.taken.has_room_for(VirtRange::saturating(start, geometry.page_bytes(level)))
    }
}

/// A sequence of numbers from a seed.
struct SplitMix64(u64);

impl SplitMix64 {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, each as likely as any other to within `end` in 2^64.
    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests;
