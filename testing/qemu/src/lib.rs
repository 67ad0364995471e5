//! Boots XTOS images under real firmware in an emulator, looks at the guest from outside, and holds the matrix of
//! scenarios that every change has to pass.
//!
//! * [`guest`]: what to boot, as data: machine, memory, processor, the files on the disk, broken on purpose or not.
//! * [`boot`]: one boot from start to verdict. A pass needs the kernel's own word, the right way of ending, and an
//!   inspection without findings.
//! * [`monitor`], [`inspect`]: the guest seen from outside. Its page tables are walked from CR3 by an independent
//!   walker and compared with the kernel's and the emulator's view.
//! * [`dialogue`]: a boot that somebody talks with, by keys and what the screen shows.
//! * [`screen`]: what a picture of the guest's screen shows.
//! * [`report`]: the JSON object that `docs/report.md` describes.
//! * [`matrix`]: the scenarios, what each is expected to do, and how they are run.
//!
//! Nothing here trusts the guest: its output is parsed leniently and judged strictly, and whatever it does wrong is
//! a verdict, never a panic. The emulator is a child process that never outlives the call that started it.

pub mod dialogue;
pub mod guest;
pub mod inspect;
mod locks;
pub mod matrix;
pub mod monitor;
pub mod report;
pub mod screen;
mod session;

pub use guest::Guest;
pub use session::{BootError, Outcome, Refusal, Verdict, boot};
