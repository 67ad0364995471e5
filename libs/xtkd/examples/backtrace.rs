//! A backtrace of a program that is a few numbers, told as one line of JSON: no heap, no file, and no link that is trusted.
//!
//! The program has three functions of 32 bytes, each of which begins as 32-bit compilers write it, and a stack on which each
//! has left its caller's frame pointer and the way back.

use xtcore::VirtAddr;
use xtkd::json::Writer;
use xtkd::unwind::{Convention, Program, Registers, Trap, Walk};

const CODE: u64 = 0x8080_1000;
const FUNCTION_BYTES: u64 = 32;
const NAMES: [&str; 3] = ["main", "allocate", "check"];

/// `push ebp; mov ebp, esp`, and then something.
const PROLOGUE: [u8; 3] = [0x55, 0x89, 0xE5];
const NOTHING: u8 = 0x90;

const STACK: u64 = 0x84C0_7000;

/// From the lowest address on: `check`'s frame, `allocate`'s, and the outermost one, which has no caller.
const WORDS: [u64; 6] = [STACK + 8, CODE + FUNCTION_BYTES + 20, STACK + 16, CODE + 9, 0, 0];

struct Tiny;

impl Tiny {
    fn number(address: VirtAddr) -> Option<usize> {
        let number = (address.get().checked_sub(CODE)? / FUNCTION_BYTES) as usize;
        (number < NAMES.len()).then_some(number)
    }
}

impl Program for Tiny {
    const CONVENTION: Convention = Convention::Chained;

    fn word(&self, address: VirtAddr) -> Option<u64> {
        let offset = address.get().checked_sub(STACK)?;
        if offset.is_multiple_of(4) { WORDS.get((offset / 4) as usize).copied() } else { None }
    }

    fn code(&self, address: VirtAddr) -> Option<u8> {
        Self::number(address)?;
        let offset = (address.get() - CODE) % FUNCTION_BYTES;
        Some(PROLOGUE.get(offset as usize).copied().unwrap_or(NOTHING))
    }

    fn function(&self, address: VirtAddr) -> Option<VirtAddr> {
        Some(VirtAddr::new(CODE + Self::number(address)? as u64 * FUNCTION_BYTES))
    }

    fn trap(&self, _: VirtAddr) -> Option<Trap> {
        None
    }
}

fn main() {
    // Interrupted in the middle of `check`.
    let registers = Registers {
        instruction: VirtAddr::new(CODE + 2 * FUNCTION_BYTES + 11),
        stack: VirtAddr::new(STACK),
        frame: VirtAddr::new(STACK),
    };
    let mut walk = Walk::new(&Tiny, registers);
    let mut line = String::new();
    Writer::object(&mut line, |stop| {
        stop.array("frames", |frames| {
            for frame in walk.by_ref() {
                let name = Tiny::number(frame.inside()).map_or("?", |number| NAMES[number]);
                frames.object(|one| {
                    one.address("address", frame.address.get())?;
                    one.text("function", name)
                })?;
            }
            Ok(())
        })?;
        stop.text("end", format_args!("{:?}", walk.end()))
    })
    .expect("a string takes everything");
    println!("{line}");
}
