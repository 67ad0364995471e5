//! One address space as shapes: bars and lenses to scale on the left, a readable row for each piece on the right.
//!
//! The shapes are drawn back to front: links, then regions (the largest first, so that specks stay visible in the
//! bars), then addresses and sizes. Each region is one group with its tooltip and, for the page's script, its data.

use std::fmt::Write as _;

use super::style::look;
use super::told;
use crate::commands::map::class::Class;
use crate::commands::map::model::{Region, Space};
use crate::commands::map::place::lanes::{self, Block};
use crate::commands::map::place::lens::{self, Bar, Target};
use crate::commands::map::place::rows::{Content, Rows};
use crate::commands::map::words;
use crate::svg::escaped;

/// Pixels of every picture from left to right.
pub(super) const WIDTH: f64 = 980.0;

/// Pixels around everything.
pub(super) const MARGIN: f64 = 18.0;

const BAR: f64 = 34.0;
const BETWEEN: f64 = 56.0;
/// The column right of the blocks.
const SIZES: f64 = 76.0;
/// What a digit of an address takes, and the space beside an address.
const DIGIT: f64 = 6.65;
const ASIDE: f64 = 10.0;
/// The full colour at a block's left; the rest of it is a tint that text is readable on.
const EDGE: f64 = 9.0;
/// No region is drawn lower than this in a bar.
const SPECK: f64 = 1.2;

/// A drawn space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// The shapes.
    pub(super) shapes: String,
    /// Pixels from top to bottom.
    pub(super) height: f64,
}

/// What stays the same while a space is drawn.
struct Sheet<'a> {
    space: &'a Space,
    rows: Rows,
    bars: Vec<Bar>,
    blocks: Vec<Vec<Block>>,
    /// Pixel of the first row's top.
    top: f64,
    /// Pixel where links end and addresses begin, where blocks begin, and where they end.
    addresses_from: f64,
    blocks_from: f64,
    blocks_to: f64,
}

/// Draws a space. Headings and legend included.
pub(super) fn draw(space: &Space) -> Figure {
    let rows = Rows::of(space);
    let bars = lens::bars(space.axis, &rows);
    let blocks = space.tracks.iter().map(|track| lanes::blocks(track, &rows)).collect();
    let columns = bars.iter().map(|bar| bar.column + 1).max().unwrap_or(1);
    let top = 66.0 + 16.0 * space.facts.len() as f64;
    let addresses_from = MARGIN + columns as f64 * (BAR + BETWEEN);
    let digits = space.axis.end().to_string().len();
    let blocks_from = addresses_from + digits as f64 * DIGIT + 2.0 * ASIDE;
    let blocks_to = WIDTH - MARGIN - SIZES;
    let sheet = Sheet { space, rows, bars, blocks, top, addresses_from, blocks_from, blocks_to };
    let mut out = String::new();
    sheet.headings(&mut out);
    sheet.links(&mut out);
    sheet.regions(&mut out);
    sheet.addresses(&mut out);
    let mut bottom = top + sheet.rows.height() + 34.0;
    bottom = sheet.legend(&mut out, bottom);
    Figure { shapes: out, height: bottom }
}

