//! What is done to a boot beside choosing the machine: files broken on purpose, a loader that lies, devices that
//! are missing. And what is to come of it.

mod locks;
pub(super) mod overflows;
mod places;

use xtcore::PagingMode;

use crate::guest::{
    Arrangement, Concurrency, Configuration, Damage, ExitDevice, Graphics, LineEnds, MemorySize, SerialPort,
};
use crate::screen::Paper;

/// What a boot is expected to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// It passes, in the mode and with the memory that the cell says.
    Pass,
    /// It is refused.
    Refused {
        /// By `xtldr` or `xtoskrnl`.
        by: &'static str,
        /// Words that the refusal or its bug check contains, whatever their case.
        words: &'static [&'static str],
    },
    /// It fails, because something is writable and executable: the proof that the harness can find it.
    FailWritableAndExecutable,
    /// The kernel stops itself, and says all of it.
    BugCheck {
        /// The number of the bug check.
        code: u64,
        /// Its first parameters, as many as are the same in every boot.
        parameters: &'static [u64],
        /// The run level at which the kernel was.
        level: &'static str,
        /// Words in its sentence or the name of its stack, whatever their case.
        words: &'static [&'static str],
    },
}

/// What a processor in its mode must have for a trial to make sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// Nothing that not all have.
    Nothing,
    /// Pages that forbid execution, which the narrowest mode does not have.
    NoExecute,
    /// Pages of 1 GiB, which only the 64-bit modes have, and memory enough for some.
    GigabytePages,
}

impl Demand {
    /// Tells whether a mode can meet the demand.
    #[must_use]
    pub const fn is_met_in(self, mode: PagingMode) -> bool {
        match self {
            Self::Nothing => true,
            Self::NoExecute => !matches!(mode, PagingMode::Pml2),
            Self::GigabytePages => matches!(mode, PagingMode::Pml4 | PagingMode::Pml5),
        }
    }

    /// Returns the memory that meets the demand, if not any does.
    #[must_use]
    pub const fn memory(self) -> Option<MemorySize> {
        match self {
            Self::Nothing | Self::NoExecute => None,
            // Two thirds of it lie above 4 GiB in one piece.
            Self::GigabytePages => Some(MemorySize::gibibytes(6)),
        }
    }
}

/// Which build of the loader a trial needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoaderBuild {
    /// The ordinary one.
    Ordinary,
    /// The one that spoils the loader block as the parameter TAMPER says.
    Tampering,
}

/// Which build of the kernel a trial boots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KernelBuild {
    /// What users boot.
    Release,
    /// The one that checks its assertions and watches the order of its locks.
    Checked,
}

/// Who is to be named by a bug check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Culprit {
    /// The thread.
    pub thread: &'static str,
    /// Its processor.
    pub cpu: u64,
}

/// The kernel's file in a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KernelFile {
    /// As it was built.
    Intact,
    /// With one thing wrong.
    Damaged(Damage),
    /// Absent.
    Missing,
}

/// The configuration in a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigurationFile {
    /// The ordinary one.
    Ordinary(LineEnds),
    /// Absent.
    Missing,
    /// No byte in it.
    Empty,
    /// Right, but followed by a mebibyte on one line.
    OverLong,
}

/// How often a trial occurs in the selection for every change; the whole matrix has each in every mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    /// In one of the modes.
    Once,
    /// In one mode of each architecture, because different code answers it there.
    EachArchitecture,
    /// In every mode.
    EachMode,
    /// In this mode, picked so that few trials cover much together.
    In(PagingMode),
    /// In none, because other rows meet every mode with the same; see there.
    Covered,
    /// Not at all: it takes long.
    Never,
}

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The last word of the cell's name; empty for the ordinary boot.
    pub name: &'static str,
    /// The loader.
    pub loader: LoaderBuild,
    /// The kernel.
    pub build: KernelBuild,
    /// The kernel's file.
    pub kernel: KernelFile,
    /// The configuration.
    pub configuration: ConfigurationFile,
    /// Further kernel parameters.
    pub parameters: &'static str,
    /// How many processors the machine has.
    pub processors: u32,
    /// How they share cores and packages.
    pub arrangement: Arrangement,
    /// How the emulator runs them.
    pub concurrency: Concurrency,
    /// The graphics card.
    pub graphics: Graphics,
    /// The exit port.
    pub exit_device: ExitDevice,
    /// Where it is listened to.
    pub serial: SerialPort,
    /// What its screen is to show text on; `None` leaves the screen alone.
    pub screen: Option<Paper>,
    /// What it cannot do without.
    pub demand: Demand,
    /// How often it occurs.
    pub turns: Turns,
    /// What is to come of it.
    pub expectation: Expectation,
    /// Who a bug check is to name: a thread of the kernel's.
    pub culprit: Culprit,
}

