//! All commands.

use xtkd::monitor::{Answer, Argument, Arguments, Command, Done, Kind, Monitor, Need, Trouble};

use super::context::Context;
use super::{machine, memory, pools, processors};

type Run = fn(&mut Context, &Arguments<'_>, &mut Answer<'_, '_>) -> Done;

/// A command and what does it.
struct Entry {
    command: Command,
    run: Run,
}

const fn plain(name: &'static str, summary: &'static str, run: Run) -> Entry {
    with(name, &[], summary, run)
}

const fn with(name: &'static str, arguments: &'static [Argument], summary: &'static str, run: Run) -> Entry {
    Entry { command: Command { name, arguments, summary }, run }
}

impl Monitor for Context {
    fn command(&self, number: usize) -> Option<&'static Command> {
        COMMANDS.get(number).map(|entry| &entry.command)
    }

    fn run(&mut self, number: usize, arguments: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
        let entry = COMMANDS.get(number).ok_or(&Trouble::Absent("there is no such command"))?;
        (entry.run)(self, arguments, answer)
    }
}

const fn required(name: &'static str, kind: Kind) -> Argument {
    Argument { name, kind, need: Need::Required }
}

const fn optional(name: &'static str, kind: Kind) -> Argument {
    Argument { name, kind, need: Need::Optional }
}

const ADDRESS: [Argument; 1] = [required("ADDRESS", Kind::Address)];

/// The commands, by what they are about.
static COMMANDS: [Entry; 22] = [
    plain("vm", "memory by what it is for, as WinDbg's !vm", memory::vm::run),
    with("pte", &ADDRESS, "every entry that leads to an address, decoded", memory::pte::run),
    with(
        "pfn",
        &[required("FRAME", Kind::Number)],
        "what the PFN database knows of a frame",
        memory::pfn::run,
    ),
    plain(
        "layout",
        "the regions of the kernel's addresses, and how much of each is used",
        memory::layout::run,
    ),
    plain("memmap", "physical memory by descriptor and by owner", memory::memmap::run),
    plain("audit", "page tables, PFN database and frame allocator compared", memory::audit::run),
    plain("wx", "pages that are writable and executable: there must be none", memory::wx::run),
    with("pool", &ADDRESS, "the pool block at an address, and its neighbours", pools::block::run),
    with(
        "poolused",
        &[optional("TAG|bytes|blocks", Kind::Word(pools::used::orders))],
        "what each tag has, as WinDbg's !poolused",
        pools::used::run,
    ),
    plain("cpus", "the processors, and what each of them does", processors::cpus::run),
    plain("threads", "the threads, and what each waits for", processors::threads::run),
    with(
        "thread",
        &[optional("ID", Kind::Number)],
        "a thread and its backtrace, as WinDbg's !thread; without a number the one that was interrupted",
        processors::thread::run,
    ),
    plain("stacks", "the stacks, and how deep each was used", processors::stacks::run),
    plain("locks", "locks that are held", processors::locks::run),
    plain("timers", "timers that are armed", processors::timers::run),
    plain("params", "the kernel parameters of this boot", machine::params::run),
    with("log", &[optional("LINES", Kind::Number)], "the last lines of the log", machine::log::run),
    plain("bench", "measures what the kernel's operations cost", machine::bench::run),
    with(
        "crash",
        &[
            optional("KIND", Kind::Word(machine::crash::kinds)),
            optional("cpuN", Kind::Word(|_| {})),
            optional("@LEVEL", Kind::Word(machine::crash::levels)),
        ],
        "commits a crime; without a kind lists them",
        machine::crash::run,
    ),
    plain("go", "leaves the monitor", machine::leave::go),
    plain("reboot", "restarts the machine", machine::leave::reboot),
    plain("poweroff", "switches the machine off", machine::leave::power_off),
];
