//! Every object against a plain model of it, in random histories of calls that never sleep, made by three threads in turn.
#![allow(unsafe_code, reason = "a test's machine promises what the traits demand")]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::ptr::NonNull;

use proptest::prelude::*;
use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::time::Instant;
use xtke::wait::{
    Alarm, Event, First, Handover, INCREMENT, LimitExceeded, Mutex, NotOwner, Owned, Permits, Semaphore,
    Timeout, WaitError, Waitable, Waiting, Was, abandon_owned, wait_all, wait_any,
};
use xtke::{CpuIndex, RunLevel};

/// A machine with one processor on which the test says which thread runs. Nobody may sleep on it.
struct Still;

struct Thread {
    owned: ManuallyDrop<Owned<Still>>,
}

thread_local!(static CURRENT: Cell<Option<NonNull<Thread>>> = const { Cell::new(None) });

// SAFETY: there is one processor, and nothing interrupts.
unsafe impl Platform for Still {
    type Raised = ();

    fn cpu() -> CpuIndex {
        CpuIndex::BOOT
    }

    fn run_level() -> RunLevel {
        RunLevel::Passive
    }

    fn raise(_: RunLevel) {}

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        panic!("a lock is held for ever");
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {}

    fn kick(_: CpuIndex) {}

    fn misuse(what: Misuse) -> ! {
        panic!("{what}");
    }
}

// SAFETY: the test keeps its threads for as long as it names them.
unsafe impl Parking for Still {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        CURRENT.get().expect("a thread of the test")
    }

    fn park() {
        panic!("a call that must not sleep did");
    }

    fn unpark(_: &Thread, _: Boost) {
        panic!("nobody sleeps");
    }
}

// SAFETY: alarms are never set; each thread has one list.
unsafe impl Waiting for Still {
    fn with_alarm<R>(_: Instant, _: &Alarm<Self>, _: impl FnOnce() -> R) -> R {
        panic!("a call that must not sleep set an alarm");
    }

    fn owned(thread: &Thread) -> &Owned<Self> {
        &thread.owned
    }
}

const THREADS: usize = 3;
const LIMIT: u32 = 3;

/// The objects, in the order of their numbers: a notification and two synchronisations, two semaphores, three mutexes.
struct Objects {
    events: [Event<Still>; 3],
    semaphores: [Semaphore<Still>; 2],
    mutexes: [Pin<Box<Mutex<Still>>>; 3],
}

const COUNT: usize = 8;

impl Objects {
    fn new() -> Self {
        let semaphore =
            |available| Semaphore::new(Permits::new(available, NonZeroU32::new(LIMIT).unwrap()).unwrap());
        Self {
            events: [Event::notification(), Event::synchronisation(), Event::synchronisation()],
            semaphores: [semaphore(0), semaphore(2)],
            mutexes: std::array::from_fn(|_| Box::pin(Mutex::new())),
        }
    }

