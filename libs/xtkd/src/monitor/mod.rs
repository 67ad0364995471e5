//! A monitor: commands typed at a prompt, answered as tables for people or as JSON for programs.
//!
//! ```text
//!   bytes --Terminal--> keys --Session--> a line --Monitor--> a command --Answer--> text, paged | one line of JSON
//! ```
//!
//! What a command does is its owner's, who implements [`Monitor`]. Here are the words of a line and
//! what they may be, completion, history, paging, and the two forms of an answer.
//!
//! # What it guarantees
//! * Nothing is allocated, and nothing is waited for but a key.
//! * A command says each fact once, and both forms of the answer follow from that: they cannot differ.
//! * Every answer in text is paged, unless its owner wants it whole; who reads no further ends the command at its next row.
//! * An answer in JSON is one object on one line, whatever goes wrong, unless the terminal itself refuses.
//!
//! # What a line looks like
//! ```text
//!   pfn 0x1a0                   a number: decimal, or hexadecimal behind 0x
//!   pte fffff800`00001000       an address: always hexadecimal, with or without 0x, with or without the accent
//!   json vm                     the answer as JSON
//! ```

mod answer;
mod complete;
mod keys;
mod pager;
mod session;
mod table;
mod value;
mod words;

pub use answer::{Answer, Column, List, Outcome, Trouble};
pub use keys::{Heard, Terminal};
pub use pager::Paging;
pub use session::{Ended, Next, Session, asks_for_json, execute};
pub use table::{Argument, Arguments, Command, Done, Kind, Monitor, Need, Offer, UsageError};
pub use value::Value;
pub use words::{parse_address, parse_number};
