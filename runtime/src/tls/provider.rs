//! The algorithms that TLS is made of, in the order in which we prefer them.
//!
//! They are aws-lc's, all that rustls has by default. It owns the order of cipher suites, and asks
//! the processor what it is good at.

use rustls::{
    CipherSuite,
    crypto::{CryptoProvider, aws_lc_rs},
};
use std::sync::Arc;

/// With SHA-256, which processors do in hardware more often than the SHA-384 of the others: a
/// handshake is mostly hashing.
const AES_128: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

const CHACHA20: [CipherSuite; 3] = [
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The provider of listeners and clusters.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ordered(aws_lc_rs::default_provider(), has_aes()))
}

/// AES with 128 bits, then with 256, then ChaCha20, or that first where AES is not in hardware.
fn ordered(mut provider: CryptoProvider, has_aes: bool) -> CryptoProvider {
    provider.cipher_suites.sort_by_key(|suite| {
        let suite = suite.suite();
        match (CHACHA20.contains(&suite), AES_128.contains(&suite)) {
            (true, _) if has_aes => 3,
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    });
    provider
}

fn has_aes() -> bool {
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    let has = std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    let has = std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
    let has = false;
    has
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_follows_the_processor_and_nothing_is_left_out() {
        let all = aws_lc_rs::default_provider().cipher_suites.len();
        for (has_aes, first, last) in [(true, AES_128, CHACHA20), (false, CHACHA20, AES_128)] {
            let provider = ordered(aws_lc_rs::default_provider(), has_aes);
            let suites: Vec<_> = provider
                .cipher_suites
                .iter()
                .map(|one| one.suite())
                .collect();
            assert_eq!(suites.len(), all);
            assert_eq!(suites[..3], first);
            let place = |one| suites.iter().position(|suite| *suite == one);
            assert!(place(first[0]) < place(last[0]));
            assert!(place(AES_128[0]) < place(CipherSuite::TLS13_AES_256_GCM_SHA384));
        }
    }
}
