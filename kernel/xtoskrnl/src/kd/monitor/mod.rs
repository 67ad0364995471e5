//! The kernel's monitor: a look inside at a prompt, on a machine that stands still or has stopped.
//!
//! ```text
//!   Control-K                      the boot processor's clock tick finds it     held: `go` lets everything go on
//!   MONITOR                        after the checks                             held
//!   MONITOR=command,command        after the checks, without a prompt           held while each is answered
//!   a bug check without EXIT       ends here                                    stopped: there is no `go`
//! ```
//!
//! The key comes from the serial line, on whatever port the log is, or from the keyboard beside the screen. It is
//! looked for, not announced by an interrupt: an access to a port a tick for each, without a route through an I/O APIC
//! that could be missing. It is Control-K (for kernel) because Control-C ends the program that shows the line, and
//! Control-A, Control-B and Control-] belong to those that people run it in.
//!
//! # What it guarantees
//! * All other processors stand while somebody looks (see [`processors::hold_others`]); `go` lets all of them go on.
//! * It runs at High, on a stack of its own with a guard below, whatever it interrupts.
//! * It allocates nothing, and takes no lock that it does not get at once: it says what is busy instead. So that little is, it waits up to
//!   a second for a moment at which all of them are free; and on a machine that has stopped it takes them from the dead.
//! * Memory is looked at only where the page tables show some. What nevertheless faults is a bug check, which
//!   opens the monitor again.
//! * What it says is no part of the log.
//! * The time goes on: it is read while a key is waited for, so that no counter wraps unseen.
//!
//! The commands are in folders by what they are about, one in a file; [`xtkd::monitor`] does the rest.
#![allow(unsafe_code, reason = "the stack is exchanged for the monitor's own")]

mod context;
mod errand;
mod machine;
mod memory;
mod parameter;
mod pools;
mod processors;
mod rest;
mod table;
mod terminal;

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use spin::{Mutex, Once};
use xtcore::VirtRange;
use xtkd::monitor::{Ended, Heard, Session};
use xtmm::machine::RunLevel;
use xtterm::key::Key;

use self::context::{Context, Situation};
pub(crate) use self::parameter::answer as answer_parameter;
use self::rest::is_at_rest;
use self::terminal::Line;
use crate::ar::control;
use crate::ar::stack::{call_with_stack, here};
use crate::hl::time;
use crate::kd;
use crate::ke::processor;
use crate::ke::processors as all_processors;
use crate::mm::{Memory, processor::monitor_stack};

/// Control-K, as it comes from the serial line.
const KEY_BYTE: u8 = 0x0B;

/// The same from the keyboard.
const KEY: Key = Key::Ctrl('k');

/// What the key is called.
pub(crate) const KEY_NAME: &str = "Control-K";

/// For how many ticks the monitor waits for a moment at which nobody is in the middle of anything: a second.
const PATIENCE: u32 = 100;

/// Microseconds between two looks for that moment where no tick brings one.
const BETWEEN_LOOKS: u64 = 10_000;

/// For how many more ticks it waits; 0 when it was not pressed. The boot processor's clock tick alone changes it.
static WANTED: AtomicU32 = AtomicU32::new(0);

/// The top of the monitor's stack, once it has one.
static STACK: Once<VirtRange> = Once::new();

/// What was typed in earlier sessions.
static SESSION: Mutex<Session> = Mutex::new(Session::new());

/// Makes the monitor's stack. Without one it runs on what it interrupts.
pub(crate) fn prepare(memory: &'static Memory) {
    match monitor_stack(memory) {
        Ok(pages) => {
            STACK.call_once(|| pages);
        }
        Err(error) => kd::log!("xtoskrnl: the monitor has no stack of its own: {error:?}"),
    }
}

/// Looks whether the key was pressed, and opens the monitor. The boot processor's clock tick calls it.
pub(crate) fn poll() {
    let mut left = WANTED.load(Ordering::Relaxed);
    if left == 0 {
        // What is typed after the key is for the prompt.
        if !matches!(kd::hear(), Heard::Byte(KEY_BYTE) | Heard::Key(KEY)) {
            return;
        }
        left = PATIENCE;
    }
    let opened = open_if(&Prompt, if left > 1 { is_at_rest } else { at_any_price });
    WANTED.store(if opened.is_ok() { 0 } else { left - 1 }, Ordering::Relaxed);
}

/// The machine was not as it must be, or another processor holds it.
struct NotNow;

/// For whoever takes the machine as it is.
fn at_any_price() -> bool {
    true
}

/// Opens the monitor of a machine that runs, when nobody is in the middle of anything or that has been waited for long enough, and
/// returns when it is left. Does nothing where another processor holds this one all the time.
fn open(work: &dyn Work) {
    for _ in 1..PATIENCE {
        if open_if(work, is_at_rest).is_ok() {
            return;
        }
        if !time::stall(BETWEEN_LOOKS) {
            break;
        }
    }
    let _ = open_if(work, at_any_price);
}

/// Opens the monitor of a machine that runs, if it stands as it must, and returns when it is left.
fn open_if(work: &dyn Work, is_fit: fn() -> bool) -> Result<(), NotNow> {
    // To be held costs the others something, so it is asked before, too.
    if !is_fit() {
        return Err(NotNow);
    }
    let raised = processor::raise(RunLevel::High);
    // Another processor may be holding this one: then its summons comes now.
    let hold = all_processors::hold_others().ok_or(NotNow)?;
    if !is_fit() {
        return Err(NotNow);
    }
    let mut context = Context::new(Situation::Held, hold.count(), here());
    on_own_stack(|| work.run(&mut context));
    let errand = context.errand();
    drop(hold);
    drop(raised);
    if let Some(errand) = errand {
        errand.send();
    }
    Ok(())
}

/// Opens the monitor of a machine that has stopped. Does not return: on the monitor's stack may have been what has called.
///
/// # Safety
/// Nothing goes on that the caller's processor was doing before the bug check.
pub(crate) unsafe fn open_stopped() -> ! {
    let opened = here();
    // SAFETY: as this function demands.
    unsafe { rest::inherit() };
    on_own_stack(|| {
        Prompt.run(&mut Context::new(Situation::Stopped, (0, 0), opened));
        // Nobody is there to type.
        control::stop()
    })
}

/// What is done while the machine stands.
trait Work {
    fn run(&self, context: &mut Context);
}

/// Commands are typed.
struct Prompt;

impl Work for Prompt {
    fn run(&self, context: &mut Context) {
        let mut terminal = Line::TYPED;
        context.introduce(&mut terminal);
        // A monitor inside of itself, after a bug check in one of its commands, has a memory of its own.
        let mut apart = Session::new();
        let mut kept = SESSION.try_lock();
        let session = kept.as_deref_mut().unwrap_or(&mut apart);
        let ended = session.run(&mut terminal, &CpuPrompt, context);
        if ended == Ended::Alone {
            kd::log!("xtoskrnl: nobody is at the monitor");
        }
    }
}

/// The prompt: the processor, as WinDbg has it.
struct CpuPrompt;

impl fmt::Display for CpuPrompt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: kd> ", processor::current().get())
    }
}

/// Runs something on the monitor's stack. After a bug check inside of the monitor that stack begins anew: nothing that was on it
/// goes on.
fn on_own_stack<R>(work: impl FnOnce() -> R) -> R {
    let Some(pages) = STACK.get() else { return work() };
    // SAFETY: the stack is mapped for good, and its top is a page boundary. Only one processor is in the monitor: it holds or
    // has stopped the others. It was not on this stack before, or will never return to what was: a bug check.
    unsafe { call_with_stack(pages.end(), work) }
}
