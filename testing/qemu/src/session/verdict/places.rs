//! What a report must say of where the kernel lies: as the parameters ask, and at random where they ask for nothing. And that
//! the loader has measured the very file that it was given.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use xtcore::PagingMode;

use crate::guest::Guest;

/// Returns what is wrong with the places, or with the digest of the kernel's file.
pub(super) fn complaint(guest: &Guest, report: &Map<String, Value>) -> Option<String> {
    let number = |key: &str| report.get(key).and_then(Value::as_u64);
    let (Some(slide), Some(slot)) = (number("slide"), number("self_map_slot")) else {
        return Some("the report does not tell slide and self_map_slot".to_owned());
    };
    let seed = report.get("seed").and_then(Value::as_str).and_then(parse);
    match asked(guest) {
        Asked::Standard => {
            let mode = report.get("paging").and_then(Value::as_str);
            let mode = PagingMode::ALL.into_iter().find(|known| Some(known.name()) == mode);
            let standard = mode.map(|mode| mode.geometry().self_map_slot() as u64);
            if slide != 0 || Some(slot) != standard || seed.is_some() {
                return Some(format!(
                    "the standard places were asked for: slide {slide:#x}, slot {slot:#x}, seed {seed:x?}"
                ));
            }
        }
        Asked::Seed(wanted) if seed != Some(wanted) => {
            return Some(format!("the seed {wanted:#x} was asked for, the kernel tells {seed:x?}"));
        }
        Asked::Nothing if seed.is_none() => return Some("the kernel's places are not random".to_owned()),
        Asked::Seed(_) | Asked::Nothing => {}
    }
    let file = guest.files.kernel_bytes().ok().flatten()?;
    let digest: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    let told = report.get("kernel_sha256").and_then(Value::as_str);
    (told != Some(digest.as_str()))
        .then(|| format!("the kernel's file has the SHA-256 {digest}, told is {told:?}"))
}

/// What the parameters ask for.
enum Asked {
    Nothing,
    Standard,
    Seed(u64),
}

/// As the loader reads them: `NOKASLR` is the stronger, and the last seed counts.
fn asked(guest: &Guest) -> Asked {
    let words = || guest.parameters.split_ascii_whitespace().rev();
    if words().any(|word| word.split('=').next().is_some_and(|key| key.eq_ignore_ascii_case("NOKASLR"))) {
        return Asked::Standard;
    }
    words()
        .filter_map(|word| word.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("KASLRSEED"))
        .and_then(|(_, value)| parse(value))
        .map_or(Asked::Nothing, Asked::Seed)
}

fn parse(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
