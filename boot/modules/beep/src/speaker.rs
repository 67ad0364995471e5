//! The PC speaker: counter 2 of the interval timer as a square wave behind a gate.
//!
//! Source: Intel 8254 data sheet (mode 3); the gate is bits 0 and 1 of the PC's port 0x61.

use xtmodule::uefi::boot;

use crate::port::Port;
use crate::tune::Note;

/// Control word: counter 2 (10), low byte then high byte (11), square wave (011), binary (0).
const SQUARE_WAVE: u8 = 0b1011_0110;

/// Gate: the counter runs, and its output goes to the speaker.
const OPEN: u8 = 0b11;

/// Sounds a note, or rests, and is silent again when it returns. Takes as long as the note, which is bounded.
pub(super) fn sound(note: &Note) {
    let closed = Port::Gate.read() & !OPEN;
    if let Some(pitch) = note.pitch {
        let [low, high] = pitch.divisor().to_le_bytes();
        Port::Control.write(SQUARE_WAVE);
        Port::Counter.write(low);
        Port::Counter.write(high);
        Port::Gate.write(closed | OPEN);
    }
    boot::stall(note.length);
    Port::Gate.write(closed);
}
