//! Landlock: what a confined process goes on to do, and what it cannot do any more. Where the kernel has no
//! Landlock, or a filter says so, that it says so and serves.

use crate::{
    harness::{Done, Proxy, Scratch, Serve, command, program, run},
    peers::{Peer, Raw},
    upgrade::Family,
};
use rustix::process::{Pid, Signal};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{fs::symlink, process::CommandExt},
    path::Path,
    process::Command,
};

/// Runs the rest of the command line where the kernel, as far as anybody can tell, has no Landlock: seccomp(2),
/// by its filter program, answers ENOSYS. The number is the same for all machines.
const WITHOUT_LANDLOCK: &str = r"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
load, equal, end = 0x20, 0x15, 0x06
program = [(load, 0, 0, 0), (equal, 0, 1, 444), (end, 0, 0, 0x00050026), (end, 0, 0, 0x7fff0000)]
code = b''.join(struct.pack('HBBI', *one) for one in program)
memory = ctypes.create_string_buffer(code)
head = struct.pack('HxxxxxxQ', len(program), ctypes.addressof(memory))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(head)) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
";

/// So often a file is looked at for a line that its writer may be about to write.
const MOST: usize = 1_000_000;

/// A listener that answers by itself, with a log and an admin socket each in a directory of its own.
fn file(status: u16, log: &str) -> String {
    format!(
        "workers = 1\n[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\n\
         [[route]]\nlistener = \"l\"\nrespond = {{ status = {status} }}\n\
         [log]\nfile = \"{log}\"\n[admin]\nunix = \"run/admin.sock\"\nhttp = \"off\"\n"
    )
}

/// One that is to be confined, with a directory beside its own; and all that comes of it, which has to be gone
/// first.
fn confined(before: &[&str]) -> (Proxy, Family) {
    let scratch = Scratch::new();
    for name in ["logs", "run", "elsewhere"] {
        fs::create_dir(scratch.path(name)).unwrap();
    }
    let serve = Serve::File(file(200, "logs/lines"));
    let inner = command(&serve, "127.0.0.1:0", &scratch);
    let words = before.iter().map(OsStr::new).chain([inner.get_program()]);
    let words: Vec<_> = words.chain(inner.get_args()).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("--landlock");
    command.env("TIDEGATE_ADMIN", "").process_group(0);
    let proxy = Proxy::started(command, scratch);
    let pid = i32::try_from(proxy.process.pid()).unwrap();
    (proxy, Family(Pid::from_raw(pid).unwrap()))
}

fn ask(proxy: &Proxy, args: &[&str]) -> Done {
    let mut command = program(proxy.scratch());
    let socket = proxy.scratch().path("run/admin.sock");
    command.args(args).arg("--admin").arg(socket);
    run(command)
}

fn told(proxy: &Proxy, args: &[&str]) -> String {
    let done = ask(proxy, args);
    assert_eq!(done.code(), Some(0), "{args:?}: {}", done.said);
    done.said
}

fn answers(client: &mut Raw, status: u16) {
    client.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().status(), status);
}

/// Whether the kernel confines: it says so, or why not.
fn is_confined(proxy: &mut Proxy) -> bool {
    proxy.process.until("whether it is confined", |said| {
        match (
            said.contains("confined by Landlock: files are written there alone")
                || said.contains("confined by Landlock, but not in all"),
            said.contains("not confined by Landlock: it goes on without"),
        ) {
            (false, false) => None,
            (yes, _) => Some(yes),
        }
    })
}

fn has_lines(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains("kind=request"))
}

#[test]
fn it_serves_reloads_and_opens_its_log_anew_and_writes_nowhere_else() {
    let (mut proxy, family) = confined(&[]);
    let confined = is_confined(&mut proxy);
    serves_and_writes(&mut proxy, confined);
    leaves(family, proxy);
}

#[test]
fn a_kernel_without_it_is_told_of_once_and_stops_nothing() {
    let (mut proxy, family) = confined(&["python3", "-c", WITHOUT_LANDLOCK]);
    assert!(!is_confined(&mut proxy));
    let status = told(&proxy, &["status"]);
    let why = "\nconfined: no (this kernel has no Landlock, or does not let us ask for it)\n";
    assert!(status.contains(why), "{status}");
    serves_and_writes(&mut proxy, false);
    let said = leaves(family, proxy);
    assert_eq!(
        said.matches("not confined by Landlock").count(),
        1,
        "{said}"
    );
}

