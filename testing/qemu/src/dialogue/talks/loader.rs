//! Conversations with the loader: its menu, editor, shell and modules.

use super::super::Step::{self, Ends, Mirrors, Pictures, Presses, Sees, SeesLine, SeesNot, Types};
use super::{Ending, PLAIN, Talk};
use crate::guest::Graphics;
use crate::monitor::End;

/// All of them.
pub(super) const TALKS: [Talk; 6] = [
    Talk { name: "tour", configuration: USUAL, steps: TOUR, ending: Ending::Narrow, ..PLAIN },
    Talk { name: "keyboard", configuration: USUAL, steps: KEYBOARD, ..PLAIN },
    Talk { name: "serial", configuration: USUAL, graphics: Graphics::Absent, steps: SERIAL, ..PLAIN },
    Talk { name: "modules", configuration: WITH_MODULES, steps: MODULES, ending: Ending::Reported, ..PLAIN },
    Talk { name: "broken", configuration: ALL_WRONG, steps: BROKEN, ..PLAIN },
    Talk { name: "chain", configuration: ONCE_MORE, steps: CHAIN, ..PLAIN },
];

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
    Sees("There is no command frobnicate"),
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
    SeesLine("what is typed here"),
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
    SeesLine("  NOXPA"),
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

const WITH_MODULES: &str = "\
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
";

const ALL_WRONG: &str = "\
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
";

const ONCE_MORE: &str = "\
[XTLDR]
Modules=chainldr
[CHAIN]
SystemName=Once more
SystemType=CHAINLOADER
SystemPath=\\EFI\\BOOT
KernelFile={application}
Parameters=Timeout=77
";
