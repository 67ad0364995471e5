//! The order of locks as the locks keep it. What the order itself does is tested beside it.

#[cfg(debug_assertions)]
mod kept {
    use lock_api::RawMutex;
    use xtke::RunLevel;
    use xtke::lock::order::Order;
    use xtke::lock::{Class, DeviceLock, RawQueued, RwSpinLock, SpinLock};
    use xtke::misuse::Misuse;
    use xtke::platform::Platform;

    use crate::host::{Host, keep, misuse_of, note_in};

    const OUTER: Class = Class::new("outer");
    const INNER: Class = Class::new("inner");

    fn order() -> &'static Order {
        let order = keep(Order::new());
        note_in(order);
        order
    }

    #[test]
    fn an_inversion_is_found_though_nobody_had_to_wait() {
        let order = order();
        let outer = SpinLock::<Host, _>::new(OUTER, ());
        let inner = RwSpinLock::<Host, _>::new(INNER, ());
        {
            let _outer = outer.lock();
            let _inner = inner.read();
        }
        let edges: Vec<_> = order.edges().collect();
        assert_eq!(edges, [(OUTER, INNER)]);
        let _inner = inner.write();
        assert_eq!(misuse_of(|| outer.lock()), Misuse::LockOrder { held: "inner", wanted: "outer" });
    }

    #[test]
    fn a_lock_that_was_only_tried_is_in_no_inversion() {
        let order = order();
        let outer = SpinLock::<Host, _>::new(OUTER, ());
        let inner = SpinLock::<Host, _>::new(INNER, ());
        drop((outer.lock(), inner.lock()));
        let _inner = inner.lock();
        assert!(outer.try_lock().is_some());
        assert_eq!(order.edges().count(), 1);
    }

    /// Releases a raw lock that the test has taken.
    #[allow(unsafe_code, reason = "raw locks are released by hand")]
    fn release(lock: &RawQueued<Host>) {
        assert!(lock.is_locked());
        // SAFETY: the locks of a test are its own and nobody else takes them, so it was this processor that took this one.
        unsafe { lock.unlock() };
    }

    #[test]
    fn a_raw_lock_is_one_of_the_class_that_its_taker_says() {
        let order = order();
        let (outer, inner) = (RawQueued::<Host>::INIT, RawQueued::<Host>::INIT);
        for _ in 0..2 {
            outer.lock_as(OUTER);
            inner.lock_as(INNER);
            [&inner, &outer].into_iter().for_each(release);
        }
        assert_eq!(order.edges().collect::<Vec<_>>(), [(OUTER, INNER)]);
        inner.lock_as(INNER);
        let found = misuse_of(|| outer.lock_as(OUTER));
        assert_eq!(found, Misuse::LockOrder { held: "inner", wanted: "outer" });
        assert!(matches!(misuse_of(|| inner.lock_as(INNER)), Misuse::LockTwice { lock: "inner", .. }));
        release(&inner);
        outer.lock_as(OUTER);
        release(&outer);
    }

    #[test]
    fn a_reader_that_reads_again_is_found() {
        order();
        let lock = RwSpinLock::<Host, _>::new(OUTER, ());
        let _guard = lock.read();
        let found = misuse_of(|| lock.read());
        assert!(matches!(found, Misuse::LockTwice { lock: "outer", .. }), "{found}");
    }

    #[test]
    fn classes_are_listed_with_their_levels_and_the_level_is_left_as_it_was() {
        let order = order();
        drop(SpinLock::<Host, _>::new(OUTER, ()).lock());
        drop(DeviceLock::<Host, _>::for_device(INNER, ()).lock());
        let classes: Vec<_> = order.classes().collect();
        assert_eq!(classes, [(OUTER, RunLevel::Dispatch), (INNER, RunLevel::Device)]);
        assert_eq!((Host::run_level(), order.left_out()), (RunLevel::Passive, 0));
    }
}

#[cfg(not(debug_assertions))]
#[test]
fn release_builds_note_nothing() {
    use xtke::lock::order::Order;
    use xtke::lock::{Class, SpinLock};

    let order = crate::host::keep(Order::new());
    crate::host::note_in(order);
    drop(SpinLock::<crate::host::Host, _>::new(Class::new("any"), ()).lock());
    assert_eq!(order.classes().count(), 0);
}
