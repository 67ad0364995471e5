//! The command line: names, options, defaults, and what contradicts what.
//!
//! Exit status of `run`: 0 pass, 1 fail, 2 refused, 3 timed out, 4 the boot could not be tried at all (set-up, build or
//! emulator). A usage error also exits with 2; it is told apart by its message and by the absence of a JSON line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use xtcore::{PagingMode, choice::Architecture};
use xtqemu::guest::{self, MemorySize};

use crate::toolchain::Choice;

/// Builds, boots, tests and packs XTOS.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Which compiler builds the loader and the kernel.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) toolchain: Choice,
    /// Install missing packages through sudo without asking.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and boot under real UEFI firmware in QEMU, with the serial console in the terminal.
    ///
    /// Exit status: 0 pass, 1 fail, 2 refused (also a usage error), 3 timed out, 4 could not be tried (set-up,
    /// build or emulator; then --json prints no object).
    Run(Box<Run>),
    /// Run the host tests and the boot matrix.
    Test(Test),
    /// Write a disk image that boots 32- and 64-bit UEFI firmware.
    Image(Image),
    /// Tell what is installed, what is missing, and the command that would fix it.
    Doctor,
    /// Measure.
    Bench(Bench),
    /// Run what the goals claim, and write one table: goal, figure, verdict, how to repeat it.
    Evidence(Evidence),
    /// Take the pictures of the loader's and the kernel's screens that the documents show.
    Pictures,
    /// Write the documents as a book to read in a browser, and follow its links.
    Book(Book),
    /// Pack every library, and build each from its package alone.
    Publish(Publish),
    /// Draw a machine's physical memory and virtual layout to scale.
    ///
    /// From a serial log, from a boot made for the purpose, or from a firmware's memory map.
    Map(Box<Map>),
    /// Tell function, file and line for the addresses in a log.
    Symbolize(Symbolize),
}

/// How to boot.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to boot, and on what machine.
    #[command(flatten)]
    pub(crate) machine: Machine,
    /// Open a window with the guest's screen.
    #[arg(long)]
    pub(crate) display: bool,
    /// Let the kernel run its checks and power off; the exit status is the verdict.
    #[arg(long)]
    pub(crate) exit: bool,
    /// Print one JSON object as the last line of standard output; implies --exit.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A machine and the system that it boots.
#[derive(Debug, Clone, Args)]
pub(crate) struct Machine {
    /// The architecture of firmware, loader and kernel [default: what --paging implies, else amd64].
    #[arg(long, value_enum)]
    pub(crate) arch: Option<Arch>,
    /// The paging mode; `auto` leaves it to the CPU model.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) paging: Paging,
    /// Installed memory.
    #[arg(long, default_value = "1G", value_name = "SIZE")]
    pub(crate) memory: MemorySize,
    /// Number of processors.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub(crate) cpus: u32,
    /// Packages that the processors are spread over.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub(crate) sockets: u32,
    /// Processors that share a core.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub(crate) threads: u32,
    /// The emulator's CPU model with its features.
    #[arg(long, default_value = "max", value_name = "MODEL")]
    pub(crate) cpu: String,
    /// The mainboard; 32-bit firmware exists for q35 only.
    #[arg(long = "machine", value_enum, default_value_t)]
    pub(crate) board: Board,
    /// Further kernel parameters.
    #[arg(long, default_value = "", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) params: String,
    /// Boot images with all debug assertions, whose kernel watches the order of its locks.
    #[arg(long)]
    pub(crate) checked: bool,
    /// Give up after this many seconds [default with --exit: 120, 300 from 16G, 600 from 512G,
    /// 1800 from 4T; times half the processors].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// What to draw.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["from", "live", "csv"]))]
pub(crate) struct Map {
    /// A serial log with a kernel's answers to `json layout` and `json memmap`; - for standard input.
    #[arg(long, value_name = "LOG")]
    pub(crate) from: Option<PathBuf>,
    /// Boot a machine, with the options below, and ask its kernel.
    #[arg(long)]
    pub(crate) live: bool,
    /// A firmware's memory map, drawn before and after the loader's sanitiser; like those in testing/data/memmaps.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Only one of the address spaces.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Half>,
    /// The colours of a picture or page; `auto` follows the reader's own choice.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) theme: Theme,
    /// The file to write, by its ending a picture (.svg), a page (.html) or text (.txt) [default: the terminal].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The machine to boot with --live.
    #[command(flatten, next_help_heading = "The machine to boot with --live")]
    pub(crate) machine: Machine,
}

/// An address space by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Half {
    /// The kernel's layout.
    Virtual,
    /// RAM, devices, holes.
    Physical,
}

