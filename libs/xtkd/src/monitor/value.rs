//! What a fact is: the same for people and for programs.

use core::fmt::{self, Display, Write};

use crate::json::Object;

/// Hexadecimal digits of an address of this machine.
const DIGITS: usize = 2 * size_of::<usize>();

/// Bytes of a KiB, as a shift.
const KIB: u32 = 10;

/// A fact.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A number.
    Number(u64),
    /// A virtual address, with all its digits.
    Address(u64),
    /// Anything else that is best read as hexadecimal: a physical address, a frame number.
    Hex(u64),
    /// An entry of a table or a register, with sixteen digits.
    Raw(u64),
    /// An amount of memory, in bytes.
    Bytes(u64),
    /// Memory by the page: bytes, shown as WinDbg shows them.
    Pages(u64),
    /// A text.
    Text(&'a dyn Display),
    /// A truth.
    Flag(bool),
    /// There is none.
    Nothing,
}

impl Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(number) => write!(out, "{number}"),
            Self::Address(address) => write!(out, "{address:0DIGITS$x}"),
            Self::Hex(number) => write!(out, "{number:x}"),
            Self::Raw(number) => write!(out, "{number:016x}"),
            Self::Bytes(bytes) => write_amount(out, bytes),
            Self::Pages(bytes) => write!(out, "{:>10} ({:>12} Kb)", bytes >> 12, bytes >> KIB),
            Self::Text(text) => write!(out, "{text}"),
            Self::Flag(flag) => out.write_str(if flag { "yes" } else { "no" }),
            Self::Nothing => out.write_str("-"),
        }
    }
}

/// Writes an amount in the largest unit that loses nothing, KiB at least where there are any.
fn write_amount(out: &mut dyn Write, bytes: u64) -> fmt::Result {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (KIB, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| bytes != 0 && bytes.is_multiple_of(1 << shift));
    match unit {
        Some((shift, name)) => write!(out, "{} {name}", bytes >> shift),
        None => write!(out, "{bytes}"),
    }
}

impl Value<'_> {
    /// Adds the fact to an object.
    pub(super) fn add_to(self, object: &mut Object<'_>, name: &'static str) -> fmt::Result {
        match self {
            Self::Number(number) | Self::Bytes(number) | Self::Pages(number) => object.number(name, number),
            Self::Address(number) | Self::Hex(number) | Self::Raw(number) => object.address(name, number),
            Self::Text(text) => object.text(name, text),
            Self::Flag(flag) => object.flag(name, flag),
            Self::Nothing => object.null(name),
        }
    }
}
