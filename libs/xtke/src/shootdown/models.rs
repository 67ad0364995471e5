//! Models of the protocol, explored in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib shootdown::models`.
//!
//! A model has one page per initiator, mapped at first. A processor's TLB holds what it has touched; whoever touches a
//! page through its TLB when the frame has another owner fails the model, and so does a wait that does not end. Each
//! model has twins with one step left out, which it must find.
#![allow(unsafe_code, reason = "the model's machine promises what the traits demand")]

extern crate std;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::vec::Vec;

use loom::model::Builder;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use loom::thread;
use xtcore::{CpuIndex, PAGE_BYTES, RunLevel, VirtAddr, VirtRange};

use super::step::{Step, modelled::leave_out};
use super::{CpuSet, Request, Shootdown, Translations};
use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::time::Instant;

const CPUS: usize = 3;

/// What the processors share.
struct World {
    shootdown: Shootdown<Model, CPUS>,
    /// The page tables: whether the page of an initiator is mapped.
    mapped: [AtomicBool; 2],
    /// Whether the frame that was there has another owner.
    reused: [AtomicBool; 2],
    kicked: [AtomicBool; CPUS],
    /// Initiators that have not returned.
    busy: AtomicUsize,
    /// Wakes the processors where waiting blocks. Three that spin would let each other spin for ever; two do not, and
    /// between them nothing happens before anything else but by the protocol.
    wakers: Option<[Notify; CPUS]>,
}

impl World {
    fn pause(&self, cpu: usize) {
        match &self.wakers {
            Some(wakers) => wakers[cpu].wait(),
            None => thread::yield_now(),
        }
    }

    fn wake(&self, cpu: usize) {
        if let Some(wakers) = &self.wakers {
            wakers[cpu].notify();
        }
    }

    fn wake_all(&self) {
        (0..CPUS).for_each(|cpu| self.wake(cpu));
    }
}

/// What a processor has for itself.
struct Own {
    cpu: usize,
    world: Arc<World>,
    /// The TLB.
    holds: [Cell<bool>; 2],
}

loom::thread_local! {
    static OWN: RefCell<Option<Rc<Own>>> = RefCell::new(None);
}

fn own() -> Rc<Own> {
    OWN.with(|own| own.borrow().clone().unwrap())
}

/// A machine whose processors are the threads of the model.
struct Model;

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse ends the model.
unsafe impl Platform for Model {
    type Raised = ();

    fn cpu() -> CpuIndex {
        CpuIndex::new(own().cpu)
    }

    fn run_level() -> RunLevel {
        RunLevel::Passive
    }

    fn raise(_: RunLevel) {}

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        own().world.pause(own().cpu);
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {}

    fn kick(cpu: CpuIndex) {
        // An exchange: the model checker may have a plain store overtaken by exchanges that came before it.
        own().world.kicked[cpu.get()].swap(true, Ordering::AcqRel);
        own().world.wake(cpu.get());
    }

    fn misuse(what: Misuse) -> ! {
        panic!("{what}")
    }
}

impl Translations for Model {
    fn forget_local(request: &Request) {
        for address in request.addresses() {
            let page = (address.get() / PAGE_BYTES) as usize;
            // Up to now it may be used.
            use_held(page);
            own().holds[page].set(false);
        }
        fence(Ordering::SeqCst);
    }

    fn forget_everything_local() {
        own().holds.iter().for_each(|page| page.set(false));
        fence(Ordering::SeqCst);
    }
}

/// Has the TLB hold a page that the tables map. A processor may do that without being asked to.
fn fill(page: usize) {
    let own = own();
    if !own.holds[page].get() {
        own.holds[page].set(own.world.mapped[page].load(Ordering::Relaxed));
    }
}

/// Uses a page if the TLB holds it.
fn use_held(page: usize) {
    let own = own();
    if own.holds[page].get() {
        assert!(!own.world.reused[page].load(Ordering::Relaxed), "page {page} was used after its end");
    }
}

fn touch(page: usize) {
    fill(page);
    use_held(page);
}

/// Takes a page away and gives its frame to somebody else.
fn take_away(page: usize, targets: CpuSet) {
    let own = own();
    let world = &own.world;
    world.mapped[page].store(false, Ordering::Relaxed);
    let at = VirtAddr::new(page as u64 * PAGE_BYTES);
    let mut request = Request::new();
    request.add(VirtRange::with_length(at, PAGE_BYTES).unwrap(), PAGE_BYTES);
    world.shootdown.invalidate(&request, targets);
    world.reused[page].store(true, Ordering::Relaxed);
    world.busy.fetch_sub(1, Ordering::Release);
    world.wake_all();
}

/// Takes interrupts while initiators are busy, and touches the first `pages` pages then.
fn take_interrupts(pages: usize) {
    let own = own();
    while own.world.busy.load(Ordering::Acquire) != 0 {
        if own.world.kicked[own.cpu].swap(false, Ordering::AcqRel) {
            own.world.shootdown.service();
            own.world.wake_all();
            // Whoever was answered goes on.
            thread::yield_now();
            (0..pages).for_each(touch);
        } else {
            own.world.pause(own.cpu);
        }
    }
}

