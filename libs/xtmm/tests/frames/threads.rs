//! Two processors at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::scope;

use crate::double::{Ground, become_cpu, range};
use crate::model::{Random, Shape, audit};
use xtcore::{Frame, FrameCount};
use xtmm::frames::{Place, RunRequest, Zone};

fn shape() -> Shape {
    Shape {
        block: 512,
        giant: 2048,
        window_end: u64::MAX,
        ram: vec![range(1, 150), range(256, 16 * 512 + 9)],
    }
}

#[test]
fn two_processors_that_mix_everything_never_get_the_same_frame() {
    let shape = shape();
    let mut ground = Ground::new(shape.block, &shape.ram, 2);
    let frames = ground.allocator(shape.giant, shape.window_end);
    // A mark per frame: whoever holds it has set it.
    let marks: Vec<std::sync::atomic::AtomicBool> = (0..17 * 512).map(|_| false.into()).collect();
    let mark = |frame: u64, held: bool| {
        let before = marks[frame as usize].swap(held, std::sync::atomic::Ordering::Relaxed);
        assert_ne!(before, held, "frame {frame}");
    };
    scope(|scope| {
        for cpu in 0..2 {
            let (frames, mark) = (&frames, &mark);
            scope.spawn(move || {
                become_cpu(cpu);
                let mut random = Random(cpu as u64);
                let mut held = Vec::new();
                for _ in 0..if cfg!(miri) { 20 } else { 4000 } {
                    let run = match random.below(6) {
                        0..3 => frames
                            .allocate(Zone::Any)
                            .map(|frame| range(frame.number(), frame.number() + 1))
                            .ok(),
                        3 => frames.allocate_block(Zone::Any).ok(),
                        4 => {
                            let count = FrameCount::new(1 + random.below(700));
                            let request = RunRequest { count, alignment: FrameCount::ONE, zone: Zone::Any };
                            frames.allocate_run(&request).ok()
                        }
                        _ => None,
                    };
                    if let Some(run) = run {
                        (run.start().number()..run.end().number()).for_each(|frame| mark(frame, true));
                        held.push(run);
                    } else if !held.is_empty() {
                        let run = held.swap_remove(random.below(held.len() as u64) as usize);
                        (run.start().number()..run.end().number()).for_each(|frame| mark(frame, false));
                        match run.count().get() {
                            1 => frames.free(run.start()).unwrap(),
                            512 if random.below(2) == 0 && frames.free_block(run).is_ok() => {}
                            _ => frames.free_run(run).unwrap(),
                        }
                    }
                }
                for run in held {
                    (run.start().number()..run.end().number()).for_each(|frame| mark(frame, false));
                    frames.free_run(run).unwrap();
                }
            });
        }
    });
    for cpu in 0..2 {
        become_cpu(cpu);
        frames.trim().unwrap();
    }
    become_cpu(0);
    audit(&frames, &shape, &BTreeSet::new());
    let counts = frames.counts();
    assert_eq!(counts.available().get() + counts.books.get(), counts.known.get());
}

#[test]
fn what_one_processor_frees_another_gets() {
    let shape = shape();
    let mut ground = Ground::new(shape.block, &shape.ram, 2);
    let frames = ground.allocator(shape.giant, shape.window_end);
    let (send, receive) = sync_channel::<Frame>(512);
    let count = if cfg!(miri) { 700 } else { 100_000 };
    scope(|scope| {
        let frames = &frames;
        scope.spawn(move || {
            become_cpu(0);
            for _ in 0..count {
                // Far more than there are: they have to come round.
                let frame = loop {
                    match frames.allocate(Zone::Any) {
                        Ok(frame) => break frame,
                        Err(_) => std::thread::yield_now(),
                    }
                };
                send.send(frame).unwrap();
            }
        });
        scope.spawn(move || {
            become_cpu(1);
            receive.into_iter().for_each(|frame| frames.free(frame).unwrap());
        });
    });
    become_cpu(1);
    frames.trim().unwrap();
    become_cpu(0);
    frames.trim().unwrap();
    audit(&frames, &shape, &BTreeSet::new());
}

#[test]
fn a_processor_hands_back_at_its_next_slow_path_when_another_is_short() {
    let shape = shape();
    let mut ground = Ground::new(shape.block, &shape.ram, 2);
    let frames = ground.allocator(shape.giant, shape.window_end);
    become_cpu(1);
    let mut mine: Vec<Frame> = (0..200).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
    mine.drain(..150).for_each(|frame| frames.free(frame).unwrap());
    become_cpu(0);
    let held: Vec<Frame> = std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).collect();
    let kept = frames.counts().cached.get();
    assert!(kept >= 150, "the other processor's are out of reach");
    become_cpu(1);
    // A slow path: there are none below 1 MiB, and no magazine for them.
    assert!(frames.allocate(Zone::BelowOneMiB).is_err() || frames.counts().cached.get() < kept);
    assert_eq!(frames.counts().cached.get(), 0);
    become_cpu(0);
    let more = std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).count() as u64;
    assert_eq!(more, kept);
    assert!(!held.is_empty());
}

#[test]
fn who_counts_and_searches_meets_every_frame_that_an_idle_processor_moves() {
    let mut ground = Ground::new(512, &[range(512, 8192)], 2);
    let frames = ground.allocator(2048, u64::MAX);
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        frames.trim().unwrap();
        let held: Vec<Frame> = (0..200).map(|_| frames.allocate(Zone::Window).unwrap()).collect();
        held.iter().for_each(|frame| frames.free(*frame).unwrap());
        let before = frames.counts();
        let (looks, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
        scope(|scope| {
            scope.spawn(|| {
                become_cpu(1);
                while !is_done.load(Ordering::Acquire) {
                    assert_eq!(frames.counts().available(), before.available(), "each counts once");
                    let lost = held.iter().find(|frame| frames.place_of(**frame) != Place::Cached);
                    assert_eq!(lost, None, "a free frame is in one of the caches");
                    looks.fetch_add(1, Ordering::Release);
                }
            });
            while looks.load(Ordering::Acquire) == 0 {
                std::thread::yield_now();
            }
            while frames.zero_ahead() {}
            is_done.store(true, Ordering::Release);
        });
        assert_eq!(frames.counts().zeroed.get() - before.zeroed.get(), 64);
    }
}
