//! Two kinds of plots as SVG: bars in groups and lines, both with logarithmic axes.
//!
//! They carry their own colours, which change with the reader's light or dark scheme, and name no font.

use std::fmt::Write as _;

/// Pixels of the whole picture from left to right.
const WIDTH: f64 = 860.0;

/// The look. Each colour is readable on white; those that are not on black have another there.
const STYLE: &str = "\
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.grid { stroke: #8c959f; stroke-opacity: .35; }
.f0 { fill: #0969da; } .f1 { fill: #57606a; } .f2 { fill: #bc4c00; } .f3 { fill: #1a7f37; }
.f4 { fill: #8250df; } .f5 { fill: #bf3989; } .f6 { fill: #9a6700; } .f7 { fill: #1b7c83; }
.s0 { stroke: #0969da; } .s1 { stroke: #57606a; } .s2 { stroke: #bc4c00; } .s3 { stroke: #1a7f37; }
.s4 { stroke: #8250df; } .s5 { stroke: #bf3989; } .s6 { stroke: #9a6700; } .s7 { stroke: #1b7c83; }
.line { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.f0 { fill: #58a6ff; } .f1 { fill: #9da7b3; } .f2 { fill: #f0883e; } .f3 { fill: #3fb950; }
.f4 { fill: #bc8cff; } .f5 { fill: #f778ba; } .f6 { fill: #d29922; } .f7 { fill: #39c5cf; }
.s0 { stroke: #58a6ff; } .s1 { stroke: #9da7b3; } .s2 { stroke: #f0883e; } .s3 { stroke: #3fb950; }
.s4 { stroke: #bc8cff; } .s5 { stroke: #f778ba; } .s6 { stroke: #d29922; } .s7 { stroke: #39c5cf; }
}
</style>
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

/// A plot of horizontal bars.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    /// What it shows.
    pub(super) title: String,
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

/// A logarithmic axis whose ends are powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    low: i32,
    high: i32,
    from: f64,
    to: f64,
}

impl Axis {
    /// Makes an axis that holds `values` and lies between two pixels. Values that have no logarithm are left out.
    fn holding(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && *value > 0.0) {
            least = least.min(value.log10());
            most = most.max(value.log10());
        }
        if least > most {
            (least, most) = (0.0, 1.0);
        }
        let low = least.floor() as i32;
        Self { low, high: (most.ceil() as i32).max(low + 1), from, to }
    }

    /// Returns the pixel of a value; what lies outside is drawn at the end.
    fn at(&self, value: f64) -> f64 {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        let part = (value.max(f64::MIN_POSITIVE).log10() - low) / (high - low);
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Returns the powers of ten.
    fn marks(&self) -> impl Iterator<Item = f64> {
        (self.low..=self.high).map(|power| 10_f64.powi(power))
    }
}

impl Bars {
    /// Draws the plot.
    pub(super) fn svg(&self) -> String {
        const BAR: f64 = 16.0;
        const GAP: f64 = 14.0;
        const TOP: f64 = 44.0;
        let (left, right) = (330.0, WIDTH - 80.0);
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
                r#"<line class="grid" x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{mark}</text>"#,
                TOP - 6.0,
                height - 20.0,
                height - 6.0,
            );
        }
        let mut y = TOP;
        for group in &self.groups {
            let _ = writeln!(out, r#"<text x="8" y="{:.1}">{}</text>"#, y + BAR - 4.0, escaped(&group.name));
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
                    escaped(figure),
                );
                y += BAR;
            }
            y += GAP;
        }
        out.push_str("</svg>\n");
        out
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
                r#"<line class="grid" x1="{left:.1}" y1="{y:.1}" x2="{right:.1}" y2="{y:.1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{mark}</text>"#,
                left - 6.0,
                y + 4.0,
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
        for (number, line) in self.lines.iter().enumerate() {
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
            let y = top + 10.0 + 20.0 * number as f64;
            let _ = writeln!(
                out,
                r#"<rect class="f{colour}" x="{:.1}" y="{:.1}" width="14" height="10"/><text x="{:.1}" y="{y:.1}">{}</text>"#,
                right + 24.0,
                y - 9.0,
                right + 44.0,
                escaped(&line.name),
            );
        }
        out.push_str("</svg>\n");
        out
    }
}

fn begin(title: &str, height: f64) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n{STYLE}<text class=\"title\" x=\"8\" \
         y=\"22\">{title}</text>\n"
    )
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
