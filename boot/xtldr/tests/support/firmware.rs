//! A firmware that does what the specification says, as unhelpfully as it may.
#![allow(unsafe_code, reason = "lends memory as firmware does")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use xtcore::{Frame, FrameCount, FrameRange, PhysAddr};
use xtldr::boot::{Ready, Refused};
use xtldr::firmware::{
    Firmware, Grant, Graphics, Maker, MapFailure, MapKey, MapShape, Placement, Purpose, Status, SystemTables,
};
use xtldr::volume::{FileFailure, FileInfo, Files, Place, Role, Volume, VolumeInfo};
use xtpaging::processor::Processor;

use super::ram::{Bank, Memory};
use super::trust::Trust;
use super::volumes::Storage;

/// How the firmware misbehaves.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    /// Descriptors by which the map grows with each look at it.
    pub(crate) growth: usize,
    /// Whether each allocation splits another descriptor.
    pub(crate) splits: bool,
    /// How often leaving is refused.
    pub(crate) refusals: u32,
    /// Bytes from one descriptor to the next.
    pub(crate) stride: usize,
    /// The allocation that fails, counted from 0.
    pub(crate) failing: Option<usize>,
    /// Descriptors of memory that does not matter.
    pub(crate) others: usize,
    /// Whether memory above 4 GiB is given out first.
    pub(crate) high_first: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { growth: 0, splits: true, refusals: 0, stride: 48, failing: None, others: 20, high_first: true }
    }
}

/// How far the firmware has been left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Services,
    /// Leaving was tried: only the map and leaving may be asked for.
    HalfLeft,
    Left,
}

const LOADER_CODE: u32 = 1;
const LOADER_DATA: u32 = 2;
const BOOT_DATA: u32 = 4;
const RUNTIME_DATA: u32 = 6;
const CONVENTIONAL: u32 = 7;

/// The volume that the loader was started from.
const DISK: Volume = Volume::HardDisk { disk: 0, partition: 1 };

/// The framebuffer's address: 2 MiB aligned, above the memory.
pub(crate) const SCREEN: u64 = 0xC000_0000;
/// Where the other descriptors lie: frames from 16 GiB on.
const OTHERS: u64 = 16 << 18;

/// The firmware.
pub(crate) struct Mock {
    pub(crate) memory: Memory,
    pub(crate) habits: Habits,
    disk: Storage,
    pub(crate) graphics: Option<Graphics>,
    pub(crate) trust: Trust,
    pub(crate) lines: RefCell<Vec<String>>,
    pub(crate) announced: RefCell<Vec<String>>,
    pub(crate) machine_lines: RefCell<Vec<String>>,
    /// Everything allocated, with its type.
    given: RefCell<BTreeMap<u64, (u64, u32)>>,
    allocations: Cell<usize>,
    looks: Cell<usize>,
    refused: Cell<u32>,
    stage: Cell<Stage>,
    clock: Cell<u64>,
    /// Seconds until the machine is reset; the firmware's own five minutes at first.
    pub(crate) watchdog: Cell<u16>,
}

impl Mock {
    pub(crate) fn new(habits: Habits) -> Self {
        Self {
            // 16 MiB and 5 GiB; 4 MiB each.
            memory: Memory { banks: vec![Bank::new(0x1000, 1024), Bank::new(0x14_0000, 1024)] },
            habits,
            disk: Storage::default().with(Some(DISK), Role::Own, &[]),
            graphics: None,
            trust: Trust::default(),
            lines: RefCell::default(),
            announced: RefCell::default(),
            machine_lines: RefCell::default(),
            given: RefCell::default(),
            allocations: Cell::new(0),
            looks: Cell::new(0),
            refused: Cell::new(0),
            stage: Cell::new(Stage::Services),
            clock: Cell::new(1000),
            watchdog: Cell::new(300),
        }
    }

    /// A firmware with a configuration and a kernel on its disk.
    pub(crate) fn with_kernel(habits: Habits, parameters: &str, kernel: Vec<u8>) -> Self {
        let mut mock = Self::new(habits);
        mock.put(xtldr::config::PATH, super::configuration(parameters));
        mock.put(r"\XTOS\K.EXE", kernel);
        mock
    }