/// It leaves as ever; what it said.
fn leaves(_family: Family, proxy: Proxy) -> String {
    proxy.process.signal(Signal::TERM);
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
    done.said
}

fn serves_and_writes(proxy: &mut Proxy, confined: bool) {
    let status = told(proxy, &["status"]);
    let json = told(proxy, &["status", "--json"]);
    match confined {
        true => {
            let said = |how| status.contains(how);
            assert!(
                said("\nconfined: yes\n") || said("\nconfined: partly ("),
                "{status}"
            );
            assert!(json.contains("\"confined\":"), "{json}");
        }
        false => {
            assert!(status.contains("\nconfined: no ("), "{status}");
            assert!(json.contains("\"confined\":\"no ("), "{json}");
        }
    }
    answers(&mut proxy.client(), 200);
    let text = file(204, "logs/lines");
    proxy.scratch().file("tidegate.toml", &text);
    told(proxy, &["reload"]);
    answers(&mut proxy.client(), 204);

    let (lines, moved) = (
        proxy.scratch().path("logs/lines"),
        proxy.scratch().path("logs/moved"),
    );
    fs::rename(&lines, &moved).unwrap();
    proxy.process.signal(Signal::USR1);
    proxy.process.until("the log", |said| {
        said.contains("the log was opened anew").then_some(())
    });
    answers(&mut proxy.client(), 204);
    assert!((0..MOST).any(|_| has_lines(&lines)), "its line is on disk");

    // The directory's name stands for another one now, in which nobody was to write.
    let elsewhere = proxy.scratch().path("elsewhere");
    let logs = proxy.scratch().path("logs");
    fs::rename(&logs, proxy.scratch().path("before")).unwrap();
    symlink(&elsewhere, &logs).unwrap();
    proxy.process.signal(Signal::USR1);
    let failed = proxy.process.until("the other log", |said| {
        let failed = said.contains("the log cannot be opened anew");
        (failed || said.matches("the log was opened anew").count() == 2).then_some(failed)
    });
    assert_eq!(failed, confined);
    assert_eq!(elsewhere.join("lines").exists(), !confined);
    answers(&mut proxy.client(), 204);
}

/// The domain is inherited: what is started in its place writes where this one may.
#[test]
fn an_upgrade_cannot_have_its_log_elsewhere_and_the_one_before_goes_on() {
    let (mut proxy, _family) = confined(&[]);
    let confined = is_confined(&mut proxy);
    told(&proxy, &["upgrade"]);
    proxy.process.until("the other process", |said| {
        said.contains("another process serves").then_some(())
    });
    answers(&mut proxy.client(), 200);
    let status = told(&proxy, &["status"]);
    assert_eq!(status.contains("confined: no"), !confined, "{status}");
    let text = file(200, "elsewhere/lines");
    proxy.scratch().file("tidegate.toml", &text);
    let done = ask(&proxy, &["upgrade"]);
    assert_eq!(done.code() == Some(0), !confined, "{}", done.said);
    if confined {
        assert!(done.said.contains("cannot open the log"), "{}", done.said);
    }
    answers(&mut proxy.client(), 200);
    told(&proxy, &["stop"]);
}

#[test]
fn a_log_in_a_directory_that_is_not_there_is_told_of_as_ever() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("run")).unwrap();
    let serve = Serve::File(file(200, "no/such/lines"));
    let mut command = command(&serve, "127.0.0.1:0", &scratch);
    command.arg("--landlock").env("TIDEGATE_ADMIN", "");
    let done = run(command);
    assert_eq!(done.code(), Some(2), "{}", done.said);
    assert!(done.said.contains("cannot open the log"), "{}", done.said);
}

#[test]
fn who_did_not_ask_for_it_hears_nothing_of_it() {
    let scratch = Scratch::new();
    for name in ["logs", "run"] {
        fs::create_dir(scratch.path(name)).unwrap();
    }
    let serve = Serve::File(file(200, "logs/lines"));
    let mut command = command(&serve, "127.0.0.1:0", &scratch);
    command.env("TIDEGATE_ADMIN", "");
    let proxy = Proxy::started(command, scratch);
    assert!(!told(&proxy, &["status"]).contains("confined"));
    assert!(!told(&proxy, &["status", "--json"]).contains("confined"));
}
