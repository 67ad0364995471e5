//! Earlier lines.

use arrayvec::ArrayString;

/// Lines that were entered, in `BYTES` bytes altogether, each with one byte more than its text.
///
/// A line is held once: entered again it becomes the newest. Where the room ends, the oldest are forgotten. Every
/// operation is linear in the bytes held.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History<const BYTES: usize> {
    /// Oldest first, each ended by a line feed.
    lines: ArrayString<BYTES>,
}

const END: char = '\n';

impl<const BYTES: usize> History<BYTES> {
    /// Starts with no lines.
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: ArrayString::new_const() }
    }

    /// Adds a line as the newest. Empty lines, those with a line feed in them and those longer than the whole room are
    /// not held.
    pub fn push(&mut self, line: &str) {
        let needed = line.len().saturating_add(END.len_utf8());
        if line.trim().is_empty() || line.contains(END) || needed > BYTES {
            return;
        }
        let mut excess = (self.lines.len() + needed).saturating_sub(BYTES);
        if self.iter().any(|held| held == line) {
            excess = excess.saturating_sub(needed);
        }
        let old = self.lines;
        self.lines.clear();
        for held in old.split_terminator(END).filter(|held| *held != line) {
            if excess > 0 {
                excess = excess.saturating_sub(held.len() + END.len_utf8());
            } else {
                self.append(held);
            }
        }
        self.append(line);
    }

    /// Returns the line that was entered `back` lines before the newest.
    #[must_use]
    pub fn get(&self, back: usize) -> Option<&str> {
        self.iter().nth(back)
    }

    /// Returns the lines, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.split_terminator(END).rev()
    }

    fn append(&mut self, line: &str) {
        // `push` has made sure of the room.
        let _ = self.lines.try_push_str(line);
        let _ = self.lines.try_push(END);
    }
}
