//! Which of several endpoints gets a request.

use crate::{
    exchange::{GET, OK},
    harness::{PATIENCE, Proxy, Scratch},
    keys::Authority,
    peers::{End, Origin, Peer, Raw},
    secure::Secure,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A proxy before two origins.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    pub(crate) origins: [Origin; 2],
}

impl Stage {
    fn new(balance: &str) -> Stage {
        Stage::of("http", balance)
    }

    fn of(kind: &str, cluster: &str) -> Stage {
        let origins = [Origin::new(), Origin::new()];
        let [one, other] = [&origins[0], &origins[1]].map(Origin::address);
        let proxy = Proxy::of_file(format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"l\"\nkind = \"{kind}\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
            [[cluster]]\nname = \"c\"\nendpoints = [\"{one}\", \"{other}\"]\n{cluster}\n"
        ));
        Stage { proxy, origins }
    }

    /// A request that is not answered yet: who asked, and which origin has it.
    pub(crate) fn asks(&self) -> (Raw, usize, Raw) {
        let mut client = self.proxy.client();
        client.say(GET);
        let (at, up) = self.next();
        (client, at, up)
    }

    /// The next request that an origin gets: which one, and its connection.
    pub(crate) fn next(&self) -> (usize, Raw) {
        let (at, mut up) = self.reached();
        up.message();
        (at, up)
    }

    /// The next connection that an origin gets.
    fn reached(&self) -> (usize, Raw) {
        let origins = self.origins.each_ref();
        let mut all = origins.map(|origin| PollFd::new(origin.listener(), PollFlags::IN));
        let most = Timespec::try_from(PATIENCE).unwrap();
        let ready = poll(&mut all, Some(&most)).unwrap();
        assert!(ready > 0, "no origin gets a connection");
        let is_ready = |one: &PollFd<'_>| one.revents().contains(PollFlags::IN);
        let at = all.iter().position(is_ready).unwrap();
        (at, self.origins[at].accept())
    }
}

/// The default. With two endpoints both are always compared.
#[test]
fn least_request_goes_where_less_is_under_way() {
    let stage = Stage::new("");
    for _ in 0..8 {
        let (mut client, busy, mut up) = stage.asks();
        let (mut second, other, mut second_up) = stage.asks();
        assert_ne!(other, busy);
        // One each: either may be next, and the one behind that goes to the other again.
        let (mut third, at, mut third_up) = stage.asks();
        let (mut fourth, last, mut fourth_up) = stage.asks();
        assert_ne!(at, last);
        // What is over is counted no longer: closed here, so that nobody takes it from the pool.
        for up in [&mut up, &mut second_up, &mut third_up, &mut fourth_up] {
            up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        }
        for client in [&mut client, &mut second, &mut third, &mut fourth] {
            assert_eq!(client.message().body, b"ok");
        }
    }
}

#[test]
fn an_endpoint_that_a_request_has_left_is_chosen_again() {
    let stage = Stage::new("balance = \"least-request\"");
    let (_first, busy, _first_up) = stage.asks();
    // Clients stay: it is the request that counts, not who made it.
    let mut stay = Vec::new();
    for _ in 0..8 {
        let (mut client, at, mut up) = stage.asks();
        assert_ne!(at, busy, "it has one, the other none");
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
        stay.push(client);
    }
}

#[test]
fn round_robin_takes_each_in_turn() {
    let stage = Stage::new("balance = \"round-robin\"");
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(stage.asks());
    }
    let turns: Vec<usize> = held.iter().map(|(_, at, _)| *at).collect();
    assert!(turns.windows(2).all(|two| two[0] != two[1]), "{turns:?}");
    for (client, _, up) in &mut held {
        up.say(OK);
        assert_eq!(client.message().body, b"ok");
    }
}

/// Five failures in a row: from then on the other one is asked.
#[test]
fn an_endpoint_that_keeps_failing_is_left_alone() {
    let stage = Stage::new("balance = \"round-robin\"");
    for n in 0..16 {
        let (mut client, at, mut up) = stage.asks();
        assert!(n < 10 || at == 1, "request {n} at the one that has failed");
        let status = if at == 0 {
            "503 Service Unavailable"
        } else {
            "200 OK"
        };
        let close = "Connection: close\r\nContent-Length: 2\r\n\r\nok";
        up.say(format!("HTTP/1.1 {status}\r\n{close}").as_bytes());
        assert_eq!(client.message().body, b"ok", "it is passed on all the same");
    }
}

