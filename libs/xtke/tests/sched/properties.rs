//! Random histories against what must hold after each, with the interrupts between processors delivered late and out of
//! order.

use proptest::prelude::*;

use xtke::sched::{ControlError, CpuSet, Handle, Policy, Priority, Seat, State};

use crate::support::flat::{Bench, Flat};

const CPUS: usize = 4;
const THREADS: usize = 8;

#[derive(Clone, Debug)]
enum Action {
    Start { cpu: usize, priority: u8, affinity: usize },
    Park(usize),
    Yield(usize),
    Tick(usize),
    Exit(usize),
    Deliver(usize),
    Unpark { cpu: usize, thread: usize, boost: u8 },
    Suspend { cpu: usize, thread: usize },
    Resume { cpu: usize, thread: usize },
    SetPriority { cpu: usize, thread: usize, priority: u8 },
    SetAffinity { cpu: usize, thread: usize, affinity: usize },
}

fn action() -> impl Strategy<Value = Action> {
    let cpu = || 0..CPUS;
    let thread = || 0..THREADS;
    let priority = || prop_oneof![0u8..32, 7u8..10];
    let affinity = || prop_oneof![Just(usize::MAX), 1usize..(1 << CPUS), (0..CPUS).prop_map(|cpu| 1 << cpu)];
    prop_oneof![
        4 => (cpu(), priority(), affinity()).prop_map(|(cpu, priority, affinity)| Action::Start { cpu, priority, affinity }),
        4 => cpu().prop_map(Action::Park),
        2 => cpu().prop_map(Action::Yield),
        3 => cpu().prop_map(Action::Tick),
        1 => cpu().prop_map(Action::Exit),
        6 => cpu().prop_map(Action::Deliver),
        6 => (cpu(), thread(), 0u8..9).prop_map(|(cpu, thread, boost)| Action::Unpark { cpu, thread, boost }),
        2 => (cpu(), thread()).prop_map(|(cpu, thread)| Action::Suspend { cpu, thread }),
        3 => (cpu(), thread()).prop_map(|(cpu, thread)| Action::Resume { cpu, thread }),
        2 => (cpu(), thread(), priority()).prop_map(|(cpu, thread, priority)| Action::SetPriority { cpu, thread, priority }),
        2 => (cpu(), thread(), affinity()).prop_map(|(cpu, thread, affinity)| Action::SetAffinity { cpu, thread, affinity }),
    ]
}

/// What a thread must be by what was done to it.
struct Expected {
    handle: Handle<Flat>,
    base: u8,
    affinity: CpuSet,
    suspends: u8,
    sleeps: bool,
    permit: bool,
    ended: bool,
}

struct Run {
    bench: &'static Bench,
    threads: Vec<Expected>,
}

impl Run {
    fn new(cpus: usize) -> Self {
        let seat = |cpu| Seat { core: (cpu / 2) as u32, package: 0 };
        let policy = Policy { quantum: 2, starvation: 12 };
        Self { bench: Bench::new(cpus, policy, seat), threads: Vec::new() }
    }

    /// The one that a processor runs, if it is not its idle thread.
    fn running(&mut self, cpu: usize) -> Option<&mut Expected> {
        let tag = self.bench.runs(cpu)?;
        Some(&mut self.threads[tag])
    }

