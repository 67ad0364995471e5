//! Boots that must succeed, whatever the firmware's habits, in all four modes.

mod support;

use support::firmware::{Habits, Mock, SCREEN};
use support::judge::{HandedOver, judge};
use support::modes::{architecture, processor};
use support::pe;
use xtboot::block::{PixelFormat, flags};
use xtcore::choice::Reason;
use xtcore::{PagingMode, PhysAddr};
use xtldr::firmware::{Graphics, PixelLayout};
use xtpaging::Support;

fn habits(mode: PagingMode) -> Habits {
    // Firmware of a 32-bit machine gives out what it can reach.
    Habits { high_first: mode.levels() > 3, ..Habits::default() }
}

fn boot(mode: PagingMode, habits: Habits, screen: Option<Graphics>) -> Mock {
    let processor = processor(mode);
    let mut mock = Mock::with_kernel(habits, "DEBUG=COM1", pe::kernel(architecture(mode)).build());
    mock.graphics = screen;
    let ready = mock.boot(&processor).unwrap_or_else(|_| panic!("{}", mock.text()));
    assert_eq!(ready.mode, mode);
    judge(&mock, &processor, ready);
    assert_eq!(mock.machine_lines.borrow().len(), 0);
    mock
}

/// Boots under each of these habits, and tells how many there were.
fn told(mode: PagingMode, all: impl Iterator<Item = Habits>) {
    let mut count = 0;
    for habits in all {
        boot(mode, habits, None);
        count += 1;
    }
    println!(
        "XTOS-EVIDENCE {{\"what\":\"boots under lying firmware\",\"mode\":\"{mode}\",\"count\":{count}}}"
    );
}

fn screen(width: u32, height: u32) -> Graphics {
    Graphics {
        address: PhysAddr::new(SCREEN),
        bytes: 16 << 20,
        width,
        height,
        stride: width,
        layout: PixelLayout::Known(PixelFormat::Bgr),
    }
}

macro_rules! in_all_modes {
    ($($name:ident: $body:expr;)*) => {$(
        mod $name {
            use super::*;
            #[test] fn pml2() { ($body)(PagingMode::Pml2) }
            #[test] fn pml3() { ($body)(PagingMode::Pml3) }
            #[test] fn pml4() { ($body)(PagingMode::Pml4) }
            #[test] fn pml5() { ($body)(PagingMode::Pml5) }
        }
    )*};
}

in_all_modes! {
    an_ordinary_boot: |mode| {
        let mock = boot(mode, habits(mode), None);
        assert!(mock.text().contains(mode.name()));
    };
    a_screen_is_mapped_with_large_pages_where_they_fit: |mode| {
        // 1280 * 800 * 4 bytes are not a multiple of a large page: a large page and small ones.
        boot(mode, habits(mode), Some(screen(1280, 800)));
        boot(mode, habits(mode), Some(screen(1024, 1024)));
    };
    a_screen_that_cannot_be_used_is_left_out_and_told: |mode| {
        let usable = screen(800, 600);
        for unusable in [
            Graphics { layout: PixelLayout::Other, ..usable },
            Graphics { stride: 799, ..usable },
            Graphics { bytes: 100, ..usable },
            Graphics { address: PhysAddr::new(SCREEN + 4), ..usable },
            Graphics { address: PhysAddr::new(1 << 60), ..usable },
            Graphics { address: PhysAddr::new(!0xFFF), ..usable },
        ] {
            let mock = boot(mode, habits(mode), Some(unusable));
            assert!(mock.text().contains("not used"), "{unusable:?}: {}", mock.text());
        }
    };
    maps_that_grow_with_every_look: |mode| {
        told(mode, (0..=64).map(|growth| Habits { growth, ..habits(mode) }));
    };
    maps_that_grow_while_leaving_is_refused: |mode| {
        let growths = |refusals| [0, 1, 64].map(|growth| Habits { growth, refusals, ..habits(mode) });
        told(mode, (0..=3).flat_map(growths));
    };
    descriptors_of_any_stride: |mode| {
        told(mode, (40..=256).step_by(8).map(|stride| Habits { stride, ..habits(mode) }));
    };
    more_than_a_thousand_descriptors: |mode| {
        let mock = boot(mode, Habits { others: 1500, ..habits(mode) }, None);
        assert!(mock.text().contains(" descriptors: 15"), "{}", mock.text());
    };
    a_processor_without_extras: |mode: PagingMode| {
        let mut processor = processor(mode);
        processor.capabilities.no_execute = Support::Absent;
        processor.capabilities.gigabyte_pages = Support::Absent;
        processor.capabilities.large_pages = Support::Absent;
        processor.capabilities.global = Support::Absent;
        processor.page_attributes = Support::Absent;
        let kernel = pe::kernel(architecture(mode)).build();
        let mut mock = Mock::with_kernel(habits(mode), "", kernel);
        mock.graphics = Some(screen(640, 480));
        let ready = mock.boot(&processor).unwrap();
        judge(&mock, &processor, ready);
    };
}

