//! What a configuration needs of the machine before anybody is served by it: its certificates, and its
//! addresses.
//!
//! It owns nothing for long: what it finds is its caller's.

use super::{
    inherited::{Given, Inherited},
    trouble::cannot_bind,
    work::Common,
};
use crate::{
    admission::{Admission, Seats},
    config::{Config, Listener},
    message::Message,
    net::kernel::{self, Claim},
    observe::whole::Certificate,
    tls::{accept, origin},
    worker::Site,
};
use rustls::{crypto::CryptoProvider, time_provider::TimeProvider};
use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::Arc,
};

/// What was found.
pub(super) struct Claimed {
    /// Each listener, with all it needs.
    pub(super) sites: Vec<Site>,
    /// The addresses are ours for as long as these live, or somebody listens there.
    pub(super) held: Vec<Claim>,
    /// What we listen with that we were given.
    pub(super) given: Vec<(SocketAddr, Vec<Given>)>,
    /// What listeners show in their handshakes.
    pub(super) certificates: Vec<Certificate>,
}

/// Loads what each listener needs, and makes its addresses ours. What is there `before` is kept: where we
/// listen already, who is let in, what tickets are sealed with.
///
/// # Errors
/// What cannot be loaded, or bound; then what we were given is as it was.
pub(super) fn claim(
    config: &Config,
    provider: (&Arc<CryptoProvider>, &Arc<dyn TimeProvider>),
    process: &Arc<Seats>,
    (before, inherited): (Option<&Common>, &mut Inherited),
) -> Result<Claimed, Message> {
    let mut claimed = Claimed {
        sites: Vec::new(),
        held: Vec::new(),
        given: Vec::new(),
        certificates: Vec::new(),
    };
    let found = find(config, provider, process, (before, inherited), &mut claimed);
    match found {
        Ok(()) => Ok(claimed),
        Err(message) => {
            inherited.put_back(claimed.given);
            Err(message)
        }
    }
}

fn find(
    config: &Config,
    (provider, time): (&Arc<CryptoProvider>, &Arc<dyn TimeProvider>),
    process: &Arc<Seats>,
    (before, inherited): (Option<&Common>, &mut Inherited),
    claimed: &mut Claimed,
) -> Result<(), Message> {
    let seed = RandomState::new().hash_one(0);
    for listener in &config.listeners {
        let known = before.and_then(|before| before.site(&listener.name));
        let tickets = known.and_then(|site| Some((&site.listener, &**site.tls.as_ref()?)));
        let tls = accept::load_again(listener, provider, time, tickets)?;
        claimed.certificates.extend(tls.certificates);
        let spoken = listener.protocol.spoken();
        let origins = origin::load(&config.clusters, spoken, provider, time)?;
        let mut bind = Vec::new();
        for (nth, &address) in listener.bind.iter().enumerate() {
            let ours = before.and_then(|before| ours(before, listener, nth, address));
            let given = match ours {
                Some(_) => None,
                None => inherited.of(listener, address),
            };
            bind.push(match (ours, given) {
                (Some(address), _) => address,
                (None, Some((address, sockets))) => {
                    claimed.given.push((address, sockets));
                    address
                }
                (None, None) => {
                    let claim = kernel::claim(address);
                    let claim = claim.map_err(|error| cannot_bind(address, &error))?;
                    let address = claim.address;
                    claimed.held.push(claim);
                    address
                }
            });
        }
        let admission = match known {
            Some(site) if site.listener.access == listener.access => Arc::clone(&site.admission),
            Some(_) | None => Admission::new(
                &listener.name,
                listener.access.clone(),
                Arc::clone(process),
                seed,
            ),
        };
        claimed.sites.push(Site {
            bind,
            listener: listener.clone(),
            tls: tls.config,
            admission,
            origins,
        });
    }
    Ok(())
}

/// Where we listen already for the `nth` address of `listener`, if we do. Any port is the one that was
/// found the last time.
fn ours(
    before: &Common,
    listener: &Listener,
    nth: usize,
    address: SocketAddr,
) -> Option<SocketAddr> {
    // One that was given to us may be known by another address; any port has become one.
    let site = before.site(&listener.name);
    let known = site.and_then(|site| {
        let same = site.listener.bind.get(nth) == Some(&address);
        same.then(|| site.bind.get(nth).copied()).flatten()
    });
    known.or_else(|| before.addresses().find(|known| *known == address))
}
