//! Bytes to keys.
//!
//! A [`Decoder`] is a state machine over the bytes that a terminal sends: UTF-8 text, control characters, and escape
//! sequences (ECMA-48, section 5.4). It guarantees:
//!
//! * each byte is handled in constant time, and none makes it wait or panic;
//! * at most [`MAX_SEQUENCE`] bytes are swallowed before characters count as typed again, however long the rubbish;
//! * a byte that cannot belong to the sequence begun ends it and is read afresh, so that a key which begins with Escape
//!   or a control character is understood whatever came before it.

use core::mem;

use super::Key;
use super::meaning::{self, Numbers};

/// The most bytes of a sequence behind its introducer.
pub const MAX_SEQUENCE: u8 = 24;

const ESCAPE: u8 = 0x1B;
const RETURN: u8 = b'\r';
const LINE_FEED: u8 = b'\n';

/// Turns the bytes of a terminal into keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decoder {
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// A carriage return was the last byte; a line feed right behind it belongs to it.
    Returned,
    /// Inside a character of several bytes.
    Text(Partial),
    /// Behind an Escape: alone, or the beginning of something.
    Escape,
    /// Inside a sequence with parameters.
    Sequence(Introducer, Parameters),
    /// Behind `ESC [ [`.
    Linux,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Introducer {
    /// `ESC [`
    Control,
    /// `ESC O`
    Shift,
}

impl Decoder {
    /// Starts with nothing read.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Ground }
    }

    /// Reads the next byte and returns the keys that it completes: none, one, or two where it shows that an Escape
    /// before it stood alone.
    pub fn feed(&mut self, byte: u8) -> Keys {
        match mem::take(&mut self.state) {
            State::Returned if byte == LINE_FEED => Keys::none(),
            State::Ground | State::Returned => Keys::one(self.begin(byte)),
            State::Text(partial) => Keys::one(self.text(partial, byte)),
            State::Escape => self.behind_escape(byte),
            State::Sequence(introducer, parameters) => Keys::one(self.sequence(introducer, parameters, byte)),
            State::Linux => {
                Keys::one(if is_not_printable(byte) { self.begin(byte) } else { meaning::linux(byte) })
            }
        }
    }

    /// Tells the decoder that nothing has come for a while, some fifty milliseconds on a line of usual speed, and returns
    /// the Escape if one stood alone. Whatever else had begun is dropped: its end was lost on the line.
    pub fn idle(&mut self) -> Option<Key> {
        match mem::take(&mut self.state) {
            State::Escape => Some(Key::Escape),
            _ => None,
        }
    }

    /// Tells whether [`Decoder::idle`] would change anything.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state != State::Ground
    }

    /// Reads a byte that continues nothing.
    fn begin(&mut self, byte: u8) -> Option<Key> {
        match byte {
            RETURN => {
                self.state = State::Returned;
                Some(Key::Enter)
            }
            LINE_FEED => Some(Key::Enter),
            b'\t' => Some(Key::Tab),
            // Terminals disagree about which of the two their Backspace key sends.
            0x08 | 0x7F => Some(Key::Backspace),
            ESCAPE => {
                self.state = State::Escape;
                None
            }
            0x01..=0x1A => Some(Key::Ctrl(char::from(byte + 0x60))),
            b' '..=b'~' => Some(Key::Char(char::from(byte))),
            _ => {
                self.state = Partial::begin(byte).map_or(State::Ground, State::Text);
                None
            }
        }
    }

    fn text(&mut self, partial: Partial, byte: u8) -> Option<Key> {
        match partial.push(byte) {
            Progress::Partial(partial) => {
                self.state = State::Text(partial);
                None
            }
            Progress::Whole(character) if character.is_control() => None,
            Progress::Whole(character) => Some(Key::Char(character)),
            Progress::Broken => self.begin(byte),
        }
    }

    fn behind_escape(&mut self, byte: u8) -> Keys {
        let introducer = match byte {
            b'[' => Introducer::Control,
            b'O' => Introducer::Shift,
            ESCAPE => {
                self.state = State::Escape;
                return Keys::one(Some(Key::Escape));
            }
            // Alt and Backspace delete a word, as Control-W does.
            0x08 | 0x7F => return Keys::one(Some(Key::Ctrl('w'))),
            _ => {
                return match meaning::escape(byte) {
                    Some(key) => Keys::one(Some(key)),
                    None => Keys([Some(Key::Escape), self.begin(byte)]),
                };
            }
        };
        self.state = State::Sequence(introducer, Parameters::default());
        Keys::none()
    }

    fn sequence(&mut self, introducer: Introducer, mut parameters: Parameters, byte: u8) -> Option<Key> {
        match byte {
            b'[' if introducer == Introducer::Control && parameters == Parameters::default() => {
                self.state = State::Linux;
                None
            }
            // Parameters and what may stand between them and the end.
            b' '..=b'?' => {
                parameters.push(byte);
                if parameters.length < MAX_SEQUENCE {
                    self.state = State::Sequence(introducer, parameters);
                }
                None
            }
            b'@'..=b'~' => match introducer {
                Introducer::Control => meaning::control(parameters.numbers()?, byte),
                Introducer::Shift => meaning::shift(parameters.numbers()?, byte),
            },
            _ => self.begin(byte),
        }
    }
}

