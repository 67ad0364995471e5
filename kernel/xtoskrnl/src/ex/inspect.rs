//! The view for an inspector outside: what the kernel believes its tables say, so that another walker can disagree.

use core::ops::ControlFlow;

use xtcore::{FrameCount, Level, VirtAddr};
use xtpaging::entry::Bits;
use xtpaging::walk::{Leaf, SelfMapPolicy, find};
use xtpaging::{AddressSpace, Rights};

use crate::kd::{self, record};
use crate::mm::look::each_page;
use crate::mm::{Memory, SelfMapTables};

/// Addresses that are translated for comparison.
const TRANSLATIONS: u64 = 1000;

/// Prints every mapped range and a thousand translations, then waits for a byte from the serial line.
pub(crate) fn run(memory: &Memory) {
    kd::expect_byte();
    memory.space().inspect(|space, tables| {
        ranges(space, tables);
        translations(space, tables);
    });
    record!("XTOS-INSPECT");
    // Without a serial line nobody can answer, and nobody has asked.
    let _ = kd::read_byte();
}

/// A stretch of pages that are neighbours in both address spaces and alike.
struct Range {
    first: Leaf,
    pages: u64,
    bytes: u64,
}

/// What must be equal for two pages to belong together.
fn likeness(leaf: &Leaf) -> (Level, Rights, u64) {
    (leaf.level, leaf.rights, leaf.raw & Bits::GLOBAL.bits())
}

impl Range {
    fn joins(&self, leaf: &Leaf) -> bool {
        let frames = FrameCount::holding(self.bytes);
        likeness(&self.first) == likeness(leaf)
            && self.first.address.checked_add(self.bytes) == Some(leaf.address)
            && self.first.frame.saturating_add(frames) == leaf.frame
    }

    fn print(&self) {
        let Leaf { address, frame, rights, raw, .. } = self.first;
        let flag = |set: bool, letter: char| if set { letter } else { '-' };
        let (write, execute) = (flag(rights.write, 'w'), flag(rights.execute, 'x'));
        let user = if rights.user { 'u' } else { 's' };
        let global = flag(raw & Bits::GLOBAL.bits() != 0, 'g');
        let size = match self.bytes / self.pages.max(1) {
            0x1000 => "4K",
            0x20_0000 => "2M",
            0x40_0000 => "4M",
            _ => "1G",
        };
        let (from, bytes) = (frame.address().get(), self.bytes);
        record!(
            "XTOS-RANGE {:#x} {from:#x} {bytes:#x} r{write}{execute}{user}{global} {size}",
            address.get()
        );
    }
}

fn ranges(space: &AddressSpace, tables: &SelfMapTables) {
    let mut current: Option<Range> = None;
    let geometry = space.geometry();
    each_page(space, tables, SelfMapPolicy::Skip, &mut |leaf| {
        let bytes = geometry.page_bytes(leaf.level);
        match &mut current {
            Some(range) if range.joins(leaf) => {
                range.pages += 1;
                range.bytes += bytes;
            }
            _ => {
                if let Some(done) = current.replace(Range { first: *leaf, pages: 1, bytes }) {
                    done.print();
                }
            }
        }
        ControlFlow::Continue(())
    });
    if let Some(last) = current {
        last.print();
    }
}

/// Translates seeded random addresses inside mapped pages, the self-map's among them.
fn translations(space: &AddressSpace, tables: &SelfMapTables) {
    let geometry = space.geometry();
    let mut leaves = 0_u64;
    each_page(space, tables, SelfMapPolicy::Follow, &mut |_| {
        leaves += 1;
        ControlFlow::Continue(())
    });
    // Every leaf gets its share, in order, down to the last one.
    let mut seen = 0;
    let mut told = 0;
    let mut seed = 0x5854_4F53_u64;
    each_page(space, tables, SelfMapPolicy::Follow, &mut |leaf| {
        seen += 1;
        while told * leaves < seen * TRANSLATIONS && told < TRANSLATIONS {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let inside = (seed >> 16) & (geometry.page_bytes(leaf.level) - 1);
            let address = VirtAddr::new(leaf.address.get() + inside);
            if let Ok(found) = find(space, tables, address) {
                record!("XTOS-TRANSLATION {:#x} {:#x}", address.get(), found.address.get());
            }
            told += 1;
        }
        ControlFlow::Continue(())
    });
}
