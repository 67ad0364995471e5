//! The first instructions of a function, as far as they build its frame: few forms, which LLVM writes in this order.
//!
//! ```text
//!   push rbp                                 55
//!   push another register                    50 … 57, 41 50 … 41 57
//!   sub rsp, n                               48 83 EC ib, 48 81 EC id
//!   mov eax, n; call the probe; sub rsp, rax B8 id, E8 id, 48 29 C4          frames of a page and more
//!   lea rbp, [rsp + d]; mov rbp, rsp         48 8D 6C 24 ib, 48 8D AC 24 id, 48 89 E5
//! ```
//!
//! and the same without the prefix 48 for 32 bits. Anything else ends the reading. Encodings: SDM volume 2.
//!
//! Why no disassembler (`iced-x86`): it brings tables of all instructions into an image that needs these ten.

use super::Convention;

/// How far a function has come with its frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The frame stands: the caller's frame pointer lies so many bytes above the frame pointer, the way back one word higher.
    Framed {
        /// Bytes.
        distance: u64,
    },
    /// It does not, or there will be none.
    Begun {
        /// Bytes on the stack below the way back.
        pushed: u64,
        /// Bytes from the stack pointer to the caller's frame pointer, if it has been saved; else it is in its register.
        frame: Option<u64>,
    },
}

/// The longest prologue in bytes that is read: nine pushes, the probe, the frame.
const MOST_BYTES: u64 = 64;

const PUSH_FRAME: u8 = 0x55;

/// Reads a prologue from a function's first byte up to `done` bytes behind it, where the function is. `code` gives its bytes.
///
/// Costs a look at each byte, 64 at most.
pub fn read(convention: Convention, done: u64, code: impl Fn(u64) -> Option<u8>) -> Progress {
    let mut reading = Reading { convention, at: 0, pushed: 0, frame_at: None, asked: 0, code };
    let done_within = done.min(MOST_BYTES);
    while reading.at < done_within {
        match reading.instruction(done) {
            Some(Step::On) => {}
            Some(Step::Framed(distance)) => return Progress::Framed { distance },
            None => break,
        }
    }
    let Reading { pushed, frame_at, .. } = reading;
    Progress::Begun { pushed, frame: frame_at.map(|at| pushed.saturating_sub(at)) }
}

/// Tells whether a function that has had its frame has given it back: it stands behind `pop rbp`, on its way out.
/// `code` gives the bytes from where it is.
pub fn is_left(code: impl Fn(i64) -> Option<u8>) -> bool {
    const POP_FRAME: u8 = 0x5D;
    // RET, RET n, and the jumps to another function's beginning.
    let leaves = matches!(code(0), Some(0xC3 | 0xC2 | 0xE9 | 0xEB | 0xFF));
    leaves && code(-1) == Some(POP_FRAME)
}

/// What an instruction was.
enum Step {
    On,
    /// The frame pointer's own; the caller's lies so far above it.
    Framed(u64),
}

struct Reading<C> {
    convention: Convention,
    /// Bytes read.
    at: u64,
    /// Bytes pushed.
    pushed: u64,
    /// Bytes pushed when the caller's frame pointer had been.
    frame_at: Option<u64>,
    /// What the probe was asked for.
    asked: u64,
    code: C,
}

impl<C: Fn(u64) -> Option<u8>> Reading<C> {
    /// Reads an instruction; `None` when it is none of a prologue's, or has not been executed whole.
    fn instruction(&mut self, done: u64) -> Option<Step> {
        let wide = self.convention == Convention::Windows64;
        let word = self.convention.word_bytes();
        let first = self.byte(0)?;
        let prefix = u64::from(wide && first == 0x48);
        let opcode = [self.byte(prefix)?, self.byte(prefix + 1)?, self.byte(prefix + 2).unwrap_or(0)];
        let (length, step) = match opcode {
            [PUSH_FRAME, ..] if prefix == 0 => {
                self.grow(word, done, 1)?;
                // Saved once; a later push of the register would save our own.
                self.frame_at.get_or_insert(self.pushed);
                return Some(Step::On);
            }
            [0x50..=0x57, ..] if prefix == 0 => return self.grow(word, done, 1),
            [0x41, 0x50..=0x57, _] if wide && prefix == 0 => return self.grow(word, done, 2),
            [0xB8, ..] if prefix == 0 => {
                self.asked = self.long(1)?;
                (5, Step::On)
            }
            // The probe leaves the stack as it was.
            [0xE8, ..] if prefix == 0 && self.asked != 0 => (5, Step::On),
            [0x29, 0xC4, _] if is_whole(prefix, wide) && self.asked != 0 => {
                let asked = core::mem::take(&mut self.asked);
                return self.grow(asked, done, prefix + 2);
            }
            [0x83, 0xEC, small] if is_whole(prefix, wide) => {
                return self.grow(small.into(), done, prefix + 3);
            }
            [0x81, 0xEC, _] if is_whole(prefix, wide) => {
                let bytes = self.long(prefix + 2)?;
                return self.grow(bytes, done, prefix + 6);
            }
            [0x89, 0xE5, _] if is_whole(prefix, wide) => (prefix + 2, self.framed(0)?),
            [0x8D, 0x6C, 0x24] if is_whole(prefix, wide) => {
                let up = self.byte(prefix + 3)?;
                (prefix + 4, self.framed(up.into())?)
            }
            [0x8D, 0xAC, 0x24] if is_whole(prefix, wide) => {
                let up = self.long(prefix + 3)?;
                (prefix + 7, self.framed(up)?)
            }
            _ => return None,
        };
        self.pass(length, done)?;
        Some(step)
    }

    /// The frame pointer becomes the stack pointer and `up` bytes.
    fn framed(&self, up: u64) -> Option<Step> {
        self.pushed.checked_sub(self.frame_at?)?.checked_sub(up).map(Step::Framed)
    }

    /// The stack has grown.
    fn grow(&mut self, bytes: u64, done: u64, length: u64) -> Option<Step> {
        self.pass(length, done)?;
        self.pushed = self.pushed.checked_add(bytes)?;
        Some(Step::On)
    }

    /// Goes behind an instruction that has been executed.
    fn pass(&mut self, length: u64, done: u64) -> Option<()> {
        self.at += length;
        (self.at <= done).then_some(())
    }

    /// A byte of the instruction.
    fn byte(&self, offset: u64) -> Option<u8> {
        (self.code)(self.at + offset)
    }

    /// A number of four bytes.
    fn long(&self, offset: u64) -> Option<u64> {
        let bytes =
            [self.byte(offset)?, self.byte(offset + 1)?, self.byte(offset + 2)?, self.byte(offset + 3)?];
        Some(u32::from_le_bytes(bytes).into())
    }
}

/// Tells whether an instruction works on whole words.
const fn is_whole(prefix: u64, wide: bool) -> bool {
    wide == (prefix == 1)
}
