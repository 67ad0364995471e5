//! Numbers that nobody can foresee, from the processor.
#![allow(unsafe_code, reason = "the generators are instructions")]

use core::arch::asm;

use super::control;

/// Returns a number from the processor's own generator of chance, or `None` when it has none, or has none to give at this
/// time. RDSEED where there is one, else RDRAND (SDM volume 1, "Random Number Generator Instructions").
pub(crate) fn chance() -> Option<u64> {
    const RDRAND: u32 = 1 << 30;
    const RDSEED: u32 = 1 << 18;
    /// As often as the manual asks to try again.
    const TRIES: u32 = 10;

    let [highest, ..] = control::cpuid(0, 0);
    let seeds = highest >= 7 && control::cpuid(7, 0)[1] & RDSEED != 0;
    let draws = control::cpuid(1, 0)[2] & RDRAND != 0;
    let word = || {
        let (mut word, mut done) = (0_usize, 0_u8);
        for _ in 0..TRIES {
            if seeds {
                // SAFETY: CPUID reports the instruction, which changes its operand and the flags.
                unsafe {
                    asm!("rdseed {}", "setc {}", out(reg) word, out(reg_byte) done, options(nomem, nostack))
                };
            }
            if done == 0 && draws {
                // SAFETY: CPUID reports the instruction, which changes its operand and the flags.
                unsafe {
                    asm!("rdrand {}", "setc {}", out(reg) word, out(reg_byte) done, options(nomem, nostack))
                };
            }
            if done != 0 {
                return Some(word as u64);
            }
        }
        None
    };
    // Two words, because on i686 one is half of the number.
    Some(word()?.rotate_left(u32::BITS) ^ word()?)
}
