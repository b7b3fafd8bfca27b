//! The HTTP client: asks, one after the other or all at once, and reads what it is answered.

use super::{
    Answer, Closed, Http, Message, MessageEnd,
    read::{Framing, Reading, Stop, framing},
    request_cut, request_lengths, response_payload, write,
};
use crate::{
    peer::{
        Progress, SharedLog,
        conn::Conn,
        relay::{self, Peer},
    },
    schedule::{Carrier, CutBy, Exchange, Method, Script, SocketBytes, Step},
};
use std::net::SocketAddr;
use tidegate::net::Network;

/// A client that asks `http`'s exchanges of `proxy`, and then does as `script` says.
#[expect(
    clippy::too_many_arguments,
    reason = "a peer is all that a schedule says of it"
)]
pub async fn client<N: Network>(
    net: N,
    proxy: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    script: Script,
    pipelined: bool,
    http: Http,
    log: SharedLog,
) {
    if let Some(conn) = relay::open(net, proxy, bytes, carrier, log).await {
        let client = Client {
            conn: &conn,
            http: &http,
            pipelined,
            answered: Progress::default(),
            invited: Progress::default(),
            tunnel: Peer::client(&conn),
        };
        let write = client.write(&script.writer);
        let mut reading = Reading::new(&conn, script.reader, carrier != Carrier::Tcp);
        let read = async {
            conn.sleep(script.reader.delay_ms).await;
            client.read(&mut reading).await;
        };
        conn.run(write, read).await;
    }
}

struct Client<'a, N: Network> {
    conn: &'a Conn<N>,
    http: &'a Http,
    pipelined: bool,
    /// Answers complete; all of them when no more will come.
    answered: Progress,
    /// Requests whose body may be sent, counted from the first.
    invited: Progress,
    /// What follows the last exchange, if that leaves HTTP.
    tunnel: Peer<'a, N>,
}

