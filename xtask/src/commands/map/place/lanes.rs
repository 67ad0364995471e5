//! Regions of one track side by side where they overlap, as a careless firmware's do.

use std::ops::Range;

use super::rows::Rows;
use crate::commands::map::model::Track;

/// Where a region's block lies in its track's column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The region, by its number on the track.
    pub(crate) region: usize,
    /// The rows that it covers.
    pub(crate) rows: Range<usize>,
    /// Its lane.
    pub(crate) lane: usize,
    /// The lanes that share the column's width at these rows.
    pub(crate) lanes: usize,
}

/// Places the regions of a track.
pub(crate) fn blocks(track: &Track, rows: &Rows) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The rows where each lane is free again, for the regions that overlap the one at hand, directly or through others.
    let mut free_from: Vec<usize> = Vec::new();
    let mut together = 0;
    for (region, one) in track.regions.iter().enumerate() {
        let covered = rows.of_region(one);
        if free_from.iter().all(|&free| free <= covered.start) {
            settle(&mut blocks, together, free_from.len());
            free_from.clear();
            together = blocks.len();
        }
        let free = free_from.iter().position(|&free| free <= covered.start);
        let lane = free.unwrap_or(free_from.len());
        match free_from.get_mut(lane) {
            Some(free) => *free = covered.end,
            None => free_from.push(covered.end),
        }
        blocks.push(Block { region, rows: covered, lane, lanes: 1 });
    }
    settle(&mut blocks, together, free_from.len());
    blocks
}

/// Tells the blocks from number `from` on how many lanes they share.
fn settle(blocks: &mut [Block], from: usize, lanes: usize) {
    for block in blocks.iter_mut().skip(from) {
        block.lanes = lanes.max(1);
    }
}
