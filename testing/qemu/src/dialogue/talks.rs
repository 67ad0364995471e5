//! The conversations that every change has to pass, with either firmware.
//!
//! Each is one boot of the disk image with a configuration of its own, so that few boots show much.

use xtcore::choice::Architecture;

use super::Check::{AddsUp, ComesFrom, IsTable, Lists, Translates, Waits, Whole, Zero};
use super::Step::{
    self, Asks, Ends, Mirrors, Pictures, Presses, Reads, ReadsLine, Repeats, Reports, Sees, SeesNot, Strikes,
    Types, Visits,
};
use crate::guest::Graphics;
use crate::monitor::End;

/// A conversation.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    /// The last word of the step's name.
    pub name: &'static str,
    /// The loader's configuration; `{parameters}` stands for the kernel parameters of a boot that is judged.
    configuration: &'static str,
    /// The graphics card.
    pub graphics: Graphics,
    /// How many processors there are.
    pub processors: u32,
    steps: &'static [Step],
    /// What comes last, where the firmware's width decides about it.
    ending: Ending,
}

/// What comes last.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// As the steps say.
    Written,
    /// The kernel reports the narrow paging mode.
    Reported,
    /// It does, and its screen is read too.
    Narrow,
}

impl Talk {
    /// Returns the configuration's text.
    #[must_use]
    pub fn configuration(&self, parameters: &str, architecture: Architecture) -> String {
        let application = match architecture {
            Architecture::Amd64 => "BOOTX64.EFI",
            Architecture::I686 => "BOOTIA32.EFI",
        };
        self.configuration.replace("{parameters}", parameters).replace("{application}", application)
    }

    /// Returns the steps.
    #[must_use]
    pub fn steps(&self, architecture: Architecture) -> Vec<Step> {
        let mut steps = self.steps.to_vec();
        let (narrow, _) = architecture.modes();
        if !matches!(self.ending, Ending::Written) {
            steps.push(Reports("paging", narrow.name()));
        }
        if matches!(self.ending, Ending::Narrow) {
            steps.push(Repeats("kernel"));
        }
        steps
    }
}

/// An arrow down, and Ctrl-X, as a terminal sends them.
const DOWN: Step = Types("\x1b[B");
const BOOT: Step = Types("\x18");

/// What a user does who meets the loader for the first time, over the serial line alone, and ends in the narrow mode.
const TOUR: &[Step] = &[
    Sees("XT Operating System"),
    Sees("any key stops the countdown"),
    DOWN,
    SeesNot("any key stops the countdown"),
    Mirrors("menu"),
    Types("h"),
    Sees("Shows this page."),
    Types(" "),
    Sees("Narrow"),
    Types("s"),
    Sees("`help` lists the commands"),
    Types("ver\r"),
    Sees("XTLDR 0.1.0"),
    Types("memmap\r"),
    Sees("-- more --"),
    Types("q"),
    Types("cpu\r"),
    Sees("pml"),
    Pictures("shell"),
    Types("ls \\EFI\\BOOT\r"),
    Sees("BOOTIA32.EFI"),
    Types("cat \\EFI\\BOOT\\XTLDR\\XTLDR.INI\r"),
    Sees("SystemName=XT Operating System"),
    Types("frobnicate\r"),
    Sees("frobnicate"),
    Types("menu\r"),
    Sees("Narrow"),
    Types("\x1b[A"),
    Types("e"),
    Sees("Parameters"),
    Types("\r"),
    Types(" NOXPA\r"),
    Sees("NOXPA"),
    BOOT,
];

/// The guest's own keyboard.
const KEYBOARD: &[Step] = &[
    Sees("any key stops the countdown"),
    Presses(&["down"]),
    SeesNot("any key stops the countdown"),
    Presses(&["f1"]),
    Sees("Shows this page."),
    Presses(&["esc"]),
    Sees("XT Operating System"),
    Presses(&["e"]),
    Sees("Parameters"),
    Presses(&["esc"]),
    Sees("XT Operating System"),
    // The firmware restarts into its settings, and the machine ends at a restart.
    Presses(&["f10"]),
    Ends(End::Reset),
];

/// No graphics card, and a terminal that sends garbage.
const SERIAL: &[Step] = &[
    Sees("XT Operating System"),
    Types("\x1b[999;999;999;999;999;999~\x1b[?\u{7f}\u{1b}[[Z"),
    Sees("XT Operating System"),
    Types("s"),
    Sees("`help` lists the commands"),
    Types("memmap\r"),
    Sees("-- more --"),
    Types("q"),
    Types("poweroff\r"),
    Ends(End::PoweredOff),
];

/// Modules: one with a setting, one that looks at the firmware's tables, one for the screen; and a boot from the shell.
const MODULES: &[Step] = &[
    Sees("XT Operating System"),
    Types("s"),
    Types("lsmod\r"),
    Sees("dummy"),
    Types("insmod framebuf\r"),
    Sees("framebuf is loaded"),
    Types("echo what is typed here\r"),
    Sees("what is typed here"),
    Types("acpi\r"),
    Sees("FADT"),
    Types("help echo\r"),
    Sees("(a module's)"),
    Types("insmod nowhere\r"),
    Sees("no such file"),
    Types("ls\r"),
    Sees("EFI"),
    Types("set NOXPA\r"),
    Types("set\r"),
    Sees("NOXPA"),
    Types("boot XTOS ROUNDS=1000\r"),
];

/// A configuration with something of everything wrong in it.
const BROKEN: &[Step] = &[
    Sees("Timeuot"),
    Sees("Wrong digest"),
    Sees("cannot boot"),
    Types("\r"),
    Sees("SHA-256"),
    Sees("Wrong digest"),
    DOWN,
    Types("\r"),
    Sees("no such volume"),
    DOWN,
    Types("\r"),
    Sees("nowhere"),
    Types("r"),
    Ends(End::Reset),
];

