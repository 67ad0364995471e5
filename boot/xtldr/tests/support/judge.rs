//! The judgement of a finished boot, by an independent page walker and by the kernel's own verification.

use std::collections::BTreeSet;

use xtboot::block::{Expected, SectionProtection, VerifiedBlock, verify};
use xtcore::{Frame, FrameCount, MemoryKind, PAGE_BYTES, PhysAddr, VirtAddr};
use xtldr::boot::Ready;
use xtpaging::SelfMap;
use xtpaging::processor::Processor;
use xtsim::{Access, Facts, Translation, leaves, tables, translate, walk};

use super::firmware::Mock;

/// What was handed over.
pub(crate) struct HandedOver {
    pub(crate) ready: Ready,
    pub(crate) facts: Facts,
    pub(crate) block: Vec<u8>,
}

impl HandedOver {
    /// Finds the block where the kernel would.
    pub(crate) fn find(mock: &Mock, processor: &Processor, ready: Ready) -> Self {
        let facts = Facts {
            maxphyaddr: processor.capabilities.physical_bits,
            nxe: processor.capabilities.no_execute.is_present(),
            page1gb: processor.capabilities.gigabyte_pages.is_present(),
            pse: processor.capabilities.large_pages.is_present(),
            ..Facts::modern(ready.mode, ready.page_root)
        };
        let mut block = Vec::new();
        let mut at = ready.block;
        while let Ok(page) = translate(&mock.memory, &facts, at) {
            let mut bytes = [0; PAGE_BYTES as usize];
            mock.memory.read(page.physical, &mut bytes).unwrap();
            block.extend(bytes);
            at = at.checked_add(PAGE_BYTES).unwrap();
        }
        Self { ready, facts, block }
    }

    /// Verifies the block as the kernel does.
    pub(crate) fn verify(&self) -> Result<VerifiedBlock<'_>, xtboot::block::BlockError> {
        verify(
            &self.block,
            &Expected {
                architecture: self.ready.architecture,
                mode: self.ready.mode,
                page_root: self.ready.page_root,
                self_map_slot: self.ready.self_map_slot,
                block: self.ready.block,
                stack_pointer: self.ready.stack_top,
            },
        )
    }

    /// Returns the self-map where the loader says that it is.
    pub(crate) fn self_map(&self) -> SelfMap {
        SelfMap::new(self.ready.mode, self.ready.self_map_slot).expect("a slot that can hold it")
    }

    /// Returns every mapping but the self-map's.
    fn leaves(&self, mock: &Mock) -> Vec<Translation> {
        leaves(&mock.memory, &self.facts)
            .skipping(self.self_map().region())
            .map(|leaf| leaf.unwrap())
            .collect()
    }
}

/// Checks everything that a boot promises.
pub(crate) fn judge(mock: &Mock, processor: &Processor, ready: Ready) {
    let over = HandedOver::find(mock, processor, ready);
    let block = over.verify().unwrap();
    tables_are_typed(mock, &over, &block);
    mappings_are_the_promised_ones(mock, &over, &block);
    nothing_mapped_is_free(mock, &over, &block);
    image_is_in_place(mock, &over);

    let guard = VirtAddr::new(block.stack().base.get() - PAGE_BYTES);
    assert!(walk(&mock.memory, &over.facts, guard, Access::SUPERVISOR_READ).is_err(), "stack guard");
    assert_eq!(ready.stack_top, block.stack().pages().unwrap().end());
    let stamps = block.stamps();
    assert!(stamps.loader_entry < stamps.services_left && stamps.services_left < stamps.hand_over);
}

/// Every frame reachable from CR3 is typed as a table, and there are exactly as many as were planned.
fn tables_are_typed(mock: &Mock, over: &HandedOver, block: &VerifiedBlock<'_>) {
    let skip = over.self_map().region();
    let found = tables(&mock.memory, &over.facts, Some(skip));
    let frames: BTreeSet<Frame> = found.iter().map(|table| table.frame).collect();
    assert_eq!(frames.len(), found.len(), "each table is linked once");
    for frame in &frames {
        block.check_table_frame(*frame).unwrap();
        assert_eq!(block.run_of(*frame).unwrap().kind, MemoryKind::PageTables);
    }
    let typed: u64 = block
        .runs()
        .filter(|run| run.kind == MemoryKind::PageTables)
        .map(|run| run.frames.count().get())
        .sum();
    assert_eq!(typed, frames.len() as u64, "no table frame is wasted");
    let line = format!("{typed} frames planned, {typed} used");
    assert!(mock.text().contains(&line), "{}", mock.text());
    assert!(found.iter().all(|table| table.frame.address().get() < 1 << 32), "tables lie below 4 GiB");
}

