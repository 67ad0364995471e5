//! A short text made from something that can be displayed.

use core::fmt::{self, Write};

use arrayvec::ArrayString;

/// A few lines for a person.
pub type Note = ArrayString<320>;

/// Writes `what` down, cut where it is longer than a [`Note`].
#[must_use]
pub fn note(what: &dyn fmt::Display) -> Note {
    struct Cutting(Note);

    impl Write for Cutting {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            text.chars().try_for_each(|one| self.0.try_push(one).map_err(|_| fmt::Error))
        }
    }

    let mut cutting = Cutting(Note::new());
    // What there is no room for is cut.
    let _ = write!(cutting, "{what}");
    cutting.0
}
