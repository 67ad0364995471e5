//! The macro that makes a program a module.

/// Makes the program a boot module: its entry point, its [section](crate::info), and what happens when it panics.
///
/// Name, version, author, license and description are those of the package and its binary, so they are said once, in
/// `Cargo.toml`. `depends` names the modules that must be started first; `start` is a function
/// `fn(Loader) -> uefi::Result`, which the loader calls once. An error is shown, takes back what was provided, and unloads
/// the module.
///
/// On a host the program only says what it is, so that the module's own tests can run there.
///
/// A panic ends the module: while it starts, the loader goes on without it; later, in something that it provided, the
/// machine stops with the message on the screen.
#[macro_export]
macro_rules! module {
    ($(depends: $depends:literal,)? start: $start:path $(,)?) => {
        #[cfg(not(target_os = "uefi"))]
        fn main() {
            let _: fn($crate::Loader) -> $crate::uefi::Result = $start;
            println!("A boot module of XTLDR: build it for x86_64-unknown-uefi or i686-unknown-uefi.");
        }

        #[cfg(target_os = "uefi")]
        const _: () = {
            const TEXT: &str = concat!(
                "name=", env!("CARGO_BIN_NAME"),
                "\0version=", env!("CARGO_PKG_VERSION"),
                "\0author=", env!("CARGO_PKG_AUTHORS"),
                "\0license=", env!("CARGO_PKG_LICENSE"),
                "\0description=", env!("CARGO_PKG_DESCRIPTION"),
                $("\0depends=", $depends,)?
                "\0",
            );

            #[used]
            #[unsafe(link_section = ".modinfo")]
            static SECTION: [u8; TEXT.len()] = $crate::info::section(TEXT);

            #[unsafe(export_name = "efi_main")]
            extern "efiapi" fn efi_main(
                image: $crate::uefi::Handle,
                table: *const ::core::ffi::c_void,
            ) -> $crate::uefi::Status {
                // SAFETY: this is the entry point, so these are the firmware's image handle and system table.
                unsafe { $crate::author::enter(image, table, $start) }
            }

            #[panic_handler]
            fn panicked(info: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::author::panicked(info)
            }
        };
    };
}
