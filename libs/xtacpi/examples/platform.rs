//! What a machine consists of, by its ACPI tables: those of a PC with four processors, and the same with a broken one.
//!
//! `cargo run --example platform` takes those of the repository; a path names another file of the same form.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xtacpi::{IsaIrq, Platform, ReadPhysical, Unreadable};
use xtcore::PhysAddr;

const TABLES: &str = "../../testing/data/acpi/q35.txt";

/// Physical memory, of which only the tables are there. Whatever else is asked for cannot be read.
#[derive(Default)]
struct Memory {
    bytes: BTreeMap<u64, u8>,
}

impl ReadPhysical for Memory {
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> Result<(), Unreadable> {
        for (at, byte) in (from.get()..).zip(into) {
            *byte = *self.bytes.get(&at).ok_or(Unreadable { at: PhysAddr::new(at) })?;
        }
        Ok(())
    }
}

/// Reads blocks of `NAME @ 0xADDRESS` and lines of `offset: bytes`; returns where the table `RSD PTR` is.
fn load(text: &str) -> (Memory, BTreeMap<String, u64>) {
    let (mut memory, mut places) = (Memory::default(), BTreeMap::new());
    let mut at = 0;
    for line in text.lines() {
        if let Some((name, address)) = line.split_once(" @ 0x") {
            at = u64::from_str_radix(address, 16).expect("an address");
            places.insert(name.to_owned(), at);
        } else if let Some((_, bytes)) = line.split_once(": ") {
            for byte in bytes.split_whitespace() {
                memory.bytes.insert(at, u8::from_str_radix(byte, 16).expect("a byte"));
                at += 1;
            }
        }
    }
    (memory, places)
}

fn main() {
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLES), PathBuf::from);
    let (mut memory, places) = load(&std::fs::read_to_string(path).expect("the tables are there"));
    let rsdp = PhysAddr::new(places["RSD PTR"]);

    let platform = Platform::find(&mut memory, rsdp);
    println!("{platform}");
    for processor in platform.processors.enabled() {
        println!("  processor {}: APIC {}", processor.uid, processor.apic_id.get());
    }
    for controller in platform.interrupts.io_apics() {
        println!("  I/O APIC at {:#x}, from interrupt {} on", controller.address, controller.first.get());
    }
    // The timer of 1981 is wired elsewhere than its number says, and the tables tell where.
    let timer = platform.gsi_of(IsaIrq::TIMER);
    println!("  IRQ 0 ends at interrupt {}", timer.gsi.get());
    assert!(platform.notices.listed().is_empty());

    // Tables are a stranger's bytes: one that is damaged is named, and the rest is used.
    let damaged = places["APIC"] + 44;
    memory.bytes.entry(damaged).and_modify(|byte| *byte ^= 1);
    let platform = Platform::find(&mut memory, rsdp);
    println!("damaged: {platform}");
    for notice in platform.notices.listed() {
        println!("  {notice}");
    }
}
