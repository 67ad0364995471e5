//! The user's terminal at the other end of the guest's serial line: each key goes out as it is pressed, and each byte is shown as it
//! comes.

use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// The key that ends the guest: Control-C.
pub(in crate::session) const END: u8 = 0x03;

/// The beginning of lines that are not for people.
const FOR_MACHINES: &[u8] = b"XTOS-";

/// A terminal without lines, echo and signals: whatever is typed can be read at once. Dropping it makes the terminal what it was.
pub(in crate::session) struct Keys(Termios);

impl Keys {
    /// Takes the terminal that is this process's standard input.
    ///
    /// # Errors
    /// It is none.
    pub(in crate::session) fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin().as_fd())?;
        let mut now = before.clone();
        now.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        now.input_modes -= InputModes::ICRNL | InputModes::IXON;
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin().as_fd(), OptionalActions::Now, &now)?;
        Ok(Self(before))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(io::stdin().as_fd(), OptionalActions::Now, &self.0);
        // Nor does it need the guest's colours.
        let _ = write!(io::stdout(), "\x1b[0m\r\n");
    }
}

/// Shows bytes, but for the lines that are for programs.
#[derive(Debug, Default)]
pub(in crate::session) struct Show {
    at: At,
}

/// Where in a line the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// Behind so many bytes of the mark, which are held back until it is known what they are.
    Mark(usize),
    /// In a line that is shown.
    Shown,
    /// In one that is not.
    Hidden,
}

impl Default for At {
    fn default() -> Self {
        Self::Mark(0)
    }
}

impl Show {
    /// Returns what is to be shown of some bytes.
    pub(in crate::session) fn filter(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let ends_line = byte == b'\n' || byte == b'\r';
            self.at = match self.at {
                At::Mark(count) if FOR_MACHINES.get(count) == Some(&byte) => match count + 1 {
                    whole if whole == FOR_MACHINES.len() => At::Hidden,
                    part => At::Mark(part),
                },
                At::Hidden if byte == b'\n' => At::Mark(0),
                At::Hidden => At::Hidden,
                At::Mark(_) | At::Shown => {
                    if let At::Mark(count) = self.at {
                        shown.extend(&FOR_MACHINES[..count]);
                    }
                    shown.push(byte);
                    if ends_line { At::Mark(0) } else { At::Shown }
                }
            };
        }
        shown
    }
}

/// Writes bytes to the terminal. One that is gone shows nothing.
pub(in crate::session) fn show(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
