//! The lines that loader and kernel print for a program to read. They start at column 0 with `XTOS-`.
//!
//! ```text
//! XTOS-REFUSED {"by":"xtldr","what":"…"}
//! XTOS-BUGCHECK {"code":256,"name":"…","parameters":[1,2,3,4]}
//! XTOS-REPORT {…}
//! XTOS-ANSWER {"command":"…",…}
//! XTOS-RANGE <va> <pa> <bytes> <rights> <page size>
//! XTOS-TRANSLATION <va> <pa>
//! XTOS-INSPECT
//! ```

use serde_json::{Map, Value};
use xtcore::{PhysAddr, VirtAddr};

use crate::inspect::{Rights, Run};

/// One such line.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum MachineLine {
    /// Loader or kernel refuses what it was given.
    Refused(Refusal),
    /// The kernel stopped itself: `code`, `name`, `parameters`.
    BugCheck(Map<String, Value>),
    /// The kernel's report on itself.
    Report(Map<String, Value>),
    /// The kernel's monitor answers a command of the parameter `MONITOR`.
    Answer(Map<String, Value>),
    /// A run of equal mappings that the kernel found in its own tables.
    Range(Run),
    /// An address that the kernel translated.
    Translation(VirtAddr, PhysAddr),
    /// The kernel waits to be inspected.
    Inspect,
    /// It starts like a machine line and is none.
    Malformed(String),
}

/// Who refused, and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// `xtldr` or `xtoskrnl`.
    pub by: String,
    /// What was wrong and where.
    pub what: String,
}

impl MachineLine {
    /// Parses a line; `None` for one that is meant for people.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let body = line.strip_prefix("XTOS-")?;
        let (name, rest) = body.split_once(' ').unwrap_or((body, ""));
        let parsed = match name {
            "REFUSED" => refusal(rest).map(Self::Refused),
            "BUGCHECK" => object(rest).map(Self::BugCheck),
            "REPORT" => object(rest).map(Self::Report),
            "ANSWER" => object(rest).map(Self::Answer),
            "RANGE" => range(rest).map(Self::Range),
            "TRANSLATION" => translation(rest).map(|(from, to)| Self::Translation(from, to)),
            "INSPECT" => Some(Self::Inspect),
            _ => None,
        };
        Some(parsed.unwrap_or_else(|| Self::Malformed(line.to_owned())))
    }
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

fn refusal(text: &str) -> Option<Refusal> {
    let object = object(text)?;
    let word = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Refusal { by: word("by")?, what: word("what")? })
}

fn range(text: &str) -> Option<Run> {
    let mut words = text.split_whitespace();
    let page = VirtAddr::new(hex(words.next()?)?);
    let target = PhysAddr::new(hex(words.next()?)?);
    let bytes = hex(words.next()?)?;
    let rights = Rights::parse(words.next()?)?;
    let page_bytes = match words.next()? {
        "4K" => 1 << 12,
        "2M" => 1 << 21,
        "4M" => 1 << 22,
        "1G" => 1 << 30,
        _ => return None,
    };
    let sound = bytes > 0 && bytes.is_multiple_of(page_bytes) && words.next().is_none();
    sound.then_some(Run { page, target, bytes, rights, page_bytes })
}

fn translation(text: &str) -> Option<(VirtAddr, PhysAddr)> {
    let (from, to) = text.split_once(' ')?;
    Some((VirtAddr::new(hex(from)?), PhysAddr::new(hex(to.trim_end())?)))
}

fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}