/// Colours by the reader's choice or ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Theme {
    /// The reader's.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What to test.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Which tests.
    #[arg(value_enum, default_value_t)]
    pub(crate) part: TestPart,
    /// Only steps and cells whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Everything a release runs: the whole product of the matrix, huge machines, long model runs.
    #[arg(long)]
    pub(crate) full: bool,
}

/// Which tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TestPart {
    /// Those that need no emulator.
    Host,
    /// The boot matrix.
    Boot,
    /// Both.
    #[default]
    All,
}

/// What to try.
#[derive(Debug, Args)]
pub(crate) struct Evidence {
    /// At the size of a release, which takes hours.
    #[arg(long)]
    pub(crate) full: bool,
    /// Only these rows, e.g. R5,R9; the page is not written then.
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// Where the disk image goes.
#[derive(Debug, Args)]
pub(crate) struct Image {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Further kernel parameters.
    #[arg(long, default_value = "", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) params: String,
}

/// Where the book goes.
#[derive(Debug, Args)]
pub(crate) struct Book {
    /// The folder to write [default: target/xtos/book/html].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

/// How far to go.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Upload nothing. Must be given: whoever wants to upload types the line that this prints.
    #[arg(long, required = true)]
    pub(crate) dry_run: bool,
}

/// Whose addresses to resolve.
#[derive(Debug, Args)]
pub(crate) struct Symbolize {
    /// The log of a boot; `-` reads standard input.
    #[arg(value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// Use this debug file instead of the one that belongs to the build that the log names.
    #[arg(long, value_name = "FILE")]
    pub(crate) debug_file: Option<PathBuf>,
}

/// What to measure.
///
/// Without a subcommand: our allocators and mapper beside their peers, on this machine. A complete run takes minutes and
/// writes its tables and plots to docs/benchmarks; one with an option prints its table only.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    /// Another benchmark.
    #[command(subcommand)]
    pub(crate) what: Option<Benchmark>,
    /// Only to see that it works: few repeats, figures that are worth little.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only groups of tests whose name contains this, e.g. frames, pools/churn, paging.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// A benchmark that is not the usual one.
#[derive(Debug, Subcommand)]
pub(crate) enum Benchmark {
    /// Counted instructions from kernel entry to ready, by RAM size and paging mode.
    Boot {
        /// Also 1 TiB and 12 TiB; firmware alone takes minutes there.
        #[arg(long)]
        full: bool,
    },
    /// Counted instructions of the kernel's operations, by paging mode, and by number of processors where that matters.
    Kernel,
}

/// An architecture by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// 64-bit.
    Amd64,
    /// 32-bit.
    I686,
}

impl From<Arch> for Architecture {
    fn from(arch: Arch) -> Self {
        match arch {
            Arch::Amd64 => Self::Amd64,
            Arch::I686 => Self::I686,
        }
    }
}

/// A paging mode by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Paging {
    /// The widest that the CPU has.
    #[default]
    Auto,
    /// Two levels, i686.
    Pml2,
    /// Three levels (PAE), i686.
    Pml3,
    /// Four levels, amd64.
    Pml4,
    /// Five levels (LA57), amd64.
    Pml5,
}

impl Paging {
    /// The mode that is demanded, if one is.
    pub(crate) const fn mode(self) -> Option<PagingMode> {
        match self {
            Self::Auto => None,
            Self::Pml2 => Some(PagingMode::Pml2),
            Self::Pml3 => Some(PagingMode::Pml3),
            Self::Pml4 => Some(PagingMode::Pml4),
            Self::Pml5 => Some(PagingMode::Pml5),
        }
    }
}

/// A mainboard by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Board {
    /// PCI Express.
    #[default]
    Q35,
    /// The PC of 1996.
    Pc,
}

impl From<Board> for guest::Machine {
    fn from(board: Board) -> Self {
        match board {
            Board::Q35 => Self::Q35,
            Board::Pc => Self::Pc,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(0) | Err(_) => Err("a whole number of seconds, at least 1".to_owned()),
        Ok(count) => Ok(Duration::from_secs(count)),
    }
}
