//! What people and machines read: a few lines on the way, and one line when it ends here.
//!
//! Lines for people go to the firmware's console (while it exists) and the serial line; the one that says why the boot
//! ends is drawn on the framebuffer where the console is gone. The line for machines goes to
//! the serial line alone, at column 0: `XTOS-REFUSED {"by":"xtldr","what":"…"}`.

mod notice;
mod quoted;

pub use notice::Notice;
pub(crate) use quoted::{Quoted, Short};

use core::fmt;

use xtboot::block::{LayoutSource, PixelFormat, Screen};
use xtboot::map::{Counts, Summary};
use xtcore::FrameCount;
use xtcore::choice::{Choice, WideMode};
use xtkd::json::Writer;
use xtpaging::Support;
use xtpaging::processor::Processor;

use crate::boot::leaves_gigabyte_pages;
use crate::config::Entry;
use crate::firmware::{Firmware, Graphics};
use crate::image::Validated;
use crate::menu::{Note, note};
use crate::trust::{Measured, Recorded};
use crate::volume::NotThere;

macro_rules! say {
    ($firmware:expr, $($text:tt)*) => {
        $firmware.print(format_args!($($text)*))
    };
}

/// Tells why the boot ends here, to people and to machines.
pub fn refuse(firmware: &dyn Firmware, what: &dyn fmt::Display) {
    firmware.announce(format_args!("XTLDR cannot boot: {what}"));
    firmware.print_machine_line(format_args!("{}", Refused(what)));
}

/// The line for machines that says why the boot ends.
pub struct Refused<'a>(pub &'a dyn fmt::Display);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("XTOS-REFUSED ")?;
        Writer::object(out, |line| {
            line.text("by", "xtldr")?;
            line.text("what", self.0)
        })
    }
}

/// Introduces loader, firmware and processor.
pub(crate) fn greet(firmware: &dyn Firmware, processor: &Processor) {
    let maker = firmware.describe();
    let (major, minor) = maker.uefi;
    let capabilities = processor.capabilities;
    let (_, wide) = processor.architecture.modes();
    say!(firmware, "XTLDR {} ({})", env!("CARGO_PKG_VERSION"), processor.architecture.name());
    say!(firmware, "  firmware   {}, revision {:#x}, UEFI {major}.{minor}", maker.vendor, maker.revision);
    say!(
        firmware,
        "  processor  {wide} {}, no-execute {}, 1 GiB pages {}, {} address bits",
        if processor.wide == WideMode::Present { "yes" } else { "no" },
        yes_no(capabilities.no_execute),
        yes_no(capabilities.gigabyte_pages),
        capabilities.physical_bits
    );
}

fn yes_no(support: Support) -> &'static str {
    if support.is_present() { "yes" } else { "no" }
}

/// Returns the loader's name, as the menu shows it.
pub(crate) fn heading(processor: &Processor) -> Note {
    note(&format_args!("XTLDR {} ({})", env!("CARGO_PKG_VERSION"), processor.architecture.name()))
}

/// Tells which configuration was read.
pub(crate) fn configuration(firmware: &dyn Firmware, path: &str) {
    say!(firmware, "  settings   {path}");
}

/// Tells something wrong that the loader goes on with.
pub(crate) fn warn(firmware: &dyn Firmware, what: &dyn fmt::Display) {
    say!(firmware, "XTLDR: {what}");
}

/// Tells what was looked for, and which volumes there are.
pub(crate) fn not_there(firmware: &dyn Firmware, what: &NotThere<'_>) {
    say!(firmware, "  not found  {what}");
}

