//! The memory map: what the firmware says, and what the sanitiser makes of it.

use core::fmt::{self, Write};

use xtboot::map::{
    Counts, Descriptor, Edge, FIRMWARE_TYPES, RawMap, RawMapError, SanitiseError, Sanitised, Summary,
    edges_needed, runs_bound, sanitise,
};
use xtcore::{FrameCount, FrameRange, MemoryKind, MemoryRun};
use xtpaging::processor::Processor;

use super::{Context, Result};
use crate::firmware::{Firmware, MapFailure, MapShape, Pages, Placement, Purpose, Status};

/// Descriptors by which a map may grow when memory for it is allocated: an allocation splits one into three, and there
/// is firmware that splits more.
const SLACK: usize = 16;

/// How often a map that outgrew its buffer is asked for again.
const TRIES: u32 = 4;

pub(super) fn memmap(context: &mut Context<'_>, _arguments: &[&str]) -> Result {
    let Context { out, host, .. } = context;
    if let Err(failure) = show(*out, host.firmware(), host.processor()) {
        match failure {
            Failure::Enough => return Err(fmt::Error),
            _ => writeln!(out, "There is no memory map to show: {failure}")?,
        }
    }
    Ok(None)
}

/// Why there is nothing to show.
enum Failure {
    /// The person has seen enough.
    Enough,
    Firmware(Status),
    Growing,
    Raw(RawMapError),
    Sanitise(SanitiseError),
}

impl From<fmt::Error> for Failure {
    fn from(_: fmt::Error) -> Self {
        Self::Enough
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enough => Ok(()),
            Self::Firmware(status) => write!(out, "the firmware refuses: {status}"),
            Self::Growing => write!(out, "it has grown {TRIES} times while it was asked for"),
            Self::Raw(error) => error.fmt(out),
            Self::Sanitise(error) => error.fmt(out),
        }
    }
}

type Shown<T> = core::result::Result<T, Failure>;

fn show(out: &mut dyn Write, firmware: &dyn Firmware, processor: &Processor) -> Shown<()> {
    let (pages, shape) = read(firmware)?;
    let bytes = pages.bytes().get(..shape.bytes).unwrap_or_default();
    let map = RawMap::new(bytes, shape.stride).map_err(Failure::Raw)?;
    writeln!(out, "The firmware's map: {} descriptors of {} bytes", map.len(), shape.stride)?;
    writeln!(out, "  {:20} {:>12} - {:>12} {:>8}  attributes", "type", "from", "to", "pages")?;
    for descriptor in map.descriptors() {
        describe(out, &descriptor)?;
    }

    let mut scratch = allocate(firmware, edges_needed(map.len()) * size_of::<Edge>())?;
    let mut runs = allocate(firmware, runs_bound(map.len()) * size_of::<MemoryRun>())?;
    let none = MemoryRun { frames: FrameRange::default(), kind: MemoryKind::Reserved };
    let sanitised =
        sanitise(map, scratch.array_mut(Edge::EMPTY), runs.array_mut(none)).map_err(Failure::Sanitise)?;
    writeln!(out)?;
    show_runs(out, &sanitised)?;
    show_sums(out, &sanitised, processor)?;
    Ok(())
}

/// Asks for the map, with as much memory as it takes.
fn read(firmware: &dyn Firmware) -> Shown<(Pages<'_>, MapShape)> {
    let (mut needed, mut stride) = match firmware.memory_map(&mut []) {
        Err(MapFailure::TooSmall { needed, stride }) => (needed, stride),
        Err(MapFailure::Refused(status)) => return Err(Failure::Firmware(status)),
        // An empty map.
        Ok(shape) => (shape.bytes, shape.stride),
    };
    for _ in 0..TRIES {
        let mut pages = allocate(firmware, needed.saturating_add(SLACK.saturating_mul(stride)))?;
        match firmware.memory_map(pages.bytes_mut()) {
            Ok(shape) => return Ok((pages, shape)),
            Err(MapFailure::Refused(status)) => return Err(Failure::Firmware(status)),
            Err(MapFailure::TooSmall { needed: more, stride: found }) => (needed, stride) = (more, found),
        }
    }
    Err(Failure::Growing)
}

