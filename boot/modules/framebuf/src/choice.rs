//! Which mode to set: a decision about numbers alone.

#[cfg(test)]
mod tests;

use core::fmt;
use core::str::FromStr;

/// The size of a screen in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    /// Pixels of a line.
    pub(super) width: u32,
    /// Lines.
    pub(super) height: u32,
}

impl Size {
    const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Tells whether it is at least as wide as 5:4, the squarest shape that screens are made in.
    const fn is_shaped_like_a_screen(self) -> bool {
        self.width as u64 * 4 >= self.height as u64 * 5
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.width, self.height)
    }
}

/// What somebody wishes for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// The mode that is on.
    Keep,
    /// The monitor's own mode, else the largest.
    Best,
    /// This one.
    Exactly(Size),
}

/// Text that is no wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NoWish;

impl fmt::Display for NoWish {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a video mode is WIDTHxHEIGHT, best or keep")
    }
}

impl core::error::Error for NoWish {}

impl FromStr for Wish {
    type Err = NoWish;

    fn from_str(text: &str) -> Result<Self, NoWish> {
        if text.eq_ignore_ascii_case("keep") {
            return Ok(Self::Keep);
        }
        if text.eq_ignore_ascii_case("best") {
            return Ok(Self::Best);
        }
        let number = |digits: &str| digits.parse().ok().filter(|number| *number != 0).ok_or(NoWish);
        let (width, height) = text.split_once(['x', 'X']).ok_or(NoWish)?;
        Ok(Self::Exactly(Size { width: number(width)?, height: number(height)? }))
    }
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Choice {
    /// Nothing.
    Keep,
    /// Set this mode, which is offered and not the one that is on.
    Set(Size),
    /// Say that this mode is not offered.
    NotOffered(Size),
}

/// Chooses among the modes that are offered. `native` is what the monitor says it is made for.
///
/// Looks at each mode at most twice.
pub(super) fn choose(
    wish: Wish,
    offered: impl Iterator<Item = Size> + Clone,
    current: Size,
    native: Option<Size>,
) -> Choice {
    let is_offered = |size: Size| offered.clone().any(|mode| mode == size);
    let wanted = match wish {
        Wish::Keep => current,
        Wish::Exactly(size) if size != current && !is_offered(size) => return Choice::NotOffered(size),
        Wish::Exactly(size) => size,
        Wish::Best => match native.filter(|size| is_offered(*size)) {
            Some(size) => size,
            // Of equally large ones the one that is on, then the first. Adapters in emulators offer squares, too.
            None => offered
                .clone()
                .filter(|mode| mode.is_shaped_like_a_screen())
                .fold(current, |best, mode| if mode.pixels() > best.pixels() { mode } else { best }),
        },
    };
    if wanted == current { Choice::Keep } else { Choice::Set(wanted) }
}