    fn act(&mut self, action: &Action) {
        let bench = self.bench;
        match *action {
            Action::Start { cpu, priority, affinity } if self.threads.len() < THREADS => {
                let affinity = CpuSet::from_bits(affinity);
                let tag = self.threads.len();
                let handle = bench.on(cpu, |_| bench.start_on(tag, priority, affinity));
                self.threads.push(Expected {
                    handle,
                    base: priority,
                    affinity,
                    suspends: 0,
                    sleeps: false,
                    permit: false,
                    ended: false,
                });
            }
            Action::Start { .. } => {}
            Action::Park(cpu) => {
                if let Some(thread) = self.running(cpu) {
                    thread.sleeps = !core::mem::take(&mut thread.permit);
                    bench.park(cpu);
                }
            }
            Action::Yield(cpu) => {
                bench.on(cpu, |scheduler| scheduler.yield_now());
            }
            Action::Tick(cpu) => bench.tick(cpu),
            Action::Exit(cpu) => {
                if let Some(thread) = self.running(cpu) {
                    thread.ended = true;
                    bench.exit(cpu);
                }
            }
            Action::Deliver(cpu) => bench.deliver(cpu),
            Action::Unpark { cpu, thread, boost } => {
                if let Some(thread) = self.threads.get_mut(thread) {
                    if !thread.ended && !core::mem::take(&mut thread.sleeps) {
                        thread.permit = true;
                    }
                    bench.unpark(cpu, &thread.handle, boost);
                }
            }
            Action::Suspend { cpu, thread } => {
                if let Some(thread) = self.threads.get_mut(thread) {
                    let before = bench.on(cpu, |scheduler| scheduler.suspend(&thread.handle));
                    if thread.ended {
                        assert_eq!(before, Err(ControlError::Ended));
                    } else {
                        assert_eq!(before, Ok(thread.suspends));
                        thread.suspends += 1;
                    }
                }
            }
            Action::Resume { cpu, thread } => {
                if let Some(thread) = self.threads.get_mut(thread) {
                    let before = bench.on(cpu, |scheduler| scheduler.resume(&thread.handle));
                    assert_eq!(before, thread.suspends);
                    thread.suspends = thread.suspends.saturating_sub(1);
                }
            }
            Action::SetPriority { cpu, thread, priority } => {
                if let Some(thread) = self.threads.get_mut(thread) {
                    let wanted = Priority::new(priority).unwrap();
                    let before = bench.on(cpu, |scheduler| scheduler.set_priority(&thread.handle, wanted));
                    if !thread.ended {
                        assert_eq!(before.map(Priority::get), Ok(thread.base));
                        thread.base = priority;
                    }
                }
            }
            Action::SetAffinity { cpu, thread, affinity } => {
                if let Some(thread) = self.threads.get_mut(thread) {
                    let affinity = CpuSet::from_bits(affinity);
                    let before = bench.on(cpu, |scheduler| scheduler.set_affinity(&thread.handle, affinity));
                    if !thread.ended {
                        assert_eq!(before, Ok(thread.affinity));
                        thread.affinity = affinity;
                    }
                }
            }
        }
    }

    /// What holds at any moment.
    fn check_now(&self) {
        let mut running: Vec<usize> = self.bench.cpus().filter_map(|cpu| self.bench.runs(cpu)).collect();
        let count = running.len();
        running.sort_unstable();
        running.dedup();
        assert_eq!(running.len(), count, "a thread runs on two processors");
        for thread in &self.threads {
            let tag = *thread.handle.extension();
            let runs = running.contains(&tag);
            let state = thread.handle.state();
            assert_eq!(runs, state == State::Running, "{:?} is in nobody's hands", thread.handle);
            assert_eq!(state == State::Parked, thread.sleeps, "{:?}", thread.handle);
            assert_eq!(state == State::Ended, thread.ended, "{:?}", thread.handle);
            assert!(state != State::Held || thread.suspends > 0, "{:?} is held for nothing", thread.handle);
            if !thread.ended {
                assert_eq!(thread.handle.base_priority().get(), thread.base);
                let now = thread.handle.priority().get();
                assert!(now >= thread.base && (now == thread.base || now <= 15));
            }
        }
    }

    /// What holds when every processor that was told to look has looked.
    fn check_settled(&self) {
        self.bench.settle();
        self.check_now();
        let runs = |cpu: usize| self.bench.runs(cpu).map(|tag| self.threads[tag].handle.priority().get());
        for thread in &self.threads {
            let state = thread.handle.state();
            if let Some(cpu) =
                self.bench.cpus().find(|&cpu| self.bench.runs(cpu) == Some(*thread.handle.extension()))
            {
                assert!(
                    thread.affinity.contains(xtke::CpuIndex::new(cpu)),
                    "{:?} runs on {cpu}",
                    thread.handle
                );
                assert_eq!(thread.suspends, 0, "{:?} runs, suspended", thread.handle);
            }
            if state == State::Ready {
                assert_eq!(thread.suspends, 0, "{:?} is ready, suspended", thread.handle);
                for cpu in self.bench.cpus().filter(|&cpu| thread.affinity.contains(xtke::CpuIndex::new(cpu)))
                {
                    let mine = thread.handle.priority().get();
                    assert!(
                        runs(cpu).is_some_and(|other| other >= mine),
                        "{:?} of {mine} waits, and {cpu} runs {:?}",
                        thread.handle,
                        runs(cpu)
                    );
                }
            }
        }
    }

