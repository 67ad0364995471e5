//! Where everything lies in a kernel's address space: a plan for a machine with 512 MiB, in two modes, and by a seed.

use xtcore::{PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtlayout::random::Places;
use xtlayout::{BootNeeds, Needs, RegionKind, plan};

const IMAGE_BYTES: u64 = 1 << 20;

/// What is to be placed. The sizes of all that is not named here follow from formulas.
fn needs(mode: PagingMode, image_base: VirtAddr, self_map_slot: usize) -> Needs {
    let geometry = mode.geometry();
    let level = geometry.self_map_level();
    let start = geometry.canonical((self_map_slot as u64) << geometry.shift(level));
    // PAE has four tables at the top, which its self-map shows side by side.
    let tables = if mode == PagingMode::Pml3 { 4 } else { 1 };
    Needs {
        boot: BootNeeds {
            image_base,
            image_bytes: IMAGE_BYTES,
            block_bytes: 9 * PAGE_BYTES,
            stack_bytes: 16 * PAGE_BYTES,
            framebuffer_bytes: 4000 << 10,
        },
        self_map: VirtRange::saturating(start, tables << geometry.shift(level)),
        frames_end: PhysAddr::new(512 << 20).frame(),
        fault_stacks_bytes: 9 * PAGE_BYTES,
        transient_bytes: PAGE_BYTES,
    }
}

fn main() {
    let standard = [(PagingMode::Pml3, 0x8080_0000), (PagingMode::Pml4, 0xFFFF_F800_0000_0000)];
    for (mode, image_base) in standard {
        let slot = mode.geometry().self_map_slot();
        let layout = plan(mode, &needs(mode, VirtAddr::new(image_base), slot)).expect("everything fits");
        println!("{}", mode.name());
        for region in layout.regions() {
            println!("  {:016x} - {:016x}  {}", region.range.start(), region.range.end(), region.kind.name());
        }
        // Regions keep their distance, so that running off an end is a fault with a name.
        for pair in layout.regions().windows(2) {
            let gap = pair[1].range.start().bytes_since(pair[0].range.end()).expect("they are in order");
            assert!(gap >= layout.guard());
        }
    }

    // A seed moves the image and the self-map; the same seed gives the same places.
    let mode = PagingMode::Pml5;
    let reach = PhysAddr::new(1 << 40).frame();
    let places = Places::drawn(mode, IMAGE_BYTES, reach, 0x2A).expect("the image fits its room");
    assert_eq!(places, Places::drawn(mode, IMAGE_BYTES, reach, 0x2A).expect("as before"));
    let layout = plan(mode, &needs(mode, places.image_base, places.self_map_slot)).expect("everything fits");
    let image = layout.range(RegionKind::Image).expect("it was placed");
    println!("pml5 by seed 0x2a: image at {:x}, self-map in slot {:#x}", image.start(), places.self_map_slot);
}
