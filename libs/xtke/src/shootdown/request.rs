//! What processors are asked to forget.

mod span;

#[cfg(test)]
mod tests;

use arrayvec::ArrayVec;
use xtcore::{VirtAddr, VirtRange};

use super::Translations;
pub(crate) use span::Span;

/// Pages whose translations must be forgotten, of whatever size, or everything.
///
/// Several obligations are collected into one request, so that all of them cost one round over the processors. A
/// request that becomes too long to name its pages asks for everything: forgetting more is always right.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    spans: ArrayVec<Span, { Request::MOST_SPANS }>,
    /// The pages of all spans; [`Request::EVERYTHING`] when there are too many to name.
    pages: usize,
}

impl Request {
    /// The most ranges that a request names: as many words as a cache line of 64 bytes has where a word has 64 bits.
    pub const MOST_SPANS: usize = 8;

    /// The most pages that a request names. Emptying the TLB and filling it again costs about as much as so many INVLPGs.
    pub const MOST_PAGES: usize = Span::MOST_PAGES;

    const EVERYTHING: usize = usize::MAX;

    /// Returns the request for nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { spans: ArrayVec::new_const(), pages: 0 }
    }

    /// Returns the request for everything that a processor may keep, global pages included.
    #[must_use]
    pub const fn everything() -> Self {
        Self { spans: ArrayVec::new_const(), pages: Self::EVERYTHING }
    }

    /// Asks for the pages of a range as well. `stride` is the size in bytes of the smallest of them.
    ///
    /// Whoever changed tables names the pages of the self-map at which those appeared, too: each INVLPG empties the
    /// paging-structure caches (SDM volume 3A, section 4.10.4.1), and it removes only the pages that it names.
    pub fn add(&mut self, range: VirtRange, stride: u64) {
        if range.is_empty() {
            return;
        }
        match Span::new(range, stride) {
            Some(span) => self.add_span(span),
            None => *self = Self::everything(),
        }
    }

    pub(crate) fn add_span(&mut self, span: Span) {
        let pages = self.pages.saturating_add(span.pages());
        let follows = self.spans.last().and_then(|last| last.joined(span));
        let has_place = match (follows, self.spans.last_mut()) {
            (Some(both), Some(last)) => {
                *last = both;
                true
            }
            _ => self.spans.try_push(span).is_ok(),
        };
        if pages <= Self::MOST_PAGES && has_place {
            self.pages = pages;
        } else {
            *self = Self::everything();
        }
    }

    /// Tells whether there is nothing to forget.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pages == 0
    }

    /// Tells whether everything must be forgotten, and the pages are not named.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.pages == Self::EVERYTHING
    }

    /// Returns one address of each page that must be forgotten, at most [`Request::MOST_PAGES`]; none when everything must.
    pub fn addresses(&self) -> impl Iterator<Item = VirtAddr> {
        self.spans.iter().flat_map(|span| span.addresses())
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Has the calling processor forget.
    pub(crate) fn forget<P: Translations>(&self) {
        if self.is_everything() {
            P::forget_everything_local();
        } else if !self.is_empty() {
            P::forget_local(self);
        }
    }
}