    fn with<R>(&self, numbers: &[usize], act: impl FnOnce(&[&dyn Waitable<Still>]) -> R) -> R {
        let mutexes = self.mutexes.each_ref().map(|mutex| mutex.as_ref());
        let objects: Vec<&dyn Waitable<Still>> = numbers
            .iter()
            .map(|number| match number {
                0..3 => &self.events[*number] as &dyn Waitable<Still>,
                3..5 => &self.semaphores[*number - 3],
                _ => &mutexes[*number - 5],
            })
            .collect();
        act(&objects)
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Model {
    Notification(bool),
    Synchronisation(bool),
    Semaphore(u32),
    Free(Handover),
    Owned { by: usize, depth: u32 },
}

impl Model {
    fn offers(self, thread: usize) -> Option<Handover> {
        match self {
            Self::Notification(set) | Self::Synchronisation(set) => set.then_some(Handover::Orderly),
            Self::Semaphore(available) => (available > 0).then_some(Handover::Orderly),
            Self::Free(left) => Some(left),
            Self::Owned { by, .. } => (by == thread).then_some(Handover::Orderly),
        }
    }

    fn after(self, thread: usize) -> Self {
        match self {
            Self::Notification(_) => self,
            Self::Synchronisation(_) => Self::Synchronisation(false),
            Self::Semaphore(available) => Self::Semaphore(available - 1),
            Self::Free(_) => Self::Owned { by: thread, depth: 1 },
            Self::Owned { by, depth } => Self::Owned { by, depth: depth + 1 },
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Set(usize),
    Reset(usize),
    Add(usize, u32),
    Release(usize),
    End,
    Any(Vec<usize>),
    All(Vec<usize>),
}

fn action() -> impl Strategy<Value = (usize, Action)> {
    let some = || prop::collection::vec(0..COUNT, 1..6);
    let action = prop_oneof![
        3 => (0..3usize).prop_map(Action::Set),
        1 => (0..3usize).prop_map(Action::Reset),
        2 => (3..5usize, 0..3u32).prop_map(|(object, added)| Action::Add(object, added)),
        4 => (5..COUNT).prop_map(Action::Release),
        1 => Just(Action::End),
        4 => some().prop_map(Action::Any),
        4 => some().prop_map(Action::All),
    ];
    (0..THREADS, action)
}

fn was(set: bool) -> Was {
    if set { Was::Set } else { Was::Clear }
}

/// Does the same to the objects and to their models, and compares what both say.
fn perform(
    objects: &Objects,
    models: &mut [Model; COUNT],
    threads: &[Thread],
    thread: usize,
    action: &Action,
) {
    CURRENT.set(Some(NonNull::from(&threads[thread])));
    match action {
        Action::Set(event) | Action::Reset(event) => {
            let to = matches!(action, Action::Set(_));
            let (Model::Notification(set) | Model::Synchronisation(set)) = &mut models[*event] else {
                panic!()
            };
            let before = was(std::mem::replace(set, to));
            let event = &objects.events[*event];
            assert_eq!(if to { event.set(INCREMENT) } else { event.reset() }, before);
        }
        Action::Add(object, added) => {
            let Model::Semaphore(available) = &mut models[*object] else { panic!() };
            let before = *available;
            let expected = if before + added > LIMIT {
                let limit = NonZeroU32::new(LIMIT).unwrap();
                Err(LimitExceeded { available: before, added: *added, limit })
            } else {
                *available += added;
                Ok(before)
            };
            assert_eq!(objects.semaphores[object - 3].release(*added, INCREMENT), expected);
        }
        Action::Release(mutex) => {
            let address = |thread: usize| std::ptr::from_ref(&threads[thread]) as usize;
            let (expected, after) = match models[*mutex] {
                Model::Owned { by, depth: 1 } if by == thread => (Ok(0), Model::Free(Handover::Orderly)),
                Model::Owned { by, depth } if by == thread => {
                    (Ok(depth - 1), Model::Owned { by, depth: depth - 1 })
                }
                model @ Model::Owned { by, .. } => (Err(NotOwner { owner: Some(address(by)) }), model),
                model => (Err(NotOwner { owner: None }), model),
            };
            models[*mutex] = after;
            assert_eq!(objects.mutexes[mutex - 5].as_ref().release(INCREMENT), expected);
        }
        Action::End => {
            let owned = |model: &&mut Model| matches!(model, Model::Owned { by, .. } if *by == thread);
            let left = models.iter_mut().filter(owned).map(|model| *model = Model::Free(Handover::Abandoned));
            assert_eq!(abandon_owned::<Still>(INCREMENT), left.count());
        }
        Action::Any(numbers) => {
            let first = numbers
                .iter()
                .enumerate()
                .find_map(|(index, number)| models[*number].offers(thread).map(|left| First { index, left }));
            if let Some(First { index, .. }) = first {
                models[numbers[index]] = models[numbers[index]].after(thread);
            }
            let got = objects.with(numbers, |objects| wait_any(objects, Timeout::NOW));
            assert_eq!(got, first.ok_or(WaitError::TimedOut));
        }
        Action::All(numbers) => {
            let got = objects.with(numbers, |objects| wait_all(objects, Timeout::NOW));
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
                assert!(matches!(got, Err(WaitError::SameObjectTwice { first, second })
                    if first < second && numbers[first] == numbers[second]));
                return;
            }
            let offers: Option<Vec<Handover>> =
                numbers.iter().map(|number| models[*number].offers(thread)).collect();
            if offers.is_some() {
                numbers.iter().for_each(|number| models[*number] = models[*number].after(thread));
            }
            let expected = offers.and_then(|offers| offers.into_iter().max());
            assert_eq!(got, expected.ok_or(WaitError::TimedOut));
        }
    }
    compare(objects, models, threads);
}

fn compare(objects: &Objects, models: &[Model; COUNT], threads: &[Thread]) {
    for (number, model) in models.iter().enumerate() {
        match *model {
            Model::Notification(set) | Model::Synchronisation(set) => {
                assert_eq!(objects.events[number].was(), was(set));
            }
            Model::Semaphore(available) => assert_eq!(objects.semaphores[number - 3].available(), available),
            Model::Free(_) => assert_eq!(objects.mutexes[number - 5].owner(), None),
            Model::Owned { by, .. } => {
                let owner = Some(std::ptr::from_ref(&threads[by]) as usize);
                assert_eq!(objects.mutexes[number - 5].owner(), owner);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn objects_do_what_their_models_do(actions in prop::collection::vec(action(), 1..150)) {
        let objects = Objects::new();
        let threads: [Thread; THREADS] =
            std::array::from_fn(|_| Thread { owned: ManuallyDrop::new(Owned::new()) });
        let free = Model::Free(Handover::Orderly);
        let mut models = [
            Model::Notification(false),
            Model::Synchronisation(false),
            Model::Synchronisation(false),
            Model::Semaphore(0),
            Model::Semaphore(2),
            free,
            free,
            free,
        ];
        for (thread, action) in &actions {
            perform(&objects, &mut models, &threads, *thread, action);
        }
        for thread in 0..THREADS {
            perform(&objects, &mut models, &threads, thread, &Action::End);
        }
    }
}
