//! What the tests of the loader share: a firmware that can be made to misbehave, a kernel image made to measure, and
//! the judgement of a finished boot.
#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod console;
pub(crate) mod firmware;
pub(crate) mod hostile;
pub(crate) mod judge;
pub(crate) mod modes;
pub(crate) mod module;
pub(crate) mod pe;
pub(crate) mod ram;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod trust;
pub(crate) mod volumes;

/// A configuration with these parameters.
pub(crate) fn configuration(parameters: &str) -> Vec<u8> {
    format!(
        "[XTLDR]\r\nDefault=XTOS\r\nTimeout=0\r\n[XTOS]\r\nSystemType=XTOS\r\nSystemPath=\\XTOS\r\nKernelFile=K.EXE\r\n\
         Parameters={parameters}\r\n"
    )
    .into_bytes()
}
