//! What the shell remembers from one visit to the next.

use core::fmt;

use arrayvec::ArrayString;
use xtboot::parameters::{Parameter, Parameters};
use xtterm::line::History;

/// Bytes of all earlier lines.
const HISTORY_BYTES: usize = 2048;

/// Bytes of the session's parameters: a quarter of what the boot protocol allows, so that an entry's own fit beside.
const PARAMETER_BYTES: usize = xtboot::parameters::MAX_BYTES / 4;

/// The history and the session's parameters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    pub(super) history: History<HISTORY_BYTES>,
    /// What is appended to the parameters of every boot.
    pub parameters: SessionParameters,
}

/// Kernel parameters for the rest of the session: each key once, in the order set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionParameters {
    text: ArrayString<PARAMETER_BYTES>,
}

/// Why a parameter cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterError {
    /// There is no key before the `=`.
    NoKey,
    /// White space would make it two parameters.
    WhiteSpace,
    /// There is no room for that many bytes more.
    NoRoom {
        /// The bytes that there are room for.
        room: usize,
    },
}

impl fmt::Display for ParameterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => out.write_str("a parameter is KEY or KEY=VALUE"),
            Self::WhiteSpace => out.write_str("a parameter holds no white space, which separates parameters"),
            Self::NoRoom { room } => write!(out, "there is room for {room} bytes of parameters more"),
        }
    }
}

impl core::error::Error for ParameterError {}

impl SessionParameters {
    /// Returns them as the kernel reads them.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns them one by one.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters::new(&self.text)
    }

    /// Sets `KEY` or `KEY=VALUE`, in the place of one with the same key.
    ///
    /// # Errors
    /// [`ParameterError`]; nothing has changed then.
    pub fn set(&mut self, parameter: &str) -> Result<(), ParameterError> {
        if parameter.contains(|one: char| one.is_whitespace() || one.is_control()) {
            return Err(ParameterError::WhiteSpace);
        }
        let mut parsed = Parameters::new(parameter).iter();
        let key = parsed.next().ok_or(ParameterError::NoKey)?.key;
        let mut changed = self.without(key);
        let room = changed.remaining_capacity().saturating_sub(usize::from(!changed.is_empty()));
        if parameter.len() > room {
            return Err(ParameterError::NoRoom { room });
        }
        append(&mut changed, parameter);
        self.text = changed;
        Ok(())
    }

    /// Takes the parameter with that key away, and tells whether there was one.
    pub fn unset(&mut self, key: &str) -> bool {
        let was_set = self.parameters().has(key);
        self.text = self.without(key);
        was_set
    }

    fn without(&self, key: &str) -> ArrayString<PARAMETER_BYTES> {
        let mut others = ArrayString::new();
        for token in self.text.split(' ') {
            let named = |Parameter { key: found, .. }: Parameter<'_>| found.eq_ignore_ascii_case(key);
            if Parameters::new(token).iter().next().is_some_and(|parameter| !named(parameter)) {
                append(&mut others, token);
            }
        }
        others
    }
}

/// Appends a token for which there is room.
fn append(text: &mut ArrayString<PARAMETER_BYTES>, token: &str) {
    if !text.is_empty() {
        let _ = text.try_push(' ');
    }
    let _ = text.try_push_str(token);
}