#[test]
fn nogbpages_keeps_1_gib_pages_from_the_kernel() {
    for mode in PagingMode::ALL {
        let processor = processor(mode);
        let told = |parameters| {
            let mock = Mock::with_kernel(habits(mode), parameters, pe::kernel(architecture(mode)).build());
            let ready = mock.boot(&processor).unwrap();
            let over = HandedOver::find(&mock, &processor, ready);
            let may = over.verify().unwrap().features().has(flags::GIGABYTE_PAGES);
            (may, mock.text().contains("NOGBPAGES leaves 1 GiB pages alone"))
        };
        assert_eq!(told("NOGBPAGESX"), (true, false));
        // Nobody is told that pages are left alone which the mode does not have.
        assert_eq!(told("nogbpages"), (false, matches!(mode, PagingMode::Pml4 | PagingMode::Pml5)));
    }
}

#[test]
fn noxpa_asks_for_the_narrow_mode() {
    for (wide, narrow) in [(PagingMode::Pml3, PagingMode::Pml2), (PagingMode::Pml5, PagingMode::Pml4)] {
        let processor = processor(wide);
        let kernel = pe::kernel(architecture(wide)).build();
        let mock = Mock::with_kernel(habits(wide), "debug=com1 noxpa", kernel.clone());
        assert_eq!(mock.boot(&processor).unwrap().mode, narrow);
        assert!(mock.text().contains("NOXPA"));
        // A longer word is another parameter.
        let mock = Mock::with_kernel(habits(wide), "NOXPAX", kernel);
        assert_eq!(mock.boot(&processor).unwrap().mode, wide);
    }
}

#[test]
fn xpa_asks_for_the_wide_mode_and_the_block_says_so() {
    for wide in [PagingMode::Pml3, PagingMode::Pml5] {
        let processor = processor(wide);
        let kernel = pe::kernel(architecture(wide)).build();
        let mock = Mock::with_kernel(habits(wide), "debug=com1 xpa", kernel);
        let ready = mock.boot(&processor).unwrap();
        assert_eq!(ready.mode, wide);
        let over = HandedOver::find(&mock, &processor, ready);
        assert_eq!(over.verify().unwrap().choice().reason, Reason::WideParameter);
        assert!(mock.text().contains("the parameter XPA asks for the wide mode"), "{}", mock.text());
    }
}

#[test]
fn the_kernel_in_its_architectures_folder_comes_first() {
    let mode = PagingMode::Pml4;
    let mut mock = Mock::with_kernel(habits(mode), "", b"not this one".to_vec());
    let kernel = pe::kernel(architecture(mode)).build();
    mock.put(r"\XTOS\AMD64\K.EXE", kernel);
    assert!(mock.boot(&processor(mode)).is_ok(), "{}", mock.text());
}
