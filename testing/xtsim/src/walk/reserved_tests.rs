//! Each bit of each kind of entry, reserved or not, as the rows of the manual's tables have it.
//!
//! The pictures below are a second transcription, in the manual's own notation, not derived from `format.rs`.
//! Letters: `P` present · `.` may have any value · `R` reserved · `A` physical address, reserved from MAXPHYADDR
//! upwards · `H` physical bits 40:32 of a 4 MiB page · `X` execute disable, reserved without NXE · `T` PAT, reserved
//! without PAT · `S` PS, set: decides the kind · `K` PS, clear: decides the kind.

use xtcore::{Frame, FrameCount, FrameRange, PagingMode, PhysAddr, VirtAddr};

use super::*;
use crate::{Ram, Width};

type Row = (PagingMode, Table, &'static str);

const ROWS: &[Row] = &[
    // Tables 4-4, 4-5, 4-6.
    (PagingMode::Pml2, Table::Pd, "31-22. 21-13H 12T 11-8. 7S 6-1. 0P"),
    (PagingMode::Pml2, Table::Pd, "31-8. 7K 6-1. 0P"),
    (PagingMode::Pml2, Table::Pt, "31-8. 7T 6-1. 0P"),
    // Tables 4-8 to 4-11.
    (PagingMode::Pml3, Table::Pdpt, "63-52R 51-12A 11-9. 8-5R 4-3. 2-1R 0P"),
    (PagingMode::Pml3, Table::Pd, "63X 62-52R 51-21A 20-13R 12T 11-8. 7S 6-1. 0P"),
    (PagingMode::Pml3, Table::Pd, "63X 62-52R 51-12A 11-8. 7K 6-1. 0P"),
    (PagingMode::Pml3, Table::Pt, "63X 62-52R 51-12A 11-8. 7T 6-1. 0P"),
    // Tables 4-15 to 4-20.
    (PagingMode::Pml4, Table::Pml4, "63X 62-52. 51-12A 11-8. 7R 6-1. 0P"),
    (PagingMode::Pml4, Table::Pdpt, "63X 62-52. 51-30A 29-13R 12-8. 7S 6-1. 0P"),
    (PagingMode::Pml4, Table::Pdpt, "63X 62-52. 51-12A 11-8. 7K 6-1. 0P"),
    (PagingMode::Pml4, Table::Pd, "63X 62-52. 51-21A 20-13R 12-8. 7S 6-1. 0P"),
    (PagingMode::Pml4, Table::Pd, "63X 62-52. 51-12A 11-8. 7K 6-1. 0P"),
    (PagingMode::Pml4, Table::Pt, "63X 62-52. 51-12A 11-1. 0P"),
    // Table 4-14, and the rest as in 4-level paging.
    (PagingMode::Pml5, Table::Pml5, "63X 62-52. 51-12A 11-8. 7R 6-1. 0P"),
    (PagingMode::Pml5, Table::Pml4, "63X 62-52. 51-12A 11-8. 7R 6-1. 0P"),
    (PagingMode::Pml5, Table::Pdpt, "63X 62-52. 51-30A 29-13R 12-8. 7S 6-1. 0P"),
    (PagingMode::Pml5, Table::Pdpt, "63X 62-52. 51-12A 11-8. 7K 6-1. 0P"),
    (PagingMode::Pml5, Table::Pd, "63X 62-52. 51-21A 20-13R 12-8. 7S 6-1. 0P"),
    (PagingMode::Pml5, Table::Pd, "63X 62-52. 51-12A 11-8. 7K 6-1. 0P"),
    (PagingMode::Pml5, Table::Pt, "63X 62-52. 51-12A 11-1. 0P"),
];

#[test]
fn each_bit_of_each_entry_is_reserved_exactly_where_the_manual_says() {
    let mut compared = 0;
    for row in ROWS {
        for facts in processors(row.0) {
            let (count, differences) = compare(row, &facts);
            assert!(differences.is_empty(), "{row:?} on {facts:?}:\n{}", differences.join("\n"));
            compared += count;
        }
    }
    // 3 rows of 32 bits and 17 of 64, on each processor of the mode.
    assert_eq!(compared, (3 * 32 + 17 * 64) * processors(PagingMode::Pml4).len());
}

#[test]
fn a_wrong_picture_is_noticed() {
    for (wrong, differences) in [
        // Bit 20 of a 2 MiB page taken for an address bit; PAE bits 62:52 taken for software's, as in long mode;
        // a right wanted in a PDPTE.
        ((PagingMode::Pml4, Table::Pd, "63X 62-52. 51-20A 19-13R 12-8. 7S 6-1. 0P"), 3),
        ((PagingMode::Pml3, Table::Pt, "63X 62-52. 51-12A 11-8. 7T 6-1. 0P"), 12),
        ((PagingMode::Pml3, Table::Pdpt, "63-52R 51-12A 11-9. 8-5R 4-2. 1R 0P"), 2),
    ] {
        let facts = Facts::modern(wrong.0, ROOT.address());
        // Each wrong bit by itself, the address that it should have led to, and the entry with all bits set.
        assert_eq!(compare(&wrong, &facts).1.len(), differences, "{wrong:?}");
    }
}

#[test]
fn without_1_gib_pages_the_size_bit_of_a_pdpte_is_reserved() {
    for mode in [PagingMode::Pml4, PagingMode::Pml5] {
        let facts = Facts { page1gb: false, ..Facts::modern(mode, ROOT.address()) };
        let row = (mode, Table::Pdpt, "63X 62-52. 51-12A 11-8. 7R 6-1. 0P");
        assert_eq!(compare(&row, &facts).1, Vec::<String>::new());
    }
}

#[test]
fn without_pse_no_bit_of_a_directory_entry_is_reserved() {
    let facts = Facts { pse: false, ..Facts::modern(PagingMode::Pml2, ROOT.address()) };
    let row = (PagingMode::Pml2, Table::Pd, "31-1. 0P");
    assert_eq!(compare(&row, &facts).1, Vec::<String>::new());
}

/// Processors that differ in everything that reserves a bit.
fn processors(mode: PagingMode) -> Vec<Facts> {
    let mut all = Vec::new();
    for maxphyaddr in [32, 36, 40, 46, 52] {
        for choice in 0..8 {
            all.push(Facts {
                maxphyaddr,
                nxe: choice & 1 != 0,
                pat: choice & 2 != 0,
                pse36: choice & 4 != 0,
                ..Facts::modern(mode, ROOT.address())
            });
        }
    }
    all
}

/// Frame of the root; the other tables follow it. Frame 0 and all others are zero.
const ROOT: Frame = Frame::new(1);

/// Flips every bit of a minimal entry, and then sets all at once; returns how many bits were tried, and each
/// difference between picture and walk.
fn compare(row: &Row, facts: &Facts) -> (usize, Vec<String>) {
    let (_, table, picture) = *row;
    let letters = parse(picture);
    let set = letters.iter().filter(|(_, letter)| matches!(letter, 'P' | 'S'));
    let minimal: u64 = set.map(|(bit, _)| 1 << bit).sum();
    let mut differences = Vec::new();

    let mut all_reserved = 0;
    for &(bit, letter) in &letters {
        let reserved = is_reserved(bit, letter, facts);
        if reserved {
            all_reserved |= 1 << bit;
        }
        if matches!(letter, 'P' | 'S' | 'K') {
            continue;
        }
        let expected = if reserved { 1 << bit } else { 0 };
        let found = reserved_bits(facts, table, minimal | 1 << bit);
        if found != expected {
            differences.push(format!("bit {bit}: reserved {found:#x}, the picture says {expected:#x}"));
        }
        if !reserved && letter == 'A' && is_leaf(table, minimal) {
            let physical =
                translate_entry(facts, table, minimal | 1 << bit).map(|found| found.physical.get());
            if physical != Ok(1 << bit) {
                differences.push(format!("bit {bit}: leads to {physical:x?}"));
            }
        }
    }

    let kind = letters.iter().find(|(_, letter)| *letter == 'K').map_or(0, |(bit, _)| 1 << bit);
    let ones: u64 = letters.iter().map(|(bit, _)| 1 << bit).sum::<u64>() & !kind;
    let found = reserved_bits(facts, table, ones);
    if found != all_reserved {
        differences.push(format!("all ones: reserved {found:#x}, the picture says {all_reserved:#x}"));
    }
    let absent = reserved_bits(facts, table, ones & !1);
    if absent != 0 {
        differences.push(format!("absent: reserved {absent:#x}"));
    }
    (letters.len(), differences)
}

fn is_reserved(bit: u32, letter: char, facts: &Facts) -> bool {
    // In long mode the PAT always exists (footnotes to tables 4-16 and 4-18), so its pictures have no T.
    match letter {
        'R' => true,
        'A' => bit >= facts.maxphyaddr,
        'H' => !facts.pse36 || bit + 19 >= facts.maxphyaddr.min(40),
        'X' => !facts.nxe,
        'T' => !facts.pat,
        _ => false,
    }
}

fn is_leaf(table: Table, minimal: u64) -> bool {
    table == Table::Pt || minimal & 0x80 != 0
}

/// Puts `raw` into the table that serves address 0, walks, and returns the reserved bits that the walk complains of.
fn reserved_bits(facts: &Facts, table: Table, raw: u64) -> u64 {
    match translate_entry(facts, table, raw) {
        Err(Fault::Root { value, reserved }) => {
            assert_eq!(value, raw);
            reserved
        }
        Err(Fault::Page(fault)) => {
            assert_eq!(fault.code.reserved(), fault.reserved != 0);
            assert!(fault.reserved == 0 || fault.table == table && fault.code.present());
            fault.reserved
        }
        Err(fault) => panic!("{fault}"),
        Ok(_) => 0,
    }
}

fn translate_entry(facts: &Facts, table: Table, raw: u64) -> Result<Translation, Fault> {
    let mut ram = Ram::with(Width::Bits64, FrameRange::with_count(Frame::new(0), FrameCount::new(1 << 40)));
    ram.set_background(0);
    let levels = u64::from(facts.mode.levels());
    let depth = levels - u64::from(table.level());
    for level in 0..depth {
        // In PAE the first of these is a PDPTE, which has no rights.
        let value = (ROOT.number() + level + 1) << 12 | 1;
        put(&mut ram, facts, level, value);
    }
    put(&mut ram, facts, depth, raw);
    translate(&ram, facts, VirtAddr::ZERO)
}

fn put(ram: &mut Ram, facts: &Facts, depth: u64, value: u64) {
    let at = PhysAddr::new((ROOT.number() + depth) << 12);
    match facts.mode {
        PagingMode::Pml2 => ram.store32(at, value.try_into().expect("a 4-byte entry")),
        _ => ram.store64_plain(at, value),
    }
}

/// Reads `63X 62-52. 51-12A`: bit ranges, each followed by its letter.
fn parse(picture: &str) -> Vec<(u32, char)> {
    let mut letters = Vec::new();
    for part in picture.split(' ') {
        let (range, letter) = part.split_at(part.len() - 1);
        let (high, low) = range.split_once('-').unwrap_or((range, range));
        let letter = letter.chars().next().unwrap();
        letters.extend((low.parse().unwrap()..=high.parse().unwrap()).map(|bit| (bit, letter)));
    }
    letters.sort_unstable();
    assert!(letters.iter().enumerate().all(|(place, (bit, _))| place == *bit as usize), "each bit once");
    letters
}
