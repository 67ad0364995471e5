//! The picture as text of at most 80 columns: a line for each row of the image, by address.
//!
//! The column on the right is to scale: the whole space from left to right. What is thinner than a letter there is
//! drawn as a thin stroke.

use std::fmt::Write as _;

use console::Style;

use crate::commands::map::class::Class;
use crate::commands::map::model::{Picture, Region, Space, Span};
use crate::commands::map::place::rows::{Content, Row, Rows};
use crate::commands::map::words;

/// Letters of a line.
pub(crate) const COLUMNS: usize = 80;

/// Letters for a size: `1023 KiB`, `1.99 GiB`.
const SIZE: usize = 8;

/// The fewest letters that still show where something lies.
const PLACE: usize = 8;

/// Whether letters are coloured by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// For a file or a program.
    Plain,
    /// For a terminal.
    Coloured,
}

/// Writes `picture`.
pub(crate) fn draw(picture: &Picture, paint: Paint) -> String {
    let mut out = format!("{}\n", harmless(&picture.title));
    for space in &picture.spaces {
        let _ = writeln!(out, "\n{}", harmless(&space.title));
        for fact in &space.facts {
            out.push_str(&wrapped(fact));
        }
        out.push('\n');
        table(&mut out, space, paint);
    }
    out
}

/// How many letters each part of a line has.
#[derive(Debug, Clone, Copy)]
struct Widths {
    address: usize,
    name: usize,
    place: usize,
}

impl Widths {
    fn of(space: &Space) -> Self {
        let address = space.axis.end().to_string().chars().count();
        let names = space.regions().map(|(_, region)| region.name.chars().count());
        let longest = names.max().unwrap_or_default().clamp(8, 24);
        let tracks = space.tracks.len().max(1);
        let fixed = 1 + address + 2 + SIZE + 2;
        let name = longest.min((COLUMNS.saturating_sub(fixed + PLACE + 2) / tracks).saturating_sub(3));
        let place = COLUMNS.saturating_sub(fixed + tracks * (name + 3) + 2);
        Self { address, name, place }
    }
}

fn table(out: &mut String, space: &Space, paint: Paint) {
    let rows = Rows::of(space);
    let widths = Widths::of(space);
    let Widths { address, name, place } = widths;
    let _ = write!(out, " {:>address$}  {:>SIZE$}  ", "from", "size");
    for track in &space.tracks {
        let _ = write!(out, "  {:<name$} ", shortened(&track.name, name));
    }
    let _ = writeln!(out, "{}", shortened("to scale", place + 1));
    for row in rows.all() {
        let size = if row.content == Content::Mark { String::new() } else { words::size(row.span.bytes()) };
        let _ = write!(out, " {:>address$}  {size:>SIZE$}  ", row.span.start());
        let mut topmost = None;
        for track in &space.tracks {
            let shown = on(&track.regions, row);
            let text = cell(&shown, row);
            let cell = format!("{:<width$} ", shortened(&text, name + 2), width = name + 2);
            let class = shown.first().map(|region| region.class);
            topmost = class.or(topmost);
            out.push_str(&painted(&cell, class, paint));
        }
        let strip = strip(space.axis, row.span, place);
        let drawn =
            if row.content == Content::Regions { painted(&strip, topmost, paint) } else { String::new() };
        out.truncate(out.trim_end().len().max(out.rfind('\n').unwrap_or_default() + 1));
        if drawn.is_empty() {
            out.push('\n');
        } else {
            let used = printed(out);
            let gap = COLUMNS.saturating_sub(place + 2 + used);
            let _ = writeln!(out, "{:gap$}│{drawn}│", "");
        }
    }
    let _ = writeln!(out, " {:>address$}", space.axis.end());
}

/// Letters that the last line of `out` shows so far.
fn printed(out: &str) -> usize {
    let line = out.rsplit('\n').next().unwrap_or_default();
    console::measure_text_width(line)
}

/// The regions that a row belongs to.
fn on<'a>(regions: &'a [Region], row: &Row) -> Vec<&'a Region> {
    let belongs = |region: &&Region| match row.content {
        Content::Mark => region.span == row.span,
        _ => !region.span.is_empty() && region.span.holds(row.span),
    };
    regions.iter().filter(belongs).collect()
}

/// What a track says in a row: a name where a region begins, a bar where it goes on.
fn cell(shown: &[&Region], row: &Row) -> String {
    match shown {
        [] if row.content == Content::Nothing => "  ·".to_owned(),
        [] => String::new(),
        [one] if row.content == Content::Mark => format!("  {}, 0 bytes", one.name),
        [one] if one.span.start() < row.span.start() => "▌ :".to_owned(),
        [one] => format!("▌ {}", one.name),
        several => {
            let names: Vec<&str> = several.iter().map(|region| region.name.as_str()).collect();
            format!("▌ {}", names.join("+"))
        }
    }
}

/// Where a piece of the axis lies, from left to right.
fn strip(axis: Span, piece: Span, letters: usize) -> String {
    let total = axis.bytes().max(1) as f64;
    let at = |address: crate::commands::map::model::Address| {
        address.above(axis.start()) as f64 / total * letters as f64
    };
    let (from, to) = (at(piece.start()), at(piece.end()));
    let (first, end) = (from.round() as usize, to.round() as usize);
    let speck = (from.floor() as usize).min(letters.saturating_sub(1));
    (0..letters)
        .map(|letter| {
            if (first..end).contains(&letter) {
                '█'
            } else if first >= end && letter == speck {
                '▏'
            } else {
                ' '
            }
        })
        .collect()
}

fn painted(text: &str, class: Option<Class>, paint: Paint) -> String {
    match (class, paint) {
        (Some(class), Paint::Coloured) => {
            Style::new().color256(colour(class)).force_styling(true).apply_to(text).to_string()
        }
        _ => text.to_owned(),
    }
}

/// The nearest of a terminal's 256 colours, of those readable on dark and on light.
const fn colour(class: Class) -> u8 {
    match class {
        Class::Free => 35,
        Class::Temporary => 29,
        Class::Image => 32,
        Class::Tables => 166,
        Class::Books => 178,
        Class::Pools => 175,
        Class::Stacks | Class::Processors => 97,
        Class::Devices => 74,
        Class::Firmware => 172,
        Class::SetAside => 169,
        Class::Bad => 160,
        Class::Reserved | Class::Other => 245,
    }
}

/// A text without what a terminal would obey.
fn harmless(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).collect()
}

/// The beginning of a text that fits so many letters.
fn shortened(text: &str, room: usize) -> String {
    let text = harmless(text);
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// A sentence on lines of its own, indented.
fn wrapped(text: &str) -> String {
    let mut out = String::from(" ");
    let mut used = 1;
    for word in harmless(text).split(' ') {
        let letters = word.chars().count();
        if used + 1 + letters > COLUMNS {
            out.push_str("\n ");
            used = 1;
        }
        let _ = write!(out, " {word}");
        used += 1 + letters;
    }
    out.push('\n');
    out
}
