//! The guest's serial line: its bytes as lines, what lines for machines say, and the user's terminal at its other end.

pub(crate) mod lines;
pub(super) mod machine_line;
pub(super) mod terminal;
pub(crate) mod transcript;
