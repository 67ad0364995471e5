//! Conversations with the kernel's monitor: on a machine that runs, on one that has stopped, with and without a serial line.

use super::super::Check::{AddsUp, ComesFrom, IsTable, Lists, Runs, Translates, Waits, Whole, Zero};
use super::super::Step::{
    self, Asks, Ends, Pictures, Presses, Reads, ReadsLine, Reports, Sees, Strikes, Types, Visits,
};
use super::{PLAIN, Talk};
use crate::monitor::End;

/// All of them, with two processors.
pub(super) const TALKS: [Talk; 5] = [
    Talk { name: "monitor", configuration: QUIET, processors: 2, steps: MONITOR, ..PLAIN },
    Talk { name: "autopsy", configuration: QUIET, processors: 2, steps: AUTOPSY, ..PLAIN },
    Talk { name: "inside", configuration: QUIET, processors: 2, steps: INSIDE, ..PLAIN },
    Talk { name: "screen", configuration: ON_SCREEN, processors: 2, steps: SCREEN, ..PLAIN },
    Talk { name: "held", configuration: BUSY, processors: 2, steps: HELD, ..PLAIN },
];

/// A boot without a menu, with these kernel parameters.
macro_rules! at_once {
    ($parameters:literal) => {
        concat!(
            "[XTLDR]\r\nDefault=XTOS\r\nTimeout=0\r\n",
            "[XTOS]\r\nSystemName=XT Operating System\r\nSystemType=XTOS\r\n",
            "SystemPath=\\XTOS\r\nKernelFile=XTOSKRNL.EXE\r\nParameters=",
            $parameters,
            "\r\n"
        )
    };
}

const BUSY: &str = at_once!("{parameters}");
const QUIET: &str = at_once!("{parameters} STRESS=off");
/// Without a serial port for the kernel.
const ON_SCREEN: &str = at_once!("DEBUG=SCREEN STRESS=off");

/// The kernel's monitor, opened by its key on a machine with two processors: each command once, and what must be true of the
/// answers.
const MONITOR: &[Step] = &[
    Sees("Control-K opens the monitor"),
    Types("\x0b"),
    Sees("entry 1: 1 of 1 other processors are held"),
    Types("help\r"),
    Sees("-- more --"),
    Types(" "),
    Sees("switches the machine off"),
    Asks("help", Whole),
    Types("vm\r"),
    Sees("Physical Memory:"),
    Types("q"),
    Asks("vm", AddsUp),
    Asks("layout", Lists("regions", "name", "window")),
    Asks("pte {image}", Translates),
    Asks("pfn {table}", IsTable),
    Asks("pte {PFN database}", Translates),
    Asks("pte {non-paged pool}", Translates),
    Types("pte 0\r"),
    Sees("not valid"),
    Asks("memmap", Lists("owners", "owner", "page tables")),
    Asks("audit", Zero(&["faults", "writable_executable", "miscounted", "reserved_bits"])),
    Asks("wx", Zero(&["count"])),
    Asks("pool {non-paged pool}", Lists("blocks", "which", "here")),
    Asks("poolused", Lists("tags", "tag", "Thre")),
    Asks("poolused thre", Lists("tags", "pool", "non-paged")),
    Asks("cpus", Lists("cpus", "state", "running")),
    Asks("cpus", Runs(1, "idle 1")),
    Asks("threads", Lists("threads", "name", "main")),
    Asks("threads", Waits("reaper", "the dead")),
    Asks("threads", Waits("delayed 0", "work")),
    Asks("threads", Waits("main", "to be woken")),
    // Threads that wait, each processor's own, and none.
    Asks("thread {thread reaper}", ComesFrom("run_reaper")),
    Asks("thread {thread delayed 0}", ComesFrom("threads::work::run")),
    Asks("thread {thread main}", ComesFrom("first_run")),
    Asks("thread {thread idle 1}", ComesFrom("threads::join")),
    Asks("thread", ComesFrom("kd::monitor::")),
    Types("thread 4711\r"),
    Sees("there is no such thread"),
    Asks("stacks", Lists("stacks", "name", "monitor stack")),
    Asks("locks", Lists("known", "lock", "page tables")),
    Asks("timers", Whole),
    Asks("params", Lists("parameters", "key", "STRESS")),
    Asks("log", Whole),
    Asks("crash", Lists("crimes", "kind", "stack-recursion")),
    // Completion, editing, and what was typed before.
    Types("poolu\t Thre\x7f\x7f\x7f\x7fblocks\r"),
    Sees("kd> poolused blocks"),
    Types("nonsense\r"),
    Sees("there is no command 'nonsense'"),
    Types("\x1b[A\x1b[A\x1b[H\x0b"),
    Types("par\t\r"),
    Sees("STRESS"),
    Types("go\r"),
    Sees("the machine goes on"),
    Types("\x0b"),
    Sees("entry 2"),
    Asks("audit", Zero(&["faults"])),
    Asks("bench", Whole),
    Types("go\r"),
    Sees("ticks  frame"),
    Types("\x0b"),
    Sees("entry 3"),
    Types("poweroff\r"),
    Ends(End::PoweredOff),
];

