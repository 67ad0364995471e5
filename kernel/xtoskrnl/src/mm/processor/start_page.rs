//! A page below 1 MiB that processors start on: written first, then executable, never both; and gone when they have started.
//!
//! ```text
//!                  identity mapping      window
//!   new            -                     read, write       the allocator's
//!   filled         read, write           read, write
//!   ready          read, execute         read              any number of processors may run there
//!   given back     -                     read, write       the allocator's again
//! ```
//!
//! Each change is finished on the processor that makes it before the next one begins. Processors that run there do not forget by
//! that: they forget everything before they go on (see `ke::processors`).
#![allow(unsafe_code, reason = "a mapped page is written through its address")]

use xtcore::{Level, VirtAddr, VirtRange};
use xthal::apic::StartPage as Number;
use xtmm::OutOfFrames;
use xtmm::frames::{FrameCrime, Zone};
use xtmm::space::SpaceError;
use xtpaging::{Attributes, Mapping};

use crate::ar::startup::{Refusal, StartImage};
use crate::mm::memory::{Memory, Piece, Taken};

/// Why there is no start page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StartPageError {
    /// No frame is free below 1 MiB.
    NoFrame(OutOfFrames),
    /// No processor can start in that frame.
    Unusable,
    /// The processors could not become what this one is.
    Refused(Refusal),
    /// A mapping could not be changed.
    Space(SpaceError),
    /// The frame is not taken back.
    Frame(FrameCrime),
}

/// A page that processors can start on.
#[must_use = "the page is to be given back"]
#[derive(Debug)]
pub(crate) struct StartPage {
    memory: &'static Memory,
    taken: Taken,
    number: Number,
    identity: VirtRange,
}

impl StartPage {
    /// Makes a start page.
    ///
    /// # Errors
    /// [`StartPageError`]; then nothing is mapped, and the frame is free again if it can be.
    pub(crate) fn new(memory: &'static Memory) -> Result<Self, StartPageError> {
        let taken = Taken::new(memory, Piece::Single, Zone::BelowOneMiB).map_err(StartPageError::NoFrame)?;
        let frame = taken.frames().start();
        let address = frame.address();
        let identity = VirtRange::saturating(VirtAddr::new(address.get()), taken.frames().count().bytes());
        let image = Number::new(frame).ok_or(StartPageError::Unusable);
        let image =
            image.and_then(|number| Ok((number, StartImage::new(address).map_err(StartPageError::Refused)?)));
        let (number, image) = match image {
            Ok(both) => both,
            Err(error) => {
                taken.give_back().map_err(StartPageError::Frame)?;
                return Err(error);
            }
        };
        let page = Self { memory, taken, number, identity };
        match page.fill(&image) {
            Ok(()) => Ok(page),
            Err(error) => {
                page.give_back()?;
                Err(StartPageError::Space(error))
            }
        }
    }

    /// Returns the page as a start-up message names it.
    pub(crate) const fn number(&self) -> Number {
        self.number
    }

    fn fill(&self, image: &StartImage) -> Result<(), SpaceError> {
        let mapper = self.memory.commits().entries.mapper();
        let (pages, first) = (self.identity, self.taken.frames().start());
        let attributes = Attributes::KERNEL_DATA;
        mapper.map_run(&Mapping { pages, first, attributes, largest: Level::PT })?;
        let start = core::ptr::with_exposed_provenance_mut::<u8>(pages.start().get() as usize);
        for (offset, byte) in image.bytes().enumerate() {
            // SAFETY: the image has as many bytes as the page, which is mapped and writable.
            let place = unsafe { start.add(offset) };
            // SAFETY: a byte of a frame that belongs to this value, and that nothing else refers to. Volatile, because
            // who reads it is no program that the compiler knows.
            unsafe { place.write_volatile(byte) };
        }
        if let Some(window) = self.window() {
            mapper.protect(window, Attributes::KERNEL_READ_ONLY)?;
        }
        mapper.protect(pages, Attributes::KERNEL_CODE)
    }

    /// Returns where the window shows the frame.
    fn window(&self) -> Option<VirtRange> {
        let window = self.memory.space().window();
        let start = window.address_of(self.taken.frames().start())?;
        VirtRange::with_length(start, self.identity.bytes())
    }

    /// Unmaps the page, makes it writable again where the window shows it, and gives its frame back. No processor runs there.
    ///
    /// # Errors
    /// [`StartPageError::Space`] and [`StartPageError::Frame`]; the frame is lost then.
    pub(crate) fn give_back(self) -> Result<(), StartPageError> {
        let mapper = self.memory.commits().entries.mapper();
        if self.memory.find(self.identity.start()).is_ok() {
            mapper.unmap(self.identity, |_ours| {}).map_err(StartPageError::Space)?;
        }
        if let Some(window) = self.window() {
            mapper.protect(window, Attributes::KERNEL_DATA).map_err(StartPageError::Space)?;
        }
        self.taken.give_back().map_err(StartPageError::Frame)
    }
}
