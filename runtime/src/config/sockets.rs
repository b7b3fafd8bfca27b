//! `send_buffer` and `recv_buffer`, which listeners and clusters share.

use crate::{
    config::{
        read::{Reader, Section},
        units::show_size,
    },
    net::Buffers,
};
use std::ops::RangeInclusive;

/// From what the kernel makes of less, to what a mistake in the unit would be.
const RANGE: RangeInclusive<u32> = 1024..=256 << 20;

/// Reads both; where one is missing the kernel decides.
pub(super) fn buffers(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Buffers {
    let mut read = |key: &str| {
        let node = section.get(key);
        node.and_then(|node| reader.size(key, node, &RANGE))
    };
    Buffers {
        send_bytes: read("send_buffer"),
        recv_bytes: read("recv_buffer"),
    }
}

/// Those that are set, a line each.
pub(super) fn show(buffers: Buffers) -> String {
    let line = |key: &str, bytes: Option<u32>| {
        let size = |bytes: u32| format!("{key} = \"{}\"\n", show_size(u64::from(bytes)));
        bytes.map(size).unwrap_or_default()
    };
    line("send_buffer", buffers.send_bytes) + &line("recv_buffer", buffers.recv_bytes)
}
