//! Values at even distances.

extern crate std;

use std::vec::Vec;

use super::{NotNext, PerCpu};

fn address(value: &u32) -> usize {
    core::ptr::from_ref(value).addr()
}

#[test]
fn a_slice_gives_its_elements_and_nothing_behind_them() {
    let values = [3_u32, 5, 7];
    let cpus = PerCpu::new(&values);
    assert_eq!(cpus.iter().copied().collect::<Vec<_>>(), [3, 5, 7]);
    assert_eq!(cpus.get(3), None);
    assert_eq!(cpus.get(usize::MAX), None);
}

#[test]
fn the_second_value_settles_the_distance_and_the_others_must_keep_it() {
    let values: Vec<u32> = (0..40).collect();
    let cpus = PerCpu::new(&values[..1]);
    cpus.add(&values[10]).unwrap();
    assert_eq!(
        cpus.add(&values[21]),
        Err(NotNext { found: address(&values[21]), expected: Some(address(&values[20])) })
    );
    assert_eq!(cpus.count(), 2);
    cpus.add(&values[20]).unwrap();
    cpus.add(&values[30]).unwrap();
    assert_eq!(cpus.iter().copied().collect::<Vec<_>>(), [0, 10, 20, 30]);
    assert_eq!(cpus.get(2), Some(&20));
}

#[test]
fn a_value_before_the_first_or_the_first_itself_is_refused() {
    let values = [1_u32, 2];
    let cpus = PerCpu::new(&values[1..]);
    for wrong in &values {
        assert_eq!(cpus.add(wrong), Err(NotNext { found: address(wrong), expected: None }));
    }
    assert_eq!(cpus.iter().count(), 1);
}

#[test]
fn an_empty_one_stays_empty() {
    let (none, value) = ([0_u32; 0], 1);
    let cpus = PerCpu::new(&none);
    assert!(cpus.add(&value).is_err());
    assert_eq!(cpus.get(0), None);
}

#[test]
fn another_thread_finds_what_was_written_before_a_value_was_added() {
    use core::sync::atomic::{AtomicU32, Ordering};
    let values: Vec<AtomicU32> = (0..64).map(|_| AtomicU32::new(0)).collect();
    let cpus = PerCpu::new(&values[..1]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (number, value) in values.iter().enumerate().skip(1) {
                value.store(number as u32, Ordering::Relaxed);
                cpus.add(value).unwrap();
            }
        });
        while cpus.count() < values.len() {
            let count = cpus.count();
            let found = cpus.get(count - 1).unwrap();
            assert_eq!(found.load(Ordering::Relaxed) as usize, count - 1);
        }
    });
}
