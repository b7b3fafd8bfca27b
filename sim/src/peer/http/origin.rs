//! The HTTP origin: reads requests, whole and verified, and answers each as the schedule says.

use super::{
    Asked, Connections, Http, Message, MessageEnd,
    read::{Framing, Reading, Stop, framing},
    request_payload, write,
};
use crate::{
    peer::{
        Progress, SharedLog,
        conn::Conn,
        relay::{self, Peer},
    },
    schedule::{Carrier, Cut, CutBy, Exchange, Script, SocketBytes, Step},
};
use std::{net::SocketAddr, rc::Rc};
use tidegate::net::Network;

/// An origin that listens at `address` and answers every connection.
pub async fn origin<N: Network>(
    net: N,
    address: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    script: Script,
    http: Http,
    logs: Connections,
) {
    let tls = carrier != Carrier::Tcp;
    relay::accept_all(net, address, bytes, carrier, |conn| {
        logs.borrow_mut().push(SharedLog::clone(&conn.log));
        let mut log = http.log.borrow_mut();
        let connection = log.idle.len();
        log.idle.push(true);
        let (http, script) = (http.clone(), script.clone());
        async move {
            let origin = Origin {
                conn: &conn,
                http: &http,
                connection,
                tunnel: Peer::origin(&conn),
                left: Progress::default(),
            };
            let serve = async {
                conn.sleep(script.reader.delay_ms).await;
                let mut reading = Reading::new(&conn, script.reader, tls);
                origin.serve(&mut reading).await;
            };
            conn.run(origin.write(&script.writer), serve).await;
        }
    })
    .await;
}

struct Origin<'a, N: Network> {
    conn: &'a Conn<N>,
    http: &'a Http,
    connection: usize,
    /// What follows an exchange that leaves HTTP.
    tunnel: Peer<'a, N>,
    /// All requests are read, or HTTP is left.
    left: Progress,
}

/// Whether the connection serves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Next,
    Leave,
    Finish,
    Gone,
}

impl<N: Network> Origin<'_, N> {
    fn idle(&self, idle: bool) {
        self.http.log.borrow_mut().idle[self.connection] = idle;
    }

    /// Writes what follows an exchange that leaves HTTP, if one does.
    async fn write(&self, steps: &[Step]) {
        self.left.reach(1).await;
        let tunnel = self.http.log.borrow().tunnel;
        if tunnel == Some(self.connection) {
            self.tunnel.write(steps).await;
        }
    }

    async fn serve(&self, reading: &mut Reading<'_, N>) {
        self.answer_all(reading).await;
        self.left.to(1);
    }

    /// HTTP is left: what follows is read and written as a relay's origin does.
    fn leave(&self) {
        let mut log = self.http.log.borrow_mut();
        log.switched[1] = Some(self.conn.net.now());
        log.tunnel = Some(self.connection);
        self.left.to(1);
    }

    async fn answer_all(&self, reading: &mut Reading<'_, N>) {
        loop {
            self.idle(true);
            let head = reading.head().await;
            self.idle(false);
            let then = match head {
                Ok(message) => self.exchange(reading, message).await,
                Err(Stop::Before(closed)) if closed.is_clean() => Then::Finish,
                Err(Stop::Before(_)) => Then::Gone,
                Err(Stop::Closed(closed)) => {
                    self.asked(Message::without_head(MessageEnd::Cut(closed)), None, false);
                    Then::Finish
                }
                Err(Stop::Malformed(what)) => {
                    let end = MessageEnd::Malformed(what);
                    self.asked(Message::without_head(end), None, false);
                    Then::Finish
                }
            };
            match then {
                Then::Next => {}
                Then::Leave => {
                    let (first, pace) = reading.leave();
                    self.leave();
                    self.tunnel.read(pace, &first).await;
                    return;
                }
                Then::Finish => {
                    self.conn.end(Step::CloseNotify).await;
                    self.conn.end(Step::Fin).await;
                    reading.drain().await;
                    return;
                }
                Then::Gone => return,
            }
        }
    }

    fn asked(&self, message: Message, exchange: Option<usize>, answered: bool) {
        let connection = self.connection;
        self.http.log.borrow_mut().asked.push(Asked {
            exchange,
            connection,
            message,
            answered,
        });
    }

    /// One request, whose head has been read, and its response.
    async fn exchange(&self, reading: &mut Reading<'_, N>, mut message: Message) -> Then {
        let number = message.exchange();
        let exchanges = Rc::clone(&self.http.exchanges);
        let known = number.and_then(|number| Some((number, exchanges.get(number)?)));
        let (Some((number, exchange)), Ok(found)) = (known, framing(&message, Framing::Nothing))
        else {
            message.end = MessageEnd::Malformed("a request nobody has made".to_owned());
            self.asked(message, number, false);
            return Then::Finish;
        };
        let response = &exchange.response;
        if let Some(status) = response.interim {
            self.conn.write_all(&write::interim(status)).await;
        }
        let payload = request_payload(number);
        if !response.early {
            reading.body(&mut message, found, payload).await;
            if message.end != MessageEnd::Complete {
                self.asked(message, Some(number), false);
                return Then::Finish;
            }
        }
        self.conn.sleep(response.delay_ms).await;
        let (whole, cut) = self.respond(number, exchange).await;
        if response.early && cut != Some(CutBy::Reset) && whole {
            reading.body(&mut message, found, payload).await;
        }
        let keep = response.keep && !message.closes() && message.end == MessageEnd::Complete;
        self.asked(message, Some(number), whole);
        match cut {
            Some(CutBy::Reset) => Then::Gone,
            Some(CutBy::Fin) => Then::Finish,
            None if whole && exchange.switches() => Then::Leave,
            None if keep && whole => Then::Next,
            None => Then::Finish,
        }
    }

    /// Writes the response as far as it goes; whether it could, and what cut it.
    async fn respond(&self, number: usize, exchange: &Exchange) -> (bool, Option<CutBy>) {
        let pieces = write::response(number, exchange);
        let total: usize = pieces.iter().map(Vec::len).sum();
        let cut = exchange
            .response
            .cut
            .filter(|cut| (cut.at as usize) <= total);
        let mut left = cut.map_or(total, |cut| cut.at as usize);
        for piece in pieces {
            let piece = &piece[..piece.len().min(left)];
            left -= piece.len();
            if !piece.is_empty() && !self.conn.write_all(piece).await {
                return (false, None);
            }
        }
        if let Some(Cut {
            by: CutBy::Reset, ..
        }) = cut
        {
            if left == 0 && cut.is_some_and(|cut| cut.at as usize == total) {
                // K18: what has not arrived would not.
                self.conn.arrived().await;
            }
            self.conn.end(Step::Reset).await;
        }
        (true, cut.map(|cut| cut.by))
    }
}
