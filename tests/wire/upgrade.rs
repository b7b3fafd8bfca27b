//! Another process in place of the one that serves: nobody is refused or reset by it, and whoever is there is
//! served to the end (LIFECYCLE 4.9).

use crate::{
    exchange::{GET, OK, answered},
    harness::{Done, Proxy, Running, Scratch, Serve, arg, command, program, run},
    load::Load,
    peers::{End, Last, Origin, Peer, Raw},
    serving::Serving,
};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

const SOCKET: &str = "admin.sock";

pub(crate) fn file(to: SocketAddr, workers: usize, rest: &str) -> String {
    format!(
        "defaults = \"2026\"\nworkers = {workers}\n[admin]\nunix = \"{SOCKET}\"\nhttp = \"127.0.0.1:0\"\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{rest}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n"
    )
}

/// All processes that come of one: dropped, they are ended.
pub(crate) struct Family(pub(crate) Pid);

impl Drop for Family {
    fn drop(&mut self) {
        // An error means that all are gone.
        let _gone = kill_process_group(self.0, Signal::KILL);
    }
}

/// A process that can be asked, and whoever comes after it.
pub(crate) struct Stage {
    _family: Family,
    pub(crate) proxy: Proxy,
}

impl Stage {
    fn new(text: String) -> Stage {
        Stage::with(text, |_, _| {})
    }

    pub(crate) fn with(text: String, change: impl FnOnce(&mut Command, &Scratch)) -> Stage {
        let scratch = Scratch::new();
        let mut command = command(&Serve::File(text), "", &scratch);
        command.env("TIDEGATE_ADMIN", "").process_group(0);
        change(&mut command, &scratch);
        let proxy = Proxy::started(command, scratch);
        let pid = Pid::from_raw(i32::try_from(proxy.process.pid()).unwrap()).unwrap();
        Stage {
            _family: Family(pid),
            proxy,
        }
    }

    fn ask_at(&self, at: &Path, args: &[&str]) -> Done {
        let mut command = program(self.proxy.scratch());
        command.args(args).arg("--admin").arg(at);
        run(command)
    }

    pub(crate) fn ask(&self, args: &[&str]) -> Done {
        self.ask_at(&self.proxy.scratch().path(SOCKET), args)
    }

    pub(crate) fn told(&self, args: &[&str]) -> Value {
        let done = self.ask(&[args, &["--json"]].concat());
        assert_eq!(done.code(), Some(0), "{args:?}: {}", done.said);
        serde_json::from_str(&done.said).unwrap()
    }

    /// The process that answers.
    pub(crate) fn pid(&self) -> u64 {
        self.told(&["status"])["pid"].as_u64().unwrap()
    }

    /// Another one serves from now on: who, and what there is to say of the old one.
    pub(crate) fn upgrade(&self, args: &[&str]) -> (u64, Value) {
        let before = self.pid();
        let value = self.told(&[&["upgrade"], args].concat());
        let pid = value["pid"].as_u64().unwrap();
        assert_ne!(pid, before);
        assert_eq!(value["old"]["pid"], before);
        assert_eq!(self.pid(), pid, "it is asked where the old one was");
        (pid, value["old"].clone())
    }

    fn write(&self, text: &str) {
        self.proxy.scratch().file("tidegate.toml", text);
    }

