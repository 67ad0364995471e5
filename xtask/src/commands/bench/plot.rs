//! Two kinds of plots as SVG: bars in groups and lines, both with logarithmic axes.

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::svg::{self, Scheme, Sheet, escaped};

/// Pixels of the whole picture from left to right.
const WIDTH: f64 = 860.0;

const SHAPES: &str = ".line { fill: none; stroke-width: 2; }\n";

/// Each colour is readable on light; those that are not on dark have another there.
const LIGHT: &str = "\
.f0 { fill: #0969da; } .f1 { fill: #57606a; } .f2 { fill: #bc4c00; } .f3 { fill: #1a7f37; }
.f4 { fill: #8250df; } .f5 { fill: #bf3989; } .f6 { fill: #9a6700; } .f7 { fill: #1b7c83; }
.s0 { stroke: #0969da; } .s1 { stroke: #57606a; } .s2 { stroke: #bc4c00; } .s3 { stroke: #1a7f37; }
.s4 { stroke: #8250df; } .s5 { stroke: #bf3989; } .s6 { stroke: #9a6700; } .s7 { stroke: #1b7c83; }
";
const DARK: &str = "\
.f0 { fill: #58a6ff; } .f1 { fill: #9da7b3; } .f2 { fill: #f0883e; } .f3 { fill: #3fb950; }
.f4 { fill: #bc8cff; } .f5 { fill: #f778ba; } .f6 { fill: #d29922; } .f7 { fill: #39c5cf; }
.s0 { stroke: #58a6ff; } .s1 { stroke: #9da7b3; } .s2 { stroke: #f0883e; } .s3 { stroke: #3fb950; }
.s4 { stroke: #bc8cff; } .s5 { stroke: #f778ba; } .s6 { stroke: #d29922; } .s7 { stroke: #39c5cf; }
";

/// How many colours the look has.
const COLOURS: usize = 8;

/// Bars that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// What they measure.
    pub(super) name: String,
    /// Whose they are, how long, and the figure to print.
    pub(super) bars: Vec<(String, f64, String)>,
}

/// What a bar's figure is told beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing: the bars of a group are no rivals.
    Nothing,
    /// Its ratio to the first bar of its group.
    TheFirst,
}

/// A plot of horizontal bars.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    /// What it shows.
    pub(super) title: String,
    /// What figures are told beside.
    pub(super) beside: Beside,
    /// From top to bottom.
    pub(super) groups: Vec<Group>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Whose it is.
    pub(super) name: String,
    /// Position, its name, and height.
    pub(super) points: Vec<(f64, String, f64)>,
}

/// A plot of lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines {
    /// What it shows.
    pub(super) title: String,
    /// Drawn in this order.
    pub(super) lines: Vec<Line>,
}

/// A logarithmic axis whose ends are 1, 2 or 5 times a power of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    /// The ends, as numbers of [`step`].
    low: i32,
    high: i32,
    from: f64,
    to: f64,
}

/// The numbers 1, 2, 5, 10, 20, 50 and so on; step 0 is 1.
fn step(number: i32) -> f64 {
    let digit = match number.rem_euclid(3) {
        0 => 1.0,
        1 => 2.0,
        _ => 5.0,
    };
    digit * 10_f64.powi(number.div_euclid(3))
}

impl Axis {
    /// Makes an axis that holds `values` and lies between two pixels. Values that have no logarithm are left out.
    fn holding(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && *value > 0.0) {
            least = least.min(value);
            most = most.max(value);
        }
        if least > most {
            (least, most) = (1.0, 10.0);
        }
        // The steps lie within one of three times the logarithm.
        let near = |value: f64| (value.log10() * 3.0).floor() as i32;
        let mut low = near(least) + 1;
        while step(low) > least {
            low -= 1;
        }
        let mut high = near(most) - 1;
        while step(high) < most {
            high += 1;
        }
        Self { low, high: high.max(low + 1), from, to }
    }

    /// Returns the pixel of a value; what lies outside is drawn at the end.
    fn at(&self, value: f64) -> f64 {
        let (low, high) = (step(self.low).log10(), step(self.high).log10());
        let part = (value.max(f64::MIN_POSITIVE).log10() - low) / (high - low);
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Returns what has a line of its own: every step of a short axis, the powers of ten of a long one.
    fn marks(&self) -> impl Iterator<Item = f64> {
        let short = self.high - self.low <= 7;
        (self.low..=self.high).filter(move |number| short || number.rem_euclid(3) == 0).map(step)
    }
}

/// A number of an axis in few letters: `0.5`, `200`, `50k`, `2M`.
fn short(mark: f64) -> String {
    match mark {
        1e6.. => format!("{}M", mark / 1e6),
        1e4.. => format!("{}k", mark / 1e3),
        _ => format!("{}", (mark * 1e6).round() / 1e6),
    }
}

impl Bars {
    /// Draws the plot.
    pub(super) fn svg(&self) -> String {
        const BAR: f64 = 16.0;
        const GAP: f64 = 14.0;
        const TOP: f64 = 44.0;
        let (left, right) = (330.0, WIDTH - 120.0);
        let values = self.groups.iter().flat_map(|group| group.bars.iter().map(|bar| bar.1));
        let axis = Axis::holding(values, left, right);
        let bars: usize = self.groups.iter().map(|group| group.bars.len()).sum();
        let height = TOP + bars as f64 * BAR + self.groups.len() as f64 * GAP + 24.0;
        let names = self.groups.iter().flat_map(|group| group.bars.iter().map(|bar| bar.0.as_str()));
        let colours = colours(names);
        let mut out = begin(&self.title, height);
        for mark in axis.marks() {
            let x = axis.at(mark);
            let _ = writeln!(
                out,
                r#"<line class="grid" x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                TOP - 6.0,
                height - 22.0,
                height - 8.0,
                short(mark),
            );
        }
        let mut y = TOP;
        for group in &self.groups {
            let _ = writeln!(out, r#"<text x="12" y="{:.1}">{}</text>"#, y + BAR - 4.0, escaped(&group.name));
            for (name, value, figure) in &group.bars {
                let end = axis.at(*value);
                let text = y + BAR - 4.0;
                let _ = writeln!(
                    out,
                    r#"<text x="{:.1}" y="{text:.1}" text-anchor="end">{}</text><rect class="f{}" x="{left:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/><text x="{:.1}" y="{text:.1}">{}</text>"#,
                    left - 6.0,
                    escaped(name),
                    colour(&colours, name),
                    y + 1.0,
                    (end - left).max(1.0),
                    BAR - 3.0,
                    end.max(left + 1.0) + 5.0,
                    escaped(&self.label(group, *value, figure)),
                );
                y += BAR;
            }
            y += GAP;
        }
        out.push_str(svg::END);
        out
    }

    /// A bar's figure and what it is told beside.
    fn label(&self, group: &Group, value: f64, figure: &str) -> String {
        match (self.beside, group.bars.as_slice()) {
            (Beside::TheFirst, [first, _, ..]) if first.1 > 0.0 && first.1 != value => {
                format!("{figure}, ×{}", ratio(value / first.1))
            }
            _ => figure.to_owned(),
        }
    }
}

/// Three digits of a ratio.
fn ratio(times: f64) -> String {
    match times {
        100.0.. => format!("{times:.0}"),
        10.0.. => format!("{times:.1}"),
        _ => format!("{times:.2}"),
    }
}

impl Lines {
    /// Draws the plot.
    pub(super) fn svg(&self) -> String {
        const HEIGHT: f64 = 400.0;
        let (left, right, top, bottom) = (64.0, WIDTH - 250.0, 48.0, HEIGHT - 36.0);
        let points = || self.lines.iter().flat_map(|line| line.points.iter());
        let (first, last) = points()
            .fold((f64::INFINITY, 0.0_f64), |(first, last), point| (first.min(point.0), last.max(point.0)));
        // The positions are few and named, so this axis ends with them and not with powers of ten.
        let width = (last / first).ln().max(f64::MIN_POSITIVE);
        let x_of = |value: f64| left + (value / first).ln() / width * (right - left);
        let axis = Axis::holding(points().map(|point| point.2), bottom, top);
        let mut out = begin(&self.title, HEIGHT);
        for mark in axis.marks() {
            let y = axis.at(mark);
            let _ = writeln!(
                out,
                r#"<line class="grid" x1="{left:.1}" y1="{y:.1}" x2="{right:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                left - 6.0,
                y + 4.0,
                short(mark),
            );
        }
        let mut named: Vec<&str> = Vec::new();
        for (position, name, _) in points() {
            if !named.contains(&name.as_str()) {
                named.push(name);
                let x = x_of(*position);
                let _ = writeln!(
                    out,
                    r#"<line class="grid" x1="{x:.1}" y1="{top:.1}" x2="{x:.1}" y2="{bottom:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                    bottom + 18.0,
                    escaped(name),
                );
            }
        }
        let colours = colours(self.lines.iter().map(|line| line.name.as_str()));
        for line in &self.lines {
            let colour = colour(&colours, &line.name);
            let path: Vec<String> = line
                .points
                .iter()
                .map(|point| format!("{:.1},{:.1}", x_of(point.0), axis.at(point.2)))
                .collect();
            let _ = writeln!(out, r#"<polyline class="line s{colour}" points="{}"/>"#, path.join(" "));
            for point in &line.points {
                let (x, y) = (x_of(point.0), axis.at(point.2));
                let _ = writeln!(out, r#"<circle class="f{colour}" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#);
            }
        }
        for (line, y) in self.lines.iter().zip(self.label_heights(&axis, top, bottom)) {
            let colour = colour(&colours, &line.name);
            let x = right + 16.0;
            let _ = writeln!(
                out,
                r#"<rect class="f{colour}" x="{x:.1}" y="{:.1}" width="14" height="10"/><text x="{:.1}" y="{:.1}">{}</text>"#,
                y - 5.0,
                x + 20.0,
                y + 4.0,
                escaped(&line.name),
            );
        }
        out.push_str(svg::END);
        out
    }

    /// Where the lines' names stand: beside their last points, pushed apart until each can be read. So a reader needs
    /// no colours to find a line's name.
    fn label_heights(&self, axis: &Axis, top: f64, bottom: f64) -> Vec<f64> {
        const APART: f64 = 17.0;
        let end = |line: &Line| line.points.last().map_or(bottom, |point| axis.at(point.2));
        let mut heights: Vec<f64> = self.lines.iter().map(end).collect();
        let mut order: Vec<usize> = (0..heights.len()).collect();
        order.sort_by(|one, other| {
            heights.get(*one).partial_cmp(&heights.get(*other)).unwrap_or(Ordering::Equal)
        });
        let mut least = top;
        for (place, number) in order.iter().enumerate() {
            // Room is kept for those that follow.
            let most = bottom - APART * (order.len() - 1 - place) as f64;
            if let Some(height) = heights.get_mut(*number) {
                *height = height.min(most).max(least);
                least = *height + APART;
            }
        }
        heights
    }
}

fn begin(title: &str, height: f64) -> String {
    let sheet = Sheet { shapes: SHAPES, light: LIGHT, dark: DARK };
    let begin = svg::begin(title, [WIDTH, height], &sheet, Scheme::Readers);
    format!("{begin}<text class=\"title\" x=\"12\" y=\"24\">{}</text>\n", escaped(title))
}

/// The different names, in the order of their colours.
fn colours<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known = Vec::new();
    for name in names {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

fn colour(known: &[&str], name: &str) -> usize {
    known.iter().position(|one| *one == name).unwrap_or_default() % COLOURS
}
