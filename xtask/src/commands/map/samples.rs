//! What tests draw: logs with a kernel's answers, and every firmware map that the repository has.

use std::path::{Path, PathBuf};

use super::model::Picture;
use super::source::{csv, log};

/// A machine of 12 TiB with five levels: 4 KiB beside 256 TiB.
pub(super) const LAYOUT: &str = r#"{"command":"layout","arch":"amd64","mode":"pml5","virtual_bits":57,"slide":"0x1de20000","regions":[
{"name":"window","start":"0xff00000000000000","end":"0xff000c2000000000","used":null},
{"name":"self-map","start":"0xff0c000000000000","end":"0xff0d000000000000","used":null},
{"name":"per-processor data","start":"0xffffc10000000000","end":"0xffffc10000800000","used":86016},
{"name":"non-paged pool","start":"0xffffc30000000000","end":"0xffffc40000000000","used":16384},
{"name":"non-paged pool books","start":"0xffffc48000000000","end":"0xffffc4a180000000","used":16384},
{"name":"PFN database","start":"0xffffc78000000000","end":"0xffffc79800000000","used":69632},
{"name":"image","start":"0xfffff8001de20000","end":"0xfffff8001df13000","used":995328},
{"name":"loader block","start":"0xfffff80040200000","end":"0xfffff80040209000","used":36864},
{"name":"boot stack","start":"0xfffff80040600000","end":"0xfffff80040610000","used":65536}]}"#;

/// Its physical side.
pub(super) const MEMMAP: &str = r#"{"command":"memmap","mode":"pml5","physical_bits":46,"limit":"0x400000000000","descriptors":[
{"kind":"reserved","start":"0x0","end":"0x1000"},
{"kind":"free","start":"0x1000","end":"0xa0000"},
{"kind":"free","start":"0x100000","end":"0x80000000"},
{"kind":"device","start":"0xb0000000","end":"0xc0000000"},
{"kind":"free","start":"0x100000000","end":"0xc2000000000"}],"owners":[
{"owner":"page tables","start":"0x101000","end":"0x102000"},
{"owner":"non-paged pool","start":"0x103000","end":"0x107000"},
{"owner":"kernel image","start":"0xdbf5000","end":"0xdce8000"}]}"#;

/// A log as a guest writes it: other lines, and each answer on a line of its own.
pub(super) fn serial_log() -> String {
    let [layout, memmap] = [LAYOUT, MEMMAP].map(|answer| answer.replace('\n', ""));
    format!("XTLDR 0.1.0 (amd64)\nXTOS-ANSWER {layout}\nxtoskrnl: more\r\nXTOS-ANSWER {memmap}\n")
}

/// The picture of that machine.
pub(super) fn machine() -> Picture {
    log::read(&serial_log()).unwrap()
}

/// The folder of firmware maps.
pub(super) fn memmaps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing/data/memmaps")
}

/// The picture of each map of real firmware.
pub(super) fn firmware() -> Vec<Picture> {
    let mut files: Vec<PathBuf> = memmaps().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    let read = |file: &PathBuf| csv::read("a map", &std::fs::read_to_string(file).unwrap()).unwrap();
    files.iter().map(read).collect()
}

/// Everything there is to draw.
pub(super) fn all() -> Vec<Picture> {
    let mut all = firmware();
    all.push(machine());
    all
}