    /// An executable file of this text.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.proxy.scratch().file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

/// A client with a request that its origin has, and the origin's end.
pub(crate) fn under_way(address: SocketAddr, origin: &Origin) -> (Raw, Raw) {
    let mut client = Raw::connect(address);
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    (client, up)
}

#[test]
fn g2_twenty_upgrades_under_load_refuse_and_reset_nobody() {
    let origin = Serving::echo();
    let mut stage = Stage::new(file(origin.address(), 2, ""));
    let load = Load::new(stage.proxy.address);
    for _ in 0..20 {
        load.goes_on();
        stage.upgrade(&[]);
    }
    load.goes_on();
    load.end();
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
}

/// Every queue has somebody who empties it, however many workers there are.
#[test]
fn g2_another_number_of_workers_loses_nobody() {
    let origin = Serving::echo();
    let stage = Stage::new(file(origin.address(), 3, ""));
    let load = Load::new(stage.proxy.address);
    for workers in [1, 4, 2] {
        load.goes_on();
        stage.write(&file(origin.address(), workers, ""));
        stage.upgrade(&[]);
        assert_eq!(stage.told(&["status"])["workers"], workers);
        // The kernel sends them to all of the sockets.
        for _ in 0..64 {
            let mut client = stage.proxy.client();
            client.say(GET);
            assert_eq!(client.message().status(), 200);
        }
    }
    load.end();
}

#[test]
fn g3_what_is_under_way_ends_on_the_old_process_which_ends_after_it() {
    let origin = Origin::new();
    let mut stage = Stage::new(file(origin.address(), 2, ""));
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    let (_, old) = stage.upgrade(&[]);
    let left = old["connections"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{old}");
    assert_eq!(left[0]["phase"], "exchange");
    // It is asked at a place of its own.
    let at = PathBuf::from(old["admin"].as_str().unwrap());
    let conns = stage.ask_at(&at, &["conns"]);
    assert!(conns.said.contains("exchange"), "{}", conns.said);
    assert!(!stage.ask(&["conns"]).said.contains("exchange"));
    let again = stage.ask_at(&at, &["upgrade"]);
    assert!(
        again.said.contains("nothing to hand over"),
        "{}",
        again.said
    );
    // Who comes now is the new one's.
    let mut other = stage.proxy.client();
    other.say(GET);
    answered(&mut other, &mut origin.accept());
    up.say(OK);
    let answer = client.message();
    assert_eq!(
        (&*answer.body, answer.field("connection")),
        (&b"ok"[..], Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    assert!(!at.exists(), "it takes its own place with it");
    other.say(GET);
    assert!(stage.proxy.scratch().path(SOCKET).exists());
}

/// As a reload would: who connects there is refused, and does not wait for somebody who never accepts, however
/// long the old one may drain.
#[test]
fn a_listener_that_the_next_one_has_not_is_closed_while_the_old_one_drains() {
    let origin = Origin::new();
    let text = file(origin.address(), 1, "");
    let other = "[[listener]]\nname = \"o\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n";
    let mut stage = Stage::new(format!("{text}{other}"));
    let told = stage.told(&["status"]);
    let address = |name: &str| -> SocketAddr {
        let all = told["listeners"].as_array().unwrap();
        let one = all.iter().find(|one| one["name"] == name).unwrap();
        one["bind"][0].as_str().unwrap().parse().unwrap()
    };
    let (stays, goes) = (address("l"), address("o"));
    let (mut client, mut up) = under_way(goes, &origin);
    stage.write(&text);
    stage.upgrade(&[]);
    let refused = loop {
        match Raw::try_connect(goes) {
            // It closes behind what is in its queue.
            Ok(_) => std::thread::yield_now(),
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(refused, std::io::ErrorKind::ConnectionRefused);
    let mut next = Raw::connect(stays);
    next.say(GET);
    answered(&mut next, &mut origin.accept());
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
}

#[test]
fn g4_what_is_idle_ends_as_handed_over() {
    let origin = Origin::new();
    let rest = "timeouts = { idle_least = \"0s\" }\n[log]\nconnections = \"all\"\n";
    let mut stage = Stage::new(file(origin.address(), 1, rest));
    let mut client = stage.proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
    stage.upgrade(&[]);
    assert_eq!(client.last(), Last::plain("", End::Fin));
    drop(client);
    stage.proxy.process.until("its line", |said| {
        said.contains("cause=handed_over").then_some(())
    });
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
}

#[test]
fn what_cannot_serve_changes_nothing_and_says_why() {
    let origin = Origin::new();
    let text = file(origin.address(), 2, "");
    let mut stage = Stage::new(text.clone());
    let pid = stage.pid();
    let broken = stage.script("broken", "#!/bin/sh\nexit 7\n");
    let mute = stage.script("mute", "#!/bin/sh\nexec sleep 600\n");
    let missing = stage.proxy.scratch().path("missing");
    let plain = stage.proxy.scratch().file("plain", "");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let wrong = text.replace("workers", "worker");
    let nobody = text.replace("workers", "user = \"no-such-user\"\nworkers");
    let taken = text.replace("127.0.0.1:0\"]", &format!("{}\"]", origin.address()));
    for (text, args, why) in [
        (&*text, vec![path(&broken)], "exit status: 7"),
        (&text, vec![path(&missing)], "no such file"),
        (&text, vec![path(&plain)], "may not be executed"),
        (
            &text,
            vec![path(&mute), "--within".to_owned(), "100ms".to_owned()],
            "was not ready within 100ms",
        ),
        (&wrong, vec![], "did you mean `workers`?"),
        (&taken, vec![], "address in use"),
        (&nobody, vec![], "no such user"),
    ] {
        stage.write(text);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let done = stage.ask(&[&["upgrade"], &*args].concat());
        assert_eq!(done.code(), Some(1), "{}", done.said);
        assert!(done.said.contains(why), "{why}: {}", done.said);
        stage.proxy.process.until("the log", |said| {
            let at = said.rfind("not upgraded: ")?;
            said[at..].contains(why).then_some(())
        });
        let mut client = stage.proxy.client();
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
        assert_eq!(stage.pid(), pid);
    }
    stage.write(&text);
    stage.upgrade(&[]);
}

#[test]
fn who_leaves_takes_along_what_was_to_serve() {
    let origin = Origin::new();
    let mut stage = Stage::new(file(origin.address(), 1, ""));
    let mute = stage.script("mute", "#!/bin/sh\necho mute $$\nexec sleep 600\n");
    let mut asks = program(stage.proxy.scratch());
    asks.args(["upgrade", "--admin"]);
    let at = stage.proxy.scratch().path(SOCKET);
    let asker = Running::start(asks.arg(at).arg(mute), "none: it is the program under test");
    let pid: u32 = stage.proxy.process.until("its pid", |said| {
        let line = said.lines().find_map(|line| line.strip_prefix("mute "))?;
        line.parse().ok()
    });
    stage.proxy.process.signal(Signal::TERM);
    asker.end();
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn what_is_watched_is_read_again_behind_one_that_has_failed() {
    let origins = [Origin::new(), Origin::new()];
    let watched = |n: usize| file(origins[n].address(), 1, "[reload]\nwatch = true\n");
    let mut stage = Stage::new(watched(0));
    let broken = stage.script("broken", "#!/bin/sh\nexit 7\n");
    let done = stage.ask(&["upgrade", arg(&broken)]);
    assert_eq!(done.code(), Some(1), "{}", done.said);
    // Nobody says a word to it meanwhile.
    stage.write(&watched(1));
    stage.proxy.process.until("the reload", |said| {
        said.contains(": reloaded: ").then_some(())
    });
    let mut client = stage.proxy.client();
    client.say(GET);
    answered(&mut client, &mut origins[1].accept());
}

/// Its end would be that of its container.
#[test]
fn process_1_goes_on() {
    let apart = || {
        let mut apart = Command::new("unshare");
        apart.args(["--pid", "--fork", "--kill-child"]);
        apart
    };
    if !apart().arg("true").status().is_ok_and(|it| it.success()) {
        let said = b"THAT PROCESS 1 GOES ON IS NOT PROVEN HERE: unshare --pid fails\n";
        let _heard = std::io::stderr().write_all(said);
        return;
    }
    let origin = Origin::new();
    let stage = Stage::with(file(origin.address(), 1, ""), |command, _| {
        let mut apart = apart();
        apart.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            apart.env(name, value.unwrap_or_default());
        }
        apart.process_group(0);
        *command = apart;
    });
    assert_eq!(stage.pid(), 1);
    let done = stage.ask(&["upgrade"]);
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(done.said.contains("this is process 1"), "{}", done.said);
    let mut client = stage.proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
}

/// What is started is what the name leads to now.
#[test]
fn a_signal_starts_the_file_that_has_taken_the_place_of_the_old_one() {
    let origin = Origin::new();
    let mut named = PathBuf::new();
    let mut stage = Stage::with(file(origin.address(), 1, ""), |command, scratch| {
        named = scratch.path("tidegate");
        symlink(command.get_program(), &named).unwrap();
        let mut other = Command::new(&named);
        other.args(command.get_args()).process_group(0);
        for (name, value) in command.get_envs() {
            other.env(name, value.unwrap_or_default());
        }
        *command = other;
    });
    let real = fs::read_link(&named).unwrap();
    let text = format!(
        "#!/bin/sh\necho the other one\nexec {} \"$@\"\n",
        real.display()
    );
    let other = stage.script("other", &text);
    fs::rename(other, &named).unwrap();
    stage.proxy.process.signal(Signal::USR2);
    stage.proxy.process.until("the other", |said| {
        let both = said.contains("the other one") && said.contains("another process serves");
        both.then_some(())
    });
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    let mut client = stage.proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
}
