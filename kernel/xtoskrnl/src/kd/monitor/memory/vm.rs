//! `vm`: memory by what it is for, shaped like WinDbg's `!vm`.

use core::ops::ControlFlow;

use xtcore::FrameCount;
use xtkd::monitor::{Answer, Arguments, Column, Done, Next, Trouble, Value};
use xtmm::pfn::{Owner, State};

use super::super::context::Context;
use super::super::pools::{POOLS, each_tag};

/// Physical memory adds up: what is available and what is in use; and what is in use is what the owners have, and what is on its
/// way from the allocator to an owner.
pub(crate) fn run(context: &mut Context, _: &Arguments<'_>, answer: &mut Answer<'_, '_>) -> Done {
    let (memory, pin) = (context.memory()?, context.pin());
    let frames = memory.frames().try_counts(pin).ok_or(&Trouble::Busy("the frame allocator"))?;
    let (physical, available) = (memory.ram(), frames.available());
    let in_use = physical.checked_sub(available).unwrap_or(FrameCount::ZERO);
    let mut owned = [0_u64; Owner::ALL.len()];
    memory.survey(&mut |entry| {
        if entry.state() == Some(State::Active)
            && let Some(count) = entry.owner().and_then(|owner| owned.get_mut(owner as usize))
        {
            *count += 1;
        }
        ControlFlow::Continue(())
    });
    let all_owned = FrameCount::new(owned.iter().sum());
    let zeroed = frames.zeroed.saturating_add(frames.depot_zeroed);
    let cached = frames.cached.saturating_add(frames.depot);
    for (name, label, amount) in [
        ("physical", "Physical Memory:", physical),
        ("available", "Available Pages:", available),
        ("zeroed", "  Zeroed Pages:", zeroed),
        ("cached", "  Cached Free Pages:", cached),
        ("free", "  Free Pages:", frames.free),
        ("untouched", "  Untouched Pages:", frames.fresh),
        ("in_use", "Pages In Use:", in_use),
        ("owned", "  With an Owner:", all_owned),
        ("on_the_way", "  On the Way:", in_use.checked_sub(all_owned).unwrap_or(FrameCount::ZERO)),
        ("window", "Shown in the Window:", memory.window_frames()),
        ("above_limit", "Above the Mode's Limit:", memory.summary().above_limit),
    ] {
        answer.fact(name, label, Value::Pages(amount.bytes()))?;
    }
    const OWNERS: [Column; 2] = [Column::left("owner", 22), Column::right("bytes", 28)];
    answer.list("owners", &OWNERS, &mut |list| {
        let pairs = Owner::ALL.iter().zip(owned).filter(|(_, count)| *count > 0);
        pairs.into_iter().try_for_each(|(owner, count)| {
            list.row(&[Value::Text(owner), Value::Pages(FrameCount::new(count).bytes())])
        })
    })?;
    const POOL_COLUMNS: [Column; 6] = [
        Column::left("pool", 9),
        Column::right("slabs", 10),
        Column::right("large", 10),
        Column::right("books", 10),
        Column::right("blocks", 8),
        Column::right("used", 12),
    ];
    answer.list("pools", &POOL_COLUMNS, &mut |list| {
        POOLS.into_iter().try_for_each(|(name, kind)| {
            let pool = memory.pool(kind);
            let counts = pool.raw().try_counts(pin).ok_or(&Trouble::Busy("the books of a pool"))?;
            let bytes = |pages: u64| Value::Bytes(FrameCount::new(pages).bytes());
            let (mut blocks, mut used) = (0, 0);
            each_tag(memory, kind, &mut |tag| {
                blocks += tag.blocks() as u64;
                used += tag.bytes as u64;
            });
            list.row(&[
                Value::Text(&name),
                bytes(counts.slab_pages),
                bytes(counts.whole_pages),
                bytes(counts.book_pages + counts.record_pages),
                Value::Number(blocks),
                Value::Number(used),
            ])
        })
    })?;
    let system =
        memory.system().try_inspect(pin, |pages| pages.counts()).ok_or(&Trouble::Busy("the system PTEs"))?;
    answer.fact("system_ptes", "System PTEs:", Value::Number(system.allocated))?;
    let stacks = memory.stacks().try_counts(pin).ok_or(&Trouble::Busy("the kept stacks"))?;
    answer.fact("stacks", "Stacks:", Value::Number(stacks.stacks))?;
    answer.fact("stack_bytes", "  Committed:", Value::Pages(FrameCount::new(stacks.committed).bytes()))?;
    Ok(Next::Stay)
}