    /// Puts a file onto the disk.
    pub(crate) fn put(&mut self, path: &str, file: Vec<u8>) {
        self.disk.volumes[0].files.insert(path.into(), file);
    }

    /// Takes a file away.
    pub(crate) fn remove(&mut self, path: &str) {
        self.disk.volumes[0].files.remove(path);
    }

    /// Returns a file.
    pub(crate) fn file(&self, path: &str) -> &[u8] {
        &self.disk.volumes[0].files[path]
    }

    /// Boots.
    pub(crate) fn boot(&self, processor: &Processor) -> Result<Ready, Refused> {
        super::session::alone(self, processor)
    }

    /// Returns how many allocations have not come back.
    pub(crate) fn outstanding(&self) -> usize {
        self.given.borrow().len()
    }

    /// Returns how many allocations were asked for.
    pub(crate) fn allocations(&self) -> usize {
        self.allocations.get()
    }

    /// Returns what was printed for people, line by line.
    pub(crate) fn text(&self) -> String {
        self.lines.borrow().join("\n")
    }

    /// Returns the one line for machines.
    pub(crate) fn refusal(&self) -> String {
        let lines = self.machine_lines.borrow();
        assert_eq!(lines.len(), 1, "one refusal: {lines:?}");
        lines[0].clone()
    }

    pub(super) fn services(&self) {
        // What a real machine never returns to is unwound here, and gives its memory back.
        if std::thread::panicking() {
            return;
        }
        assert_eq!(self.stage.get(), Stage::Services, "a boot service was called after leaving was tried");
        self.clock.set(self.clock.get() + 7);
    }

    fn free_range(&self, bank: &Bank, count: u64) -> Option<Frame> {
        let given = self.given.borrow();
        let (start, end) = (bank.frames().start().number(), bank.frames().end().number());
        // From the top, as real firmware does, with a gap so that allocations never join.
        let mut top = end;
        for (first, (frames, _)) in given.range(start..end).rev() {
            if top.checked_sub(first + frames)? > count {
                break;
            }
            top = *first;
        }
        let first = top.checked_sub(count + 1)?;
        (first >= start).then_some(Frame::new(first))
    }

    /// Lists the map: type, first frame, frames.
    fn descriptors(&self) -> Vec<(u32, u64, u64)> {
        let mut list = vec![(BOOT_DATA, 0, 0x10), (RUNTIME_DATA, 0x100, 0x10)];
        let given = self.given.borrow();
        for bank in &self.memory.banks {
            let (start, end) = (bank.frames().start().number(), bank.frames().end().number());
            let mut at = start;
            for (first, (frames, kind)) in given.range(start..end) {
                list.push((CONVENTIONAL, at, first - at));
                list.push((*kind, *first, *frames));
                at = first + frames;
            }
            list.push((CONVENTIONAL, at, end - at));
        }
        let mut others = self.habits.others + self.looks.get() * self.habits.growth;
        if self.habits.splits {
            others += 2 * self.allocations.get();
        }
        // Reserved and conventional alternate, so that none can join.
        list.extend((0..others as u64).map(|index| ((index % 2) as u32 * 7, OTHERS + index, 1)));
        // Firmware promises no order.
        let middle = list.len() / 2;
        list.rotate_left(middle);
        list
    }
}

impl Files for Mock {
    fn bytes(&self, at: &Place<'_>) -> Result<u64, FileFailure> {
        self.services();
        self.disk.bytes(at)
    }

    fn read(&self, at: &Place<'_>, into: &mut [u8]) -> Result<usize, FileFailure> {
        self.services();
        self.disk.read(at, into)
    }

    fn list(&self, at: &Place<'_>, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure> {
        self.services();
        self.disk.list(at, each)
    }

    fn volumes(&self, each: &mut dyn FnMut(&VolumeInfo<'_>)) {
        self.services();
        self.disk.volumes(each);
    }
}

impl Firmware for Mock {
    fn describe(&self) -> Maker<'_> {
        Maker { vendor: "Mock", revision: 1, uefi: (2, 100) }
    }

    fn system_tables(&self) -> SystemTables {
        SystemTables {
            acpi_rsdp: Some(PhysAddr::new(0xF_0000)),
            smbios: None,
            system_table: PhysAddr::new(0x10_0000),
        }
    }

    fn graphics(&self) -> Option<Graphics> {
        self.services();
        self.graphics
    }

