//! Crimes on purpose: the parameter `CRIME=name` or `CRIME=name@level` has the kernel do what it must never do, so that
//! a boot can show what becomes of it. `CRIME=name@cpu2` has a thread on another processor do it, `CRIME=name@cpu2@level` at
//! another level.
//!
//! Every crime ends in the bug check that names it. One that goes unpunished ends the run as failed. The monitor commits them,
//! too; there, what goes unpunished is only said. [`CRIMES`] lists them.
#![allow(unsafe_code, reason = "crimes")]

mod elsewhere;
mod locks;
mod pools;
mod stops;

use core::fmt;
use core::hint::black_box;

use xtboot::parameters::Parameters;
use xtcore::{CpuIndex, PAGE_BYTES, VirtAddr};
use xtmm::machine::RunLevel;

use crate::ar::stack::{call_with_stack, pointer};
use crate::hl::power::Verdict;
use crate::kd::log;
use crate::ke::stacks::{self, Spot, Stack};
use crate::ke::{ending, processor};
use crate::mm::{self, Memory};

/// What follows a crime that is survived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Aftermath {
    /// Nobody has noticed.
    Unpunished,
    /// It cannot be committed here, for this reason.
    Impossible(&'static str),
}

/// A crime.
struct Crime {
    /// The word after `CRIME=`.
    name: &'static str,
    /// What is done.
    deed: &'static str,
    /// The run level, unless the parameter names another.
    level: RunLevel,
    /// The deed.
    commit: fn(&'static Memory) -> Aftermath,
}

impl Crime {
    /// Commits it at a level.
    fn commit_at(&self, level: RunLevel, memory: &'static Memory) -> Aftermath {
        let _raised = processor::raise(level);
        (self.commit)(memory)
    }
}

const fn crime(name: &'static str, deed: &'static str, commit: fn(&'static Memory) -> Aftermath) -> Crime {
    Crime { name, deed, level: RunLevel::Passive, commit }
}

/// All crimes.
static CRIMES: [Crime; 33] = [
    crime("stack-recursion", "calls itself until the stack is used up", stack_recursion),
    crime("stack-jump", "calls with the stack pointer a page below the stack", stack_jump),
    crime("stack-frame", "enters a function whose variables are larger than the stack", stack_frame),
    crime("stack-probe", "reads far below the stack while the stack pointer is still on it", stack_probe),
    crime("null-read", "reads a field of a structure at address 0", null_read),
    crime("write-text", "writes to its own code", write_text),
    crime("execute-data", "calls bytes on the stack; where pages can forbid it", execute_data),
    Crime {
        level: RunLevel::Dispatch,
        ..crime("fault-at-dispatch", "reads memory that is absent, at Dispatch", read_absent)
    },
    crime(
        "thread-recursion",
        "calls itself until a stack of the memory manager's is used up",
        thread_recursion,
    ),
    crime("pool-double-free", "frees a block twice", pools::double_free),
    crime("pool-wrong-tag", "frees with another tag", pools::wrong_tag),
    crime("pool-interior", "frees the middle of a block", pools::interior),
    crime("pool-foreign", "frees a variable", pools::foreign),
    crime("pool-overflow", "writes a byte behind a block", pools::overflow),
    crime("pool-overflow-far", "writes a byte a page behind a block", pools::overflow_far),
    crime("pool-underflow", "writes a byte before a block", pools::underflow),
    crime("pool-after-free", "writes to a free block", pools::write_after_free),
    crime("pageable-touch", "touches a pageable page for the first time, at Dispatch", pools::touch_pageable),
    Crime {
        level: RunLevel::Dispatch,
        ..crime("pageable-allocate", "asks the paged pool at Dispatch", pools::allocate_pageable)
    },
    crime("lock-twice", "waits for a lock that it holds", locks::twice),
    crime("lock-freed", "ends a lock that it holds", locks::freed),
    crime("lock-freed-in-pool", "frees a block with a lock that it holds", locks::freed_in_pool),
    crime("lock-not-held", "releases a lock twice", locks::not_held),
    crime("lock-inversion", "takes two locks in both orders", locks::inversion),
    Crime {
        level: RunLevel::Device,
        ..crime("lock-above", "waits for a lock above its level", locks::above_its_level)
    },
    Crime {
        level: RunLevel::Device,
        ..crime("memory-above", "takes a frame above Dispatch", locks::memory_above)
    },
    Crime { level: RunLevel::Dispatch, ..crime("wait-raised", "sleeps at Dispatch", locks::wait) },
    crime("level-out-of-order", "gives the older of two levels back first", locks::out_of_order),
    crime("unmap-masked", "unmaps with interrupts off", locks::unmap_masked),
    crime("unmap-raised", "unmaps above Dispatch", locks::unmap_raised),
    crime(
        "stale-translation",
        "has a processor answer requests to forget translations, and forget none",
        elsewhere::remember,
    ),
    crime(
        "stop-in-stop",
        "asks for a bug check whose sentence faults when it is to be printed",
        stops::stumble,
    ),
    crime("stop-inside", "reads an absent page while it has the page tables locked", stops::inside),
];

/// Returns all crimes: the names, and what is done.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    CRIMES.iter().map(|crime| (crime.name, crime.deed))
}

/// A crime that somebody wants to see, and where.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    crime: &'static Crime,
    cpu: Option<CpuIndex>,
    level: RunLevel,
}

