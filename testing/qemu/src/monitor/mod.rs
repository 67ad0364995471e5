//! The emulator's machine monitor (QMP): a line of JSON each way over a local socket.
//!
//! The monitor stops and continues the guest and lets the harness look at it from outside. Events that arrive
//! between answers are kept, because one of them says why the guest ended.

pub mod memory;
pub mod registers;
#[cfg(test)]
mod tests;
pub mod tlb;

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// The monitor did not do what it was asked.
#[derive(Debug)]
pub enum MonitorError {
    /// The connection failed, or the answer took too long.
    Connection(io::Error),
    /// The emulator closed the connection.
    Closed,
    /// A line that is no answer.
    Unintelligible(String),
    /// The emulator refused a command.
    Refused {
        /// The command.
        command: String,
        /// The emulator's words.
        reason: String,
    },
}

/// Why a guest ended, as the emulator tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It was powered off, by ACPI.
    PoweredOff,
    /// It was reset: by its firmware, or by a triple fault.
    Reset,
    /// For another reason, or none that was told.
    Other,
}

/// A connection to the machine monitor.
pub struct Monitor {
    stream: BufReader<UnixStream>,
    end: End,
}

impl Monitor {
    /// Connects to the monitor's socket; an answer may take `patience`.
    ///
    /// # Errors
    /// Nobody listens there, or it is no machine monitor.
    pub fn connect(socket: &Path, patience: Duration) -> Result<Self, MonitorError> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        let mut monitor = Self { stream: BufReader::new(stream), end: End::Other };
        let greeting = monitor.line()?;
        if greeting.get("QMP").is_none() {
            return Err(MonitorError::Unintelligible(greeting.to_string()));
        }
        monitor.execute("qmp_capabilities", json!({}))?;
        Ok(monitor)
    }

    /// Executes a command and returns its result.
    ///
    /// # Errors
    /// The connection failed or the emulator refused the command.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, MonitorError> {
        let request = json!({ "execute": command, "arguments": arguments });
        self.stream.get_mut().write_all(format!("{request}\n").as_bytes())?;
        loop {
            let mut line = self.line()?;
            if let Some(result) = line.get_mut("return") {
                return Ok(result.take());
            }
            if let Some(error) = line.get("error") {
                let reason =
                    error.get("desc").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
                return Err(MonitorError::Refused { command: command.to_owned(), reason });
            }
        }
    }

    /// Executes a command of the monitor for people and returns the text that it prints.
    ///
    /// # Errors
    /// As [`Monitor::execute`].
    pub fn ask(&mut self, question: &str) -> Result<String, MonitorError> {
        match self.execute("human-monitor-command", json!({ "command-line": question }))? {
            Value::String(text) => Ok(text),
            other => Err(MonitorError::Unintelligible(other.to_string())),
        }
    }

    /// Returns a line for each processor: where it is. None if the emulator does not say.
    pub fn places(&mut self) -> Vec<String> {
        self.ask("info registers -a").map(|text| registers::places(&text)).unwrap_or_default()
    }

    /// Reads what is left after the emulator has gone, and tells why the guest ended.
    #[must_use]
    pub fn last_words(&mut self) -> End {
        while self.line().is_ok() {}
        self.end
    }

    /// Reads one line and notes what it says about the guest's end.
    fn line(&mut self) -> Result<Value, MonitorError> {
        let mut bytes = Vec::new();
        if self.stream.read_until(b'\n', &mut bytes)? == 0 {
            return Err(MonitorError::Closed);
        }
        let line: Value = serde_json::from_slice(&bytes)
            .map_err(|_| MonitorError::Unintelligible(String::from_utf8_lossy(&bytes).into_owned()))?;
        if line.get("event").and_then(Value::as_str) == Some("SHUTDOWN") {
            self.end = match line.pointer("/data/reason").and_then(Value::as_str) {
                Some("guest-shutdown") => End::PoweredOff,
                Some("guest-reset") => End::Reset,
                _ => End::Other,
            };
        }
        Ok(line)
    }
}

impl From<io::Error> for MonitorError {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

impl fmt::Display for MonitorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => write!(out, "the emulator's monitor does not answer: {error}"),
            Self::Closed => out.write_str("the emulator closed its monitor"),
            Self::Unintelligible(line) => write!(out, "the emulator's monitor answered '{line}'"),
            Self::Refused { command, reason } => write!(out, "the emulator refused '{command}': {reason}"),
        }
    }
}

impl std::error::Error for MonitorError {}
