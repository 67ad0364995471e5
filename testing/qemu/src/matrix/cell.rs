//! One scenario: a point on every axis, and a trial.

use std::path::PathBuf;
use std::time::Duration;

use xtcore::choice::{Reason, WideMode};
use xtcore::{FrameCount, PAGE_BYTES, PagingMode};

use super::axes::{Entry, EntryPaging, Processor, Selection, architecture};
use super::images::{ImageMissing, Images};
use super::trial::{KernelBuild, KernelFile, LoaderBuild, PLAIN, Trial, Turns};
use crate::guest::{
    Architecture, BootLoader, EspFiles, Guest, Kernel, Machine, MemorySize, Picture, patience,
};

/// How long a trial may take that is known to take long.
const LONG: Duration = Duration::from_secs(3600);

/// One scenario of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The paging mode that it is about.
    pub mode: PagingMode,
    /// How the mode comes about.
    pub selection: Selection,
    /// Installed memory.
    pub memory: MemorySize,
    /// The mainboard.
    pub machine: Machine,
    /// The processor.
    pub processor: Processor,
    /// The state in which the loader is entered.
    pub entry: Entry,
    /// What else is done.
    pub trial: Trial,
}

impl Cell {
    /// Returns the name, for example `pml3/auto/6G/q35/max` or `pml5/auto/128M/q35/max/kernel-missing`. Filters
    /// match parts of it.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { mode, selection, memory, machine, processor, entry, trial } = self;
        let mut name = format!("{mode}/{}/{memory}/{}/{}", selection.name(), machine.name(), processor.model);
        if *entry == Entry::FiveLevel {
            name.push_str("/from-pml5");
        }
        if !trial.name.is_empty() {
            name.push('/');
            name.push_str(trial.name);
        }
        name
    }

    /// Tells whether such a machine exists and ends up in the cell's mode.
    #[must_use]
    pub fn exists(&self) -> bool {
        let wide = self.processor.wide == WideMode::Present;
        let mode_follows = match (self.mode.is_wide(), self.selection) {
            (true, _) => wide,
            (false, Selection::Forced) => true,
            (false, Selection::Automatic) => !wide,
        };
        // The 32-bit firmware starts on q35 only; only LA57 can be entered in.
        let firmware_starts = match architecture(self.mode) {
            Architecture::I686 => self.machine == Machine::Q35 && self.entry == Entry::Firmware,
            Architecture::Amd64 => wide || self.entry == Entry::Firmware,
        };
        self.processor.architecture == architecture(self.mode)
            && mode_follows
            && firmware_starts
            && self.memory <= self.processor.reach
    }

    /// Returns the paging in which the loader is entered.
    #[must_use]
    pub const fn entry_paging(&self) -> EntryPaging {
        match self.entry {
            Entry::Firmware => self.processor.entry,
            Entry::FiveLevel => EntryPaging::FiveLevel,
        }
    }

    /// Returns why the loader takes the mode.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match (self.mode.is_wide(), self.selection) {
            (true, Selection::Forced) => Reason::WideParameter,
            (true, Selection::Automatic) => Reason::Wide,
            (false, Selection::Forced) => Reason::Parameter,
            (false, Selection::Automatic) => Reason::NoFeature,
        }
    }

    /// Returns the frames of RAM that the mode, or the processor in it, cannot use.
    ///
    /// Both mainboards leave a hole below 4 GiB and put what would lie in it above (q35: from 2.75 GiB of memory on
    /// all but 2 GiB, pc: above 3.5 GiB all but 3 GiB).
    #[must_use]
    pub const fn frames_above_limit(&self) -> FrameCount {
        const FOUR_GIB: u64 = 4 << 30;
        let bytes = self.memory.bytes();
        let low = match self.machine {
            Machine::Q35 if bytes >= 0xB000_0000 => 2 << 30,
            Machine::Pc if bytes > 0xE000_0000 => 3 << 30,
            Machine::Q35 | Machine::Pc => return FrameCount::ZERO,
        };
        let top = FOUR_GIB + (bytes - low);
        let mode = self.mode.geometry().frame_limit().address().get();
        let processor = 1 << self.processor.physical_bits;
        let limit = if processor < mode { processor } else { mode };
        FrameCount::new(top.saturating_sub(limit) / PAGE_BYTES)
    }

    /// Returns how long the boot may take: a checked kernel looks at each lock that it takes.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        if matches!(self.trial.turns, Turns::Never) {
            return LONG;
        }
        let patience = patience(self.memory, self.trial.processors);
        match self.trial.build {
            KernelBuild::Release => patience,
            KernelBuild::Checked => patience.saturating_mul(2),
        }
    }

    /// Returns the boot of this cell.
    ///
    /// # Errors
    /// [`ImageMissing`] when a file that it needs was not built.
    pub fn guest(&self, images: &Images, work_dir: PathBuf) -> Result<Guest, ImageMissing> {
        let architecture = architecture(self.mode);
        let built = images.of(architecture)?;
        let loader = match self.trial.loader {
            LoaderBuild::Ordinary => built.loader.clone(),
            LoaderBuild::Tampering => built.tampering_loader.clone().ok_or(ImageMissing::TamperingLoader)?,
        };
        let file = match self.trial.build {
            KernelBuild::Release => built.kernel.clone(),
            KernelBuild::Checked => built.checked_kernel.clone().ok_or(ImageMissing::CheckedKernel)?,
        };
        let kernel = match self.trial.kernel {
            KernelFile::Intact => Kernel::Intact(file.clone()),
            KernelFile::Damaged(damage) => Kernel::Damaged(file.clone(), damage),
            KernelFile::Missing => Kernel::Missing,
        };
        let mut guest = Guest::new(architecture, EspFiles::new(loader.clone(), file), work_dir);
        guest.files.kernel = kernel;
        if self.entry == Entry::FiveLevel {
            let shim = built.five_level_shim.clone().ok_or(ImageMissing::FiveLevelShim)?;
            guest.files.loader = BootLoader::Behind { shim, loader };
        }
        guest.machine = self.machine;
        guest.processor = self.processor.model.to_owned();
        guest.memory = self.memory;
        guest.graphics = self.trial.graphics;
        guest.processors = self.trial.processors;
        guest.arrangement = self.trial.arrangement;
        guest.concurrency = self.trial.concurrency;
        guest.exit_device = self.trial.exit_device;
        guest.serial = self.trial.serial;
        if self.trial.screen.is_some() {
            guest.picture = Picture::Kept;
        }
        guest.timeout = Some(self.timeout());
        let forced = match (self.selection, self.mode.is_wide()) {
            (Selection::Automatic, _) => "",
            (Selection::Forced, false) => "NOXPA",
            (Selection::Forced, true) => "XPA",
        };
        guest.parameters = format!("{forced} {}", self.trial.parameters).trim().to_owned();
        guest.files.configuration = self.trial.configuration.build(&guest.kernel_parameters());
        Ok(guest)
    }

    /// Tells whether this is an ordinary boot, of which a point on the axes is all there is to say.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.trial == PLAIN
    }
}
