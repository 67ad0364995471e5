//! Names as readers want them, and tables that the kernel's own reader reads.

use xtkd::symbols::Table;

use super::names::{Decoration, shorten};
use super::{Function, one_for_each_address, table};

fn short(name: &str) -> String {
    shorten(name, Decoration::None)
}

fn function(start: u32, bytes: u32, name: &str) -> Function {
    Function { start, bytes, name: name.to_owned() }
}

#[test]
fn a_name_is_its_path() {
    assert_eq!(short("xtoskrnl::ke::bugcheck::impl$2::now"), "ke::bugcheck::now");
    assert_eq!(short("xtoskrnl::ex::bench::run::closure$2"), "ex::bench::run::closure#2");
    assert_eq!(short("xtmm::pool::PagePool<xtoskrnl::mm::Machine>::free<u8>"), "xtmm::pool::PagePool::free");
    assert_eq!(short("kernel_entry"), "kernel_entry");
}

#[test]
fn a_function_of_the_core_library_tells_what_it_was_called_for() {
    let name = "core::iter::filter::impl$3::next<core::slice::Iter<xtoskrnl::start::Prepared>,xtoskrnl::start::go::closure_env$3>";
    assert_eq!(short(name), "core::iter::filter::next<start::go::closure#3>");
    assert_eq!(
        short("core::ptr::drop_in_place<alloc::boxed::Box<xtke::sched::Thread,u8> >"),
        "core::ptr::drop_in_place<xtke::sched::Thread>"
    );
    assert_eq!(short("core::fmt::Formatter::pad"), "core::fmt::Formatter::pad");
}

#[test]
fn what_compilers_add_is_taken_away() {
    assert_eq!(short("_ZN8xtoskrnl2ar5stack7context5begin17h7a17fb668b32cb01E"), "ar::stack::context::begin");
    assert_eq!(short(".weak.memset.default._RNvCsfgHYwM92fyn_7___rustc17___rust_probestack"), "memset");
    assert_eq!(shorten("_memcpy", Decoration::Underscore), "memcpy");
    let mangled = "__ZN8xtoskrnl2ar5stack7context5begin17h7a17fb668b32cb01E";
    assert_eq!(shorten(mangled, Decoration::Underscore), "ar::stack::context::begin");
}

#[test]
fn code_that_several_functions_share_has_our_name() {
    let all = one_for_each_address(vec![
        function(16, 40, "ex::crime::null_read"),
        function(16, 40, "core::ops::call_once"),
        function(40, 8, "memcpy"),
    ]);
    // It also ends where the next one begins.
    assert_eq!(all, [function(16, 24, "ex::crime::null_read"), function(40, 8, "memcpy")]);
}

#[test]
fn the_kernels_reader_reads_the_table() {
    let all: Vec<Function> = (0..300)
        .map(|number| {
            function(0x1000 + number * 48, 40, &format!("mm::pool::f{}<ex::g{number}>", number % 7))
        })
        .collect();
    let bytes = table::encode(&all).unwrap();
    let table = Table::new(&bytes).unwrap();
    let read = table.iter().map(|one| function(one.start, one.bytes, &one.name.to_string()));
    assert!(read.eq(all.iter().cloned()));
    let found = table.find(0x1000 + 299 * 48 + 39).map(|found| found.name.to_string());
    assert_eq!(found.as_deref(), Some("mm::pool::f5<ex::g299>"));
    assert_eq!(bytes, table::encode(&all).unwrap(), "the same functions give the same bytes");
}
