//! Devices at pages of their own.

use xtcore::{Frame, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr};
use xtmm::space::{PteError, ReleaseError, SpaceError};
use xtpaging::{Attributes, Cache, MapError, Mapping};

use crate::support::{
    Crime, Kernel, Refusal, Reserved, Sim, SimDevices, SimFrames, TestRanges, area, in_every_mode,
    large_pages, map_from, mapper, mapping, range,
};

in_every_mode! {
    a_device_is_mapped_uncached_from_any_byte_on,
    a_page_that_is_never_mapped_lies_behind_each_device,
    ram_of_the_window_is_no_device,
    a_large_device_gets_large_pages,
    sizes_of_nothing_and_of_everything_are_refused,
    every_page_can_be_used_up_and_had_back,
    a_device_of_others_is_no_range_of_ours,
}

const DEVICE: u64 = 0x4_0000;
const REGION: u64 = 4096;

fn devices<'m>(sim: &'m Sim, kernel: &'m Kernel<'m>, frames: &'m SimFrames<'m>) -> SimDevices<'m> {
    SimDevices::new(mapper(kernel, frames), TestRanges::new(sim, range(area(sim.mode), REGION)))
}

/// Returns how many pages are given out, guards included.
fn given(devices: &SimDevices<'_>) -> u64 {
    devices.inspect(TestRanges::pages_out)
}

fn a_device_is_mapped_uncached_from_any_byte_on(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    let base = DEVICE * PAGE_BYTES;
    for (offset, bytes, pages) in [(0, 1, 1), (0xFFF, 1, 1), (0xFFF, 2, 2), (0x10, 0x1000, 2), (0, 0x3000, 3)]
    {
        let start = PhysAddr::new(base + offset);
        let device = devices.map(start, bytes, Cache::Uncached).expect("room");
        assert_eq!((device.address().page_offset(), device.bytes()), (offset, bytes));
        assert_eq!(device.pages(), range(device.address().get() - offset, pages));
        let found = kernel.find(device.address()).expect("mapped");
        assert_eq!((found.address, found.cache, found.rights.write), (start, Cache::Uncached, true));
        assert!(mode == PagingMode::Pml2 || !found.rights.execute);
        assert_eq!((sim.pages().len() as u64, given(&devices)), (pages, pages + 1));
        devices.release(device).expect("ours");
        assert_eq!((sim.pages().len(), sim.out(), given(&devices)), (0, 0, 0));
    }
}

fn a_page_that_is_never_mapped_lies_behind_each_device(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    let mut held: Vec<_> = (0..20)
        .map(|number| {
            let start = PhysAddr::new((DEVICE + 7 * number) * PAGE_BYTES);
            devices.map(start, (1 + number % 3) * PAGE_BYTES, Cache::Uncached).expect("room")
        })
        .collect();
    // Those that come later fill the gaps of those that went.
    for number in [15, 9, 4, 0] {
        devices.release(held.remove(number)).expect("ours");
    }
    held.extend((0..4).map(|_| devices.map(PhysAddr::new(0), 1, Cache::Uncached).expect("room")));
    for device in &held {
        assert!(kernel.find(device.pages().end()).is_err(), "{:?}", device.pages());
        let below = VirtAddr::new(device.pages().start().get() - PAGE_BYTES);
        assert!(kernel.find(below).is_err(), "{:?}", device.pages());
    }
    held.into_iter().for_each(|device| devices.release(device).expect("ours"));
    assert_eq!((sim.out(), given(&devices)), (0, 0));
}

fn ram_of_the_window_is_no_device(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    let mut source = Reserved::of(sim.pool.get().reserve(8).expect("frames"));
    let window = mapping(mode.geometry().kernel_base().get(), large_pages(mode), 0, Attributes::KERNEL_DATA);
    map_from(&kernel, &Mapping { largest: Level::PD, ..window }, &mut source).expect("frames");
    let refused = devices.map(PhysAddr::new(0x5008), 4, Cache::Uncached);
    let (frame, window, wanted) = (Frame::new(5), Cache::WriteBack, Cache::Uncached);
    assert_eq!(refused, Err(PteError::Space(SpaceError::CacheConflict { frame, window, wanted })));
    assert_eq!(given(&devices), 0, "no page was lost");
}

fn a_large_device_gets_large_pages(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    let small = devices.map(PhysAddr::new(7 * PAGE_BYTES), 8, Cache::Uncached).expect("room");
    let bytes = (2 * large_pages(mode) + 3) * PAGE_BYTES;
    let screen = devices.map(PhysAddr::new(DEVICE * PAGE_BYTES), bytes, Cache::WriteCombining).expect("room");
    assert_eq!(sim.pages().len(), 1 + 2 + 3);
    devices.release(small).expect("ours");
    devices.release(screen).expect("ours");
    assert_eq!((sim.out(), given(&devices)), (0, 0));
}

fn sizes_of_nothing_and_of_everything_are_refused(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    let refused =
        |start, bytes| devices.map(PhysAddr::new(start), bytes, Cache::Uncached).expect_err("refused");
    assert_eq!(refused(4096, 0), PteError::Empty);
    for (start, bytes) in [(u64::MAX - 1, 4), (u64::MAX - 4096, 4)] {
        let error = refused(start, bytes);
        assert!(
            matches!(error, PteError::Space(SpaceError::Map(MapError::FrameTooHigh { .. }))),
            "{error:?}"
        );
    }
    assert!(matches!(refused(4096, u64::MAX - 4096), PteError::Pages(Refusal(_))));
    // The region's last page is the guard.
    assert!(matches!(refused(0, REGION * PAGE_BYTES), PteError::Pages(Refusal(_))));
    assert_eq!((sim.out(), given(&devices)), (0, 0), "no page was lost");
}

fn every_page_can_be_used_up_and_had_back(mode: PagingMode) {
    let sim = Sim::new(mode, 300);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let devices = devices(&sim, &kernel, &frames);
    for round in 0..3 {
        let mut held = Vec::new();
        let refused = loop {
            let bytes = (1 + held.len() as u64 % 90) * PAGE_BYTES;
            match devices.map(PhysAddr::new(DEVICE * PAGE_BYTES), bytes, Cache::Uncached) {
                Ok(device) => held.push(device),
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, PteError::Pages(Refusal(_))), "{refused:?}");
        let pages: u64 = held.iter().map(|device| device.pages().bytes() / PAGE_BYTES).sum();
        assert_eq!(given(&devices), pages + held.len() as u64, "a guard for each");
        held.drain(..).for_each(|device| devices.release(device).expect("ours"));
        assert_eq!((sim.out(), sim.pages().len(), given(&devices)), (0, 0, 0), "round {round}");
    }
}

fn a_device_of_others_is_no_range_of_ours(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let ours = devices(&sim, &kernel, &frames);
    let elsewhere = range(area(mode) + 2 * REGION * PAGE_BYTES, REGION);
    let other = SimDevices::new(mapper(&kernel, &frames), TestRanges::new(&sim, elsewhere));
    let device = other.map(PhysAddr::new(DEVICE * PAGE_BYTES), 1, Cache::Uncached).expect("room");
    let with_guard = range(device.pages().start().get(), 2);
    assert_eq!(ours.release(device), Err(ReleaseError::Range(Crime(with_guard))));
}
