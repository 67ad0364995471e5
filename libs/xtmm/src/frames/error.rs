//! What can go wrong: not enough memory, a request that makes no sense, a caller that frees what is not its own.

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange};

use super::ranges::NoRoom;
use crate::OutOfFrames;

/// A frame was freed by someone who did not have it. The kernel stops with a bug check; the allocator is unharmed and
/// has not taken the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameCrime {
    /// The frame is free already.
    AlreadyFree(Frame),
    /// The frame is none of the allocator's.
    Foreign(Frame),
    /// What starts there was not handed out as one block or one giant, or isn't aligned as one.
    NotWhole(FrameRange),
    /// A part of a giant is freed, too small to hold the books that the other parts need from now on, and there is no other
    /// memory for them. Not a crime, but nothing that can be done.
    Indivisible(FrameRange),
}

impl fmt::Display for FrameCrime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyFree(frame) => write!(out, "frame {frame:#x} is freed, but is free already"),
            Self::Foreign(frame) => write!(out, "frame {frame:#x} is freed, but was never handed out"),
            Self::NotWhole(range) => write!(out, "{range:?} is freed as one, but was not handed out as one"),
            Self::Indivisible(range) => {
                write!(
                    out,
                    "{range:?} is freed, but there is no memory to divide the giant that it is part of"
                )
            }
        }
    }
}

impl core::error::Error for FrameCrime {}

/// Several frames could not be allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// There are not enough, or not in one piece. `available` counts all free frames, wherever they are.
    OutOfFrames(OutOfFrames),
    /// No frame was asked for.
    NothingWanted,
    /// The alignment is not a power of two.
    Alignment(FrameCount),
    /// The order is above that of a giant.
    Order(u32),
}

impl From<OutOfFrames> for FrameError {
    fn from(short: OutOfFrames) -> Self {
        Self::OutOfFrames(short)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfFrames(short) => {
                write!(out, "{} frames wanted, {} free", short.wanted.get(), short.available.get())
            }
            Self::NothingWanted => out.write_str("no frame was asked for"),
            Self::Alignment(count) => {
                write!(out, "an alignment of {} frames is no power of two", count.get())
            }
            Self::Order(order) => write!(out, "no run of 2^{order} frames is ever handed out"),
        }
    }
}

impl core::error::Error for FrameError {}

/// Frames could not be adopted or given back. Those below the one that is named were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdoptError {
    /// A block that they lie in could not be opened.
    OutOfFrames(OutOfFrames),
    /// The sets of ranges that the allocator was given are full.
    NoRoom(NoRoom),
    /// A frame is free already, or past the end of the records.
    Crime(FrameCrime),
}

impl From<OutOfFrames> for AdoptError {
    fn from(short: OutOfFrames) -> Self {
        Self::OutOfFrames(short)
    }
}

impl From<NoRoom> for AdoptError {
    fn from(full: NoRoom) -> Self {
        Self::NoRoom(full)
    }
}

impl From<FrameCrime> for AdoptError {
    fn from(crime: FrameCrime) -> Self {
        Self::Crime(crime)
    }
}

/// An allocator cannot be made of what it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigError {
    /// A giant is not a power of two of blocks, at most 512 of them.
    Giant(FrameCount),
    /// A free range lies past the end of the records.
    PastTheEnd(FrameRange),
    /// There is no room to note the ranges that the allocator governs.
    NoRoom(NoRoom),
    /// The depot has more batches than it can number.
    Depot(usize),
}

impl From<NoRoom> for ConfigError {
    fn from(full: NoRoom) -> Self {
        Self::NoRoom(full)
    }
}
