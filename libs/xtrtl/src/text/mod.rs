//! Strings whose length is counted, of bytes or of UTF-16 units: slices, as `&[u8]` and `&[u16]`.
//!
//! A slice knows how many **units** it has, so there is no count of bytes to be taken for one of characters, no terminator
//! to be missed, and nothing is ever read behind the end. Everything here takes both kinds ([`Unit`]):
//!
//! ```text
//!   compare_ignore_case, eq_ignore_case, starts_with_ignore_case   order and equality without case
//!   tokens, lines, split_at_first, trim, until_nul                 parts, as slices of the same text: nothing is written to it
//!   parse, parse_signed, parse_leading                             numbers out of text
//!   Buffer                                                         text out of anything that can be formatted
//!   lossy                                                          text for people
//! ```
//!
//! # Case
//! A byte is folded as ASCII; a UTF-16 unit by Unicode's mapping to upper case, where that is one unit. So it is per
//! unit, ordinal and the same everywhere, as in NT: no language is asked, `ß` stays `ß`, and halves of surrogate pairs
//! stay as they are.

mod buffer;
mod case;
mod number;
mod parts;
#[cfg(test)]
mod tests;
mod unit;

pub use buffer::{Buffer, Full};
pub use case::{compare_ignore_case, eq_ignore_case, starts_with_ignore_case};
pub use number::{BadNumber, Base, parse, parse_leading, parse_signed};
pub use parts::{common_prefix, lines, split_at_first, tokens, trim, until_nul};
pub use unit::{Lossy, Unit, lossy};
