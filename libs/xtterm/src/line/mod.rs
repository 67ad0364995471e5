//! A line of text that somebody types: editing it, calling up earlier ones, having words completed.

mod complete;
mod editor;
mod history;

pub use complete::{Complete, Completion, NoCompletion};
pub use editor::{Editor, Response, Window};
pub use history::History;