fn allocate(firmware: &dyn Firmware, bytes: usize) -> Shown<Pages<'_>> {
    let frames = FrameCount::holding(bytes.max(1) as u64);
    Pages::allocate(firmware, frames, Placement::Any, Purpose::Data).map_err(Failure::Firmware)
}

fn describe(out: &mut dyn Write, descriptor: &Descriptor) -> fmt::Result {
    let start = descriptor.start.get();
    let bytes = u128::from(descriptor.pages) << 12;
    // The last byte, so that even a descriptor that runs past the end of the address space shows what it claims.
    let last = (u128::from(start) + bytes).saturating_sub(u128::from(bytes > 0));
    match FIRMWARE_TYPES.iter().find(|row| row.number == descriptor.number) {
        Some(row) => write!(out, "  {:20}", row.name)?,
        None => write!(out, "  type {:<#15x}", descriptor.number)?,
    }
    writeln!(out, " {start:12x} - {last:12x} {:8}  {}", descriptor.pages, Attributes(descriptor.attributes))
}

/// The attribute bits by their names in the specification, without the prefix (UEFI 2.10, section 7.2.3).
struct Attributes(u64);

impl fmt::Display for Attributes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(u32, &str); 15] = [
            (0, "UC"),
            (1, "WC"),
            (2, "WT"),
            (3, "WB"),
            (4, "UCE"),
            (12, "WP"),
            (13, "RP"),
            (14, "XP"),
            (15, "NV"),
            (16, "MORE_RELIABLE"),
            (17, "RO"),
            (18, "SP"),
            (19, "CPU_CRYPTO"),
            (20, "HOT_PLUGGABLE"),
            (63, "RUNTIME"),
        ];
        let mut unnamed = self.0;
        let mut gap = "";
        for (bit, name) in NAMES {
            if self.0 >> bit & 1 == 1 {
                write!(out, "{gap}{name}")?;
                gap = " ";
                unnamed &= !(1 << bit);
            }
        }
        if unnamed == 0 { Ok(()) } else { write!(out, "{gap}{unnamed:#x}") }
    }
}

fn show_runs(out: &mut dyn Write, sanitised: &Sanitised<'_>) -> fmt::Result {
    writeln!(out, "What the kernel would get: {} runs", sanitised.runs().len())?;
    writeln!(out, "  {:20} {:>12} - {:>12} {:>8}", "kind", "from", "to", "pages")?;
    for run in sanitised.runs() {
        let start = run.frames.start().address().get();
        let count = run.frames.count();
        let last = start.wrapping_add(count.bytes()).wrapping_sub(1);
        writeln!(out, "  {:20} {start:12x} - {last:12x} {:8}", run.kind.name(), count.get())?;
    }
    Ok(())
}

fn show_sums(out: &mut dyn Write, sanitised: &Sanitised<'_>, processor: &Processor) -> fmt::Result {
    writeln!(out)?;
    for kind in MemoryKind::ALL {
        let of_kind = sanitised.runs().iter().filter(|run| run.kind == kind);
        let (runs, frames) = of_kind.fold((0_usize, FrameCount::ZERO), |(runs, frames), run| {
            (runs + 1, frames.saturating_add(run.frames.count()))
        });
        if runs > 0 {
            let kibibytes = frames.bytes() >> 10;
            writeln!(out, "  {:20} {runs:4} runs {:10} pages {kibibytes:12} KiB", kind.name(), frames.get())?;
        }
    }
    let Counts { given, kept, dropped, merged } = sanitised.counts();
    writeln!(out, "  {given} descriptors: {kept} kept ({merged} merged), {dropped} dropped")?;
    let (narrow, wide) = processor.architecture.modes();
    for mode in [narrow, wide] {
        let sum = Summary::of(sanitised.runs().iter().copied(), mode.geometry().frame_limit());
        writeln!(
            out,
            "  {mode}: {} MiB usable, {} MiB above the mode's limit",
            sum.usable.bytes() >> 20,
            sum.above_limit.bytes() >> 20
        )?;
    }
    Ok(())
}