/// What is wrong with a wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WishError<'a> {
    /// There is no such crime.
    Crime(&'a str),
    /// This is neither `cpu` with a number nor a run level.
    Place(&'a str),
}

impl fmt::Display for WishError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crime(name) => write!(out, "there is no crime '{name}'"),
            Self::Place(word) => write!(out, "'{word}' is neither a processor, as cpu1, nor a run level"),
        }
    }
}

impl Wish {
    /// Reads a wish: the crime's name, then `cpu` with a number, then a run level; the last two may be left out.
    ///
    /// # Errors
    /// [`WishError`].
    pub(crate) fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Self, WishError<'a>> {
        let name = words.next().unwrap_or_default();
        let crime = CRIMES.iter().find(|crime| crime.name == name).ok_or(WishError::Crime(name))?;
        let mut wish = Self { crime, cpu: None, level: crime.level };
        for word in words {
            let number = word.strip_prefix("cpu").and_then(|number| number.parse().ok());
            match number {
                Some(number) if wish.cpu.is_none() => wish.cpu = Some(CpuIndex::new(number)),
                _ => {
                    let level = RunLevel::ALL.into_iter().find(|known| known.name() == word);
                    wish.level = level.ok_or(WishError::Place(word))?;
                }
            }
        }
        Ok(wish)
    }

    /// Commits the crime where it is wanted: on another processor by a thread of its own. Returns when it cannot be committed, or
    /// went unpunished, and says so.
    #[inline(never)]
    pub(crate) fn commit(self, memory: &'static Memory) {
        let _ = self.try_commit(memory);
    }

    /// Commits the crime on this processor.
    #[inline(never)]
    pub(crate) fn commit_here(self, memory: &'static Memory) {
        let _ = Self { cpu: None, ..self }.try_commit(memory);
    }

    fn try_commit(self, memory: &'static Memory) -> Aftermath {
        log!("xtoskrnl: now {self}");
        let aftermath = match self.cpu {
            Some(cpu) => elsewhere::commit(self, cpu, memory),
            None => self.crime.commit_at(self.level, memory),
        };
        match aftermath {
            Aftermath::Unpunished => log!("xtoskrnl: {self} went unpunished"),
            Aftermath::Impossible(why) => log!("xtoskrnl: {self} cannot be committed: {why}"),
        }
        aftermath
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the crime {}", self.crime.name)?;
        self.cpu.map_or(Ok(()), |cpu| write!(out, " on CPU {}", cpu.get()))?;
        write!(out, " at run level {}", self.level)
    }
}

/// Commits the crime that the parameters ask for. Returns when they ask for none, or for one that does not exist here;
/// the boot that was to show a bug check then shows none.
pub(crate) fn commit(parameters: &Parameters<'_>, memory: &'static Memory) {
    let Some(wish) = parameters.value("CRIME") else { return };
    match Wish::parse(wish.split('@')) {
        Ok(wish) => {
            if wish.try_commit(memory) == Aftermath::Unpunished {
                ending::end(Verdict::Fail)
            }
        }
        Err(error) => log!("xtoskrnl: CRIME={wish}: {error}"),
    }
}

