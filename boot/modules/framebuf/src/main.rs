//! Chooses the video mode that the kernel will find: the setting `Framebuf.Video` when the module starts, and any other by the
//! command `video`.
//!
//! ```text
//!   Framebuf.Video=1280x800     this mode
//!   Framebuf.Video=best         the monitor's own mode, else the largest that is shaped like a screen;
//!                               also without a setting
//!   Framebuf.Video=keep         the mode that is on
//! ```
//!
//! Only modes with a linear framebuffer count, because nothing else is of use to a kernel. Where the mode is not offered
//! or refuses to be set, the old one stays, with a message. A machine without an adapter is fine.
//!
//! The firmware's console goes on in a part of the new mode's screen; so this module belongs into an entry's
//! `BootModules`, where it is loaded just before the boot, rather than into the loader's own `Modules`.

#![cfg_attr(target_os = "uefi", no_std, no_main)]

mod adapter;
mod choice;
mod edid;

use adapter::Adapter;
use choice::{Choice, Size, Wish, choose};
use xtmodule::uefi::{self, Status};
use xtmodule::{Command, Loader};

xtmodule::module! { start: start }

fn start(loader: Loader) -> uefi::Result {
    loader.provide_command::<Video>("video", "[WxH|best|keep]: lists the video modes, or sets one")?;
    let mut room = [0; 32];
    let wish = match loader.setting("Framebuf.Video", &mut room) {
        Ok(None) => Ok(Wish::Best),
        Ok(Some(text)) => text.parse(),
        // What is longer than any wish is none.
        Err(_) => Err(choice::NoWish),
    };
    match wish {
        // Whether the mode could be set has been said; the machine is usable either way.
        Ok(wish) => {
            let _ = set(loader, wish);
        }
        Err(error) => {
            loader.print(format_args!("framebuf: setting Framebuf.Video: {error}; the mode stays as it is"))
        }
    }
    Ok(())
}

/// The command `video`.
struct Video;

impl Command for Video {
    fn run(loader: Loader, arguments: &str) -> uefi::Result {
        if arguments.trim().is_empty() {
            list(loader);
            return Ok(());
        }
        match arguments.trim().parse() {
            Ok(wish) => set(loader, wish),
            Err(error) => {
                loader.print(format_args!("framebuf: {error}"));
                Err(Status::INVALID_PARAMETER.into())
            }
        }
    }
}

/// Sets the mode that is wished for, and tells what became of it.
fn set(loader: Loader, wish: Wish) -> uefi::Result {
    let Some(mut adapter) = Adapter::find() else {
        loader.print(format_args!("framebuf: no display adapter with a framebuffer"));
        return Ok(());
    };
    let (old, native) = (adapter.current(), adapter.native());
    match choose(wish, adapter.modes(), old, native) {
        Choice::Keep => {
            loader.print(format_args!("framebuf: {old}, as the firmware has it"));
            Ok(())
        }
        Choice::NotOffered(size) => {
            loader.print(format_args!("framebuf: the adapter doesn't offer {size}; {old} stays"));
            Err(Status::NOT_FOUND.into())
        }
        Choice::Set(size) => match adapter.set(size) {
            Ok(()) => {
                loader.print(format_args!("framebuf: {size}, instead of {old}"));
                Ok(())
            }
            Err(error) => {
                let now = adapter.current();
                loader.print(format_args!("framebuf: {size} cannot be set ({}); now {now}", error.status()));
                Err(error)
            }
        },
    }
}

fn list(loader: Loader) {
    let Some(adapter) = Adapter::find() else {
        loader.print(format_args!("framebuf: no display adapter with a framebuffer"));
        return;
    };
    let (current, native) = (adapter.current(), adapter.native());
    for mode in adapter.modes() {
        let mark = |what: &'static str, size: Option<Size>| if size == Some(mode) { what } else { "" };
        let (on, own) = (mark(", now on", Some(current)), mark(", the monitor's own", native));
        loader.print(format_args!("  {mode}{on}{own}"));
    }
}
