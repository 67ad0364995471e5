//! The frame allocators that somebody else would pick, and the floor: an array.

use std::hint::black_box;

use bitmap_allocator::{BitAlloc, BitAlloc1M, BitAlloc16M, BitAlloc256M, BitAllocCascade16};
use buddy_system_allocator::FrameAllocator;
use spin::Mutex;
use xtcore::Frame;

use super::{FrameSource, LARGE, Shared};

/// A bitmap of 2^32 bits, one more level than the crate names.
pub(super) type BitAlloc4G = BitAllocCascade16<BitAlloc256M>;

/// An array of frame numbers: what no allocator can be faster than. Its operations are calls, as an allocator's are;
/// inlined, they would cancel each other out.
#[derive(Debug)]
pub(super) struct Array(Vec<Frame>);

impl Array {
    /// All of `frames` frames.
    pub(super) fn new(frames: usize) -> Self {
        Self((0..frames as u64).map(Frame::new).collect())
    }
}

impl FrameSource for Array {
    #[inline(never)]
    fn allocate(&mut self) -> Option<Frame> {
        self.0.pop()
    }

    #[inline(never)]
    fn free(&mut self, frame: Frame) {
        self.0.push(frame);
    }

    #[inline(never)]
    fn allocate_large(&mut self) -> Option<Frame> {
        self.0.pop()
    }

    #[inline(never)]
    fn free_large(&mut self, first: Frame) {
        self.0.push(first);
    }
}

/// `bitmap-allocator`, with the smallest bitmap that holds the frames.
pub(super) struct Bitmap<A>(Box<A>);

impl<A: BitAlloc + AllZeroIsEmpty> Bitmap<A> {
    /// All of `frames` frames.
    pub(super) fn new(frames: usize) -> Self {
        let mut bitmap = Self::empty();
        bitmap.fill(frames);
        bitmap
    }

    /// No frame yet; the bitmap has its memory already.
    pub(super) fn empty() -> Self {
        Self(A::boxed())
    }

    /// Adds the first `frames` frames.
    pub(super) fn fill(&mut self, frames: usize) {
        self.0.insert(0..frames);
    }
}

impl<A: BitAlloc> FrameSource for Bitmap<A> {
    fn allocate(&mut self) -> Option<Frame> {
        self.0.alloc().map(|at| Frame::new(at as u64))
    }

    fn free(&mut self, frame: Frame) {
        self.0.dealloc(frame.number() as usize);
    }

    fn allocate_large(&mut self) -> Option<Frame> {
        self.0.alloc_contiguous(None, LARGE, LARGE.ilog2() as usize).map(|at| Frame::new(at as u64))
    }

    fn free_large(&mut self, first: Frame) {
        self.0.dealloc_contiguous(first.number() as usize, LARGE);
    }
}

/// A bitmap too large for the stack, made where it stays.
pub(super) trait AllZeroIsEmpty: Sized {
    /// Returns an empty one.
    fn boxed() -> Box<Self>;
}

macro_rules! all_zero_is_empty {
    ($($bitmap:ty),*) => {
        $(
            #[allow(unsafe_code, reason = "a bitmap of hundreds of megabytes cannot pass through the stack")]
            impl AllZeroIsEmpty for $bitmap {
                fn boxed() -> Box<Self> {
                    let mut memory = Box::<Self>::new_uninit();
                    // Written, so that the system gives the memory now; the compiler must not find out what is there.
                    // SAFETY: the whole of what was just allocated.
                    unsafe { black_box(memory.as_mut_ptr()).write_bytes(0, 1) };
                    // SAFETY: it consists of integers, and its own default is zero in each of them.
                    unsafe { memory.assume_init() }
                }
            }
        )*
    };
}

all_zero_is_empty!(BitAlloc1M, BitAlloc16M, BitAlloc256M, BitAlloc4G);

/// `buddy_system_allocator`'s allocator of frames.
pub(super) struct Buddy(FrameAllocator<33>);

impl Buddy {
    /// All of `frames` frames.
    pub(super) fn new(frames: usize) -> Self {
        let mut buddy = FrameAllocator::new();
        buddy.add_frame(0, frames);
        Self(buddy)
    }
}

impl FrameSource for Buddy {
    fn allocate(&mut self) -> Option<Frame> {
        self.0.alloc(1).map(|at| Frame::new(at as u64))
    }

    fn free(&mut self, frame: Frame) {
        self.0.dealloc(frame.number() as usize, 1);
    }

    fn allocate_large(&mut self) -> Option<Frame> {
        self.0.alloc(LARGE).map(|at| Frame::new(at as u64))
    }

    fn free_large(&mut self, first: Frame) {
        self.0.dealloc(first.number() as usize, LARGE);
    }
}

/// A peer behind a spin lock, as a kernel would use it.
#[derive(Debug)]
pub(super) struct Locked<S>(pub(super) Mutex<S>);

impl<S: FrameSource> FrameSource for &Locked<S> {
    fn allocate(&mut self) -> Option<Frame> {
        self.0.lock().allocate()
    }

    fn free(&mut self, frame: Frame) {
        self.0.lock().free(frame);
    }

    fn allocate_large(&mut self) -> Option<Frame> {
        self.0.lock().allocate_large()
    }

    fn free_large(&mut self, first: Frame) {
        self.0.lock().free_large(first);
    }
}

impl<S: FrameSource + Send> Shared for Locked<S> {
    fn source(&self) -> impl FrameSource + Send {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Array, BitAlloc1M, Bitmap, Buddy};
    use crate::frames::{FrameSource, LARGE};

    #[test]
    fn every_peer_gives_each_frame_once_and_takes_it_back() {
        fn check(mut source: impl FrameSource) {
            let mut frames: Vec<u64> =
                std::iter::from_fn(|| source.allocate()).map(|one| one.number()).collect();
            frames.sort_unstable();
            assert!(frames.iter().copied().eq(0..4096));
            frames.iter().for_each(|&one| source.free(xtcore::Frame::new(one)));
            assert_eq!(std::iter::from_fn(|| source.allocate()).count(), 4096);
        }
        check(Array::new(4096));
        check(Bitmap::<BitAlloc1M>::new(4096));
        check(Buddy::new(4096));
    }

    #[test]
    fn large_frames_are_aligned() {
        fn check(mut source: impl FrameSource) {
            let _one = source.allocate();
            let large: Vec<_> = std::iter::from_fn(|| source.allocate_large()).collect();
            assert_eq!(large.len(), 7);
            assert!(large.iter().all(|first| first.number() % LARGE as u64 == 0));
        }
        check(Bitmap::<BitAlloc1M>::new(4096));
        check(Buddy::new(4096));
    }
}
