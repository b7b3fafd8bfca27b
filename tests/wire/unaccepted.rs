//! A request that crosses the end of the idle connection it is sent on, and of which the origin's kernel
//! has taken nothing (LIFECYCLE U02, K23).
//!
//! Owns a network of its own, in which the way to the first origin is cut, and not the way back: what is
//! sent there is lost, and what comes from there is heard.

use crate::{
    apart::{self, ip},
    harness::{Proxy, Scratch},
    keys::{Authority, Leaf},
    peers::{End, Last, Origin, Peer, Raw},
    secure::Secure,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &[u8] = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nonce";
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// The first origin's address, which is nobody else's, and known to the network as one that may send.
const KNOWN: [&str; 2] = [
    "addr add 127.0.0.2/32 dev lo",
    "route replace local 127.0.0.2/32 dev lo table local src 127.0.0.1",
];

/// What is sent there is lost from now on.
const CUT: &str = "route replace blackhole 127.0.0.2/32 table local";

/// Two origins, of which the second is only used while the first cannot be had.
struct Stage {
    first: Origin,
    second: Origin,
    proxy: Proxy,
}

impl Stage {
    fn new(rest: &str) -> Stage {
        ip("link set lo up");
        KNOWN.into_iter().for_each(ip);
        let [first, second] = ["127.0.0.2:0", "127.0.0.3:0"].map(Origin::at);
        let [one, other] = [&first, &second].map(Origin::address);
        let proxy = Proxy::of_file(format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
            [[cluster]]\nname = \"c\"\n\
            endpoints = [\"{one}\", {{ address = \"{other}\", tier = 1 }}]\n{rest}\n"
        ));
        Stage {
            first,
            second,
            proxy,
        }
    }

    /// A request that is not to be sent twice, behind one that was answered on the same connection: `shake`
    /// is what an origin does first, and `ends` how the first one ends while the request is on its way.
    fn crosses<P: Peer>(self, shake: impl Fn(Raw) -> P, ends: impl Fn(&mut P)) {
        let mut client = self.proxy.client();
        client.say(GET);
        let raw = self.first.accept();
        let leg = raw.leg();
        let mut up = shake(raw);
        assert_eq!(up.message().line(), "GET /a HTTP/1.1");
        up.say(HELLO);
        assert_eq!(client.message().body, b"hello");
        // Its kernel would hold the end back behind what nobody has acknowledged.
        leg.until_read();
        ip(CUT);
        client.say(POST);
        leg.until_stuck();
        ends(&mut up);
        let mut up = shake(self.second.accept());
        let again = up.message();
        assert_eq!(
            (again.line(), &again.body[..]),
            ("POST /b HTTP/1.1", &b"once"[..])
        );
        up.say(HELLO);
        assert_eq!(client.message().status(), 200);
        client.fin();
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
}

#[test]
fn u02_a_post_that_crosses_a_fin_is_sent_again() {
    let name = "unaccepted::u02_a_post_that_crosses_a_fin_is_sent_again";
    apart::plays(name, "U02", || {
        Stage::new("").crosses(|raw| raw, |up: &mut Raw| up.fin());
    });
}

#[test]
fn u02_a_post_that_crosses_close_notify_and_fin_is_sent_again() {
    let name = "unaccepted::u02_a_post_that_crosses_close_notify_and_fin_is_sent_again";
    apart::plays(name, "U02", || {
        let (files, authority) = (Scratch::new(), Authority::new("origins'"));
        let ca = authority.file(&files, "ca.pem");
        let leaf: Leaf = authority.leaf("localhost");
        let tls = format!(
            "tls = {{ ca = \"{}\", server_name = \"localhost\" }}",
            ca.display()
        );
        let shake = |raw| Secure::serve(raw, &leaf.server(None));
        Stage::new(&tls).crosses(shake, Secure::close);
    });
}
