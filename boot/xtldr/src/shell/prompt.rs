//! The line that is being typed, at the bottom of the roll.

use core::fmt::Write;

use arrayvec::ArrayString;
use xtterm::line::{Complete, Editor, History, Response};

use super::complete::Completer;
use super::{Host, LINE_BYTES};
use crate::console::{Console, Printer, Wait};

const PROMPT: &str = "XTLDR> ";

/// Reads a line; `None` where it was given up.
pub(super) fn read<const BYTES: usize>(
    console: &dyn Console,
    host: &dyn Host,
    history: &mut History<BYTES>,
) -> Option<ArrayString<LINE_BYTES>> {
    let completer = Completer { host };
    let mut editor = Editor::<LINE_BYTES>::new();
    loop {
        show(console, &mut editor);
        let Some(key) = console.key(Wait::Forever) else { continue };
        match editor.press(key, history, &completer) {
            Response::Done => {
                console.print("\n");
                history.push(editor.text());
                return Some(ArrayString::from(editor.text()).unwrap_or_default());
            }
            Response::Cancelled => {
                console.print("\n");
                return None;
            }
            Response::Ambiguous => list(console, &completer, &editor),
            Response::Edited | Response::Unused(_) => {}
        }
    }
}

fn show(console: &dyn Console, editor: &mut Editor<LINE_BYTES>) {
    // One column stays empty: consoles disagree about where the cursor stands behind the last one.
    let width = usize::from(console.size().columns).saturating_sub(PROMPT.len() + 1).clamp(1, LINE_BYTES);
    let window = editor.window(width);
    // A window has as many characters as columns, each of up to four bytes.
    let mut line = ArrayString::<{ PROMPT.len() + 4 * LINE_BYTES }>::new();
    let _ = write!(line, "{PROMPT}{}", window.text);
    console.print_over(&line, PROMPT.len() + window.cursor);
}

/// Shows in which ways the word goes on, below the line.
fn list(console: &dyn Console, completer: &Completer<'_>, editor: &Editor<LINE_BYTES>) {
    let before: usize = editor.text().chars().take(editor.cursor()).map(char::len_utf8).sum();
    let before = editor.text().get(..before).unwrap_or_default();
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let mut out = Printer(console);
    let _ = writeln!(out);
    completer.offers(before, &mut |offer| {
        if offer.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            let _ = write!(out, "{}  ", offer.trim_end());
        }
    });
    let _ = writeln!(out);
}
