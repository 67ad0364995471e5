//! The page that explains the keys.

use core::fmt::Write;

use arrayvec::ArrayString;
use xtterm::draw::{Place, Style, Surface, row, wrap};

use super::FirmwareSettings;
use super::key::bindings;
use super::page::{foot, head};
use crate::console::{Console, Wait};

const MOVING: &str =
    "Arrows, PageUp, PageDown, Home and End move the selection. Any key stops the countdown.";

/// Shows it until a key is pressed.
pub(super) fn show(console: &dyn Console, settings: FirmwareSettings) {
    console.page(&mut |surface| draw(surface, settings));
    let _ = console.key(Wait::Forever);
}

fn draw(surface: &mut dyn Surface, settings: FirmwareSettings) {
    let width = surface.size().columns.saturating_sub(4);
    head(surface, "Help");
    surface.style(Style::Plain);
    let mut lines = 2_u16..;
    for (line, text) in lines.by_ref().zip(wrap(MOVING, width)) {
        row(surface, Place::new(line, 2), width, text);
    }
    for (line, binding) in lines.zip(bindings(settings)) {
        let mut text = ArrayString::<128>::new();
        // The table is a constant, and its longest row has room.
        let _ = write!(text, "{:6}  {}", binding.name, binding.help);
        row(surface, Place::new(line, 2), width, &text);
    }
    foot(surface, "Press a key to go back.");
}
