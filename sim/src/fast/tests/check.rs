//! Active health checks on a network: what an endpoint says, what a check makes of it, and how its
//! connection ends.

use crate::fast::{Executor, Fast, FastStream};
use std::{
    cell::RefCell, collections::VecDeque, future::poll_fn, io::IoSlice, net::SocketAddr, rc::Rc,
    sync::Arc,
};
use tidegate::{
    check::{Checks, Known},
    config::{Ask, Health, Request, Share, Statuses},
    drain::Drain,
    linger::Lingering,
    members::{Change, Member, Roster},
    net::{Buffers, Listener, Network, Stream},
    observe::Observer,
    pool::Pool,
};
use tidegate_core::{
    health::{Initial, Plan},
    time::{Span, Time},
};

const PLAN: Plan = Plan {
    interval: Span::from_secs(5),
    fast: Span::from_secs(1),
    timeout: Span::from_secs(2),
    rise: 2,
    fall: 3,
    initial: Initial::Up,
};

/// What an endpoint does with one connection.
#[derive(Clone, Copy)]
enum Does {
    Says(&'static str),
    /// The same, and then its FIN.
    Ends(&'static str),
    Resets,
}

const GOOD: Does = Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const BAD: Does = Does::Ends("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");

/// An endpoint behind a list of what it does, and who checks it.
struct Scene {
    fast: Fast,
    tasks: Executor,
    checks: Checks,
    /// Changes of who gets work.
    told: Rc<RefCell<Vec<bool>>>,
    /// What the endpoint was asked first, and how each of its connections ended.
    asked: Rc<RefCell<Option<String>>>,
    ends: Rc<RefCell<Vec<&'static str>>>,
}

fn http(body: Option<&str>) -> Ask {
    Ask::Http(Request {
        path: "/healthz".to_owned(),
        host: None,
        status: Statuses::default(),
        body: body.map(str::to_owned),
    })
}

impl Scene {
    /// Once it has done all it does, nobody listens there any more.
    fn new(ask: Ask, does: &[Does]) -> Scene {
        let fast = Fast::new(2);
        let address: SocketAddr = (fast.host(1).address(), 9).into();
        let member = Member {
            authority: "db1:9".into(),
            address: address.into(),
            expected: None,
            share: Share::default(),
            up: true,
            change: Change::default(),
            nth: 0,
        };
        let checks = Checks {
            cluster: "db".into(),
            health: Health { plan: PLAN, ask },
            buffers: Buffers::default(),
            origin: None,
            roster: Roster::new(vec![member]),
            known: Arc::new(Known::default()),
        };
        let mut scene = Scene {
            fast,
            tasks: Executor::new(),
            checks,
            told: Rc::default(),
            asked: Rc::default(),
            ends: Rc::default(),
        };
        scene.endpoint(address, does);
        scene.listener();
        scene.checker();
        scene
    }

    fn endpoint(&mut self, address: SocketAddr, does: &[Does]) {
        let mut listener = self
            .fast
            .host(1)
            .listen(address, Buffers::default())
            .unwrap();
        let mut does: VecDeque<Does> = does.iter().copied().collect();
        let (ends, asked) = (Rc::clone(&self.ends), Rc::clone(&self.asked));
        self.tasks.spawn(async move {
            while let Some(does) = does.pop_front() {
                let mut stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
                let text = match does {
                    Does::Says(text) | Does::Ends(text) => text,
                    Does::Resets => {
                        stream.reset();
                        continue;
                    }
                };
                if text.starts_with("HTTP") {
                    let request = head(&mut stream).await;
                    asked.borrow_mut().get_or_insert(request);
                }
                say(&mut stream, text).await;
                if matches!(does, Does::Ends(_)) {
                    poll_fn(|cx| stream.poll_finish(cx)).await.unwrap();
                }
                let end = end(&mut stream).await;
                ends.borrow_mut().push(end);
                stream.close();
            }
        });
    }

    fn listener(&mut self) {
        let mut news = self.checks.roster.news();
        let told = Rc::clone(&self.told);
        self.tasks.spawn(async move {
            while news.changed().await.is_ok() {
                told.borrow_mut().push(news.borrow_and_update().all[0].up);
            }
        });
    }

    fn checker(&mut self) {
        let net = self.fast.host(0);
        let pool = Pool::new(
            net.clone(),
            Lingering::new(9),
            Drain::default(),
            Observer::default(),
        );
        let member = self.checks.roster.members().all[0].clone();
        let checks = self.checks.clone();
        self.tasks.spawn(checks.run(net, pool, member, 7));
    }

    fn run(&mut self, span: Span) {
        super::run(&self.fast, &mut self.tasks, span);
    }

    fn told(&self) -> Vec<bool> {
        self.told.borrow().clone()
    }

    fn ends(&self) -> Vec<&'static str> {
        self.ends.borrow().clone()
    }
}

async fn head(stream: &mut FastStream) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        let mut buf = [0; 512];
        let bytes = poll_fn(|cx| stream.poll_read(cx, &mut buf)).await.unwrap();
        assert_ne!(bytes, 0, "it ends before it has asked");
        heard.extend_from_slice(&buf[..bytes]);
    }
    String::from_utf8(heard).unwrap()
}

