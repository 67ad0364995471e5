//! Timers, and the page that shows the time.

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use xtke::time::{Action, Due, Expiry, Instant, Interval, Period, Repeat, Timer};
use xtke::wait::{Event, Timeout, Was};

use super::{PATIENCE, PATIENTLY, SHORT, Waiting, now, passes, set, sleep, until};
use crate::ke::threads::{self, Kernel};

/// Sets an event.
struct Sets(&'static Event<Kernel>);

impl Action for Sets {
    fn due(&self, expiry: Expiry) {
        if expiry.now >= expiry.due {
            set(self.0);
        }
    }
}

static RANG: Event<Kernel> = Event::synchronisation();
static TIMER: Timer<Kernel, Sets> = Timer::new(Sets(&RANG));

pub(super) fn check(found: &mut Waiting) {
    once(found);
    cancelled(found);
    periodic(found);
    page(found);
}

#[inline(never)]
fn arm(timer: Pin<&Timer<Kernel, Sets>>, due: Due) -> bool {
    timer.arm(due, Repeat::Once)
}

#[inline(never)]
fn cancel(timer: &Timer<Kernel, Sets>) -> bool {
    timer.cancel()
}

fn once(found: &mut Waiting) {
    let timer = Pin::static_ref(&TIMER);
    let begin = now();
    found.see("a new timer is not armed", !arm(timer, Due::After(SHORT)));
    let has_rung = passes(&RANG, PATIENTLY);
    let took = now().since(begin);
    found.see("a timer is done, and not early", has_rung && took >= SHORT);
    found.see("a timer that was done is not armed", timer.due().is_none() && !cancel(timer.get_ref()));
    arm(timer, Due::At(begin));
    found.see("a moment that has passed is done as well", passes(&RANG, PATIENTLY));
}

fn cancelled(found: &mut Waiting) {
    let timer = Pin::static_ref(&TIMER);
    arm(timer, Due::After(PATIENCE));
    let was_armed = arm(timer, Due::After(SHORT + SHORT));
    found.see(
        "a timer that is armed again is armed once",
        was_armed && cancel(timer.get_ref()) && !cancel(timer.get_ref()),
    );
    sleep(Timeout::After(SHORT + SHORT + SHORT));
    found.see("a cancelled timer does nothing", RANG.was() == Was::Clear);
}

/// Times that a periodic timer is looked at.
const TIMES: usize = 3;

/// The moments that a periodic timer was armed for, in the order in which they came.
static MOMENTS: [AtomicU64; TIMES] = [const { AtomicU64::new(0) }; TIMES];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Notes the moment, and tells when there are enough.
struct Notes;

impl Action for Notes {
    fn due(&self, expiry: Expiry) {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if let Some(moment) = MOMENTS.get(number)
            && expiry.now >= expiry.due
        {
            moment.store(expiry.due.units(), Ordering::Relaxed);
        }
        if number + 1 == TIMES {
            set(&RANG);
        }
    }
}

static PERIODIC: Timer<Kernel, Notes> = Timer::new(Notes);

/// Moments that came while nobody looked are left out; those that are done lie whole periods apart.
fn periodic(found: &mut Waiting) {
    let interval = Interval::from_millis(5);
    let Some(period) = Period::new(interval) else { return };
    let timer = Pin::static_ref(&PERIODIC);
    let begin = now();
    timer.arm(Due::After(SHORT), Repeat::Every(period));
    let has_rung = passes(&RANG, PATIENTLY);
    found.see("a periodic timer comes again", has_rung && timer.cancel_and_wait());
    let moments =
        [0, 1, 2].map(|index: usize| MOMENTS.get(index).map_or(0, |moment| moment.load(Ordering::Relaxed)));
    let are_late = moments.iter().all(|moment| *moment >= (begin + SHORT).units());
    let keep_step = moments.windows(2).all(|two| match two {
        [one, next] => next > one && (next - one) % interval.units() == 0,
        _ => false,
    });
    found.see("a periodic timer does not drift", are_late && keep_step);
}

/// The page goes with the performance counter: it is never ahead, and it catches up.
fn page(found: &mut Waiting) {
    let page = threads::page();
    let (time, ticks) = (page.interrupt_time(), page.tick_count());
    let moment = now();
    found.see("the page is not ahead of the counter", time <= moment);
    found.see("the page catches up with the counter", until(&mut || page.interrupt_time() >= moment));
    found.see("the page's ticks move", until(&mut || page.tick_count() > ticks));
    let (later, moment) = (page.interrupt_time(), now());
    found.see("the page's time moves, and not ahead of the counter", later > time && later <= moment);
    let millis = (page.tick_count().get() * u64::from(page.tick_multiplier())) >> 24;
    found.see("ticks count real time", Interval::from_millis(millis) <= now().since(Instant::START));
}
