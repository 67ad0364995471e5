//! The tally counts round its two halves, and an answer never goes back.

use super::*;

const A: CpuIndex = CpuIndex::new(3);
const B: CpuIndex = CpuIndex::new(5);

/// Returns an inbox that has answered `count` requests.
fn after(count: usize) -> Inbox {
    let half = count & Tally::LOWER;
    Inbox { senders: AtomicUsize::new(0), tally: AtomicUsize::new(half << Tally::HALF | half) }
}

#[test]
fn only_the_first_sender_finds_the_inbox_quiet() {
    let inbox = Inbox::new();
    assert!(inbox.put(A) && !inbox.put(B));
    let asked = inbox.tally();
    assert!(!asked.is_quiet() && !inbox.tally().has_answered_all_of(asked));
    assert_eq!(inbox.take().bits(), 0b10_1000);
    inbox.answer(asked);
    assert!(inbox.tally().is_quiet() && inbox.tally().has_answered_all_of(asked));
    assert!(inbox.take().is_empty() && inbox.put(A));
}

#[test]
fn what_is_asked_after_the_look_is_not_answered_with_it() {
    let inbox = Inbox::new();
    inbox.put(A);
    let first = inbox.tally();
    inbox.put(B);
    let both = inbox.tally();
    inbox.answer(first);
    assert!(inbox.tally().has_answered_all_of(first) && !inbox.tally().has_answered_all_of(both));
}

#[test]
fn counting_goes_on_where_a_half_is_full() {
    for before in [Tally::LOWER - 1, Tally::LOWER, Tally::LOWER / 2, Tally::LOWER / 2 + 1] {
        let inbox = after(before);
        assert!(inbox.tally().is_quiet());
        for _ in 0..3 {
            assert!(inbox.put(A) && !inbox.put(B));
            let asked = inbox.tally();
            assert!(!inbox.tally().has_answered_all_of(asked), "after {before:#x}");
            inbox.answer(asked);
            assert!(inbox.tally().has_answered_all_of(asked) && inbox.tally().is_quiet());
        }
    }
}

#[test]
fn an_answer_from_before_an_interruption_takes_nothing_back() {
    let inbox = Inbox::new();
    inbox.put(A);
    let interrupted = inbox.tally();
    inbox.put(B);
    let all = inbox.tally();
    inbox.answer(all);
    inbox.answer(interrupted);
    assert!(inbox.tally().is_quiet());
}

#[test]
fn whoever_slept_half_way_round_finds_a_quiet_inbox_answered() {
    let inbox = Inbox::new();
    inbox.put(A);
    let long_ago = inbox.tally();
    assert!(after(Tally::LOWER / 2 + 7).tally().has_answered_all_of(long_ago));
}
