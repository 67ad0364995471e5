//! Making all processors forget a translation.
//!
//! A processor keeps translations until it is told to forget them, and only it can forget its own. So whoever takes a page
//! away asks all others that may hold it, and reuses neither the frame nor a table until each of them has answered.
//!
//! # What it guarantees
//! When [`Shootdown::invalidate`] returns, every processor that runs has forgotten what was asked for, and none that does
//! not run touches anything before it has forgotten everything. That holds for kernel pages, global or not, for freed
//! tables, and for the aliases of both in the self-map, if the request names them.
//!
//! # The protocol
//! Each processor has a post with the request that it makes, one at a time, and an
//! inbox: a set of senders, and a tally of how often it was asked and how much it has answered.
//!
//! ```text
//!   initiator                                        target
//!     change the tables                                (interrupted by the kick, or waiting for something itself)
//!     write the post                                   read the tally
//!     fence                                            take the senders out
//!     who runs?                                        read their posts: one request of them all, or everything
//!     for each: put me in, add 1 to asked              forget
//!               kick it when its inbox was quiet       answered = what asked was when the tally was read
//!     forget                                           again, until the inbox is quiet
//!     for each: wait until it has answered or left
//! ```
//!
//! A sender has one request under way and a place of its own in each inbox, so no inbox is ever full, nothing is locked,
//! and a processor that comes late answers any number of requests by forgetting once.
//!
//! # Waiting without deadlock
//! An initiator has interrupts on and may hold spin locks: it waits at Dispatch, where a target that spins for such a lock
//! takes the kick. It answers others meanwhile, so that initiators may wait for one another. Whoever
//! waits with interrupts off, for a lock or in a barrier, answers as well: [`Platform::relax`] calls
//! [`Shootdown::service`]. Anything else that a processor does with interrupts off takes a bounded time.
//!
//! # Who does not run
//! A processor that is stopped, not started yet, or held by a monitor [leaves](Shootdown::leave) and is not waited for,
//! not even by those who have asked it already. Before it does anything else again it [enters](Shootdown::enter),
//! which makes it forget everything. It may do both in the middle of answering, as a non-maskable interrupt can have it:
//! the answer it was about to give counts for what was asked before.
//!
//! An idle processor does **not** leave, though it need not be woken for what it does not touch. The pages here are the
//! kernel's, and halting is kernel code: the interrupt that ends it pushes to a kernel stack and runs kernel code before
//! anybody could forget, and until then a walk may go on from a cached entry of a freed table and set accessed bits in
//! whatever lies there now (SDM volume 3A, sections 4.8 and 4.10.3). A processor that leaves avoids that by forgetting everything
//! as it goes, and touching nothing but its waiting place. With address spaces of processes the initiator narrows
//! `targets` to those that run in one; a processor that becomes idle takes itself out by loading a root without user pages.
//!
//! # Levels and locks
//! Initiators: Dispatch, interrupts on, any locks. Everything else: any level. No lock is taken.

mod inbox;
mod post;
mod request;
mod step;
mod ticket;

#[cfg(all(test, loom))]
mod models;

use core::fmt;
use core::marker::PhantomData;

use xtcore::{CpuIndex, RunLevel};

use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::sync::{AtomicUsize, Ordering, constructors, fence};
use inbox::Inbox;
use post::Post;
use step::{Step, taken};

pub use crate::CpuSet;
pub use request::Request;
pub use ticket::Ticket;

/// The translation caches of the processor that calls.
///
/// Both functions are full fences, for the compiler and for the processor: what was stored before is seen by every walk of
/// any processor that begins afterwards. INVLPG and writes of CR3 and CR4 are: they serialise (SDM volume 3A, section 9.3).
pub trait Translations: Platform {
    /// Forgets the pages that [`Request::addresses`] names, global or not, and all paging-structure caches. The request is
    /// neither empty nor for everything.
    fn forget_local(request: &Request);

    /// Forgets everything, global pages included.
    fn forget_everything_local();
}

/// A processor that has no inbox: its number is too high.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoInbox {
    /// The processor.
    pub cpu: CpuIndex,
}

impl fmt::Display for NoInbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "processor {} has no inbox for requests to forget translations", self.cpu.get())
    }
}

impl core::error::Error for NoInbox {}

#[derive(Debug)]
struct Station {
    inbox: Inbox,
    post: Post,
}

/// The inboxes of a machine with up to `CPUS` processors, which are numbered from 0: one for each machine.
pub struct Shootdown<P: Translations, const CPUS: usize> {
    stations: [Station; CPUS],
    /// Who runs. It changes when processors come and go, so that every one has a copy in its cache.
    running: Running,
    platform: PhantomData<fn() -> P>,
}

