//! What an entry is an entry of, by number. They are what a file of today means tomorrow: a new event gets a
//! new number, and none is given twice.

pub(super) const ACCEPTED: u8 = 1;
pub(super) const INTRODUCED: u8 = 2;
pub(super) const REJECTED: u8 = 3;
pub(super) const SECURED: u8 = 4;
pub(super) const PEEKED: u8 = 5;
pub(super) const ROUTED: u8 = 6;
pub(super) const QUEUED: u8 = 7;
pub(super) const GRANTED: u8 = 8;
pub(super) const CONNECTED: u8 = 9;
pub(super) const REDIALLED: u8 = 10;
pub(super) const NO_ROUTE: u8 = 11;
pub(super) const NO_ENDPOINT: u8 = 12;
pub(super) const NO_ADDRESS: u8 = 13;
pub(super) const BUSY: u8 = 14;
pub(super) const NO_CONNECT: u8 = 15;
pub(super) const NO_RETRY: u8 = 16;
pub(super) const CONFIGURED: u8 = 17;
pub(super) const TOO_MANY: u8 = 18;
pub(super) const UNCONNECTED: u8 = 19;
pub(super) const RECEIVED: u8 = 20;
pub(super) const PIPED: u8 = 21;
pub(super) const COPIED: u8 = 22;
pub(super) const PIECE: u8 = 23;
pub(super) const REQUEST: u8 = 24;
pub(super) const INTERIM: u8 = 25;
pub(super) const CONTINUE: u8 = 26;
pub(super) const RESPONSE: u8 = 27;
pub(super) const REFUSED: u8 = 28;
pub(super) const DECLINED: u8 = 29;
pub(super) const SENT: u8 = 30;
pub(super) const CLOSE_NOTIFY: u8 = 31;
pub(super) const UNACCEPTED: u8 = 32;
pub(super) const FIN: u8 = 33;
pub(super) const UNDELIVERED: u8 = 34;
pub(super) const FAILED: u8 = 35;
pub(super) const HINTED: u8 = 36;
pub(super) const FINISHED: u8 = 37;
pub(super) const ACKED: u8 = 38;
pub(super) const FIRED: u8 = 39;
pub(super) const EVICTED: u8 = 40;
pub(super) const DRAINED: u8 = 41;
pub(super) const DRAIN_EXPIRED: u8 = 42;
pub(super) const KILLED: u8 = 43;

/// From here on an entry is not an event, but belongs to the one behind it.
pub(super) const BEFORE: u8 = 0x80;
/// The length of a body.
pub(super) const LENGTH: u8 = 0x80;
/// What else there is to a reply.
pub(super) const REPLY: u8 = 0x81;
/// Nothing but time, for what is too long for an entry.
pub(super) const GAP: u8 = 0x82;
/// That a timeline may begin here; it is behind the event that led to it.
pub(super) const MARK: u8 = 0xf0;
