//! The picture as one SVG file: all spaces below each other. Nothing moves in it and nothing is fetched.

use super::figure::{self, MARGIN, WIDTH};
use super::style;
use crate::commands::map::model::Picture;
use crate::svg::{self, Scheme, escaped};

/// Pixels for the heading.
const HEADING: f64 = 44.0;

/// Draws `picture`.
pub(crate) fn draw(picture: &Picture, scheme: Scheme) -> String {
    let mut shapes = String::new();
    let mut y = HEADING;
    for space in &picture.spaces {
        let figure = figure::draw(space);
        shapes.push_str(&format!("<g transform=\"translate(0,{y:.1})\">\n{}</g>\n", figure.shapes));
        y += figure.height + MARGIN;
    }
    let begin = style::sheet(|sheet| svg::begin(&picture.title, [WIDTH, y], sheet, scheme));
    let title = escaped(&picture.title);
    format!(
        "{begin}{}<text class=\"head\" x=\"{MARGIN}\" y=\"32\">{title}</text>\n{shapes}{}",
        style::PATTERNS,
        svg::END
    )
}