/// Takes the page away that all use.
fn first() {
    touch(0);
    take_away(0, CpuSet::ALL);
    take_interrupts(0);
}

/// Takes another page away, and uses the first until it answers.
fn second() {
    touch(0);
    take_away(1, CpuSet::ALL);
    take_interrupts(0);
}

fn first_of_last() {
    take_away(0, CpuSet::from_bits(0b100));
}

fn second_of_last() {
    take_away(1, CpuSet::from_bits(0b100));
}

fn target_of_one() {
    touch(0);
    take_interrupts(1);
}

fn target_of_two() {
    touch(0);
    touch(1);
    take_interrupts(2);
}

/// Is held by a monitor for a while, then goes on.
fn comes_back() {
    touch(0);
    own().world.shootdown.leave();
    fill(0);
    own().world.shootdown.enter().unwrap();
    touch(0);
    take_interrupts(1);
}

/// Goes for good.
fn leaves() {
    touch(0);
    own().world.shootdown.leave();
}

/// Comes for the first time.
fn comes() {
    own().world.shootdown.enter().unwrap();
    touch(0);
    take_interrupts(1);
}

/// Is dead.
fn idle() {}

/// As above, beside processor 1, which is dead and not waited for any more.
fn comes_and_expels() {
    own().world.shootdown.enter().unwrap();
    own().world.shootdown.expel(CpuIndex::new(1));
    own().world.wake_all();
    thread::yield_now();
    touch(0);
    take_interrupts(1);
}

/// Lets processors 0 and on do something each, with one step left out. Those of `present` run from the start.
fn run(broken: Option<Step>, present: &'static [usize], initiators: usize, acts: &'static [fn()]) {
    leave_out(broken);
    let mut model = Builder::new();
    // A preemption more makes three take minutes; the twins are found with these.
    model.preemption_bound = Some(if acts.len() > 2 { 1 } else { 3 });
    model.max_branches = 2_000;
    model.check(move || {
        let world = Arc::new(World {
            shootdown: Shootdown::new(),
            mapped: core::array::from_fn(|_| AtomicBool::new(true)),
            reused: core::array::from_fn(|_| AtomicBool::new(false)),
            kicked: core::array::from_fn(|_| AtomicBool::new(false)),
            busy: AtomicUsize::new(initiators),
            wakers: (acts.len() > 2).then(|| core::array::from_fn(|_| Notify::new())),
        });
        let become_cpu = |cpu, world: &Arc<World>| {
            let holds = core::array::from_fn(|_| Cell::new(false));
            let mine = Own { cpu, world: Arc::clone(world), holds };
            OWN.with(|own| *own.borrow_mut() = Some(Rc::new(mine)));
        };
        // Those who are there entered long ago.
        for &cpu in present {
            world.shootdown.running.0.fetch_or(1 << cpu, Ordering::Relaxed);
        }
        let others: Vec<_> = (1..acts.len())
            .map(|cpu| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    become_cpu(cpu, &world);
                    acts[cpu]();
                    OWN.with(|own| *own.borrow_mut() = None);
                })
            })
            .collect();
        become_cpu(0, &world);
        acts[0]();
        others.into_iter().for_each(|other| other.join().unwrap());
        OWN.with(|own| *own.borrow_mut() = None);
    });
}

/// Makes a test of a model, and of each step without which the model must fail.
macro_rules! model {
    ($name:ident, $present:expr, $initiators:expr, $acts:expr; $($twin:ident without $step:ident),* $(,)?) => {
        #[test]
        fn $name() {
            run(None, &$present, $initiators, &$acts);
        }

        $(#[test]
        #[should_panic]
        fn $twin() {
            run(Some(Step::$step), &$present, $initiators, &$acts);
        })*
    };
}

model! {
    a_target_forgets_before_the_frame_is_reused, [0, 1], 1, [first, target_of_one];
    an_answer_before_forgetting_is_found_out without ForgetFirst,
}

model! {
    two_initiators_answer_one_another, [0, 1], 2, [first, second];
    initiators_that_do_not_answer_wait_for_ever without ServeWhileWaiting,
}

model! {
    a_target_answers_two_initiators, [0, 1, 2], 2, [first_of_last, second_of_last, target_of_two];
    an_inbox_emptied_before_the_tally_is_read_is_found_out without TallyFirst,
    a_request_that_comes_while_another_is_answered_is_not_lost without LookAgain,
}

model! {
    a_target_may_leave_and_enter_at_any_moment, [0, 1], 1, [first, comes_back];
    whoever_enters_without_forgetting_is_found_out without ForgetOnEntering,
}

model! {
    nobody_waits_for_one_that_left, [0, 1], 1, [first, leaves];
    an_initiator_that_does_not_heed_it_waits_for_ever without HeedLeaving,
}

model! {
    a_processor_that_comes_sees_the_changed_tables, [0], 1, [first, comes];
    an_initiator_that_does_not_look_again_misses_one without StillAlone,
}

model! {
    a_processor_that_comes_beside_another_sees_the_changed_tables, [0, 1], 1, [first, idle, comes_and_expels];
    whoever_enters_after_forgetting_is_found_out without EnterFirst,
    an_initiator_that_looks_who_runs_before_its_change_is_visible_is_found_out without ChangeFirst,
}
