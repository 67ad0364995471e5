//! Backtraces of this kernel: its stacks, its code, and the names that its image carries.
//!
//! May be used at any run level and on any stack. It takes no lock, reads stacks that are known to be there, and goes
//! without names where the table is missing or damaged; on amd64 most frames cannot be told without it, because the
//! table also says where functions begin.

#![allow(unsafe_code, reason = "the stack of a thread that does not run is read")]

use core::fmt;

use xtcore::{VirtAddr, VirtRange};
use xtkd::symbols::{Flaw, Function, Table};
use xtkd::unwind::{Convention, End, Frame, Kind, Program, Registers, Trap, Walk};

use crate::ar::image::{self, Code};
use crate::ar::{FRAMES, entry_at};
use crate::ke::regions::Place;
use crate::ke::stacks;

/// The section with the names.
const SECTION: [u8; 8] = *b".xtsym\0\0";

/// What follows frames and names them.
pub(crate) struct Tracer {
    code: Option<Code>,
    names: Result<Table<'static>, NoNames>,
    /// A stack that only who asks knows.
    stack: Option<VirtRange>,
}

/// Why functions have no names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoNames {
    /// The image has no table: nothing has added one.
    Absent,
    /// The table is damaged.
    Damaged(Flaw),
}

impl fmt::Display for NoNames {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => out.write_str("the image carries no names of functions"),
            Self::Damaged(flaw) => write!(out, "the image's names of functions are not used: {flaw}"),
        }
    }
}

impl Tracer {
    /// Finds code and names in the image. Reads the whole table once, to see that it is intact: some ten kilobytes.
    ///
    /// Never inlined, as everything here that several ask for: nobody who traces is in a hurry.
    #[inline(never)]
    pub(crate) fn new() -> Self {
        let bytes = image::constants(SECTION).ok_or(NoNames::Absent);
        let names = bytes.and_then(|bytes| Table::new(bytes).map_err(NoNames::Damaged));
        Self { code: Code::find(), names, stack: None }
    }

    /// Reads these pages, too: the stack of a thread that does not run here.
    ///
    /// # Safety
    /// The pages can be read as long as the tracer is used.
    pub(crate) unsafe fn on(self, stack: Option<VirtRange>) -> Self {
        Self { stack, ..self }
    }

    /// Returns why there are no names, if there are none.
    pub(crate) fn complaint(&self) -> Option<NoNames> {
        self.names.err()
    }

    /// Follows frames outwards.
    pub(crate) const fn walk(&self, from: Registers) -> Walk<'_, Self> {
        Walk::new(self, from)
    }

    /// Names a frame.
    #[inline(never)]
    pub(crate) fn name(&self, frame: Frame) -> Named {
        let function = self.function_at(frame.inside());
        let start = function.and_then(|function| image::base().checked_add(function.start.into()));
        let offset = start.and_then(|start| frame.address.bytes_since(start)).unwrap_or(0);
        Named { frame, function, offset }
    }

    fn function_at(&self, address: VirtAddr) -> Option<Function<'static>> {
        self.names.ok()?.find(u32::try_from(address.bytes_since(image::base())?).ok()?)
    }
}

impl Program for Tracer {
    const CONVENTION: Convention = FRAMES;

    fn word(&self, address: VirtAddr) -> Option<u64> {
        let known = stacks::word_at(address);
        // SAFETY: whoever named the pages said that they can be read.
        known.or_else(|| unsafe { stacks::word_of(self.stack?, address) })
    }

    fn code(&self, address: VirtAddr) -> Option<u8> {
        self.code?.at(address)
    }

    fn function(&self, address: VirtAddr) -> Option<VirtAddr> {
        image::base().checked_add(self.function_at(address)?.start.into())
    }

    fn trap(&self, address: VirtAddr) -> Option<Trap> {
        entry_at(address)
    }
}

/// A frame with its name: `at` an instruction that is to be executed, or `in` a call, by the address that it comes back to.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    /// The frame.
    pub(crate) frame: Frame,
    /// Its function, if that has a name.
    pub(crate) function: Option<Function<'static>>,
    /// How far into the function the frame's address is.
    pub(crate) offset: u64,
}

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.frame.kind {
            Kind::Exact => "at",
            Kind::Return => "in",
        };
        write!(out, "{how} {:#x}", self.frame.address.get())?;
        match self.function {
            Some(function) => write!(out, " {}+{:#x}", function.name, self.offset),
            None => Ok(()),
        }
    }
}

/// Why a walk has ended before the outermost function, as a sentence.
pub(crate) struct Broken(pub(crate) End);

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            End::Outermost => out.write_str("the outermost function has been reached"),
            End::Lost(at) => write!(out, "the next frame would be at {:#x}, {}", at.get(), Place(at)),
            End::NoCode(at) => write!(out, "the way back leads to {:#x}, where no code is", at.get()),
            End::Circles => out.write_str("the frames go in circles"),
            End::TooMany => out.write_str("there are more frames than any stack can have"),
        }
    }
}

/// A frame that occurs several times, one after another: a function that calls itself.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// The frame.
    pub(crate) frame: Frame,
    /// How often.
    pub(crate) times: u32,
}

/// Joins equal frames that follow one another.
pub(crate) struct Runs<'a, 'b> {
    walk: &'a mut Walk<'b, Tracer>,
    next: Option<Frame>,
}

impl<'a, 'b> Runs<'a, 'b> {
    /// Begins with what the walk gives next.
    pub(crate) fn new(walk: &'a mut Walk<'b, Tracer>) -> Self {
        let next = walk.next();
        Self { walk, next }
    }
}

impl Iterator for Runs<'_, '_> {
    type Item = Run;

    #[inline(never)]
    fn next(&mut self) -> Option<Run> {
        let frame = self.next.take()?;
        let mut times = 1;
        for other in self.walk.by_ref() {
            if other != frame {
                self.next = Some(other);
                break;
            }
            times += 1;
        }
        Some(Run { frame, times })
    }
}
