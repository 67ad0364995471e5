//! What a program needs to talk to a person at a terminal, where there is no operating system under it: a boot loader,
//! a kernel's monitor, a firmware.
//!
//! | what | where | in short |
//! |---|---|---|
//! | keys | [`key::Decoder`] | bytes of a serial line, one at a time, become [`Key`](key::Key)s; rubbish becomes nothing; a [`key::Keyboard`] makes them of scan codes |
//! | a line | [`line::Editor`] | insert, delete, move, words, sideways scrolling; [`line::History`], [`line::Complete`] |
//! | a screen | [`draw::Surface`] | [`draw::Ansi`] for terminals, [`draw::Canvas`] to send only what has changed, boxes and lists, [`draw::Flow`] to break lines between words |
//!
//! The crate allocates nothing, locks nothing, reads no clock, has no global and no `unsafe`, and is the same on 32 and
//! 64 bits. Capacities are constants of the caller's types; what does not fit is refused or forgotten, and which of the
//! two stands with each type. No input makes it panic or wait.
//!
//! ```
//! use xtterm::key::{Decoder, Key};
//! use xtterm::line::{Editor, History, NoCompletion, Response};
//!
//! let mut decoder = Decoder::new();
//! let mut history = History::<256>::new();
//! let mut editor = Editor::<80>::new();
//!
//! // What a person types: "cput", a step back with the arrow key, Delete, Enter.
//! for byte in *b"cput\x1b[D\x1b[3~\r" {
//!     for key in decoder.feed(byte) {
//!         if editor.press(key, &history, &NoCompletion) == Response::Done {
//!             history.push(editor.text());
//!         }
//!     }
//! }
//! assert_eq!(history.get(0), Some("cpu"));
//!
//! // A lone Escape looks like the beginning of an arrow key until nothing follows. The owner of the line knows when.
//! assert_eq!(decoder.feed(0x1B).next(), None);
//! assert_eq!(decoder.idle(), Some(Key::Escape));
//! ```
//!
//! # What else there is
//! The crate `noline` edits lines without a heap too; it has no function keys, completion, or view narrower than the
//! line, which a menu needs. `vte` reads what a terminal *receives*; a [`key::Decoder`] reads what it *sends*. Strings of
//! fixed capacity are the crate `arrayvec`'s, scan codes and their layout `pc-keyboard`'s.
//!
//! # What is not promised
//! One character is one cell. Characters that terminals make wider or narrower than a cell are shown as `?`
//! ([`draw::glyph`]).

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod draw;
pub mod key;
pub mod line;
