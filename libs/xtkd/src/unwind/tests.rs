//! Programs made of bytes: functions with the prologues that the compiler writes, and stacks with what they leave there.

extern crate std;

use std::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;
use xtcore::VirtAddr;

use super::prologue::{self, Progress};
use super::{Convention, End, Frame, Kind, MOST_FRAMES, Program, Registers, Saved, Trap, Walk};

/// A program: code from [`CODE`], functions by their starts, words of stacks.
struct Machine<const WIDE: bool> {
    code: Vec<u8>,
    starts: Vec<u64>,
    words: BTreeMap<u64, u64>,
    trap: Option<(u64, Trap)>,
}

const CODE: u64 = 0x8080_1000;

impl<const WIDE: bool> Program for Machine<WIDE> {
    const CONVENTION: Convention = if WIDE { Convention::Windows64 } else { Convention::Chained };

    fn word(&self, address: VirtAddr) -> Option<u64> {
        self.words.get(&address.get()).copied()
    }

    fn code(&self, address: VirtAddr) -> Option<u8> {
        let offset = usize::try_from(address.get().checked_sub(CODE)?).ok()?;
        self.code.get(offset).copied()
    }

    fn function(&self, address: VirtAddr) -> Option<VirtAddr> {
        let before = self.starts.iter().filter(|start| **start <= address.get());
        before.max().map(|start| VirtAddr::new(*start))
    }

    fn trap(&self, address: VirtAddr) -> Option<Trap> {
        self.trap.filter(|(at, _)| *at == address.get()).map(|(_, trap)| trap)
    }
}

impl<const WIDE: bool> Machine<WIDE> {
    fn new(functions: &[&[u8]]) -> Self {
        let (mut code, mut starts) = (Vec::new(), Vec::new());
        for function in functions {
            starts.push(CODE + code.len() as u64);
            code.extend_from_slice(function);
            code.resize(code.len().next_multiple_of(16), 0xCC);
        }
        Self { code, starts, words: BTreeMap::new(), trap: None }
    }

    fn walk(&self, registers: [u64; 3]) -> (Vec<Frame>, End) {
        let [instruction, stack, frame] = registers.map(VirtAddr::new);
        let mut walk = Walk::new(self, Registers { instruction, stack, frame });
        let frames = walk.by_ref().collect();
        (frames, walk.end().unwrap())
    }
}

fn exact(address: u64) -> Frame {
    Frame { address: VirtAddr::new(address), kind: Kind::Exact }
}

fn comes_back(address: u64) -> Frame {
    Frame { address: VirtAddr::new(address), kind: Kind::Return }
}

/// push rbp; push r15; push rdi; sub rsp, 0x98; lea rbp, [rsp + 0x80]; call …
const LARGE: &[u8] = &[
    0x55, 0x41, 0x57, 0x57, 0x48, 0x81, 0xEC, 0x98, 0, 0, 0, 0x48, 0x8D, 0xAC, 0x24, 0x80, 0, 0, 0, 0xE8, 0,
    0, 0, 0, 0x90,
];
/// push rbp; mov rbp, rsp; call …
const SMALL: &[u8] = &[0x55, 0x48, 0x89, 0xE5, 0xE8, 0, 0, 0, 0, 0x90];
/// push rbp; mov eax, 0x2000; call the probe; sub rsp, rax; lea rbp, [rsp + 0x40]; nop
const HUGE: &[u8] =
    &[0x55, 0xB8, 0, 0x20, 0, 0, 0xE8, 0, 0, 0, 0, 0x48, 0x29, 0xC4, 0x48, 0x8D, 0x6C, 0x24, 0x40, 0x90];
/// The probe: push rcx; push rax; cmp rax, …
const PROBE: &[u8] = &[0x51, 0x50, 0x48, 0x3D, 0, 0x10, 0, 0, 0x90];
/// push ebp; mov ebp, esp; push esi; call …
const CHAINED: &[u8] = &[0x55, 0x89, 0xE5, 0x56, 0xE8, 0, 0, 0, 0, 0x90];

