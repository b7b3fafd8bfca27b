//! The thread that writes lines, and the memory between it and the workers.
//!
//! A worker's [`Ink`] is bounded memory behind a lock that either side holds for a copy of one line
//! or a swap of two buffers, never for a call of the system. What does not fit is dropped and
//! counted. A write that fails is told once, the lines are counted, and the next one is tried.

use super::{Connections, Entry, Format, MESSAGES, Place, Settings};
use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::fs::FileTypeExt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

/// What may wait to be written of one worker's lines, and of messages.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// How long the thread collects lines once it was woken: so many times a second at most it is.
const GATHER: Duration = Duration::from_millis(20);

/// How long the end of the process waits for somebody who does not read.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Where one worker's lines go.
#[derive(Clone, Debug)]
pub struct Ink {
    shared: Arc<Shared>,
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    count: u64,
}

struct Shared {
    settings: Settings,
    format: Format,
    desks: Mutex<Vec<Arc<Desk>>>,
    /// Whether the thread was told that there is something.
    told: AtomicBool,
    reopen: AtomicBool,
    over: AtomicBool,
    dropped: AtomicU64,
    writer: Mutex<Option<Thread>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The log of a process.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    done: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Opens what is to be written to, and starts the thread; and that of messages, if there is none yet.
    ///
    /// # Errors
    /// The file cannot be opened, or there is no thread to be had.
    pub fn start(settings: &Settings) -> io::Result<Log> {
        let out = open(&settings.to)?;
        // Whoever writes lines says something now and then, and must not wait for that either.
        MESSAGES.begin()?;
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            format: settings
                .format
                .clone()
                .unwrap_or_else(|| usual(&settings.to)),
            desks: Mutex::default(),
            told: AtomicBool::new(false),
            reopen: AtomicBool::new(false),
            over: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            writer: Mutex::default(),
        });
        let (done, is_done) = channel();
        let of = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write(&of, out, &done))?;
        *held(&shared.writer) = Some(thread.thread().clone());
        Ok(Log {
            shared,
            done: is_done,
            thread: Some(thread),
        })
    }

    /// What one worker writes with.
    #[must_use]
    pub fn ink(&self) -> Ink {
        let desk = Arc::new(Desk {
            lines: Mutex::default(),
        });
        held(&self.shared.desks).push(Arc::clone(&desk));
        Ink {
            shared: Arc::clone(&self.shared),
            desk,
        }
    }

    /// The file is opened anew before the next line: it was moved away.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, SeqCst);
        self.shared.wake();
    }

    /// Lines that were dropped: there was no room for them, or they could not be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed)
    }
}

impl Drop for Log {
    /// What is there is written, if somebody takes it.
    fn drop(&mut self) {
        self.shared.over.store(true, SeqCst);
        self.shared.wake();
        if self.done.recv_timeout(PATIENCE).is_ok() {
            // It has said its last word.
            let _ended = self.thread.take().map(JoinHandle::join);
        }
        let lines = self.dropped();
        if lines > 0 {
            tracing::warn!(lines, "lines of the log were dropped");
        }
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(writer) = &*held(&self.writer) {
            writer.unpark();
        }
    }
}

impl Ink {
    /// What is logged.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Whether there is a line for a connection; `normal`: nothing went wrong with it.
    #[must_use]
    pub fn tells(&self, normal: bool) -> bool {
        let told = match self.settings().connections {
            Connections::All => true,
            Connections::Abnormal => !normal,
            Connections::Off => false,
        };
        told && self.shared.format.tells_connections()
    }

    /// Lines of the whole process that were dropped, and messages that were lost.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Relaxed) + MESSAGES.lost()
    }

    /// Writes a line, or drops it.
    pub fn write(&self, entry: &Entry<'_>) {
        let format = &self.shared.format;
        let mut lines = held(&self.desk.lines);
        let before = lines.bytes.len();
        format.write(entry, &mut lines.bytes);
        if lines.bytes.len() > MOST_BYTES {
            lines.bytes.truncate(before);
            drop(lines);
            self.shared.dropped.fetch_add(1, Relaxed);
            return;
        }
        lines.count += 1;
        drop(lines);
        if !self.shared.told.swap(true, SeqCst) {
            self.shared.wake();
        }
    }
}

/// Whatever happened to its last holder, what is behind these locks is whole.
pub(super) fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(place: &Place) -> io::Result<Box<dyn Write + Send>> {
    Ok(match place {
        Place::Stdout => Box::new(io::stdout()),
        Place::Stderr => Box::new(io::stderr()),
        Place::File(path) => {
            // A pipe without a reader would have us wait for one.
            let fifo = fs::metadata(path).is_ok_and(|it| it.file_type().is_fifo());
            let mut options = OpenOptions::new();
            let options = options.append(true).create(!fifo).read(fifo);
            Box::new(options.open(path)?)
        }
    })
}

/// The format where nobody has said one.
fn usual(place: &Place) -> Format {
    let terminal = match place {
        Place::Stdout => io::stdout().is_terminal(),
        Place::Stderr => io::stderr().is_terminal(),
        Place::File(_) => false,
    };
    if terminal {
        Format::Pretty
    } else {
        Format::Json
    }
}

/// The life of the thread.
fn write(shared: &Shared, mut out: Box<dyn Write + Send>, done: &Sender<()>) {
    let mut lines = Lines::default();
    let mut trouble = Trouble::default();
    loop {
        let over = shared.over.load(SeqCst);
        shared.told.store(false, SeqCst);
        if shared.reopen.swap(false, SeqCst) {
            match open(&shared.settings.to) {
                Ok(other) => {
                    out = other;
                    tracing::info!("the log was opened anew");
                }
                Err(error) => tracing::error!(%error, "the log cannot be opened anew"),
            }
        }
        let desks = held(&shared.desks).clone();
        for desk in desks {
            std::mem::swap(&mut lines, &mut held(&desk.lines));
            if lines.count > 0 {
                // What failed may have left the half of a line.
                let torn: &[u8] = if trouble.0 { b"\n" } else { b"" };
                let written = out
                    .write_all(torn)
                    .and_then(|()| out.write_all(&lines.bytes))
                    .and_then(|()| out.flush());
                if let Err(error) = &written {
                    shared.dropped.fetch_add(lines.count, Relaxed);
                    trouble.has_come(error);
                } else {
                    trouble.is_past();
                }
            }
            lines.bytes.clear();
            lines.count = 0;
        }
        if over {
            // Nobody waits for it any more if it took too long.
            let _heard = done.send(());
            return;
        }
        while !shared.told.load(SeqCst) && !shared.reopen.load(SeqCst) && !shared.over.load(SeqCst)
        {
            thread::park();
        }
        if !shared.over.load(SeqCst) {
            thread::sleep(GATHER);
        }
    }
}

/// Lines that cannot be written, as far as that was told.
#[derive(Debug, Default)]
struct Trouble(bool);

impl Trouble {
    fn has_come(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.0, true) {
            tracing::error!(%error, "the log cannot be written: its lines are dropped");
        }
    }

    fn is_past(&mut self) {
        if std::mem::take(&mut self.0) {
            tracing::info!("the log is written again");
        }
    }
}