/// A stack overflow on the second processor, provoked from the monitor, and a look at what it leaves.
const AUTOPSY: &[Step] = &[
    Sees("Control-K opens the monitor"),
    Types("\x0b"),
    Sees("entry 1"),
    Types("crash stack-recursion cpu1\r"),
    Sees("by a thread, as the machine goes on"),
    Sees("entry 2: the system has stopped"),
    Asks("threads", Lists("threads", "name", "culprit")),
    Asks("threads", Waits("main", "to be woken")),
    Asks("thread {thread main}", ComesFrom("first_run")),
    Asks("cpus", Lists("cpus", "state", "stopped")),
    Asks("cpus", Runs(1, "culprit")),
    Asks("stacks", Lists("stacks", "name", "stack of the thread culprit")),
    Asks("layout", Whole),
    Asks("pte {image}", Translates),
    Asks("pool {non-paged pool}", Lists("blocks", "which", "here")),
    Asks("vm", AddsUp),
    Types("go\r"),
    Sees("there is nothing to go on with"),
    // The dead system can be harmed, too.
    Types("crash null-read\r"),
    Sees("entry 3: the system has stopped"),
    Asks("vm", AddsUp),
    Types("reboot\r"),
    Ends(End::Reset),
];

/// A fault on the second processor while it has the page tables locked: the monitor inherits the lock.
const INSIDE: &[Step] = &[
    Sees("Control-K opens the monitor"),
    Types("\x0b"),
    Sees("entry 1"),
    Types("crash stop-inside cpu1\r"),
    Sees("entry 2: the system has stopped"),
    Sees("because somebody held the lock: page tables"),
    Asks("layout", Whole),
    Asks("vm", AddsUp),
    Asks("pte {image}", Translates),
    Asks("pfn {table}", IsTable),
    Asks("audit", Zero(&["writable_executable", "reserved_bits"])),
    Asks("wx", Zero(&["count"])),
    Asks("threads", Lists("threads", "name", "culprit")),
    Asks("thread {thread culprit}", ComesFrom("stops::inside")),
    Asks("locks", Whole),
    Types("reboot\r"),
    Ends(End::Reset),
];

/// A machine that is held and let go again and again while it does everything at once.
const HELD: &[Step] = &[Sees("checks, 0 wrong, in"), Visits(50, 0), Reports("verdict", "pass")];

/// The monitor of a kernel that is told to leave serial ports alone: typed at by keyboard, read on the screen, while
/// the machine runs and after a bug check.
const SCREEN: &[Step] = &[
    Reads("the machine waits, Control-K opens the monitor"),
    Presses(&["ctrl", "k"]),
    Reads("XTOS monitor, entry 1: 1 of 1 other processors are held"),
    Strikes("vn"),
    Presses(&["backspace"]),
    Strikes("m\r"),
    ReadsLine("0: kd> vm"),
    // A page is as long as the screen shows: its first line and the question are there at once.
    ReadsLine("-- more --"),
    Reads("Physical Memory:"),
    Strikes(" "),
    Reads("Committed:"),
    // Editing in the middle, what was typed before, completion.
    Strikes("lyot"),
    Presses(&["home"]),
    Presses(&["right"]),
    Strikes("a"),
    Presses(&["end"]),
    Presses(&["left"]),
    Strikes("u\r"),
    ReadsLine("0: kd> layout"),
    Reads("per-processor data"),
    Strikes("pte 0\r"),
    Reads("not valid"),
    Presses(&["up"]),
    Presses(&["backspace"]),
    Strikes("1234\r"),
    ReadsLine("0: kd> pte 1234"),
    Strikes("poolu\t bytes\r"),
    ReadsLine("0: kd> poolused bytes"),
    Pictures("held"),
    Strikes("go\r"),
    ReadsLine("the machine goes on"),
    // Letters are no key for a machine that runs, and Control is up again.
    Strikes("k"),
    Presses(&["ctrl", "k"]),
    Reads("XTOS monitor, entry 2"),
    Strikes("crash stack-recursion cpu1\r"),
    Reads("XTOS monitor, entry 3: the system has stopped"),
    Reads("*** STOP 0x0000007f"),
    Pictures("stopped"),
    // However much follows, what the stop has told stays.
    Strikes("log 200\r"),
    ReadsLine("-- more --"),
    Strikes(" "),
    ReadsLine("-- more --"),
    Strikes("q"),
    Strikes("stacks\r"),
    ReadsLine("1: kd> stacks"),
    Reads("stack of the thread culprit"),
    Reads("*** STOP 0x0000007f"),
    Pictures("looked-into"),
    Strikes("crash null-read\r"),
    Reads("XTOS monitor, entry 4: the system has stopped"),
    Strikes("poweroff\r"),
    Ends(End::PoweredOff),
];
