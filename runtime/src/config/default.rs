//! What a configuration is where nobody says otherwise (edition 2026).
//!
//! Pure.

use super::{Admin, Config, Dns, Drain, Origins};
use crate::log::Settings;
use tidegate_core::{limits::Limits, time::Span};

impl Config {
    /// How it leaves by default.
    pub const DRAIN: Drain = Drain {
        pre_delay: Span(0),
        timeout: Span::from_secs(30),
    };
}

impl Default for Config {
    /// What is so where nobody says otherwise, and nothing to serve.
    fn default() -> Self {
        Config {
            listeners: Vec::new(),
            clusters: Vec::new(),
            limits: Limits::default(),
            drain: Config::DRAIN,
            dns: Dns::default(),
            admin: Admin::default(),
            log: Settings::default(),
            memory: None,
            user: None,
            landlock: false,
            watch: false,
            workers: None,
            origins: Origins::default(),
        }
    }
}
