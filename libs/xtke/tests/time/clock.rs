//! The clock, the page that shows it, and the accounts of a processor.

use std::sync::atomic::{AtomicBool, Ordering};

use xtke::CpuIndex;
use xtke::time::{Activity, Clock, CpuTimes, Instant, Interval, Period, SharedPage, SystemTime, TickCount};

use crate::host::{Host, Machine};

const TICK: u64 = 156_250;

/// 2024-02-29, 23:59:59.
const STARTED: SystemTime = SystemTime::new(133_537_247_990_000_000);

fn clock() -> Clock<Host> {
    let page = Box::leak(Box::new(SharedPage::new()));
    let tick = Period::new(Interval::new(TICK)).unwrap();
    Clock::new(page, CpuIndex::BOOT, STARTED, tick)
}

#[test]
fn the_page_shows_what_the_keeper_ticks_and_nobody_else() {
    let machine = Machine::start();
    let (clock, second) = (clock(), Instant::new(10_000_000));
    machine.enter(2);
    clock.tick(second);
    assert_eq!(clock.page().interrupt_time(), Instant::START);
    machine.enter(0);
    clock.tick(second);
    assert_eq!(clock.page().interrupt_time(), second);
    let shown = clock.page().system_time();
    assert_eq!(shown, clock.system_time_at(second));
    assert_eq!(shown, STARTED + Interval::from_seconds(1));
    assert_eq!(clock.page().tick_count(), TickCount::new(10_000_000 / TICK));
}

#[test]
fn late_ticks_are_made_up_for_and_the_time_never_goes_back() {
    Machine::start();
    let clock = clock();
    let mut ticks = Vec::new();
    for now in [TICK - 1, TICK, 2 * TICK + 5, 7 * TICK, 3 * TICK, 8 * TICK - 1, 8 * TICK] {
        clock.tick(Instant::new(now));
        ticks.push(clock.page().tick_count().get());
    }
    assert_eq!(ticks, [0, 1, 2, 7, 7, 7, 8]);
    assert_eq!(clock.page().interrupt_time(), Instant::new(8 * TICK));
}

#[test]
fn the_low_half_of_the_tick_count_wraps_and_differences_stay_right() {
    Machine::start();
    let clock = clock();
    let ticks = |count: u64| Instant::new(count * TICK);
    clock.tick(ticks(0xFFFF_FFFE));
    let before = clock.page().tick_count_low();
    clock.tick(ticks(0x1_0000_0003));
    let after = clock.page().tick_count_low();
    assert_eq!((before, after), (0xFFFF_FFFE, 3));
    assert_eq!(TickCount::low_since(after, before), 5);
    assert_eq!(clock.page().tick_count(), TickCount::new(0x1_0000_0003));
    // Milliseconds as readers of NT's page reckon them.
    let millis = |low: u32| (u64::from(low) * u64::from(clock.page().tick_multiplier())) >> 24;
    assert_eq!(millis(64), 1_000);
}

#[test]
fn readers_never_see_a_torn_or_an_older_time() {
    let machine = Machine::start();
    let (clock, over) = (clock(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut last, page) = (Instant::START, clock.page());
                while !over.load(Ordering::Relaxed) {
                    let now = page.interrupt_time();
                    // The keeper moves by whole high halves and their last units: nothing else may be seen.
                    assert!(
                        now >= last && [0, u64::from(u32::MAX)].contains(&(now.units() & 0xFFFF_FFFF)),
                        "{now:?}"
                    );
                    last = now;
                }
            });
        }
        machine.enter(0);
        for high in 1..30_000_u64 {
            clock.tick(Instant::new(high << 32));
            clock.tick(Instant::new(high << 32 | 0xFFFF_FFFF));
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn the_accounts_add_up_to_the_time_and_charge_what_was_interrupted() {
    let times = CpuTimes::new(Instant::new(100));
    for (activity, now) in [
        (Activity::Idle, 150),
        (Activity::Kernel, 250),
        (Activity::User, 260),
        // A charge that was overtaken by an interrupt's.
        (Activity::Dpc, 255),
        (Activity::Interrupt, 261),
        (Activity::Dpc, 265),
    ] {
        times.charge(activity, Instant::new(now));
    }
    let times = times.times();
    let on = [Activity::User, Activity::Kernel, Activity::Idle, Activity::Dpc, Activity::Interrupt]
        .map(|activity| times.on(activity).units());
    assert_eq!(on, [10, 100, 50, 4, 1]);
    assert_eq!(times.total(), Interval::new(165));
}

#[test]
fn the_world_ends_later_than_the_machine() {
    let clock = clock();
    assert_eq!(clock.system_time_at(Instant::NEVER), SystemTime::new(u64::MAX));
}