/// The ordinary boot.
pub const PLAIN: Trial = Trial {
    name: "",
    loader: LoaderBuild::Ordinary,
    build: KernelBuild::Release,
    kernel: KernelFile::Intact,
    configuration: ConfigurationFile::Ordinary(LineEnds::Lf),
    parameters: "",
    processors: 1,
    arrangement: Arrangement::PLAIN,
    concurrency: Concurrency::Threads,
    graphics: Graphics::Card,
    exit_device: ExitDevice::Present,
    serial: SerialPort::First,
    screen: None,
    demand: Demand::Nothing,
    turns: Turns::Once,
    expectation: Expectation::Pass,
    culprit: Culprit { thread: "main", cpu: 0 },
};

/// A crime of the kernel's own, which its parameter `CRIME` orders. Traps are each architecture's own code.
const fn crime(name: &'static str, parameters: &'static str, expectation: Expectation) -> Trial {
    Trial { name, parameters, turns: Turns::EachArchitecture, expectation, ..PLAIN }
}

/// A stack that overflows so that its fault cannot be delivered on it: UNEXPECTED_KERNEL_MODE_TRAP, 8.
const fn overflow(level: &'static str) -> Expectation {
    let words = &["double fault", "overflowed into its guard", "stack of the thread main"];
    Expectation::BugCheck { code: 0x7F, parameters: &[8], level, words }
}

/// A page fault at Passive.
const fn page_fault(code: u64, parameters: &'static [u64], words: &'static [&'static str]) -> Expectation {
    Expectation::BugCheck { code, parameters, level: "passive", words }
}

/// A fault on absent memory at Dispatch: IRQL_NOT_LESS_OR_EQUAL.
const fn raised(parameters: &'static [u64], words: &'static [&'static str]) -> Expectation {
    Expectation::BugCheck { code: 0x0A, parameters, level: "dispatch", words }
}

/// An ordinary boot of a machine with several processors.
const fn processors(name: &'static str, processors: u32, turns: Turns) -> Trial {
    Trial { name, processors, turns, ..PLAIN }
}

/// A crime against a pool, at Passive. The pools' code is the same for both architectures.
const fn pool_crime(
    name: &'static str,
    parameters: &'static str,
    code: u64,
    first: &'static [u64],
    words: &'static [&'static str],
) -> Trial {
    let expectation = Expectation::BugCheck { code, parameters: first, level: "passive", words };
    Trial { name, parameters, expectation, ..PLAIN }
}

const fn tampered(name: &'static str, parameters: &'static str, expectation: Expectation) -> Trial {
    Trial { name, loader: LoaderBuild::Tampering, parameters, expectation, ..PLAIN }
}

/// A loader block that the kernel must not accept.
const fn false_block(name: &'static str, parameters: &'static str, words: &'static [&'static str]) -> Trial {
    tampered(name, parameters, Expectation::Refused { by: "xtoskrnl", words })
}

const fn kernel(name: &'static str, kernel: KernelFile) -> Trial {
    let expectation = Expectation::Refused { by: "xtldr", words: &["XTOSKRNL.EXE"] };
    Trial { name, kernel, expectation, ..PLAIN }
}

const fn configuration(name: &'static str, configuration: ConfigurationFile) -> Trial {
    let expectation = Expectation::Refused { by: "xtldr", words: &["XTLDR.INI"] };
    Trial { name, configuration, expectation, ..PLAIN }
}

/// 1 GiB pages left alone on a processor that has them, which is the only way to be without them where the firmware does
/// not come up without them.
pub(super) const NO_GIGABYTE_PAGES: Trial = Trial {
    name: "no-gigabyte-pages",
    parameters: "NOGBPAGES",
    demand: Demand::GigabytePages,
    turns: Turns::In(PagingMode::Pml5),
    ..PLAIN
};

/// Returns every trial but the ordinary boot, in an order that is always the same.
pub fn trials() -> impl Iterator<Item = Trial> {
    TRIALS.into_iter().chain(locks::TRIALS).chain(overflows::TRIALS).chain(places::TRIALS)
}

