//! What callers do wrong with timers.

use std::pin::Pin;

use xtke::RunLevel;
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::time::{Due, Expiry, Instant, Repeat, Timer};

use crate::host::{Host, Machine, caught};

type Nothing = Timer<Host, fn(Expiry)>;
type Calls = fn(Pin<&Nothing>);

/// Calls something of a timer from an interrupt handler.
fn from_a_device(call: Calls) -> Misuse {
    caught(move || {
        let timer = Box::leak(Box::new(Timer::<Host, fn(Expiry)>::new(|_| ())));
        let _raised = Host::raise(RunLevel::Device);
        call(Pin::static_ref(timer));
    })
}

#[test]
fn timers_are_not_for_interrupt_handlers() {
    let calls: [(&str, Calls); 4] = [
        ("Timer::arm", |timer| _ = timer.arm(Due::At(Instant::START), Repeat::Once)),
        ("Timer::cancel", |timer| _ = timer.cancel()),
        ("Timer::cancel_and_wait", |timer| _ = timer.cancel_and_wait()),
        ("Timer::due", |timer| _ = timer.due()),
    ];
    for (operation, call) in calls {
        let (level, highest) = (RunLevel::Device, RunLevel::Dispatch);
        assert_eq!(from_a_device(call), Misuse::LevelTooHigh { operation, level, highest });
    }
}

#[test]
fn an_interrupt_handler_does_not_run_timers() {
    let found = caught(|| {
        let machine = Machine::start();
        let _raised = Host::raise(RunLevel::Clock);
        machine.timers(0).expire(Instant::START);
    });
    assert_eq!(found.code(), 0x0A);
}

#[test]
fn a_timer_that_is_freed_by_its_own_action_stops_the_machine() {
    use std::sync::Mutex;
    static OWNED: Mutex<Option<Pin<Box<Nothing>>>> = Mutex::new(None);
    let found = caught(|| {
        let machine = Machine::start();
        let timer = Box::pin(Timer::<Host, fn(Expiry)>::new(|_| drop(OWNED.lock().unwrap().take())));
        timer.as_ref().arm(Due::At(Instant::START), Repeat::Once);
        *OWNED.lock().unwrap() = Some(timer);
        machine.advance(1);
    });
    assert!(matches!(found, Misuse::CorruptQueue { .. }), "{found:?}");
}
