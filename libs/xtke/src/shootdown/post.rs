//! Where a processor keeps the request that others read.

use super::request::{Request, Span};
use crate::CpuSet;
use crate::sync::{AtomicUsize, Ordering, constructors};

/// Stands in the place of the first span when everything must be forgotten.
const EVERYTHING: usize = usize::MAX;

/// The one request of a processor that is under way: spans up to the first word that is none.
///
/// It changes only when everybody who was asked has answered or left. One who left may still be reading, interrupted in
/// the middle, and find spans of the next request among those of the last. It has forgotten everything when it goes on, so
/// that it may read what it likes; this is why the words are atomic, and a span is one word.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Post {
    words: [AtomicUsize; Request::MOST_SPANS],
    asked: Asked,
}

/// Who was asked and not yet waited for. Only the owner looks: a cache line away from what others read.
#[derive(Debug)]
#[repr(align(64))]
struct Asked(AtomicUsize);

impl Post {
    constructors! {
        /// Returns a place with no request.
        pub(super) fn new() -> Self {
            #[cfg(not(loom))]
            let words = [const { AtomicUsize::new(0) }; Request::MOST_SPANS];
            #[cfg(loom)]
            let words = core::array::from_fn(|_| AtomicUsize::new(0));
            Self { words, asked: Asked(AtomicUsize::new(0)) }
        }
    }

    /// Writes a request. It becomes visible with the owner's name in an inbox.
    pub(super) fn write(&self, request: &Request) {
        let everything = request.is_everything().then_some(EVERYTHING);
        let words = everything.into_iter().chain(request.spans().iter().map(|span| span.word()));
        let ended = words.chain(core::iter::once(0));
        for (place, word) in self.words.iter().zip(ended) {
            place.store(word, Ordering::Relaxed);
        }
    }

    /// Adds the request to another.
    pub(super) fn read_into(&self, all: &mut Request) {
        for place in &self.words {
            match place.load(Ordering::Relaxed) {
                EVERYTHING => {
                    *all = Request::everything();
                    return;
                }
                word => match Span::from_word(word) {
                    Some(span) => all.add_span(span),
                    None => return,
                },
            }
        }
    }

    /// Returns who was asked and not yet waited for.
    pub(super) fn asked(&self) -> CpuSet {
        CpuSet::from_bits(self.asked.0.load(Ordering::Relaxed))
    }

    /// Records who is asked.
    pub(super) fn set_asked(&self, asked: CpuSet) {
        self.asked.0.store(asked.bits(), Ordering::Relaxed);
    }
}
