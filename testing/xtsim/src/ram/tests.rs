//! The simulated memory: what a store does, and when it can be watched.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use xtcore::{Frame, FrameCount, FrameRange, PhysAddr};

use super::*;

const AT: PhysAddr = PhysAddr::new(0x2008);
const OLD: u64 = 0x1111_1111_2222_2222;
const NEW: u64 = 0x3333_3333_4444_4444;

fn ram(width: Width) -> Ram {
    let mut ram = Ram::with(width, FrameRange::with_count(Frame::new(0), FrameCount::new(4)));
    ram.exchange64(AT, OLD);
    ram
}

/// Makes the machine note what is at `AT` at each stop.
fn watch(ram: &mut Ram) -> Rc<RefCell<Vec<(Moment, u64)>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&seen);
    ram.on_stop(move |ram, stop| notes.borrow_mut().push((stop.moment, ram.read_u64(AT).unwrap())));
    seen
}

#[test]
fn a_plain_64_bit_store_is_torn_on_a_32_bit_machine_in_either_order() {
    for (order, torn) in
        [(HalfOrder::LowFirst, 0x1111_1111_4444_4444), (HalfOrder::HighFirst, 0x3333_3333_2222_2222)]
    {
        let mut ram = ram(Width::Bits32);
        ram.set_half_order(order);
        let seen = watch(&mut ram);
        ram.store64_plain(AT, NEW);
        assert_eq!(*seen.borrow(), [(Moment::Before, OLD), (Moment::Between, torn), (Moment::After, NEW)]);
    }
}

#[test]
fn a_plain_64_bit_store_is_whole_on_a_64_bit_machine() {
    let mut ram = ram(Width::Bits64);
    let seen = watch(&mut ram);
    ram.store64_plain(AT, NEW);
    assert_eq!(*seen.borrow(), [(Moment::Before, OLD), (Moment::After, NEW)]);
}

#[test]
fn an_exchange_is_never_torn() {
    let mut ram = ram(Width::Bits32);
    let seen = watch(&mut ram);
    assert_eq!(ram.exchange64(AT, NEW), OLD);
    assert_eq!(*seen.borrow(), [(Moment::Before, OLD), (Moment::After, NEW)]);
    assert_eq!(ram.exchange32(AT, 5), 0x4444_4444);
}

#[test]
fn halves_stored_one_by_one_stop_one_by_one() {
    let mut ram = ram(Width::Bits32);
    let seen = watch(&mut ram);
    ram.store_half_high(AT, 0x3333_3333);
    ram.store_half_low(AT, 0x4444_4444);
    let half = 0x3333_3333_2222_2222;
    assert_eq!(
        *seen.borrow(),
        [(Moment::Before, OLD), (Moment::After, half), (Moment::Before, half), (Moment::After, NEW)]
    );
}

#[test]
fn a_hook_may_store_and_does_not_stop_itself() {
    let mut ram = ram(Width::Bits32);
    let calls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&calls);
    ram.on_stop(move |ram, stop| {
        counter.set(counter.get() + 1);
        if stop.moment == Moment::Before {
            // A processor sets the accessed flag between software's load and its exchange.
            ram.set_flags(AT, 0x20);
            ram.store32(PhysAddr::new(0), 1);
        }
    });
    assert_eq!(ram.exchange64(AT, NEW), OLD | 0x20);
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_hook_may_install_its_successor_and_can_be_removed() {
    let mut ram = ram(Width::Bits64);
    let calls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&calls);
    ram.on_stop(move |ram, _| {
        let counter = Rc::clone(&counter);
        ram.on_stop(move |_, _| counter.set(counter.get() + 1));
    });
    ram.store32(AT, 1);
    assert_eq!(calls.get(), 1, "the first stop went to the first hook, the second to its successor");
    assert!(ram.remove_hook().is_some());
    ram.store32(AT, 1);
    assert_eq!(calls.get(), 1);
}

#[test]
fn untouched_frames_are_poisoned_and_cost_nothing() {
    let top = Frame::new((1 << 40) - 1);
    let mut ram = Ram::with(Width::Bits64, FrameRange::with_count(Frame::new(0), FrameCount::new(1 << 40)));
    assert_eq!(ram.read_u64(top.address()), Some(u64::MAX));
    assert_eq!(ram.frames_touched(), 0);
    ram.store32(top.address(), 0);
    assert_eq!(ram.read_u64(top.address()), Some(0xFFFF_FFFF_0000_0000));
    assert_eq!(ram.frames_touched(), 1);
    ram.zero(top);
    ram.poison(Frame::new(7));
    let mut page = [1; FRAME_BYTES];
    ram.read_frame(top, &mut page).unwrap();
    assert_eq!(page, [0; FRAME_BYTES]);
    ram.read_frame(Frame::new(7), &mut page).unwrap();
    assert_eq!(page, [0xFF; FRAME_BYTES]);
    ram.set_background(0);
    assert_eq!(ram.read_u8(PhysAddr::new(0x9123)), Some(0));
}

#[test]
fn loads_outside_installed_ranges_return_nothing() {
    let mut ram = ram(Width::Bits64);
    ram.install(FrameRange::with_count(Frame::new(8), FrameCount::ONE));
    assert_eq!(ram.read_u32(PhysAddr::new(0x3FFC)), Some(u32::MAX));
    assert_eq!(ram.read_u32(PhysAddr::new(0x4000)), None);
    assert_eq!(ram.read_u64(PhysAddr::new(0x7FF8)), None);
    assert!(ram.read_u64(PhysAddr::new(0x8FF8)).is_some());
    assert_eq!(ram.read_frame(Frame::new(4), &mut [0; FRAME_BYTES]), None);
}

#[test]
#[should_panic(expected = "where no memory is installed")]
fn a_store_outside_memory_is_not_lost_silently() {
    ram(Width::Bits64).store32(PhysAddr::new(0x4000), 1);
}

#[test]
#[should_panic(expected = "not aligned")]
fn a_misaligned_store_is_refused() {
    ram(Width::Bits32).store64_plain(PhysAddr::new(0x1004), 1);
}

#[test]
fn software_stores_are_counted_and_the_processors_are_not() {
    let mut ram = ram(Width::Bits32);
    let before = ram.stores();
    ram.store64_plain(AT, NEW);
    assert_eq!(ram.stores() - before, 2);
    ram.exchange64(AT, OLD);
    ram.zero(Frame::new(1));
    assert_eq!(ram.stores() - before, 4);
    ram.set_flags(AT, 0x20);
    assert_eq!(ram.stores() - before, 4);
}