async fn say(stream: &mut FastStream, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let bufs = [IoSlice::new(rest)];
        let Ok(written) = poll_fn(|cx| stream.poll_write(cx, &bufs)).await else {
            return;
        };
        rest = &rest[written..];
    }
}

async fn end(stream: &mut FastStream) -> &'static str {
    let mut buf = [0; 512];
    loop {
        match poll_fn(|cx| stream.poll_read(cx, &mut buf)).await {
            Ok(0) => return "fin",
            Ok(_) => {}
            Err(_) => return "reset",
        }
    }
}

#[test]
fn an_endpoint_that_answers_is_up_and_never_sees_a_reset() {
    let mut scene = Scene::new(http(None), &[GOOD; 4]);
    scene.run(Span::from_secs(13));
    assert_eq!(scene.told(), [false; 0], "up it was from the start on");
    assert_eq!(scene.ends(), ["fin"; 3]);
    let asked = scene.asked.borrow().clone().unwrap();
    assert!(
        asked.starts_with("GET /healthz HTTP/1.1\r\nhost: db1:9\r\n"),
        "{asked}"
    );
    // Whoever checks next begins with what was found out.
    let known = scene.checks.clone();
    let mut member = known.roster.members().all[0].clone();
    assert!(known.is_up(&member));
    member.authority = "db2:9".into();
    assert!(known.is_up(&member), "nothing is known of that one");
}

/// A fall of 3 and a rise of 2, after a first result that decides at once.
#[test]
fn it_goes_down_and_comes_up_after_so_many_in_a_row() {
    let script = [BAD, GOOD, BAD, GOOD, GOOD, BAD, BAD, GOOD, BAD, BAD, BAD];
    let mut scene = Scene::new(http(None), &script);
    scene.run(Span::from_ms(1_100));
    assert_eq!(scene.told(), [false], "the first result");
    scene.run(Span::from_secs(13));
    assert_eq!(scene.told(), [false, true]);
    scene.run(Span::from_secs(22));
    assert_eq!(scene.told(), [false, true, false]);
    assert!(
        scene.ends().iter().all(|end| *end == "fin"),
        "{:?}",
        scene.ends()
    );
}

#[test]
fn silence_is_a_failure_once_the_time_is_up() {
    let mut scene = Scene::new(http(None), &[Does::Says("HTTP/1.1 200 O")]);
    scene.run(Span::from_ms(1_990));
    assert_eq!(scene.told(), [false; 0]);
    scene.run(Span::from_ms(1_100));
    assert_eq!(scene.told(), [false]);
    assert_eq!(scene.ends(), ["reset"], "given up, not finished");
}

#[test]
fn whatever_is_no_answer_is_a_failure() {
    for does in [
        Does::Resets,
        Does::Ends("HTTP/1.1 200 OK\r\nContent-Le"),
        Does::Ends("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        Does::Ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n"),
    ] {
        let mut scene = Scene::new(http(None), &[does]);
        scene.run(Span::from_ms(1_100));
        assert_eq!(scene.told(), [false]);
    }
    // Nobody listens there.
    let mut scene = Scene::new(http(None), &[]);
    scene.run(Span::from_ms(1_100));
    assert_eq!(scene.told(), [false]);
}

#[test]
fn an_interim_response_is_not_the_answer() {
    let does = Does::Ends("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 No\r\n\r\n");
    let mut scene = Scene::new(http(None), &[does]);
    scene.run(Span::from_ms(1_100));
    assert_eq!(scene.told(), [false]);
}

#[test]
fn a_body_must_contain_what_is_asked_for() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nre\r\n3\r\nady\r\n0\r\n\r\n";
    for (does, up) in [
        (
            Does::Says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nready.\n"),
            true,
        ),
        (Does::Says(chunked), true),
        (Does::Ends("HTTP/1.1 200 OK\r\n\r\nit is ready"), true),
        (GOOD, false),
        (
            Does::Ends("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nready"),
            false,
        ),
    ] {
        let mut scene = Scene::new(http(Some("ready")), &[does]);
        scene.run(Span::from_ms(1_100));
        let told: &[bool] = if up { &[] } else { &[false] };
        assert_eq!(scene.told(), told);
        assert_eq!(scene.ends(), ["fin"]);
    }
}

#[test]
fn of_an_endless_body_only_so_much_is_looked_at() {
    let zeros: &'static str = "0".repeat(100_000).leak();
    let text = format!("HTTP/1.1 200 OK\r\n\r\n{zeros}ready").leak();
    let mut scene = Scene::new(http(Some("ready")), &[Does::Says(text)]);
    scene.run(Span::from_ms(2_500));
    assert_eq!(scene.told(), [false], "it lies behind the first 64 KiB");
    assert_eq!(scene.ends(), ["fin"], "the rest is heard out");
}

#[test]
fn where_nothing_is_asked_a_connection_is_enough() {
    let mut scene = Scene::new(Ask::Connect, &[Does::Says("220 hello\r\n"), Does::Says("")]);
    scene.run(Span::from_secs(7));
    assert_eq!(scene.told(), [false; 0]);
    assert_eq!(scene.ends(), ["fin"; 2]);
    // Then nobody listens any more.
    scene.run(Span::from_secs(9));
    assert_eq!(scene.told(), [false]);
    assert!(scene.fast.now() > Time::from_ms(9_000));
}
