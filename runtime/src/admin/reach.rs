//! Reaching a running process: at its Unix socket, by HTTP, or by HTTP over TLS.
//!
//! It owns whom the commands that ask trust, and what they show of themselves. It waits for a connection
//! and for the beginning of an answer.

use super::usual::asked_path;
use crate::{
    clock::WallTime,
    config::CertificateFiles,
    message::{Code, Message},
    tls::{files, origin, provider::provider},
};
use http_body_util::Empty;
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use rustls::{AlertDescription, pki_types::ServerName, time_provider::TimeProvider};
use std::{error::Error, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where a process is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// At the usual Unix socket.
    Usual,
    /// At this one.
    Unix(PathBuf),
    /// By HTTP.
    Http(SocketAddr),
    /// By HTTP over TLS.
    Https(Box<Https>),
}

/// Where a process is asked over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Https {
    /// The name that its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who may have signed its certificate; those whom the system trusts if not given.
    pub ca: Option<PathBuf>,
    /// What is shown to it, if it asks.
    pub identity: Option<CertificateFiles>,
}

/// The same, with all that is needed.
pub(super) enum Reach {
    Unix(PathBuf),
    Http(SocketAddr),
    Https {
        host: String,
        port: u16,
        name: ServerName<'static>,
        connector: TlsConnector,
    },
}

impl Reach {
    /// Reads the files that it takes.
    pub(super) fn open(at: &Where) -> Result<Reach, Message> {
        Ok(match at {
            Where::Usual => Reach::Unix(asked_path()),
            Where::Unix(path) => Reach::Unix(path.clone()),
            Where::Http(address) => Reach::Http(*address),
            Where::Https(https) => {
                let provider = provider();
                let time: Arc<dyn TimeProvider> = Arc::new(WallTime);
                let roots = match &https.ca {
                    Some(path) => files::authorities(path)?,
                    None => origin::system()?,
                };
                let identity = https.identity.as_ref();
                let identity = identity.map(|files| files::load(files, &provider));
                let identity = identity.transpose()?;
                let alpn: &[&[u8]] = &[b"http/1.1"];
                let config = origin::client_config(roots, identity, alpn, &provider, &time)?;
                let host = https.host.clone();
                let name = ServerName::try_from(host.clone()).map_err(|_| {
                    let what = format!("no certificate can be for `{host}`");
                    Message::new(Code::CertificateUnusable, what)
                })?;
                Reach::Https {
                    host,
                    port: https.port,
                    name,
                    connector: TlsConnector::from(config),
                }
            }
        })
    }

    /// An answer, as soon as it begins.
    pub(super) async fn ask(&self, question: (Method, &str)) -> io::Result<Response<Incoming>> {
        match self {
            Reach::Unix(path) => {
                let place = path.display().to_string();
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(|error| cannot(&place, &error))?;
                exchange(stream, question, &place).await
            }
            Reach::Http(address) => {
                let place = address.to_string();
                let stream = TcpStream::connect(address).await;
                let stream = stream.map_err(|error| cannot(&place, &error))?;
                exchange(stream, question, &place).await
            }
            Reach::Https {
                host,
                port,
                name,
                connector,
            } => {
                let place = format!("https://{host}:{port}");
                let host = host.as_str();
                let stream = TcpStream::connect((host, *port)).await;
                let stream = stream.map_err(|error| cannot(&place, &error))?;
                let shaken = timeout(HANDSHAKE, connector.connect(name.clone(), stream));
                let stream = match shaken.await {
                    Ok(shaken) => shaken.map_err(|error| unsecured(&place, &error))?,
                    Err(_) => {
                        let error = io::ErrorKind::TimedOut.into();
                        return Err(unsecured(&place, &error));
                    }
                };
                exchange(stream, question, &place).await
            }
        }
    }
}

/// Whether `error`, of a question, says that it was asked, and that whoever heard it was gone before it could
/// answer. Nothing else that fails has this kind.
pub(super) fn was_heard(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// The kind of what failed before anything was asked.
fn unasked(error: &io::Error) -> io::ErrorKind {
    match was_heard(error) {
        true => io::ErrorKind::ConnectionAborted,
        false => error.kind(),
    }
}

fn cannot(place: &str, error: &io::Error) -> io::Error {
    let why =
        format!("cannot ask at {place}: {error}; is it running? --admin says where it is asked");
    io::Error::new(unasked(error), why)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    (method, path): (Method, &str),
    place: &str,
) -> io::Result<Response<Incoming>> {
    let failed = |error: hyper::Error| unanswered(place, &error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // It ends with the answer.
    tokio::task::spawn_local(async move { drop(connection.await) });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    sender.send_request(request).await.map_err(failed)
}

/// No handshake, and what may help.
fn unsecured(place: &str, error: &io::Error) -> io::Error {
    let help = alert(error).unwrap_or("--admin-ca says who signs its certificate");
    let why = format!("cannot ask at {place}: {error}; {help}");
    io::Error::new(unasked(error), why)
}

/// No answer. In TLS 1.3 a client hears what became of its certificate behind its own handshake only.
fn unanswered(place: &str, error: &hyper::Error) -> io::Error {
    let mut reason = error.to_string();
    let mut source = error.source();
    // A process that is over says no last word in TLS.
    let mut has_ended = error.is_incomplete_message();
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        has_ended |= inner.downcast_ref().is_some_and(was_heard);
        source = inner.source();
    }
    let help = match alert(error) {
        Some(help) => format!("; {help}"),
        None if error.is_parse() => "; where it speaks TLS, write https://HOST:PORT".to_owned(),
        None => String::new(),
    };
    let kind = match has_ended {
        true => io::ErrorKind::UnexpectedEof,
        false => io::ErrorKind::Other,
    };
    io::Error::new(kind, format!("cannot ask at {place}: {reason}{help}"))
}

/// What may help against an alert that is told in `error`.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum, and it may grow"
)]
fn alert(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut at = Some(error);
    while let Some(one) = at {
        // An I/O error's source is what lies behind the error inside of it.
        let inside = one.downcast_ref::<io::Error>();
        let inside = inside.and_then(io::Error::get_ref);
        let told = match inside {
            Some(inner) => inner.downcast_ref::<rustls::Error>(),
            None => one.downcast_ref::<rustls::Error>(),
        };
        if let Some(rustls::Error::AlertReceived(alert)) = told {
            return match alert {
                AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure => {
                    Some("it asks for a client's certificate: --admin-cert and --admin-key")
                }
                AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown => {
                    Some("it refuses the certificate of --admin-cert")
                }
                _ => None,
            };
        }
        at = one.source();
    }
    None
}
