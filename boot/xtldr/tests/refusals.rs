//! Boots that must fail: with one clear message, with everything returned, without a panic.

mod support;

use support::configuration;
use support::firmware::{Habits, Mock};
use support::modes::{architecture, processor};
use support::pe::{self, at};
use xtboot::block::PixelFormat;
use xtcore::PagingMode;
use xtcore::choice::Architecture;
use xtldr::boot::{MAX_ATTEMPTS, Pause, Remains};

const MODE: PagingMode = PagingMode::Pml4;

/// Boots and expects a refusal that leaves nothing behind and mentions all `words`.
fn refused(mock: &Mock, mode: PagingMode, words: &[&str]) {
    let refusal = mock.boot(&processor(mode)).expect_err("this boot must fail");
    assert_eq!(refusal.firmware, Remains::BootServices, "{}", mock.text());
    assert_eq!(mock.outstanding(), 0, "everything comes back");
    let line = mock.refusal();
    assert!(
        line.starts_with("XTOS-REFUSED {\"by\":\"xtldr\",\"what\":\"") && line.ends_with("\"}"),
        "{line}"
    );
    for word in words {
        assert!(line.contains(word), "{word} in {line}");
        assert!(mock.text().contains(&word.replace("\\\\", "\\")), "{word} in {}", mock.text());
    }
}

fn with(kernel: Vec<u8>) -> Mock {
    Mock::with_kernel(Habits::default(), "EXIT", kernel)
}

