//! The terminal: what goes where, colours, questions.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetwinsize, tcsetattr};

use crate::failure::{Failure, Result};

/// A terminal without a size.
const USUAL_WIDTH: usize = 80;

/// Writes results. A reader that has seen enough is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes everything that is no result.
pub fn note(text: &str) {
    let text = match text.strip_prefix("error: ") {
        Some(rest) if has_colours(&io::stderr()) => format!("\x1b[1;31merror:\x1b[0m {rest}"),
        _ => text.to_owned(),
    };
    // There is no other place to complain to.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether a stream is a terminal that takes colours, and they are wanted.
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    stream.is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// The width of the terminal to which results go; None if they go elsewhere.
pub fn width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let columns = tcgetwinsize(&out).map_or(0, |size| usize::from(size.ws_col));
    Some(if columns == 0 { USUAL_WIDTH } else { columns })
}

/// Whether a person can be asked.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question whose answer is yes or no; no by default.
pub fn confirms(question: &str) -> Result<bool> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line.
pub fn ask(question: &str) -> Result<String> {
    let _ = write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush());
    read_line()
}

/// Asks for a line that is not shown as it is typed.
pub fn ask_secret(question: &str) -> Result<String> {
    let failed = |error: io::Error| Failure::usage(format!("cannot use the terminal: {error}"));
    let terminal = File::open("/dev/tty").map_err(failed)?;
    let before = tcgetattr(&terminal).map_err(|error| failed(error.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|error| failed(error.into()))?;
    let line = ask(question);
    tcsetattr(&terminal, OptionalActions::Flush, &before).map_err(|error| failed(error.into()))?;
    note("");
    line
}

/// A line of standard input without what surrounds it.
pub fn read_line() -> Result<String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
    Ok(line.trim().to_owned())
}

/// Text in which nothing controls the terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect()
}
