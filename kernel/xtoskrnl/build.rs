//! Linker arguments of the kernel image (design D11): a PE image with 4 KiB sections and its relocations kept,
//! linked at an address that is legal in every paging mode of its architecture.
//!
//! Silent on the host, where the package is an empty program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("uefi") {
        return;
    }
    let base = match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "FFFFF80000000000",
        _ => "80800000",
    };
    // The image tells by how much it was moved.
    println!("cargo::rustc-env=XTOS_LINK_BASE={base}");
    let arguments = [
        "/entry:kernel_entry",
        // The firmware's LoadImage, which judges the file under Secure Boot, knows no other kind for sure.
        "/subsystem:efi_application",
        &format!("/base:0x{base}"),
        "/align:4096",
        "/filealign:4096",
        "/dynamicbase",
        "/largeaddressaware",
        "/merge:.eh_frame=.rdata",
        "/pdbaltpath:xtoskrnl.pdb",
        "/Brepro",
        "/release",
    ];
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
