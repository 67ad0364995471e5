//! `cargo xtask doctor`: what is installed, what is missing, and the command that would fix it. Changes nothing.

use anyhow::Result;

use super::Context;
use crate::process;
use crate::setup::{self, Need};
use crate::target;
use crate::toolchain::{Choice, debian, rustup};

/// Prints the findings. Returns 1 when something that is needed is missing.
pub(crate) fn run(context: &Context) -> Result<u8> {
    let mut remedies = Vec::new();
    println!("emulator and firmware");
    let mut emulator_is_there = true;
    for part in setup::parts(Need::Emulator) {
        emulator_is_there &= part.found.is_ok();
        line(part.name, &part.found);
    }
    if !emulator_is_there {
        remedies.push(setup::install_line(&[Need::Emulator]));
    }
    println!("toolchain that builds the loader and the kernel");
    if !toolchains(context) {
        remedies.push(setup::install_line(&[Need::DebianToolchain]));
    }
    println!("for `cargo xtask test host` (left out where missing)");
    for tool in ["fmt", "clippy"] {
        let answer = process::succeed(process::clean(cargo()).args([tool, "--version"]));
        line(tool, &answer.map_err(|_| format!("missing; rustup component add {}", component(tool))));
    }
    println!("for the peers of `cargo xtask bench` that are written in C (left out where missing)");
    let tools = match super::bench::missing_c_tool() {
        None => Ok("cc and make".to_owned()),
        Some(tool) => Err(format!("no {tool} on the search path")),
    };
    line("C compiler", &tools);
    println!("for `cargo xtask book`");
    let book = super::book::find(&context.workspace);
    line(
        "mdBook",
        &book.map_or(Ok("will be built on first use".to_owned()), |file| Ok(file.display().to_string())),
    );
    if remedies.is_empty() {
        println!("everything that is needed is there");
        return Ok(0);
    }
    for remedy in remedies {
        println!("{remedy}");
    }
    Ok(1)
}

/// The cargo that runs this program.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// rustup's name of the component that brings a subcommand.
fn component(tool: &str) -> &str {
    if tool == "fmt" { "rustfmt" } else { tool }
}

/// Prints what each way offers, and tells whether every target can be built for.
fn toolchains(context: &Context) -> bool {
    let packaged = debian::find();
    let shown = match &packaged {
        Ok(installed) => {
            Ok(format!("{} and its cargo, linker {}", installed.version.release, installed.linker.display()))
        }
        Err(obstacle) => Err(format!("{obstacle:#}")),
    };
    line("Debian's Rust", &shown);
    let own = rustup::find();
    line(
        "the user's Rust",
        &own.as_ref().map(|own| own.version.release.clone()).map_err(|error| format!("{error:#}")),
    );
    let mut all = true;
    for architecture in target::BOTH {
        let by_rustup = match &own {
            Err(_) => Err("no toolchain".to_owned()),
            Ok(own) => match rustup::has_target(own, architecture) {
                Ok(true) => Ok("installed".to_owned()),
                Ok(false) if own.rustup.is_none() => Err("not installed, and there is no rustup".to_owned()),
                Ok(false) => match rustup::remembered_refusal(&context.workspace, own, architecture) {
                    Some(refusal) => Err(format!("refused: {refusal}")),
                    None => Ok("not installed, will be asked for".to_owned()),
                },
                Err(error) => Err(format!("{error:#}")),
            },
        };
        let by_debian = packaged.as_ref().map_err(|_| "not installed".to_owned()).map(|installed| {
            let built = debian::is_built(&context.workspace, installed, architecture);
            if built { "library built" } else { "library will be built on first use (about a minute)" }
                .to_owned()
        });
        let usable = match context.toolchain {
            Choice::Auto => by_rustup.is_ok() || by_debian.is_ok(),
            Choice::Rustup => by_rustup.is_ok(),
            Choice::Debian => by_debian.is_ok(),
        };
        all &= usable;
        line(&format!("{} by rustup", target::triple(architecture)), &by_rustup);
        line(&format!("{} by Debian", target::triple(architecture)), &by_debian);
    }
    all
}

fn line(name: &str, found: &Result<String, String>) {
    match found {
        Ok(what) => println!("  ok       {name}: {what}"),
        Err(obstacle) => println!("  missing  {name}: {obstacle}"),
    }
}
