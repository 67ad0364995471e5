//! Backtraces by frame pointers, over words that somebody vouches for.
//!
//! Every function keeps the frame pointer of its caller, so that each frame leads to the next. How it does is the calling
//! convention's matter ([`Convention`]):
//!
//! ```text
//!   Chained     push ebp; mov ebp, esp          the frame pointer shows where the caller's lies, the way back above it
//!   Windows64   push rbp; push …; sub rsp, n;   the frame pointer shows somewhere into the frame; the distance to where the
//!               lea rbp, [rsp + d]              caller's lies is the function's own, and stands in its first instructions
//! ```
//!
//! So for the second kind the walker reads those first instructions ([`prologue`]), and needs to know where a function
//! begins; the same reading tells where the way back lies for code that was interrupted before its frame stood.
//!
//! Traps are part of the chain: the code that an entry runs after it has saved the registers keeps, as its frame
//! pointer, the address of what was saved, and [`Program::trap`] tells where to look in it.
//!
//! # What it guarantees
//! No link is trusted: each word is asked of the [`Program`], which answers for memory that is there and for nothing
//! else; each way back must lead into code. Frames go up a stack; a walk that goes down more often than [`MOST_STACKS`]
//! times goes in circles and ends, and so does one of [`MOST_FRAMES`] frames. It takes no memory but its own few words.

pub mod prologue;

use xtcore::VirtAddr;

use self::prologue::Progress;

/// The most frames of one walk: more than the largest stack can have.
pub const MOST_FRAMES: usize = 4096;

/// How often a walk may go from one stack to a lower one.
pub const MOST_STACKS: usize = 16;

/// How functions keep their caller's frame pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Convention {
    /// The frame pointer shows at the caller's. Words of 4 bytes.
    Chained,
    /// The frame pointer shows at a place that each function chooses. Words of 8 bytes.
    Windows64,
}

impl Convention {
    /// Returns the bytes of a word.
    #[must_use]
    pub const fn word_bytes(self) -> u64 {
        match self {
            Self::Chained => 4,
            Self::Windows64 => 8,
        }
    }
}

/// What a walker needs to know of the program that it looks at.
pub trait Program {
    /// How its functions keep frames.
    const CONVENTION: Convention;

    /// Returns a word of a stack, if it is known to be there.
    fn word(&self, address: VirtAddr) -> Option<u64>;

    /// Returns a byte of code, if there is code at the address.
    fn code(&self, address: VirtAddr) -> Option<u8>;

    /// Returns where the function begins that contains the address, if that is known.
    fn function(&self, address: VirtAddr) -> Option<VirtAddr>;

    /// Returns how a trap's entry has saved what it interrupted, if the address is in such an entry.
    fn trap(&self, address: VirtAddr) -> Option<Trap>;
}

/// Where a trap's entry has put what it interrupted, in bytes from the frame pointer that it runs with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap {
    /// The interrupted instruction's address.
    pub instruction: u64,
    /// The interrupted frame pointer.
    pub frame: u64,
    /// The interrupted stack pointer.
    pub stack: Saved,
}

/// How a stack pointer was saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Saved {
    /// It stands there.
    At(u64),
    /// It was not: what was saved lies on the interrupted stack, which goes on there.
    Here(u64),
}

/// The registers of code that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Registers {
    /// The instruction to be executed next.
    pub instruction: VirtAddr,
    /// The stack pointer.
    pub stack: VirtAddr,
    /// The frame pointer.
    pub frame: VirtAddr,
}

/// What a frame's address is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The instruction to be executed next.
    Exact,
    /// Where a call comes back to: it belongs to the instruction before.
    Return,
}

/// A function that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Where it is.
    pub address: VirtAddr,
    /// What that address is.
    pub kind: Kind,
}

impl Frame {
    /// Returns an address inside of the instruction that the frame is about: a call may be the last one of its function.
    #[must_use]
    pub const fn inside(self) -> VirtAddr {
        match self.kind {
            Kind::Exact => self.address,
            Kind::Return => VirtAddr::new(self.address.get().saturating_sub(1)),
        }
    }
}

/// Why a walk has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// At the outermost function, whose caller has no frame.
    Outermost,
    /// The next frame would have to be read where nothing is known to be.
    Lost(VirtAddr),
    /// The way back leads to something that is no code.
    NoCode(VirtAddr),
    /// The frames go in circles.
    Circles,
    /// There are [`MOST_FRAMES`].
    TooMany,
}

/// A walk from the innermost function outwards.
#[derive(Debug)]
pub struct Walk<'a, P> {
    program: &'a P,
    state: Result<(Registers, Kind), End>,
    frames: usize,
    descents: usize,
}

impl<'a, P: Program> Walk<'a, P> {
    /// Begins with code that was interrupted.
    pub const fn new(program: &'a P, registers: Registers) -> Self {
        Self { program, state: Ok((registers, Kind::Exact)), frames: 0, descents: 0 }
    }

    /// Returns why the walk has ended; `None` before it has.
    pub const fn end(&self) -> Option<End> {
        match self.state {
            Ok(_) => None,
            Err(end) => Some(end),
        }
    }

