//! `docs/memory-layout.md` shows what the planner plans.
//!
//! The lists of regions, and the budget of the 32-bit modes, in the document are written by this test when
//! `XTOS_UPDATE_DOCS` is set, and compared otherwise.

use std::fmt::Write as _;
use std::path::PathBuf;

use xtcore::{PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtlayout::{BootNeeds, Needs, RegionKind, plan};

const BEGIN: &str = "<!-- begin: written by libs/xtlayout/tests/document.rs -->\n";
const END: &str = "<!-- end -->\n";

/// The self-map of each mode at the geometry's slot.
fn self_map(mode: PagingMode) -> VirtRange {
    let geometry = mode.geometry();
    let shift = geometry.shift(geometry.self_map_level());
    let start = geometry.canonical((geometry.self_map_slot() as u64) << shift);
    let tables = if mode == PagingMode::Pml3 { 4 } else { 1 };
    VirtRange::saturating(start, tables << shift)
}

/// A machine with RAM up to `end`, and a screen of 1280 x 800.
fn example(mode: PagingMode, end: u64) -> Needs {
    let wide = mode.geometry().virtual_bits() > 32;
    let boot = BootNeeds {
        image_base: VirtAddr::new(if wide { 0xFFFF_F800_0000_0000 } else { 0x8080_0000 }),
        image_bytes: 1116 << 10,
        block_bytes: 36 << 10,
        stack_bytes: if wide { 64 << 10 } else { 32 << 10 },
        framebuffer_bytes: 4000 << 10,
    };
    Needs {
        boot,
        self_map: self_map(mode),
        frames_end: PhysAddr::new(end).frame(),
        fault_stacks_bytes: if wide { 9 } else { 3 } * PAGE_BYTES,
        transient_bytes: 2 * PAGE_BYTES,
    }
}

fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
    let (shift, name) = units.into_iter().find(|(shift, _)| bytes >= 4 << shift).unwrap_or((10, "KiB"));
    format!("{} {name}", bytes >> shift)
}

fn tables() -> String {
    let mut text = String::new();
    for mode in PagingMode::ALL {
        let name = mode.name().to_uppercase();
        let layout = plan(mode, &example(mode, 8 << 30)).expect("the example fits");
        writeln!(text, "### {name}\n\n```text").expect("a string takes all");
        for region in layout.regions() {
            let (start, end) = (region.range.start().get(), region.range.end().get());
            let bytes = size(region.range.bytes());
            writeln!(text, "{start:016x} - {end:016x}  {bytes:>9}  {}", region.kind.name())
                .expect("a string");
        }
        text.push_str("```\n\n");
    }
    text + &budget(PagingMode::Pml2, 26..=32) + &budget(PagingMode::Pml3, 26..=36)
}

/// What a 32-bit kernel's 2 GiB are spent on, a row for each power of two of RAM up to the mode's limit.
fn budget(mode: PagingMode, bits: std::ops::RangeInclusive<u32>) -> String {
    let columns = [
        ("window", RegionKind::Window),
        ("PFN database", RegionKind::PfnDatabase),
        ("frame records", RegionKind::FrameRecords),
        ("system PTEs", RegionKind::SystemPtes),
        ("each pool", RegionKind::NonPagedPool),
        ("its books", RegionKind::NonPagedBooks),
    ];
    let mut text = format!("### The budget of {}\n\n| RAM up to |", mode.name().to_uppercase());
    for (name, _) in columns {
        write!(text, " {name} |").expect("a string");
    }
    text.push_str(" unused at the top |\n|");
    text.push_str(&"---|".repeat(columns.len() + 2));
    text.push('\n');
    for bits in bits {
        let layout = plan(mode, &example(mode, 1 << bits)).expect("the example fits");
        write!(text, "| {} |", size(1 << bits)).expect("a string");
        for (_, kind) in columns {
            let bytes = layout.range(kind).map_or(0, VirtRange::bytes);
            write!(text, " {} |", size(bytes)).expect("a string");
        }
        let end = layout.regions().last().map_or(0, |region| region.range.end().get());
        writeln!(text, " {} |", size((1 << 32) - end)).expect("a string");
    }
    text.push('\n');
    text
}

#[test]
fn the_document_shows_what_is_planned() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/memory-layout.md");
    let document = std::fs::read_to_string(&path).expect("the document is part of the repository");
    let (head, rest) = document.split_once(BEGIN).expect("the document has the begin mark");
    let (shown, tail) = rest.split_once(END).expect("the document has the end mark");
    let planned = tables();
    if std::env::var_os("XTOS_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{planned}{END}{tail}"))
            .expect("the document can be written");
    } else {
        assert_eq!(shown, planned, "run this test with XTOS_UPDATE_DOCS=1 to write the tables anew");
    }
}
