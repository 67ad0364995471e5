//! Searching and changing the bits of a row. All of it happens under the lock; positions are offsets in the block.

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

const BITS: usize = usize::BITS as usize;

/// Returns the bits of word `index` that lie in `range`.
fn mask(index: usize, range: &Range<usize>) -> usize {
    let start = range.start.saturating_sub(index * BITS).min(BITS);
    let end = range.end.saturating_sub(index * BITS).min(BITS);
    let below = |count: usize| if count == BITS { usize::MAX } else { (1 << count) - 1 };
    below(end) & !below(start)
}

/// Goes through the words that `range` touches: index, word, mask.
fn words<'a>(
    row: &'a [AtomicUsize],
    range: &Range<usize>,
) -> impl Iterator<Item = (usize, &'a AtomicUsize, usize)> {
    let range = range.clone();
    row.iter()
        .enumerate()
        .take(range.end.div_ceil(BITS))
        .skip(range.start / BITS)
        .map(move |(index, word)| (index, word, mask(index, &range)))
}

/// How many bits of a row are set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Amount {
    None,
    Some,
    All,
}

/// Returns how many bits of a row are set. Cost: a look at each word, of one or two cache lines.
pub(crate) fn amount(row: &[AtomicUsize]) -> Amount {
    let (any, all) = row.iter().fold((0, usize::MAX), |(any, all), word| {
        let word = word.load(Ordering::Relaxed);
        (any | word, all & word)
    });
    match (any, all) {
        (0, _) => Amount::None,
        (_, usize::MAX) => Amount::All,
        _ => Amount::Some,
    }
}

/// Counts the bits of a row that are set.
pub(crate) fn count(row: &[AtomicUsize]) -> usize {
    row.iter().map(|word| word.load(Ordering::Relaxed).count_ones() as usize).sum()
}

/// Sets all bits of a row.
pub(crate) fn fill(row: &[AtomicUsize]) {
    row.iter().for_each(|word| word.store(usize::MAX, Ordering::Relaxed));
}

/// Clears all bits of a row.
pub(crate) fn empty(row: &[AtomicUsize]) {
    row.iter().for_each(|word| word.store(0, Ordering::Relaxed));
}

/// Sets bits that are clear.
pub(crate) fn set(row: &[AtomicUsize], range: Range<usize>) {
    for (_, word, mask) in words(row, &range) {
        word.store(word.load(Ordering::Relaxed) | mask, Ordering::Relaxed);
    }
}

/// Clears bits that are set.
pub(crate) fn clear(row: &[AtomicUsize], range: Range<usize>) {
    for (_, word, mask) in words(row, &range) {
        word.store(word.load(Ordering::Relaxed) & !mask, Ordering::Relaxed);
    }
}

/// Returns the lowest bit of `range` that is set.
pub(crate) fn first_set(row: &[AtomicUsize], range: Range<usize>) -> Option<usize> {
    words(row, &range).find_map(|(index, word, mask)| {
        let found = word.load(Ordering::Relaxed) & mask;
        (found != 0).then(|| index * BITS + found.trailing_zeros() as usize)
    })
}

/// Returns the lowest bit of `range` that is clear.
pub(crate) fn first_clear(row: &[AtomicUsize], range: Range<usize>) -> Option<usize> {
    words(row, &range).find_map(|(index, word, mask)| {
        let found = !word.load(Ordering::Relaxed) & mask;
        (found != 0).then(|| index * BITS + found.trailing_zeros() as usize)
    })
}

/// Returns the highest bit of `range` that is clear.
pub(crate) fn last_clear(row: &[AtomicUsize], range: Range<usize>) -> Option<usize> {
    let mut last = None;
    for (index, word, mask) in words(row, &range) {
        let found = !word.load(Ordering::Relaxed) & mask;
        if found != 0 {
            last = Some(index * BITS + (BITS - 1 - found.leading_zeros() as usize));
        }
    }
    last
}

/// Takes the highest set bit of `range`.
pub(crate) fn take_last(row: &[AtomicUsize], range: Range<usize>) -> Option<usize> {
    let (index, word, bit) = words(row, &range).fold(None, |last, (index, word, mask)| {
        let found = word.load(Ordering::Relaxed) & mask;
        if found == 0 { last } else { Some((index, word, BITS - 1 - found.leading_zeros() as usize)) }
    })?;
    word.store(word.load(Ordering::Relaxed) & !(1 << bit), Ordering::Relaxed);
    Some(index * BITS + bit)
}

/// Returns where in `range` the first `count` consecutive set bits begin at a multiple of `alignment`, a power of two.
/// Cost: a few steps per word and per gap.
pub(crate) fn find_run(
    row: &[AtomicUsize],
    range: Range<usize>,
    count: usize,
    alignment: usize,
) -> Option<usize> {
    let mut from = range.start;
    loop {
        let start = first_set(row, from..range.end)?.next_multiple_of(alignment);
        let end = start.checked_add(count).filter(|end| *end <= range.end)?;
        match last_clear(row, start..end) {
            None => return Some(start),
            Some(clear) => from = clear + 1,
        }
    }
}

#[cfg(test)]
mod tests;
