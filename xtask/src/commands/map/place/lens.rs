//! The bar of the whole space, and the lenses that enlarge what is too small in it.

use std::ops::Range;

use super::rows::{Content, Rows};
use crate::commands::map::model::{Address, Span};

/// The most bars beside each other. Four of them reach from 2^64 bytes to a page.
const COLUMNS: usize = 4;

/// Pixels from which a region can be seen for what it is.
const VISIBLE: f64 = 4.0;

/// Pixels of nothing that keep two specks apart.
const APART: f64 = 10.0;

/// A lens that enlarges less than this explains nothing.
const WORTH_IT: f64 = 2.0;

/// A part of the space, drawn to scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// How many bars are left of it.
    pub(crate) column: usize,
    /// What it shows.
    pub(crate) span: Span,
    /// Pixels from top to bottom, as those of the rows.
    pub(crate) extent: [f64; 2],
    /// How many times larger than in the first bar everything is.
    pub(crate) enlarges: f64,
    /// What it is joined to, by address.
    pub(crate) links: Vec<Link>,
}

/// A part of a bar and the rows that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The part.
    pub(crate) span: Span,
    /// The rows.
    pub(crate) rows: Range<usize>,
    /// What is beside the rows in the next column.
    pub(crate) to: Target,
}

/// What a link ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A row.
    Row,
    /// A lens, whose own links go on.
    Lens,
}

impl Bar {
    /// Returns the pixel of an address; one outside is drawn at the nearer end.
    pub(crate) fn at(&self, address: Address) -> f64 {
        let [top, bottom] = self.extent;
        let into = address.above(self.span.start()).min(self.span.bytes());
        // A 64-bit address has more digits than a pixel's position can use.
        top + (bottom - top) * (into as f64 / (self.span.bytes().max(1)) as f64)
    }
}

/// Returns all bars: first that of the whole space, then its lenses, each before its own.
pub(crate) fn bars(axis: Span, rows: &Rows) -> Vec<Bar> {
    let mut bars = Vec::new();
    add(&mut bars, axis, 0..rows.all().len(), 0, rows);
    bars
}

fn add(bars: &mut Vec<Bar>, span: Span, shown: Range<usize>, column: usize, rows: &Rows) {
    let extent = rows.extent(&shown);
    let scale = density(span, extent);
    let enlarges = bars.first().map_or(1.0, |first| scale / density(first.span, first.extent));
    let mut links = Vec::new();
    for group in groups(shown, scale, rows) {
        let mut with_regions = group.clone().filter(|&row| is_region(rows, row));
        let several = with_regions.next().is_some() && with_regions.next().is_some();
        let lens = hull(rows, &group).filter(|hull| {
            several && column + 1 < COLUMNS && density(*hull, rows.extent(&group)) >= WORTH_IT * scale
        });
        match lens {
            Some(span) => links.push(Link { span, rows: group, to: Target::Lens }),
            None => {
                let single = group.filter(|&row| is_region(rows, row));
                links.extend(single.filter_map(|row| {
                    let span = rows.get(row)?.span;
                    Some(Link { span, rows: row..row + 1, to: Target::Row })
                }));
            }
        }
    }
    let lenses: Vec<Link> = links.iter().filter(|link| link.to == Target::Lens).cloned().collect();
    bars.push(Bar { column, span, extent, enlarges, links });
    for lens in lenses {
        add(bars, lens.span, lens.rows, column + 1, rows);
    }
}

/// Rows that cannot be told apart at so many pixels a byte, together; every other row with regions alone.
fn groups(shown: Range<usize>, scale: f64, rows: &Rows) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for number in shown {
        let Some(row) = rows.get(number) else { continue };
        let pixels = row.span.bytes() as f64 * scale;
        match row.content {
            Content::Mark => {}
            Content::Nothing if pixels < APART => {}
            Content::Nothing => groups.extend(open.take()),
            Content::Regions if pixels >= VISIBLE => {
                groups.extend(open.take());
                groups.push(number..number + 1);
            }
            Content::Regions => {
                let start = open.map_or(number, |group| group.start);
                open = Some(start..number + 1);
            }
        }
    }
    groups.extend(open);
    groups
}

fn is_region(rows: &Rows, number: usize) -> bool {
    rows.get(number).is_some_and(|row| row.content == Content::Regions)
}

fn hull(rows: &Rows, group: &Range<usize>) -> Option<Span> {
    let first = rows.get(group.start)?;
    let last = rows.get(group.end.checked_sub(1)?)?;
    Span::new(first.span.start(), last.span.end())
}

/// Pixels a byte.
fn density(span: Span, [top, bottom]: [f64; 2]) -> f64 {
    (bottom - top) / span.bytes().max(1) as f64
}
