//! The last few kilobytes of the log, for a screen that is attached after they were written.

/// Bytes that the ring keeps.
const BYTES: usize = 8192;

/// A ring of text.
pub(super) struct Ring {
    bytes: [u8; BYTES],
    /// Bytes ever written.
    written: usize,
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; BYTES], written: 0 }
    }

    pub(super) fn push(&mut self, text: &str) {
        for byte in text.bytes() {
            if let Some(place) = self.bytes.get_mut(self.written % BYTES) {
                *place = byte;
            }
            self.written = self.written.wrapping_add(1);
        }
    }

    /// Returns what is kept, oldest first.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let kept = self.written.min(BYTES);
        (self.written - kept..self.written).filter_map(|index| self.bytes.get(index % BYTES).copied())
    }
}
