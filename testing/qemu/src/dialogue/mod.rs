//! A boot that somebody talks with: keys go in, and what the terminal shows is read.
//!
//! The guest's serial line ends in the terminal of an emulator, so a script waits for words on a *screen*, as a person
//! does, and not for bytes. Where the kernel has no serial line its own screen is read, from pictures taken again and again.
//! Keys go down the serial line, or to the guest's own keyboard through the monitor. A step that
//! waits ends when what it waits for has happened, or with the screen in its complaint; only whether a screen stands still is
//! told by the clock.

mod answers;
mod glyphs;
mod reader;
mod talks;
mod terminal;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::answers::Answers;
pub use self::answers::Check;
pub use self::talks::{Talk, talks};
use self::terminal::Terminal;
use crate::guest::Guest;
use crate::monitor::{End, Monitor};
use crate::screen::{Paper, Picture};
use crate::session::console::lines::Splitter;
use crate::session::console::transcript::Transcript;
use crate::session::process::{Emulator, Output};
use crate::session::{BootError, LOG, PATIENCE, Running, start};

/// How long a step may take: the firmware alone takes a minute on a busy host.
const LIMIT: Duration = Duration::from_secs(180);

/// A screen that has not changed for so long is taken for finished.
const STILL: Duration = Duration::from_millis(700);

/// How long a key of the guest's own keyboard is held down, in milliseconds: shorter than it takes to be repeated.
const HELD_DOWN: u32 = 20;

/// The picture that is taken to read the screen.
const GLIMPSE: &str = "glimpse.ppm";

/// The beginning of lines that are not for people.
const FOR_MACHINES: &str = "XTOS-";

/// The beginning of an answer of the kernel's monitor to programs.
const ANSWER: &str = "{\"command\":";

/// The key that opens the kernel's monitor: Control-K.
const MONITOR_KEY: &str = "\x0b";

