//! The PFN database over reserved memory, beside real page tables on a simulated machine.

#![allow(unsafe_code, reason = "entries lie in reserved memory")]

// The simulated machines have more address space than the interpreter can give.
#[cfg(not(miri))]
mod audit;
#[cfg(not(miri))]
mod corruption;
mod life;
#[path = "../arena/reserved.rs"]
mod reserved;
#[cfg(not(miri))]
mod tables;
#[cfg(not(miri))]
mod world;

/// Runs each named function, which takes a mode, as one test per paging mode.
#[cfg(not(miri))]
macro_rules! in_every_mode {
    ($($name:ident),+ $(,)?) => {
        in_every_mode!(@mode pml2 Pml2 $($name)+);
        in_every_mode!(@mode pml3 Pml3 $($name)+);
        in_every_mode!(@mode pml4 Pml4 $($name)+);
        in_every_mode!(@mode pml5 Pml5 $($name)+);
    };
    (@mode $module:ident $mode:ident $($name:ident)+) => {
        mod $module {
            $(#[test]
            fn $name() {
                super::$name(xtcore::PagingMode::$mode);
            })+
        }
    };
}
#[cfg(not(miri))]
pub(crate) use in_every_mode;
