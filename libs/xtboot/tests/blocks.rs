//! The loader block from seal to verify: a good one is read back whole, a bad one is refused by name.

mod support;

use support::blocks::{ROOT, RUNS, SECTIONS, edit_header, expected, good, handover, overwrite, sealed};
use xtboot::block::{
    BlockError, BlockPlan, Expected, Features, Handover, Header, MAX_BLOCK_BYTES, Part, SealError, checksum,
    extent, flags, seal, verify,
};
use xtboot::map::Summary;
use xtboot::parameters::{self, Parameters};
use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun, PagingMode, VirtAddr};
use zerocopy::FromBytes;

#[test]
fn a_good_block_is_read_back_whole_in_every_mode() {
    for mode in PagingMode::ALL {
        let told = handover(mode);
        let bytes = good(mode);
        let block = verify(&bytes, &expected(mode)).unwrap_or_else(|error| panic!("{mode}: {error}"));
        assert_eq!(block.bytes(), bytes.len() as u64);
        assert_eq!((block.architecture(), block.choice()), (told.architecture, told.choice));
        assert_eq!(block.features(), Features::from_bits(told.features.bits() | flags::FRAMEBUFFER).unwrap());
        assert_eq!((block.page_root(), block.physical_bits()), (told.page_root, told.physical_bits));
        assert_eq!((block.image(), block.block(), block.stack()), (told.image, told.block, told.stack));
        assert_eq!((block.identity(), block.counts()), (told.identity, told.counts));
        assert_eq!(block.runs().collect::<Vec<_>>(), RUNS);
        assert_eq!(block.run_count(), RUNS.len());
        assert_eq!(block.sections().collect::<Vec<_>>(), SECTIONS);
        assert_eq!(block.parameters(), told.parameters);
        assert_eq!((block.acpi_rsdp(), block.smbios()), (told.acpi_rsdp, None));
        assert_eq!((block.system_table(), block.screen()), (Some(told.system_table), told.screen));
        assert_eq!(block.stamps().hand_over, 3);
        assert_eq!((block.layout(), block.self_map_slot()), (told.layout, told.self_map_slot));
        assert_eq!(block.kernel_sha256(), [0xA5; 32]);
    }
}

#[test]
fn every_frame_finds_its_run() {
    let bytes = good(PagingMode::Pml4);
    let block = verify(&bytes, &expected(PagingMode::Pml4)).unwrap();
    for number in (0..0x8000).chain(0x7_FFF0..0x8_1010) {
        let frame = Frame::new(number);
        assert_eq!(block.run_of(frame), RUNS.into_iter().find(|run| run.frames.contains(frame)));
    }
    let sum = Summary::of(block.runs(), Frame::new(1 << 20));
    assert_eq!(sum.usable.get() - sum.free.get(), 0x40 + 0x10 + 0x2 + 0x8);
}

#[test]
fn a_page_table_outside_the_listed_frames_is_refused() {
    // Regression 1: the frame in CR3 was handed over as free.
    let bytes = good(PagingMode::Pml4);
    let block = verify(&bytes, &expected(PagingMode::Pml4)).unwrap();
    assert_eq!(block.check_table_frame(ROOT), Ok(()));
    assert_eq!(block.check_table_frame(Frame::new(0x44F)), Ok(()));
    let refused = |frame, kind| Err(BlockError::TableFrame { frame, kind });
    assert_eq!(block.check_table_frame(Frame::new(0x450)), refused(0x450, MemoryKind::LoaderBlock as u64));
    assert_eq!(block.check_table_frame(Frame::new(0x43F)), refused(0x43F, MemoryKind::KernelImage as u64));
    assert_eq!(block.check_table_frame(Frame::new(0xA0)), refused(0xA0, 0));
    assert_eq!(block.check_table_frame(Frame::new(u64::MAX)), refused(u64::MAX, 0));
}

#[test]
fn each_flipped_bit_is_found() {
    let expected = expected(PagingMode::Pml5);
    let mut block = good(PagingMode::Pml5);
    for place in 0..block.len() {
        for bit in 0..8 {
            block[place] ^= 1 << bit;
            assert!(verify(&block, &expected).is_err(), "bit {bit} of byte {place} was not noticed");
            block[place] ^= 1 << bit;
        }
    }
    assert!(verify(&block, &expected).is_ok());
}

