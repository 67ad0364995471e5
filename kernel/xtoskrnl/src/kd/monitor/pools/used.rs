//! `poolused`: what each tag has in the pools, as WinDbg's `!poolused`.
//!
//! Nothing is sorted in memory: each row is the largest of those that are smaller than the one before, found by looking through
//! the table again. A thousand tags are a million looks at most.

use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Offer, Trouble, Value};
use xtmm::pool::TagUse;

use super::super::context::Context;
use super::{POOLS, each_tag};
use crate::mm::Memory;

const COLUMNS: [Column; 6] = [
    Column::left("tag", 4),
    Column::left("pool", 9),
    Column::right("blocks", 9),
    Column::right("bytes", 12),
    Column::right("allocations", 12),
    Column::right("frees", 12),
];

/// Offers the orders.
pub(crate) fn orders(offer: &mut Offer<'_>) {
    ["bytes", "blocks"].into_iter().for_each(offer);
}

/// A tag of a pool, as it is ordered: the largest first; of equals by whose it is, so that no two are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Rank {
    key: usize,
    tag: u32,
    pool: usize,
}

impl Rank {
    /// Tells whether a row comes behind another one.
    fn comes_behind(self, other: Self) -> bool {
        (other.key, self.tag, self.pool) > (self.key, other.tag, other.pool)
    }
}

pub(crate) fn run(context: &mut Context, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let memory = context.memory()?;
    let wish = arguments.word(0).unwrap_or("bytes");
    let key: fn(&TagUse) -> usize = if wish == "blocks" { |tag| tag.blocks() } else { |tag| tag.bytes };
    let tag = Some(wish).filter(|wish| !matches!(*wish, "bytes" | "blocks"));
    let mut last: Option<Rank> = None;
    let mut rows = 0_u64;
    answer.list("tags", &COLUMNS, &mut |list| {
        while let Some((rank, pool, found)) = next(memory, tag, key, last) {
            last = Some(rank);
            rows += 1;
            list.row(&[
                Value::Text(&found.tag),
                Value::Text(&pool),
                Value::Number(found.blocks() as u64),
                Value::Number(found.bytes as u64),
                Value::Number(found.allocations as u64),
                Value::Number(found.frees as u64),
            ])?;
        }
        Ok(())
    })?;
    if rows == 0 {
        return Err(&Trouble::Absent("no pool knows that tag"));
    }
    Ok(Next::Stay)
}

/// Returns the first tag that comes behind another one.
fn next(
    memory: &Memory,
    wanted: Option<&str>,
    key: fn(&TagUse) -> usize,
    behind: Option<Rank>,
) -> Option<(Rank, &'static str, TagUse)> {
    let mut best: Option<(Rank, &'static str, TagUse)> = None;
    for (number, (name, kind)) in POOLS.into_iter().enumerate() {
        each_tag(memory, kind, &mut |tag| {
            let rank = Rank { key: key(tag), tag: tag.tag.get().swap_bytes(), pool: number };
            let is_behind = behind.is_none_or(|behind| rank.comes_behind(behind));
            let is_first = best.is_none_or(|(best, ..)| best.comes_behind(rank));
            if is_behind && is_first && wanted.is_none_or(|wanted| is_named(tag, wanted)) {
                best = Some((rank, name, *tag));
            }
        });
    }
    best
}

/// Tells whether a tag has a name, without the blanks behind it.
fn is_named(tag: &TagUse, name: &str) -> bool {
    let bytes = tag.tag.get().to_le_bytes();
    bytes.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes())
}
