//! The fields of the word, and what changes them.

use super::*;

fn fresh() -> Status {
    Status::new(Priority::NORMAL, CpuIndex::new(63))
}

fn priority(number: u8) -> Priority {
    Priority::new(number).unwrap()
}

#[test]
fn no_field_touches_another() {
    let all = [
        fresh().at(State::Held, CpuIndex::new(21)),
        fresh().with_permit(),
        fresh().with_suspends(MAX_SUSPENDS),
        fresh().entering_critical(),
        fresh().with_base(Priority::HIGHEST),
        fresh().starved(),
    ];
    for status in all {
        let there_and_back = status
            .with_permit()
            .with_suspends(77)
            .entering_critical()
            .leaving_critical()
            .with_suspends(status.suspends())
            .at(State::Ended, CpuIndex::new(1))
            .at(status.state(), status.cpu());
        let without = |status: Status| status.without_permit().leaving_critical();
        assert_eq!(without(there_and_back), without(status));
    }
    assert_eq!(fresh().cpu(), CpuIndex::new(63));
}

#[test]
fn a_boost_starts_from_the_base_and_stops_below_real_time() {
    let status = fresh().boosted(Boost::new(2));
    assert_eq!((status.base(), status.current()), (priority(8), priority(10)));
    assert_eq!(status.boosted(Boost::new(1)).current(), priority(10), "a smaller one takes nothing away");
    assert_eq!(status.boosted(Boost::new(200)).current(), priority(15));
    let real_time = fresh().with_base(priority(16));
    assert_eq!(real_time.boosted(Boost::new(9)).current(), priority(16));
}

#[test]
fn a_boost_decays_level_by_level_and_help_against_starvation_at_once() {
    let boosted = fresh().boosted(Boost::new(2));
    assert_eq!(boosted.decayed().current(), priority(9));
    assert_eq!(boosted.decayed().decayed().decayed().current(), priority(8));
    assert_eq!(fresh().starved().current(), Priority::HIGHEST_DYNAMIC);
    assert_eq!(fresh().starved().decayed(), fresh());
}

#[test]
fn a_suspended_thread_is_not_stopped_in_a_critical_region() {
    let suspended = fresh().with_suspends(1);
    assert!(suspended.is_stopped());
    assert!(!suspended.entering_critical().is_stopped());
    assert!(suspended.entering_critical().leaving_critical().is_stopped());
}

#[test]
fn a_change_that_is_declined_changes_nothing_and_tells_what_it_saw() {
    let word = StatusWord::new(fresh());
    assert_eq!(word.take_permit(), Err(fresh()));
    assert_eq!(word.leave_permit(), Ok(fresh().with_permit()));
    assert_eq!(word.take_permit(), Ok(fresh()));
    assert_eq!(word.wake(Boost::NONE, Some), Err(fresh()));
}

#[test]
fn who_has_a_permit_does_not_sleep() {
    let word = StatusWord::new(fresh().with_state(State::Running).with_permit());
    assert_eq!(word.settle_to_sleep(), Err(fresh().with_state(State::Running)));
    assert_eq!(word.settle_to_sleep(), Ok(()));
    assert_eq!(word.load().state(), State::Parked);
}
