//! The names of packages, per distribution and release.

use super::{Need, apt};
use crate::toolchain::version::{MINIMUM, older};

/// The emulator and both firmwares, by the same names in every release.
const EMULATOR: [&str; 3] = ["qemu-system-x86", "ovmf", "ovmf-ia32"];

/// The linker that the security archive's toolchain was built with, where the package lists do not tell.
const KNOWN_LLD: &str = "lld-22";

/// For systems whose own packages hold no firmware where it is looked for.
const FIRMWARE: &str = "The firmware is looked for where Debian's packages ovmf and ovmf-ia32 put it: OVMF_CODE_4M.fd, \
                        OVMF_VARS_4M.fd, OVMF32_CODE_4M.secboot.fd and OVMF32_VARS_4M.fd in /usr/share/OVMF.";

/// The packages that satisfy `needs` on this Debian release.
pub(crate) fn for_debian(needs: &[Need]) -> Vec<String> {
    let mut packages = Vec::new();
    if needs.contains(&Need::Emulator) {
        packages.extend(EMULATOR.map(str::to_owned));
    }
    if needs.contains(&Need::DebianToolchain) {
        packages.extend(toolchain());
    }
    packages
}

/// An older release carries a current toolchain beside its own, kept up for web browsers.
fn toolchain() -> Vec<String> {
    let current_beside = apt::candidate("rustc-web").is_some_and(|version| !older(&version, MINIMUM));
    if current_beside || apt::distribution().release == "12" {
        let linker = apt::dependencies("rust-web-llvm")
            .iter()
            .find_map(|name| name.strip_prefix("llvm-").map(|version| format!("lld-{version}")));
        let linker = linker.unwrap_or_else(|| KNOWN_LLD.to_owned());
        let names = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];
        return names.iter().map(|&name| name.to_owned()).chain(std::iter::once(linker)).collect();
    }
    ["rustc", "cargo", "rust-src", "lld"].map(str::to_owned).to_vec()
}

/// The one line that would install `needs` here, or what to look for where the names are not known.
pub(crate) fn install_line(needs: &[Need]) -> String {
    let distribution = apt::distribution();
    if distribution.id == "debian" {
        return format!("install it by:\n  {}", apt::typed_line(&for_debian(needs)));
    }
    if !needs.contains(&Need::Emulator) {
        return "Debian's toolchain exists on Debian only; use rustup's targets:\n  \
                rustup target add x86_64-unknown-uefi i686-unknown-uefi"
            .to_owned();
    }
    match distribution.id.as_str() {
        "ubuntu" => format!("install it by:\n  {}", apt::typed_line(&EMULATOR.map(str::to_owned))),
        "fedora" => "install it by:\n  sudo dnf install qemu-system-x86 edk2-ovmf edk2-ovmf-ia32".to_owned(),
        "arch" => "install it by:\n  sudo pacman -S qemu-system-x86 edk2-ovmf".to_owned(),
        "macos" => format!("install QEMU by:\n  brew install qemu\n{FIRMWARE}"),
        _ => format!(
            "install QEMU for x86 and UEFI firmware of both widths by your system's means.\n{FIRMWARE}"
        ),
    }
}
