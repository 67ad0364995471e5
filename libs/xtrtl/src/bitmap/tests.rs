//! The edges: words, the last bit, hints, and what lies behind the end. Random bitmaps against a vector: `tests/bitmaps.rs`.

extern crate std;
use std::vec::Vec;

use super::*;

fn bitmap(bits: usize, set: &[usize]) -> Bitmap<Vec<u64>> {
    let mut map = Bitmap::new(std::vec![0; words_for(bits)], bits).unwrap();
    set.iter().for_each(|&bit| assert_eq!(map.put(bit, Bit::Set), Some(Bit::Clear)));
    map
}

#[test]
fn bits_of_the_upper_half_of_a_word_are_not_those_of_the_lower() {
    // `1 << n` in 32 bits would set bit 5 for bit 37, in each word.
    let map = bitmap(128, &[37, 127]);
    assert_eq!((map.get(37), map.get(5), map.get(127), map.get(95)), {
        (Some(Bit::Set), Some(Bit::Clear), Some(Bit::Set), Some(Bit::Clear))
    });
    assert_eq!(map.into_words(), [1 << 37, 1 << 63]);
}

#[test]
fn a_run_may_end_at_the_last_bit() {
    for bits in [1, 63, 64, 65, 127, 128, 129] {
        for length in 1..=bits {
            let mut map = bitmap(bits, &[]);
            map.fill(0..bits - length, Bit::Set).unwrap();
            assert_eq!(map.find(Bit::Clear, length, 0), Some(bits - length), "{length} of {bits}");
            assert_eq!(map.find(Bit::Clear, length + 1, 0), None, "{length} of {bits}");
        }
    }
}

#[test]
fn a_run_may_cross_words_and_is_not_joined_from_two() {
    let map = bitmap(192, &[60, 66, 130]);
    assert_eq!(map.find(Bit::Clear, 5, 61), Some(61));
    assert_eq!(map.find(Bit::Clear, 6, 61), Some(67));
    assert_eq!(map.find(Bit::Clear, 63, 0), Some(67));
    assert_eq!(map.find(Bit::Clear, 64, 0), None);
    assert_eq!(map.runs(Bit::Clear).collect::<Vec<_>>(), [0..60, 61..66, 67..130, 131..192]);
    assert_eq!(map.longest(Bit::Clear), Some(67..130));
}

#[test]
fn the_search_begins_at_the_hint_and_comes_round() {
    let map = bitmap(100, &[50]);
    assert_eq!(map.find(Bit::Clear, 10, 20), Some(20));
    assert_eq!(map.find(Bit::Clear, 10, 45), Some(51));
    assert_eq!(map.find(Bit::Clear, 10, 95), Some(0), "a run does not go on from the last bit to the first");
    assert_eq!(map.find(Bit::Clear, 50, 60), Some(0));
    assert_eq!(map.find(Bit::Clear, 49, 60), Some(0), "what begins before the hint may go beyond it");
    assert_eq!(map.find(Bit::Clear, 45, 10), Some(51), "what fits behind the hint comes first");
    assert_eq!(map.find(Bit::Set, 1, 51), Some(50));
}

#[test]
fn hints_behind_the_end_and_lengths_beyond_it_do_no_harm() {
    let map = bitmap(70, &[0]);
    for hint in [70, 71, 128, usize::MAX] {
        assert_eq!(map.find(Bit::Clear, 1, hint), Some(1));
    }
    for length in [70, 71, usize::MAX - 1, usize::MAX] {
        assert_eq!(map.find(Bit::Clear, length, 69), None);
    }
    assert_eq!(map.find(Bit::Clear, 0, 5), Some(5), "nothing fits everywhere");
    assert_eq!(map.find(Bit::Clear, 0, 70), Some(0));
}

#[test]
fn bits_behind_the_end_are_neither_seen_nor_written() {
    let mut map = Bitmap::new([u64::MAX, u64::MAX], 68).unwrap();
    map.fill(0..68, Bit::Clear).unwrap();
    assert_eq!((map.find(Bit::Set, 1, 0), map.longest(Bit::Set)), (None, None));
    assert_eq!(map.count(0..68, Bit::Set), Ok(0));
    assert_eq!((map.get(68), map.put(68, Bit::Clear)), (None, None));
    assert_eq!(map.into_words(), [0, u64::MAX << 4]);
    let clear = Bitmap::new([u64::MAX, 0], 64).unwrap();
    assert_eq!((clear.find(Bit::Clear, 1, 0), clear.all(0..64, Bit::Set)), (None, Ok(true)));
}

#[test]
fn ranges_that_are_not_there_are_refused_and_nothing_changes() {
    let mut map = bitmap(70, &[]);
    #[expect(clippy::reversed_empty_ranges, reason = "it is what a caller may get wrong")]
    for range in [0..71, 70..71, 69..usize::MAX, 5..4] {
        let refused = OutOfRange { range: range.clone(), bits: 70 };
        assert_eq!(map.fill(range.clone(), Bit::Set), Err(refused.clone()));
        assert_eq!(map.count(range.clone(), Bit::Set), Err(refused.clone()));
        assert_eq!(map.all(range, Bit::Set), Err(refused));
    }
    assert_eq!(map.count(0..70, Bit::Clear), Ok(70));
    assert_eq!((map.fill(70..70, Bit::Set), map.all(70..70, Bit::Set)), (Ok(()), Ok(true)));
}

#[test]
fn a_bitmap_wants_a_word_for_its_last_bit() {
    assert_eq!(Bitmap::new([0; 1], 65).err(), Some(TooShort { words: 1, bits: 65 }));
    assert!(Bitmap::new([0; 2], 65).is_ok() && Bitmap::new([0; 0], 0).is_ok());
    assert_eq!([0, 1, 64, 65].map(words_for), [0, 1, 1, 2]);
    let empty = Bitmap::new([0; 0], 0).unwrap();
    assert_eq!((empty.find(Bit::Clear, 1, 0), empty.get(0)), (None, None));
}

#[test]
fn what_is_taken_is_not_found_again_until_it_is_given_back() {
    let mut map = bitmap(130, &[]);
    assert_eq!(map.take(Bit::Clear, 65, 3), Some(3));
    assert_eq!(map.take(Bit::Clear, 62, 3), Some(68));
    assert_eq!(map.take(Bit::Clear, 4, 0), None);
    assert_eq!(map.take(Bit::Clear, 3, 9), Some(0));
    assert_eq!(map.count(0..130, Bit::Clear), Ok(0));
    assert_eq!(map.take(Bit::Set, 65, 3), Some(3));
    assert_eq!(map.longest(Bit::Clear), Some(3..68));
}