fn read_wide(code: &[u8], done: u64) -> Progress {
    prologue::read(Convention::Windows64, done, |at| code.get(at as usize).copied())
}

#[test]
fn the_distance_to_the_callers_frame_pointer_stands_in_the_prologue() {
    assert_eq!(read_wide(SMALL, 9), Progress::Framed { distance: 0 });
    // Two pushes and 0x98 bytes lie below the first push, the frame pointer 0x80 bytes above their end.
    assert_eq!(read_wide(LARGE, 24), Progress::Framed { distance: 0x98 + 16 - 0x80 });
    assert_eq!(read_wide(HUGE, 19), Progress::Framed { distance: 0x2000 - 0x40 });
}

#[test]
fn a_prologue_that_is_interrupted_is_read_up_to_there() {
    assert_eq!(read_wide(LARGE, 0), Progress::Begun { pushed: 0, frame: None });
    assert_eq!(read_wide(LARGE, 1), Progress::Begun { pushed: 8, frame: Some(0) });
    assert_eq!(read_wide(LARGE, 3), Progress::Begun { pushed: 16, frame: Some(8) });
    assert_eq!(read_wide(LARGE, 11), Progress::Begun { pushed: 24 + 0x98, frame: Some(16 + 0x98) });
    assert_eq!(read_wide(HUGE, 11), Progress::Begun { pushed: 8, frame: Some(0) });
    assert_eq!(read_wide(PROBE, 8), Progress::Begun { pushed: 16, frame: None });
}

/// Puts frames of `LARGE`, called by `SMALL`, called from outside, on a stack; returns the registers in `LARGE`.
fn two_frames(machine: &mut Machine<true>) -> [u64; 3] {
    let (large, small) = (machine.starts[0], machine.starts[1]);
    let top = 0x7_0000_u64;
    // SMALL's: the way back to nowhere, and no frame above.
    machine.words.extend([(top - 8, 0), (top - 16, 0)]);
    // LARGE's: the way back into SMALL, SMALL's frame pointer.
    machine.words.extend([(top - 24, small + 9), (top - 32, top - 16)]);
    let stack = top - 32 - 16 - 0x98;
    [large + 24, stack, stack + 0x80]
}

#[test]
fn frames_are_followed_to_the_outermost_function() {
    let mut machine = Machine::<true>::new(&[LARGE, SMALL]);
    let registers = two_frames(&mut machine);
    let (frames, end) = machine.walk(registers);
    assert_eq!(frames, [exact(registers[0]), comes_back(machine.starts[1] + 9)]);
    assert_eq!(end, End::Outermost);
}

#[test]
fn code_that_is_interrupted_before_its_frame_stands_has_a_caller_all_the_same() {
    let mut machine = Machine::<true>::new(&[LARGE, SMALL]);
    let [_, _, _] = two_frames(&mut machine);
    let (large, small) = (machine.starts[0], machine.starts[1]);
    for (done, below) in [(0, 0), (1, 8), (3, 16), (4, 24)] {
        let (frames, end) = machine.walk([large + done, 0x7_0000 - 24 - below, 0x7_0000 - 16]);
        assert_eq!(frames, [exact(large + done), comes_back(small + 9)], "{done} bytes of the prologue");
        assert_eq!(end, End::Outermost);
    }
}

#[test]
fn a_function_on_its_way_out_has_a_caller_all_the_same() {
    // …; pop rbp; ret
    let leaving: &[u8] = &[0x55, 0x48, 0x89, 0xE5, 0x90, 0x5D, 0xC3];
    let mut machine = Machine::<true>::new(&[leaving, SMALL]);
    let (start, small) = (machine.starts[0], machine.starts[1]);
    machine.words.extend([(0x7000, small + 9), (0x7010, 0), (0x7018, 0)]);
    let (frames, end) = machine.walk([start + 6, 0x7000, 0x7010]);
    assert_eq!(frames, [exact(start + 6), comes_back(small + 9)]);
    assert_eq!(end, End::Outermost);
}

