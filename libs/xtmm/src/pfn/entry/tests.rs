use xtcore::VirtAddr;
use xtpaging::Cache;
use zerocopy::FromZeros;

use super::{Entry, REFERENCE, Word, pte_word};
use crate::pfn::{Owner, State};

#[test]
fn an_entry_has_four_words_and_zeros_are_a_free_frame() {
    assert_eq!(size_of::<Entry>(), 4 * size_of::<usize>());
    let entry = Entry::new_zeroed();
    assert_eq!(entry.word(), Word::inactive(State::Free));
    assert!(entry.word().is_sound());
    assert_eq!(entry.pte(), None);
}

/// Regression 11: every field holds its largest value and leaves its neighbours alone.
#[test]
fn the_fields_of_the_first_word_do_not_touch_each_other() {
    let caches = [Cache::WriteBack, Cache::WriteCombining, Cache::UncachedMinus, Cache::Uncached];
    for owner in Owner::ALL.iter().copied() {
        for cache in caches {
            let many = (usize::MAX / REFERENCE - 1) * REFERENCE;
            let word = Word(Word::active(owner).0 + many).with_cache(cache);
            assert_eq!(word.references(), usize::MAX / REFERENCE);
            assert_eq!((word.state(), word.owner(), word.cache()), (Some(State::Active), Some(owner), cache));
            assert_eq!(word.with_owner(Owner::Stack).with_owner(owner), word);
        }
    }
}

#[test]
fn encodings_without_meaning_are_not_sound() {
    assert!(Word::active(Owner::Stack).is_sound());
    let unsound = [
        7,
        State::Standby as usize,
        State::Free as usize | REFERENCE,
        Word::active(Owner::Nobody).0,
        Word::active(Owner::Stack).0 - REFERENCE,
        Word::active(Owner::Stack).0 | 1 << 10,
        Word::active(Owner::Nobody).0 | 31 << 3,
        State::Bad as usize | (Owner::Stack as usize) << 3,
    ];
    for word in unsound {
        assert!(!Word(word).is_sound(), "{word:#x}");
    }
}

#[test]
fn a_back_pointer_of_zero_is_none_of_its_own() {
    assert_eq!(pte_word(None), Some(0));
    assert_eq!(pte_word(Some(VirtAddr::ZERO)), None);
    assert_eq!(pte_word(Some(VirtAddr::new(0xC000_1000))), Some(0xC000_1000));
    let high = VirtAddr::new(0xFFFF_F680_0000_0000);
    assert_eq!(pte_word(Some(high)).is_some(), usize::BITS == 64);
}
