//! What a session is made for, by its keys.

use super::key::{Keys, keys};
use crate::{
    limits::{Limits, Timeouts},
    session::{Policy, Setup},
};

impl Keys for Setup {
    keys!(Setup: kind down_tls proxy_header passthrough up_tls id_bytes; others apart);
}

impl Keys for Limits {
    keys!(Limits:
        relay_bytes pipe_bytes pipe_from_bytes head_bytes head_fields target_bytes inbox_bytes
        body_bytes body_rate
    );
}

impl Keys for Policy {
    keys!(Policy: bare_fin tls12_half_close client_fin tunnel_close idle);
}

impl Keys for Timeouts {
    keys!(Timeouts:
        tls head idle idle_least queue connect tls_up request pace response body tunnel half_idle
        write write_up tunnel_write tunnel_write_up linger_stall linger flush flush_total pool_idle
        pool_idle_most keepalive keepalive_up
    );
}
