//! Tunes as text.
//!
//! A [`Tune`] proves that its text consists of a tempo and of notes within bounds: each pitch can be played, no note is
//! longer than [`MAX_NOTE`], and all of them together are no longer than [`MAX_LENGTH`].

#[cfg(test)]
mod tests;

use core::fmt;
use core::time::Duration;

/// The most bytes of a tune.
pub(super) const MAX_BYTES: usize = 1024;

/// The longest note.
pub(super) const MAX_NOTE: Duration = Duration::from_secs(5);

/// The longest tune.
pub(super) const MAX_LENGTH: Duration = Duration::from_secs(20);

/// What people hear, in hertz.
const AUDIBLE: core::ops::RangeInclusive<u32> = 20..=20_000;

/// Input of the timer, in hertz.
const TIMER: u32 = 1_193_182;

/// A tune that can be played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tune<'a> {
    beats_per_minute: u32,
    /// The pairs.
    notes: &'a str,
}

/// A pitch that can be heard, in hertz.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pitch(u32);

impl Pitch {
    /// Returns by what the timer's input is to be divided.
    pub(super) fn divisor(self) -> u16 {
        // At least 20 Hz, so it always fits.
        u16::try_from(TIMER / self.0).unwrap_or(u16::MAX)
    }
}

/// A note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Note {
    /// How high; `None` is a rest.
    pub(super) pitch: Option<Pitch>,
    /// How long.
    pub(super) length: Duration,
}

/// Why a text is no tune. Words and notes count from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TuneError {
    /// There is no tempo, or no note.
    Empty,
    /// A word is no number.
    NoNumber { word: usize },
    /// The tempo is zero.
    Tempo,
    /// The last note has no length.
    NoLength { note: usize },
    /// A pitch that nobody hears.
    Pitch { note: usize, hertz: u32 },
    /// A note is too long.
    Note { note: usize, length: Duration },
    /// All notes together are too long.
    Length { length: Duration },
}

impl<'a> Tune<'a> {
    /// Reads a tune. Linear in its text.
    pub(super) fn parse(text: &'a str) -> Result<Self, TuneError> {
        if let Some(word) = text.split_ascii_whitespace().position(|word| word.parse::<u32>().is_err()) {
            return Err(TuneError::NoNumber { word: word + 1 });
        }
        let text = text.trim_ascii();
        let (tempo, notes) =
            text.split_once(|character: char| character.is_ascii_whitespace()).ok_or(TuneError::Empty)?;
        let beats_per_minute = tempo.parse().map_err(|_| TuneError::NoNumber { word: 1 })?;
        if beats_per_minute == 0 {
            return Err(TuneError::Tempo);
        }
        let tune = Self { beats_per_minute, notes };
        let words = notes.split_ascii_whitespace().count();
        if !words.is_multiple_of(2) {
            return Err(TuneError::NoLength { note: words.div_ceil(2) });
        }
        let mut whole = Duration::ZERO;
        for (index, (hertz, length)) in tune.pairs().enumerate() {
            let note = index + 1;
            if hertz != 0 && !AUDIBLE.contains(&hertz) {
                return Err(TuneError::Pitch { note, hertz });
            }
            if length > MAX_NOTE {
                return Err(TuneError::Note { note, length });
            }
            whole += length;
        }
        if whole > MAX_LENGTH { Err(TuneError::Length { length: whole }) } else { Ok(tune) }
    }

    /// Returns the notes.
    pub(super) fn notes(&self) -> impl Iterator<Item = Note> + 'a {
        self.pairs().map(|(hertz, length)| Note { pitch: (hertz != 0).then_some(Pitch(hertz)), length })
    }

    /// Returns pitches and lengths. `parse` has seen that there are pairs of numbers.
    fn pairs(&self) -> impl Iterator<Item = (u32, Duration)> + 'a {
        let tempo = u64::from(self.beats_per_minute);
        let mut numbers = self.notes.split_ascii_whitespace().flat_map(str::parse::<u32>);
        core::iter::from_fn(move || {
            let (hertz, beats) = (numbers.next()?, numbers.next()?);
            // A product of 32 bits and 60,000 fits 64 bits.
            Some((hertz, Duration::from_millis(u64::from(beats) * 60_000 / tempo)))
        })
    }
}

impl fmt::Display for TuneError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(out, "it needs a tempo and notes (TEMPO PITCH LENGTH ...)"),
            Self::NoNumber { word } => write!(out, "word {word} is no number"),
            Self::Tempo => write!(out, "a tempo of 0 beats per minute never ends"),
            Self::NoLength { note } => write!(out, "note {note} has no length"),
            Self::Pitch { note, hertz } => write!(
                out,
                "note {note} has {hertz} Hz, which is not between {} and {}",
                AUDIBLE.start(),
                AUDIBLE.end()
            ),
            Self::Note { note, length } => {
                write!(out, "note {note} takes {length:?}, more than {MAX_NOTE:?}")
            }
            Self::Length { length } => write!(out, "it takes {length:?}, more than {MAX_LENGTH:?}"),
        }
    }
}

impl core::error::Error for TuneError {}
