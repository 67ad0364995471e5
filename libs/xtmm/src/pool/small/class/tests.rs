//! The table of classes keeps what the module promises.

extern crate std;

use super::{COUNT, ClassIndex, GRAIN, LARGEST, NAMES, for_aligned, for_size};

#[test]
fn every_size_gets_the_smallest_place_that_holds_it() {
    for size in 1..=LARGEST {
        let index = for_size(size).unwrap();
        assert!(index.class().size as usize >= size);
        if let Some(smaller) = index.get().checked_sub(1).and_then(ClassIndex::new) {
            assert!((smaller.class().size as usize) < size, "{size} fits class {}", smaller.get());
        }
        assert!(index.class().size as usize - size < GRAIN.max(size / 3), "{size} wastes too much");
    }
    assert_eq!(for_size(0), None);
    assert_eq!(for_size(LARGEST + 1), None);
    assert_eq!(for_size(usize::MAX), None);
}

#[test]
fn slabs_are_short_and_lose_little_behind_their_last_place() {
    for index in ClassIndex::all() {
        let class = index.class();
        let bytes = u32::from(class.pages) * 4096;
        let lost = bytes - class.size * u32::from(class.places);
        assert!(class.pages <= 8);
        assert!(lost * 12 <= bytes, "class {}: {lost} of {bytes} bytes lost", class.size);
    }
    assert_eq!(ClassIndex::all().count(), COUNT);
    assert!([0, COUNT + 1, NAMES - 1].into_iter().all(|number| ClassIndex::new(number).is_none()));
    for number in [0, COUNT + 1, NAMES - 1] {
        let none = ClassIndex::from_bits(number).class();
        assert_eq!(
            (none.places, none.reciprocal.starting_at(0)),
            (0, None),
            "what is no class divides nothing"
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "it divides every offset, which takes an interpreter an hour")]
fn the_reciprocal_divides_every_offset_exactly() {
    for index in ClassIndex::all() {
        let class = index.class();
        for offset in 0..u32::from(class.pages) * 4096 {
            let (number, inside) = (offset / class.size, offset % class.size);
            assert_eq!(class.locate(offset), (number, inside));
            assert_eq!(class.reciprocal.starting_at(offset), (inside == 0).then_some(number));
        }
    }
}

#[test]
fn aligned_places_are_aligned() {
    for alignment in (0..=12).map(|shift| 1 << shift) {
        for size in [1, 2, 17, 100, 500, 1000, 3000, 4000, 4096, 5000, 8192] {
            let class = for_aligned(size, alignment).unwrap().class();
            assert!(class.size as usize >= size);
            assert!((class.size as usize).is_multiple_of(alignment));
        }
    }
    assert_eq!(for_aligned(10, 8192), None);
    assert_eq!(for_aligned(usize::MAX, 64), None);
}
