//! Bitmaps against vectors of truth values: slow, and obviously right.

use std::ops::Range;

use xtrtl::bitmap::{Bit, Bitmap, OutOfRange, words_for};

/// Does to a bitmap and to a vector what the bytes say, and compares all answers.
///
/// The first byte says how many bits there are, the second what lies behind them; then five bytes are an action.
pub(crate) fn judge(input: &[u8]) {
    let [bits, behind, actions @ ..] = input else { return };
    let bits = usize::from(*bits);
    let words = vec![if behind & 1 == 0 { 0 } else { u64::MAX }; words_for(bits) + 1];
    let mut map = Bitmap::new(words.clone(), bits).unwrap();
    map.fill(0..bits, Bit::Clear).unwrap();
    let mut model = vec![false; bits];
    for action in actions.chunks_exact(5) {
        let [what, from, to, length, hint] = [action[0], action[1], action[2], action[3], action[4]];
        let range = usize::from(from)..usize::from(to);
        let bit = if what & 1 == 0 { Bit::Clear } else { Bit::Set };
        let (length, hint) = (usize::from(length), usize::from(hint));
        match what >> 1 & 3 {
            0 => {
                let filled = map.fill(range.clone(), bit);
                assert_eq!(filled, checked(&model, &range).map(|()| model[range].fill(bit == Bit::Set)));
            }
            1 => {
                let before = model.get(range.start).copied();
                assert_eq!(map.put(range.start, bit), before.map(said));
                if before.is_some() {
                    model[range.start] = bit == Bit::Set;
                }
            }
            2 => {
                let found = find(&model, bit == Bit::Set, length, hint);
                assert_eq!(map.take(bit, length, hint), found);
                if let Some(start) = found {
                    model[start..start + length].fill(bit == Bit::Clear);
                }
            }
            _ => {
                let count = checked(&model, &range)
                    .map(|()| model[range.clone()].iter().filter(|&&set| said(set) == bit).count());
                assert_eq!(map.all(range.clone(), bit), count.clone().map(|count| count == range.len()));
                assert_eq!(map.count(range, bit), count);
                assert_eq!(map.find(bit, length, hint), find(&model, bit == Bit::Set, length, hint));
            }
        }
        let seen: Vec<bool> = (0..bits).map(|at| map.get(at) == Some(Bit::Set)).collect();
        assert_eq!(seen, model);
        for bit in [Bit::Clear, Bit::Set] {
            let runs = runs(&model, bit == Bit::Set);
            assert_eq!(map.longest(bit), runs.iter().rev().max_by_key(|run| run.len()).cloned());
            assert_eq!(map.runs(bit).collect::<Vec<_>>(), runs);
        }
    }
    let untouched = |map: Bitmap<Vec<u64>>| {
        let words = map.into_words();
        let last = bits % 64;
        (words[bits / 64] >> last, words.last().copied())
    };
    assert_eq!(untouched(map), untouched(Bitmap::new(words, bits).unwrap()), "what lies behind the bits");
}

fn said(set: bool) -> Bit {
    if set { Bit::Set } else { Bit::Clear }
}

fn checked(model: &[bool], range: &Range<usize>) -> Result<(), OutOfRange> {
    let refused = OutOfRange { range: range.clone(), bits: model.len() };
    model.get(range.clone()).map(drop).ok_or(refused)
}

/// Tries every place from the hint to the end, then every place.
fn find(model: &[bool], set: bool, length: usize, hint: usize) -> Option<usize> {
    let hint = if hint < model.len() { hint } else { 0 };
    let fits = |&start: &usize| {
        model.get(start..start + length).is_some_and(|run| run.iter().all(|&bit| bit == set))
    };
    (hint..=model.len()).chain(0..hint).find(fits)
}

fn runs(model: &[bool], set: bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..model.len()).filter(|&at| model[at] == set) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}
