//! What a thread of the crowd has done for itself by somebody else, and waits for.

use core::pin::{Pin, pin};

use xtke::defer::work::WorkItem;
use xtke::defer::{Dpc, Importance, Routine, Target};
use xtke::platform::Boost;
use xtke::sched::{Blueprint, Name, Priority};
use xtke::time::{Action, Due, Expiry, Interval, Repeat, Timer};

use super::account::Entry;
use super::{COMPLAINT, MEMBERS, Member, PATIENTLY, must_answer, some_processor, some_set, steps};
use crate::ex::stress::random::Random;
use crate::ex::stress::{Complaint, check};
use crate::ex::waiting::now;
use crate::ke::threads::work::CRITICAL;
use crate::ke::threads::{Extension, Kernel, SCHEDULER, Work, running};

/// Answers the member with this number.
struct Answer(usize);

impl Answer {
    fn give(&self) {
        if let Some(member) = MEMBERS.get(self.0) {
            member.reply.set(Boost::new(1));
        }
    }
}

/// A timer answers.
struct Alarm(Answer);

impl Action for Alarm {
    fn due(&self, expiry: Expiry) {
        Entry::Timer.take();
        let (due, now) = (expiry.due.units(), now().units());
        if now < due {
            COMPLAINT.lock().get_or_insert(Complaint::new("a timer came early", [due, now]));
        }
        self.0.give();
    }
}

/// A deferred call answers.
struct Call(Answer);

impl Routine for Call {
    fn run(&self) {
        Entry::Deferred.take();
        self.0.give();
    }
}

/// A worker answers.
struct Item(Answer);

impl Routine for Item {
    fn run(&self) {
        Entry::Work.take();
        self.0.give();
    }
}

fn some_delay(random: &mut Random) -> Due {
    Due::After(Interval::from_micros(random.below(3_000)))
}

fn arm(timer: Pin<&Timer<Kernel, Alarm>>, random: &mut Random) -> Result<(), Complaint> {
    Entry::Timer.give();
    check(!timer.arm(some_delay(random), Repeat::Once), "a new timer was armed", [0, 0])
}

/// Does something while a timer is on its way to answer; that must have been awaited in the end.
pub(super) fn while_one_is_under_way(
    number: usize,
    random: &mut Random,
    body: impl FnOnce() -> Result<(), Complaint>,
) -> Result<(), Complaint> {
    let timer = pin!(Timer::<Kernel, _>::new(Alarm(Answer(number))));
    arm(timer.as_ref(), random)?;
    body()
}

/// Asks a timer, goes elsewhere, and waits there, or takes the request back.
pub(super) fn by_timer(number: usize, member: &Member, random: &mut Random) -> Result<(), Complaint> {
    let timer = pin!(Timer::<Kernel, _>::new(Alarm(Answer(number))));
    arm(timer.as_ref(), random)?;
    if let Some(own) = running() {
        // Only sets of processors that run are asked for.
        let _ = SCHEDULER.set_affinity(own, some_set(random));
    }
    if random.below(2) == 0 && timer.cancel() {
        Entry::Timer.take();
        return Ok(());
    }
    must_answer(member, "the answer of a timer does not come")
}

/// Asks a processor, and waits, or takes the request back.
pub(super) fn by_deferred_call(number: usize, member: &Member, random: &mut Random) -> Result<(), Complaint> {
    let importance = if random.below(2) == 0 { Importance::High } else { Importance::Medium };
    let target = Target::Cpu(some_processor(random));
    let call = pin!(Dpc::<Kernel, _>::new(target, importance, Call(Answer(number))));
    Entry::Deferred.give();
    check(call.as_ref().insert(), "a new call was queued", [0, 0])?;
    if random.below(3) == 0 && call.remove() {
        Entry::Deferred.take();
        return Ok(());
    }
    must_answer(member, "the answer of a processor does not come")
}

/// Asks a worker, and waits.
pub(super) fn by_worker(number: usize, member: &Member) -> Result<(), Complaint> {
    let item = pin!(WorkItem::<Kernel, _>::new(&CRITICAL, Item(Answer(number))));
    Entry::Work.give();
    let is_queued = item.as_ref().submit() == Ok(true);
    check(is_queued, "a new item of work was queued, or its queue is stopped", [0, 0])?;
    must_answer(member, "the answer of a worker does not come")
}

/// What another thread is to do, beside answering: the lowest bit of its argument.
const ABANDONS: usize = 1;

/// Creates a thread that answers and ends, suspended at first or not, and waits for both.
pub(super) fn by_thread(number: usize, member: &Member, random: &mut Random) -> Result<(), Complaint> {
    let argument = number << 1 | random.below(2) as usize;
    let plan = Blueprint {
        name: Name::numbered("child", number as u32),
        priority: Priority::new(1 + random.below(20) as u8).unwrap_or(Priority::NORMAL),
        affinity: some_set(random),
        start: Work { function: answer, argument },
        extension: Extension::default(),
    };
    let thread = SCHEDULER.create(plan);
    let thread = thread.map_err(|_| Complaint::new("a thread cannot be created", [number as u64, 1]))?;
    let is_held = random.below(2) == 0 && SCHEDULER.suspend(&thread) == Ok(0);
    let thread = thread.start();
    if is_held {
        Entry::Suspension.give();
        SCHEDULER.yield_now();
        let was = SCHEDULER.resume(&thread);
        check(was == 1, "a new thread was suspended by somebody else", [was.into(), 0])?;
        Entry::Suspension.take();
    }
    must_answer(member, "the answer of a thread does not come")?;
    let end = thread.extension().end.join(PATIENTLY);
    check(end == Ok(0), "a thread that has answered does not end", [thread.id().get(), 0])
}

fn answer(argument: usize) {
    let number = argument >> 1;
    if argument & ABANDONS != 0
        && let Err(complaint) = steps::abandon(&mut Random::new(argument as u64))
    {
        COMPLAINT.lock().get_or_insert(complaint);
    }
    Answer(number).give();
}
