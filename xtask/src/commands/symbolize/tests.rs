//! What is read from a log, and that a log of an unknown build stays as it is.

use super::lines::{Address, Image, addresses};
use super::{Resolver, relative};

const PLACE: &str =
    "*** image at 0xfffff8000a5f0000, slide 0xa5f0000, build a08be342, KASLRSEED=0x7660b9381117bf67";

#[test]
fn a_log_says_where_its_image_lies_and_which_it_is() {
    let image = Image { base: 0xFFFF_F800_0A5F_0000, mark: 0xA08B_E342 };
    assert_eq!(Image::told_by(PLACE), Some(image));
    assert_eq!(
        Image::told_by("xtoskrnl: image at 0x80800000, slide 0x0, build 00000001"),
        Some(Image { base: 0x8080_0000, mark: 1 })
    );
    assert_eq!(Image::told_by("image at 0x80800000, slide 0x0"), None);
    assert_eq!(Image::told_by("image at nowhere, slide 0x0, build 1"), None);
}

#[test]
fn addresses_are_exact_or_where_a_call_comes_back_to() {
    assert_eq!(addresses("    at 0x1000 ex::null_read+0x1a"), [Address::Exact(0x1000)]);
    assert_eq!(addresses("    in 0x1000 ex::commit+0x487, 3 times"), [Address::Return(0x1000)]);
    let other = "    CPU 1: passive, thread idle 1, sp 0x20, at 0x30 ke::join+0x4b, in 0x40 ar::arrive+0xe6";
    assert_eq!(addresses(other), [Address::Exact(0x20), Address::Exact(0x30), Address::Return(0x40)]);
    assert_eq!(
        addresses("read of 0x10, by the instruction at 0x20: no page"),
        [Address::Exact(0x10), Address::Exact(0x20)]
    );
    assert_eq!(addresses("0x, 0xzz, no address"), []);
}

#[test]
fn what_a_call_comes_back_to_belongs_to_the_call() {
    assert_eq!(Address::Return(0x1000).inside(), 0xFFF);
    assert_eq!(Address::Exact(0x1000).inside(), 0x1000);
}

#[test]
fn a_log_of_an_unknown_build_stays_as_it_is_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut resolver = Resolver::new(folder.path().to_owned());
    assert!(resolver.complaint().unwrap().contains("does not say where an image lies"));
    for line in [PLACE, "    at 0xfffff8000a5f1000 a::b+0x1", ""] {
        assert_eq!(resolver.resolve(line), line);
    }
    assert!(resolver.complaint().unwrap().contains("a08be342"));
}

#[test]
fn files_are_told_as_in_the_checkout() {
    assert_eq!(relative("/xtos/kernel/xtoskrnl/src/start.rs"), "kernel/xtoskrnl/src/start.rs");
    assert_eq!(relative("/xtos/kernel\\xtoskrnl\\src\\start.rs"), "kernel/xtoskrnl/src/start.rs");
    let library = "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops.rs";
    assert_eq!(relative(library), "library/core/src/ops.rs");
    assert_eq!(relative("/rust/library/core/src/ops.rs"), "/rust/library/core/src/ops.rs");
}
