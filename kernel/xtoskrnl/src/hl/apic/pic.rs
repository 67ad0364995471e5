//! The two PICs: initialised, so that their vectors are known, then masked, and asked when they interrupt all the same.
//!
//! This is done on every machine. Where there are no PICs, writes to their ports go nowhere; and a machine whose tables
//! deny them may have them anyway.
#![allow(unsafe_code, reason = "naming I/O ports")]

use xthal::Vector;
use xthal::pic::{ALL_MASKED, Chip, END, Ending, READ_IN_SERVICE, Request, initialisation};

use crate::ar::port::Port;

/// Command and data port of a chip.
fn ports(chip: Chip) -> [Port; 2] {
    let first = match chip {
        Chip::First => 0x20,
        Chip::Second => 0xA0,
    };
    // SAFETY: both ports are the chip's, which raises interrupts and touches no memory.
    [first, first + 1].map(|number| unsafe { Port::new(number) })
}

/// Gives the chips an instant to take a byte in: a write to the port of the power-on self-test, which nobody reads.
fn settle() {
    // SAFETY: a port that drives a display at most.
    let port = unsafe { Port::new(0x80) };
    port.write(0);
}

/// Moves the PICs' vectors away from the exceptions', and masks all requests.
pub(crate) fn silence() {
    for chip in [Chip::First, Chip::Second] {
        let [command, data] = ports(chip);
        let [first, rest @ ..] = initialisation(chip);
        command.write(first);
        settle();
        for word in rest {
            data.write(word);
            settle();
        }
    }
    for chip in [Chip::First, Chip::Second] {
        let [_, data] = ports(chip);
        data.write(ALL_MASKED);
    }
}

/// Ends an interrupt with a vector of the PICs, as far as it must be ended. Returns whether it was spurious.
pub(crate) fn end(vector: Vector) -> bool {
    let Some(request) = Request::of(vector) else { return true };
    let [command, _] = ports(request.chip);
    command.write(READ_IN_SERVICE);
    let in_service = command.read();
    let [first, second] = [Chip::First, Chip::Second].map(|chip| ports(chip)[0]);
    match request.ending(in_service) {
        Ending::Nothing => {}
        Ending::First => first.write(END),
        Ending::Both => {
            second.write(END);
            first.write(END);
        }
    }
    in_service & request.bit == 0
}
