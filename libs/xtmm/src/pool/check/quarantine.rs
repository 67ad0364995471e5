//! Free places that wait: first in, first out.
//!
//! Batches of the books, chained from the oldest to the newest. Without memory for a batch a place doesn't wait.
#![allow(unsafe_code, reason = "batches are reached through units of the books")]

use crate::machine::Machine;
use crate::pool::books::{Books, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::PoolError;
use crate::pool::small::cache::{Batch, BatchHeader, Vacancy};

/// Places in a batch.
const ENTRIES: u8 = 31;

/// The queue. Lives behind its lock, which is outside that of the books.
#[derive(Debug)]
pub(crate) struct Quarantine {
    oldest: Option<Unit>,
    newest: Option<Unit>,
    /// Entries of the oldest batch that have left.
    left: u32,
    /// Entries of the newest batch that are there, including those that have left.
    filled: u32,
    bytes: usize,
}

impl Quarantine {
    /// Nothing waits.
    pub(crate) const EMPTY: Self = Self { oldest: None, newest: None, left: 0, filled: 0, bytes: 0 };

    /// Returns how many bytes wait.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets a place of `bytes` bytes wait. Returns false when there is no memory for it to wait in.
    ///
    /// # Errors
    /// What is wrong with the books.
    pub(crate) fn push<M: Machine, R: PageRanges>(
        &mut self,
        books: &Books<M, R>,
        memory: &impl Pages,
        pin: &M::Pin,
        vacancy: Vacancy,
        bytes: usize,
    ) -> Result<bool, Crime> {
        let newest = match self.newest {
            Some(newest) if self.filled < ENTRIES.into() => newest,
            last => {
                let unit = match books.allocate(memory, pin, Batch::units(ENTRIES)) {
                    Ok(unit) => unit,
                    Err(PoolError::Crime(crime)) => return Err(crime),
                    Err(_) => return Ok(false),
                };
                header(books, unit).links.chain(None);
                match last {
                    Some(last) => header(books, last).links.chain(Some(unit)),
                    None => (self.oldest, self.left) = (Some(unit), 0),
                }
                (self.newest, self.filled) = (Some(unit), 0);
                unit
            }
        };
        self.filled += 1;
        self.bytes += bytes;
        // SAFETY: the quarantine owns the batch, which has so many entries.
        unsafe { Batch::new(books.pointer(newest)).write(self.filled, vacancy) };
        Ok(true)
    }

    /// Takes out the place that has waited longest; `bytes` tells how large it is.
    ///
    /// # Errors
    /// A damaged list of the books, when a batch goes back.
    pub(crate) fn pop<M: Machine, R: PageRanges>(
        &mut self,
        books: &Books<M, R>,
        memory: &impl Pages,
        pin: &M::Pin,
        bytes: impl Fn(Vacancy) -> usize,
    ) -> Result<Option<Vacancy>, Crime> {
        let Some(oldest) = self.oldest else { return Ok(None) };
        self.left += 1;
        // SAFETY: the quarantine owns the batch, and an entry that has not left is there.
        let vacancy = unsafe { Batch::new(books.pointer(oldest)).read(self.left) };
        self.bytes = self.bytes.saturating_sub(bytes(vacancy));
        let is_last = self.newest == Some(oldest);
        if self.left == u32::from(ENTRIES) || is_last && self.left == self.filled {
            self.oldest = header(books, oldest).links.next();
            self.left = 0;
            if is_last {
                (self.newest, self.filled) = (None, 0);
            }
            books.free(memory, pin, oldest, Batch::units(ENTRIES))?;
        }
        Ok(Some(vacancy))
    }
}

fn header<M: Machine, R: PageRanges>(books: &Books<M, R>, unit: Unit) -> &BatchHeader {
    // SAFETY: only units of batches are in the quarantine's chain.
    unsafe { books.get(unit) }
}
