//! One message for what is not there: what was looked for, and what there is instead.

use core::fmt;

use super::{FileFailure, Files, Place};

/// Says that none of some places has the file, and names the volumes where that may be the reason.
pub struct NotThere<'a> {
    /// Who knows the volumes.
    pub files: &'a dyn Files,
    /// Where the file was looked for, on one volume.
    pub places: &'a [Place<'a>],
    /// What came of it.
    pub failure: FileFailure,
}

impl fmt::Display for NotThere<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, place) in self.places.iter().enumerate() {
            write!(out, "{}{place}", if number == 0 { "" } else { " or " })?;
        }
        write!(out, ": {}", self.failure)?;
        if matches!(self.failure, FileFailure::NoVolume | FileFailure::Missing) {
            out.write_str("; the volumes are")?;
            let (mut result, mut separator) = (Ok(()), " ");
            self.files.volumes(&mut |volume| {
                result = result.and_then(|()| write!(out, "{separator}{volume}"));
                separator = ", ";
            });
            result?;
            if separator == " " {
                out.write_str(" none")?;
            }
        }
        Ok(())
    }
}
