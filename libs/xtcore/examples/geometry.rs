//! The four paging geometries as data: what an address means in each, and how the mode is chosen.

use xtcore::choice::{Architecture, ModeSet, WideMode, WideRequest, choose};
use xtcore::{Level, PagingMode, VirtAddr};

fn main() {
    // One address, as each mode takes it apart: an index per level, then the offset in the page.
    let address = VirtAddr::new(0xC123_4567);
    for mode in PagingMode::ALL {
        let geometry = mode.geometry();
        let mut indexes = Vec::new();
        let mut level = Some(geometry.root());
        while let Some(at) = level {
            indexes.push(geometry.index(at, address).to_string());
            level = at.below();
        }
        println!(
            "{}: indexes {}, offset {:#x}; {} bytes an entry, a level-2 page has {} KiB",
            mode.name(),
            indexes.join(" "),
            address.page_offset(),
            geometry.entry_bytes(),
            geometry.page_bytes(Level::PD) >> 10
        );
    }

    // Loader and kernel decide with the same function, from three facts, and know the reason.
    let kernel = ModeSet::default().with(PagingMode::Pml4).with(PagingMode::Pml5);
    for (processor, request) in [
        (WideMode::Present, WideRequest::Automatic),
        (WideMode::Present, WideRequest::Narrow),
        (WideMode::Absent, WideRequest::Automatic),
        (WideMode::Absent, WideRequest::Wide),
    ] {
        match choose(Architecture::Amd64, processor, request, kernel) {
            Ok(choice) => {
                println!("{processor:?}, {request:?}: {}, {}", choice.mode.name(), choice.reason.text())
            }
            Err(refusal) => println!("{processor:?}, {request:?}: refused, {refusal:?}"),
        }
    }
}
