//! Bug checks: deliberate stops with a code, four parameters, and the same text on serial and screen.
//!
//! A bug check may be called from everywhere, on any stack, at any run level. It takes no lock that it does not get at
//! once, and touches no memory that may be absent.

mod codes;
mod places;

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use xtmm::machine::RunLevel;

pub(crate) use self::codes::Code;
pub(crate) use self::places::{Places, PlacesJson, publish};
use super::processors::{self, Stopped};
use super::{ending, fault, processor, stacks, threads};
use crate::ar::fault::Vector;
use crate::ar::{TrapFrame, control, stack};
use crate::hl::power::Verdict;
use crate::kd::{self, log, record};

/// How many bug checks are under way. One that stumbles over its own text prints less, a third only ends the run, and
/// one that cannot even do that stops the processor.
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// Stops. `what` says in one sentence what happened and where.
pub(crate) fn bug_check(
    code: Code,
    parameters: [u64; 4],
    frame: Option<&TrapFrame>,
    what: fmt::Arguments<'_>,
) -> ! {
    let stop = Stop { number: code as u32, code: Some(code), parameters, frame, what };
    stop.now()
}

/// Stops with a code by its number, for those who know numbers only. One that is not among [`Code`] has no name.
pub(crate) fn bug_check_raw(
    number: u32,
    parameters: [u64; 4],
    frame: Option<&TrapFrame>,
    what: fmt::Arguments<'_>,
) -> ! {
    let stop = Stop { number, code: Code::from_number(number), parameters, frame, what };
    stop.now()
}

/// Everything that is told.
struct Stop<'a> {
    number: u32,
    code: Option<Code>,
    parameters: [u64; 4],
    frame: Option<&'a TrapFrame>,
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
        let pointer = self.frame.map_or_else(stack::pointer, TrapFrame::stack);
        let (level, stack) = (processor::run_level(), stacks::name_at(pointer));
        let thread = threads::running().map(xtke::sched::Thread::name);
        processor::stay_at_high();
        // Another processor's bug check may have come first: then this one ends here.
        let stopped = processors::stop_others();
        let verdict = self.code.map_or(Verdict::Fail, Code::verdict);
        let depth = DEPTH.fetch_add(1, Ordering::Relaxed);
        match depth {
            0 => kd::stop_colours(),
            1 => {}
            2 => ending::end_silently(verdict),
            _ => control::stop(),
        }
        let scene = Scene { level, stack, thread, stopped };
        self.tell(&scene);
        if depth == 0 {
            self.tell_registers();
            self.tell_chain();
        }
        if verdict == Verdict::Refused {
            record!("XTOS-REFUSED {{\"by\":\"xtoskrnl\",\"what\":\"{}\"}}", JsonText(self.what));
        }
        record!("XTOS-BUGCHECK {}", Json(&self, &scene));
        ending::end(verdict)
    }

    fn name(&self) -> &'static str {
        self.code.map_or("A_CODE_WITHOUT_A_NAME", Code::name)
    }

    fn tell(&self, scene: &Scene) {
        let Self { number, what, .. } = self;
        log!("");
        log!("*** STOP {number:#010x} {}", self.name());
        log!("*** {what}");
        log!("*** on CPU {}, run level {}, {}", processor::current().get(), scene.level, scene.stack);
        match scene.thread {
            Some(name) => log!("*** thread {name}"),
            None => log!("*** no thread: the processor runs none yet"),
        }
        log!("*** {Places}");
        if scene.stopped.others > 0 {
            let Stopped { stopped, others } = scene.stopped;
            log!("*** {stopped} of {others} other processors have been stopped");
        }
        let meanings = self.code.map_or(&[][..], Code::meanings);
        for (index, parameter) in self.parameters.into_iter().enumerate() {
            let meaning = meanings.get(index).copied().unwrap_or("-");
            log!("    parameter {} {parameter:#18x}  {meaning}", index + 1);
        }
    }

    fn tell_registers(&self) {
        let (cr0, cr3, cr4) = (control::read_cr0(), control::read_cr3(), control::read_cr4());
        let cr2 = self.frame.map_or_else(control::fault_address, TrapFrame::fault_address);
        log!("    cr0 {cr0:x}  cr2 {cr2:x}  cr3 {cr3:x}  cr4 {cr4:x}");
        let Some(frame) = self.frame else { return };
        let mut shown = 0;
        for (name, value) in frame.registers() {
            let end = if shown % 4 == 3 { "\r\n" } else { "" };
            kd::print(format_args!("    {name:>5} {value:016x}{end}"));
            shown += 1;
        }
        if shown % 4 != 0 {
            log!("");
        }
    }

    /// Prints the entries that lead to the address of a page fault, or of one that became a double fault.
    fn tell_chain(&self) {
        if let Some(frame) = self.frame
            && matches!(frame.vector(), Vector::PAGE_FAULT | Vector::DOUBLE_FAULT)
        {
            fault::print_chain(frame.fault_address());
        }
    }
}

/// A bug check for programs.
struct Json<'a>(&'a Stop<'a>, &'a Scene);

impl fmt::Display for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stop, scene) = self;
        let [one, two, three, four] = stop.parameters;
        write!(out, "{{\"code\":{},\"name\":\"{}\"", stop.number, stop.name())?;
        write!(out, ",\"parameters\":[{one},{two},{three},{four}],\"what\":\"{}\"", JsonText(stop.what))?;
        let (cpu, level) = (processor::current().get(), scene.level);
        write!(out, ",\"cpu\":{cpu},\"level\":\"{level}\",\"stack\":\"{}\"", scene.stack)?;
        match scene.thread {
            Some(name) => write!(out, ",\"thread\":\"{name}\"")?,
            None => write!(out, ",\"thread\":null")?,
        }
        let Stopped { stopped, others } = scene.stopped;
        write!(out, ",\"others\":{others},\"stopped\":{stopped},{PlacesJson}}}")
    }
}

/// Text inside a JSON string: quotes and backslashes escaped, control characters dropped.
struct JsonText<'a>(fmt::Arguments<'a>);

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl fmt::Write for Escape<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for character in text.chars().filter(|character| !character.is_control()) {
                    if matches!(character, '"' | '\\') {
                        self.0.write_str("\\")?;
                    }
                    fmt::Write::write_char(self.0, character)?;
                }
                Ok(())
            }
        }
        fmt::write(&mut Escape(out), self.0)
    }
}