/// Tells whether a byte is none of the characters that ASCII can print, and so ends no sequence.
const fn is_not_printable(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~')
}

/// The keys that one byte completes, in the order pressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys([Option<Key>; 2]);

impl Keys {
    const fn none() -> Self {
        Self([None, None])
    }

    const fn one(key: Option<Key>) -> Self {
        Self([key, None])
    }
}

impl Iterator for Keys {
    type Item = Key;

    fn next(&mut self) -> Option<Key> {
        self.0.iter_mut().find_map(Option::take)
    }
}

/// The parameters of a sequence, as far as they have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Parameters {
    numbers: Numbers,
    /// Semicolons so far.
    separators: u8,
    /// Bytes so far, at most [`MAX_SEQUENCE`].
    length: u8,
    kind: ParameterKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum ParameterKind {
    #[default]
    Numbers,
    /// A private marker or an intermediate byte: no key that anybody sends.
    Private,
}

impl Parameters {
    fn push(&mut self, byte: u8) {
        self.length = self.length.saturating_add(1);
        match byte {
            b';' => self.separators = self.separators.saturating_add(1),
            b'0'..=b'9' => {
                let number = match self.separators {
                    0 => &mut self.numbers.first,
                    1 => &mut self.numbers.modifier,
                    _ => return,
                };
                *number = number.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
            }
            _ => self.kind = ParameterKind::Private,
        }
    }

    /// Returns the numbers, or `None` where there is more than numbers.
    fn numbers(self) -> Option<Numbers> {
        match self.kind {
            ParameterKind::Numbers => Some(self.numbers),
            ParameterKind::Private => None,
        }
    }
}

/// A character of which some bytes have come (RFC 3629, section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Partial {
    bytes: [u8; 4],
    have: usize,
    need: usize,
}

enum Progress {
    Partial(Partial),
    Whole(char),
    /// The byte does not continue the character.
    Broken,
}

impl Partial {
    fn begin(byte: u8) -> Option<Self> {
        let need = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return None,
        };
        Some(Self { bytes: [byte, 0, 0, 0], have: 1, need })
    }

    fn push(mut self, byte: u8) -> Progress {
        if !matches!(byte, 0x80..=0xBF) {
            return Progress::Broken;
        }
        if let Some(place) = self.bytes.get_mut(self.have) {
            *place = byte;
        }
        self.have += 1;
        if self.have < self.need {
            return Progress::Partial(self);
        }
        // Overlong forms and surrogates fail here; the last byte of one continues nothing else either.
        let bytes = self.bytes.get(..self.need).unwrap_or_default();
        match str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
            Some(character) => Progress::Whole(character),
            None => Progress::Broken,
        }
    }
}