#[derive(Debug)]
#[repr(align(64))]
struct Running(AtomicUsize);

impl<P: Translations, const CPUS: usize> Shootdown<P, CPUS> {
    const FITS_A_SET: () = assert!(CPUS <= CpuSet::CAPACITY, "a set cannot tell so many processors apart");

    constructors! {
        /// Returns the inboxes of a machine in which nobody has entered yet.
        ///
        /// Until somebody does, an invalidation is the caller's own affair and may come with interrupts off, as it must
        /// before there are any.
        pub fn new() -> Self {
            let () = Self::FITS_A_SET;
            #[cfg(not(loom))]
            let stations = [const { Station { inbox: Inbox::new(), post: Post::new() } }; CPUS];
            #[cfg(loom)]
            let stations = core::array::from_fn(|_| Station { inbox: Inbox::new(), post: Post::new() });
            Self { stations, running: Running(AtomicUsize::new(0)), platform: PhantomData }
        }
    }

    /// Has the `targets` forget, and the caller's processor too, and returns when they have. Targets that do not run are
    /// left out: they forget everything when they enter.
    ///
    /// Highest level: Dispatch, with interrupts on. Cost: what forgetting costs the caller, and where others run, three
    /// locked accesses and perhaps an interrupt for each, and the time until the slowest has answered.
    ///
    /// # Misuse
    /// [`Misuse::LevelTooHigh`] and [`Misuse::ShootdownWithInterruptsOff`], once a processor has entered.
    #[inline]
    pub fn invalidate(&self, request: &Request, targets: CpuSet) {
        self.request(request, targets).wait();
    }

