//! What the word before the cursor may become.

use xtterm::line::Complete;

use super::table::{JSON, Kind, Offer, Table};

/// Completes the words of a line for a monitor's commands.
pub(super) struct Words<'m>(pub(super) Table<'m>);

impl Complete for Words<'_> {
    fn offers(&self, before: &str, offer: &mut dyn FnMut(&str)) {
        let mut words = before.split_ascii_whitespace();
        // The last word is the one that is being typed, unless there is a blank behind it.
        let is_new = before.is_empty() || before.ends_with(|last: char| last.is_ascii_whitespace());
        let typed = words.clone().count() - usize::from(!is_new && !before.is_empty());
        let mut argument = typed.checked_sub(1);
        let mut name = words.next().unwrap_or_default();
        if name.eq_ignore_ascii_case(JSON) && argument.is_some_and(|argument| argument > 0) {
            name = words.next().unwrap_or_default();
            argument = argument.and_then(|argument| argument.checked_sub(1));
        }
        match argument {
            None => self.names(offer),
            Some(number) => {
                let wanted = self.0.arguments(name).and_then(|arguments| arguments.get(number));
                match wanted.map(|argument| argument.kind) {
                    Some(Kind::Command) => self.names(offer),
                    Some(Kind::Word(known)) => known(offer),
                    Some(Kind::Address | Kind::Number) | None => {}
                }
            }
        }
    }
}

impl Words<'_> {
    fn names(&self, offer: &mut Offer<'_>) {
        self.0.names().for_each(offer);
    }

    /// Shows each word that the last word of `before` may become.
    pub(super) fn candidates(&self, before: &str, show: &mut Offer<'_>) {
        let word =
            before.rsplit(|character: char| character.is_ascii_whitespace()).next().unwrap_or_default();
        self.offers(before, &mut |offer| {
            if offer.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
                show(offer);
            }
        });
    }
}
