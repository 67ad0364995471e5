//! Two threads on two processors that begin together, and a ring between them.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::machine::become_processor;

/// Runs `first` on processor 0 and `second` on processor 1, and returns what each of them measured.
///
/// Both are given the barrier behind which the measured part begins.
pub(crate) fn run(
    first: impl FnOnce(&Barrier) -> Duration + Send,
    second: impl FnOnce(&Barrier) -> Duration + Send,
) -> (Duration, Duration) {
    let barrier = Barrier::new(2);
    let barrier = &barrier;
    std::thread::scope(|scope| {
        let first = scope.spawn(move || {
            become_processor(0);
            first(barrier)
        });
        let second = scope.spawn(move || {
            become_processor(1);
            second(barrier)
        });
        let first = first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let second = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (first, second)
    })
}

/// A position on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Position(AtomicUsize);

/// A queue of words with one sender and one receiver.
#[derive(Debug)]
pub(crate) struct Ring {
    words: Vec<AtomicU64>,
    sent: Position,
    received: Position,
}

impl Ring {
    /// A queue with room for `room` words, a power of two.
    pub(crate) fn new(room: usize) -> Self {
        assert!(room.is_power_of_two(), "a ring's size is a power of two");
        Self {
            words: (0..room).map(|_| AtomicU64::new(0)).collect(),
            sent: Position::default(),
            received: Position::default(),
        }
    }

    /// Sends a word, if there is room. Only one thread sends.
    pub(crate) fn try_send(&self, word: u64) -> bool {
        let at = self.sent.0.load(Ordering::Relaxed);
        if at.wrapping_sub(self.received.0.load(Ordering::Acquire)) >= self.words.len() {
            return false;
        }
        if let Some(place) = self.words.get(at & (self.words.len() - 1)) {
            place.store(word, Ordering::Relaxed);
        }
        self.sent.0.store(at.wrapping_add(1), Ordering::Release);
        true
    }

    /// Receives a word, if there is one. Only one thread receives.
    pub(crate) fn try_receive(&self) -> Option<u64> {
        let at = self.received.0.load(Ordering::Relaxed);
        if at == self.sent.0.load(Ordering::Acquire) {
            return None;
        }
        let word = self.words.get(at & (self.words.len() - 1))?.load(Ordering::Relaxed);
        self.received.0.store(at.wrapping_add(1), Ordering::Release);
        Some(word)
    }
}

/// Repeats `attempt` until it succeeds. The other thread may have been preempted, so after a while this one yields.
pub(crate) fn insist<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    loop {
        for _ in 0..1000 {
            if let Some(done) = attempt() {
                return done;
            }
            std::hint::spin_loop();
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::{Ring, insist};

    #[test]
    fn a_full_ring_takes_nothing_and_an_empty_one_gives_nothing() {
        let ring = Ring::new(2);
        assert_eq!(ring.try_receive(), None);
        assert!(ring.try_send(1) && ring.try_send(2));
        assert!(!ring.try_send(3));
        assert_eq!(ring.try_receive(), Some(1));
        assert!(ring.try_send(3));
        assert_eq!((ring.try_receive(), ring.try_receive(), ring.try_receive()), (Some(2), Some(3), None));
    }

    #[test]
    fn words_arrive_once_and_in_order() {
        let ring = Ring::new(8);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..10_000).for_each(|word| insist(|| ring.try_send(word).then_some(()))));
            for word in 0..10_000 {
                assert_eq!(insist(|| ring.try_receive()), word);
            }
        });
    }
}