#[test]
fn each_truncation_is_found() {
    let block = good(PagingMode::Pml3);
    for length in 0..block.len() {
        let refused = verify(&block[..length], &expected(PagingMode::Pml3)).unwrap_err();
        assert!(matches!(refused.code(), 1 | 5), "{refused}");
    }
    let mut longer = block.clone();
    longer.extend([0xEE; 100]);
    assert!(
        verify(&longer, &expected(PagingMode::Pml3)).is_ok(),
        "what lies behind the block is not looked at"
    );
}

#[test]
fn unaligned_memory_is_no_obstacle() {
    let block = good(PagingMode::Pml2);
    for shift in 0..8 {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(&block);
        assert!(verify(&bytes[shift..], &expected(PagingMode::Pml2)).is_ok());
    }
}

/// Edits the good block of a mode and returns the error.
fn refused(mode: PagingMode, edit: impl FnOnce(&mut Header)) -> BlockError {
    let mut block = good(mode);
    edit_header(&mut block, edit);
    verify(&block, &expected(mode)).expect_err("the change should have been noticed")
}

/// Changes the hand-over of a mode and returns the error.
fn refused_handover(mode: PagingMode, edit: impl FnOnce(&mut Handover<'static>)) -> BlockError {
    let mut told = handover(mode);
    edit(&mut told);
    verify(&sealed(&told), &expected(mode)).expect_err("the change should have been noticed")
}

/// Checks the code, the facts, and that the sentence carries no unfinished placeholder.
#[track_caller]
fn is(error: BlockError, code: u32, facts: [u64; 3]) {
    assert_eq!((error.code(), error.facts()), (code, facts), "{error}");
    let sentence = error.to_string();
    assert!(sentence.len() > 20 && !sentence.contains(['{', '}']), "{sentence}");
    assert!(!error.name().is_empty());
}

#[test]
fn what_is_no_block_is_refused_first() {
    let four = PagingMode::Pml4;
    let header = size_of::<Header>() as u64;
    is(extent(&[]).unwrap_err(), 1, [0, header, 0]);
    is(refused(four, |h| h.magic = *b"XTOSBOOM"), 2, [u64::from_le_bytes(*b"XTOSBOOM"), 0, 0]);
    is(refused(four, |h| h.version = 3), 3, [3, 2, 0]);
    is(refused(four, |h| h.header_bytes -= 8), 4, [header - 8, header, 0]);
    is(refused(four, |h| h.block_bytes = header - 1), 5, [header - 1, MAX_BLOCK_BYTES as u64, 0]);
    is(refused(four, |h| h.block_bytes = u64::MAX), 5, [u64::MAX, MAX_BLOCK_BYTES as u64, 0]);
    let length = good(four).len() as u64;
    is(refused(four, |h| h.block_bytes += 1), 5, [length + 1, length, 0]);
    let mut block = good(four);
    let sum = checksum(&block);
    let (header, _) = Header::read_from_prefix(&block).unwrap();
    assert_eq!(header.checksum, sum, "the checksum takes its own field as zero");
    *block.last_mut().unwrap() ^= 1;
    is(verify(&block, &expected(four)).unwrap_err(), 6, [sum, checksum(&block), 0]);
}

#[test]
fn the_checksum_is_fnv_1a() {
    // Test vectors of the FNV authors: the field is out of reach of such short inputs.
    assert_eq!(checksum(b""), 0xCBF2_9CE4_8422_2325);
    assert_eq!(checksum(b"a"), 0xAF63_DC4C_8601_EC8C);
    assert_eq!(checksum(b"foobar"), 0x8594_4171_F739_67E8);
}

#[test]
fn a_block_for_another_machine_or_mode_is_refused() {
    let four = PagingMode::Pml4;
    is(refused(four, |h| h.machine = 0x14C), 7, [0x14C, 0x8664, 0]);
    is(refused(four, |h| h.paging_levels = 5), 8, [5, 4, 0]);
    is(refused(four, |h| h.paging_reason = 0), 9, [0, 0, 0]);
    is(refused(four, |h| h.paging_reason = 6), 9, [6, 0, 0]);
    is(refused(four, |h| h.flags |= 1 << 5), 10, [0b10_1110, 1 << 5, 0]);
    is(refused(four, |h| h.page_root += 0x1000), 11, [0x44_1000, 0x44_0000, 0]);
    is(refused(four, |h| h.self_map_slot += 1), 12, [0x1EE, 0x1ED, 0]);
    is(refused(four, |h| h.layout_source = 5), 41, [5, 0, 0x0123_4567_89AB_CDEF]);
    is(refused(four, |h| h.layout_source = 0), 41, [0, 0, 0x0123_4567_89AB_CDEF]);
    is(refused(four, |h| h.reserved = 7), 41, [3, 7, 0x0123_4567_89AB_CDEF]);
    is(refused(four, |h| h.physical_bits = 53), 13, [53, 0, 0]);
    is(refused(four, |h| h.physical_bits = 31), 13, [31, 0, 0]);
    for mode in PagingMode::ALL {
        for other in PagingMode::ALL.into_iter().filter(|&other| other != mode) {
            let refused = verify(&good(mode), &expected(other)).unwrap_err();
            assert!(matches!(refused.code(), 7 | 8), "{mode} in {other}: {refused}");
        }
    }
    let (mut block, mut state) = (good(four), expected(four));
    edit_header(&mut block, |h| h.page_root += 8);
    state.page_root = state.page_root.checked_add(8).unwrap();
    is(verify(&block, &state).unwrap_err(), 11, [0x44_0008, 0x44_0008, 0]);
}

#[test]
fn the_self_map_may_be_in_any_slot_that_the_mode_allows_and_the_kernel_was_told() {
    let at = |mode, slot: usize| {
        let told = Handover { self_map_slot: slot, ..handover(mode) };
        verify(&sealed(&told), &Expected { self_map_slot: slot, ..expected(mode) }).map(|_| ())
    };
    for mode in [PagingMode::Pml4, PagingMode::Pml5] {
        // Not where the image, the block, the stack and the framebuffer are.
        let own = if mode == PagingMode::Pml4 { 0x1F0 } else { 0x1FF };
        for slot in (0..1024).filter(|slot| *slot != own) {
            assert_eq!(at(mode, slot).is_ok(), (256..511).contains(&slot), "{mode}, slot {slot:#x}");
        }
    }
    is(at(PagingMode::Pml4, 0x1F0).unwrap_err(), 24, [1, 6, 0xFFFF_F800_0000_0000]);
    for mode in [PagingMode::Pml2, PagingMode::Pml3] {
        let standard = mode.geometry().self_map_slot();
        for slot in 0..2048 {
            assert_eq!(at(mode, slot).is_ok(), slot == standard, "{mode}, slot {slot:#x}");
        }
    }
}

#[test]
fn arrays_must_lie_inside_the_block_and_apart() {
    let four = PagingMode::Pml4;
    let (header, _) = Header::read_from_prefix(&good(four)).unwrap();
    let (runs, sections, text) = (Part::Runs as u64, Part::Sections as u64, Part::Parameters as u64);
    let runs_bytes = RUNS.len() as u64 * 24;
    is(refused(four, |h| h.runs_offset = 0), 14, [runs, 0, runs_bytes]);
    is(refused(four, |h| h.runs_offset += 4), 14, [runs, u64::from(header.runs_offset) + 4, runs_bytes]);
    is(
        refused(four, |h| h.runs_count = u32::MAX),
        14,
        [runs, header.runs_offset.into(), u64::from(u32::MAX) * 24],
    );
    is(refused(four, |h| h.sections_offset -= 8), 14, [sections, u64::from(header.sections_offset) - 8, 48]);
    is(refused(four, |h| h.sections_offset = u32::MAX - 7), 14, [sections, u64::from(u32::MAX) - 7, 48]);
    is(
        refused(four, |h| h.parameters_bytes += 1),
        14,
        [text, header.parameters_offset.into(), u64::from(header.parameters_bytes) + 1],
    );
    is(refused(four, |h| h.runs_count = 0), 15, [runs, 0, 0]);
    is(refused(four, |h| h.sections_count = 0), 15, [sections, 0, 0]);
}

/// Overwrites 32-bit words of the good block's run `index` or section, and returns the error.
fn refused_words(offset: impl Fn(&Header) -> usize, words: &[(usize, u32)]) -> BlockError {
    let mut block = good(PagingMode::Pml4);
    let (header, _) = Header::read_from_prefix(&block).unwrap();
    for (word, value) in words {
        overwrite(&mut block, offset(&header) + word * 4, &value.to_le_bytes());
    }
    verify(&block, &expected(PagingMode::Pml4)).expect_err("the change should have been noticed")
}

#[test]
fn runs_must_be_a_map() {
    let run = |index: usize| move |header: &Header| header.runs_offset as usize + index * 24;
    is(refused_words(run(2), &[(2, 0)]), 16, [2, 0x100, 0]);
    is(refused_words(run(2), &[(3, 1 << 20)]), 16, [2, 0x100, (1 << 52) | 0x300]);
    is(refused_words(run(11), &[(2, u32::MAX), (3, u32::MAX)]), 16, [11, 0x8_0000, u64::MAX]);
    is(refused_words(run(3), &[(4, 0)]), 17, [3, 0, 0]);
    is(refused_words(run(3), &[(4, 18)]), 17, [3, 18, 0]);
    is(refused_words(run(3), &[(5, 7)]), 17, [3, MemoryKind::KernelImage as u64, 7]);
    is(refused_words(run(2), &[(0, 0x9F)]), 18, [2, 0x9F, 0xA0]);
    is(refused_words(run(10), &[(0, 1)]), 18, [10, 1, 0x1480]);
    is(refused_words(run(0), &[(4, MemoryKind::Free as u32)]), 19, [1, 0, 0]);
}

#[test]
fn parts_must_lie_in_runs_of_their_kind() {
    let four = PagingMode::Pml4;
    is(refused(four, |h| h.image_frames = 0), 20, [1, 0x400, 0]);
    is(refused(four, |h| h.stack_frame = u64::MAX), 20, [3, u64::MAX, 8]);
    is(refused(four, |h| h.identity_frames = 0), 20, [4, 0x45A, 0]);
    is(refused(four, |h| h.image_frames += 1), 21, [1, 0x440, MemoryKind::PageTables as u64]);
    is(refused(four, |h| h.block_frame -= 1), 21, [2, 0x44F, MemoryKind::PageTables as u64]);
    is(refused(four, |h| h.stack_frame = 0xA0), 21, [3, 0xA0, 0]);
    is(refused(four, |h| h.identity_frames += 1), 21, [4, 0x460, MemoryKind::FirmwareTemporary as u64]);
    is(
        refused(four, |h| h.framebuffer.address = 0x46_0000),
        21,
        [5, 0x460, MemoryKind::FirmwareTemporary as u64],
    );
}

#[test]
fn parts_must_lie_where_the_mode_reaches() {
    let moved = |mode, start: u64| {
        let mut runs = RUNS.to_vec();
        runs.push(MemoryRun::new(Frame::new(start), FrameCount::new(8), MemoryKind::BootStack));
        let mut told = handover(mode);
        told.stack.frames = runs[runs.len() - 1].frames;
        told.runs = &runs;
        verify(&sealed(&told), &expected(mode)).map(|_| ())
    };
    // Regression 6, at both sides of 4 GiB and 64 GiB.
    assert_eq!(moved(PagingMode::Pml2, (1 << 20) - 8), Ok(()));
    is(moved(PagingMode::Pml2, (1 << 20) - 7).unwrap_err(), 22, [3, (1 << 32) + 0x1000, 1 << 32]);
    assert_eq!(moved(PagingMode::Pml3, 1 << 20), Ok(()));
    assert_eq!(moved(PagingMode::Pml3, (1 << 24) - 8), Ok(()));
    is(moved(PagingMode::Pml3, (1 << 24) - 7).unwrap_err(), 22, [3, (1 << 36) + 0x1000, 1 << 36]);
    assert_eq!(moved(PagingMode::Pml4, (1 << 34) - 8), Ok(()));
    is(moved(PagingMode::Pml4, (1 << 34) - 7).unwrap_err(), 22, [3, (1 << 46) + 0x1000, 1 << 46]);

    is(refused(PagingMode::Pml4, |h| h.identity_frame = 1 << 20), 22, [4, (1 << 32) + 0x6000, 1 << 32]);
    is(refused(PagingMode::Pml3, |h| h.identity_frame = 1 << 19), 22, [4, (1 << 31) + 0x6000, 1 << 31]);
    is(refused(PagingMode::Pml4, |h| h.acpi_rsdp = (1 << 46) + 1), 22, [8, (1 << 46) + 1, 1 << 46]);
    is(refused(PagingMode::Pml4, |h| h.smbios = u64::MAX), 22, [9, u64::MAX, 1 << 46]);
    is(refused(PagingMode::Pml4, |h| h.system_table = u64::MAX), 22, [10, u64::MAX, 1 << 46]);
    let end = (1_u64 << 46) - 0x1000 + 832 * 600 * 4;
    is(refused(PagingMode::Pml4, |h| h.framebuffer.address = (1 << 46) - 0x1000), 22, [5, end, 1 << 46]);
}

#[test]
fn parts_must_lie_in_the_kernels_half_and_apart() {
    let (four, two) = (PagingMode::Pml4, PagingMode::Pml2);
    is(refused(four, |h| h.image_base += 8), 23, [1, 0xFFFF_F800_0000_0008, 0x4_0000]);
    is(refused(four, |h| h.image_base = 0x7FFF_0000_0000), 23, [1, 0x7FFF_0000_0000, 0x4_0000]);
    is(refused(four, |h| h.stack_base = 0x8000_0000_0000), 23, [3, 0x8000_0000_0000, 0x8000]);
    is(refused(four, |h| h.stack_base = 0xFFFF_8000_0000_0000), 23, [3, 0xFFFF_7FFF_FFFF_F000, 0x9000]);
    is(refused(four, |h| h.stack_base = u64::MAX - 0xFFF), 23, [3, u64::MAX - 0xFFF, 0x8000]);
    is(refused(two, |h| h.stack_base = 0x7FFF_0000), 23, [3, 0x7FFF_0000, 0x8000]);
    is(refused(two, |h| h.stack_base = 0xFFFF_F000), 23, [3, 0xFFFF_F000, 0x8000]);
    is(refused(four, |h| h.framebuffer.base += 4), 23, [5, 0xFFFF_F800_0030_0004, 832 * 600 * 4]);

    let image_end = 0xFFFF_F800_0004_0000;
    is(refused(four, |h| h.stack_base = image_end), 24, [1, 3, 0xFFFF_F800_0000_0000]);
    let beside = refused_handover(four, |told| {
        told.screen.as_mut().unwrap().base = VirtAddr::new(0xFFFF_F800_0020_8000 - 0x1000)
    });
    is(beside, 24, [3, 5, 0xFFFF_F800_0020_0000]);
    is(refused(four, |h| h.stack_base = 0xFFFF_F680_0000_1000), 24, [3, 6, 0xFFFF_F680_0000_0000]);
    is(refused(PagingMode::Pml3, |h| h.stack_base = 0xC07F_F000), 24, [3, 6, 0xC07F_E000]);
    is(refused(two, |h| h.stack_base = 0xC000_0000 - 0x7000), 24, [3, 6, 0xBFFF_8000]);
}

#[test]
fn the_block_must_be_where_it_says_and_fit() {
    let four = PagingMode::Pml4;
    let base = 0xFFFF_F800_0010_0000;
    is(refused(four, |h| h.block_base += 0x1000), 25, [base + 0x1000, base, 0]);
    let text = "X".repeat(parameters::MAX_BYTES);
    let mut told = handover(four);
    told.parameters = Parameters::new(&text);
    told.block.frames = xtcore::FrameRange::with_count(told.block.frames.start(), FrameCount::ONE);
    let block = sealed(&told);
    is(verify(&block, &expected(four)).unwrap_err(), 26, [block.len() as u64, 1, 0]);
}

#[test]
fn the_stack_pointer_must_point_into_the_stack() {
    // Regression 27: base and top confused.
    for mode in PagingMode::ALL {
        let block = good(mode);
        let stack = handover(mode).stack.pages().unwrap();
        let (base, top) = (stack.start().get(), stack.end().get());
        for (pointer, good) in
            [(base, false), (base + 8, true), (top - 8, true), (top, true), (top + 4, false), (0, false)]
        {
            let mut state = expected(mode);
            state.stack_pointer = VirtAddr::new(pointer);
            match verify(&block, &state) {
                Ok(_) => assert!(good),
                Err(error) => is(error, if good { 0 } else { 27 }, [pointer, base, top]),
            }
        }
    }
}

#[test]
fn sections_must_lie_inside_the_image_sorted() {
    let section = |index: usize| move |header: &Header| header.sections_offset as usize + index * 16;
    is(refused_words(section(1), &[(1, 0)]), 28, [1, 0x21, 0]);
    is(refused_words(section(2), &[(1, 9)]), 28, [2, 0x38, 9]);
    is(refused_words(section(0), &[(0, u32::MAX), (1, u32::MAX)]), 28, [0, u32::MAX.into(), u32::MAX.into()]);
    is(refused_words(section(0), &[(2, 3)]), 29, [0, 3, 0]);
    is(refused_words(section(0), &[(3, 1)]), 29, [0, 2, 1]);
    is(refused_words(section(1), &[(0, 0x20)]), 30, [1, 0x20, 0x21]);
    let entry = |page: u64| 0xFFFF_F800_0000_0000 + page * 0x1000;
    for page in [0, 0x21, 0x37, 0x3F, 0x40, 0x1000] {
        let error = refused(PagingMode::Pml4, |h| h.image_entry = entry(page));
        is(error, 31, [entry(page), entry(0), 0]);
    }
    is(refused(PagingMode::Pml4, |h| h.image_entry = 0x1230), 31, [0x1230, entry(0), 0]);
}

#[test]
fn parameters_must_be_short_text() {
    let mut block = good(PagingMode::Pml4);
    let (header, _) = Header::read_from_prefix(&block).unwrap();
    overwrite(&mut block, header.parameters_offset as usize + 5, &[0xFF]);
    is(verify(&block, &expected(PagingMode::Pml4)).unwrap_err(), 33, [5, header.parameters_bytes.into(), 0]);

    let mut block = good(PagingMode::Pml4);
    block.resize(block.len() + parameters::MAX_BYTES, b'A');
    let bytes = parameters::MAX_BYTES as u64 + u64::from(header.parameters_bytes);
    let length = block.len() as u64;
    edit_header(&mut block, |h| {
        h.block_bytes = length;
        h.parameters_bytes = bytes as u32;
    });
    let limit = parameters::MAX_BYTES as u64;
    is(verify(&block, &expected(PagingMode::Pml4)).unwrap_err(), 32, [bytes, limit, 0]);
}

#[test]
fn descriptor_counts_must_add_up() {
    is(refused(PagingMode::Pml4, |h| h.descriptors_given += 1), 34, [21, 18, 2]);
    is(refused(PagingMode::Pml4, |h| h.descriptors_merged = 19), 35, [19, 18, 0]);
    let error = refused(PagingMode::Pml4, |h| {
        h.descriptors_kept = u32::MAX;
        h.descriptors_dropped = 21;
    });
    is(error, 34, [20, u32::MAX.into(), 21]);
}

#[test]
fn a_framebuffer_must_make_sense() {
    let four = PagingMode::Pml4;
    is(refused(four, |h| h.flags &= !flags::FRAMEBUFFER), 36, [0x8000_0000, 832 * 600 * 4, 0]);
    is(refused(four, |h| h.framebuffer.stride = 799), 37, [800, 600, 799]);
    is(refused(four, |h| h.framebuffer.height = 0), 37, [800, 0, 832]);
    is(refused(four, |h| h.framebuffer.bytes -= 1), 38, [832 * 600 * 4 - 1, 832, 600]);
    let vast = refused(four, |h| {
        h.framebuffer.stride = u32::MAX;
        h.framebuffer.height = u32::MAX;
        h.framebuffer.bytes = (u64::from(u32::MAX) * u64::from(u32::MAX)).wrapping_mul(4);
    });
    assert_eq!(vast.code(), 38, "a product past 2^64 is no size: {vast}");
    is(refused(four, |h| h.framebuffer.format = 2), 39, [2, 0, 0]);

    let mut told = handover(four);
    told.screen = None;
    let block = sealed(&told);
    assert_eq!(verify(&block, &expected(four)).unwrap().screen(), None);
}

#[test]
fn a_root_table_that_is_listed_as_free_is_refused() {
    let mut runs = RUNS;
    runs[4].kind = MemoryKind::Free;
    let mut told = handover(PagingMode::Pml4);
    told.runs = &runs;
    let error = verify(&sealed(&told), &expected(PagingMode::Pml4)).unwrap_err();
    is(error, 40, [0x440, MemoryKind::Free as u64, 0]);
    assert_eq!(error.name(), "table-frame");
    assert_eq!(error.to_string(), "frame 0x440 holds an active page table, but is listed with kind 1");
}

#[test]
fn sealing_refuses_what_does_not_fit() {
    let told = handover(PagingMode::Pml4);
    let needed = good(PagingMode::Pml4).len();
    let mut small = vec![0; needed - 1];
    assert_eq!(seal(&mut small, &told), Err(SealError::Buffer { needed, available: needed - 1 }));
    assert_eq!(seal(&mut [], &told), Err(SealError::Buffer { needed, available: 0 }));

    let long = "X".repeat(parameters::MAX_BYTES + 1);
    let wordy = Handover { parameters: Parameters::new(&long), ..told };
    assert_eq!(seal(&mut vec![0; 1 << 16], &wordy), Err(SealError::Parameters { bytes: long.len() }));

    let mut sections = SECTIONS;
    sections[2].pages = FrameCount::new(1 << 32);
    let wide = Handover { sections: &sections, ..told };
    assert_eq!(seal(&mut vec![0; 1 << 16], &wide), Err(SealError::Section { index: 2 }));

    assert_eq!(BlockPlan::new(MAX_BLOCK_BYTES / 24, 1, 0), None);
    assert_eq!(BlockPlan::new(usize::MAX, 1, 0), None);
    assert_eq!(BlockPlan::new(1, 1, usize::MAX), None);
}

#[test]
fn slack_behind_the_block_is_zeroed() {
    let mut buffer = vec![0xAA; 8192];
    let length = seal(&mut buffer, &handover(PagingMode::Pml2)).unwrap();
    assert!(buffer[length..].iter().all(|&byte| byte == 0));
    assert_eq!(buffer[..length], good(PagingMode::Pml2));
    assert_eq!(extent(&buffer[..4096]), Ok(length));
}

#[test]
fn a_block_of_more_than_1024_runs_is_read_back() {
    let mut runs = RUNS.to_vec();
    for n in 0..3000 {
        let kind = if n % 2 == 0 { MemoryKind::Free } else { MemoryKind::Reserved };
        runs.push(MemoryRun::new(Frame::new(0x10_0000 + n * 4), FrameCount::new(4), kind));
    }
    let mut told = handover(PagingMode::Pml4);
    let size =
        BlockPlan::new(runs.len(), SECTIONS.len(), told.parameters.text().len()).unwrap().bytes() as u64;
    // The block grows, so its frames move to where there are enough.
    let frames = FrameCount::holding(size);
    let place = MemoryRun::new(Frame::new(0x2000), frames, MemoryKind::LoaderBlock);
    let mut moved = Vec::new();
    for run in runs {
        if run.kind == MemoryKind::Free && run.frames.encloses(place.frames) {
            let (start, end) = (run.frames.start(), run.frames.end());
            moved.push(MemoryRun {
                frames: xtcore::FrameRange::new(start, place.frames.start()).unwrap(),
                ..run
            });
            moved.push(place);
            moved
                .push(MemoryRun { frames: xtcore::FrameRange::new(place.frames.end(), end).unwrap(), ..run });
        } else {
            moved.push(run);
        }
    }
    told.runs = &moved;
    told.block.frames = place.frames;
    let bytes = sealed(&told);
    let block = verify(&bytes, &expected(PagingMode::Pml4)).unwrap();
    assert!(block.run_count() > 3000);
    assert_eq!(block.runs().collect::<Vec<_>>(), moved);
}
