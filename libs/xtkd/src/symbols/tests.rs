//! Tables made by an encoder of the tests' own, looked up, damaged, and made wrong on purpose.

extern crate std;

use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{BLOCK, CHECKSUM, Flaw, HEADER_BYTES, MAGIC, Table, checksum};

fn number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Encodes functions: start, bytes, words.
fn table(functions: &[(u32, u32, Vec<&str>)]) -> Vec<u8> {
    let mut words: Vec<&str> = functions.iter().flat_map(|function| function.2.iter().copied()).collect();
    words.sort_unstable();
    words.dedup();
    let blocks = functions.chunks(BLOCK as usize);
    let text: String = words.concat();
    let entries = HEADER_BYTES + 8 * blocks.len() + 2 * words.len() + text.len();
    let (mut index, mut body) = (Vec::new(), Vec::new());
    for block in blocks {
        let mut before = block[0].0;
        index.extend(before.to_le_bytes());
        index.extend(((entries + body.len()) as u32).to_le_bytes());
        for (start, bytes, name) in block {
            number(&mut body, start - before);
            number(&mut body, *bytes);
            number(&mut body, name.len() as u32);
            for word in name {
                number(&mut body, words.binary_search(word).unwrap() as u32);
            }
            before = *start;
        }
    }
    let mut table = MAGIC.to_vec();
    let counts = [functions.len(), index.len() / 8, words.len(), text.len()];
    table.extend([0_u8; 4]);
    table.extend(((entries + body.len()) as u32).to_le_bytes());
    counts.iter().for_each(|count| table.extend((*count as u32).to_le_bytes()));
    table.extend(index);
    let mut end = 0;
    for word in &words {
        end += word.len() as u16;
        table.extend(end.to_le_bytes());
    }
    table.extend(text.bytes());
    table.extend(body);
    seal(&mut table);
    table
}

fn seal(table: &mut [u8]) {
    let sum = checksum(table).to_le_bytes();
    table[CHECKSUM..CHECKSUM + 4].copy_from_slice(&sum);
}

/// Forty functions of 16 bytes, with a gap of 16 behind each.
fn forty() -> Vec<u8> {
    let numbers: Vec<String> = (0..40).map(|number| std::format!("f{number}")).collect();
    let functions: Vec<_> = numbers
        .iter()
        .zip(0..)
        .map(|(name, at)| (at * 32 + 0x1000, 16, vec!["mm::", "pool::", name]))
        .collect();
    table(&functions)
}

#[test]
fn every_byte_of_a_function_leads_to_its_name() {
    let bytes = forty();
    let table = Table::new(&bytes).unwrap();
    assert_eq!(table.functions(), 40);
    for (function, number) in table.iter().zip(0..) {
        assert_eq!(function.name.to_string(), std::format!("mm::pool::f{number}"));
        for offset in [0, 7, 15] {
            assert_eq!(table.find(function.start + offset).unwrap().start, function.start);
        }
        assert!(table.find(function.start + 16).is_none(), "between two functions there is none");
    }
    assert!(table.find(0xFFF).is_none());
    assert!(table.find(u32::MAX).is_none());
}

#[test]
fn a_name_is_compared_word_by_word() {
    let bytes = forty();
    let name = Table::new(&bytes).unwrap().find(0x1000).unwrap().name;
    for prefix in ["", "m", "mm::", "mm::po", "mm::pool::f0"] {
        assert!(name.starts_with(prefix), "{prefix}");
    }
    for prefix in ["x", "mm::pa", "mm::pool::f01"] {
        assert!(!name.starts_with(prefix), "{prefix}");
    }
}

#[test]
fn an_empty_table_knows_nothing_and_says_so() {
    let bytes = table(&[]);
    let table = Table::new(&bytes).unwrap();
    assert_eq!(table.functions(), 0);
    assert!(table.find(0).is_none() && table.iter().next().is_none());
}

#[test]
fn what_follows_a_table_does_not_matter() {
    let mut bytes = forty();
    bytes.extend([0xAA; 100]);
    assert!(Table::new(&bytes).is_ok());
}

#[test]
fn any_damage_is_noticed() {
    let bytes = forty();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        assert!(Table::new(&damaged).is_err(), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(Table::new(&bytes[..length]).is_err(), "{length} bytes of it");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let mut bytes = forty();
    assert_eq!(Table::new(b"").err(), Some(Flaw::Magic));
    assert_eq!(Table::new(&bytes[..100]).err(), Some(Flaw::CutShort));
    bytes[20] = 9;
    assert!(matches!(Table::new(&bytes).err(), Some(Flaw::Checksum { .. })));
    seal(&mut bytes);
    assert_eq!(Table::new(&bytes).err(), Some(Flaw::Blocks { blocks: 9, functions: 40 }));
}

proptest! {
    /// With its checksum put right again, a damaged table may say anything, but it does not panic or run on.
    #[test]
    fn no_table_leads_astray(changes in prop::collection::vec((8_usize..1200, any::<u8>()), 1..12), at in any::<u32>()) {
        let mut bytes = forty();
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        if let Some(table) = bytes.get_mut(..length).filter(|table| table.len() >= HEADER_BYTES) {
            seal(table);
        }
        if let Ok(table) = Table::new(&bytes) {
            for offset in [at, at % 0x2000] {
                if let Some(function) = table.find(offset) {
                    prop_assert!(function.start <= offset && offset - function.start < function.bytes);
                    let _ = function.name.to_string();
                }
            }
            prop_assert!(table.iter().take(10_000).count() < 10_000 || table.functions() >= 10_000);
        }
    }

    #[test]
    fn any_functions_are_found_again(sizes in prop::collection::vec((1_u32..100_000, 0_u32..300), 1..100)) {
        let mut at = 0_u32;
        let mut functions = Vec::new();
        for (bytes, gap) in sizes {
            at += gap;
            functions.push((at, bytes, vec!["a", "b::"]));
            at += bytes;
        }
        let bytes = table(&functions);
        let table = Table::new(&bytes).unwrap();
        for (start, bytes, _) in functions {
            prop_assert_eq!(table.find(start).map(|found| (found.start, found.bytes)), Some((start, bytes)));
            prop_assert_eq!(table.find(start + bytes - 1).map(|found| found.start), Some(start));
        }
    }
}
