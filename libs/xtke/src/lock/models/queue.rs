//! The queue: first come, first served.

use super::super::queue::place::{Line, Place};
use super::super::queue::{Owner, Queue};
use super::*;

/// A lock, and who had it.
struct Hall {
    queue: Queue,
    line: Line,
    first_has_come: Arc<AtomicBool>,
    served: UnsafeCell<Vec<usize>>,
}

fn hall() -> Hall {
    let hall = Hall {
        queue: Queue::new(),
        line: Line::new(),
        first_has_come: Arc::new(AtomicBool::new(false)),
        served: UnsafeCell::new(Vec::new()),
    };
    hall.queue.take::<Model>(Owner::here::<Model>()).unwrap();
    hall
}

fn serve(hall: &Hall) {
    let number = Model::cpu().get();
    // SAFETY: the cell panics if anybody else looks at it.
    hall.served.with_mut(|served| unsafe { (*served).push(number) });
}

fn served_in_turn(hall: &Hall) {
    // SAFETY: all others have ended.
    let served = hall.served.with(|served| unsafe { (*served).clone() });
    assert_eq!(served, [1, 2]);
}

fn await_first(hall: &Hall) {
    while !hall.first_has_come.load(Ordering::Acquire) {
        thread::yield_now();
    }
}

fn take(hall: &Hall) {
    hall.queue.take::<Model>(Owner::here::<Model>()).unwrap();
    serve(hall);
    hall.queue.give_up();
}

fn first(hall: &Hall) {
    COMES.with(|comes| *comes.borrow_mut() = Some(Arc::clone(&hall.first_has_come)));
    take(hall);
    hall.first_has_come.store(true, Ordering::Release);
}

fn second(hall: &Hall) {
    await_first(hall);
    take(hall);
}

fn holder(hall: &Hall) {
    hall.queue.give_up();
}

/// Processor 1 stands in the queue of a lock that is held when processor 2 begins to come.
fn hand_over(broken: Option<Step>) {
    run(broken, Some(3), hall, &[first, second, holder], served_in_turn);
}

#[test]
fn who_has_joined_the_queue_is_served_before_who_comes_then() {
    hand_over(None);
}

#[test]
#[should_panic]
fn who_pushes_past_the_queue_is_found() {
    hand_over(Some(Step::HeedQueue));
}

fn stand(hall: &Hall) {
    let place = Place::new();
    // SAFETY: the place stays until `leave` below has returned.
    let standing = unsafe { hall.line.join(&place) };
    hall.first_has_come.store(true, Ordering::Release);
    standing.wait(Model::relax);
    serve(hall);
    standing.leave(Model::relax);
}

fn stand_second(hall: &Hall) {
    await_first(hall);
    stand(hall);
}

fn line(broken: Option<Step>) {
    run(broken, None, hall, &[stand, stand_second, holder], served_in_turn);
}

#[test]
fn one_stands_at_the_front_at_a_time_in_the_order_of_joining() {
    line(None);
}

#[test]
#[should_panic]
fn who_stands_beside_the_others_is_found() {
    line(Some(Step::StandBehind));
}
