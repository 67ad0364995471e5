//! Crimes on purpose: the parameter `CRIME=name` or `CRIME=name@level` has the kernel do what it must never do, so that
//! a boot can show what becomes of it. `CRIME=name@cpu2` has a thread on another processor do it, `CRIME=name@cpu2@level` at
//! another level.
//!
//! Every crime ends in the bug check that names it. One that goes unpunished ends the run as failed.
//!
//! ```text
//!   stack-recursion     calls itself until the stack is used up
//!   stack-jump          calls with the stack pointer a page below the stack
//!   stack-frame         enters a function whose variables are larger than the stack
//!   stack-probe         reads far below the stack while the stack pointer is still on it
//!   null-read           reads a field of a structure at address 0
//!   write-text          writes to its own code
//!   execute-data        calls bytes on the stack; where pages can forbid it
//!   fault-at-dispatch   reads memory that is absent, at Dispatch
//!   thread-recursion    calls itself until a stack of the memory manager's is used up
//!
//!   pool-double-free    frees a block twice             pool-wrong-tag      frees with another tag
//!   pool-interior       frees the middle of a block     pool-foreign        frees a variable
//!   pool-overflow       writes a byte behind a block    pool-overflow-far   writes a byte a page behind a block
//!   pool-underflow      writes a byte before a block    pool-after-free     writes to a free block
//!   pageable-touch      touches a pageable page for the first time, at Dispatch
//!   pageable-allocate   asks the paged pool at Dispatch
//!   stale-translation   has a processor answer requests to forget translations, and forget none
//!
//!   lock-twice          waits for a lock that it holds  lock-freed          ends a lock that it holds
//!   wait-raised         sleeps at Dispatch              level-out-of-order  gives the older of two levels back first
//!   unmap-masked        unmaps with interrupts off      unmap-raised        unmaps above Dispatch
//!
//! and where assertions are checked:
//!
//!   lock-inversion      takes two locks in both orders  lock-above          waits for a lock above its level
//!   lock-not-held       releases a lock twice           lock-freed-in-pool  frees a block with a lock that it holds
//!   memory-above        takes a frame above Dispatch
//! ```
#![allow(unsafe_code, reason = "crimes")]

mod elsewhere;
mod locks;
mod pools;

use core::hint::black_box;

use xtboot::parameters::Parameters;
use xtcore::{PAGE_BYTES, VirtAddr};
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

const fn crime(name: &'static str, commit: fn(&'static Memory) -> Aftermath) -> Crime {
    Crime { name, level: RunLevel::Passive, commit }
}

/// All crimes.
static CRIMES: [Crime; 31] = [
    crime("stack-recursion", stack_recursion),
    crime("stack-jump", stack_jump),
    crime("stack-frame", stack_frame),
    crime("stack-probe", stack_probe),
    crime("null-read", null_read),
    crime("write-text", write_text),
    crime("execute-data", execute_data),
    Crime { level: RunLevel::Dispatch, ..crime("fault-at-dispatch", read_absent) },
    crime("thread-recursion", thread_recursion),
    crime("pool-double-free", pools::double_free),
    crime("pool-wrong-tag", pools::wrong_tag),
    crime("pool-interior", pools::interior),
    crime("pool-foreign", pools::foreign),
    crime("pool-overflow", pools::overflow),
    crime("pool-overflow-far", pools::overflow_far),
    crime("pool-underflow", pools::underflow),
    crime("pool-after-free", pools::write_after_free),
    crime("pageable-touch", pools::touch_pageable),
    Crime { level: RunLevel::Dispatch, ..crime("pageable-allocate", pools::allocate_pageable) },
    crime("lock-twice", locks::twice),
    crime("lock-freed", locks::freed),
    crime("lock-freed-in-pool", locks::freed_in_pool),
    crime("lock-not-held", locks::not_held),
    crime("lock-inversion", locks::inversion),
    Crime { level: RunLevel::Device, ..crime("lock-above", locks::above_its_level) },
    Crime { level: RunLevel::Device, ..crime("memory-above", locks::memory_above) },
    Crime { level: RunLevel::Dispatch, ..crime("wait-raised", locks::wait) },
    crime("level-out-of-order", locks::out_of_order),
    crime("unmap-masked", locks::unmap_masked),
    crime("unmap-raised", locks::unmap_raised),
    crime("stale-translation", elsewhere::remember),
];

/// Commits the crime that the parameters ask for. Returns when they ask for none, or for one that does not exist here;
/// the boot that was to show a bug check then shows none.
#[inline(never)]
pub(crate) fn commit(parameters: &Parameters<'_>, memory: &'static Memory) {
    let Some(wish) = parameters.value("CRIME") else { return };
    let mut words = wish.split('@');
    let name = words.next().unwrap_or_default();
    let mut word = words.next();
    let place = word.and_then(|word| word.strip_prefix("cpu"));
    if place.is_some() {
        word = words.next();
    }
    let crime = CRIMES.iter().find(|crime| crime.name == name);
    let level = match word {
        Some(level) => RunLevel::ALL.into_iter().find(|known| known.name() == level),
        None => crime.map(|crime| crime.level),
    };
    let (Some(crime), Some(level)) = (crime, level) else {
        log!("xtoskrnl: there is no crime '{wish}'");
        return;
    };
    if let Some(number) = place {
        return elsewhere::commit(crime, number, level, memory);
    }
    log!("xtoskrnl: now the crime {name} at run level {level}");
    match crime.commit_at(level, memory) {
        Aftermath::Unpunished => {
            log!("xtoskrnl: the crime {name} went unpunished");
            ending::end(Verdict::Fail)
        }
        Aftermath::Impossible(why) => log!("xtoskrnl: the crime {name} cannot be committed: {why}"),
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
