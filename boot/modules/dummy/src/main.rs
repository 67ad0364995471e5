//! The boot module to copy: says hello, and provides a command.
//!
//! Its name, version, author, license and description are those of its package. `docs/modules.md` goes through it line by
//! line.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

use xtmodule::{Command, Loader, uefi};

xtmodule::module! { start: start }

/// Called once, when the loader has loaded the module. An error would unload it again.
fn start(loader: Loader) -> uefi::Result {
    let mut room = [0; 64];
    // `Dummy.Greeting=…` in the section [XTLDR] of the configuration, or on the loader's command line.
    let greeting = loader.setting("Dummy.Greeting", &mut room)?.unwrap_or("Hello");
    loader.print(format_args!("dummy: {greeting} from a boot module."));
    loader.provide_command::<Echo>("echo", "TEXT: prints the text")
}

/// The command `echo`.
struct Echo;

impl Command for Echo {
    fn run(loader: Loader, arguments: &str) -> uefi::Result {
        loader.print(format_args!("{arguments}"));
        Ok(())
    }
}