#[test]
fn the_probe_of_a_huge_frame_leads_to_the_function_that_has_no_frame_yet() {
    let mut machine = Machine::<true>::new(&[PROBE, HUGE, SMALL]);
    let [probe, huge, small] = [machine.starts[0], machine.starts[1], machine.starts[2]];
    let top = 0x7_0000_u64;
    machine.words.extend([(top - 8, 0), (top - 16, 0)]);
    machine.words.extend([(top - 24, small + 9), (top - 32, top - 16), (top - 40, huge + 11)]);
    let (frames, end) = machine.walk([probe + 8, top - 56, top - 16]);
    assert_eq!(frames, [exact(probe + 8), comes_back(huge + 11), comes_back(small + 9)]);
    assert_eq!(end, End::Outermost);
}

#[test]
fn chained_frames_need_no_prologue() {
    let mut machine = Machine::<false>::new(&[CHAINED, CHAINED]);
    let [inner, outer] = [machine.starts[0], machine.starts[1]];
    machine.words.extend([(0x9000, 0x9010), (0x9004, outer + 9), (0x9010, 0), (0x9014, 0)]);
    let (frames, end) = machine.walk([inner + 9, 0x8FFC, 0x9000]);
    assert_eq!(frames, [exact(inner + 9), comes_back(outer + 9)]);
    assert_eq!(end, End::Outermost);
    machine.starts.clear();
    assert_eq!(machine.walk([inner + 9, 0x8FFC, 0x9000]).0, frames, "also without names");
}

#[test]
fn a_frame_that_the_compiler_builds_late_is_found_by_the_chain() {
    // test ecx, ecx; push ebp; mov ebp, esp; call …
    let late: &[u8] = &[0x85, 0xC9, 0x55, 0x89, 0xE5, 0xE8, 0, 0, 0, 0, 0x90];
    let mut machine = Machine::<false>::new(&[late, CHAINED]);
    let [inner, outer] = [machine.starts[0], machine.starts[1]];
    machine.words.extend([(0x9000, 0x9010), (0x9004, outer + 9), (0x9010, 0), (0x9014, 0)]);
    assert_eq!(machine.walk([inner + 10, 0x9000, 0x9000]).0, [exact(inner + 10), comes_back(outer + 9)]);
}

#[test]
fn a_trap_leads_to_what_it_interrupted_and_that_is_exact() {
    let mut machine = Machine::<true>::new(&[SMALL, LARGE, SMALL]);
    let [handler, entry, interrupted] = [machine.starts[0], machine.starts[1] + 24, machine.starts[2]];
    machine.trap = Some((entry, Trap { instruction: 16, frame: 8, stack: Saved::At(24) }));
    // The handler's frame lies on a stack of its own, above which the registers are saved; the interrupted code stands before
    // its first instruction, whose way back is nowhere.
    machine.words.extend([(0xF000, 0xF100), (0xF008, entry)]);
    machine.words.extend([(0xF108, 0), (0xF110, interrupted), (0xF118, 0x2000), (0x2000, 0)]);
    let (frames, end) = machine.walk([handler + 9, 0xF000, 0xF000]);
    assert_eq!(frames, [exact(handler + 9), comes_back(entry), exact(interrupted)]);
    assert_eq!(end, End::Outermost);
}

#[test]
fn a_call_to_something_that_is_no_code_leads_back_to_the_call() {
    let mut machine = Machine::<true>::new(&[SMALL]);
    let small = machine.starts[0];
    machine.words.extend([(0x7000, small + 9), (0x7008, 0), (0x7010, 0)]);
    let (frames, end) = machine.walk([0x7100, 0x7000, 0x7008]);
    assert_eq!(frames, [exact(0x7100), comes_back(small + 9)]);
    assert_eq!(end, End::Outermost);
}

