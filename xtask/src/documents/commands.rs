//! Every command that a page shows is one that can be typed: the command line's own parser judges it.

use clap::Parser;
use clap::error::ErrorKind;

use super::page::Reference;
use super::{Fault, Page};
use crate::cli::Arguments;

/// Checks the commands of a page.
pub(super) fn check(page: &Page) -> Vec<Fault> {
    let typed = page.commands().iter().map(|command| (command, refusal(&command.target, Use::Typed)));
    let mentioned = page.mentions().iter().map(|command| (command, refusal(&command.target, Use::Mentioned)));
    let refused = typed.chain(mentioned).filter_map(|(command, refusal)| Some((command, refusal?)));
    let mut refused: Vec<_> = refused.collect();
    refused.sort_by_key(|(command, _)| command.line);
    let fault = |(command, what): (&Reference, String)| {
        Fault::new(page, command.line, format!("`{}`: {what}", command.target))
    };
    refused.into_iter().map(fault).collect()
}

/// What a command is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// To be typed.
    Typed,
    /// To be spoken of: it may lack arguments, or be the program itself.
    Mentioned,
}

/// Why a command would be refused.
fn refusal(command: &str, shown: Use) -> Option<String> {
    let Some(words) = shlex::split(command) else { return Some("a quotation mark is missing".to_owned()) };
    // The first word is `cargo`.
    let error = Arguments::try_parse_from(words.into_iter().skip(1)).err()?;
    let is_incomplete = matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if error.kind() == ErrorKind::DisplayHelp || (is_incomplete && shown == Use::Mentioned) {
        return None;
    }
    Some(error.to_string().lines().next().unwrap_or_default().to_owned())
}
