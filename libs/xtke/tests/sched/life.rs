//! From creation to the reaper: memory, references, counts, and the list of all threads.

use std::ops::ControlFlow;
use std::ptr::NonNull;

use xtke::sched::{Busy, CpuSet, CreateError, Name, State};

use crate::support::flat::{Bench, NoMemory};

#[test]
fn a_thread_that_ended_leaves_its_stack_to_the_reaper_and_its_record_to_its_last_handle() {
    let bench = Bench::plain(1);
    let thread = bench.start(7, 8);
    let second = thread.clone();
    bench.settle();
    bench.exit(0);
    assert_eq!(*bench.ended.borrow(), [7]);
    assert_eq!((thread.state(), bench.in_use()), (State::Ended, (1, 2)));
    assert_eq!(bench.scheduler.reap(), 1);
    assert_eq!(bench.in_use(), (0, 2));
    drop(thread);
    assert_eq!(bench.in_use(), (0, 2));
    assert_eq!(second.name(), Name::numbered("thread", 7));
    drop(second);
    assert_eq!(bench.in_use(), (0, 1), "the idle thread's");
    assert_eq!(bench.scheduler.reap(), 0);
}

#[test]
fn a_thread_without_handles_lives_until_it_is_reaped() {
    let bench = Bench::plain(1);
    drop(bench.start(0, 8));
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
    bench.exit(0);
    bench.scheduler.reap();
    assert_eq!(bench.in_use(), (0, 1));
}

#[test]
fn threads_are_created_until_memory_is_gone_and_all_of_it_comes_back() {
    for pieces in 0..if cfg!(miri) { 5 } else { 40 } {
        let bench = Bench::plain(1);
        bench.set_budget(pieces);
        let mut threads = Vec::new();
        let refused = loop {
            match bench.create(threads.len(), 8, CpuSet::ALL) {
                Ok(thread) => threads.push(thread),
                Err(why) => break why,
            }
        };
        let expected =
            if pieces % 2 == 0 { CreateError::NoStack(NoMemory) } else { CreateError::NoRecord(NoMemory) };
        assert_eq!((refused, threads.len()), (expected, pieces / 2));
        assert_eq!(bench.budget(), pieces % 2, "a refused call keeps nothing");
        // Half of them run, the others are dropped as they are.
        let mut dropped = threads.split_off(threads.len() / 2);
        let started: Vec<_> = threads.into_iter().map(|thread| thread.start()).collect();
        dropped.clear();
        bench.settle();
        while bench.runs(0).is_some() {
            bench.exit(0);
        }
        assert_eq!(bench.scheduler.reap(), started.len());
        drop(started);
        assert_eq!((bench.budget(), bench.in_use()), (pieces, (0, 1)));
        let counts = bench.scheduler.counts();
        assert_eq!((counts.created, counts.alive(), counts.lingering()), (pieces as u64 / 2, 0, 0));
    }
}

#[test]
fn a_processor_that_cannot_have_its_idle_thread_does_not_join() {
    let bench = Bench::empty(1, xtke::sched::Policy::DEFAULT);
    bench.set_budget(0);
    let seat = xtke::sched::Seat { core: 0, package: 0 };
    let refused = bench.on(0, |scheduler| scheduler.adopt(seat, Name::new("idle"), 0));
    assert_eq!(refused, Err(xtke::sched::AdoptError::NoRecord(NoMemory)));
    assert!(bench.scheduler.processors().is_empty());
}

#[test]
fn all_threads_are_listed_with_their_names_and_numbers_are_never_used_again() {
    let bench = Bench::plain(2);
    let first = bench.start(0, 8);
    let second = bench.create(1, 9, CpuSet::ALL).unwrap();
    let names = || {
        let mut names = Vec::new();
        let count = bench.scheduler.try_each(|thread| names.push(thread.name().to_string())).unwrap();
        assert_eq!(names.len(), count);
        names
    };
    assert_eq!(names(), ["idle 0", "idle 1", "thread 0", "thread 1"]);
    let old = second.id();
    drop(second);
    assert_eq!(names(), ["idle 0", "idle 1", "thread 0"]);
    assert!(bench.scheduler.find(old).is_none());
    assert_eq!(bench.scheduler.find(first.id()).unwrap().id(), first.id());
    assert!(bench.start(2, 8).id() > old);
}

#[test]
fn the_list_is_refused_to_who_interrupts_its_holder() {
    let bench = Bench::plain(1);
    let mut inner = None;
    bench.scheduler.each(|_| inner = Some(bench.scheduler.try_each(|_| ())));
    assert_eq!(inner, Some(Err(Busy)));
    bench.scheduler.each(|_| {
        inner = Some(bench.scheduler.look(9, &|_| true, &mut |_| ControlFlow::Continue(())));
    });
    assert_eq!(inner, Some(Err(Busy)));
}

#[test]
fn whoever_believes_no_link_sees_no_more_than_is_there() {
    let bench = Bench::plain(2);
    let threads = [bench.start(0, 8), bench.start(1, 8)];
    let seen = |most: usize, absent: Option<usize>, stop_after: usize| {
        let mut names = Vec::new();
        let is_there = |thread: NonNull<_>| Some(thread.addr().get()) != absent;
        let looked = bench.scheduler.look(most, &is_there, &mut |thread| {
            names.push(thread.name().to_string());
            if names.len() < stop_after { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(looked, Ok(names.len()));
        names
    };
    assert_eq!(seen(9, None, 9), ["idle 0", "idle 1", "thread 0", "thread 1"]);
    assert_eq!(seen(3, None, 9), ["idle 0", "idle 1", "thread 0"]);
    assert_eq!(seen(9, None, 2), ["idle 0", "idle 1"]);
    let second = std::ptr::from_ref(&*threads[1]).addr();
    assert_eq!(seen(9, Some(second), 9), ["idle 0", "idle 1", "thread 0"]);
}
