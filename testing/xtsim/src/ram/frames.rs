//! Contents of the frames that were ever written; all others hold the background byte.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xtcore::{Frame, PhysAddr};

use crate::memory::FRAME_BYTES;

type Contents = Box<[u8; FRAME_BYTES]>;

pub(super) struct Frames {
    background: u8,
    touched: HashMap<u64, Contents, BuildHasherDefault<FrameHasher>>,
}

impl Frames {
    pub(super) fn new(background: u8) -> Self {
        Self { background, touched: HashMap::default() }
    }

    pub(super) fn set_background(&mut self, byte: u8) {
        self.background = byte;
    }

    pub(super) fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Reads bytes that do not straddle frames.
    pub(super) fn read<const N: usize>(&self, at: PhysAddr) -> [u8; N] {
        let mut bytes = [self.background; N];
        if let Some(contents) = self.touched.get(&at.frame().number()) {
            let offset = offset(at);
            bytes.copy_from_slice(&contents[offset..offset + N]);
        }
        bytes
    }

    /// Writes bytes that do not straddle frames.
    pub(super) fn write(&mut self, at: PhysAddr, bytes: &[u8]) {
        let offset = offset(at);
        self.contents(at.frame())[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn fill(&mut self, frame: Frame, byte: u8) {
        self.contents(frame).fill(byte);
    }

    pub(super) fn copy(&self, frame: Frame, out: &mut [u8; FRAME_BYTES]) {
        match self.touched.get(&frame.number()) {
            Some(contents) => out.copy_from_slice(&contents[..]),
            None => out.fill(self.background),
        }
    }

    fn contents(&mut self, frame: Frame) -> &mut Contents {
        let background = self.background;
        self.touched.entry(frame.number()).or_insert_with(|| Box::new([background; FRAME_BYTES]))
    }
}

fn offset(at: PhysAddr) -> usize {
    // Below 4096, which fits a usize of any width.
    at.page_offset() as usize
}

/// A multiplicative hash of one number. The keys are nobody's attack, and the model tests make 10^8 look-ups.
#[derive(Default)]
pub(crate) struct FrameHasher(u64);

impl Hasher for FrameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio spreads neighbours; the fold brings the well-mixed upper bits down to the bucket index.
        let product = u128::from(self.0 ^ number) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}
