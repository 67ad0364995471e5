//! The inspector against page tables that are not ours: those that the firmware itself runs on.
//!
//! The firmware is started without anything to boot and stopped when it looks for something. Its tables in guest
//! memory, walked by the harness, must be what the emulator's own listing says, leaf by leaf. Needs the emulator and
//! both firmwares, so it runs on request: `cargo test -p xtqemu -- --ignored`.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use serde_json::json;
use xtcore::choice::Architecture;

use super::*;
use crate::guest::{EspFiles, Guest, Keyboard, Machine, MemorySize, Places, command};
use crate::session::process::{Emulator, Output};

/// A firmware that looks for something to boot.
struct Idle {
    monitor: Monitor,
    scratch: tempfile::TempDir,
    /// Ends the emulator when dropped, after the monitor.
    _emulator: Emulator,
}

fn idle(architecture: Architecture, machine: Machine, processor: &str) -> Idle {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut guest = Guest::new(architecture, EspFiles::new("".into(), "".into()), scratch.path().into());
    guest.machine = machine;
    guest.processor = processor.to_owned();
    guest.memory = MemorySize::mebibytes(256);
    let (code, variables) = guest.firmware.locate(architecture).expect("the firmware is installed");
    fs::copy(variables, scratch.path().join("variables.fd")).expect("copied");
    fs::create_dir(scratch.path().join("esp")).expect("created");
    let socket = scratch.path().join("monitor");
    let places = Places { code: &code, variables: "variables.fd", partition: "esp", monitor: &socket };
    let mut command = command(&guest, &places);
    command.current_dir(scratch.path());
    let complaints = File::create(scratch.path().join("emulator.log")).expect("created");
    let emulator = Emulator::start(command, complaints, Keyboard::Closed).expect("the emulator is installed");

    let deadline = Instant::now() + Duration::from_secs(60);
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("BdsDxe") {
        match emulator.output(Some(deadline)) {
            Output::Bytes(bytes) => said.extend(bytes),
            Output::Silence | Output::End | Output::Enough => {
                panic!("the firmware does not get as far as booting")
            }
        }
    }
    let mut monitor = Monitor::connect(&socket, Duration::from_secs(60)).expect("connected");
    monitor.execute("stop", json!({})).expect("stopped");
    // In system management mode the processor runs on tables in memory that nobody else can read.
    while monitor.ask("info registers").expect("answered").contains("SMM=1") {
        assert!(Instant::now() < deadline, "the firmware never leaves system management mode");
        monitor.execute("cont", json!({})).expect("continued");
        std::thread::sleep(Duration::from_millis(10));
        monitor.execute("stop", json!({})).expect("stopped");
    }
    Idle { monitor, scratch, _emulator: emulator }
}

/// Walks the firmware's tables and compares; returns the number of leaves and the differences.
fn compare(idle: &mut Idle, mode: PagingMode) -> (usize, Differences) {
    let registers = ControlRegisters::parse(&idle.monitor.ask("info registers").expect("answered"))
        .expect("all control registers are there");
    assert_eq!(registers.mode(), Some(mode));
    let facts = walk::facts(&mut idle.monitor, &registers, mode).expect("the processor is known");
    let Listing::Leaves(lines) = tlb::parse(&idle.monitor.ask("info tlb").expect("answered")) else {
        panic!("this emulator cannot list {mode}")
    };
    let memory = open(&mut idle.monitor, idle.scratch.path(), &registers);
    let (leaves, faults) = walk::walk(&memory, &facts);
    assert_eq!(faults, []);
    let pairs: Vec<_> =
        leaves.iter().step_by(1 + leaves.len() / 50).map(|leaf| (leaf.page, leaf.target)).collect();
    memory.finish().expect("all memory could be read");

    let mut differences = with_listing(&leaves, &lines);
    for (from, to) in pairs {
        let answer = idle.monitor.ask(&format!("gva2gpa {from:#x}")).expect("answered");
        with_translation(&mut differences, from, to.get(), address_in(&answer), Some(to.get()));
    }
    (leaves.len(), differences)
}

fn agree(architecture: Architecture, machine: Machine, processor: &str, mode: PagingMode) {
    let (count, differences) = compare(&mut idle(architecture, machine, processor), mode);
    assert_eq!(differences, Differences::default(), "{} {processor}", architecture.name());
    assert!(count > 1000, "{count} leaves are no address space");
}

#[test]
#[ignore = "starts the emulator"]
fn firmware_tables_of_amd64_agree() {
    agree(Architecture::Amd64, Machine::Q35, "max", PagingMode::Pml4);
}

#[test]
#[ignore = "starts the emulator"]
fn firmware_tables_of_i686_agree() {
    agree(Architecture::I686, Machine::Q35, "max", PagingMode::Pml3);
}

#[test]
#[ignore = "starts the emulator"]
fn firmware_tables_on_lesser_processors_agree() {
    agree(Architecture::Amd64, Machine::Pc, "max,nx=off,pdpe1gb=off", PagingMode::Pml4);
    agree(Architecture::I686, Machine::Q35, "n270", PagingMode::Pml3);
}

#[test]
#[ignore = "starts the emulator"]
fn a_changed_entry_is_a_difference() {
    let mut idle = idle(Architecture::Amd64, Machine::Q35, "max");
    let registers = ControlRegisters::parse(&idle.monitor.ask("info registers").expect("answered"))
        .expect("all control registers are there");
    let facts = walk::facts(&mut idle.monitor, &registers, PagingMode::Pml4).expect("the processor is known");
    let Listing::Leaves(lines) = tlb::parse(&idle.monitor.ask("info tlb").expect("answered")) else {
        panic!("this emulator cannot list 4-level paging")
    };
    let memory = open(&mut idle.monitor, idle.scratch.path(), &registers);
    let (mut leaves, _) = walk::walk(&memory, &facts);
    let middle = leaves.len() / 2;
    leaves[middle].entry ^= 1 << 1;
    leaves.remove(middle + 1);
    assert_eq!(with_listing(&leaves, &lines).count, 2);
}

#[test]
#[ignore = "starts the emulator"]
fn paging_that_is_off_is_recognised() {
    let mut idle = idle(Architecture::I686, Machine::Q35, "qemu32");
    let subject = Subject { ranges: &[], translations: &[], report: None, image: None };
    let findings = look(&mut idle.monitor, idle.scratch.path(), &subject).expect("looked at");
    assert_eq!(findings.mode, None);
    assert!(findings.complaint(&Map::new()).is_some());
}
