//! Encodes the table, in the format that [`xtkd::symbols`] describes.
//!
//! Words that occur often get small numbers, which take one byte. The same functions give the same bytes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use xtkd::symbols::{BLOCK, CHECKSUM, END_BYTES, HEADER_BYTES, INDEX_BYTES, MAGIC, checksum};

use super::Function;

/// Encodes functions that are sorted and do not overlap.
///
/// # Errors
/// The words take 64 KiB or more.
pub(super) fn encode(functions: &[Function]) -> Result<Vec<u8>> {
    let words = Words::of(functions);
    let blocks: Vec<&[Function]> = functions.chunks(BLOCK as usize).collect();
    let text: String = words.ordered.concat();
    let index_bytes = INDEX_BYTES * blocks.len() + END_BYTES * words.ordered.len();
    let entries = HEADER_BYTES + index_bytes + text.len();

    let (mut index, mut body) = (Vec::new(), Vec::new());
    for block in &blocks {
        let mut before = block.first().map_or(0, |first| first.start);
        index.extend(before.to_le_bytes());
        index.extend(u32_of(entries + body.len())?);
        for function in *block {
            number(&mut body, function.start - before);
            number(&mut body, function.bytes);
            let name = split(&function.name);
            number(&mut body, u32::try_from(name.len())?);
            for word in name {
                number(&mut body, words.index(word)?);
            }
            before = function.start;
        }
    }
    let mut table = MAGIC.to_vec();
    table.extend([0; 4]);
    table.extend(u32_of(entries + body.len())?);
    for count in [functions.len(), blocks.len(), words.ordered.len(), text.len()] {
        table.extend(u32_of(count)?);
    }
    table.extend(index);
    let mut end = 0;
    for word in &words.ordered {
        end += word.len();
        table.extend(u16::try_from(end).context("the words of names take 64 KiB or more")?.to_le_bytes());
    }
    table.extend(text.bytes());
    table.extend(body);
    let sum = checksum(&table).to_le_bytes();
    table.get_mut(CHECKSUM..CHECKSUM + sum.len()).context("a table has a header")?.copy_from_slice(&sum);
    Ok(table)
}

/// The words of all names, the most frequent ones first.
struct Words<'a> {
    ordered: Vec<&'a str>,
    numbers: BTreeMap<&'a str, u32>,
}

impl<'a> Words<'a> {
    fn of(functions: &'a [Function]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in functions.iter().flat_map(|function| split(&function.name)) {
            *counts.entry(word).or_default() += 1;
        }
        let mut ordered: Vec<&str> = counts.keys().copied().collect();
        // Stable: among equals the alphabet decides.
        ordered.sort_by_key(|word| std::cmp::Reverse(counts.get(word).copied()));
        let numbers = ordered.iter().copied().zip(0..).collect();
        Self { ordered, numbers }
    }

    fn index(&self, word: &str) -> Result<u32> {
        self.numbers.get(word).copied().with_context(|| format!("'{word}' is in no name"))
    }
}

/// Splits a name behind each `::` and each `<`.
fn split(name: &str) -> Vec<&str> {
    name.split_inclusive("::").flat_map(|part| part.split_inclusive('<')).collect()
}

/// Seven bits a byte, the lowest first.
fn number(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7F);
        }
        out.push(low | 0x80);
    }
}

fn u32_of(value: usize) -> Result<[u8; 4]> {
    Ok(u32::try_from(value).context("a table has 4 GiB or more")?.to_le_bytes())
}
