//! The image by itself: sliding, and files that chance has written.

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use support::hostile::{self, Verdict};
use support::modes::architecture;
use support::pe::{self, Aligned};
use xtcore::choice::Architecture;
use xtcore::{PagingMode, VirtAddr};
use xtldr::image::validate;

const BOTH: [Architecture; 2] = [Architecture::I686, Architecture::Amd64];

#[test]
fn an_image_slides_to_another_base() {
    for kind in BOTH {
        let image = pe::kernel(kind);
        let file = Aligned::new(&image.build());
        let valid = validate(file.bytes(), kind).unwrap();
        let mut memory = vec![0xAA; image.bytes() as usize];
        valid.place(&mut memory).unwrap();
        let at = pe::POINTER as usize;
        let width = pe::address_bytes(kind);
        for slide in [0, 0x1_0000, 0x0123_0000] {
            let mut memory = memory.clone();
            let base = VirtAddr::new(image.base + slide);
            valid.relocate(&mut memory, base).unwrap();
            let mut stored = [0; 8];
            stored[..width].copy_from_slice(&memory[at..at + width]);
            assert_eq!(u64::from_le_bytes(stored), base.get() + u64::from(pe::POINTER), "slide {slide:#x}");
            assert_eq!(memory[at - 1], 0x11, "neighbours stay");
            assert_eq!(memory[at + width], 0x11, "neighbours stay");
        }
    }
}

#[test]
fn an_image_slides_downwards_too() {
    let kind = architecture(PagingMode::Pml4);
    let image = pe::kernel(kind);
    let file = Aligned::new(&image.build());
    let valid = validate(file.bytes(), kind).unwrap();
    let mut memory = vec![0; image.bytes() as usize];
    valid.place(&mut memory).unwrap();
    let base = VirtAddr::new(image.base - 0x10_0000);
    valid.relocate(&mut memory, base).unwrap();
    let at = pe::POINTER as usize;
    let stored = u64::from_le_bytes(memory[at..at + 8].try_into().unwrap());
    assert_eq!(stored, base.get() + u64::from(pe::POINTER));
}

#[test]
fn memory_of_another_size_is_refused() {
    let kind = Architecture::Amd64;
    let image = pe::kernel(kind);
    let file = Aligned::new(&image.build());
    let valid = validate(file.bytes(), kind).unwrap();
    let mut memory = vec![0; image.bytes() as usize];
    assert!(valid.place(&mut memory[1..]).is_err());
    assert!(valid.relocate(&mut [0; 16], valid.base()).is_err());
}

#[test]
fn sections_carry_their_own_rights() {
    use xtboot::block::SectionProtection::{Read, ReadExecute, ReadWrite};
    for kind in BOTH {
        let file = Aligned::new(&pe::kernel(kind).build());
        let valid = validate(file.bytes(), kind).unwrap();
        let rights: Vec<_> =
            valid.sections().map(|section| (section.offset.get(), section.protection)).collect();
        assert_eq!(rights, [(0, Read), (1, ReadExecute), (2, Read), (3, ReadWrite), (5, Read), (6, Read)]);
    }
}

/// A change of a file: where, as a part of its length, and to which byte.
fn mutation() -> impl Strategy<Value = (u32, u8)> {
    // Most of what matters lies in the headers.
    prop_oneof![4 => (0..0x400_u32, any::<u8>()), 1 => (any::<u32>(), any::<u8>())]
}

/// Returns how many mutants are judged: 10^5, or a tenth of `XTOS_FUZZ_CASES`, which counts memory maps. Never so few that
/// the share of those accepted says nothing.
fn wanted() -> u32 {
    let all = std::env::var("XTOS_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    let mutants = all.map_or(100_000, |all: u64| all / 10);
    u32::try_from(mutants).unwrap_or(u32::MAX).max(1000)
}

/// Mutants judged, and those of them that were still kernels: both must be many, or the test shows nothing.
static TRIED: AtomicU32 = AtomicU32::new(0);
static ACCEPTED: AtomicU32 = AtomicU32::new(0);

#[test]
fn mutants_are_judged_without_a_panic() {
    mutants();
    let (tried, accepted) = (TRIED.load(Ordering::Relaxed), ACCEPTED.load(Ordering::Relaxed));
    assert!(tried >= wanted(), "{tried} mutants");
    assert!(accepted > tried / 100 && accepted < tried / 2, "{accepted} of {tried} accepted");
    println!("XTOS-EVIDENCE {{\"what\":\"kernel images\",\"count\":{tried},\"accepted\":{accepted}}}");
}

proptest! {
    // One of each architecture.
    #![proptest_config(ProptestConfig { cases: wanted().div_ceil(2), failure_persistence: None, ..ProptestConfig::default() })]

    fn mutants(
        changes in proptest::collection::vec(mutation(), 1..12),
        cut in prop_oneof![9 => Just(u32::MAX), 1 => any::<u32>()],
        words in proptest::collection::vec((0..0x100_usize, any::<u32>()), 0..3),
    ) {
        for kind in BOTH {
            let mut file = pe::kernel(kind).build();
            for (at, value) in &changes {
                let at = *at as usize % file.len();
                file[at] = *value;
            }
            for (at, value) in &words {
                file[at * 4..at * 4 + 4].copy_from_slice(&value.to_le_bytes());
            }
            if cut != u32::MAX {
                file.truncate(cut as usize % file.len());
            }
            TRIED.fetch_add(1, Ordering::Relaxed);
            if hostile::judge(&file, kind) == Verdict::Accepted {
                ACCEPTED.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
