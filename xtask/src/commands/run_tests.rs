//! What the options of `run` mean together.

use clap::Parser;
use xtcore::choice::Architecture;

use super::{architecture, arrangement};
use crate::cli::{self, Arguments, Command};

fn options(line: &str) -> cli::Machine {
    let words = ["cargo xtask", "run"].into_iter().chain(line.split_whitespace());
    match Arguments::try_parse_from(words).unwrap().command {
        Command::Run(options) => options.machine,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_paging_mode_implies_the_architecture() {
    assert_eq!(architecture(&options("--paging pml2")), Ok(Architecture::I686));
    assert_eq!(architecture(&options("--paging pml3")), Ok(Architecture::I686));
    assert_eq!(architecture(&options("--paging pml4")), Ok(Architecture::Amd64));
    assert_eq!(architecture(&options("--paging pml5 --arch amd64")), Ok(Architecture::Amd64));
    assert_eq!(architecture(&options("--arch i686")), Ok(Architecture::I686));
    assert_eq!(architecture(&options("")), Ok(Architecture::Amd64));
}

#[test]
fn processors_are_spread_over_packages_and_cores() {
    let cores = |line| {
        let options = options(line);
        arrangement(&options).cores(options.cpus).ok()
    };
    assert_eq!(cores(""), Some(1));
    assert_eq!(cores("--cpus 8 --sockets 2 --threads 2"), Some(2));
    assert_eq!(cores("--cpus 3 --threads 2"), None);
}

#[test]
fn contradictions_are_told() {
    let told = architecture(&options("--paging pml2 --arch amd64")).unwrap_err();
    assert!(told.contains("pml2 belongs to i686"), "{told}");
    assert!(architecture(&options("--arch i686 --machine pc")).is_err());
    assert!(architecture(&options("--paging pml3 --machine pc")).is_err());
}

#[test]
fn nonsense_is_a_usage_error() {
    for line in [
        "--memory lots",
        "--cpus 0",
        "--threads 0",
        "--sockets 0",
        "--timeout 0",
        "--paging pml6",
        "--arch arm",
    ] {
        let words = ["cargo xtask", "run"].into_iter().chain(line.split_whitespace());
        assert!(Arguments::try_parse_from(words).is_err(), "{line}");
    }
}
