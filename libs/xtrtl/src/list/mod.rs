//! Lists whose links lie in what stands in them, so that nothing is allocated to stand in one.
//!
//! | type | links | head | for whom |
//! |---|---|---|---|
//! | [`List`] | both ways | pinned | whoever can: no call is `unsafe`, and an entry knows which list it is in |
//! | [`Queue`] | both ways | one word | entries that are freed one by one; the caller promises that they live |
//! | [`Ring`] | both ways | one word | the ground of both: entries without a type |
//! | [`Chain`] | one way | one word | what is only put in front and taken from there |
//! | [`Stack`] | one way, by number | one word, atomic | entries of one slice that many processors take and give back at once |
//!
//! Everything is a [`Ring`] in which a removal is wanted from the middle. A removal looks at both neighbours first, as
//! NT's `RemoveEntryList` does, so a link that somebody wrote over is reported ([`Corrupt`]) and not spread.
//!
//! Removing an entry **of another list** ends in three ways: with [`List`] it is an error value ([`Refusal::Elsewhere`]) and
//! nothing changes; with [`Chain`] and [`Stack`] it cannot be said; with [`Queue`] and [`Ring`], for entries whose list
//! is known from elsewhere, it breaks the promise of an `unsafe` call.

mod chain;
mod interlocked;
mod owned;
mod queue;
mod ring;

pub use chain::{Chain, Chained, Next};
pub use interlocked::{Flushed, Handle, Handles, Slab, Slot, Stack, TooMany, WrongSlab};
pub use owned::{AlreadyIn, Entry, List, Refusal};
pub use queue::{Linked, Queue, Step};
pub use ring::{Corrupt, Link, Ring};
