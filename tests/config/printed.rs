//! Whatever is configured, printing it loses nothing; and whatever happens to a file, it comes to an
//! answer.

use crate::{
    CLUSTER,
    good::{FULL, good, printed_good},
    read,
};
use proptest::{collection::vec, option, prelude::*};
use tidegate::config::{self, BareFin, Config};
use tidegate_core::time::Span;

/// Printed and read again, it is the same.
pub(crate) fn same(config: &Config) {
    let printed = config::print(config);
    assert_eq!(printed_good(&printed), *config, "{printed}");
}

#[test]
fn what_is_printed_of_a_route_is_taken() {
    for lines in [
        "exact = \"/old\"\nreplace_prefix = \"/\"",
        "replace_prefix = \"/\"",
        "path = \"/v1\"\nreplace_prefix = \"/\"",
        "path = \"/v1\"\nstrip_prefix = true",
        "path = \"/a%2Ab\"",
        "exact = \"/%40%24%7b%2a%3b\"",
        "exact = \"/$${x\"",
        "host = \"[2001:DB8:0::1]\"",
    ] {
        same(&good(&format!(
            "[[listener]]\nname = \"web\"\nbind = [\":80\"]\n\
             [[route]]\nlistener = \"web\"\n{lines}\nto = \"api\"\n{CLUSTER}"
        )));
    }
}

/// A name that is awkward to write.
fn name() -> impl Strategy<Value = String> {
    "[a-z\"\\\\${} \n\u{7f}é]{1,6}"
}

fn wait() -> impl Strategy<Value = Span> {
    prop_oneof![
        (1..500u64).prop_map(Span::from_ms),
        (1..500u64).prop_map(Span::from_secs)
    ]
}

prop_compose! {
    /// Small changes of the full configuration, all of them allowed.
    fn configs()(
        names in vec(name(), 2),
        workers in option::of(1..64usize),
        (relay, fields) in (1..1u32 << 20, 1..1000u32),
        (pipe, pipe_from) in (0..=1u32 << 20, 0..=1u32 << 20),
        (drain, idle, linger) in (wait(), wait(), wait()),
        (least, write_down) in (wait(), wait()),
        (connect, write) in (option::of(wait()), option::of(wait())),
        (send, recv) in (option::of(1024..1u32 << 20), option::of(1024..1u32 << 20)),
        (bare, takes_connect) in any::<(bool, bool)>(),
    ) -> Config {
        let mut config = good(FULL);
        config.workers = workers.and_then(std::num::NonZeroUsize::new);
        (config.user, config.landlock) = (bare.then(|| "web:www".to_owned()), takes_connect);
        config.limits.relay_bytes = relay;
        config.limits.pipe_bytes = pipe;
        config.limits.pipe_from_bytes = pipe_from;
        config.limits.head_fields = fields;
        config.drain.timeout = drain;
        // Before and after all others, so that the order of names stays.
        config.listeners[0].name = format!("a{}", names[0]);
        config.clusters[4].name = format!("z{}", names[1]);
        let web = &mut config.listeners[4];
        web.timeouts.idle = idle;
        web.timeouts.idle_least = idle.min(least);
        (web.timeouts.write, web.timeouts.write_up) = (write_down, write_down);
        web.timeouts.linger = linger;
        web.buffers.send_bytes = send;
        web.policy.bare_fin = if bare { BareFin::Clean } else { BareFin::Truncated };
        config.clusters[0].takes_connect = takes_connect;
        config.clusters[0].timeouts.connect = connect;
        config.clusters[0].timeouts.write = write;
        config.clusters[1].buffers.recv_bytes = recv;
        config
    }
}

proptest! {
    #[test]
    fn printing_loses_nothing_whatever_it_is(config in configs()) {
        let printed = config::print(&config);
        prop_assert_eq!(printed_good(&printed), config, "{}", printed);
    }

    /// A file cut or damaged anywhere is refused or understood, and messages can be drawn.
    #[test]
    fn any_damage_comes_to_an_answer(at in 0..FULL.len(), cut in 0..40usize, put in ".{0,3}") {
        let mut text = FULL.to_owned();
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &put);
        let _ = read(&text);
    }
}
