//! The ways on which nothing of the loader is left.

use uefi::Status;
use uefi::runtime::{self, ResetType};
use xtldr::arch;
use xtldr::boot::{Pause, Ready};
use xtldr::firmware;
use xtldr::session::Gone;

use super::power;

/// How long a message stays when nobody can press a key any more.
const READING_SECONDS: u32 = 10;

/// Leads away.
pub(super) struct Away;

impl Gone for Away {
    fn enter(&self, ready: &Ready) -> ! {
        // SAFETY: there is a `Ready` only when boot services have been left, and it describes the boot that was prepared last.
        unsafe { arch::hand_over(ready) }
    }

    fn reset(&self, pause: Pause) -> ! {
        if pause == Pause::UntilRead {
            arch::wait_seconds(READING_SECONDS);
        }
        runtime::reset(ResetType::COLD, Status::ABORTED, None)
    }

    fn show_firmware_settings(&self) -> firmware::Status {
        power::reboot_to_firmware_settings()
    }
}