    /// Ends everything; nothing may be left.
    fn finish(mut self) {
        let bench = self.bench;
        let cpus = bench.cpus().len();
        for thread in &self.threads {
            while bench.on(0, |scheduler| scheduler.resume(&thread.handle)) > 0 {}
        }
        for _ in 0..THREADS * 4 {
            for thread in self.threads.iter().filter(|thread| !thread.ended) {
                bench.unpark(0, &thread.handle, 0);
            }
            bench.settle();
            for cpu in 0..cpus {
                if let Some(thread) = self.running(cpu) {
                    thread.ended = true;
                    bench.exit(cpu);
                }
            }
        }
        assert!(self.threads.iter().all(|thread| thread.ended), "a thread was lost");
        let started = self.threads.len();
        self.threads.clear();
        assert_eq!(bench.on(0, |scheduler| scheduler.reap()), started);
        assert_eq!(bench.in_use(), (0, cpus), "stacks, and records beyond those of the idle threads");
        let counts = bench.scheduler.counts();
        assert_eq!((counts.alive(), counts.lingering(), counts.created), (0, 0, started as u64));
    }
}

fn history(cpus: usize, actions: &[Action]) {
    let mut run = Run::new(cpus);
    for (step, action) in actions.iter().enumerate() {
        run.act(action);
        run.check_now();
        if step % 8 == 7 {
            run.check_settled();
        }
    }
    run.check_settled();
    run.finish();
}

/// The same actions for a machine with fewer processors.
fn fold(actions: Vec<Action>, cpus: usize) -> Vec<Action> {
    let set = |affinity: usize| match affinity & ((1 << cpus) - 1) {
        0 => (1 << cpus) - 1,
        some => some,
    };
    actions
        .into_iter()
        .map(|action| match action {
            Action::Start { cpu, priority, affinity } => {
                Action::Start { cpu: cpu % cpus, priority, affinity: set(affinity) }
            }
            Action::Park(cpu) => Action::Park(cpu % cpus),
            Action::Yield(cpu) => Action::Yield(cpu % cpus),
            Action::Tick(cpu) => Action::Tick(cpu % cpus),
            Action::Exit(cpu) => Action::Exit(cpu % cpus),
            Action::Deliver(cpu) => Action::Deliver(cpu % cpus),
            Action::Unpark { cpu, thread, boost } => Action::Unpark { cpu: cpu % cpus, thread, boost },
            Action::Suspend { cpu, thread } => Action::Suspend { cpu: cpu % cpus, thread },
            Action::Resume { cpu, thread } => Action::Resume { cpu: cpu % cpus, thread },
            Action::SetPriority { cpu, thread, priority } => {
                Action::SetPriority { cpu: cpu % cpus, thread, priority }
            }
            Action::SetAffinity { cpu, thread, affinity } => {
                Action::SetAffinity { cpu: cpu % cpus, thread, affinity: set(affinity) }
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 1500 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_on_four_processors_the_highest_run_and_nothing_is_lost(
        actions in prop::collection::vec(action(), 1..120),
    ) {
        history(CPUS, &actions);
    }

    #[test]
    fn whatever_happens_on_two_processors_the_highest_run_and_nothing_is_lost(
        actions in prop::collection::vec(action(), 1..120),
    ) {
        history(2, &fold(actions, 2));
    }

    #[test]
    fn whatever_happens_on_one_processor_the_highest_run_and_nothing_is_lost(
        actions in prop::collection::vec(action(), 1..120),
    ) {
        history(1, &fold(actions, 1));
    }
}
