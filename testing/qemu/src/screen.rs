//! What the guest's screen shows: a picture taken through the emulator's monitor, and the kernel's colours in it.
//!
//! The screen is the only voice of a machine without a serial line, so a harness that only listens would not
//! notice that it has fallen silent. A picture is judged by two things that no blank, torn or firmware-painted
//! screen has: most of it is paper of the kernel's own colour, and some of it is ink.

#[cfg(test)]
mod tests;

use std::fmt;

/// A colour of 8 bits each: red, green, blue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour(pub u8, pub u8, pub u8);

/// What the kernel writes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paper {
    /// While it runs.
    Log,
    /// After a bug check.
    Stop,
}

impl Paper {
    /// Returns the paper's colour.
    #[must_use]
    pub const fn colour(self) -> Colour {
        match self {
            Self::Log => Colour(12, 14, 20),
            Self::Stop => Colour(0, 40, 120),
        }
    }
}

/// What it writes with, on either paper.
pub const INK: Colour = Colour(225, 228, 232);

/// Pixels of ink that a line of text has at least; a letter has about ten.
const INK_REQUIRED: usize = 500;

/// A picture of the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture<'a> {
    width: usize,
    height: usize,
    pixels: &'a [[u8; 3]],
}

/// Why a picture does not show what it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScreenError {
    /// It is no picture of the format PPM with 8 bits for each colour.
    NotAPicture,
    /// Too little of it has the colour of the paper.
    WrongPaper {
        /// Pixels that have it.
        paper: usize,
        /// All of them.
        pixels: usize,
    },
    /// Nothing readable is written on it.
    NoInk {
        /// Pixels that are more ink than paper.
        ink: usize,
    },
}

impl<'a> Picture<'a> {
    /// Reads a picture of the binary format PPM, as the emulator writes it: `P6`, width, height and the largest
    /// value in ASCII, one white character, then the pixels.
    ///
    /// # Errors
    /// [`ScreenError::NotAPicture`]: it is in another format, or shorter than it says.
    pub fn parse(file: &'a [u8]) -> Result<Self, ScreenError> {
        let mut rest = file.strip_prefix(b"P6").ok_or(ScreenError::NotAPicture)?;
        let mut number = || {
            let digits = rest.trim_ascii_start();
            let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (number, after) = digits.split_at_checked(length)?;
            rest = after;
            std::str::from_utf8(number).ok()?.parse::<usize>().ok()
        };
        let (Some(width), Some(height), Some(255)) = (number(), number(), number()) else {
            return Err(ScreenError::NotAPicture);
        };
        let (pixels, _) = rest.get(1..).unwrap_or_default().as_chunks();
        match width.checked_mul(height) {
            Some(count) if count > 0 && count == pixels.len() => Ok(Self { width, height, pixels }),
            _ => Err(ScreenError::NotAPicture),
        }
    }

    /// Checks that text is written on `paper`, which takes up most of the picture.
    ///
    /// # Errors
    /// There is too little paper, or too little ink.
    pub fn shows_text_on(&self, paper: Paper) -> Result<(), ScreenError> {
        let (found, pixels) = (self.count(paper.colour()), self.width * self.height);
        if found <= pixels / 2 {
            return Err(ScreenError::WrongPaper { paper: found, pixels });
        }
        match self.count_ink(paper) {
            ink if ink < INK_REQUIRED => Err(ScreenError::NoInk { ink }),
            _ => Ok(()),
        }
    }

    /// Returns the width in pixels.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in pixels.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Returns all pixels, row by row from the top, red first.
    #[must_use]
    pub const fn pixels(&self) -> &'a [[u8; 3]] {
        self.pixels
    }

    /// Returns a pixel, red first; nothing outside.
    pub(crate) fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        if x >= self.width {
            return None;
        }
        self.pixels.get(y * self.width + x).copied()
    }

    /// Counts the pixels that are more ink than paper in all three colours: letters have soft edges, so few pixels
    /// are all ink.
    fn count_ink(&self, paper: Paper) -> usize {
        let (Colour(red, green, blue), paper) = (INK, paper.colour());
        let middle = [red.midpoint(paper.0), green.midpoint(paper.1), blue.midpoint(paper.2)];
        let is_ink = |pixel: &&[u8; 3]| pixel.iter().zip(middle).all(|(value, middle)| *value > middle);
        self.pixels.iter().filter(is_ink).count()
    }

    fn count(&self, Colour(red, green, blue): Colour) -> usize {
        self.pixels.iter().filter(|pixel| **pixel == [red, green, blue]).count()
    }
}

impl fmt::Display for ScreenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPicture => out.write_str("the picture of the screen cannot be read"),
            Self::WrongPaper { paper, pixels } => {
                write!(out, "only {paper} of the screen's {pixels} pixels have the paper's colour")
            }
            Self::NoInk { ink } => write!(out, "nothing is written on the screen: {ink} pixels of ink"),
        }
    }
}

impl std::error::Error for ScreenError {}
