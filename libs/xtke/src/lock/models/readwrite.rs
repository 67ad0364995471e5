//! The reader-writer spin lock: readers together, a writer alone, and neither starved.

use super::*;

type Lock = RwSpinLock<Model, Value>;

fn lock() -> Lock {
    Lock::new(CLASS, zero())
}

fn write(lock: &Lock) {
    add(&lock.write());
}

fn read(lock: &Lock) {
    get(&lock.read());
}

fn sum(lock: &Lock, sum: usize) {
    assert_eq!(get(&lock.read()), sum);
}

fn write_twice(lock: &Lock) {
    write(lock);
    write(lock);
}

fn two(broken: Option<Step>) {
    run(broken, None, lock, &[read, write_twice], |lock| sum(lock, 2));
}

#[test]
fn a_reader_and_a_writer_take_turns() {
    two(None);
}

#[test]
fn two_writers_and_a_reader_take_turns() {
    run(None, Some(2), lock, &[write, read, write], |lock| sum(lock, 2));
}

#[test]
#[should_panic]
fn a_reader_that_leaves_before_it_has_read_is_found() {
    two(Some(Step::ReaderLeaves));
}

#[test]
#[should_panic]
fn a_writer_that_shows_nothing_is_found() {
    two(Some(Step::GiveUp));
}

/// Processor 0 reads when it starts, and again after the writer has come.
struct Ward {
    lock: Lock,
    has_come: Arc<AtomicBool>,
}

fn ward() -> Ward {
    let ward = Ward { lock: lock(), has_come: Arc::new(AtomicBool::new(false)) };
    core::mem::forget(ward.lock.read());
    ward
}

fn come_to_write(ward: &Ward) {
    COMES.with(|comes| *comes.borrow_mut() = Some(Arc::clone(&ward.has_come)));
    write(&ward.lock);
}

/// Stays until the writer waits: then no new reader may come in.
fn read_on(ward: &Ward) {
    while !ward.has_come.load(Ordering::Acquire) {
        thread::yield_now();
    }
    assert!(ward.lock.try_read().is_none(), "a reader came in before a writer that waits");
    ward.lock.release_reader();
}

fn starve(broken: Option<Step>) {
    run(broken, None, ward, &[come_to_write, read_on], |ward| sum(&ward.lock, 1));
}

#[test]
fn no_reader_comes_in_before_a_writer_that_waits() {
    starve(None);
}

#[test]
#[should_panic]
fn a_writer_that_does_not_say_that_it_waits_is_found() {
    starve(Some(Step::WriterWaits));
}
