//! Linker arguments of the boot modules: they are EFI boot service drivers, which stay in memory when their entry point
//! has returned. An application would not.
//!
//! Silent on the host, where a module is a program that says what it is.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("uefi") {
        println!("cargo::rustc-link-arg-bins=/subsystem:efi_boot_service_driver");
    }
}