/// The trials that stand for themselves.
const TRIALS: [Trial; 67] = [
    NO_GIGABYTE_PAGES,
    kernel("kernel-missing", KernelFile::Missing),
    kernel("kernel-truncated", KernelFile::Damaged(Damage::Truncated)),
    kernel("kernel-wrong-machine", KernelFile::Damaged(Damage::WrongMachine)),
    kernel("kernel-corrupt-header", KernelFile::Damaged(Damage::Signature)),
    kernel("kernel-overlapping-sections", KernelFile::Damaged(Damage::OverlappingSections)),
    kernel("kernel-relocation-outside", KernelFile::Damaged(Damage::RelocationOutside)),
    configuration("configuration-missing", ConfigurationFile::Missing),
    configuration("configuration-empty", ConfigurationFile::Empty),
    configuration("configuration-overlong", ConfigurationFile::OverLong),
    Trial { name: "configuration-crlf", configuration: ConfigurationFile::Ordinary(LineEnds::CrLf), ..PLAIN },
    // Without an exit port the stopped kernel stays where it is, and its screen can be looked at.
    Trial {
        exit_device: ExitDevice::Absent,
        screen: Some(Paper::Stop),
        ..false_block("block-version", "TAMPER=version", &["LOADER_BLOCK_MISMATCH", "version"])
    },
    false_block("block-size", "TAMPER=size", &["LOADER_BLOCK_MISMATCH", "bytes"]),
    false_block("block-checksum", "TAMPER=checksum", &["LOADER_BLOCK_MISMATCH", "checksum"]),
    false_block("block-unsorted", "TAMPER=unsorted", &["LOADER_BLOCK_MISMATCH", "memory map"]),
    false_block("block-overlap", "TAMPER=overlap", &["LOADER_BLOCK_MISMATCH", "memory map"]),
    false_block("block-free-root", "TAMPER=cr3free", &["LOADER_BLOCK_MISMATCH", "page table"]),
    false_block("block-machine", "TAMPER=machine", &["LOADER_BLOCK_MISMATCH", "machine"]),
    false_block("no-memory", "TAMPER=nomemory", &["INSTALL_MORE_MEMORY", "memory"]),
    Trial {
        name: "contradiction",
        parameters: "NOXPA XPA",
        expectation: Expectation::Refused { by: "xtldr", words: &["NOXPA", "XPA", "contradict"] },
        ..PLAIN
    },
    tampered("poisoned-memory", "TAMPER=poison", Expectation::Pass),
    // Where execution can be forbidden both counts must find it; without that, only the frames tell.
    Trial {
        turns: Turns::EachArchitecture,
        ..tampered("writable-code", "TAMPER=wx", Expectation::FailWritableAndExecutable)
    },
    Trial { name: "screen", screen: Some(Paper::Log), ..PLAIN },
    // `seed-for-two`, `checked` and `seed-for-eight` have as many in every mode. Only here do eight race, which takes minutes
    // on a host with two.
    processors("two-processors", 2, Turns::Covered),
    processors("four-processors", 4, Turns::Covered),
    processors("eight-processors", 8, Turns::In(PagingMode::Pml5)),
    Trial { parameters: "ROUNDS=1000000", ..processors("million-rounds", 4, Turns::Never) },
    Trial { parameters: "MAXCPUS=1", ..processors("one-of-two-processors", 2, Turns::Once) },
    // Four processors in two cores, then in two packages.
    Trial {
        arrangement: Arrangement { sockets: 1, threads: 2 },
        ..processors("two-threads-a-core", 4, Turns::EachArchitecture)
    },
    Trial {
        arrangement: Arrangement { sockets: 2, threads: 1 },
        ..processors("two-packages", 4, Turns::EachArchitecture)
    },
    // The first of the others, so that those after it move up.
    Trial { parameters: "SILENT=1", ..processors("silent-processor", 3, Turns::EachArchitecture) },
    Trial {
        parameters: "NOX2APIC CLOCK=HPET TIMER=PM",
        ..processors("other-clock", 2, Turns::EachArchitecture)
    },
    Trial { name: "other-line", parameters: "DEBUG=COM2,57600", serial: SerialPort::Second, ..PLAIN },
    // Nobody answers there, so the log stays where it is.
    Trial { name: "no-such-line", parameters: "DEBUG=COM0:0x3220;SCREEN", ..PLAIN },
    Trial { name: "other-date", parameters: "TIME=2031-02-03T04:05:06", ..PLAIN },
    Trial { parameters: "CLOCK=PIT TIMER=PIT", ..processors("oldest-clock", 2, Turns::EachArchitecture) },
    Trial { name: "no-framebuffer", graphics: Graphics::Absent, ..PLAIN },
    Trial { name: "no-exit-port", exit_device: ExitDevice::Absent, turns: Turns::EachArchitecture, ..PLAIN },
    crime("stack-recursion", "CRIME=stack-recursion", overflow("passive")),
    crime("stack-recursion-raised", "CRIME=stack-recursion@dispatch", overflow("dispatch")),
    crime("stack-jump", "CRIME=stack-jump", overflow("passive")),
    crime("stack-jump-raised", "CRIME=stack-jump@dispatch", overflow("dispatch")),
    crime("stack-frame", "CRIME=stack-frame", overflow("passive")),
    crime("stack-frame-raised", "CRIME=stack-frame@dispatch", overflow("dispatch")),
    crime(
        "stack-probe",
        "CRIME=stack-probe",
        page_fault(
            0x2B,
            &[],
            &["stack of the thread main has overflowed", "read of", "guard of the stack of the thread main"],
        ),
    ),
    crime(
        "null-read",
        "CRIME=null-read",
        page_fault(0x50, &[0x10, 0], &["read of 0x10", "no page is mapped"]),
    ),
    crime("null-read-raised", "CRIME=null-read@dispatch", raised(&[0x10, 2, 0], &["read of 0x10"])),
    crime("write-text", "CRIME=write-text", page_fault(0xBE, &[], &["write to", "in the image"])),
    Trial {
        demand: Demand::NoExecute,
        ..crime(
            "execute-data",
            "CRIME=execute-data",
            page_fault(0xFC, &[], &["fetch from", "stack of the thread main"]),
        )
    },
    // The second bug check comes while the first one tells what happened.
    crime(
        "stop-in-stop",
        "CRIME=stop-in-stop",
        Expectation::BugCheck {
            code: 0x0A,
            parameters: &[0x18, 6, 0],
            level: "high",
            words: &["read of 0x18", "run level high"],
        },
    ),
    crime("stop-inside", "CRIME=stop-inside", raised(&[0x28, 2, 0], &["read of 0x28"])),
    crime("fault-raised", "CRIME=fault-at-dispatch", raised(&[], &["read of", "in the system PTEs"])),
    crime(
        "thread-recursion",
        "CRIME=thread-recursion",
        Expectation::BugCheck {
            code: 0x7F,
            parameters: &[8],
            level: "passive",
            words: &["double fault", "kernel stack has overflowed into its guard"],
        },
    ),
    pool_crime("pool-double-free", "CRIME=pool-double-free", 0xC2, &[0x7], &["free already"]),
    pool_crime("pool-wrong-tag", "CRIME=pool-wrong-tag", 0xC2, &[0xA], &["'Crim'", "'Othr'"]),
    pool_crime("pool-interior", "CRIME=pool-interior", 0xC2, &[0x99], &["inside"]),
    pool_crime("pool-foreign", "CRIME=pool-foreign", 0xC2, &[0x46], &["never in this pool"]),
    pool_crime("pool-overflow", "CRIME=pool-overflow", 0x19, &[0x21], &["past the end"]),
    pool_crime(
        "pool-after-free-full",
        "CRIME=pool-after-free POOLCHECK=full",
        0x19,
        &[0x23],
        &["while it was free"],
    ),
    pool_crime(
        "pool-underflow-special",
        "CRIME=pool-underflow SPECIALPOOL=Crim SPECIALSIDE=before",
        0xCD,
        &[],
        &["write to", "beyond a block of the special pool"],
    ),
    pool_crime(
        "pool-overflow-special",
        "CRIME=pool-overflow-far SPECIALPOOL=*",
        0xCD,
        &[],
        &["write to", "beyond a block of the special pool"],
    ),
    pool_crime("pool-slack-special", "CRIME=pool-overflow SPECIALPOOL=Crim", 0xC1, &[], &["was written to"]),
    pool_crime(
        "pool-after-free-special",
        "CRIME=pool-after-free SPECIALPOOL=*",
        0xCC,
        &[],
        &["write to", "freed block of the special pool"],
    ),
    crime("pageable-raised", "CRIME=pageable-touch", raised(&[], &["read of", "paged pool"])),
    crime(
        "pageable-allocate-raised",
        "CRIME=pageable-allocate",
        Expectation::BugCheck {
            code: 0xC2,
            parameters: &[0x8],
            level: "dispatch",
            words: &["run level dispatch"],
        },
    ),
    Trial {
        processors: 2,
        ..crime(
            "stale-translation",
            "CRIME=stale-translation",
            Expectation::BugCheck {
                code: 0x1A,
                parameters: &[0x5854_0001],
                level: "passive",
                words: &["stale translations"],
            },
        )
    },
    Trial {
        name: "pool-full-checking",
        parameters: "POOLCHECK=full",
        turns: Turns::EachArchitecture,
        ..PLAIN
    },
];

impl ConfigurationFile {
    /// Returns the file for a boot with these kernel parameters.
    #[must_use]
    pub fn build(self, parameters: &str) -> Configuration {
        match self {
            Self::Ordinary(ends) => Configuration::Standard(ends),
            Self::Missing => Configuration::Missing,
            Self::Empty => Configuration::Verbatim(String::new()),
            Self::OverLong => {
                let ordinary = Configuration::Standard(LineEnds::Lf).text(parameters).unwrap_or_default();
                Configuration::Verbatim(format!("{ordinary}Comment={}\n", "x".repeat(1 << 20)))
            }
        }
    }
}