/// It accepts, and is not whom its certificate would have to name. For a relay too that is a failure,
/// though it was connected to.
#[test]
fn an_endpoint_that_fails_its_handshakes_is_left_alone() {
    let files = Scratch::new();
    let authority = Authority::new("origin's");
    let ca = authority.file(&files, "ca.pem");
    let stage = Stage::of(
        "tcp",
        &format!(
            "balance = \"round-robin\"\ntls = {{ ca = \"{}\", server_name = \"localhost\" }}",
            ca.display()
        ),
    );
    let names = ["elsewhere.example", "localhost"];
    let servers = names.map(|name| authority.leaf(name).server(None));
    for n in 0..16 {
        let mut client = stage.proxy.client();
        let (at, up) = stage.reached();
        assert!(
            n < 10 || at == 1,
            "connection {n} to the one that has failed"
        );
        match Secure::try_serve(up, &servers[at]) {
            Ok(mut up) => {
                up.say(b"hello");
                assert_eq!(client.hear(5), b"hello");
            }
            // Only then has the proxy heard of it for sure.
            Err(_) => assert_eq!(client.last().end, End::Reset),
        }
    }
}

/// Nobody listens there: the request is answered by another one, and soon nobody is sent there first.
#[test]
fn an_endpoint_that_is_not_there_costs_no_request() {
    let origin = Origin::new();
    let gone = Origin::new().address();
    let here = origin.address();
    let proxy = Proxy::of_file(format!(
        "defaults = \"2026\"\nworkers = 1\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{gone}\", \"{here}\"]\n"
    ));
    for _ in 0..20 {
        let mut client = proxy.client();
        client.say(GET);
        let (stream, _) = origin.listener().accept().unwrap();
        let mut up = Raw::of(stream);
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    }
}

/// Each may have one at a time: the third is told so, and once one is over the next is answered.
#[test]
fn who_finds_all_endpoints_at_their_limits_is_told_so() {
    let origins = [Origin::new(), Origin::new()];
    let [one, other] = [&origins[0], &origins[1]].map(Origin::address);
    let table = |address| format!("{{ address = \"{address}\", max_connections = 1 }}");
    let stage = Stage {
        proxy: Proxy::of_file(format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
            [[cluster]]\nname = \"c\"\nendpoints = [{}, {}]\nqueue = \"off\"\n",
            table(one.to_string()),
            table(other.to_string()),
        )),
        origins,
    };
    let (mut first, at, mut first_up) = stage.asks();
    let (_second, other, _second_up) = stage.asks();
    assert_ne!(at, other, "one each");
    let mut third = stage.proxy.client();
    third.say(GET);
    let refused = third.message();
    assert!(refused.head.starts_with("HTTP/1.1 503"), "{}", refused.head);
    assert!(
        refused.head.contains("connection_limit_reached"),
        "{}",
        refused.head
    );
    first_up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(first.message().body, b"ok");
    let (_fourth, next, _fourth_up) = stage.asks();
    assert_eq!(next, at, "the one that has room again");
}

/// Requests of one user go to one endpoint, whoever's connection they come by.
#[test]
fn maglev_sends_a_user_to_one_endpoint() {
    let stage = Stage::new("balance = { maglev = { header = \"x-user\" } }");
    let mut seen = [false; 2];
    for user in 0..16 {
        let ask = || {
            let mut client = stage.proxy.client();
            client.say(format!("GET / HTTP/1.1\r\nHost: h\r\nX-User: {user}\r\n\r\n").as_bytes());
            let (at, mut up) = stage.next();
            up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            assert_eq!(client.message().body, b"ok");
            at
        };
        let at = ask();
        seen[at] = true;
        assert!((0..3).all(|_| ask() == at), "user {user}");
    }
    assert_eq!(seen, [true; 2], "users are shared among them");
}

#[test]
fn a_request_that_is_sent_again_for_its_status_goes_to_another_endpoint() {
    let stage = Stage::new("retries = { statuses = [503] }\nejection = \"off\"");
    for _ in 0..4 {
        let (mut client, first, mut up) = stage.asks();
        up.say(b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let (second, mut up) = stage.next();
        assert_ne!(first, second);
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    }
}