fn spoilt(spoil: impl FnOnce(&pe::Image, &mut Vec<u8>)) -> Mock {
    let image = pe::kernel(architecture(MODE));
    let mut file = image.build();
    spoil(&image, &mut file);
    with(file)
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

#[test]
fn a_missing_configuration_is_named() {
    let mut mock = with(Vec::new());
    mock.remove(xtldr::config::PATH);
    refused(&mock, MODE, &["XTLDR.INI", "there is no such file"]);
}

#[test]
fn an_empty_configuration_is_named() {
    let mut mock = with(Vec::new());
    mock.put(xtldr::config::PATH, Vec::new());
    refused(&mock, MODE, &["XTLDR.INI", "empty"]);
}

#[test]
fn an_overlong_configuration_is_named_and_not_even_read() {
    let mut mock = with(Vec::new());
    mock.put(xtldr::config::PATH, vec![b'\n'; 65537]);
    refused(&mock, MODE, &["65537 bytes", "65536"]);
    assert_eq!(mock.allocations(), 0);
}

#[test]
fn a_bad_line_in_the_configuration_is_named_with_its_number() {
    let mut mock = with(Vec::new());
    mock.put(xtldr::config::PATH, b"[XTLDR]\r\nDefault\r\n".to_vec());
    refused(&mock, MODE, &["line 2", "Default"]);
}

#[test]
fn a_missing_kernel_is_named_with_both_places() {
    let mut mock = with(Vec::new());
    mock.remove(r"\XTOS\K.EXE");
    refused(&mock, MODE, &[r"\\XTOS\\AMD64\\K.EXE", r"\\XTOS\\K.EXE"]);
}

#[test]
fn exit_says_that_nobody_waits_for_a_key() {
    for (parameters, pause) in [("EXIT", Pause::No), ("exit", Pause::No), ("EXITED", Pause::UntilRead)] {
        let mut mock = with(Vec::new());
        mock.put(xtldr::config::PATH, configuration(parameters));
        assert_eq!(mock.boot(&processor(MODE)).unwrap_err().pause, pause, "{parameters}");
    }
}

#[test]
fn an_empty_or_truncated_kernel_is_refused_wherever_it_ends() {
    let file = pe::kernel(architecture(MODE)).build();
    refused(&with(Vec::new()), MODE, &["DOS header"]);
    for length in (0..file.len() - 0x200).step_by(37) {
        refused(&with(file[..length].to_vec()), MODE, &["kernel"]);
    }
}

#[test]
fn a_kernel_for_another_machine_is_refused() {
    refused(&with(pe::kernel(Architecture::I686).build()), PagingMode::Pml4, &["machine", "amd64"]);
    let mock = Mock::with_kernel(
        Habits { high_first: false, ..Habits::default() },
        "EXIT",
        pe::kernel(Architecture::Amd64).build(),
    );
    refused(&mock, PagingMode::Pml3, &["machine", "i686"]);
}

#[test]
fn corrupt_headers_are_refused() {
    refused(&spoilt(|_, file| put(file, 0, b"ZM")), MODE, &["MZ"]);
    refused(&spoilt(|_, file| put(file, at::SIGNATURE, b"EP\0\0")), MODE, &["PE signature"]);
    refused(&spoilt(|_, file| put(file, at::NEW_HEADER, &u32::MAX.to_le_bytes())), MODE, &["PE signature"]);
    refused(&spoilt(|_, file| put(file, at::SECTION_ALIGNMENT, &0x2000_u32.to_le_bytes())), MODE, &["align"]);
    refused(
        &spoilt(|_, file| put(file, at::IMAGE_BYTES, &0xFFFF_F000_u32.to_le_bytes())),
        MODE,
        &["image size"],
    );
    refused(&spoilt(|_, file| put(file, at::IMAGE_BYTES, &0x6000_u32.to_le_bytes())), MODE, &["section 4"]);
    refused(
        &spoilt(|_, file| put(file, at::HEADER_BYTES, &0x10_u32.to_le_bytes())),
        MODE,
        &["size of headers"],
    );
    refused(&spoilt(|_, file| put(file, at::SECTION_COUNT, &[0, 0])), MODE, &["0 sections"]);
    refused(&spoilt(|_, file| put(file, at::SECTION_COUNT, &[200, 0])), MODE, &["section"]);
    refused(&spoilt(|_, file| put(file, at::CHARACTERISTICS, &[0, 0])), MODE, &["executable"]);
}

#[test]
fn sections_that_overlap_or_leave_file_or_image_are_refused() {
    refused(
        &spoilt(|image, file| put(file, image.section_header(1) + 12, &0x1000_u32.to_le_bytes())),
        MODE,
        &["section 1", "overlaps"],
    );
    refused(
        &spoilt(|image, file| put(file, image.section_header(0) + 12, &0_u32.to_le_bytes())),
        MODE,
        &["section 0", "overlaps"],
    );
    refused(
        &spoilt(|image, file| put(file, image.section_header(2) + 20, &0x10_0000_u32.to_le_bytes())),
        MODE,
        &["section 2", "file"],
    );
    refused(
        &spoilt(|image, file| put(file, image.section_header(4) + 8, &u32::MAX.to_le_bytes())),
        MODE,
        &["section 4", "image"],
    );
    refused(
        &spoilt(|image, file| put(file, image.section_header(1) + 20, &0x400_u32.to_le_bytes())),
        MODE,
        &["contents of section 0"],
    );
    refused(
        &spoilt(|image, file| put(file, image.section_header(2) + 36, &0xE000_0040_u32.to_le_bytes())),
        MODE,
        &["section 2", "writable and executable"],
    );
}

#[test]
fn an_entry_point_in_data_is_refused() {
    refused(&spoilt(|_, file| put(file, at::ENTRY, &0x3000_u32.to_le_bytes())), MODE, &["entry point"]);
    refused(&spoilt(|_, file| put(file, at::ENTRY, &0_u32.to_le_bytes())), MODE, &["entry point"]);
}

#[test]
fn a_base_outside_the_kernels_half_is_refused() {
    for base in [0_u64, 0x40_0000, 0x0000_7FFF_FFFF_0000, 0xFF00_0000_0000_0000, 0xFFFF_F800_0000_1000] {
        let mut image = pe::kernel(architecture(MODE));
        image.base = base;
        refused(&with(image.build()), MODE, &["base"]);
    }
}

#[test]
fn a_base_that_the_layout_has_no_room_for_is_refused() {
    for base in [0xFFFF_8000_0000_0000, !0xFFFF_u64] {
        let mut image = pe::kernel(architecture(MODE));
        image.base = base;
        let mock = Mock::with_kernel(Habits::default(), "EXIT NOKASLR", image.build());
        refused(&mock, MODE, &["image", "laid out"]);
        // Where it was linked does not matter to an image that is moved.
        assert!(with(image.build()).boot(&processor(MODE)).is_ok());
    }
}

#[test]
fn imports_are_refused() {
    let mut image = pe::kernel(architecture(MODE));
    image.imports = (0x2000, 40);
    refused(&with(image.build()), MODE, &["import"]);
}

#[test]
fn relocations_that_cannot_be_are_refused() {
    let with_block = |page: u32, bytes: u32, entry: u16| {
        let mut image = pe::kernel(architecture(MODE));
        let contents = &mut image.parts[4].contents;
        contents[..4].copy_from_slice(&page.to_le_bytes());
        contents[4..8].copy_from_slice(&bytes.to_le_bytes());
        contents[8..10].copy_from_slice(&entry.to_le_bytes());
        with(image.build())
    };
    refused(&with_block(0x7FFF_F000, 12, 10 << 12), MODE, &["relocation", "outside"]);
    refused(&with_block(0, 12, 10 << 12), MODE, &["relocation", "outside"]);
    refused(&with_block(0x2000, 12, 10 << 12 | 0x29), MODE, &["relocation", "outside"]);
    refused(&with_block(0x3000, 12, 3 << 12), MODE, &["4 bytes wide"]);
    refused(&with_block(0x3000, 12, 7 << 12), MODE, &["unknown kind 7"]);
    refused(&with_block(0x3000, 16, 10 << 12), MODE, &["relocation block"]);
    refused(&with_block(0x3000, 4, 10 << 12), MODE, &["relocation block"]);
    refused(&with_block(0x3000, 0, 10 << 12), MODE, &["relocation block"]);
    refused(&with_block(0x3004, 12, 10 << 12), MODE, &["relocation block"]);
    let mut image = pe::kernel(architecture(MODE));
    image.relocations = (0x6000, 0x1000);
    refused(&with(image.build()), MODE, &["relocation directory"]);
}

#[test]
fn a_kernel_without_a_fitting_manifest_is_refused() {
    let spoil = |change: &dyn Fn(&mut pe::Part)| {
        let mut image = pe::kernel(architecture(MODE));
        change(&mut image.parts[3]);
        with(image.build())
    };
    refused(&spoil(&|part| part.name = b".other"), MODE, &[".xtboot"]);
    refused(&spoil(&|part| part.bytes = 8), MODE, &["manifest", "8 bytes"]);
    refused(&spoil(&|part| part.contents[0] = b'Y'), MODE, &["manifest"]);
    refused(&spoil(&|part| part.contents[8] = 1), MODE, &["version 1"]);
    refused(&spoil(&|part| part.contents[12] = 1 << 2), MODE, &["pml2", "no paging mode in common"]);
}

#[test]
fn a_wide_mode_that_the_processor_lacks_is_refused_where_it_is_demanded() {
    for (narrow, wide) in [(PagingMode::Pml2, "pml3"), (PagingMode::Pml4, "pml5")] {
        let habits = Habits { high_first: false, ..Habits::default() };
        let mock = Mock::with_kernel(habits, "EXIT XPA", pe::kernel(architecture(narrow)).build());
        refused(&mock, narrow, &["the parameter XPA asks for", wide, "which this processor lacks"]);
    }
}

#[test]
fn a_wide_mode_that_the_kernel_lacks_is_refused_where_it_is_demanded() {
    let mut image = pe::kernel(Architecture::Amd64);
    image.parts[3].contents[12] = 1 << 4;
    let mock = Mock::with_kernel(Habits::default(), "XPA EXIT", image.build());
    refused(&mock, PagingMode::Pml5, &["XPA", "pml5", "the kernel lacks", "it supports pml4"]);
}

#[test]
fn noxpa_and_xpa_together_are_refused() {
    for parameters in ["EXIT NOXPA XPA", "xpa exit noxpa"] {
        let kernel = pe::kernel(Architecture::Amd64).build();
        let mock = Mock::with_kernel(Habits::default(), parameters, kernel);
        refused(&mock, PagingMode::Pml5, &["the parameters NOXPA and XPA contradict each other"]);
    }
}

#[test]
fn each_allocation_that_fails_ends_the_boot_cleanly() {
    for mode in PagingMode::ALL {
        let kernel = pe::kernel(architecture(mode)).build();
        let mut failing = 0;
        loop {
            let habits =
                Habits { failing: Some(failing), high_first: mode.levels() > 3, ..Habits::default() };
            let mut mock = Mock::with_kernel(habits, "EXIT", kernel.clone());
            mock.graphics = Some(xtldr::firmware::Graphics {
                address: xtcore::PhysAddr::new(support::firmware::SCREEN),
                bytes: 4 << 20,
                width: 800,
                height: 600,
                stride: 800,
                layout: xtldr::firmware::PixelLayout::Known(PixelFormat::Rgb),
            });
            if mock.boot(&processor(mode)).is_ok() {
                assert_eq!(mock.allocations(), failing, "the last injection was past the last allocation");
                break;
            }
            assert_eq!(mock.outstanding(), 0, "injection {failing}");
            assert!(mock.refusal().contains("too little memory"), "{}", mock.refusal());
            failing += 1;
        }
        assert_eq!(failing, 11, "configuration, kernel, and one for each part of a boot");
    }
}

#[test]
fn a_firmware_that_never_lets_go_is_left_alone() {
    let habits = Habits { refusals: u32::MAX, ..Habits::default() };
    let mock = Mock::with_kernel(habits, "EXIT", pe::kernel(architecture(MODE)).build());
    let refusal = mock.boot(&processor(MODE)).unwrap_err();
    // The mock panics on any boot service after the first attempt, so nothing was freed either.
    assert_eq!(refusal.firmware, Remains::Nothing);
    assert_ne!(mock.outstanding(), 0);
    assert!(mock.refusal().contains(&format!("failed {MAX_ATTEMPTS} times")), "{}", mock.refusal());
    let last = mock.announced.borrow();
    let [line] = last.as_slice() else { panic!("one line for the screen: {last:?}") };
    assert!(line.starts_with("XTLDR cannot boot: the firmware does not let go"), "{line}");
}

#[test]
fn a_map_that_outgrows_its_buffer_is_told_and_everything_comes_back() {
    let habits = Habits { growth: 5000, ..Habits::default() };
    let mock = Mock::with_kernel(habits, "EXIT", pe::kernel(architecture(MODE)).build());
    refused(&mock, MODE, &["memory map grew"]);
}

#[test]
fn a_stride_that_cannot_be_is_refused() {
    for stride in [41, 44, 47] {
        let habits = Habits { stride, ..Habits::default() };
        let mock = Mock::with_kernel(habits, "EXIT", pe::kernel(architecture(MODE)).build());
        refused(&mock, MODE, &["descriptor size"]);
    }
}
