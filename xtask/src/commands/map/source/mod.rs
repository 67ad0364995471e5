//! Where a picture's figures come from: a kernel's answers in a log, a boot made for the purpose, or a firmware's map
//! in a file.

pub(super) mod csv;
pub(super) mod live;
pub(super) mod log;

#[cfg(test)]
mod tests;
