//! What every picture in SVG begins with: its size, its description, its colours by the reader's scheme, and a
//! background, so that it is readable on any page. No font is named and nothing is fetched.

/// Whose choice the colours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scheme {
    /// The reader's.
    #[default]
    Readers,
    /// Dark on light, always.
    Light,
    /// Light on dark, always.
    Dark,
}

/// A style sheet in three parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet<'a> {
    /// What both schemes share.
    pub(crate) shapes: &'a str,
    /// Colours on light.
    pub(crate) light: &'a str,
    /// Colours on dark.
    pub(crate) dark: &'a str,
}

/// The colours of background, text and grid, which all pictures share.
const LIGHT: &str = "\
.paper { fill: #ffffff; } text { fill: #1f2328; } .faint { fill: #59636e; } .grid { stroke: #8c959f; }\n";
const DARK: &str = "\
.paper { fill: #0d1117; } text { fill: #e6edf3; } .faint { fill: #9198a1; } .grid { stroke: #8c959f; }\n";
const SHAPES: &str = "\
text { font: 12px system-ui, sans-serif; } .title { font-size: 15px; font-weight: 600; } .grid { stroke-opacity: .35; }\n";

impl Sheet<'_> {
    /// Returns the rules for a scheme, without the element around them.
    pub(crate) fn rules(&self, scheme: Scheme) -> String {
        let shapes = format!("{SHAPES}{}", self.shapes);
        let (light, dark) = (format!("{LIGHT}{}", self.light), format!("{DARK}{}", self.dark));
        match scheme {
            Scheme::Light => shapes + &light,
            Scheme::Dark => shapes + &dark,
            Scheme::Readers => format!("{shapes}{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"),
        }
    }
}

/// Opens a picture of so many pixels: [`END`] closes it.
pub(crate) fn begin(title: &str, [width, height]: [f64; 2], sheet: &Sheet<'_>, scheme: Scheme) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{}</style>\n<rect class=\"paper\" \
         width=\"{width:.0}\" height=\"{height:.0}\" rx=\"6\"/>\n",
        sheet.rules(scheme)
    )
}

/// The end of every picture.
pub(crate) const END: &str = "</svg>\n";

/// Returns `text` as it is written between and inside tags. Control characters, which XML forbids, are left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars().filter(|one| !one.is_control() || *one == '\n') {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(one),
        }
    }
    out
}
