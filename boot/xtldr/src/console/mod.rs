//! What a person sees and types.
//!
//! A [`Console`] is a screen in one of two ways at a time. As a *page* (menu, editor, help) it is an
//! [`xtterm::draw::Surface`], drawn on cell by cell and sent when a key is waited for. As a *roll* (shell, messages) text
//! is printed at its end and scrolls. [`Console::page`] turns it into a page, [`Console::print`] into a roll.
//!
//! The binary puts the firmware's console and a serial port behind it, the tests a screen in memory.

mod pager;
mod printer;

pub use pager::Pager;
pub use printer::Printer;

use xtterm::draw::{Size, Style, Surface};
use xtterm::key::Key;

/// How long to wait for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Until there is one. A keyboard may be plugged in at any time, so there is no giving up.
    Forever,
    /// So many milliseconds at most.
    Milliseconds(u32),
}

/// A screen and a keyboard, however many of each there are.
pub trait Console {
    /// Returns how many cells there are.
    fn size(&self) -> Size;

    /// Makes the console a page and has `draw` draw it, which begins with an empty one. Nothing is printed meanwhile.
    fn page(&self, draw: &mut dyn FnMut(&mut dyn Surface));

    /// Makes the console a roll, an empty one if it was a page, for others to print on.
    fn roll(&self);

    /// Prints in this style on the roll from now on.
    fn style(&self, style: Style);

    /// Prints at the end of the roll. `\n` begins a new line; a line longer than the screen goes on in the next.
    fn print(&self, text: &str);

    /// Replaces the last line of the roll, which must be shorter than the screen is wide, and shows the cursor at
    /// `column` of it.
    fn print_over(&self, line: &str, column: usize);

    /// Shows what was drawn and returns the next key, or `None` where none came in time.
    fn key(&self, wait: Wait) -> Option<Key>;
}
