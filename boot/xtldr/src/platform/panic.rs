//! The end that should not exist: prints and stops.

use core::panic::PanicInfo;

use xtldr::arch;
use xtldr::report::JsonText;

use super::console::Console;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let console = Console::find_after_panic();
    console.line(format_args!("XTLDR stopped by a fault of its own: {info}"));
    console.machine_line(format_args!(
        "XTOS-REFUSED {{\"by\":\"xtldr\",\"what\":\"internal fault: {}\"}}",
        JsonText(info)
    ));
    arch::halt()
}
