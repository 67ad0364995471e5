//! The protocol document and the code say the same about numbers.

mod support;

use std::fs;
use std::mem::offset_of;
use std::path::Path;

use support::blocks::{edit_header, expected, good};
use xtboot::block::{Header, verify};
use xtboot::map::{FIRMWARE_TYPES, restrictiveness};
use xtcore::choice::Reason;
use xtcore::{MemoryKind, PagingMode};

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/boot-protocol.md");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn kinds_types_and_reasons_are_listed() {
    let document = document();
    for kind in MemoryKind::ALL {
        let row = format!("\n| {} | `{}` |", kind as u32, kind.name());
        assert!(document.contains(&row), "{row}");
    }
    for row in FIRMWARE_TYPES {
        let name = format!("{} `{}`", row.number, row.name);
        let line = document.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("{name}"));
        assert!(line.ends_with(&format!("| `{}` |", row.kind.name())), "{line}");
    }
    let reasons: Vec<Reason> = (0..100).filter_map(Reason::from_number).collect();
    assert_eq!(reasons.len(), 5);
    for reason in reasons {
        let text = reason.text().replace(" NOXPA ", " `NOXPA` ").replace(" XPA ", " `XPA` ");
        assert!(document.contains(&format!("\n| {} | {text} |", reason as u32)), "{text}");
    }
}

#[test]
fn the_order_of_restrictiveness_is_listed() {
    let document = document();
    let list = document.split("From the least:").nth(1).unwrap().split('.').next().unwrap();
    let mut ranks = Vec::new();
    for name in list.split('`').skip(1).step_by(2) {
        let kind = MemoryKind::ALL.iter().find(|kind| kind.name() == name).unwrap();
        ranks.push(restrictiveness(*kind));
    }
    assert_eq!(ranks.len(), MemoryKind::ALL.iter().filter(|kind| !kind.is_kernel_owned()).count());
    assert!(ranks.is_sorted());
}

#[test]
fn offsets_of_the_header_are_listed() {
    let document = document();
    for (offset, field) in [
        (offset_of!(Header, checksum), "checksum"),
        (offset_of!(Header, page_root), "page_root"),
        (offset_of!(Header, block_base), "block_base"),
        (offset_of!(Header, runs_offset), "runs_offset"),
        (offset_of!(Header, descriptors_merged), "descriptors_merged"),
        (offset_of!(Header, framebuffer), "framebuffer.address"),
        (offset_of!(Header, stamps), "stamps.loader_entry"),
        (offset_of!(Header, stamps) + 24, "stamps.in_firmware"),
        (offset_of!(Header, layout_seed), "layout_seed"),
        (offset_of!(Header, layout_source), "layout_source"),
    ] {
        let row = format!("\n| {offset} | u64 | `{field}` |");
        let narrow = row.replace("u64", "u32");
        assert!(document.contains(&row) || document.contains(&narrow), "{row}");
    }
}

#[test]
fn errors_are_listed_by_number_and_name() {
    let document = document();
    let spoilers: [fn(&mut Header); 5] = [
        |header| header.version = 9,
        |header| header.paging_reason = 99,
        |header| header.image_frames = 0,
        |header| header.descriptors_merged = u32::MAX,
        |header| header.framebuffer.format = 7,
    ];
    for spoil in spoilers {
        let mut block = good(PagingMode::Pml4);
        edit_header(&mut block, spoil);
        let error = verify(&block, &expected(PagingMode::Pml4)).unwrap_err();
        assert!(document.contains(&format!("\n| {} | `{}` |", error.code(), error.name())), "{error}");
    }
    let table = document.split("\n## 7").nth(1).unwrap();
    for code in 1..=41 {
        assert_eq!(table.matches(&format!("\n| {code} | `")).count(), 1, "error {code}");
    }
}
