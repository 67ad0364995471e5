//! The picture as a page: hover or walk over regions with the keyboard, search for a name or an address.
//!
//! The page holds everything that it needs and fetches nothing. Without its script it is still the picture, with
//! tooltips. Every region carries its data in attributes (`data-kind`, `data-start`, `data-end`, `data-name`), which
//! are all that the script searches.

use super::figure::{self, WIDTH};
use super::style;
use crate::commands::map::model::Picture;
use crate::svg::{Scheme, escaped};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Draws `picture`.
pub(crate) fn draw(picture: &Picture, scheme: Scheme) -> String {
    let title = escaped(&picture.title);
    let rules = style::sheet(|sheet| sheet.rules(scheme));
    let mut figures = String::new();
    for space in &picture.spaces {
        let figure = figure::draw(space);
        figures.push_str(&format!(
            "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"group\" \
             aria-label=\"{name}\" data-kind=\"{kind}\">\n<rect class=\"paper\" width=\"{WIDTH}\" \
             height=\"{height:.0}\"/>\n{shapes}</svg></figure>\n",
            height = figure.height,
            name = escaped(&space.title),
            kind = space.kind.name(),
            shapes = figure.shapes,
        ));
    }
    let theme = match scheme {
        Scheme::Readers => "light dark",
        Scheme::Light => "light",
        Scheme::Dark => "dark",
    };
    format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{theme}"><title>{title}</title>
<style>
{rules}{STYLE}</style></head>
<body>
<header><h1>{title}</h1>
<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="name or address: pool, 0xffffc300`00001000, 4 GiB" aria-label="Search for a name or an address">
<output id="found" aria-live="polite"></output>
<p class="keys"><kbd>/</kbd> search, <kbd>Enter</kbd> next, <kbd>&darr;</kbd> <kbd>&uarr;</kbd> from region to region, <kbd>Esc</kbd> done</p></header>
<aside id="told" aria-live="polite" hidden></aside>
<main>
<svg width="0" height="0" style="position:absolute" aria-hidden="true">{patterns}</svg>
{figures}</main>
<script>
{SCRIPT}</script>
</body></html>
"#,
        patterns = style::PATTERNS,
    )
}
