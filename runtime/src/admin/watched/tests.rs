//! What ends a watch, and what does not: before a process that says what it is told to.

use super::*;
use crate::tls::testing::Scratch;
use std::{io::Read, os::unix::net::UnixListener, path::PathBuf, thread};
use tokio::{runtime::Builder, task::LocalSet};

/// What it does with one connection.
enum Does {
    /// Answers so.
    Says(&'static str, &'static str),
    /// Ends it, asked and unanswered.
    Ends,
}

use Does::{Ends, Says};

const OK: &str = "200 OK";
const LEFT: &str = "{\"pid\":1,\"silent_workers\":[],\"connections\":[{\"conn\":\"0-1\"}]}";
const NOBODY: &str = "{\"pid\":1,\"silent_workers\":[],\"connections\":[]}";

/// A process that does this with one connection after the other, and is gone then.
struct Process {
    path: PathBuf,
    _scratch: Scratch,
}

impl Process {
    fn new(name: &str, all: Vec<Does>) -> Process {
        let scratch = Scratch::new(&format!("watched-{name}"));
        let path = scratch.path("admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            for does in all {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "it is asked");
                if let Says(status, body) = does {
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
                    stream.write_all((head + body).as_bytes()).unwrap();
                }
            }
        });
        Process {
            path,
            _scratch: scratch,
        }
    }

    /// What a watch says, and how it ends that need not see anything for so long.
    fn watched(self, until: Until, most: Duration) -> (Result<(), String>, String) {
        let (at, mut out) = (Reach::Unix(self.path), Vec::new());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let watch = follow(&at, ("/v1/connections", until), most, &mut out);
        let ended = LocalSet::new().block_on(&runtime, watch);
        let said = String::from_utf8(out).unwrap();
        (ended.map_err(|error| error.to_string()), said)
    }
}

#[test]
fn what_is_no_end_is_looked_at_again() {
    let process = Process::new(
        "again",
        vec![
            Ends,
            Says(OK, LEFT),
            Says("500 Internal Server Error", NOBODY),
            Says(OK, "{}"),
            Says(OK, "what"),
            Says(OK, NOBODY),
            Ends,
        ],
    );
    let (ended, said) = process.watched(Until::Over, PATIENCE);
    assert_eq!(ended, Ok(()));
    let lines: Vec<_> = said.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(lines, ["1 left", "0 left", "drained"]);
}

#[test]
fn what_stays_no_answer_fails() {
    for (name, does, why) in [
        (
            "wrong",
            Says("500 Oh", "{\"error\":\"oh\"}"),
            "500 Internal Server Error: oh",
        ),
        (
            "refused",
            Says("401 No", "{\"error\":\"no\"}"),
            "401 Unauthorized: no",
        ),
        ("ends", Ends, "cannot ask at"),
    ] {
        for until in [Until::Over, Until::Nobody] {
            let does = match &does {
                Says(status, body) => Says(status, body),
                Ends => Ends,
            };
            let process = Process::new(&format!("{name}-{until:?}"), vec![does]);
            let (ended, said) = process.watched(until, Duration::ZERO);
            let ended = ended.unwrap_err();
            assert!(ended.contains(why), "{name}: {ended}");
            assert_eq!(said, "", "{name}");
        }
    }
    // It need not be tried again to be told.
    let process = Process::new("token", vec![Says("401 No", "{}")]);
    assert!(process.watched(Until::Over, PATIENCE).0.is_err());
}

#[test]
fn whom_workers_have_that_do_not_answer_is_not_known_yet() {
    let silent = "{\"pid\":1,\"silent_workers\":[3],\"connections\":[]}";
    let process = Process::new("silent", vec![Says(OK, silent), Says(OK, NOBODY)]);
    let (ended, said) = process.watched(Until::Nobody, PATIENCE);
    assert_eq!(ended, Ok(()));
    let told = "0 left, and those of workers 3, which do not answer: not known yet\n0 left\n";
    assert_eq!(said, told);
}

#[test]
fn another_process_knows_nothing_of_who_is_left() {
    let other = "{\"pid\":2,\"silent_workers\":[],\"connections\":[]}";
    let process = Process::new("other", vec![Says(OK, LEFT), Says(OK, other)]);
    let old = door::with_pid(&process.path, 1);
    let _held = UnixListener::bind(&old).unwrap();
    let (ended, said) = process.watched(Until::Nobody, PATIENCE);
    let ended = ended.unwrap_err();
    assert!(!said.contains("0 left"), "{said}");
    assert!(ended.starts_with("pid 2 serves now; "), "{ended}");
    let asked = format!(
        "pid 1 has left is not known any more: it drains, and is asked at {}",
        old.display()
    );
    assert!(ended.ends_with(&asked), "{ended}");
    // Who waits for the end of the one that was asked waits no longer.
    let process = Process::new("another", vec![Says(OK, LEFT), Says(OK, other)]);
    let (ended, said) = process.watched(Until::Over, PATIENCE);
    assert_eq!(ended, Ok(()));
    assert!(said.ends_with("\ndrained\n"), "{said}");
}
