//! `cargo xtask`: one command for everything that is done with a checkout of XTOS.
//!
//! ```text
//! cargo xtask run       build, boot, watch
//! cargo xtask test      host tests and the boot matrix
//! cargo xtask image     a disk image for real machines
//! cargo xtask doctor    what is missing
//! cargo xtask bench     measurements
//! cargo xtask evidence  what is claimed, tried: one table
//! cargo xtask pictures  the screens that the documents show
//! cargo xtask map       a machine's memory, drawn to scale
//! cargo xtask symbolize a log's addresses by function, file and line
//! cargo xtask book      the documents, to read in a browser
//! cargo xtask publish   the libraries, packed and built as the registry would get them
//! ```
//!
//! What it needs it sets up itself where it may ([`setup`]), or says what to type. Standard output holds results;
//! everything about the way there goes to standard error.

mod build;
mod cli;
mod commands;
mod disk;
mod documents;
mod jobs;
mod process;
mod progress;
mod rules;
mod setup;
mod svg;
mod target;
mod test;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};
use crate::commands::Context;
use crate::setup::{Consent, Setup};
use crate::workspace::Workspace;

/// The exit status of a command that could not do its work. Not one of the verdicts of `run`.
const COULD_NOT_TRY: u8 = 4;

fn main() -> ExitCode {
    match act(&Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_TRY)
        }
    }
}

fn act(arguments: &Arguments) -> anyhow::Result<u8> {
    let consent = if arguments.yes { Consent::Given } else { Consent::NotGiven };
    let context =
        Context { workspace: Workspace::find()?, setup: Setup::new(consent), toolchain: arguments.toolchain };
    match &arguments.command {
        Command::Run(options) => commands::run::run(&context, options),
        Command::Test(options) => test::run(&context, options),
        Command::Image(options) => commands::image::run(&context, options),
        Command::Doctor => commands::doctor::run(&context),
        Command::Bench(options) => commands::bench::run(&context, options),
        Command::Evidence(options) => commands::evidence::run(&context, options),
        Command::Pictures => commands::pictures::run(&context),
        Command::Book(options) => commands::book::run(&context, options),
        Command::Publish(_) => commands::publish::run(&context),
        Command::Map(options) => commands::map::run(&context, options),
        Command::Symbolize(options) => commands::symbolize::run(&context, options),
    }
}
