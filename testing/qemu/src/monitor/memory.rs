//! The physical memory of a stopped guest, read through the monitor.
//!
//! The emulator writes a piece of memory to a file, which is read back: one exchange per 64 KiB. Page tables lie
//! together, so few pieces are needed. They are kept, and therefore the guest must stay stopped.
//!
//! One inaccuracy of the emulator is taken back here. A processor in PAE paging loads its four page-directory-pointer
//! entries with CR3 and never writes to them, and bit 5 is reserved in them (SDM volume 3A, section 4.4.1). The
//! emulator walks through them in memory and sets the accessed flag there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::json;
use xtcore::{Frame, PhysAddr};
use xtsim::{FRAME_BYTES, PhysicalMemory};

use super::{Monitor, MonitorError};

/// Bytes that are fetched at once. Regions of the machine's memory map begin and end at such multiples, so a piece
/// with a page table in it is RAM as a whole and no device is read by accident.
const PIECE: u64 = 1 << 16;

/// The memory of a stopped guest.
pub struct GuestMemory<'a> {
    inner: RefCell<Inner<'a>>,
    file: PathBuf,
    pointers: Option<PhysAddr>,
}

/// Bytes of the four page-directory-pointer entries of PAE paging.
const POINTERS_BYTES: u64 = 32;

/// The flag that the emulator sets in them.
const ACCESSED: u8 = 1 << 5;

struct Inner<'a> {
    monitor: &'a mut Monitor,
    pieces: HashMap<u64, Rc<[u8]>>,
    failure: Option<MonitorError>,
}

impl<'a> GuestMemory<'a> {
    /// Reads the guest behind `monitor`, by way of a file in the folder `scratch`. The guest must be stopped.
    #[must_use]
    pub fn new(monitor: &'a mut Monitor, scratch: &Path) -> Self {
        let inner = RefCell::new(Inner { monitor, pieces: HashMap::new(), failure: None });
        Self { inner, file: scratch.join("memory"), pointers: None }
    }

    /// Clears the accessed flag that the emulator sets in the page-directory-pointer entries at `root`.
    #[must_use]
    pub fn with_pointers_at(self, root: PhysAddr) -> Self {
        Self { pointers: Some(root), ..self }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// The first failure of the monitor. Reads answered "no memory" from then on.
    pub fn finish(self) -> Result<(), MonitorError> {
        match self.inner.into_inner().failure {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Returns `N` bytes that do not cross a piece's end.
    fn bytes<const N: usize>(&self, at: PhysAddr) -> Option<[u8; N]> {
        let piece = self.piece(at.get() / PIECE)?;
        let offset = usize::try_from(at.get() % PIECE).ok()?;
        piece.get(offset..)?.first_chunk().copied()
    }

    fn piece(&self, number: u64) -> Option<Rc<[u8]>> {
        let mut inner = self.inner.borrow_mut();
        if let Some(piece) = inner.pieces.get(&number) {
            return Some(Rc::clone(piece));
        }
        if inner.failure.is_some() {
            return None;
        }
        let arguments = json!({ "val": number * PIECE, "size": PIECE, "filename": self.file });
        let fetched = inner
            .monitor
            .execute("pmemsave", arguments)
            .and_then(|_| fs::read(&self.file).map_err(MonitorError::from));
        match fetched {
            Ok(mut bytes) => {
                self.correct(number, &mut bytes);
                let piece: Rc<[u8]> = bytes.into();
                inner.pieces.insert(number, Rc::clone(&piece));
                Some(piece)
            }
            Err(error) => {
                inner.failure = Some(error);
                None
            }
        }
    }
}

impl GuestMemory<'_> {
    /// Takes the accessed flags out of the pointer entries, when they lie in this piece.
    fn correct(&self, number: u64, piece: &mut [u8]) {
        let Some(root) = self.pointers.filter(|root| root.get() / PIECE == number) else { return };
        let start = root.get() % PIECE;
        for (offset, byte) in (0..).zip(piece) {
            let inside = (start..start + POINTERS_BYTES).contains(&offset);
            if inside && (offset - start).is_multiple_of(8) {
                *byte &= !ACCESSED;
            }
        }
    }
}

impl PhysicalMemory for GuestMemory<'_> {
    fn read_u32(&self, at: PhysAddr) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn read_u64(&self, at: PhysAddr) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    fn read_frame(&self, frame: Frame, out: &mut [u8; FRAME_BYTES]) -> Option<()> {
        *out = self.bytes(frame.address())?;
        Some(())
    }
}
