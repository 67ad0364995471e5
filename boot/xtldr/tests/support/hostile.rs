//! What holds for any file, whoever wrote it: shared by the property test and the fuzz target.

use xtcore::VirtAddr;
use xtcore::choice::Architecture;
use xtldr::image::validate;

use super::pe::Aligned;

/// The most memory that is spent on an image: a wild header may ask for 4 GiB.
const PLACED_BYTES: usize = 1 << 20;

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Accepted,
    Refused,
}

/// Validates a file, and asserts of one that is accepted that it can be placed and moved, and that its sections ascend
/// inside of it.
pub(crate) fn judge(file: &[u8], architecture: Architecture) -> Verdict {
    let file = Aligned::new(file);
    let valid = match validate(file.bytes(), architecture) {
        Ok(valid) => valid,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Verdict::Refused;
        }
    };
    let bytes = valid.pages().bytes() as usize;
    if bytes <= PLACED_BYTES {
        let mut memory = vec![0; bytes];
        valid.place(&mut memory).expect("memory of the right size");
        let moved = VirtAddr::new(valid.base().get().wrapping_add(0x1_0000));
        valid.relocate(&mut memory, moved).expect("memory of the right size");
    }
    let mut end = 0;
    for section in valid.sections() {
        assert!(section.offset.get() >= end, "{section:?} begins before {end:#x}");
        end = section.offset.get() + section.pages.get();
    }
    assert!(end <= valid.pages().get(), "the sections leave the image");
    Verdict::Accepted
}