/// Tells which kernel was found.
pub(crate) fn kernel(
    firmware: &dyn Firmware,
    entry: &Entry<'_>,
    path: &str,
    file_bytes: usize,
    image: &Validated<'_>,
) {
    say!(firmware, "  system     {}, parameters \"{}\"", entry.title, entry.parameters.text());
    say!(
        firmware,
        "  kernel     {path}, {file_bytes} bytes; {} pages, linked at {:#x}, entry {:#x}",
        image.pages().get(),
        image.base(),
        image.entry()
    );
    for part in image.mapped() {
        let section = part.section();
        say!(
            firmware,
            "             {:8} {:4} pages at +{:#08x} {}",
            part.name(),
            section.pages.get(),
            part.address,
            match section.protection {
                xtboot::block::SectionProtection::Read => "read",
                xtboot::block::SectionProtection::ReadWrite => "read, write",
                xtboot::block::SectionProtection::ReadExecute => "read, execute",
            }
        );
    }
}

/// Tells what the kernel's file is, and who vouches for it.
pub(crate) fn trust(firmware: &dyn Firmware, kernel: &Measured, recorded: Recorded) {
    let demanded = if kernel.is_demanded() { "as the entry demands" } else { "the entry demands none" };
    say!(firmware, "  digest     SHA-256 {}, {demanded}", kernel.digest());
    say!(
        firmware,
        "  trust      Secure Boot {}; {}",
        kernel.secure_boot().text(),
        match recorded {
            Recorded::InTpm => "measured: files in PCR 9, parameters in PCR 8",
            Recorded::Nowhere => "no TPM to measure into",
        }
    );
}

/// Tells who chooses where the kernel goes. Never where, and never the seed: the kernel may tell, this log may not.
pub(crate) fn layout(firmware: &dyn Firmware, source: LayoutSource, image: &Validated<'_>) {
    let image = if image.is_movable() { "" } else { "; the image has no relocations and stays" };
    say!(firmware, "  layout     {}{image}", source.text());
}

/// Tells the paging mode and why, and what of it is left alone.
pub(crate) fn paging(firmware: &dyn Firmware, choice: Choice, entry: &Entry<'_>) {
    say!(firmware, "  paging     {}: {}", choice.mode, choice.reason.text());
    if leaves_gigabyte_pages(choice.mode, &entry.parameters) {
        say!(firmware, "             the parameter NOGBPAGES leaves 1 GiB pages alone");
    }
}

/// Tells what becomes of the screen.
pub(crate) fn screen(firmware: &dyn Firmware, graphics: Option<&Graphics>, screen: Option<&Screen>) {
    match (graphics, screen) {
        (_, Some(screen)) => say!(
            firmware,
            "  screen     {}x{} at {:#x}, {}",
            screen.width,
            screen.height,
            screen.address,
            match screen.format {
                PixelFormat::Rgb => "RGB",
                PixelFormat::Bgr => "BGR",
            }
        ),
        (None, None) => say!(firmware, "  screen     none"),
        (Some(graphics), None) => say!(
            firmware,
            "  screen     not used: {}x{} at {:#x} is no linear 32-bit framebuffer in reach",
            graphics.width,
            graphics.height,
            graphics.address
        ),
    }
}

/// Tells how many page tables there are.
pub(crate) fn tables(firmware: &dyn Firmware, planned: FrameCount, used: FrameCount) {
    say!(firmware, "  tables     {} frames planned, {} used", planned.get(), used.get());
}

/// Tells that boot services end now.
pub(crate) fn leaving(firmware: &dyn Firmware) {
    say!(firmware, "  leaving boot services");
}

/// Tells what became of the memory map.
pub(crate) fn memory(firmware: &dyn Firmware, counts: Counts, summary: Summary) {
    say!(
        firmware,
        "  memory     {} descriptors: {} kept ({} merged), {} dropped",
        counts.given,
        counts.kept,
        counts.merged,
        counts.dropped
    );
    say!(
        firmware,
        "             {} MiB usable, {} MiB above the mode's limit",
        mebibytes(summary.usable),
        mebibytes(summary.above_limit)
    );
}

fn mebibytes(frames: FrameCount) -> u64 {
    frames.bytes() >> 20
}

/// Tells that the kernel takes over. Not where: see [`layout`].
pub(crate) fn hand_over(firmware: &dyn Firmware) {
    say!(firmware, "  handing over to the kernel");
}
