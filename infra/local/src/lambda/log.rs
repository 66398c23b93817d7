//! The output of the functions, in memory and in a file.

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    time,
};

use crate::{
    Error, Result,
    error::{Context, lock},
};

/// Receives each line that a function writes, and the function's name.
#[derive(Clone)]
pub struct Output(Arc<Line>);

type Line = dyn Fn(&str, &str) + Send + Sync;

impl Output {
    /// Calls this with a function's name and a line without its end.
    pub fn new(line: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(line))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Output")
    }
}

/// The shared log. Lines are whole, in the order in which they arrived.
#[derive(Clone)]
pub(super) struct Log {
    written: Arc<Mutex<Written>>,
    length: watch::Sender<usize>,
    output: Option<Output>,
}

struct Written {
    text: String,
    file: Option<File>,
}

impl Log {
    pub fn new(path: Option<&Path>, output: Option<Output>) -> Result<Self> {
        let open = |path: &Path| {
            let file = File::options().create(true).append(true).open(path);
            file.context(|| format!("cannot write {}", path.display()))
        };
        let file = path.map(open).transpose()?;
        let written = Arc::new(Mutex::new(Written { text: String::new(), file }));
        Ok(Self { written, length: watch::Sender::new(0), output })
    }

    /// Copies a process's output until it ends, in a thread of its own, so that it goes on while the runtime's threads are busy. `tail`
    /// keeps the last lines for the message about the process's end. The receiver resolves when the output ends.
    pub fn follow(
        &self,
        function: &str,
        output: impl Read + Send + 'static,
        tail: Arc<Mutex<String>>,
    ) -> oneshot::Receiver<()> {
        let (log, function, (end, ended)) = (self.clone(), function.to_owned(), oneshot::channel());
        thread::spawn(move || {
            log.copy(&function, output, &tail);
            // An error is ignored: the receiver may be gone.
            let _ = end.send(());
        });
        ended
    }

    fn copy(&self, function: &str, output: impl Read, tail: &Mutex<String>) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(output.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            if !line.ends_with(b"\n") {
                line.push(b'\n');
            }
            let text = String::from_utf8_lossy(&line);
            let mut tail = lock(tail);
            if tail.len() > 4000 {
                tail.clear();
            }
            tail.push_str(&text);
            self.add(function, &text);
            line.clear();
        }
    }

    /// Adds a line of a function, with its end.
    pub fn add(&self, function: &str, line: &str) {
        match &self.output {
            Some(Output(output)) => output(function, line.trim_end()),
            None => self.write(line),
        }
    }

    fn write(&self, line: &str) {
        let mut written = lock(&self.written);
        written.text.push_str(line);
        if let Some(file) = &mut written.file {
            // Errors are ignored: tests read the copy in memory.
            let _ = file.write_all(line.as_bytes());
        }
        self.length.send_replace(written.text.len());
    }

    pub fn text(&self) -> String {
        lock(&self.written).text.clone()
    }

    /// The log as soon as it holds `text`.
    pub async fn with(&self, text: &str, patience: Duration) -> Result<String> {
        let mut length = self.length.subscribe();
        let found = time::timeout(patience, length.wait_for(|_| lock(&self.written).text.contains(text))).await.is_ok();
        match (found, self.text()) {
            (true, log) => Ok(log),
            (false, log) => Err(Error::new(format!("the log never said {text:?}, but this:\n{log}"))),
        }
    }
}
