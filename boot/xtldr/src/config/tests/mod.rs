//! Configurations as people write them, and as they should not.

mod encoding;
mod entries;
mod limits;
mod options;
mod problems;
mod settings;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::config::{Configuration, Options, PATH, Settings};

const GOOD: &str = "; the loader\n[XTLDR]\nDefault=XTOS\n\n[XTOS]\nSystemName = XT Operating System \nSystemType=XTOS\n\
                    SystemPath=\\XTOS\nKernelFile=XTOSKRNL.EXE\nParameters=DEBUG=COM1 EXIT\n";

fn parse(text: &str) -> Configuration<'_> {
    Configuration::parse(text.as_bytes()).unwrap()
}

/// What is told about a file.
fn told(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    parse(text).problems(&mut |problem| lines.push(problem.to_string()));
    lines
}

/// What is told about a file, without the words that all of it begins with.
fn faults(text: &str) -> Vec<String> {
    let strip = |line: &String| line.replace(&format!("configuration {PATH}, "), "");
    told(text).iter().map(strip).collect()
}

fn settings(own: &str) -> Settings<'_> {
    Configuration::parse(own.as_bytes()).unwrap().settings(&Options::default())
}

fn default_error(text: &str) -> String {
    parse(text).default_entry().unwrap_err().to_string()
}
