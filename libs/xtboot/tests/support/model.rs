//! An independent model of the sanitiser: naive, quadratic, and with its own copy of every constant.
//!
//! It works on bytes in 128-bit arithmetic and asks, for a page, every descriptor in turn. It shares no code, no table
//! and no method with the crate that it judges.

use super::maps::Given;

/// A run of pages as `(first page, page after the last, name of the kind)`.
pub type Piece = (u128, u128, &'static str);

const PAGE: u128 = 4096;
const ADDRESS_SPACE: u128 = 1 << 64;

/// Kinds from the least to the most restrictive.
const ORDER: [&str; 13] = [
    "free",
    "firmware-temporary",
    "loader-temporary",
    "acpi-reclaimable",
    "special-purpose",
    "persistent",
    "unaccepted",
    "runtime-data",
    "runtime-code",
    "acpi-nvs",
    "device",
    "reserved",
    "bad",
];

fn kind(given: &Given) -> &'static str {
    let (nv, sp) = (given.attributes & 0x8000 != 0, given.attributes & 0x40000 != 0);
    match given.number {
        3 | 4 | 7 if nv => "persistent",
        3 | 4 | 7 if sp => "special-purpose",
        7 => "free",
        3 | 4 => "firmware-temporary",
        1 | 2 => "loader-temporary",
        5 => "runtime-code",
        6 => "runtime-data",
        8 => "bad",
        9 => "acpi-reclaimable",
        10 => "acpi-nvs",
        11 | 12 => "device",
        14 => "persistent",
        15 => "unaccepted",
        _ => "reserved",
    }
}

/// The bytes of a descriptor, or `None` where it is empty or leaves the address space.
fn bytes(given: &Given) -> Option<(u128, u128)> {
    let start = u128::from(given.start);
    let end = start + u128::from(given.pages) * PAGE;
    (given.pages > 0 && end <= ADDRESS_SPACE).then_some((start, end))
}

/// What page `page` is, according to all descriptors.
fn kind_of_page(page: u128, map: &[Given]) -> Option<&'static str> {
    let (first, after) = (page * PAGE, (page + 1) * PAGE);
    let best = map
        .iter()
        .filter(|given| {
            let Some((start, end)) = bytes(given) else { return false };
            match kind(given) {
                "free" | "firmware-temporary" | "loader-temporary" => start <= first && after <= end,
                _ => start < after && first < end,
            }
        })
        .map(|given| ORDER.iter().position(|name| *name == kind(given)).unwrap())
        .max()?;
    match ORDER[best] {
        "free" | "firmware-temporary" | "loader-temporary" | "acpi-reclaimable" if page == 0 => {
            Some("reserved")
        }
        name => Some(name),
    }
}

/// The map that the sanitiser should produce.
pub fn sanitise(map: &[Given]) -> Vec<Piece> {
    let mut cuts = vec![0, 1];
    for (start, end) in map.iter().filter_map(bytes) {
        for at in [start, end] {
            cuts.extend([at / PAGE, at.div_ceil(PAGE)]);
        }
    }
    cuts.sort();
    cuts.dedup();
    let mut pieces: Vec<Piece> = Vec::new();
    for pair in cuts.windows(2) {
        let Some(name) = kind_of_page(pair[0], map) else { continue };
        match pieces.last_mut() {
            Some(last) if last.1 == pair[0] && last.2 == name => last.1 = pair[1],
            _ => pieces.push((pair[0], pair[1], name)),
        }
    }
    pieces
}

/// How many descriptors contribute at least one page.
pub fn kept(map: &[Given]) -> usize {
    map.iter()
        .filter(|given| {
            let Some((start, end)) = bytes(given) else { return false };
            match kind(given) {
                "free" | "firmware-temporary" | "loader-temporary" => start.div_ceil(PAGE) < end / PAGE,
                _ => true,
            }
        })
        .count()
}

/// Pages of RAM in `pieces`, below and from `limit` on.
pub fn usable(pieces: &[Piece], limit: u128) -> (u128, u128) {
    let mut sums = (0, 0);
    for (start, end, name) in pieces {
        if matches!(*name, "free" | "firmware-temporary" | "loader-temporary") {
            sums.0 += end.min(&limit).saturating_sub(*start);
            sums.1 += end.saturating_sub(*start.max(&limit));
        }
    }
    sums
}
