//! What the process has to say for itself, on the error stream: messages, no lines of requests.
//!
//! Where there are workers, whoever speaks puts the message into memory that is bounded, and goes on; a thread
//! writes them, in their order. Each is a write of its own: what two processes say at once to one pipe stays
//! whole (pipe(7), `PIPE_BUF`), and the lock of the standard library keeps lines of the log apart from it. What
//! finds no room, or cannot be written, is lost and counted, and how many are is said in their place. Until that
//! thread begins, and so in every command that does not serve, whoever speaks writes.
//!
//! It owns the memory and the thread. That one waits for the stream, and nobody else does but the end of the
//! process: as long as it is taken from, and a moment at most.

use super::writer::{MOST_BYTES, PATIENCE, held};
use crate::clock::Clock;
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How long the words of a panic may take.
const MOMENT: Duration = Duration::from_millis(50);

/// The messages of this process.
pub static MESSAGES: Messages = Messages::new();

/// Messages on their way to the error stream.
#[derive(Debug)]
pub struct Messages {
    waiting: Mutex<Waiting>,
    /// Told when there is something to write.
    come: Condvar,
    /// Told when all is written.
    gone: Condvar,
}

#[derive(Debug)]
struct Waiting {
    /// Whether there is a thread that takes them.
    taken: bool,
    all: VecDeque<Next>,
    /// Of all that wait; the one that is being written is not among them.
    bytes: usize,
    /// Began with the write that is under way.
    under_way: Option<Clock>,
    /// Since the process began.
    lost: u64,
}

/// What the thread finds next.
#[derive(Debug)]
enum Next {
    Message(Box<[u8]>),
    /// So many would be here.
    Lost(u64),
}

impl Messages {
    const fn new() -> Messages {
        Messages {
            waiting: Mutex::new(Waiting {
                taken: false,
                all: VecDeque::new(),
                bytes: 0,
                under_way: None,
                lost: 0,
            }),
            come: Condvar::new(),
            gone: Condvar::new(),
        }
    }

