//! A worker that has warmed up asks for no memory: not for a request on a keep-alive connection, nor
//! for bytes in a relay. The worker has a thread of its own here, whose allocations are counted; origin
//! and client have others.

use allocation_counter::{AllocationInfo, measure};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, mpsc},
    thread,
};
use tidegate::{
    config::{self, Machine},
    crowd::Crowd,
    log::{Ink, Log, Place, Settings},
    net::kernel::Kernel,
    worker::{Extras, Site, Worker},
};
use tokio::{runtime::Builder, sync::oneshot, task::LocalSet};

/// Exchanges of each connection that warm the worker up, and that are counted.
const WARM: usize = 200;
const COUNTED: usize = 1_000;

/// Connections at a time: they take turns, so the pool and the buffers see more than one.
const CONNECTIONS: usize = 4;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: origin\r\n\
    Content-Length: 12\r\n\r\nhello there\n";

fn any() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("loopback has ports")
}

/// Answers every request of every connection, or sends back what comes.
fn origin(echoes: bool) -> SocketAddr {
    let listener = any();
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || match echoes {
                true => echo(stream),
                false => answer(&stream),
            });
        }
    });
    address
}

fn answer(stream: &TcpStream) {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
        let over = line == "\r\n";
        line.clear();
        if over && (&*stream).write_all(RESPONSE).is_err() {
            return;
        }
    }
}

fn echo(mut stream: TcpStream) {
    let mut bytes = [0; 1_024];
    while let Ok(read @ 1..) = stream.read(&mut bytes) {
        if stream.write_all(&bytes[..read]).is_err() {
            return;
        }
    }
}

/// Plays both parts against the proxy: what warms it up, and what is counted once `go` says so.
fn client(
    proxy: SocketAddr,
    question: &[u8],
    ends: fn(&[u8]) -> bool,
    warm: oneshot::Sender<()>,
    go: &mpsc::Receiver<()>,
) -> Vec<TcpStream> {
    let connect = |_| TcpStream::connect(proxy).expect("the proxy listens");
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS).map(connect).collect();
    let mut ask = |times: usize| {
        let mut bytes = [0; 4_096];
        for stream in (0..times).flat_map(|_| 0..CONNECTIONS) {
            let stream = &mut streams[stream];
            stream.write_all(question).expect("the proxy reads");
            let mut read = 0;
            while !ends(&bytes[..read]) {
                let more = stream.read(&mut bytes[read..]).expect("it answers");
                assert!(more > 0, "it keeps the connection");
                read += more;
            }
        }
    };
    ask(WARM);
    warm.send(()).expect("the worker waits for it");
    go.recv().expect("it counts from now on");
    ask(COUNTED);
    streams
}

/// What a worker asked for while `COUNTED` exchanges on each connection went through it.
fn counted(
    crowd: Crowd,
    listener: &str,
    ink: Option<Ink>,
    echoes: bool,
    question: &'static [u8],
    ends: fn(&[u8]) -> bool,
) -> AllocationInfo {
    let origin = origin(echoes);
    let text = format!(
        "[[listener]]\nname = \"one\"\nbind = [\"127.0.0.1:0\"]\nto = \"one\"\n{listener}\n\
         [[cluster]]\nname = \"one\"\nendpoints = [\"{origin}\"]\n"
    );
    let machine = Machine {
        data_dir: None,
        provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
    };
    let config = config::read("", &text, Path::new("/"), &machine);
    let config = config.outcome().expect("it is right");
    let site = Site {
        bind: config.listeners[0].bind.clone(),
        listener: config.listeners[0].clone(),
        tls: None,
        admission: tidegate::admission::Admission::open(),
        origins: vec![None],
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let local = LocalSet::new();
    // As in production: the wait-for graph is not walked after every step.
    let extras = Extras {
        ink,
        crowd,
        paranoid: false,
        ..Extras::default()
    };
    let start =
        async { Worker::start(Kernel::new(), &config, &[site], &extras).expect("it listens") };
    let worker = local.block_on(&runtime, start);
    let proxy = worker.addresses()[0];
    let (warm, is_warm) = oneshot::channel();
    let (go, goes) = mpsc::channel();
    let (done, is_done) = oneshot::channel();
    let asking = thread::spawn(move || {
        let streams = client(proxy, question, ends, warm, &goes);
        done.send(()).expect("the worker waits for it");
        streams // How they end is not counted.
    });
    local.block_on(&runtime, is_warm).expect("it warms up");
    let info = measure(|| {
        go.send(()).expect("the client waits for it");
        local
            .block_on(&runtime, is_done)
            .expect("it asks to the end");
    });
    asking.join().expect("the client is content");
    info
}

const QUESTION: &[u8] =
    b"GET /path?query HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\nAccept: */*\r\n\
    Accept-Encoding: gzip, deflate, br\r\nCookie: a=b; c=d\r\n\r\n";

fn is_answered(bytes: &[u8]) -> bool {
    bytes.ends_with(b"hello there\n")
}

#[test]
fn a_request_on_a_warm_connection_asks_for_no_memory() {
    let info = counted(few(), "", None, false, QUESTION, is_answered);
    assert!(info.count_total <= SENT_GO, "{info:?}");
}

/// So few that nobody is put away.
fn few() -> Crowd {
    Crowd::new(usize::MAX)
}

#[test]
fn neither_does_one_whose_session_was_put_away() {
    let crowd = Crowd::new(0);
    let info = counted(crowd.clone(), "", None, false, QUESTION, is_answered);
    assert!(info.count_total <= SENT_GO, "{info:?}");
    let times = u64::try_from(COUNTED * CONNECTIONS).expect("a count");
    assert!(crowd.put_away() >= times, "{crowd:?}");
}

#[test]
fn neither_does_one_that_is_logged() {
    let log = Log::start(&Settings {
        to: Place::File("/dev/null".into()),
        ..Settings::default()
    });
    let log = log.expect("a log");
    let info = counted(few(), "", Some(log.ink()), false, QUESTION, is_answered);
    // What waits for the writer's thread may grow a few times more, if that is slow.
    assert!(info.count_total <= SENT_GO + GROWS, "{info:?}");
    assert_eq!(log.dropped(), 0);
}

/// How often memory is doubled, from a line to the most that may wait.
const GROWS: u64 = 14;

#[test]
fn bytes_in_a_warm_relay_ask_for_no_memory() {
    let info = counted(few(), "kind = \"tcp\"", None, true, &[7; 64], |bytes| {
        bytes.len() == 64
    });
    assert!(info.count_total <= SENT_GO, "{info:?}");
}

/// What the test itself asks for on the worker's thread: the word to the client.
const SENT_GO: u64 = 1;
