//! The end that should not exist: prints and stops.

use core::panic::PanicInfo;

use xtldr::arch;
use xtldr::report::Refused;

use super::console::Console;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let console = Console::find_after_panic();
    console.line(format_args!("XTLDR stopped by a fault of its own: {info}"));
    console.machine_line(format_args!("{}", Refused(&format_args!("internal fault: {info}"))));
    arch::halt()
}
