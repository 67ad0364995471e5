extern crate std;

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_is_written_is_read_again_and_nothing_else_changes(
        before in prop::collection::vec(any::<u8>(), 0..24), at in 0..24_usize, number: u64,
    ) {
        let mut bytes = before.clone();
        let fits = at + 8 <= bytes.len();
        prop_assert_eq!(write_be(&mut bytes, at, number).is_some(), fits);
        prop_assert_eq!(read_be(&bytes, at), fits.then_some(number));
        prop_assert_eq!(read_le(&bytes, at), fits.then_some(number.swap_bytes()));
        for (place, (now, was)) in bytes.iter().zip(&before).enumerate() {
            prop_assert!(now == was || fits && (at..at + 8).contains(&place));
        }
        prop_assert_eq!(write_le(&mut bytes, at, number.swap_bytes()).is_some(), fits);
        prop_assert_eq!(read_be(&bytes, at), fits.then_some(number));
    }
}

#[test]
fn a_number_that_ends_with_the_buffer_is_there_and_one_that_ends_behind_it_is_not() {
    let mut bytes = [1, 2, 3, 4, 5];
    assert_eq!((read_le::<u32>(&bytes, 1), read_le::<u32>(&bytes, 2)), (Some(0x0504_0302), None));
    assert_eq!((read_be::<u8>(&bytes, 4), read_be::<u8>(&bytes, 5)), (Some(5), None));
    assert_eq!((read_le::<u64>(&bytes, usize::MAX), write_le(&mut bytes, usize::MAX, 0_u16)), (None, None));
    assert_eq!(bytes, [1, 2, 3, 4, 5]);
}