/// Why a crime needs to know the stack that it is committed on.
const NO_STACK: Aftermath = Aftermath::Impossible("this stack is not registered");

/// Returns the current stack.
fn own_stack() -> Option<Stack> {
    match stacks::find(pointer())? {
        Spot::Inside(stack) => Some(stack),
        Spot::Guard(_) => None,
    }
}

fn stack_recursion(_: &'static Memory) -> Aftermath {
    black_box(recurse(black_box(1)));
    Aftermath::Unpunished
}

/// The same on a stack of the memory manager's.
fn thread_recursion(memory: &'static Memory) -> Aftermath {
    match mm::call_with_stack(memory, 32 << 10, || black_box(recurse(black_box(1)))) {
        Ok(_) => Aftermath::Unpunished,
        Err(_) => Aftermath::Impossible("there is no stack to be had"),
    }
}

/// Calls itself, with a frame of some hundred bytes, for longer than any stack can last.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let mut frame = [depth; 32];
    let frame = black_box(&mut frame);
    let below = if depth == 0 { 0 } else { recurse(depth.wrapping_add(1)) };
    frame.iter().fold(below, |sum, word| sum.wrapping_add(*word))
}

fn stack_jump(_: &'static Memory) -> Aftermath {
    let Some(stack) = own_stack() else { return NO_STACK };
    let below = VirtAddr::new(stack.pages.start().get().wrapping_sub(PAGE_BYTES));
    // SAFETY: none. The stack pointer leaves the stack, and the first push must stop the kernel.
    unsafe { call_with_stack(below, || black_box(())) };
    Aftermath::Unpunished
}

fn stack_frame(_: &'static Memory) -> Aftermath {
    large_frame();
    Aftermath::Unpunished
}

/// Has variables of four times the boot stack. The compiler moves the stack pointer down by pages and touches each of
/// them, so the guard is met whatever lies below it.
#[inline(never)]
fn large_frame() {
    let mut frame = [0_u8; 256 << 10];
    black_box(&mut frame);
}

/// A fault whose delivery still finds room: a page fault, not a double fault.
fn stack_probe(_: &'static Memory) -> Aftermath {
    let Some(stack) = own_stack() else { return NO_STACK };
    read(stack.guard.start());
    Aftermath::Unpunished
}

fn null_read(_: &'static Memory) -> Aftermath {
    read(VirtAddr::new(0x10));
    Aftermath::Unpunished
}

fn read_absent(_: &'static Memory) -> Aftermath {
    let Some(stack) = own_stack() else { return NO_STACK };
    read(stack.pages.end());
    Aftermath::Unpunished
}

/// Reads a byte that is not there.
fn read(address: VirtAddr) {
    let byte = core::ptr::with_exposed_provenance::<u8>(black_box(address.get()) as usize);
    // SAFETY: none. Nothing is mapped at the address, and the read must stop the kernel.
    let _ = black_box(unsafe { byte.read_volatile() });
}

fn write_text(_: &'static Memory) -> Aftermath {
    let code = black_box(null_read as fn(&'static Memory) -> Aftermath) as *mut u8;
    // SAFETY: code is mapped for reading.
    let byte = unsafe { code.read_volatile() };
    // SAFETY: none. Code is not for writing, and this must stop the kernel; if it does not, nothing has changed.
    unsafe { code.write_volatile(byte) };
    Aftermath::Unpunished
}

fn execute_data(memory: &'static Memory) -> Aftermath {
    if !memory.has_no_execute() {
        return Aftermath::Impossible("no page can forbid execution in this mode or on this processor");
    }
    /// RET.
    const RETURN: u8 = 0xC3;
    let data = black_box([RETURN; 16]);
    // SAFETY: none as to the page, which must stop the kernel. The bytes are a function that returns at once.
    let function = unsafe { core::mem::transmute::<*const u8, extern "C" fn()>(data.as_ptr()) };
    function();
    Aftermath::Unpunished
}
