//! How a command ends that does not succeed.

use std::process::ExitCode;

/// What goes to standard error, and the exit code.
#[derive(Debug)]
pub enum Failure {
    /// The API refused the request; already as a person reads it.
    Refused(String),
    /// The command line, the configuration or a file is wrong; nothing was sent.
    Usage(String),
    /// There was no answer.
    Unreachable(String),
    /// Everything was said already.
    Silent(ExitCode),
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Writes the message; the exit code for it.
    pub fn report(self) -> ExitCode {
        let (message, code) = match self {
            Self::Refused(message) => (message, 1),
            Self::Usage(message) => (message, 2),
            Self::Unreachable(message) => (message, 3),
            Self::Silent(code) => return code,
        };
        crate::terminal::note(&format!("error: {message}"));
        ExitCode::from(code)
    }
}