    fn set_watchdog(&self, seconds: u16) {
        self.services();
        self.watchdog.set(seconds);
    }

    fn allocate(&self, frames: FrameCount, placement: Placement, purpose: Purpose) -> Result<Grant, Status> {
        self.services();
        let number = self.allocations.get();
        self.allocations.set(number + 1);
        if self.habits.failing == Some(number) {
            return Err(Status::OUT_OF_RESOURCES);
        }
        let banks = &self.memory.banks;
        let bank = match placement {
            Placement::Any if self.habits.high_first => &banks[1],
            _ => &banks[0],
        };
        let first = self.free_range(bank, frames.get()).ok_or(Status::OUT_OF_RESOURCES)?;
        let kind = match purpose {
            Purpose::Data => LOADER_DATA,
            Purpose::Code => LOADER_CODE,
        };
        self.given.borrow_mut().insert(first.number(), (frames.get(), kind));
        let pointer = bank.pointer(first).unwrap();
        // SAFETY: `free_range` found frames of the bank that are in no other grant, and the bank outlives the borrow of
        // the firmware that all users of the grant hold.
        Ok(unsafe { Grant::new(FrameRange::with_count(first, frames), pointer) })
    }

    fn free(&self, grant: &Grant) {
        self.services();
        let first = grant.frames().start().number();
        let (frames, _) = self.given.borrow_mut().remove(&first).expect("only what was given comes back");
        assert_eq!(frames, grant.frames().count().get(), "all of it");
    }

    fn allow_execution(&self, frames: FrameRange) {
        self.services();
        assert!(self.given.borrow().contains_key(&frames.start().number()));
    }

    fn memory_map(&self, buffer: &mut [u8]) -> Result<MapShape, MapFailure> {
        assert_ne!(self.stage.get(), Stage::Left, "there is no map after leaving");
        self.looks.set(self.looks.get() + 1);
        let (list, stride) = (self.descriptors(), self.habits.stride);
        let needed = list.len() * stride;
        let Some(into) = buffer.get_mut(..needed) else {
            return Err(MapFailure::TooSmall { needed, stride });
        };
        for ((kind, frame, frames), place) in list.iter().zip(into.chunks_exact_mut(stride)) {
            place.fill(0xEE);
            place[..4].copy_from_slice(&kind.to_le_bytes());
            place[8..16].copy_from_slice(&(frame << 12).to_le_bytes());
            place[24..32].copy_from_slice(&frames.to_le_bytes());
            place[32..40].copy_from_slice(&0xF_u64.to_le_bytes());
        }
        Ok(MapShape { bytes: needed, stride, key: MapKey(self.looks.get()) })
    }

    fn leave(&self, key: MapKey) -> Result<(), Status> {
        assert_ne!(self.stage.get(), Stage::Left, "leaving twice");
        self.stage.set(Stage::HalfLeft);
        if key.0 != self.looks.get() || self.refused.get() < self.habits.refusals {
            self.refused.set(self.refused.get() + 1);
            return Err(Status::INVALID_PARAMETER);
        }
        self.stage.set(Stage::Left);
        Ok(())
    }

    fn ticks(&self) -> u64 {
        self.clock.set(self.clock.get() + 1);
        self.clock.get()
    }

    fn ticks_inside(&self) -> u64 {
        self.clock.get() / 2
    }

    #[cfg(feature = "tamper")]
    fn poison(&self, frames: FrameRange) {
        assert_eq!(self.stage.get(), Stage::Left);
        let mut frame = frames.start();
        while frame < frames.end() {
            if let Some(page) = self.memory.banks.iter().find_map(|bank| bank.pointer(frame)) {
                // SAFETY: a free frame of a bank: no grant covers it, so nobody holds a reference into it.
                unsafe { page.write_bytes(0xFF, 4096) };
            }
            frame = frame.saturating_add(FrameCount::ONE);
        }
    }

    fn print(&self, line: fmt::Arguments<'_>) {
        self.lines.borrow_mut().push(line.to_string());
    }

    fn announce(&self, line: fmt::Arguments<'_>) {
        self.print(line);
        self.announced.borrow_mut().push(line.to_string());
    }

    fn print_machine_line(&self, line: fmt::Arguments<'_>) {
        self.machine_lines.borrow_mut().push(line.to_string());
    }
}
