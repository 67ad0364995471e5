//! What may stand where Tab was pressed: commands, entries, files.

use core::fmt::Write;

use arrayvec::ArrayString;
use xtterm::line::Complete;

use super::commands::{Argument, COMMANDS, find};
use super::{Host, LINE_BYTES};
use crate::volume::FileKind;

/// Completes the words of the shell's lines.
pub(super) struct Completer<'h> {
    pub(super) host: &'h dyn Host,
}

impl Complete for Completer<'_> {
    fn offers(&self, before: &str, offer: &mut dyn FnMut(&str)) {
        let mut words = before.split_whitespace();
        let first = words.next().unwrap_or_default();
        let begun = usize::from(!before.ends_with(char::is_whitespace));
        let index = (before.split_whitespace().count()).saturating_sub(begun);
        if index == 0 {
            return commands(offer);
        }
        let argument = find(first).map_or(Argument::None, |command| command.argument);
        match argument {
            Argument::Command if index == 1 => commands(offer),
            Argument::Entry if index == 1 => {
                let entries = self.host.entries();
                (0..entries.len()).for_each(|index| with_space(entries.name(index), offer));
            }
            Argument::Word(word) if index == 1 => with_space(word, offer),
            Argument::Path => self.paths(before, offer),
            _ => {}
        }
    }
}

impl Completer<'_> {
    /// Offers what is in the folder that the last word names.
    fn paths(&self, before: &str, offer: &mut dyn FnMut(&str)) {
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let folder = word.rfind(['\\', '/']).and_then(|at| word.get(..=at)).unwrap_or_default();
        // A folder that cannot be read offers nothing.
        let _ = self.host.list(folder, &mut |info| {
            // A word with a space in it would be two.
            if info.name.contains(' ') {
                return;
            }
            let end = match info.kind {
                FileKind::File => ' ',
                FileKind::Folder => '\\',
            };
            let mut path = ArrayString::<LINE_BYTES>::new();
            if write!(path, "{folder}{}{end}", info.name).is_ok() {
                offer(&path);
            }
        });
    }
}

fn commands(offer: &mut dyn FnMut(&str)) {
    COMMANDS.iter().for_each(|command| with_space(command.name, offer));
}

fn with_space(word: &str, offer: &mut dyn FnMut(&str)) {
    let mut text = ArrayString::<LINE_BYTES>::new();
    if write!(text, "{word} ").is_ok() {
        offer(&text);
    }
}