/// One step of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Waits until these words stand on the terminal's screen, in one line.
    Sees(&'static str),
    /// Waits until a line of the terminal's screen is this, and nothing else: for what was typed itself a moment ago.
    SeesLine(&'static str),
    /// Waits until these words are gone from the screen.
    SeesNot(&'static str),
    /// Sends these characters down the serial line, one after the other as a person types.
    Types(&'static str),
    /// Presses and releases keys of the guest's own keyboard together, by the monitor's names.
    Presses(&'static [&'static str]),
    /// Presses and releases one key of the guest's own keyboard after the other, so that these characters are typed:
    /// lower-case letters, digits, blanks, `-`, and Enter for a carriage return, Tab for a tab.
    Strikes(&'static str),
    /// Waits until a line of the kernel's console, on the guest's own screen, contains these words.
    Reads(&'static str),
    /// Waits until a line of the kernel's console is this, and nothing else.
    ReadsLine(&'static str),
    /// Waits until the screen stands still, and takes a picture of the guest's own screen. It shows, character for character, what the
    /// terminal shows, or will in the end.
    Mirrors(&'static str),
    /// Waits until the screen stands still, and takes a picture of the kernel's console. It shows, character for character, the
    /// last lines that came down the serial line, those for machines left out, or will in the end.
    Repeats(&'static str),
    /// Waits until the screen stands still, and takes a picture that only has to be there.
    Pictures(&'static str),
    /// Asks the kernel's monitor for an answer in JSON, of which something must be true. What stands in braces comes from earlier
    /// answers.
    Asks(&'static str, Check),
    /// Opens the kernel's monitor by its key, asks it where all memory is, and leaves it again, so many times; it was opened so
    /// often before. All of it before the kernel reports.
    Visits(u32, u32),
    /// Waits for the kernel's report, where this key must have this value.
    Reports(&'static str, &'static str),
    /// Waits until the guest has ended, for this reason.
    Ends(End),
}

/// What became of a conversation.
#[derive(Debug)]
pub struct Conversation {
    /// Why it did not go as written, and what the screen shows; nothing if it went well.
    pub failure: Option<String>,
    /// The pictures that were taken, in the binary format PPM.
    pub pictures: Vec<PathBuf>,
    /// All that came down the serial line.
    pub log: PathBuf,
}

/// Switches a guest on and goes through the steps.
///
/// # Errors
/// [`BootError`] when there was nobody to talk with. Whatever the guest does wrong is in the [`Conversation`].
pub fn converse(guest: &Guest, steps: &[Step]) -> Result<Conversation, BootError> {
    let Running { emulator, monitor, scratch: _scratch } = start(guest)?;
    let log = guest.work_dir.join(LOG);
    let mut talk = Meeting {
        emulator,
        monitor,
        work_dir: &guest.work_dir,
        log: File::create(&log)?,
        terminal: Terminal::new(guest.graphics),
        splitter: Splitter::default(),
        transcript: Transcript::default(),
        lines: Vec::new(),
        answers: Answers::default(),
        over: false,
        pictures: Vec::new(),
    };
    let mut failure = None;
    for (index, step) in steps.iter().enumerate() {
        if let Err(reason) = talk.take(step)? {
            let number = index + 1;
            let places = if talk.over { Vec::new() } else { talk.monitor.places() };
            let places: String = places.iter().map(|place| format!("\n{place}")).collect();
            let screen = talk.terminal.framed();
            failure = Some(format!("step {number}, {step:?}: {reason}{places}\n{screen}"));
            break;
        }
    }
    Ok(Conversation { failure, pictures: talk.pictures, log })
}

/// What came of a step: a reason, if it failed.
type Taken = Result<(), String>;

/// A conversation under way.
struct Meeting<'a> {
    emulator: Emulator,
    monitor: Monitor,
    work_dir: &'a Path,
    log: File,
    terminal: Terminal,
    splitter: Splitter,
    transcript: Transcript,
    /// All lines for people that came down the serial line.
    lines: Vec<String>,
    /// What the kernel's monitor has answered.
    answers: Answers,
    /// The guest's serial line is closed.
    over: bool,
    pictures: Vec<PathBuf>,
}

impl Meeting<'_> {
    fn take(&mut self, step: &Step) -> Result<Taken, BootError> {
        match *step {
            Step::Sees(words) => self.until("it was not seen", |talk| talk.terminal.shows(words)),
            Step::SeesLine(text) => {
                self.until("no line is that", |talk| talk.terminal.rows().iter().any(|row| row == text))
            }
            Step::SeesNot(words) => self.until("it stays there", |talk| !talk.terminal.shows(words)),
            Step::Types(text) => self.type_text(text),
            Step::Presses(keys) => {
                self.press(keys)?;
                Ok(Ok(()))
            }
            Step::Strikes(text) => self.strike(text),
            Step::Reads(words) => self.until_read(|line| line.contains(words)),
            Step::ReadsLine(text) => self.until_read(|line| line == text),
            Step::Mirrors(name) => {
                self.until_pictured(name, |picture, talk| glyphs::compare(picture, &talk.terminal.rows()))
            }
            Step::Repeats(name) => {
                self.until_pictured(name, |picture, talk| glyphs::compare_last(picture, &talk.lines))
            }
            Step::Pictures(name) => self.picture(name).map(|_| Ok(())),
            Step::Asks(command, check) => self.ask(command, check),
            Step::Visits(times, before) => {
                for visit in before + 1..=before + times {
                    let entry = format!("entry {visit}:");
                    let taken = match self.type_text(MONITOR_KEY)? {
                        Ok(()) => self.until("the monitor does not open", |talk| talk.has_line(0, &entry))?,
                        failed => failed,
                    };
                    if taken.is_err() {
                        return Ok(taken);
                    }
                    let told = self.ask("vm", Check::AddsUp)?;
                    if let Err(reason) = told.and(self.type_text("go\r")?) {
                        return Ok(Err(format!("visit {visit}: {reason}")));
                    }
                }
                Ok(match &self.transcript.report {
                    None => Ok(()),
                    Some(_) => Err("the report came before the last visit".to_owned()),
                })
            }
            Step::Reports(key, value) => {
                let came = self.until("there was no report", |talk| talk.transcript.report.is_some())?;
                let found = self.transcript.report.as_ref().and_then(|report| report.get(key));
                Ok(came.and_then(|()| match found.and_then(Value::as_str) {
                    Some(found) if found == value => Ok(()),
                    _ => Err(format!("it says {found:?}")),
                }))
            }
            Step::Ends(reason) => {
                let ended = self.until("it goes on", |talk| talk.over)?;
                if ended.is_err() || self.emulator.wait(PATIENCE).is_none() {
                    return Ok(ended.and(Err("the emulator does not end".to_owned())));
                }
                let found = self.monitor.last_words();
                Ok(if found == reason { Ok(()) } else { Err(format!("it ended otherwise: {found:?}")) })
            }
        }
    }

    /// Asks the kernel's monitor.
    fn ask(&mut self, command: &str, check: Check) -> Result<Taken, BootError> {
        let mark = self.lines.len();
        let command = self.answers.fill(command);
        if let Err(reason) = self.type_text(&format!("json {command}\r"))? {
            return Ok(Err(reason));
        }
        if let Err(reason) = self.until("there was no answer", |talk| talk.has_line(mark, ANSWER))? {
            return Ok(Err(format!("{command}: {reason}")));
        }
        let line = self.lines.iter().skip(mark).find(|line| line.starts_with(ANSWER));
        let verdict = self.answers.take(line.map_or("", String::as_str), check, &mut self.monitor)?;
        Ok(verdict.map_err(|why| format!("{command}: {why}")))
    }

    /// Tells whether a line that came after so many others contains words.
    fn has_line(&self, after: usize, words: &str) -> bool {
        self.lines.iter().skip(after).any(|line| line.contains(words))
    }

    /// Reads until something is so.
    fn until(&mut self, otherwise: &str, so: impl Fn(&Self) -> bool) -> Result<Taken, BootError> {
        let deadline = Instant::now() + LIMIT;
        while !so(self) {
            if self.over || Instant::now() >= deadline {
                return Ok(Err(otherwise.to_owned()));
            }
            self.read(deadline)?;
        }
        Ok(Ok(()))
    }

    /// Reads until nothing has come for a while.
    fn settle(&mut self) -> Result<(), BootError> {
        let deadline = Instant::now() + LIMIT;
        while !self.over && Instant::now() < deadline {
            if !self.read(Instant::now() + STILL)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads what has come until a moment; tells whether something has.
    fn read(&mut self, deadline: Instant) -> Result<bool, BootError> {
        match self.emulator.output(Some(deadline)) {
            Output::Bytes(bytes) => {
                self.log.write_all(&bytes)?;
                self.terminal.take(&bytes);
                let (transcript, lines) = (&mut self.transcript, &mut self.lines);
                self.splitter.push(&bytes, |line| {
                    transcript.take(line);
                    if !line.starts_with(FOR_MACHINES) {
                        lines.push(line.to_owned());
                    }
                });
                Ok(true)
            }
            Output::Silence => Ok(false),
            Output::End | Output::Enough => {
                self.over = true;
                Ok(true)
            }
        }
    }

    /// Types, and waits a little after each key for an answer: a serial port holds 16 bytes.
    fn type_text(&mut self, text: &str) -> Result<Taken, BootError> {
        for key in keys(text) {
            if self.emulator.send(key.as_bytes()).is_err() {
                return Ok(Err("the guest has ended".to_owned()));
            }
            self.read(Instant::now() + STILL / 4)?;
        }
        Ok(Ok(()))
    }

    /// Presses keys together and releases them.
    fn press(&mut self, keys: &[&str]) -> Result<(), BootError> {
        let keys: Vec<Value> = keys.iter().map(|key| json!({ "type": "qcode", "data": key })).collect();
        self.monitor.execute("send-key", json!({ "keys": keys, "hold-time": HELD_DOWN }))?;
        Ok(())
    }

    /// Types on the guest's own keyboard. Keys wait for one another in the emulator, and in the controller there is
    /// room for a few.
    fn strike(&mut self, text: &str) -> Result<Taken, BootError> {
        for character in text.chars() {
            let letter = character.to_string();
            let key = match character {
                'a'..='z' | '0'..='9' => letter.as_str(),
                ' ' => "spc",
                '-' => "minus",
                '\r' => "ret",
                '\t' => "tab",
                _ => return Ok(Err(format!("{character:?} is on no key"))),
            };
            self.press(&[key])?;
            self.read(Instant::now() + STILL / 4)?;
        }
        Ok(Ok(()))
    }

    /// Reads the guest's own screen until a line of it is as it should be.
    fn until_read(&mut self, so: impl Fn(&str) -> bool) -> Result<Taken, BootError> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let lines = self.screen()?;
            if lines.iter().any(|line| so(line)) {
                return Ok(Ok(()));
            }
            if self.over || Instant::now() >= deadline {
                let text: String = lines.iter().map(|line| format!("\n> {line}")).collect();
                return Ok(Err(format!("it was not read on the guest's own screen:{text}")));
            }
            self.read(Instant::now() + STILL / 2)?;
        }
    }

    /// Returns the lines of the kernel's console; none while the firmware has the screen.
    fn screen(&mut self) -> Result<Vec<String>, BootError> {
        self.monitor.execute("screendump", json!({ "filename": GLIMPSE }))?;
        let file = fs::read(self.work_dir.join(GLIMPSE))?;
        let Ok(picture) = Picture::parse(&file) else { return Ok(Vec::new()) };
        let papers = [Paper::Log, Paper::Stop];
        let paper = papers.into_iter().find(|paper| picture.shows_text_on(*paper).is_ok());
        Ok(paper.map_or_else(Vec::new, |paper| reader::read(&picture, paper)))
    }

    /// Takes pictures of the guest's own screen until one shows what it should: who stands still for a moment may be painting.
    fn until_pictured(
        &mut self,
        name: &str,
        compare: impl Fn(&Picture, &Self) -> Result<(), String>,
    ) -> Result<Taken, BootError> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let file = fs::read(self.picture(name)?)?;
            let verdict =
                Picture::parse(&file).map_err(|error| error.to_string()).and_then(|one| compare(&one, self));
            if verdict.is_ok() || self.over || Instant::now() >= deadline {
                return Ok(verdict);
            }
        }
    }

    fn picture(&mut self, name: &str) -> Result<PathBuf, BootError> {
        self.settle()?;
        let file = format!("{name}.ppm");
        self.monitor.execute("screendump", json!({ "filename": file }))?;
        let picture = self.work_dir.join(file);
        if !self.pictures.contains(&picture) {
            self.pictures.push(picture.clone());
        }
        Ok(picture)
    }
}

/// Splits text into keys: an escape sequence goes out in one piece, so that it is not taken for the key Escape.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = if first == '\x1b' {
            // ESC [ … final, or ESC O final; alone it is the key itself.
            let inner = rest.get(1..).unwrap_or_default();
            match inner.as_bytes().first() {
                Some(b'[') => {
                    2 + inner.bytes().skip(1).take_while(|byte| !(0x40..=0x7E).contains(byte)).count() + 1
                }
                Some(b'O') => 3,
                _ => 1,
            }
        } else {
            first.len_utf8()
        };
        let (key, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        Some(key)
    })
}
