//! The last few kilobytes of the log, for a screen that is attached after they were written.

use xtterm::draw::{Flow, Step};

/// Bytes that the ring keeps.
const BYTES: usize = 8192;

/// A place in the text that went through a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark(usize);

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
        self.range(0, self.written)
    }

    /// Returns where the ring is.
    pub(super) const fn mark(&self) -> Mark {
        Mark(self.written)
    }

    /// Returns the last whole lines before a mark that fit `rows` rows of `columns` columns, as far as they are kept.
    pub(super) fn before(&self, mark: Mark, rows: usize, columns: usize) -> impl Iterator<Item = u8> + '_ {
        let (mut start, mut rows) = (mark.0, rows);
        while let Some(line) = self.line_before(start) {
            let mut flow = Flow::hanging(columns);
            let text = self.range(line, start).filter(|byte| !matches!(byte, b'\r' | b'\n'));
            let more = text.filter(|byte| matches!(flow.put(char::from(*byte)), Step::Next { .. })).count();
            let Some(left) = rows.checked_sub(more + 1) else { break };
            (start, rows) = (line, left);
        }
        self.range(start, mark.0)
    }

    /// Returns where the line begins that ends at a place; `None` when it is not kept whole.
    fn line_before(&self, end: usize) -> Option<usize> {
        let is_end = |index: usize| self.bytes.get(index % BYTES) == Some(&b'\n');
        let oldest = self.written - self.written.min(BYTES);
        let last = end.checked_sub(1).filter(|last| *last > oldest)?;
        (oldest..last).rev().find(|index| is_end(*index)).map(|index| index + 1)
    }

    /// Returns what is kept between two places.
    fn range(&self, start: usize, end: usize) -> impl Iterator<Item = u8> + '_ {
        let oldest = self.written - self.written.min(BYTES);
        (start.max(oldest)..end).filter_map(|index| self.bytes.get(index % BYTES).copied())
    }
}
