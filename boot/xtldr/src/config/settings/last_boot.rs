//! What was booted last, in a variable of the firmware's.

use crate::firmware::Status;
use crate::volume::{Variable, Variables};

/// The longest name that is remembered; a longer one is not.
pub const MAX_REMEMBERED_BYTES: usize = 256;

/// Returns the name of the section that was booted last, as far as anybody knows.
#[must_use]
pub fn last_boot<'a>(variables: &dyn Variables, into: &'a mut [u8; MAX_REMEMBERED_BYTES]) -> Option<&'a str> {
    let length = variables.get(Variable::LastBoot, into)?;
    str::from_utf8(into.get(..length)?).ok().filter(|name| !name.is_empty())
}

/// Remembers a section's name. Writes only what differs, because the memory behind variables wears out.
///
/// # Errors
/// The firmware's status, or that the name is too long. Nothing is lost by it but the convenience.
pub fn remember(variables: &dyn Variables, name: &str) -> Result<(), Status> {
    if name.len() > MAX_REMEMBERED_BYTES {
        return Err(Status::INVALID_PARAMETER);
    }
    let mut known = [0; MAX_REMEMBERED_BYTES];
    if last_boot(variables, &mut known) == Some(name) {
        return Ok(());
    }
    variables.set(Variable::LastBoot, name.as_bytes())
}
