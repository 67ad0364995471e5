//! The shared page as one thread sees it; what several see is the models' part.

use super::{SharedPage, SharedTime};
use crate::time::{Instant, Interval, SystemTime, TickCount};

#[test]
fn what_was_written_is_read_also_across_the_halves() {
    let time = SharedTime::new();
    for value in [0, 1, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001, 0xFFFF_FFFF_FFFF_FFFF] {
        time.write(value);
        assert_eq!(time.read(), value);
    }
}

#[test]
fn the_bytes_stand_where_readers_of_the_page_look() {
    let page = SharedPage::new();
    page.set_tick(Interval::from_micros(15_625));
    page.show(
        Instant::new(0x1111_2222_3333_4444),
        SystemTime::new(0x5555_6666_7777_8888),
        TickCount::new(0x9_0000_000A),
    );
    let word = |offset: usize| {
        #[allow(unsafe_code, reason = "the test looks at the page as a foreign reader does")]
        // SAFETY: the offsets below are those of whole words in the page, which nobody writes meanwhile.
        unsafe {
            (&raw const page).cast::<u32>().wrapping_byte_add(offset).read()
        }
    };
    assert_eq!([word(0), word(4)], [0xA, (15.625 * f64::from(1 << 24)) as u32]);
    assert_eq!([word(8), word(0xC), word(0x10)], [0x3333_4444, 0x1111_2222, 0x1111_2222]);
    assert_eq!([word(0x14), word(0x18), word(0x1C)], [0x7777_8888, 0x5555_6666, 0x5555_6666]);
    assert_eq!([word(0x320), word(0x324), word(0x328)], [0xA, 9, 9]);
}

#[test]
fn a_tick_too_long_for_the_multiplier_is_shown_as_the_longest() {
    let page = SharedPage::new();
    page.set_tick(Interval::from_seconds(1_000_000));
    assert_eq!(page.tick_multiplier(), u32::MAX);
}
