//! Runs of equal bits: the next one, all of them, and one that is long enough.

use core::ops::Range;

use super::{Bit, Bitmap, WORD};

impl<W: AsRef<[u64]>> Bitmap<W> {
    /// Returns the first bit from `from` on, and before `end`, that says this. Linear in the words between.
    fn next(&self, bit: Bit, from: usize, end: usize) -> Option<usize> {
        if from >= end {
            return None;
        }
        let last = (end - 1) / WORD;
        let mut word = from / WORD;
        let mut ones = self.seen(word, bit) & (u64::MAX << (from % WORD));
        while ones == 0 {
            if word == last {
                return None;
            }
            word += 1;
            ones = self.seen(word, bit);
        }
        Some(word * WORD + ones.trailing_zeros() as usize).filter(|found| *found < end)
    }

    /// Returns the runs of bits that say this, in their order, each as long as it goes. All of them: linear in the words.
    pub const fn runs(&self, bit: Bit) -> Runs<'_, W> {
        Runs { bitmap: self, bit, left: 0..self.bits }
    }

    /// Returns the longest run of bits that say this, the first of several. Linear.
    pub fn longest(&self, bit: Bit) -> Option<Range<usize>> {
        // The last of several equals would win otherwise.
        self.runs(bit).reduce(|best, run| if run.len() > best.len() { run } else { best })
    }

    /// Returns where `length` bits in a row say this: the first such place from `hint` on, else the first of all. No run goes
    /// on from the last bit to the first. Nothing at all fits everywhere: it is found at the hint, at 0 if that is not there.
    ///
    /// Linear in the words that are looked at. A hint behind the end counts as 0, so an outdated one does no harm.
    pub fn find(&self, bit: Bit, length: usize, hint: usize) -> Option<usize> {
        let hint = if hint < self.bits { hint } else { 0 };
        if length == 0 {
            return Some(hint);
        }
        let upper = self.fits(bit, length, hint..self.bits);
        // What begins before the hint may go beyond it.
        upper.or_else(|| self.fits(bit, length, 0..hint.saturating_add(length - 1).min(self.bits)))
    }

    /// Returns the first place in a range where so many bits in a row say this.
    fn fits(&self, bit: Bit, length: usize, range: Range<usize>) -> Option<usize> {
        let mut from = range.start;
        loop {
            let start = self.next(bit, from, range.end)?;
            let stop = start.checked_add(length).filter(|stop| *stop <= range.end)?;
            match self.next(bit.other(), start, stop) {
                None => return Some(start),
                Some(end) => from = end,
            }
        }
    }
}

/// The runs of bits that say the same. See [`Bitmap::runs`].
#[derive(Clone, Debug)]
pub struct Runs<'b, W> {
    bitmap: &'b Bitmap<W>,
    bit: Bit,
    left: Range<usize>,
}

impl<W: AsRef<[u64]>> Iterator for Runs<'_, W> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let Range { start, end } = self.left;
        let start = self.bitmap.next(self.bit, start, end)?;
        let stop = self.bitmap.next(self.bit.other(), start, end).unwrap_or(end);
        self.left.start = stop;
        Some(start..stop)
    }
}
