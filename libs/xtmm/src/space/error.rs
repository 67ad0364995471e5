//! Why the address space refuses. Whatever is refused has changed nothing.

use core::fmt;

use xtcore::{Frame, FrameCount, VirtRange};
use xtpaging::{Cache, CursorError, MapError, OutOfFrames};

/// Why a change of mappings is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpaceError {
    /// The page tables refuse it, or there are no frames for them.
    Map(MapError),
    /// There are no frames for the pages.
    OutOfFrames(OutOfFrames),
    /// The window shows a frame with another memory type.
    CacheConflict {
        /// The first such frame.
        frame: Frame,
        /// How the window shows it.
        window: Cache,
        /// How it was to be mapped.
        wanted: Cache,
    },
    /// A frame that lies within the window is not shown in it.
    NotShown {
        /// The first such frame.
        frame: Frame,
    },
}

impl SpaceError {
    /// Returns the refusal as what a caller hears that only asked for memory behind `pages`: there was none. Whatever
    /// else the tables refuse, there will be no memory either; then it says that nothing was available.
    #[must_use]
    pub fn shortage(&self, pages: VirtRange) -> OutOfFrames {
        let nothing = OutOfFrames { wanted: FrameCount::holding(pages.bytes()), available: FrameCount::ZERO };
        self.out_of_frames().unwrap_or(nothing)
    }

    /// Returns the shortage of frames, if it is one.
    #[must_use]
    pub const fn out_of_frames(&self) -> Option<OutOfFrames> {
        match self {
            Self::Map(MapError::OutOfFrames(short)) | Self::OutOfFrames(short) => Some(*short),
            _ => None,
        }
    }
}

impl From<MapError> for SpaceError {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

impl From<CursorError> for SpaceError {
    fn from(error: CursorError) -> Self {
        Self::Map(MapError::Range(error))
    }
}

impl From<OutOfFrames> for SpaceError {
    fn from(short: OutOfFrames) -> Self {
        Self::OutOfFrames(short)
    }
}

impl fmt::Display for SpaceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(error) => error.fmt(out),
            Self::OutOfFrames(short) => {
                let (wanted, available) = (short.wanted.get(), short.available.get());
                write!(out, "{wanted} frames are needed for pages, there are {available}")
            }
            Self::CacheConflict { frame, window, wanted } => {
                write!(out, "the window shows frame {frame:#x} {window:?}, it was to be mapped {wanted:?}")
            }
            Self::NotShown { frame } => write!(out, "the window does not show frame {frame:#x}"),
        }
    }
}

impl core::error::Error for SpaceError {}

/// Why there are no system PTEs for a mapping. `P` is how the ranges of pages refuse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PteError<P> {
    /// Nothing was asked for.
    Empty,
    /// There is no range of pages.
    Pages(P),
    /// There is one, but what was to appear in it cannot.
    Space(SpaceError),
}

impl<P: fmt::Display> fmt::Display for PteError<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("a mapping of nothing was asked for"),
            Self::Pages(error) => error.fmt(out),
            Self::Space(error) => error.fmt(out),
        }
    }
}

impl<P: fmt::Debug + fmt::Display> core::error::Error for PteError<P> {}

/// Why a mapping cannot be released. `C` is what the ranges of pages call a crime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseError<C> {
    /// Its pages are not what was mapped. They stay as they are and are not handed out again.
    Space(SpaceError),
    /// Its range belongs to others.
    Range(C),
}

impl<C: fmt::Display> fmt::Display for ReleaseError<C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space(error) => error.fmt(out),
            Self::Range(crime) => crime.fmt(out),
        }
    }
}

impl<C: fmt::Debug + fmt::Display> core::error::Error for ReleaseError<C> {}