    /// Goes one frame outwards. Never a part of its callers: several walk, and none is in a hurry.
    #[inline(never)]
    fn step(&mut self, registers: Registers, kind: Kind) -> Result<(Registers, Kind), End> {
        if self.frames >= MOST_FRAMES {
            return Err(End::TooMany);
        }
        let next = match self.program.trap(registers.instruction) {
            Some(trap) if kind == Kind::Return => (self.interrupted(registers, trap)?, Kind::Exact),
            _ => (self.caller(registers, kind)?, Kind::Return),
        };
        // What comes back from a call has taken its return address off the stack, so only another stack is lower.
        if next.0.stack <= registers.stack {
            self.descents += 1;
            if self.descents > MOST_STACKS {
                return Err(End::Circles);
            }
        }
        Ok(next)
    }

    /// Returns what a trap has interrupted.
    fn interrupted(&self, registers: Registers, trap: Trap) -> Result<Registers, End> {
        let saved = |offset| self.word(registers.frame, offset);
        let instruction = saved(trap.instruction)?;
        let stack = match trap.stack {
            Saved::At(offset) => saved(offset)?,
            Saved::Here(offset) => VirtAddr::new(registers.frame.get().wrapping_add(offset)),
        };
        self.checked(Registers { instruction, stack, frame: saved(trap.frame)? })
    }

    /// Returns what the function comes back to.
    fn caller(&self, registers: Registers, kind: Kind) -> Result<Registers, End> {
        if kind == Kind::Return && registers.frame == VirtAddr::ZERO {
            return Err(End::Outermost);
        }
        match self.progress(registers.instruction, kind) {
            Progress::Framed { distance } => self.back(registers.frame, distance),
            Progress::Begun { pushed, frame } => {
                let caller = match frame {
                    Some(offset) => self.word(registers.stack, offset)?,
                    None => registers.frame,
                };
                let instruction = self.word(registers.stack, pushed)?;
                let stack =
                    registers.stack.get().wrapping_add(pushed).wrapping_add(P::CONVENTION.word_bytes());
                let found = Registers { instruction, stack: VirtAddr::new(stack), frame: caller };
                match self.checked(found) {
                    // A chained frame may have been built later than at the beginning: then the chain holds.
                    Err(_) if P::CONVENTION == Convention::Chained && frame.is_none() => {
                        self.back(registers.frame, 0)
                    }
                    other => other,
                }
            }
        }
    }

    /// Follows a frame pointer, to where the caller's lies so far above it.
    fn back(&self, frame: VirtAddr, distance: u64) -> Result<Registers, End> {
        if frame == VirtAddr::ZERO {
            return Err(End::Outermost);
        }
        let word = P::CONVENTION.word_bytes();
        let above = distance.wrapping_add(word);
        let stack = VirtAddr::new(frame.get().wrapping_add(above).wrapping_add(word));
        let caller = self.word(frame, distance)?;
        self.checked(Registers { instruction: self.word(frame, above)?, stack, frame: caller })
    }

    /// Returns how far the function has come with building its frame.
    fn progress(&self, instruction: VirtAddr, kind: Kind) -> Progress {
        // Where frames are chained and functions call, their frames stand; the beginning need not show it, because the
        // compiler builds a frame as late as it can.
        if P::CONVENTION == Convention::Chained && kind == Kind::Return {
            return Progress::Framed { distance: 0 };
        }
        let here =
            |offset: i64| self.program.code(VirtAddr::new(instruction.get().wrapping_add_signed(offset)));
        // On its way out; or it is no code at all, and was called a moment ago.
        if kind == Kind::Exact && (prologue::is_left(here) || here(0).is_none()) {
            return Progress::Begun { pushed: 0, frame: None };
        }
        let inside = Frame { address: instruction, kind }.inside();
        let Some(start) = self.program.function(inside) else { return Progress::Framed { distance: 0 } };
        let done = instruction.get().wrapping_sub(start.get());
        prologue::read(P::CONVENTION, done, |offset| {
            self.program.code(VirtAddr::new(start.get().wrapping_add(offset)))
        })
    }

    fn checked(&self, registers: Registers) -> Result<Registers, End> {
        let at = registers.instruction;
        match self.program.code(VirtAddr::new(at.get().wrapping_sub(1))) {
            Some(_) => Ok(registers),
            // Who begins a chain puts no frame there, and whatever lies above is no way back.
            None if registers.frame == VirtAddr::ZERO => Err(End::Outermost),
            None => Err(End::NoCode(at)),
        }
    }

    fn word(&self, from: VirtAddr, offset: u64) -> Result<VirtAddr, End> {
        let at = VirtAddr::new(from.get().wrapping_add(offset));
        if !at.is_aligned(P::CONVENTION.word_bytes()) {
            return Err(End::Lost(at));
        }
        self.program.word(at).map(VirtAddr::new).ok_or(End::Lost(at))
    }
}

impl<P: Program> Iterator for Walk<'_, P> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let (registers, kind) = self.state.ok()?;
        self.frames += 1;
        self.state = self.step(registers, kind);
        Some(Frame { address: registers.instruction, kind })
    }
}

#[cfg(test)]
mod tests;
