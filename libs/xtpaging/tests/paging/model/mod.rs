//! Seeded random actions against a model.
//!
//! After every action the addresses that it concerned are compared with the model, by the independent walker and by the
//! engine; the TLB, which was made to hold translations and aliases before, must hold nothing stale; and what was refused
//! must have stored nothing. Every thousandth time everything is compared: all leaves, all tables, all counts. In the
//! end everything is unmapped, and only the root is left.
//!
//! `XTOS_PAGING_ACTIONS` sets the number of actions per mode; without it, 10^5.

mod action;
mod judge;
mod truth;
mod watch;

use std::collections::BTreeSet;

use xtcore::{Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::{Attributes, Capabilities, Frames, Limbo, MapError, Mapping, Privilege, TlbObligation};
use xtsim::{SplitMix64, translate};

pub(crate) use self::action::Chance;
use self::action::{Action, Chooser, Pages};
use self::judge::{assert_address, assert_everything};
use self::truth::{Run, Truth, join};
use self::watch::Watch;
use crate::support::{EVERYTHING, Machine, NOTHING, Way, all_attributes, in_every_mode};

in_every_mode! {
    through_the_self_map_on_a_processor_that_has_everything,
    through_the_self_map_on_a_processor_that_has_nothing,
    by_frame_as_the_loader_does_it,
    between_any_two_stores_a_walker_sees_the_old_or_the_new,
}

fn through_the_self_map_on_a_processor_that_has_everything(mode: PagingMode) {
    run(mode, EVERYTHING, Way::BySelfMap, actions() / 5 * 3);
}

fn through_the_self_map_on_a_processor_that_has_nothing(mode: PagingMode) {
    run(mode, NOTHING, Way::BySelfMap, actions() / 5);
}

fn by_frame_as_the_loader_does_it(mode: PagingMode) {
    run(mode, EVERYTHING, Way::ByFrame, actions() / 5);
}

/// Actions that are watched at every store. A fixed number: each costs as many walks as it has stores.
const WATCHED: u64 = 2000;

fn between_any_two_stores_a_walker_sees_the_old_or_the_new(mode: PagingMode) {
    for way in [Way::ByFrame, Way::BySelfMap] {
        let machine = Machine::new(mode, EVERYTHING, way);
        let mut truth = Truth::default();
        let mut chooser =
            Chooser::new(*machine.space.format(), all_attributes(), SplitMix64::new(0x570B + mode as u64));
        let mut changes = 0;
        for _ in 0..WATCHED {
            let action = chooser.next(&truth);
            let watch = Watch::start(&machine, witnesses(&mut chooser, action.pages()));
            perform(&machine, &mut truth, &action);
            changes += watch.finish(&machine);
        }
        assert!(changes as u64 > WATCHED, "{changes} changes were seen");
    }
}

fn actions() -> u64 {
    std::env::var("XTOS_PAGING_ACTIONS").map_or(100_000, |text| text.parse().expect("a number of actions"))
}

fn run(mode: PagingMode, capabilities: Capabilities, way: Way, actions: u64) {
    let machine = Machine::new(mode, capabilities, way);
    let done = play(&machine, SplitMix64::new(0xD1CE + mode as u64), actions);
    println!("XTOS-EVIDENCE {{\"what\":\"page-table actions\",\"mode\":\"{mode}\",\"count\":{actions}}}");
    if actions >= 10_000 {
        // Where there are no large pages, no merge can succeed.
        let all = if machine.space.format().largest_page() == Level::PT { 11 } else { 12 };
        assert_eq!(done.len(), all, "every action must have succeeded and been refused: {done:?}");
    }
}

/// Does so many actions that `chance` chooses, each judged, then undoes all of it: no table may be left. Returns which kinds
/// there were, and whether each was refused.
pub(crate) fn play(machine: &Machine, chance: impl Chance, actions: u64) -> BTreeSet<(u8, bool)> {
    let mut truth = Truth::default();
    let mut chooser = Chooser::new(*machine.space.format(), all_attributes(), chance);
    let roots = machine.frames.outstanding();
    let mut done = BTreeSet::new();
    for number in 0..actions {
        let action = chooser.next(&truth);
        let witnesses = witnesses(&mut chooser, action.pages());
        witnesses.iter().for_each(|address| machine.touch(*address));
        done.insert(perform(machine, &mut truth, &action));
        machine.assert_nothing_stale();
        for address in witnesses {
            assert_address(machine, &truth, address);
        }
        if number % 1000 == 999 {
            assert_everything(machine, &truth);
        }
        if number % 16 == 15 {
            // A full TLB would only make the comparison slow.
            machine.cpu.borrow_mut().flush_all(&*machine.ram.borrow()).expect("a valid root");
        }
    }
    assert_everything(machine, &truth);
    for area in chooser.areas() {
        for run in truth.within(area) {
            machine.unmap(run.pages);
            truth.remove(run.pages);
        }
    }
    assert_everything(machine, &truth);
    assert_eq!(machine.frames.outstanding(), roots, "only the root is left");
    done
}

/// Returns addresses that an action concerns: its ends, their neighbours, and one inside.
fn witnesses(chooser: &mut Chooser<impl Chance>, pages: VirtRange) -> Vec<VirtAddr> {
    let (start, end) = (pages.start().get(), pages.end().get());
    let inside = start + chooser.random().in_range(0..end - start);
    let mut witnesses = vec![start, end - PAGE_BYTES, inside & !7];
    let neighbours = [start.wrapping_sub(PAGE_BYTES), end];
    let known = |address: &u64| chooser.areas().any(|area| area.contains(VirtAddr::new(*address)));
    witnesses.extend(neighbours.into_iter().filter(known));
    witnesses.into_iter().map(VirtAddr::new).collect()
}

/// Does an action to the machine and to the model, first without frames. Returns what it was and whether it was refused.
fn perform(machine: &Machine, truth: &mut Truth, action: &Action) -> (u8, bool) {
    let expected = refusal(machine, truth, action);
    let mut requests = 0;
    loop {
        machine.frames.fail_after(requests);
        let stores = machine.ram.borrow().stores();
        let result = attempt(machine, truth, action);
        if let Err(error) = &result {
            assert_eq!(machine.ram.borrow().stores(), stores, "what is refused has changed nothing");
            if matches!(error, MapError::OutOfFrames(_)) {
                requests += 1;
                assert!(requests < 3, "one request serves an action");
                continue;
            }
        }
        machine.frames.stop_failing();
        assert_eq!(result.err(), expected, "{action:?}");
        break;
    }
    let kind = match action {
        Action::Map(_) => 0,
        Action::Unmap(_) => 1,
        Action::Protect(..) => 2,
        Action::Split(_) => 3,
        Action::Merge(..) => 4,
        Action::Streak(_) => 5,
    };
    (kind, expected.is_some())
}

/// Returns why an action must be refused, by the model.
fn refusal(machine: &Machine, truth: &Truth, action: &Action) -> Option<MapError> {
    let not_mapped = |at: Option<VirtAddr>| at.map(|at| MapError::NotMapped { at });
    match action {
        Action::Map(mapping) => {
            let count = xtcore::FrameCount::holding(mapping.pages.bytes());
            let (end, limit) = (mapping.first.saturating_add(count), machine.space.format().frame_limit());
            let already = truth.first_mapped(mapping.pages).map(|at| MapError::AlreadyMapped { at });
            let too_high = (end > limit).then_some(MapError::FrameTooHigh { end, limit });
            misplaced(machine, mapping.pages, mapping.attributes).or(too_high).or(already)
        }
        Action::Streak(Pages { mapping: Mapping { pages, attributes, .. }, .. }) => {
            let already = truth.first_mapped(*pages).map(|at| MapError::AlreadyMapped { at });
            misplaced(machine, *pages, *attributes).or(already)
        }
        Action::Unmap(pages) => not_mapped(truth.first_absent(*pages)),
        Action::Protect(pages, attributes) => {
            misplaced(machine, *pages, *attributes).or(not_mapped(truth.first_absent(*pages)))
        }
        Action::Split(pages) => {
            let ends = [pages.start(), VirtAddr::new(pages.end().get() - 1)];
            not_mapped(ends.into_iter().find(|end| truth.find(*end).is_none()))
        }
        Action::Merge(pages, level) => {
            let bytes = machine.space.geometry().page_bytes(*level);
            // A merge has errors of its own; one stands for all of them here.
            let refused = Some(MapError::NotMapped { at: pages.start() });
            let Some(whole) = VirtRange::with_length(pages.start(), bytes) else { return refused };
            let Some(first) = truth.one_run(whole) else { return refused };
            let below = level.below().expect("a large page");
            let small = machine.space.geometry().page_bytes(below);
            let aligned = first.is_aligned(machine.space.geometry().page_frames(*level));
            let possible = *level <= machine.space.format().largest_page();
            if aligned && possible && pages_are(machine, whole, small) { None } else { refused }
        }
    }
}

fn misplaced(machine: &Machine, pages: VirtRange, attributes: Attributes) -> Option<MapError> {
    let kernel = pages.start() >= machine.space.geometry().kernel_base();
    (kernel && attributes.privilege == Privilege::User)
        .then_some(MapError::UserInKernelHalf { at: pages.start() })
}

fn pages_are(machine: &Machine, whole: VirtRange, bytes: u64) -> bool {
    let ram = machine.ram.borrow();
    (0..whole.bytes() / bytes).all(|index| {
        let address = VirtAddr::new(whole.start().get() + index * bytes);
        translate(&*ram, &machine.facts(), address).is_ok_and(|found| found.page_bytes == bytes)
    })
}

fn attempt(machine: &Machine, truth: &mut Truth, action: &Action) -> Result<(), MapError> {
    let mut tables = machine.tables();
    let (mut frames, mut limbo) = (machine.frames.clone(), Limbo::new());
    let settle = |obligation: Option<TlbObligation<'_, '_>>| {
        if let Some(obligation) = obligation {
            assert!(machine.discharge(obligation).is_empty(), "nothing was unmapped");
        }
    };
    let mut cursor = machine.space.cursor(&mut tables, action.pages()).expect("a range in the areas");
    match action {
        Action::Map(mapping) => {
            machine.space.map(&mut tables, &mut frames, mapping)?;
            truth.insert(Run { pages: mapping.pages, first: mapping.first, attributes: mapping.attributes });
        }
        Action::Streak(pages) => {
            let plan = cursor.plan_streak(pages.mapping.attributes)?;
            let mut reserved = frames.reserve(plan.tables()).map_err(MapError::OutOfFrames)?;
            let mut streak = plan.begin(&mut reserved);
            for (page, frame) in pages.each() {
                assert_eq!(streak.pages().start(), page.start());
                assert_eq!(streak.map(frame), Ok(()));
                truth.insert(Run { pages: page, first: frame, attributes: pages.mapping.attributes });
            }
            drop(streak);
            reserved.give_back(&frames);
        }
        Action::Unmap(pages) => {
            let mut freed = Vec::new();
            while let Some(obligation) = cursor.unmap(&mut frames, &mut limbo)? {
                freed.extend(machine.discharge(obligation));
            }
            assert_eq!(join(freed.into_iter()), truth.frames(*pages), "exactly what was mapped comes back");
            truth.remove(*pages);
        }
        Action::Protect(pages, attributes) => {
            settle(Some(cursor.protect(&mut frames, *attributes)?));
            truth.protect(*pages, *attributes);
        }
        Action::Split(_) => settle(cursor.split_ends(&mut frames)?),
        Action::Merge(pages, level) => {
            let merged =
                cursor.merge(*level, &mut limbo).map_err(|_| MapError::NotMapped { at: pages.start() })?;
            settle(Some(merged));
        }
    }
    Ok(())
}