impl<N: Network> Client<'_, N> {
    async fn write(&self, last_steps: &[Step]) {
        for (number, exchange) in self.http.exchanges.iter().enumerate() {
            if !self.pipelined {
                self.answered.reach(number).await;
            }
            if self.answered.is(usize::MAX) {
                break; // nobody answers any more
            }
            let Some(whole) = self.ask(number, exchange).await else {
                return;
            };
            self.http.log.borrow_mut().requests_sent += usize::from(whole);
            if let Some(cut) = request_cut(number, &exchange.request) {
                return self.break_off(cut.by, whole, last_steps).await;
            }
        }
        if !self.pipelined {
            self.answered.reach(self.http.exchanges.len()).await;
        }
        if self.may_say_more() {
            return self.tunnel.write(last_steps).await;
        }
        self.go_on(last_steps).await;
    }

    /// Ends inside a request, or right behind a whole one. What the steps have behind their own FIN
    /// follows this one.
    async fn break_off(&self, by: CutBy, whole: bool, last_steps: &[Step]) {
        match by {
            CutBy::Reset => {
                if whole {
                    // K18: what has not arrived would not.
                    self.conn.arrived().await;
                }
                self.conn.end(Step::Reset).await;
            }
            CutBy::Fin => {
                let mut steps = last_steps.split(|step| *step == Step::Fin);
                let behind = steps.nth(1).unwrap_or_default();
                if self.conn.end(Step::CloseNotify).await && self.conn.end(Step::Fin).await {
                    self.go_on(behind).await;
                }
            }
        }
    }

    /// Does what follows the last exchange, or the last request.
    async fn go_on(&self, steps: &[Step]) {
        for step in steps {
            let goes_on = match step {
                Step::Sleep(ms) => {
                    self.conn.sleep(*ms).await;
                    true
                }
                Step::AwaitEof => {
                    self.tunnel.ended.reach(1).await;
                    true
                }
                Step::Write(_) | Step::CloseNotify | Step::Fin | Step::Reset | Step::Hang => {
                    self.conn.end(*step).await
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Whether payload may follow the last request: HTTP is left, or may be and nobody waits.
    fn may_say_more(&self) -> bool {
        let log = self.http.log.borrow();
        let exchanges = &self.http.exchanges;
        let leaves = exchanges.last().is_some_and(Exchange::switches);
        let asked = log.requests_sent == exchanges.len();
        leaves && asked && (self.pipelined || log.switched[0].is_some())
    }

    /// Writes a request as far as it goes; whether that is all of it, or `None` if it could not.
    async fn ask(&self, number: usize, exchange: &Exchange) -> Option<bool> {
        let request = &exchange.request;
        let now = self.conn.net.now();
        self.http.log.borrow_mut().asked_at.push(now);
        let cut = request_cut(number, request);
        let mut left = cut.map_or(usize::MAX, |cut| cut.at as usize);
        let head = write::request_head(number, request);
        let head = &head[..head.len().min(left)];
        left -= head.len();
        if !self.conn.write_all(head).await {
            return None;
        }
        // H15: who breaks off before the body waits for no leave to send it.
        if request.expect && left > 0 {
            self.invited.reach(number + 1).await;
        }
        for piece in write::request_body(number, request) {
            let piece = &piece[..piece.len().min(left)];
            left -= piece.len();
            if !piece.is_empty() && !self.conn.write_all(piece).await {
                return None;
            }
        }
        let (total, _) = request_lengths(number, request);
        Some(cut.is_none_or(|cut| cut.at as usize == total))
    }

    async fn read(&self, reading: &mut Reading<'_, N>) {
        let mut whole = true;
        for (number, exchange) in self.http.exchanges.iter().enumerate() {
            let answer = self.answer(reading, number, exchange).await;
            let Some(answer) = answer else {
                break;
            };
            whole = answer.message.end == MessageEnd::Complete;
            let over = !whole || answer.message.closes();
            let switches = exchange.switches()
                && whole
                && answer.message.exchange() == Some(number)
                && answer.status == Some(exchange.response.status);
            self.http.log.borrow_mut().answers.push(answer);
            self.invited.to(number + 1);
            if switches {
                return self.leave(reading, number).await;
            }
            if exchange.switches() {
                // It was refused its tunnel, and waits for no end of it: the connection may stay.
                self.tunnel.ended.to(1);
            }
            self.answered.to(number + 1);
            if over {
                break;
            }
        }
        // Behind a message that was cut, what is left is the rest of it.
        let excess = reading.drain().await && whole;
        self.http.log.borrow_mut().excess |= excess;
        self.invited.to(usize::MAX);
        self.answered.to(usize::MAX);
        self.tunnel.ended.to(1);
    }

    /// HTTP is left: what follows is read as a relay's client reads.
    async fn leave(&self, reading: &mut Reading<'_, N>, number: usize) {
        self.http.log.borrow_mut().switched[0] = Some(self.conn.net.now());
        let (first, pace) = reading.leave();
        self.answered.to(number + 1);
        self.tunnel.read(pace, &first).await;
        self.answered.to(usize::MAX);
    }

    /// Reads one response with its interims; `None` if not a byte of it came.
    async fn answer(
        &self,
        reading: &mut Reading<'_, N>,
        number: usize,
        exchange: &Exchange,
    ) -> Option<Answer> {
        let mut interims = Vec::new();
        loop {
            let mut message = match reading.head().await {
                Ok(message) => message,
                Err(Stop::Before(_)) if interims.is_empty() => return None,
                Err(stop) => return Some(headless(interims, stop)),
            };
            let status = status(&message.start);
            let switches = exchange.switches() && status == Some(exchange.response.status);
            if let Some(interim) = status.filter(|status| *status < 200 && !switches) {
                interims.push(interim);
                if interim == 100 {
                    self.invited.to(number + 1);
                }
                continue;
            }
            let bodyless = exchange.request.method == Method::Head;
            let bodyless = bodyless || switches || matches!(status, Some(204 | 304));
            match framing(&message, Framing::UntilClose) {
                _ if status.is_none() => message.end = malformed("no status line"),
                Err(what) => message.end = MessageEnd::Malformed(what),
                Ok(found) => {
                    let found = if bodyless { Framing::Nothing } else { found };
                    let payload = response_payload(number);
                    reading.body(&mut message, found, payload).await;
                }
            }
            return Some(Answer {
                interims,
                status,
                message,
            });
        }
    }
}

fn malformed(what: &str) -> MessageEnd {
    MessageEnd::Malformed(what.to_owned())
}

fn headless(interims: Vec<u16>, stop: Stop) -> Answer {
    let end = match stop {
        Stop::Before(closed) | Stop::Closed(closed) => MessageEnd::Cut(closed),
        Stop::Malformed(what) => MessageEnd::Malformed(what),
    };
    Answer {
        interims,
        status: None,
        message: Message::without_head(end),
    }
}

impl Message {
    /// What is known of a message whose head never ended.
    pub(super) fn without_head(end: MessageEnd) -> Message {
        Message {
            start: String::new(),
            fields: Vec::new(),
            bytes: 0,
            differs_at: None,
            trailers: Vec::new(),
            end,
            times: [None; 2],
        }
    }
}

impl Closed {
    /// Whether nothing was lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Closed::Clean
    }
}

/// `HTTP/1.1 200 Reason`.
fn status(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.")?;
    let (version, rest) = rest.split_once(' ')?;
    let (digits, _reason) = rest.split_once(' ')?;
    let good = matches!(version, "0" | "1") && digits.len() == 3;
    digits.parse().ok().filter(|status| good && *status >= 100)
}
