//! `cargo xtask map`: a machine's memory, drawn to scale: 12 TiB beside 4 KiB in one picture.
//!
//! ```text
//!   source (a log, a boot, a firmware's map) --> model --> place (pixels) --> draw (image, page, text)
//! ```

mod class;
mod draw;
mod model;
mod place;
#[cfg(test)]
mod samples;
mod source;
#[cfg(test)]
mod tests;
mod words;

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use self::draw::{page, picture, text};
use self::model::{Kind, Picture};
use self::source::{csv, live, log};
use super::Context;
use crate::cli::{Half, Map, Theme};
use crate::progress;
use crate::svg::Scheme;

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Image,
    Page,
    Text,
}

/// Draws what `options` ask for.
///
/// # Errors
/// The source cannot be read, says nothing, or is damaged; the file's ending is none of those known, or the file
/// cannot be written.
pub(crate) fn run(context: &Context, options: &Map) -> Result<u8> {
    // What cannot be written is told before a boot of many minutes.
    let form = options.out.as_deref().map(form).transpose()?;
    let mut picture = read(context, options)?;
    if let Some(only) = options.only {
        picture.spaces.retain(|space| match only {
            Half::Virtual => space.kind == Kind::Virtual,
            Half::Physical => space.kind == Kind::Physical,
        });
        if picture.spaces.is_empty() {
            bail!("the source says nothing about that address space");
        }
    }
    let scheme = match options.theme {
        Theme::Auto => Scheme::Readers,
        Theme::Light => Scheme::Light,
        Theme::Dark => Scheme::Dark,
    };
    let (Some(out), Some(form)) = (&options.out, form) else {
        let paint = if std::io::stdout().is_terminal() && console::colors_enabled() {
            text::Paint::Coloured
        } else {
            text::Paint::Plain
        };
        print!("{}", text::draw(&picture, paint));
        return Ok(0);
    };
    let drawn = match form {
        Form::Image => picture::draw(&picture, scheme),
        Form::Page => page::draw(&picture, scheme),
        Form::Text => text::draw(&picture, text::Paint::Plain),
    };
    std::fs::write(out, drawn).with_context(|| format!("cannot write {}", out.display()))?;
    progress::say(&format!("written: {}", out.display()));
    Ok(0)
}

fn read(context: &Context, options: &Map) -> Result<Picture> {
    if let Some(place) = &options.csv {
        let text =
            std::fs::read_to_string(place).with_context(|| format!("cannot read {}", place.display()))?;
        let name = place.file_name().unwrap_or(place.as_os_str()).to_string_lossy();
        return csv::read(&name, &text).with_context(|| place.display().to_string());
    }
    if let Some(place) = &options.from {
        // A guest may write any bytes; what is no text is no answer either.
        let text = String::from_utf8_lossy(&bytes_of(place)?).into_owned();
        return log::read(&text).with_context(|| place.display().to_string());
    }
    live::read(context, &options.machine)
}

fn bytes_of(place: &Path) -> Result<Vec<u8>> {
    if place == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(place).with_context(|| format!("cannot read {}", place.display()))
}

fn form(out: &Path) -> Result<Form> {
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(Form::Image),
        Some("html") => Ok(Form::Page),
        Some("txt") => Ok(Form::Text),
        _ => bail!("{}: the ending decides the form: .svg, .html or .txt", out.display()),
    }
}
