//! The line being typed.

use arrayvec::ArrayString;

use super::complete::{self, Complete, Completion};
use super::history::History;
use crate::key::Key;

/// A line of at most `N` bytes of UTF-8, and a cursor between its characters.
///
/// | keys | what they do |
/// |---|---|
/// | characters | go in before the cursor; refused where the line is full |
/// | Backspace, Delete | delete before and behind the cursor |
/// | arrows, Home, End, Control-A, Control-E | move the cursor |
/// | Control or Alt with an arrow | moves it by words |
/// | Control-U, Control-K, Control-W | delete to the beginning, to the end, the word before the cursor |
/// | up, down | call up older and newer lines of the history; what was typed is the newest |
/// | Tab | completes the word before the cursor |
/// | Enter | done |
/// | Escape, Control-C | cancelled |
///
/// The cursor always stands between two characters of the text, or at an end. Every operation is linear in `N`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Editor<const N: usize> {
    text: ArrayString<N>,
    /// Bytes before the cursor.
    cursor: usize,
    /// The first character that the view shows.
    first: usize,
    /// How many lines of the history have been called up; zero while the line is a new one.
    back: usize,
    /// The new line, while an older one stands in its place.
    draft: ArrayString<N>,
}

/// What a key did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// The line or its cursor may have changed.
    Edited,
    /// Tab was pressed and the word goes on in several ways.
    Ambiguous,
    /// The line is entered.
    Done,
    /// The line is given up.
    Cancelled,
    /// The key means nothing to a line.
    Unused(Key),
}

/// The part of a line that is to be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window<'e> {
    /// As many characters as fit.
    pub text: &'e str,
    /// The cursor's column, less than the width.
    pub cursor: usize,
}

impl<const N: usize> Editor<N> {
    /// Starts with an empty line.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: ArrayString::new_const(), cursor: 0, first: 0, back: 0, draft: ArrayString::new_const() }
    }

    /// Starts with as much of `text` as fits, without control characters, and the cursor at its end.
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        let mut editor = Self::new();
        editor.replace(text);
        editor
    }

    /// Returns the line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns how many characters stand before the cursor.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.before().chars().count()
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Does what a key means.
    pub fn press<const BYTES: usize>(
        &mut self,
        key: Key,
        history: &History<BYTES>,
        complete: &dyn Complete,
    ) -> Response {
        match key {
            Key::Enter => return Response::Done,
            Key::Escape | Key::Ctrl('c') => return Response::Cancelled,
            Key::Tab => {
                return match self.complete(complete) {
                    Completion::Ambiguous => Response::Ambiguous,
                    Completion::Nothing | Completion::Extended => Response::Edited,
                };
            }
            Key::Char(character) => self.insert(character),
            Key::Backspace => self.cut(self.left(), self.cursor),
            Key::Delete => self.cut(self.cursor, self.right()),
            Key::Left => self.cursor = self.left(),
            Key::Right => self.cursor = self.right(),
            Key::WordLeft => self.cursor = self.word_left(),
            Key::WordRight => self.cursor = self.word_right(),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl('u') => self.cut(0, self.cursor),
            Key::Ctrl('k') => self.cut(self.cursor, self.text.len()),
            Key::Ctrl('w') => self.cut(self.word_left(), self.cursor),
            Key::Up => self.older(history),
            Key::Down => self.newer(history),
            _ => return Response::Unused(key),
        }
        Response::Edited
    }

    /// Puts a character before the cursor. A control character is refused, and so is any where the line is full.
    pub fn insert(&mut self, character: char) {
        if character.is_control() || self.text.remaining_capacity() < character.len_utf8() {
            return;
        }
        let behind = ArrayString::<N>::from(self.behind()).unwrap_or_default();
        self.text.truncate(self.cursor);
        self.text.push(character);
        self.cursor = self.text.len();
        self.text.push_str(&behind);
    }

    /// Completes the word before the cursor as far as all offers agree.
    pub fn complete(&mut self, complete: &dyn Complete) -> Completion {
        let found = complete::common::<N>(complete, self.before());
        let start = complete::word_start(self.before());
        let grows = found.text.len() > self.cursor - start;
        let room = self.text.remaining_capacity() + (self.cursor - start);
        match found.offers {
            0 => return Completion::Nothing,
            2.. if !grows => return Completion::Ambiguous,
            _ if found.text.len() > room => return Completion::Nothing,
            _ => {}
        }
        self.cut(start, self.cursor);
        found.text.chars().for_each(|character| self.insert(character));
        Completion::Extended
    }

    /// Returns what a window of `width` columns shows, scrolled sideways no further than needed to see the cursor, which
    /// may stand behind the last character. A window is at least one column wide.
    pub fn window(&mut self, width: usize) -> Window<'_> {
        let width = width.max(1);
        let (cursor, length) = (self.cursor(), self.text.chars().count());
        // Never scrolled so far that there is empty room on the right and text out of sight on the left.
        self.first = self.first.min((length + 1).saturating_sub(width));
        self.first = self.first.clamp((cursor + 1).saturating_sub(width), cursor);
        let start = nth(&self.text, self.first);
        let rest = self.text.get(start..).unwrap_or_default();
        let text = rest.get(..nth(rest, width)).unwrap_or_default();
        Window { text, cursor: cursor - self.first }
    }

    fn older<const BYTES: usize>(&mut self, history: &History<BYTES>) {
        let Some(line) = history.get(self.back) else { return };
        if self.back == 0 {
            self.draft = self.text;
        }
        self.back += 1;
        self.replace(line);
    }

    fn newer<const BYTES: usize>(&mut self, history: &History<BYTES>) {
        match self.back {
            0 => {}
            1 => {
                self.back = 0;
                let draft = self.draft;
                self.replace(&draft);
            }
            _ => {
                self.back -= 1;
                self.replace(history.get(self.back - 1).unwrap_or_default());
            }
        }
    }

    fn replace(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        for character in text.chars() {
            self.insert(character);
        }
    }

    fn cut(&mut self, start: usize, end: usize) {
        let behind = ArrayString::<N>::from(self.text.get(end..).unwrap_or_default()).unwrap_or_default();
        self.text.truncate(start);
        self.text.push_str(&behind);
        self.cursor = start;
    }

    fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    fn behind(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    fn left(&self) -> usize {
        self.before().char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.cursor + self.behind().chars().next().map_or(0, char::len_utf8)
    }

    fn word_left(&self) -> usize {
        complete::word_start(self.before().trim_end())
    }

    fn word_right(&self) -> usize {
        let behind = self.behind();
        let word = behind.trim_start();
        self.cursor + behind.len() - word.len() + word.find(char::is_whitespace).unwrap_or(word.len())
    }
}

/// Returns where the character with that number starts, or the end of a shorter text.
fn nth(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}
