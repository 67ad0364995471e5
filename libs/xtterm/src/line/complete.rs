//! Words completed at the press of Tab.

use arrayvec::ArrayString;

/// Knows how a word may go on.
pub trait Complete {
    /// Calls `offer` with every text that may stand in the place of the last word of `before`, which is what stands
    /// before the cursor. A text that leaves nothing to choose ends as the line should go on, for instance with a space.
    ///
    /// Offers need not be filtered: those that do not begin with the word, without regard to ASCII case, do not count.
    fn offers(&self, before: &str, offer: &mut dyn FnMut(&str));
}

/// Completes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoCompletion;

impl Complete for NoCompletion {
    fn offers(&self, _before: &str, _offer: &mut dyn FnMut(&str)) {}
}

/// What came of a word's completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completion {
    /// Nothing begins like that, or the longer word has no room.
    Nothing,
    /// The word has become longer, or is whole.
    Extended,
    /// The word stays as it is, because it goes on in several ways.
    Ambiguous,
}

/// Returns where the last word of `before` starts, in bytes: behind the last white space.
pub(super) fn word_start(before: &str) -> usize {
    before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8))
}

/// What all offers that begin like the word have in common.
pub(super) struct Common<const N: usize> {
    pub(super) text: ArrayString<N>,
    pub(super) offers: usize,
}

/// Asks for offers and keeps what they share; one that exceeds the capacity of a line is none.
pub(super) fn common<const N: usize>(complete: &dyn Complete, before: &str) -> Common<N> {
    let word = before.get(word_start(before)..).unwrap_or_default();
    let mut common = Common { text: ArrayString::new(), offers: 0 };
    complete.offers(before, &mut |offer| {
        let begins = offer.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if !begins || offer.len() > N {
            return;
        }
        if common.offers == 0 {
            let _ = common.text.try_push_str(offer);
        } else {
            let shared = shared_bytes(&common.text, offer);
            common.text.truncate(shared);
        }
        common.offers += 1;
    });
    common
}

/// Returns how many bytes two texts share at their beginnings, without regard to ASCII case.
fn shared_bytes(one: &str, other: &str) -> usize {
    let pairs = one.char_indices().zip(other.chars());
    let differ = |&((_, one), other): &((usize, char), char)| !one.eq_ignore_ascii_case(&other);
    pairs.clone().find(differ).map_or(one.len().min(other.len()), |((at, _), _)| at)
}
