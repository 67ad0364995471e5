use super::*;
use proptest::prelude::*;

#[test]
fn what_does_not_fit_is_refused_and_so_is_a_division_by_nothing() {
    assert_eq!([mul_div(1, 1, 0), mul_div_up(1, 1, 0), mul_div_up(0, 0, 0)], [None; 3]);
    assert_eq!((mul_div(u64::MAX, u64::MAX, u64::MAX), mul_div(u64::MAX, 2, 1)), (Some(u64::MAX), None));
    assert_eq!(mul_div_up(u64::MAX, u64::MAX, u64::MAX), Some(u64::MAX));
    // 2^64 - 1/2: it fits rounded down, and does not rounded up.
    assert_eq!((mul_div(u64::MAX, 3, 2), mul_div(u64::MAX, 1, 2)), (None, Some(u64::MAX / 2)));
    assert_eq!(
        (mul_div(1 << 63, 4, 3), mul_div_up(1 << 63, 4, 3)),
        (Some(0xAAAA_AAAA_AAAA_AAAA), Some(0xAAAA_AAAA_AAAA_AAAB))
    );
}

proptest! {
    #[test]
    fn a_quotient_is_the_largest_that_its_product_holds(number: u64, times: u64, by in 1_u64..) {
        let product = u128::from(number) * u128::from(times);
        match mul_div(number, times, by) {
            Some(quotient) => {
                let whole = u128::from(quotient) * u128::from(by);
                prop_assert!(whole <= product && product - whole < u128::from(by));
                let up = mul_div_up(number, times, by);
                prop_assert_eq!(up, if whole == product { Some(quotient) } else { quotient.checked_add(1) });
            }
            None => prop_assert!(product >= u128::from(by) << 64),
        }
    }
}
