//! A bug check for people: the same lines on the serial line and the screen, the most telling ones first.

use xtcore::CpuIndex;
use xtkd::unwind::End;

use super::trace::{Broken, Runs, Tracer};
use super::{Places, Scene, Stop};
use crate::ar::fault::Vector;
use crate::ar::{TrapFrame, control};
use crate::kd::{self, log};
use crate::ke::processors::{self, Seen, Stopped};
use crate::ke::regions::Place;
use crate::ke::{fault, processor};

/// Hexadecimal digits of a register.
const DIGITS: usize = size_of::<usize>() * 2;

/// The most lines of a backtrace.
const FRAMES: usize = 16;

impl Stop<'_> {
    /// Prints what happened, and where.
    pub(super) fn tell(&self, scene: &Scene) {
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
        let meanings = self.code.map_or(&[][..], super::Code::meanings);
        for (index, parameter) in self.parameters.into_iter().enumerate() {
            let meaning = meanings.get(index).copied().unwrap_or("-");
            log!("    parameter {} {parameter:#18x}  {meaning}", index + 1);
        }
    }

    /// Prints the registers: those that say how memory is seen, and those of the code that trapped.
    pub(super) fn tell_registers(&self) {
        let (cr0, cr3, cr4) = (control::read_cr0(), control::read_cr3(), control::read_cr4());
        let cr2 = self.frame.map_or_else(control::fault_address, TrapFrame::fault_address);
        log!("    cr0 {cr0:x}  cr2 {cr2:x}  cr3 {cr3:x}  cr4 {cr4:x}");
        let Some(frame) = self.frame else { return };
        let mut shown = 0;
        for (name, value) in frame.registers() {
            let end = if shown % 4 == 3 { "\r\n" } else { "" };
            kd::print(format_args!("    {name:>5} {value:0DIGITS$x}{end}"));
            shown += 1;
        }
        if shown % 4 != 0 {
            log!("");
        }
    }

    /// Prints where the address of a page fault lies, or of one that became a double fault, and the entries that lead to it.
    pub(super) fn tell_chain(&self) {
        if let Some(frame) = self.frame
            && matches!(frame.vector(), Vector::PAGE_FAULT | Vector::DOUBLE_FAULT)
        {
            let address = frame.fault_address();
            log!("    cr2 {:#x} is {}", address.get(), Place(address));
            fault::print_chain(address);
        }
    }

    /// Prints the functions that are under way, the innermost first.
    pub(super) fn tell_backtrace(&self, tracer: &Tracer) {
        if let Some(why) = tracer.complaint() {
            log!("    {why}");
        }
        let mut walk = self.walk(tracer);
        let mut runs = Runs::new(&mut walk);
        for run in runs.by_ref().take(FRAMES) {
            match run.times {
                1 => log!("    {}", tracer.name(run.frame)),
                times => log!("    {}, {times} times", tracer.name(run.frame)),
            }
        }
        match runs.map(|run| u64::from(run.times)).sum::<u64>() {
            0 => {}
            more => log!("    and {more} more"),
        }
        match walk.end() {
            None | Some(End::Outermost) => {}
            Some(end) => log!("    {}", Broken(end)),
        }
    }
}

/// Prints what the other processors were doing, a line for each.
pub(super) fn tell_others(count: Stopped, tracer: Option<&Tracer>) {
    let Stopped { stopped, others } = count;
    if others == 0 {
        return;
    }
    log!("*** {stopped} of {others} other processors have been stopped");
    for cpu in (0..processor::MOST).map(CpuIndex::new) {
        if let Some(seen) = processors::seen(cpu) {
            tell_other(cpu, seen, tracer);
        }
    }
}

fn tell_other(cpu: CpuIndex, seen: &Seen, tracer: Option<&Tracer>) {
    kd::print(format_args!("    CPU {}: {}, ", cpu.get(), seen.whereabouts.level));
    match seen.thread {
        Some(name) => kd::print(format_args!("thread {name}")),
        None => kd::print(format_args!("{}", seen.stack)),
    }
    kd::print(format_args!(", sp {:#x}", seen.whereabouts.place.stack.get()));
    for frame in &seen.frames {
        match tracer {
            Some(tracer) => kd::print(format_args!(", {}", tracer.name(*frame))),
            None => kd::print(format_args!(", {:#x}", frame.address.get())),
        }
    }
    log!("");
}