    /// From now on a thread writes them. Asked again, it is that one.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn begin(&'static self) -> io::Result<()> {
        self.begin_to(io::stderr())
    }

    fn begin_to(&'static self, out: impl Write + Send + 'static) -> io::Result<()> {
        let mut waiting = held(&self.waiting);
        if !waiting.taken {
            thread::Builder::new()
                .name("messages".to_owned())
                .spawn(move || self.write_all_to(out))?;
            waiting.taken = true;
        }
        Ok(())
    }

    /// Says it, or loses it.
    pub fn say(&self, words: &[u8]) {
        if !words.is_empty() && !self.put(words) {
            // Nobody may be left to read that, which costs the words and nothing else.
            let _unheard = io::stderr().write_all(words);
        }
    }

    /// How many were lost: there was no room for them, or they could not be written.
    #[must_use]
    pub fn lost(&self) -> u64 {
        held(&self.waiting).lost
    }

    /// Whether somebody takes it there.
    fn put(&self, words: &[u8]) -> bool {
        let mut waiting = held(&self.waiting);
        if waiting.taken {
            waiting.put(words);
            self.come.notify_one();
        }
        waiting.taken
    }

    /// The life of the thread.
    fn write_all_to(&self, mut out: impl Write) {
        let (mut missing, mut failed) = (0, false);
        loop {
            let words = match self.next() {
                Next::Message(words) => words,
                Next::Lost(more) => {
                    missing += more;
                    Box::default()
                }
            };
            let all = [gap(missing, failed).as_bytes(), &*words].concat();
            failed = out.write_all(&all).and_then(|()| out.flush()).is_err();
            if !failed {
                missing = 0;
            } else if !words.is_empty() {
                missing += 1;
                held(&self.waiting).lost += 1;
            }
        }
    }

    /// The next one, once there is one; whatever came before it is over.
    fn next(&self) -> Next {
        let mut waiting = held(&self.waiting);
        waiting.under_way = None;
        loop {
            if let Some(next) = waiting.take() {
                waiting.under_way = Some(Clock::start());
                return next;
            }
            self.gone.notify_all();
            let come = self.come.wait(waiting);
            waiting = come.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits a moment for all to be written: whoever has panicked may be about to end the process.
    pub fn pause(&self) {
        self.wait(MOMENT);
    }

    /// Waits until all is written, unless nobody takes it.
    fn finish(&self) {
        self.wait(PATIENCE);
    }

    fn wait(&self, patience: Duration) {
        let waiting = held(&self.waiting);
        let age = |since: Clock| Duration::from_micros(since.now().0);
        // Where nothing has moved for so long, nothing will.
        let stuck = waiting.under_way.map_or(Duration::ZERO, age);
        let most = patience.saturating_sub(stuck);
        let moves = |waiting: &mut Waiting| waiting.under_way.is_some() || !waiting.all.is_empty();
        let _over = self.gone.wait_timeout_while(waiting, most, moves);
    }
}

impl Waiting {
    fn put(&mut self, words: &[u8]) {
        if words.len() <= MOST_BYTES - self.bytes {
            self.bytes += words.len();
            self.all.push_back(Next::Message(words.into()));
            return;
        }
        self.lost += 1;
        match self.all.back_mut() {
            Some(Next::Lost(count)) => *count += 1,
            Some(Next::Message(_)) | None => self.all.push_back(Next::Lost(1)),
        }
    }

    fn take(&mut self) -> Option<Next> {
        let next = self.all.pop_front()?;
        match &next {
            Next::Message(words) => self.bytes -= words.len(),
            Next::Lost(_) => {}
        }
        Some(next)
    }
}

/// What is said where so many are missing; what has `failed` may have left the half of a line.
fn gap(missing: u64, failed: bool) -> String {
    let torn = if failed { "\n" } else { "" };
    match missing {
        0 => torn.to_owned(),
        _ => format!(
            "{torn}warning: messages lost here: {missing}; the error stream did not take them\n"
        ),
    }
}

/// For `tracing`, which says a message by one write.
impl Write for &Messages {
    fn write(&mut self, words: &[u8]) -> io::Result<usize> {
        self.say(words);
        Ok(words.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of whoever leads the process, also by a panic: what was said until then is written, if somebody
/// takes it.
#[derive(Debug)]
pub struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        MESSAGES.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A stream that takes something each time that it is let.
    struct Stream {
        asks: Sender<String>,
        may: Receiver<bool>,
    }

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            // Behind the test nobody asks any more.
            let _heard = self.asks.send(text);
            match self.may.recv() {
                Ok(true) => Ok(bytes.len()),
                Ok(false) | Err(_) => Err(io::ErrorKind::StorageFull.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is asked of the stream of these messages, and who lets it.
    fn stream(messages: &'static Messages) -> (Receiver<String>, Sender<bool>) {
        let ((asks, asked), (lets, may)) = (channel(), channel());
        messages.begin_to(Stream { asks, may }).unwrap();
        (asked, lets)
    }

    #[test]
    fn messages_are_written_in_their_order_and_how_many_are_lost_is_said_in_their_place() {
        static ALL: Messages = Messages::new();
        assert!(!ALL.put(b"nobody takes it yet"));
        let (asked, lets) = stream(&ALL);
        ALL.say(b"first\n");
        assert_eq!(asked.recv().unwrap(), "first\n");
        // As many as there is room for, and two more: nobody waits.
        let quarter = "x".repeat(MOST_BYTES / 4);
        for _ in 0..6 {
            ALL.say(quarter.as_bytes());
        }
        assert_eq!(ALL.lost(), 2);
        lets.send(true).unwrap();
        assert!(asked.recv().unwrap() == quarter);
        // There is room again.
        ALL.say(b"late\n");
        for _ in 0..3 {
            lets.send(true).unwrap();
            assert!(asked.recv().unwrap() == quarter);
        }
        for due in [
            "warning: messages lost here: 2; the error stream did not take them\n",
            "late\n",
        ] {
            lets.send(true).unwrap();
            assert_eq!(asked.recv().unwrap(), due);
        }
        lets.send(true).unwrap();
        ALL.finish();
        assert!(asked.try_recv().is_err());
        assert_eq!(ALL.lost(), 2);
    }

    #[test]
    fn a_stream_that_fails_costs_what_was_said_meanwhile() {
        static ALL: Messages = Messages::new();
        let (asked, lets) = stream(&ALL);
        for words in ["one\n", "two\n", "three\n", "four\n"] {
            ALL.say(words.as_bytes());
        }
        for (due, may) in [
            ("one\n", true),
            ("two\n", false),
            (
                "\nwarning: messages lost here: 1; the error stream did not take them\nthree\n",
                false,
            ),
            (
                "\nwarning: messages lost here: 2; the error stream did not take them\nfour\n",
                true,
            ),
        ] {
            assert_eq!(asked.recv().unwrap(), due);
            lets.send(may).unwrap();
        }
        ALL.finish();
        assert_eq!(ALL.lost(), 2);
        ALL.say(b"five\n");
        assert_eq!(asked.recv().unwrap(), "five\n");
    }

    /// What is under way has a moment, and who ends later waits no more.
    #[test]
    fn the_end_of_the_process_does_not_wait_for_a_stream_that_takes_nothing() {
        static ALL: Messages = Messages::new();
        let (asked, _lets) = stream(&ALL);
        ALL.finish();
        ALL.say(b"first\n");
        assert_eq!(asked.recv().unwrap(), "first\n");
        ALL.say(b"second\n");
        ALL.finish();
        let clock = Clock::start();
        ALL.finish();
        assert!(Duration::from_micros(clock.now().0) < PATIENCE / 2);
        assert!(asked.try_recv().is_err());
    }
}
