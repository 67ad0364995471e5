//! Physical memory that holds a few pieces and nothing else, and counts what is read of it.

use xtacpi::{ReadPhysical, Unreadable};
use xtcore::PhysAddr;

/// A few pieces of physical memory. A read that is not wholly inside one of them fails.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// Bytes that were asked for.
    pub asked: u64,
}

impl Memory {
    /// Puts a piece at an address.
    pub fn put(&mut self, at: u64, bytes: &[u8]) {
        self.pieces.push((at, bytes.to_vec()));
    }

    /// Returns the piece at an address, to change it.
    pub fn piece(&mut self, at: u64) -> &mut Vec<u8> {
        let found = self.pieces.iter_mut().find(|(base, _)| *base == at);
        &mut found.expect("there is such a piece").1
    }
}

impl ReadPhysical for Memory {
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> Result<(), Unreadable> {
        assert!(!into.is_empty(), "nobody asks for nothing");
        self.asked += into.len() as u64;
        for (base, bytes) in &self.pieces {
            let start = from.get().checked_sub(*base).and_then(|start| usize::try_from(start).ok());
            if let Some(part) = start.and_then(|start| bytes.get(start..start.checked_add(into.len())?)) {
                into.copy_from_slice(part);
                return Ok(());
            }
        }
        Err(Unreadable { at: from })
    }
}
