//! Frames and counts beyond 32 bits (regressions 5, 15 and 37), and half-open ranges held against plain sets.

use proptest::prelude::*;

use super::*;

#[test]
fn frames_beyond_2_to_the_32_keep_their_address() {
    for number in
        [0, 1, 0xF_FFFF, 0x10_0000, u64::from(u32::MAX), 1 << 32, (1 << 36) - 1, 1 << 36, (1 << 40) - 1]
    {
        let frame = Frame::new(number);
        assert_eq!(frame.address().get(), number * 4096);
        assert_eq!(frame.address().frame(), frame);
    }
}

#[test]
fn counts_beyond_2_to_the_32_keep_their_size() {
    let pages = FrameCount::new((1 << 32) + 3);
    assert_eq!(pages.bytes(), (1 << 44) + 3 * 4096);
    let range = FrameRange::with_count(Frame::new(1 << 33), pages);
    assert_eq!(range.count(), pages);
    assert_eq!(FrameCount::holding((1 << 44) + 1).get(), (1 << 32) + 1);
}

#[test]
fn arithmetic_saturates_or_refuses_but_never_wraps() {
    let last = Frame::new(u64::MAX);
    assert_eq!(last.checked_add(FrameCount::ONE), None);
    assert_eq!(last.saturating_add(FrameCount::ONE), last);
    assert_eq!(last.address().get(), !0xFFF);
    assert_eq!(Frame::new(1 << 52).address().get(), !0xFFF);
    assert_eq!(FrameCount::new(u64::MAX).bytes(), u64::MAX);
    assert_eq!(FrameCount::new(u64::MAX).saturating_add(FrameCount::ONE).get(), u64::MAX);
    assert_eq!(FrameCount::ZERO.checked_sub(FrameCount::ONE), None);
    assert_eq!(FrameCount::holding(u64::MAX).get(), 1 << 52);
    assert_eq!(FrameRange::with_count(last, FrameCount::ONE).count(), FrameCount::ZERO);
    assert_eq!(FrameRange::new(Frame::new(2), Frame::new(1)), None);
}

#[test]
fn covering_rounds_outwards() {
    let covering = |start, bytes| FrameRange::covering(PhysAddr::new(start), bytes);
    let range = |start, end| FrameRange::new(Frame::new(start), Frame::new(end)).unwrap();
    assert_eq!(covering(0x1000, 0x1000), range(1, 2));
    assert_eq!(covering(0x1FFF, 2), range(1, 3));
    assert_eq!(covering(0x1FFF, 1), range(1, 2));
    assert_eq!(covering(0xFFFF_F800, 0x1000), range(0xF_FFFF, 0x10_0001));
    assert_eq!(covering(u64::MAX - 1, u64::MAX), range((1 << 52) - 1, 1 << 52));
}

#[test]
fn alignment_of_a_frame_is_counted_in_frames() {
    assert!(Frame::new(512).is_aligned(FrameCount::new(512)));
    assert!(!Frame::new(256).is_aligned(FrameCount::new(512)));
    assert!(Frame::new(1 << 34).is_aligned(FrameCount::new(1 << 34)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ranges_behave_like_sets_of_frames(a in 0_u64..40, b in 0_u64..20, c in 0_u64..40, d in 0_u64..20) {
        // Around 2^32, where a 32-bit frame number would show.
        let base = (1 << 32) - 20;
        let one = FrameRange::with_count(Frame::new(base + a), FrameCount::new(b));
        let other = FrameRange::with_count(Frame::new(base + c), FrameCount::new(d));
        let held = |range: FrameRange| (base..base + 64).filter(move |&number| range.contains(Frame::new(number)));
        prop_assert_eq!(held(one).count() as u64, one.count().get());
        let shared = || held(one).filter(|&number| other.contains(Frame::new(number)));
        prop_assert!(shared().eq(held(one.intersection(other))));
        if !one.is_empty() && !other.is_empty() {
            prop_assert_eq!(one.overlaps(other), shared().next().is_some());
            prop_assert_eq!(one.encloses(other), shared().count() == held(other).count());
        }
    }
}

#[test]
fn a_range_has_its_frames_in_order() {
    let range = FrameRange::with_count(Frame::new(1 << 32), FrameCount::new(3));
    assert!(range.iter().map(Frame::number).eq([1 << 32, (1 << 32) + 1, (1 << 32) + 2]));
    assert_eq!(FrameRange::default().iter().count(), 0);
}
