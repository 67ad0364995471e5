//! Bug checks: deliberate stops with a code, four parameters, and the same text on serial and screen.
//!
//! A bug check may be called from everywhere, on any stack, at any run level. It takes no lock that it does not get at
//! once, and touches no memory that may be absent.
#![allow(unsafe_code, reason = "the log is taken from whoever had it")]

mod codes;
mod places;
mod record;
mod text;
mod trace;

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use xtkd::json::Writer;
use xtkd::unwind::{Registers, Walk};
use xtmm::machine::RunLevel;

pub(crate) use self::codes::Code;
pub(crate) use self::places::{Places, fill_places, publish};
use self::record::Json;
pub(crate) use self::trace::{Broken, Runs, Tracer};
use super::processors::{self, Stopped};
use super::{ending, processor, stacks, threads};
use crate::ar::{TrapFrame, control, stack};
use crate::hl::power::Verdict;
use crate::kd::{self, record};

/// How many bug checks are under way. One that comes inside of another leaves out what that one has stumbled over, a
/// third only ends the run, and one that cannot even do that stops the processor.
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// Stops. `what` says in one sentence what happened and where.
#[inline(never)]
pub(crate) fn bug_check(
    code: Code,
    parameters: [u64; 4],
    frame: Option<&TrapFrame>,
    what: fmt::Arguments<'_>,
) -> ! {
    let stop = Stop { number: code as u32, code: Some(code), parameters, frame, asked: stack::here(), what };
    stop.now()
}

/// Stops with a code by its number, for those who know numbers only. One that is not among [`Code`] has no name.
#[inline(never)]
pub(crate) fn bug_check_raw(
    number: u32,
    parameters: [u64; 4],
    frame: Option<&TrapFrame>,
    what: fmt::Arguments<'_>,
) -> ! {
    let stop =
        Stop { number, code: Code::from_number(number), parameters, frame, asked: stack::here(), what };
    stop.now()
}

/// Everything that is told.
struct Stop<'a> {
    number: u32,
    code: Option<Code>,
    parameters: [u64; 4],
    frame: Option<&'a TrapFrame>,
    /// Where the stop was asked for.
    asked: Registers,
    what: fmt::Arguments<'a>,
}

/// Where the processor was.
struct Scene {
    level: RunLevel,
    stack: stacks::Name,
    thread: Option<xtke::sched::Name>,
    stopped: Stopped,
}

impl Stop<'_> {
    fn now(self) -> ! {
        let pointer = self.place().stack;
        let (level, stack) = (processor::run_level(), stacks::name_at(pointer));
        let thread = threads::running().map(xtke::sched::Thread::name);
        processor::stay_at_high();
        // Another processor's bug check may have come first: then this one ends here.
        let stopped = processors::stop_others();
        let verdict = self.code.map_or(Verdict::Fail, Code::verdict);
        let depth = DEPTH.fetch_add(1, Ordering::Relaxed);
        match depth {
            0 | 1 => begin(),
            2 => ending::end_silently(verdict),
            _ => control::stop(),
        }
        let scene = Scene { level, stack, thread, stopped };
        self.tell(&scene);
        kd::pin_stop();
        Part::Registers.tell(|| self.tell_registers());
        Part::Chain.tell(|| self.tell_chain());
        let tracer = Part::Frames.begin().then(Tracer::new);
        if let Some(tracer) = &tracer {
            self.tell_backtrace(tracer);
        }
        Part::Others.tell(|| text::tell_others(scene.stopped, tracer.as_ref()));
        if verdict == Verdict::Refused {
            record!("XTOS-REFUSED {}", Refusal(self.what));
        }
        let facts = Json { stop: &self, scene: &scene, tracer: tracer.as_ref() };
        Part::Record.tell(|| record!("XTOS-BUGCHECK {facts}"));
        if tracer.is_some() {
            Part::Frames.end();
        }
        kd::show_what_came_before();
        ending::end(verdict)
    }

    fn name(&self) -> &'static str {
        self.code.map_or("A_CODE_WITHOUT_A_NAME", Code::name)
    }

    /// Where it happened: where the trap came from, or who asked for the stop.
    fn place(&self) -> Registers {
        self.frame.map_or(self.asked, TrapFrame::place)
    }

    /// Follows the frames from there. Who asks for a stop begins with the function that it called for that, which goes unsaid.
    fn walk<'a>(&self, tracer: &'a Tracer) -> Walk<'a, Tracer> {
        let mut walk = tracer.walk(self.place());
        if self.frame.is_none() {
            let _ = walk.next();
        }
        walk
    }
}

/// What is told and may go wrong. A bug check that comes meanwhile leaves it out.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Part {
    Registers = 1,
    Chain = 2,
    /// Following frames, for whatever text.
    Frames = 4,
    Others = 8,
    Record = 16,
}

/// The parts that are being told.
static TELLING: AtomicU32 = AtomicU32::new(0);

impl Part {
    /// Begins a part; `false` when a bug check that this one interrupts has begun it, and stumbled there.
    fn begin(self) -> bool {
        TELLING.fetch_or(self as u32, Ordering::Relaxed) & self as u32 == 0
    }

    fn end(self) {
        TELLING.fetch_and(!(self as u32), Ordering::Relaxed);
    }

    fn tell(self, tell: impl FnOnce()) {
        if self.begin() {
            tell();
            self.end();
        }
    }
}

/// The bug check has been told: one that comes from here on is the first again, as for whoever looks around in the monitor.
pub(super) fn settle() {
    DEPTH.store(0, Ordering::Relaxed);
    TELLING.store(0, Ordering::Relaxed);
}

/// Takes the log and the screen for the text.
fn begin() {
    if processors::all_others_stand() {
        // SAFETY: no other processor does anything any more, and what this one has interrupted never goes on.
        unsafe { kd::seize() };
    }
    kd::begin_stop();
}

/// Why the kernel cannot work with what it was given, for programs.
struct Refusal<'a>(fmt::Arguments<'a>);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Writer::object(out, |object| {
            object.text("by", "xtoskrnl")?;
            object.text("what", self.0)
        })
    }
}
