//! What a person is told about a configuration that is usable as a whole.

use core::cell::Cell;
use core::fmt;

use super::error::{At, ConfigError, Fault};

/// The most problems that are told one by one: a file of garbage has thousands, and a serial line is slow.
pub const MAX_PROBLEMS: usize = 20;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Something is ignored that means nothing to this version.
    Warning,
    /// Something does not count that was meant to.
    Error,
}

/// Something wrong with a configuration that can be used nevertheless.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Problem<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, and where.
    pub error: ConfigError<'a>,
}

impl<'a> Problem<'a> {
    pub(super) const fn warning(error: ConfigError<'a>) -> Self {
        Self { severity: Severity::Warning, error }
    }

    pub(super) const fn error(error: ConfigError<'a>) -> Self {
        Self { severity: Severity::Error, error }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(out, "{word}: {}", self.error)
    }
}

/// Who is told of problems.
pub(super) type Tell<'t, 'a> = &'t mut dyn FnMut(Problem<'a>);

/// Runs `find` and passes the first [`MAX_PROBLEMS`] of what it tells on, then tells that there are more, if so. `find` may stop
/// when its second argument says that nobody listens any more.
pub(super) fn first_ones<'a>(
    whole: At<'a>,
    tell: &mut dyn FnMut(&Problem<'a>),
    find: impl FnOnce(Tell<'_, 'a>, &dyn Fn() -> bool),
) {
    let told = Cell::new(0);
    let mut count = |problem: Problem<'a>| {
        if told.get() < MAX_PROBLEMS {
            tell(&problem);
        }
        told.set(told.get() + 1);
    };
    let is_over = || told.get() > MAX_PROBLEMS;
    find(&mut count, &is_over);
    if is_over() {
        tell(&Problem::error(whole.error(Fault::More)));
    }
}