/// A mapping that must be there: first page, first frame, pages, writable, executable.
type Promise = (VirtAddr, Frame, FrameCount, bool, bool);

fn promises(block: &VerifiedBlock<'_>) -> Vec<Promise> {
    let identity = block.identity();
    let low = VirtAddr::new(identity.start().address().get());
    let (code, data) = (identity.start(), identity.start().saturating_add(FrameCount::ONE));
    let mut list = vec![
        (low, code, FrameCount::ONE, false, true),
        (low.checked_add(PAGE_BYTES).unwrap(), data, FrameCount::ONE, true, false),
    ];
    let image = block.image().placed;
    for section in block.sections() {
        list.push((
            image.base.checked_add(section.offset.bytes()).unwrap(),
            image.frames.start().saturating_add(section.offset),
            section.pages,
            section.protection == SectionProtection::ReadWrite,
            section.protection == SectionProtection::ReadExecute,
        ));
    }
    let whole = |placed: xtboot::block::Placed, writable| {
        (placed.base, placed.frames.start(), placed.frames.count(), writable, false)
    };
    list.push(whole(block.block(), false));
    list.push(whole(block.stack(), true));
    if let Some(screen) = block.screen() {
        let pages = FrameCount::holding(screen.bytes());
        list.push((screen.base, screen.address.frame(), pages, true, false));
    }
    list
}

fn mappings_are_the_promised_ones(mock: &Mock, over: &HandedOver, block: &VerifiedBlock<'_>) {
    let forbids = over.facts.nxe && over.ready.mode.levels() > 2;
    let mut promised = 0;
    for (at, frame, pages, writable, executable) in promises(block) {
        for page in 0..pages.get() {
            let va = at.checked_add(page * PAGE_BYTES).unwrap();
            let found = translate(&mock.memory, &over.facts, va).unwrap();
            assert_eq!(found.physical.frame(), Frame::new(frame.number() + page), "{va:?}");
            assert_eq!(found.rights.writable, writable, "{va:?}");
            assert_eq!(found.rights.executable, executable || !forbids, "{va:?}");
            assert!(!found.rights.user, "{va:?}");
        }
        promised += pages.bytes();
    }
    let mapped: u64 = over.leaves(mock).iter().map(|leaf| leaf.page_bytes).sum();
    assert_eq!(mapped, promised, "nothing else is mapped");
    if forbids {
        assert!(over.leaves(mock).iter().all(|leaf| !(leaf.rights.writable && leaf.rights.executable)));
    }
}

fn nothing_mapped_is_free(mock: &Mock, over: &HandedOver, block: &VerifiedBlock<'_>) {
    for leaf in over.leaves(mock) {
        let kind = block.run_of(leaf.page_physical().frame()).map(|run| run.kind);
        assert_ne!(kind, Some(MemoryKind::Free), "{:?}", leaf.va);
    }
}

/// The image's data pointer points at itself, and its tail is zero.
fn image_is_in_place(mock: &Mock, over: &HandedOver) {
    let base = over.verify().unwrap().image().placed.base;
    let read = |offset: u64, into: &mut [u8]| {
        let va = base.checked_add(offset).unwrap();
        let physical: PhysAddr = translate(&mock.memory, &over.facts, va).unwrap().physical;
        mock.memory.read(physical, into).unwrap();
    };
    let pointer = u64::from(super::pe::POINTER);
    let mut stored = [0; 8];
    read(pointer, &mut stored[..super::pe::address_bytes(over.ready.architecture)]);
    assert_eq!(u64::from_le_bytes(stored), base.get() + pointer);
    let mut text = [0; 4];
    read(0x1000, &mut text);
    assert_eq!(text, [0xCC; 4]);
    let mut tail = [1; 8];
    read(0x4000, &mut tail);
    assert_eq!(tail, [0; 8], "behind the contents there are zeros");
}
