//! Keys from the firmware and from a serial port that the firmware does not listen to.

use arrayvec::ArrayVec;
use uefi::proto::console::text::{Input, Key as Stroke, ScanCode};
use uefi::{cstr16, system, table};
use xtldr::arch::SerialPort;
use xtldr::console::Wait;
use xtterm::key::{Decoder, Key};

use super::timer::{SLICE_MILLISECONDS, Timer, Woken};
use crate::platform::console::is_on_first_serial_port;

/// Silence after which a sequence is not going on. A serial line has a byte in a millisecond, a network behind it may
/// take longer.
const PATIENCE_MILLISECONDS: u32 = 50;

/// The most bytes taken from a source at once, so that an endless stream on one does not silence the other.
const BURST: usize = 64;

/// All there is to press.
pub(super) struct Keyboard {
    firmware: Source,
    /// The port, where the firmware does not read it.
    port: Option<(SerialPort, Source)>,
    timer: Timer,
    /// Keys that came with another: an Escape may be told from a sequence only by what follows.
    ready: ArrayVec<Key, 8>,
}

/// Bytes of one terminal on their way to keys.
#[derive(Default)]
struct Source {
    decoder: Decoder,
    quiet_milliseconds: u32,
}

/// Calls `use_it` with the firmware's keyboard, where there is one.
fn input<R>(mut use_it: impl FnMut(&mut Input) -> R) -> Option<R> {
    let table = table::system_table_raw()?;
    // SAFETY: the firmware gave the table to the entry point, and it stays where it is.
    let console = unsafe { (*table.as_ptr()).stdin };
    if console.is_null() { None } else { Some(system::with_stdin(&mut use_it)) }
}

impl Keyboard {
    pub(super) fn find() -> Self {
        let port = SerialPort::first();
        let ours = port != SerialPort::Absent && !is_on_first_serial_port(cstr16!("ConIn"));
        Self {
            firmware: Source::default(),
            port: ours.then(|| (port, Source::default())),
            timer: Timer::new(),
            ready: ArrayVec::new(),
        }
    }

    /// Returns the next key, or `None` where none comes in time.
    pub(super) fn wait(&mut self, wait: Wait) -> Option<Key> {
        let mut left = match wait {
            Wait::Forever => u32::MAX,
            Wait::Milliseconds(left) => left,
        };
        loop {
            self.listen();
            if let Some(key) = self.ready.pop_at(0) {
                return Some(key);
            }
            if left == 0 {
                // Time is up, so an Escape that may be the beginning of a sequence is one.
                self.firmware.end(&mut self.ready);
                if let Some((_, source)) = &mut self.port {
                    source.end(&mut self.ready);
                }
                return self.ready.pop_at(0);
            }
            let event = input(|input| input.wait_for_key_event().ok()).flatten();
            if self.timer.sleep(event) == Woken::ByKey {
                continue;
            }
            self.firmware.quiet(&mut self.ready);
            if let Some((_, source)) = &mut self.port {
                source.quiet(&mut self.ready);
            }
            if wait != Wait::Forever {
                left = left.saturating_sub(SLICE_MILLISECONDS);
            }
        }
    }

    /// Takes what has come.
    fn listen(&mut self) {
        for _ in 0..BURST {
            if self.ready.remaining_capacity() < 2 {
                return;
            }
            // A key that cannot be read is none; the next one may be.
            let Some(Ok(Some(stroke))) = input(Input::read_key) else { break };
            self.stroke(stroke);
        }
        let Some((port, source)) = &mut self.port else { return };
        for _ in 0..BURST {
            if self.ready.remaining_capacity() < 2 {
                return;
            }
            let Some(byte) = port.receive() else { return };
            source.feed(byte, &mut self.ready);
        }
    }

    /// A firmware decodes the sequences of the terminals that it knows, and passes on those of others as an Escape and
    /// characters.
    fn stroke(&mut self, stroke: Stroke) {
        match stroke {
            Stroke::Special(ScanCode::ESCAPE) => self.firmware.feed(0x1B, &mut self.ready),
            Stroke::Printable(character) => {
                let mut bytes = [0; 4];
                for byte in char::from(character).encode_utf8(&mut bytes).bytes() {
                    self.firmware.feed(byte, &mut self.ready);
                }
            }
            Stroke::Special(code) => {
                self.ready.extend(self.firmware.decoder.idle());
                self.ready.extend(special(code));
            }
        }
    }
}

impl Source {
    fn feed(&mut self, byte: u8, ready: &mut ArrayVec<Key, 8>) {
        self.quiet_milliseconds = 0;
        for key in self.decoder.feed(byte) {
            // `listen` leaves room for the two keys that a byte can complete.
            let _ = ready.try_push(key);
        }
    }

    /// Ends a sequence that may have begun.
    fn end(&mut self, ready: &mut ArrayVec<Key, 8>) {
        if let Some(key) = self.decoder.idle() {
            let _ = ready.try_push(key);
        }
    }

    /// Counts a slice of silence.
    fn quiet(&mut self, ready: &mut ArrayVec<Key, 8>) {
        self.quiet_milliseconds = self.quiet_milliseconds.saturating_add(SLICE_MILLISECONDS);
        if self.quiet_milliseconds >= PATIENCE_MILLISECONDS {
            self.end(ready);
        }
    }
}

/// UEFI 2.10, section 12.1.2, table 12.1.
fn special(code: ScanCode) -> Option<Key> {
    Some(match code {
        ScanCode::UP => Key::Up,
        ScanCode::DOWN => Key::Down,
        ScanCode::RIGHT => Key::Right,
        ScanCode::LEFT => Key::Left,
        ScanCode::HOME => Key::Home,
        ScanCode::END => Key::End,
        ScanCode::INSERT => Key::Insert,
        ScanCode::DELETE => Key::Delete,
        ScanCode::PAGE_UP => Key::PageUp,
        ScanCode::PAGE_DOWN => Key::PageDown,
        ScanCode(code @ 0x0B..=0x16) => Key::F(u8::try_from(code - 0x0A).ok()?),
        _ => return None,
    })
}
