//! The emulator as a child process: started here, read here, and never left behind.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::console::terminal;
use crate::guest::Keyboard;

/// A running emulator. Dropping it ends the process and waits for it.
pub(crate) struct Emulator {
    child: Child,
    output: Receiver<Output>,
    input: Arc<Mutex<Option<ChildStdin>>>,
}

/// What came from the guest's serial line.
pub(crate) enum Output {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing until the time was up.
    Silence,
    /// The emulator has closed the line: it is ending.
    End,
    /// The user has pressed the key that ends the guest.
    Enough,
}

impl Emulator {
    /// Starts the emulator. Its complaints go to `complaints`.
    ///
    /// # Errors
    /// The program does not exist or cannot be started.
    pub(crate) fn start(mut command: Command, complaints: File, keyboard: Keyboard) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints);
        let mut child = command.spawn()?;
        let input = Arc::new(Mutex::new(child.stdin.take()));
        let serial = child.stdout.take();
        let (sender, output) = mpsc::channel();
        let typist = sender.clone();
        thread::spawn(move || {
            let Some(mut serial) = serial else { return };
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = serial.read(&mut buffer) {
                if sender.send(Output::Bytes(buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
            // Whoever has gone needs no word.
            let _ = sender.send(Output::End);
        });
        if keyboard != Keyboard::Closed {
            let input = Arc::clone(&input);
            thread::spawn(move || {
                let mut buffer = [0; 256];
                while let Ok(count @ 1..) = io::stdin().read(&mut buffer) {
                    let typed = &buffer[..count];
                    if keyboard == Keyboard::Terminal && typed.contains(&terminal::END) {
                        let _ = typist.send(Output::Enough);
                    }
                    if send(&input, typed).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child, output, input })
    }

    /// Waits for output, at most until `deadline`.
    pub(crate) fn output(&self, deadline: Option<Instant>) -> Output {
        let received = match deadline {
            None => self.output.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(deadline) => self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match received {
            Ok(output) => output,
            Err(RecvTimeoutError::Timeout) => Output::Silence,
            Err(RecvTimeoutError::Disconnected) => Output::End,
        }
    }

    /// Sends bytes to the guest's serial line.
    ///
    /// # Errors
    /// The emulator is gone.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        send(&self.input, bytes)
    }

    /// Tells whether the emulator has ended, without waiting.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for an emulator that is ending, and ends it by force after `patience`. `None` when force was needed.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        self.kill();
        None
    }

    /// Ends the emulator by force and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        // Both fail only when the process has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(input: &Mutex<Option<ChildStdin>>, bytes: &[u8]) -> io::Result<()> {
    match input.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        Some(pipe) => pipe.write_all(bytes).and_then(|()| pipe.flush()),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    }
}
