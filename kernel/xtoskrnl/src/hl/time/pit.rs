//! The programmable interval timer: channel 0 interrupts, channel 2 counts. Channel 1, once the memory's refresh, is left alone.
//!
//! Both channels share a command port, and a reading is three accesses, so there is a lock, held with interrupts off for
//! these accesses only. Who finds it held for long by somebody that does not go on has the last reading instead: nobody waits for ever
//! to know the time. Channel 2 is the speaker's: its gate is opened, the speaker itself stays off.
#![allow(unsafe_code, reason = "naming I/O ports")]

use core::sync::atomic::{AtomicU16, Ordering};

use spin::Mutex;
use xthal::time::pit::{Divisor, command, counted};

use crate::ar::control::{pause, without_interrupts};
use crate::ar::port::Port;

/// The timer's ports.
struct Ports {
    channel_0: Port,
    channel_2: Port,
    command: Port,
    /// System control port B: bit 0 is channel 2's gate, bit 1 the speaker.
    gate: Port,
}

static PORTS: Mutex<Ports> =
    Mutex::new(Ports { channel_0: port(0x40), channel_2: port(0x42), command: port(0x43), gate: port(0x61) });

/// Names one of the four ports above.
const fn port(number: u16) -> Port {
    // SAFETY: the ports are the timer's and its gate's; the timer raises an interrupt and touches no memory.
    unsafe { Port::new(number) }
}

fn with<R>(act: impl FnOnce(&Ports) -> R) -> R {
    without_interrupts(|| act(&PORTS.lock()))
}

/// Has channel 2 count down from 65536, again and again.
pub(super) fn start_counter() {
    with(|ports| {
        ports.gate.write(ports.gate.read() & 0b1100 | 0b01);
        ports.command.write(command::CHANNEL_2_RATE);
        for byte in Divisor::LARGEST.bytes() {
            ports.channel_2.write(byte);
        }
    });
}

/// The last reading of channel 2.
static LAST: AtomicU16 = AtomicU16::new(0);

/// Looks for the ports before the last reading counts: longer than a reading takes.
const PATIENCE: u32 = 256;

/// Returns how far channel 2 has counted, modulo 65536; at a moment ago, if somebody keeps the ports meanwhile.
pub(super) fn count() -> u16 {
    without_interrupts(|| {
        for _ in 0..PATIENCE {
            if let Some(ports) = PORTS.try_lock() {
                ports.command.write(command::LATCH_2);
                let low = ports.channel_2.read();
                let count = counted([low, ports.channel_2.read()]);
                LAST.store(count, Ordering::Relaxed);
                return count;
            }
            pause();
        }
        LAST.load(Ordering::Relaxed)
    })
}

/// Tells whether nobody is in the middle of a reading.
pub(super) fn is_at_rest() -> bool {
    !PORTS.is_locked()
}

/// Has channel 0 interrupt every `divisor` ticks.
pub(super) fn interrupt_every(divisor: Divisor) {
    with(|ports| {
        ports.command.write(command::CHANNEL_0_RATE);
        for byte in divisor.bytes() {
            ports.channel_0.write(byte);
        }
    });
}

/// Stops channel 0's interrupts: a mode in which it waits for a count that never comes.
pub(super) fn silence() {
    with(|ports| ports.command.write(command::CHANNEL_0_ONCE));
}
