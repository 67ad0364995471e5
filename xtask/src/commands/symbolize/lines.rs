//! What a log's lines say: where the image lies, and addresses.

/// An image by what a log says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    /// Where its first byte lies.
    pub(super) base: u64,
    /// Which build it is.
    pub(super) mark: u32,
}

impl Image {
    /// Reads `image at BASE, slide SLIDE, build MARK`, wherever it stands in a line.
    pub(super) fn told_by(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("image at ")?;
        let (base, rest) = rest.split_once(", slide ")?;
        let (_, rest) = rest.split_once(", build ")?;
        let mark: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        Some(Self { base: hexadecimal(base)?, mark: u32::from_str_radix(&mark, 16).ok()? })
    }
}

/// An address in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// Of an instruction.
    Exact(u64),
    /// That a call comes back to: written `in 0x…`.
    Return(u64),
}

impl Address {
    /// Returns an address inside of the instruction that is meant.
    pub(super) const fn inside(self) -> u64 {
        match self {
            Self::Exact(address) => address,
            Self::Return(address) => address.saturating_sub(1),
        }
    }
}

/// Returns the addresses that a line is about. The registers of a stop are left out: most of them lead nowhere, and the
/// instruction is said in words.
pub(super) fn addresses(line: &str) -> Vec<Address> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("0x") {
        let before = line.get(..at).unwrap_or_default();
        let rest = line.get(at..).unwrap_or_default();
        // An offset is part of a name: `function+0x12`.
        if before.ends_with('+') || before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let digits = rest.chars().skip(2).take_while(char::is_ascii_hexdigit).count();
        let Some(address) = rest.get(..2 + digits).and_then(hexadecimal) else { continue };
        let is_return = before.ends_with(" in ");
        found.push(if is_return { Address::Return(address) } else { Address::Exact(address) });
    }
    found
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}