#[test]
fn what_is_not_known_to_be_there_is_not_read() {
    let mut machine = Machine::<true>::new(&[LARGE, SMALL]);
    let registers = two_frames(&mut machine);
    machine.words.remove(&(0x7_0000 - 32));
    let (frames, end) = machine.walk(registers);
    assert_eq!(frames.len(), 1);
    assert_eq!(end, End::Lost(VirtAddr::new(0x7_0000 - 32)));
    let (frames, end) = machine.walk([registers[0], registers[1], 0x33]);
    assert_eq!(
        (frames.len(), matches!(end, End::Lost(_))),
        (1, true),
        "a frame pointer that is no multiple of a word"
    );
}

#[test]
fn a_way_back_that_is_no_code_ends_the_walk() {
    let mut machine = Machine::<true>::new(&[LARGE, SMALL]);
    let registers = two_frames(&mut machine);
    machine.words.insert(0x7_0000 - 24, 0x1234);
    assert_eq!(machine.walk(registers).1, End::NoCode(VirtAddr::new(0x1234)));
}

#[test]
fn circles_end() {
    let mut machine = Machine::<false>::new(&[CHAINED]);
    let start = machine.starts[0];
    machine.words.extend([(0x9000, 0x9100), (0x9004, start + 9), (0x9100, 0x9000), (0x9104, start + 9)]);
    let (frames, end) = machine.walk([start + 9, 0x8FFC, 0x9000]);
    assert_eq!(end, End::Circles);
    assert!(frames.len() < 64);
}

proptest! {
    /// Whatever lies on the stacks, a walk ends and reads only what it was given.
    #[test]
    fn no_stack_leads_astray(
        words in prop::collection::vec((0_u64..64, prop_oneof![0_u64..64, Just(200), 0_u64..256]), 0..80),
        start in (0_u64..40, 0_u64..64, 0_u64..64),
    ) {
        fn check<const WIDE: bool>(words: &[(u64, u64)], (at, stack, frame): (u64, u64, u64)) {
            let functions: &[&[u8]] = if WIDE { &[SMALL, LARGE, HUGE, PROBE] } else { &[CHAINED, CHAINED] };
            let mut machine = Machine::<WIDE>::new(functions);
            let word = Machine::<WIDE>::CONVENTION.word_bytes();
            // Small values are places on the stack, others places in the code.
            let value = |value: u64| if value < 64 { 0x9000 + value * word } else { CODE + (value - 64) % 80 };
            machine.words.extend(words.iter().map(|&(place, to)| (0x9000 + place * word, value(to))));
            machine.trap = Some((CODE + 9, Trap { instruction: word, frame: 0, stack: Saved::Here(2 * word) }));
            let (frames, _) = machine.walk([CODE + at % machine.code.len() as u64, 0x9000 + stack * word, 0x9000 + frame * word]);
            assert!((1..=MOST_FRAMES).contains(&frames.len()));
            let end = CODE + machine.code.len() as u64;
            assert!(frames.iter().all(|frame| (CODE..=end).contains(&frame.address.get())));
        }
        check::<true>(&words, start);
        check::<false>(&words, start);
    }

    #[test]
    fn no_code_leads_the_reading_of_a_prologue_astray(
        code in prop::collection::vec(prop_oneof![
            any::<u8>(),
            prop::sample::select(&[0x55_u8, 0x41, 0x57, 0x48, 0x81, 0xEC, 0x8D, 0x6C, 0x24, 0x89, 0xE5, 0xB8, 0xE8][..]),
        ], 0..96),
        done in 0_u64..200,
    ) {
        for convention in [Convention::Chained, Convention::Windows64] {
            let progress = prologue::read(convention, done, |at| code.get(at as usize).copied());
            if let Progress::Begun { pushed, frame: Some(frame) } = progress {
                prop_assert!(frame < pushed);
            }
        }
    }
}