impl Sheet<'_> {
    fn bar_x(column: usize) -> f64 {
        MARGIN + column as f64 * (BAR + BETWEEN)
    }

    /// Left end and width of a track's column.
    fn track(&self, number: usize) -> [f64; 2] {
        let count = self.space.tracks.len().max(1) as f64;
        let width = (self.blocks_to - self.blocks_from) / count;
        [self.blocks_from + number as f64 * width, width - 6.0]
    }

    fn headings(&self, out: &mut String) {
        let _ =
            writeln!(out, r#"<text class="title" x="{MARGIN}" y="20">{}</text>"#, escaped(&self.space.title));
        for (index, fact) in self.space.facts.iter().enumerate() {
            let y = 38.0 + 16.0 * index as f64;
            let _ = writeln!(out, r#"<text class="faint" x="{MARGIN}" y="{y}">{}</text>"#, escaped(fact));
        }
        let y = self.top - 8.0;
        let whole = words::size(self.space.axis.bytes());
        let _ = writeln!(out, r#"<text class="small faint" x="{MARGIN}" y="{y}">to scale: {whole}</text>"#);
        for (number, track) in self.space.tracks.iter().enumerate() {
            let [x, width] = self.track(number);
            let _ = writeln!(
                out,
                r#"<text class="small faint" x="{x:.1}" y="{y}">{}</text>"#,
                escaped(&cut(&track.name, width, 6.0))
            );
        }
        let _ = writeln!(
            out,
            r#"<text class="small faint" x="{:.1}" y="{y}" text-anchor="end">from</text><text class="small faint" x="{:.1}" y="{y}" text-anchor="end">size</text>"#,
            self.blocks_from - ASIDE,
            WIDTH - MARGIN,
        );
    }

    /// What joins each bar's parts to their lenses and rows.
    fn links(&self, out: &mut String) {
        let rows_from = self.addresses_from;
        for bar in &self.bars {
            let from = Self::bar_x(bar.column) + BAR;
            for link in &bar.links {
                let to = Self::bar_x(bar.column + 1);
                let [a, mut b] = [bar.at(link.span.start()), bar.at(link.span.end())].map(|y| y + self.top);
                b = b.max(a + SPECK);
                let [c, d] = self.rows.extent(&link.rows).map(|y| y + self.top);
                let class = match link.to {
                    Target::Lens => "lens",
                    Target::Row => self.class_of(link.rows.start).key(),
                };
                let bend = format!("M{from:.1},{a:.2}L{to:.1},{c:.1}");
                // From the next column on, everything lies at the height of its rows, so nothing crosses a lens.
                let path = match link.to {
                    Target::Lens => format!("{bend}V{d:.1}L{from:.1},{b:.2}Z"),
                    Target::Row => format!("{bend}H{rows_from:.1}V{d:.1}H{to:.1}L{from:.1},{b:.2}Z"),
                };
                let _ = writeln!(out, r#"<path class="link {class}" d="{path}"/>"#);
            }
        }
    }

    /// The class of a row: that of the last track that says something about it, which knows most.
    fn class_of(&self, row: usize) -> Class {
        let Some(row) = self.rows.get(row) else { return Class::Other };
        let found = self.space.regions().filter(|(_, region)| region.span.holds(row.span)).last();
        found.map_or(Class::Other, |(_, region)| region.class)
    }

    fn regions(&self, out: &mut String) {
        for bar in &self.bars {
            let x = Self::bar_x(bar.column);
            let [y, bottom] = bar.extent.map(|y| y + self.top);
            let _ = writeln!(
                out,
                r#"<rect class="bar" data-start="{:#x}" data-end="{:#x}" x="{x:.1}" y="{y:.1}" width="{BAR}" height="{:.1}"/>"#,
                bar.span.start().get(),
                bar.span.end().get(),
                bottom - y,
            );
            if bar.column > 0 {
                let (x, middle) = (x - 5.0, (y + bottom) / 2.0);
                let times = magnification(bar.enlarges);
                let size = words::size(bar.span.bytes());
                // Two lines where there is room for them.
                let lines = if bottom - y < 40.0 { vec![times] } else { vec![size, times] };
                let mut line = middle + 11.0 - 7.0 * lines.len() as f64;
                for text in lines {
                    let _ = writeln!(
                        out,
                        r#"<text class="small faint" x="{x:.1}" y="{line:.1}" text-anchor="end">{text}</text>"#,
                    );
                    line += 14.0;
                }
            }
        }
        let tracks = self.blocks.iter().enumerate();
        let mut all: Vec<(usize, &Block, &Region)> = tracks
            .flat_map(|(track, blocks)| blocks.iter().map(move |block| (track, block)))
            .filter_map(|(track, block)| {
                let region = self.space.tracks.get(track)?.regions.get(block.region)?;
                Some((track, block, region))
            })
            .collect();
        all.sort_by_key(|(_, _, region)| std::cmp::Reverse(region.span.bytes()));
        for (track, block, region) in all {
            self.region(out, track, block, region);
        }
        for bar in &self.bars {
            let [y, bottom] = bar.extent.map(|y| y + self.top);
            let _ = writeln!(
                out,
                r#"<rect class="line" x="{:.1}" y="{y:.1}" width="{BAR}" height="{:.1}"/>"#,
                Self::bar_x(bar.column),
                bottom - y,
            );
        }
    }

    fn region(&self, out: &mut String, track: usize, block: &Block, region: &Region) {
        let told = told(self.space, track, region);
        let _ = writeln!(
            out,
            r#"<g class="region" data-kind="{}" data-start="{:#x}" data-end="{:#x}" data-track="{track}" data-name="{}"><title>{}</title>"#,
            self.space.kind.name(),
            region.span.start().get(),
            region.span.end().get(),
            escaped(&region.name),
            escaped(&told),
        );
        let strip = BAR / self.space.tracks.len().max(1) as f64;
        for bar in &self.bars {
            let outside = region.span.end() <= bar.span.start() || region.span.start() >= bar.span.end();
            if outside || region.span.is_empty() {
                continue;
            }
            let [y, end] = [bar.at(region.span.start()), bar.at(region.span.end())].map(|y| y + self.top);
            // A speck at the very end grows upwards, to stay inside.
            let height = (end - y).max(SPECK);
            let y = y.min(bar.extent.last().map_or(y, |bottom| bottom + self.top - height));
            paint(out, region.class, [Self::bar_x(bar.column) + strip * track as f64, y, strip, height]);
        }
        self.block(out, track, block, region);
        out.push_str("</g>\n");
    }

    fn block(&self, out: &mut String, track: usize, block: &Block, region: &Region) {
        let [left, width] = self.track(track);
        let lane = width / block.lanes as f64;
        let x = left + lane * block.lane as f64;
        let [top, bottom] = self.rows.extent(&block.rows).map(|y| y + self.top);
        if region.span.is_empty() {
            // Several at one place stand side by side, and the last one says what they are.
            let x = left + (EDGE + 3.0) * block.lane as f64;
            paint(out, region.class, [x, top + 2.0, EDGE, bottom - top - 4.0]);
            if block.lane + 1 == block.lanes {
                let (x, y) = (x + EDGE + 6.0, bottom - 4.0);
                let _ =
                    write!(out, r#"<text class="nothing faint" x="{x:.1}" y="{y:.1}">of no bytes</text>"#);
            }
            return;
        }
        let (y, height, lane) = (top + 0.75, bottom - top - 1.5, lane - 2.0);
        let _ = writeln!(
            out,
            r#"<rect class="tint {}" x="{x:.1}" y="{y:.2}" width="{lane:.1}" height="{height:.2}"/>"#,
            region.class.key(),
        );
        paint(out, region.class, [x, y, EDGE, height]);
        let room = lane - EDGE - 10.0;
        let name = cut(&region.name, room, 6.6);
        let line = top + 14.0_f64.min((bottom - top) / 2.0 + 4.0);
        let _ = writeln!(
            out,
            r#"<text class="name" x="{:.1}" y="{line:.1}">{}</text>"#,
            x + EDGE + 6.0,
            escaped(&name)
        );
        // A block of many rows says how large it is, for its rows only tell their own sizes.
        let several = block.rows.len() > 1;
        let aside = if several { words::size(region.span.bytes()) } else { self.aside(region) };
        if !aside.is_empty() && (name.chars().count() + aside.chars().count()) as f64 * 6.6 + 10.0 < room {
            let _ = writeln!(
                out,
                r#"<text class="small faint" x="{:.1}" y="{line:.1}" text-anchor="end">{}</text>"#,
                x + lane - 5.0,
                escaped(&aside)
            );
        }
    }

    /// A note that has room in the only column.
    fn aside(&self, region: &Region) -> String {
        if self.space.tracks.len() == 1 { region.note.clone() } else { String::new() }
    }

    /// Where each row begins and how large it is.
    fn addresses(&self, out: &mut String) {
        let from = self.blocks_from - ASIDE;
        for row in self.rows.all() {
            let (top, bottom) = (row.top + self.top, row.top + row.height + self.top);
            let y = (top + bottom) / 2.0 + 4.0;
            let size = words::size(row.span.bytes());
            let _ = write!(
                out,
                r#"<g class="row" data-start="{:#x}" data-end="{:#x}" data-y="{top:.1}" data-height="{:.1}">"#,
                row.span.start().get(),
                row.span.end().get(),
                row.height,
            );
            match row.content {
                Content::Regions => {
                    let _ = write!(
                        out,
                        r#"<text class="mono" x="{from:.1}" y="{y:.1}" text-anchor="end">{}</text><text x="{:.1}" y="{y:.1}" text-anchor="end">{size}</text>"#,
                        row.span.start(),
                        WIDTH - MARGIN,
                    );
                }
                Content::Nothing => {
                    let _ = write!(
                        out,
                        r#"<text class="mono faint" x="{from:.1}" y="{y:.1}" text-anchor="end">{}</text><text class="nothing faint" x="{:.1}" y="{y:.1}">nothing</text><text class="nothing faint" x="{:.1}" y="{y:.1}" text-anchor="end">{size}</text>"#,
                        row.span.start(),
                        self.blocks_from + 4.0,
                        WIDTH - MARGIN,
                    );
                }
                Content::Mark => {
                    let _ = write!(
                        out,
                        r#"<text class="mono faint" x="{from:.1}" y="{y:.1}" text-anchor="end">{}</text>"#,
                        row.span.start()
                    );
                }
            }
            out.push_str("</g>\n");
        }
        let _ = writeln!(
            out,
            r#"<text class="mono faint" x="{from:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            self.top + self.rows.height() + 13.0,
            self.space.axis.end(),
        );
    }

    /// What colours mean; returns the pixel below.
    fn legend(&self, out: &mut String, top: f64) -> f64 {
        let (mut x, mut y) = (MARGIN, top);
        let shown = |class: &Class| self.space.regions().any(|(_, region)| region.class == *class);
        for class in Class::ALL.into_iter().filter(shown) {
            let width = 34.0 + class.words().chars().count() as f64 * 6.1;
            if x + width > WIDTH - MARGIN {
                (x, y) = (MARGIN, y + 20.0);
            }
            paint(out, class, [x, y, 14.0, 12.0]);
            let _ =
                writeln!(out, r#"<text x="{:.1}" y="{:.1}">{}</text>"#, x + 20.0, y + 10.5, class.words());
            x += width + 6.0;
        }
        for line in [
            "Bars are to scale; × tells how much larger than the first bar a lens shows its part. What would be thinner than",
            "a line is drawn as a line. Rows are not to scale: each piece between two ends of regions has one, by address.",
        ] {
            y += if line.starts_with("Bars") { 32.0 } else { 15.0 };
            let _ = writeln!(out, r#"<text class="small faint" x="{MARGIN}" y="{y:.1}">{line}</text>"#);
        }
        y + 10.0
    }
}

/// Fills a rectangle as a class is filled: left, top, width, height.
fn paint(out: &mut String, class: Class, [x, y, width, height]: [f64; 4]) {
    let rect = format!(r#"x="{x:.1}" y="{y:.2}" width="{width:.1}" height="{height:.2}""#);
    let _ = write!(out, r#"<rect class="{}" {rect}/>"#, class.key());
    if let Some(pattern) = look(class).2.name() {
        let _ = write!(out, r#"<rect fill="url(#{pattern})" {rect}/>"#);
    }
}

/// How much larger a lens shows its part, with the two digits that are enough to compare by.
fn magnification(times: f64) -> String {
    let (mut rest, mut unit) = (times.max(1.0), "");
    for larger in ["k", "M", "G", "T"] {
        if rest < 1000.0 {
            break;
        }
        (rest, unit) = (rest / 1000.0, larger);
    }
    if rest < 10.0 { format!("×{rest:.1}{unit}") } else { format!("×{rest:.0}{unit}") }
}

/// The beginning of a text that fits so many pixels, at so many pixels a letter.
fn cut(text: &str, room: f64, letter: f64) -> String {
    let most = (room / letter).max(1.0) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}