/// A loader that starts a second one, which is told by its command line what to do.
const CHAIN: &[Step] = &[Sees("Once more"), Types("\r"), Sees("in 77 s"), Types("p"), Ends(End::PoweredOff)];

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

/// A machine that is held and let go again and again while it does everything at once.
const HELD: &[Step] = &[Sees("checks, 0 wrong, in"), Visits(50, 0), Reports("verdict", "pass")];

/// The monitor of a kernel that is told to leave serial ports alone: typed at by keyboard, read on the screen, while the machine runs
/// and after a bug check.
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

const USUAL: &str = "\
[XTLDR]\r
Default=XTOS\r
Timeout=60\r
[XTOS]\r
SystemName=XT Operating System\r
SystemType=XTOS\r
SystemPath=\\XTOS\r
KernelFile=XTOSKRNL.EXE\r
Parameters={parameters}\r
[NARROW]\r
SystemName=Narrow paging\r
SystemType=XTOS\r
SystemPath=\\XTOS\r
KernelFile=XTOSKRNL.EXE\r
Parameters={parameters} NOXPA\r
";

/// A boot without a menu.
const AT_ONCE: &str = "\
[XTLDR]\r
Default=XTOS\r
Timeout=0\r
[XTOS]\r
SystemName=XT Operating System\r
SystemType=XTOS\r
SystemPath=\\XTOS\r
KernelFile=XTOSKRNL.EXE\r
Parameters={parameters} STRESS=off\r
";

/// The same, without a serial port for the kernel.
const AT_ONCE_ON_SCREEN: &str = "\
[XTLDR]\r
Default=XTOS\r
Timeout=0\r
[XTOS]\r
SystemName=XT Operating System\r
SystemType=XTOS\r
SystemPath=\\XTOS\r
KernelFile=XTOSKRNL.EXE\r
Parameters=DEBUG=SCREEN STRESS=off\r
";

/// The same, with the stress.
const AT_ONCE_WITH_STRESS: &str = "\
[XTLDR]\r
Default=XTOS\r
Timeout=0\r
[XTOS]\r
SystemName=XT Operating System\r
SystemType=XTOS\r
SystemPath=\\XTOS\r
KernelFile=XTOSKRNL.EXE\r
Parameters={parameters}\r
";

/// All of them.
pub const TALKS: [Talk; 10] = [
    Talk {
        name: "tour",
        configuration: USUAL,
        graphics: Graphics::Card,
        processors: 1,
        steps: TOUR,
        ending: Ending::Narrow,
    },
    Talk {
        name: "keyboard",
        configuration: USUAL,
        graphics: Graphics::Card,
        processors: 1,
        steps: KEYBOARD,
        ending: Ending::Written,
    },
    Talk {
        name: "serial",
        configuration: USUAL,
        graphics: Graphics::Absent,
        processors: 1,
        steps: SERIAL,
        ending: Ending::Written,
    },
    Talk {
        name: "modules",
        configuration: "\
[XTLDR]
Modules=acpi dummy
Dummy.Greeting=Good day
[XTOS]
SystemName=XT Operating System
SystemType=XTOS
SystemPath=\\XTOS
KernelFile=XTOSKRNL.EXE
Parameters={parameters}
BootModules=framebuf
",
        graphics: Graphics::Card,
        processors: 1,
        steps: MODULES,
        ending: Ending::Reported,
    },
    Talk {
        name: "broken",
        configuration: "\
; what can be wrong, is
[XTLDR]
Modules=nowhere dummy
Timeuot=5
[DIGEST]
SystemName=Wrong digest
SystemType=XTOS
SystemPath=\\XTOS
KernelFile=XTOSKRNL.EXE
KernelSha256=0000000000000000000000000000000000000000000000000000000000000000
[FILE]
SystemName=No such file
SystemType=XTOS
SystemPath=multi(0)disk(0)rdisk(7)partition(3)\\XTOS
KernelFile=XTOSKRNL.EXE
[MODULE]
SystemName=No such module
SystemType=XTOS
SystemPath=\\XTOS
KernelFile=XTOSKRNL.EXE
BootModules=nowhere
[PATH]
SystemName=No path at all
SystemType=XTOS
",
        graphics: Graphics::Card,
        processors: 1,
        steps: BROKEN,
        ending: Ending::Written,
    },
    Talk {
        name: "chain",
        configuration: "\
[XTLDR]
Modules=chainldr
[CHAIN]
SystemName=Once more
SystemType=CHAINLOADER
SystemPath=\\EFI\\BOOT
KernelFile={application}
Parameters=Timeout=77
",
        graphics: Graphics::Card,
        processors: 1,
        steps: CHAIN,
        ending: Ending::Written,
    },
    Talk {
        name: "monitor",
        configuration: AT_ONCE,
        graphics: Graphics::Card,
        processors: 2,
        steps: MONITOR,
        ending: Ending::Written,
    },
    Talk {
        name: "autopsy",
        configuration: AT_ONCE,
        graphics: Graphics::Card,
        processors: 2,
        steps: AUTOPSY,
        ending: Ending::Written,
    },
    Talk {
        name: "screen",
        configuration: AT_ONCE_ON_SCREEN,
        graphics: Graphics::Card,
        processors: 2,
        steps: SCREEN,
        ending: Ending::Written,
    },
    Talk {
        name: "held",
        configuration: AT_ONCE_WITH_STRESS,
        graphics: Graphics::Card,
        processors: 2,
        steps: HELD,
        ending: Ending::Written,
    },
];