    /// As [`Shootdown::invalidate`], and returns when the caller's processor has forgotten. What the others still owe is
    /// the ticket's. Highest level: Dispatch, with interrupts on.
    pub fn request(&self, request: &Request, targets: CpuSet) -> Ticket<'_, P, CPUS> {
        self.check_caller();
        let raised = P::raise(RunLevel::Dispatch);
        let cpu = P::cpu();
        let others = self.ask(cpu, request, targets);
        Ticket { shootdown: self, cpu, others, _raised: raised, _stays: PhantomData }
    }

    /// Answers whoever has asked the calling processor: the handler of its kick calls it, and whoever waits for something
    /// with interrupts off.
    ///
    /// Level: Dispatch or above. Cost: one load when nobody has asked.
    #[inline]
    pub fn service(&self) {
        let cpu = P::cpu();
        if let Some(station) = self.station(cpu)
            && !station.inbox.tally().is_quiet()
        {
            self.answer(station);
        }
    }

    /// Has the calling processor, whose interrupts are off, forget everything, and others ask it from now on.
    ///
    /// A processor that starts calls this before it touches anything but its own start-up code, the one that boots as soon as
    /// it takes interrupts, and one that was stopped or held before anything else. Highest level: any.
    ///
    /// # Errors
    /// [`NoInbox`]; the processor must not go on then.
    pub fn enter(&self) -> Result<(), NoInbox> {
        let cpu = P::cpu();
        let station = self.station(cpu).ok_or(NoInbox { cpu })?;
        if taken(Step::EnterFirst) {
            self.running.0.fetch_or(CpuSet::of(cpu).bits(), Ordering::AcqRel);
        }
        // With the fence of an initiator: either it sees this processor run, or its tables are seen here from now on.
        fence(Ordering::SeqCst);
        if taken(Step::ForgetOnEntering) {
            self.forget_everything(station);
        }
        if !taken(Step::EnterFirst) {
            self.running.0.fetch_or(CpuSet::of(cpu).bits(), Ordering::AcqRel);
        }
        // The kicks of those who asked before this processor left may be lost.
        self.answer(station);
        Ok(())
    }

    /// Has nobody wait for the calling processor any more, and the processor forget everything.
    ///
    /// The caller has interrupts off, and until it has entered again touches nothing but code, stack and data whose
    /// translations never change. A processor that can look into its inbox while it waits does better not to leave.
    /// Highest level: any, in the middle of whatever a non-maskable interrupt has interrupted.
    pub fn leave(&self) {
        let cpu = P::cpu();
        self.expel(cpu);
        if let Some(station) = self.station(cpu) {
            self.forget_everything(station);
        }
    }

    /// Has nobody wait for `cpu` any more, which is known to execute nothing, and will enter before it does again.
    ///
    /// Highest level: any.
    pub fn expel(&self, cpu: CpuIndex) {
        self.running.0.fetch_and((!CpuSet::of(cpu)).bits(), Ordering::AcqRel);
    }

    /// Returns the processors that have entered and not left.
    #[must_use]
    pub fn running(&self) -> CpuSet {
        CpuSet::from_bits(self.running.0.load(Ordering::Acquire))
    }

    fn station(&self, cpu: CpuIndex) -> Option<&Station> {
        self.stations.get(cpu.get())
    }

    fn check_caller(&self) {
        if self.running().is_empty() {
            return;
        }
        let level = P::run_level();
        if level > RunLevel::Dispatch {
            let operation = "a request to forget translations";
            P::misuse(Misuse::LevelTooHigh { operation, level, highest: RunLevel::Dispatch });
        }
        if !P::interrupts_are_on() {
            P::misuse(Misuse::ShootdownWithInterruptsOff);
        }
    }

    /// Forgets, and asks others to. Returns who was asked.
    #[inline]
    fn ask(&self, cpu: CpuIndex, request: &Request, targets: CpuSet) -> CpuSet {
        if request.is_empty() {
            return CpuSet::NONE;
        }
        let targets = targets & !CpuSet::of(cpu);
        if (self.running() & targets).is_empty() {
            // Nobody to ask, so far: to forget is the fence, and whoever enters after it sees the changed tables.
            request.forget::<P>();
            if !taken(Step::StillAlone) || (self.running() & targets).is_empty() {
                return CpuSet::NONE;
            }
        }
        self.ask_others(cpu, request, targets)
    }

    #[inline(never)]
    fn ask_others(&self, cpu: CpuIndex, request: &Request, targets: CpuSet) -> CpuSet {
        // A processor without an inbox was refused when it entered, and is not here.
        let Some(station) = self.station(cpu) else { return CpuSet::NONE };
        // A ticket that was never waited for, or is not yet: its targets may be reading the post.
        self.settle(cpu, station.post.asked());
        station.post.write(request);
        if taken(Step::ChangeFirst) {
            fence(Ordering::SeqCst);
        }
        let others = self.running() & targets;
        station.post.set_asked(others);
        for target in others.iter() {
            if self.station(target).is_some_and(|station| station.inbox.put(cpu)) {
                P::kick(target);
            }
        }
        // While the others do the same.
        request.forget::<P>();
        others
    }

    /// Waits until each of `others` has answered or left.
    #[inline(never)]
    fn settle(&self, cpu: CpuIndex, others: CpuSet) {
        let Some(own) = self.station(cpu) else { return };
        for target in others.iter() {
            let Some(station) = self.station(target) else { continue };
            // What others have asked meanwhile is waited for as well; they are asked and answered together, mostly.
            let asked = station.inbox.tally();
            while !station.inbox.tally().has_answered_all_of(asked) {
                if taken(Step::HeedLeaving) && !self.running().contains(target) {
                    break;
                }
                if taken(Step::ServeWhileWaiting) && !own.inbox.tally().is_quiet() {
                    self.answer(own);
                }
                P::relax();
            }
        }
        own.post.set_asked(own.post.asked() & !others);
    }

    /// Answers until the inbox is quiet: whoever finds it otherwise does not kick. Ends because each sender waits for the
    /// answer before it asks again, and those who are answered have to do something in between.
    #[cold]
    fn answer(&self, station: &Station) {
        // A kick that interrupted this between taking a sender and forgetting would answer what it did not see.
        let _raised = P::raise(RunLevel::Ipi);
        let inbox = &station.inbox;
        let mut asked = inbox.tally();
        while !asked.is_quiet() {
            if taken(Step::TallyFirst) {
                self.forget_senders(inbox.take(), asked, inbox);
            } else {
                let senders = inbox.take();
                self.forget_senders(senders, inbox.tally(), inbox);
            }
            if !taken(Step::LookAgain) {
                break;
            }
            asked = inbox.tally();
        }
    }

    /// Forgets what the senders want, all at once, and answers what was asked at the time of `asked`.
    fn forget_senders(&self, senders: CpuSet, asked: inbox::Tally, inbox: &Inbox) {
        let mut all = Request::new();
        senders
            .iter()
            .filter_map(|sender| self.station(sender))
            .for_each(|from| from.post.read_into(&mut all));
        if !taken(Step::ForgetFirst) {
            inbox.answer(asked);
        }
        all.forget::<P>();
        inbox.answer(asked);
    }

    /// Forgets everything and answers everybody.
    fn forget_everything(&self, station: &Station) {
        let asked = station.inbox.tally();
        let _forgotten_with_everything = station.inbox.take();
        P::forget_everything_local();
        station.inbox.answer(asked);
    }
}

impl<P: Translations, const CPUS: usize> Default for Shootdown<P, CPUS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Translations, const CPUS: usize> fmt::Debug for Shootdown<P, CPUS> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Shootdown(running {:#b})", self.running().bits())
    }
}
