//! Where everything lies in a picture, in pixels.
//!
//! ```text
//!   bar        lens      lens       rows
//!   ┌──┐                           ┌─────────────────────┐
//!   │  │╲                          │ one row a region,   │
//!   │  │ ╲      ┌──┐               │ readable however    │
//!   │▒▒│  ╲─────│  │               │ small it is         │
//!   │  │        │▒▒│──────┬──┐     ├─────────────────────┤
//!   └──┘        └──┘      └──┘     └─────────────────────┘
//!   all of it   × 500     × 90000
//! ```
//!
//! [`rows`] cuts the space at every end of a region and gives each piece a row. [`lens`] draws the whole space as one bar
//! that is true to scale; where several regions are too small to be told apart there, a lens draws their part of
//! the space again, true to its own, larger scale, beside their rows; and so on. [`lanes`] puts regions that overlap
//! side by side.
//!
//! Guarantees: rows never overlap and follow each other by address; a bar's projection is monotone and maps its ends to
//! its ends; a lens lies beside exactly the rows that it explains, so lines that join them never cross.

pub(super) mod lanes;
pub(super) mod lens;
pub(super) mod rows;

#[cfg(test)]
mod tests;
