//! Where keys come from: the serial line, and the keyboard beside a screen.
//!
//! Both are looked at, not waited for by an interrupt: an access to a port each, and no route through an I/O APIC that could be
//! missing. A key that nobody wants when it comes is lost.
#![allow(unsafe_code, reason = "a bug check takes the keyboard from whoever has it")]

use core::iter;
use core::sync::atomic::{AtomicBool, Ordering};

use spin::{Mutex, Once};
use xtkd::monitor::Heard;
use xtterm::key::{Key, Keyboard, ScanCodes};

use super::console::{has_screen, serial};
use super::log;
use crate::hl::keyboard::Controller;
use crate::hl::serial::Serial;

/// The keyboard, where there is one and a screen to read.
static KEYBOARD: Once<Mutex<Typewriter>> = Once::new();

/// Somebody waits for bytes of the serial line, which are his.
static IS_AWAITED: AtomicBool = AtomicBool::new(false);

/// The most bytes of the keyboard that one look takes: enough for any key with what is held down beside it.
const MOST_BYTES: usize = 16;

/// A keyboard, and what is pressed on it.
struct Typewriter {
    controller: Controller,
    keys: Keyboard,
}

impl Typewriter {
    fn poll(&mut self) -> Option<Key> {
        let Self { controller, keys } = self;
        let bytes = iter::from_fn(|| controller.poll()).take(MOST_BYTES);
        bytes.filter_map(|byte| keys.feed(byte)).next()
    }
}

/// Looks for the keyboard controller and listens to its keyboard from now on, unless there is no screen: who types must
/// see. The first call counts.
pub(crate) fn open_keyboard() {
    if !has_screen() {
        return;
    }
    let Some((controller, codes)) = Controller::open() else { return };
    KEYBOARD.call_once(|| Mutex::new(Typewriter { controller, keys: Keyboard::new(codes) }));
    let set = match codes {
        ScanCodes::Set1 => 1,
        ScanCodes::Set2 => 2,
    };
    log!("xtoskrnl: keyboard: a controller for it answers, scan codes of set {set}");
}

/// Returns what has come from the serial line, unless somebody waits for its bytes, or from the keyboard. Never waits:
/// costs an access to a port for each of them where nothing has come.
pub(crate) fn hear() -> Heard {
    let (serial, keyboard) = (serial(), KEYBOARD.get());
    if serial.is_none() && keyboard.is_none() {
        return Heard::Nobody;
    }
    let is_mine = !IS_AWAITED.load(Ordering::Relaxed);
    if let Some(byte) = serial.filter(|_| is_mine).and_then(Serial::poll) {
        return Heard::Byte(byte);
    }
    let key = keyboard.and_then(Mutex::try_lock).and_then(|mut keyboard| keyboard.poll());
    key.map_or(Heard::Silence, Heard::Key)
}

/// Tells whether there is anything to type at.
pub(crate) fn has_typist() -> bool {
    serial().is_some() || KEYBOARD.get().is_some()
}

/// Tells whether nobody is looking at the keyboard.
pub(super) fn is_at_rest() -> bool {
    KEYBOARD.get().is_none_or(|keyboard| !keyboard.is_locked())
}

/// Keeps the next byte of the serial line for [`read_byte`]: called before anybody is asked to send one.
pub(crate) fn expect_byte() {
    IS_AWAITED.store(true, Ordering::Relaxed);
}

/// Waits for a byte from the serial line; `None` when there is no line.
pub(crate) fn read_byte() -> Option<u8> {
    expect_byte();
    let byte = serial().map(Serial::read);
    IS_AWAITED.store(false, Ordering::Relaxed);
    byte
}

/// Takes the keyboard from whoever is looking at it.
///
/// # Safety
/// Whoever has it never goes on, on any processor.
pub(super) unsafe fn seize() {
    if let Some(keyboard) = KEYBOARD.get().filter(|keyboard| keyboard.is_locked()) {
        // SAFETY: it was just seen locked, and whoever locked it never goes on: so it is locked still, its guard is never
        // dropped, and the reference that it lent is never used again.
        unsafe { keyboard.force_unlock() };
    }
}
