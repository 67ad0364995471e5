//! The three forms of a picture: an image, a page to hover and search, text for a terminal.

mod figure;
pub(super) mod page;
pub(super) mod picture;
mod style;
pub(super) mod text;

#[cfg(test)]
mod tests;

use super::model::{Region, Space};
use super::words;

/// What is known about a region, a line each: the tooltip.
fn told(space: &Space, track: usize, region: &Region) -> String {
    let mut lines = vec![region.name.clone()];
    if region.span.is_empty() {
        lines.push(format!("at {}, of no bytes", region.span.start()));
    } else {
        let bytes = region.span.bytes();
        let size = words::size(bytes);
        lines.push(format!("{} to {}", region.span.start(), region.span.end()));
        lines.push(format!("{size} ({} bytes)", words::grouped(bytes)));
    }
    if !region.note.is_empty() {
        lines.push(region.note.clone());
    }
    if space.tracks.len() > 1
        && let Some(track) = space.tracks.get(track)
    {
        lines.push(format!("({})", track.name));
    }
    lines.join("\n")
}
