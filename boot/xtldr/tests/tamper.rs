//! Each kind of damage is what it says, and the kernel's verification names it.
#![cfg(feature = "tamper")]

mod support;

use support::firmware::{Habits, Mock};
use support::judge::{HandedOver, judge};
use support::modes::{architecture, processor};
use support::pe;
use xtboot::block::BlockError;
use xtcore::{MemoryKind, PagingMode};
use xtsim::leaves;

fn boot(mode: PagingMode, kind: &str) -> (Mock, HandedOver) {
    let processor = processor(mode);
    let habits = Habits { high_first: mode.levels() > 3, ..Habits::default() };
    let parameters = format!("EXIT TAMPER={kind}");
    let mock = Mock::with_kernel(habits, &parameters, pe::kernel(architecture(mode)).build());
    let ready = mock.boot(&processor).unwrap();
    let over = HandedOver::find(&mock, &processor, ready);
    (mock, over)
}

#[test]
fn the_block_is_damaged_in_the_way_asked_for() {
    for mode in PagingMode::ALL {
        let error = |kind| boot(mode, kind).1.verify().expect_err(kind);
        assert!(matches!(error("version"), BlockError::Version { .. }));
        assert!(matches!(error("size"), BlockError::BlockBytes { .. }));
        assert!(matches!(error("checksum"), BlockError::Checksum { .. }));
        assert!(matches!(error("machine"), BlockError::Machine { .. }));
        assert!(matches!(error("unsorted"), BlockError::RunOrder { .. }));
        assert!(matches!(error("overlap"), BlockError::RunOrder { .. }));
    }
}

#[test]
fn the_root_table_is_called_free() {
    for mode in PagingMode::ALL {
        let (_, over) = boot(mode, "cr3free");
        let error = over.verify().expect_err("cr3free");
        let free = MemoryKind::Free as u64;
        assert!(format!("{error:?}").contains(&format!("{free}")), "{error:?}");
    }
}

#[test]
fn one_page_of_data_becomes_executable_and_the_block_says_nothing_of_it() {
    for mode in [PagingMode::Pml3, PagingMode::Pml4, PagingMode::Pml5] {
        let (mock, over) = boot(mode, "wx");
        over.verify().unwrap();
        let skip = over.self_map().region();
        let both = leaves(&mock.memory, &over.facts)
            .skipping(skip)
            .map(|leaf| leaf.unwrap())
            .filter(|leaf| leaf.rights.writable && leaf.rights.executable);
        assert_eq!(both.count(), 1);
    }
}

#[test]
fn free_memory_is_poisoned_and_the_boot_is_sound() {
    for mode in PagingMode::ALL {
        let (mock, over) = boot(mode, "poison");
        judge(&mock, &processor(mode), over.ready);
        let block = over.verify().unwrap();
        let banks = mock.memory.banks.iter().map(support::ram::Bank::frames);
        let mut poisoned = 0;
        for bank in banks {
            for run in block.runs().filter(|run| run.kind == MemoryKind::Free) {
                let shared = run.frames.intersection(bank);
                let mut page = [0; 4096];
                for number in shared.start().number()..shared.end().number() {
                    mock.memory.read(xtcore::Frame::new(number).address(), &mut page).unwrap();
                    assert!(page.iter().all(|byte| *byte == 0xFF));
                    poisoned += 1;
                }
            }
        }
        assert!(poisoned > 1000, "{poisoned} frames");
    }
}

#[test]
fn only_the_hand_over_is_left_of_free_memory_and_the_block_is_sound() {
    for mode in PagingMode::ALL {
        let free_runs = |kind| {
            let (_, over) = boot(mode, kind);
            let block = over.verify().unwrap();
            let runs: Vec<_> = block.runs().filter(|run| run.kind.is_free_for_kernel()).collect();
            (runs, block.identity())
        };
        assert!(free_runs("nothing").0.len() > 1);
        let (runs, hand_over) = free_runs("nomemory");
        let [only] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!(only.kind, MemoryKind::LoaderTemporary);
        assert_eq!(only.frames.intersection(hand_over), hand_over);
    }
}
