//! What the sessions of one listener have in common: where they lead to, who is let in, and where they are
//! counted.
//!
//! It owns nothing of any session. A reload makes another one; whoever began with this one stays with it.

use super::{Guarded, Numbers, Shelves};
use crate::{
    admission::Admission,
    config::Forwarding,
    crowd::Crowd,
    drain::Drain,
    linger::Lingering,
    log::Ink,
    net::{Buffers, Network},
    observe::{Clustered, Generation, Listened, Observer},
    roll::Roll,
    sessions::Sessions,
    upstream::Upstreams,
};
use std::{rc::Rc, sync::Arc};
use tidegate_core::session::Setup;

/// What every session of a listener has in common.
pub struct Service<N: Network> {
    /// The listener's name, for logs.
    pub name: Rc<str>,
    /// What a session is made for.
    pub setup: Setup,
    /// The certificates, where the listener ends TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Where requests and connections go.
    pub upstreams: Rc<Upstreams<N>>,
    /// What is told of a message's way.
    pub forwarding: Forwarding,
    /// Who is let in.
    pub admission: Arc<Admission>,
    /// Where the ids of its requests come from.
    pub numbers: Numbers,
    /// Whether the listener or the process drains.
    pub drain: Drain,
    /// Socket buffers of accepted connections.
    pub buffers: Buffers,
    /// Who lingers, of all the worker's sessions and spare legs.
    pub lingering: Lingering,
    /// Where the worker's legs are counted (LIFECYCLE 4.14).
    pub observer: Observer,
    /// Who of the worker's sessions is here.
    pub roll: Roll,
    /// How many of them are awake.
    pub crowd: Crowd,
    /// Where those are who are awake, and those who are not.
    pub(crate) shelves: Rc<Shelves<N>>,
    /// Where they begin.
    pub(crate) sessions: Sessions<Guarded<N>>,
    /// Where its own connections and requests are.
    pub listened: Listened,
    /// Where the connects to its clusters are, by index.
    pub clustered: Vec<Clustered>,
    /// Where its lines go, if there is a log.
    pub ink: Option<Ink>,
    /// Where its connections are counted, as those of one configuration.
    pub generation: Generation,
    /// The name of no route.
    pub nowhere: Arc<str>,
    /// Whether to walk the wait-for graph after every step (`--paranoid`, and every test).
    pub paranoid: bool,
}
