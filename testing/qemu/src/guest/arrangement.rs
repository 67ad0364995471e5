//! How a guest's processors share cores and packages.

use std::fmt;

/// Packages, and threads in each core. Cores are what remains.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arrangement {
    /// Packages.
    pub sockets: u32,
    /// Threads, each of them a processor, in a core.
    pub threads: u32,
}

/// So many processors cannot be arranged so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uneven {
    /// The processors.
    pub processors: u32,
    /// What they were to be arranged in.
    pub arrangement: Arrangement,
}

impl fmt::Display for Uneven {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, arrangement: Arrangement { sockets, threads } } = self;
        write!(
            out,
            "{processors} processors do not fill {sockets} packages with cores of {threads} threads each"
        )
    }
}

impl std::error::Error for Uneven {}

impl Arrangement {
    /// One package, and every processor a core.
    pub const PLAIN: Self = Self { sockets: 1, threads: 1 };

    /// Returns the cores of a package.
    ///
    /// # Errors
    /// [`Uneven`] when that is no whole number above 0.
    pub fn cores(self, processors: u32) -> Result<u32, Uneven> {
        let share = self.sockets.saturating_mul(self.threads);
        let is_even = share > 0 && processors >= share && processors.is_multiple_of(share);
        if is_even { Ok(processors / share) } else { Err(Uneven { processors, arrangement: self }) }
    }

    /// Returns the emulator's option for so many processors; for an uneven number it is one that the emulator refuses.
    #[must_use]
    pub(super) fn option(self, processors: u32) -> String {
        let Self { sockets, threads } = self;
        let cores = self.cores(processors).unwrap_or_default();
        format!("{processors},sockets={sockets},cores={cores},threads={threads}")
    }
}
