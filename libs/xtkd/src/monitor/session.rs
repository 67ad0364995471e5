//! A prompt, the line typed there, and what is done with it.

use core::fmt::{self, Write};

use xtterm::line::{Editor, History, Response};

use super::answer::{Answer, Trouble};
use super::complete::Words;
use super::keys::{Keys, Terminal};
use super::pager::{Pager, Paging};
use super::table::{Arguments, HELP, JSON, Monitor, Table, UsageError};
use crate::json::Writer;

/// Bytes of a line.
const LINE: usize = 120;

/// Bytes of earlier lines.
const HISTORY: usize = 512;

/// Columns of a line that are shown; longer lines are scrolled.
const WIDTH: usize = 68;

/// What follows a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next one.
    Stay,
    /// Nothing: the monitor is left.
    Leave,
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// A command has left it.
    Left,
    /// There is nobody at the terminal.
    Alone,
}

/// What is kept between lines: the earlier ones, and half a key.
#[derive(Clone, Debug)]
pub struct Session {
    history: History<HISTORY>,
    keys: Keys,
}

impl Session {
    /// Returns a session in which nothing was typed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { history: History::new(), keys: Keys::new() }
    }

    /// Reads lines at a prompt and does what they say, until a command leaves or there is nobody to type.
    #[inline(never)]
    pub fn run(
        &mut self,
        terminal: &mut dyn Terminal,
        prompt: &dyn fmt::Display,
        monitor: &mut dyn Monitor,
    ) -> Ended {
        loop {
            let words = Words(Table(&*monitor));
            let Some(line) = self.read(terminal, prompt, &words) else { return Ended::Alone };
            self.history.push(line.text());
            let paging = terminal.paging();
            let Self { keys, .. } = self;
            if do_line(line.text(), (terminal, keys, paging), monitor) == Next::Leave {
                return Ended::Left;
            }
        }
    }

    /// Reads a line; `None` when there is nobody to type one.
    fn read(
        &mut self,
        terminal: &mut dyn Terminal,
        prompt: &dyn fmt::Display,
        words: &Words<'_>,
    ) -> Option<Editor<LINE>> {
        let mut editor = Editor::new();
        let mut shown = 0;
        // A terminal that refuses has nobody who could be told.
        let _ = redraw(terminal, prompt, &mut editor, &mut shown);
        loop {
            let key = self.keys.press(terminal)?;
            let before = editor.text().len();
            match editor.press(key, &self.history, words) {
                Response::Done => {
                    let _ = terminal.write_str("\r\n");
                    return Some(editor);
                }
                Response::Cancelled => {
                    let _ = terminal.write_str("\r\n");
                    editor.clear();
                    shown = 0;
                }
                Response::Ambiguous => {
                    let _ = terminal.write_str("\r\n");
                    let typed =
                        editor.text().get(..byte_of(editor.text(), editor.cursor())).unwrap_or_default();
                    words.candidates(typed, &mut |word| {
                        let _ = write!(terminal, "  {word}");
                    });
                    let _ = terminal.write_str("\r\n");
                    shown = 0;
                }
                // What is typed at the end of a short line is all that changes.
                Response::Edited => {
                    let text = editor.text();
                    let added = text.get(before..).filter(|added| added.len() == 1);
                    if let Some(added) = added
                        && editor.cursor() == text.len()
                        && text.len() < WIDTH
                    {
                        let _ = terminal.write_str(added);
                        shown = text.len();
                        continue;
                    }
                }
                Response::Unused(_) => continue,
            }
            let _ = redraw(terminal, prompt, &mut editor, &mut shown);
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns where the character with that number starts.
fn byte_of(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

/// Shows the line anew, over what was shown of it before. Carriage returns and blanks are all that it takes, so that a screen
/// which knows nothing else shows the same.
fn redraw(
    terminal: &mut dyn Terminal,
    prompt: &dyn fmt::Display,
    editor: &mut Editor<LINE>,
    shown: &mut usize,
) -> fmt::Result {
    let window = editor.window(WIDTH);
    let length = window.text.chars().count();
    let blanks = shown.saturating_sub(length);
    write!(terminal, "\r{prompt}{}{:blanks$}", window.text, "")?;
    if window.cursor < length || blanks > 0 {
        let before = window.text.get(..byte_of(window.text, window.cursor)).unwrap_or_default();
        write!(terminal, "\r{prompt}{before}")?;
    }
    *shown = length;
    Ok(())
}

/// Tells whether a line asks for an answer in JSON.
#[must_use]
pub fn asks_for_json(line: &str) -> bool {
    line.split_ascii_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(JSON))
}

/// Does what a line says, without a session. Nobody waits for its answer, which comes whole.
#[inline(never)]
pub fn execute(line: &str, terminal: &mut dyn Terminal, monitor: &mut dyn Monitor) -> Next {
    do_line(line, (terminal, &mut Keys::new(), Paging::Whole), monitor)
}

fn do_line(
    line: &str,
    (terminal, keys, paging): (&mut dyn Terminal, &mut Keys, Paging),
    monitor: &mut dyn Monitor,
) -> Next {
    let mut words = line.split_ascii_whitespace();
    if !asks_for_json(line) {
        let Some(name) = words.next() else { return Next::Stay };
        let mut pager = Pager::new(terminal, keys, paging);
        let done = answer(name, words, monitor, &mut Answer::text(&mut pager));
        let _ = match done {
            Became::Next(_) | Became::Ended(Trouble::Quit) => Ok(()),
            Became::Ended(Trouble::Busy(what)) => writeln!(pager, "busy: {what}"),
            Became::Ended(Trouble::Absent(what)) => writeln!(pager, "{what}"),
            Became::Misused(error) => writeln!(pager, "{error}"),
        };
        return done.next();
    }
    let mut next = Next::Stay;
    let name = words.nth(1).unwrap_or(HELP);
    // A terminal that refuses has nobody who could be told.
    let _ = Writer::object(terminal, |object| {
        object.text("command", name)?;
        let done = answer(name, words, monitor, &mut Answer::json(object));
        next = done.next();
        match done {
            Became::Next(_) => Ok(()),
            Became::Ended(Trouble::Quit) => Err(fmt::Error),
            Became::Ended(Trouble::Busy(what)) => object.text("busy", what),
            Became::Ended(Trouble::Absent(what)) => object.text("error", what),
            Became::Misused(error) => object.text("error", error),
        }
    });
    let _ = terminal.write_str("\r\n");
    next
}

/// What became of a line.
enum Became<'a> {
    Next(Next),
    Ended(&'static Trouble),
    Misused(UsageError<'a>),
}

impl Became<'_> {
    const fn next(&self) -> Next {
        match self {
            Self::Next(next) => *next,
            Self::Ended(_) | Self::Misused(_) => Next::Stay,
        }
    }
}

fn answer<'a>(
    name: &'a str,
    words: impl Iterator<Item = &'a str>,
    monitor: &mut dyn Monitor,
    answer: &mut Answer<'_, '_>,
) -> Became<'a> {
    let table = Table(&*monitor);
    let Some(wanted) = table.arguments(name) else { return Became::Misused(UsageError::Unknown(name)) };
    let arguments = match Arguments::parse(wanted, words) {
        Ok(arguments) => arguments,
        Err(error) => return Became::Misused(error),
    };
    let outcome = match table.number(name) {
        Some(number) => monitor.run(number, &arguments, answer),
        // `json json` is the only other way to come here: that is help, too.
        None => table.help(arguments.word(0), answer).map(|()| Next::Stay),
    };
    outcome.map_or_else(Became::Ended, Became::Next)
}
