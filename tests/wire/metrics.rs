//! PRODUCT 7 on real sockets: what happens is what a scrape says, each metric by its value.

use crate::{
    exchange::{GET, OK, answered},
    harness::Scratch,
    keys::{Authority, provider},
    peers::{End, Last, Origin, Peer, Raw},
    scraped::{Scraped, text},
    secure::Secure,
};
use rustls::ClientConfig;

#[test]
fn an_exchange_is_counted_on_both_sides_while_it_lasts_and_when_it_is_over() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    stage.shows(
        "tidegate_connections_active{listener=\"l\",phase=\"idle\"}",
        1.0,
    );
    client.say(b"GET /a HTTP/1.1\r\n");
    stage.shows(
        "tidegate_connections_active{listener=\"l\",phase=\"head\"}",
        1.0,
    );
    client.say(b"Host: h\r\n\r\n");
    let mut up = origin.accept();
    up.message();
    stage.show(&[
        (
            "tidegate_connections_active{listener=\"l\",phase=\"exchange\"}",
            1.0,
        ),
        ("http_server_active_requests{listener=\"l\"}", 1.0),
        (
            "http_client_open_connections{cluster=\"c\",http_connection_state=\"active\"}",
            1.0,
        ),
        (
            "http_client_open_connections{cluster=\"c\",http_connection_state=\"idle\"}",
            0.0,
        ),
    ]);
    up.say(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=7\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
    stage.show(&[
        ("tidegate_connections_active{listener=\"l\",phase=\"idle\"}", 1.0),
        ("http_server_active_requests{listener=\"l\"}", 0.0),
        ("http_client_open_connections{cluster=\"c\",http_connection_state=\"active\"}", 0.0),
        ("http_client_open_connections{cluster=\"c\",http_connection_state=\"idle\"}", 1.0),
        ("tidegate_cluster_learned_idle_timeout_seconds{cluster=\"c\"}", 7.0),
        ("tidegate_cluster_connect_duration_seconds_count{cluster=\"c\"}", 1.0),
        ("tidegate_connection_phase_duration_seconds_count{listener=\"l\",phase=\"exchange\"}", 1.0),
        (
            "http_client_request_duration_seconds_count{cluster=\"c\",http_response_status_code=\"200\",error_type=\"\"}",
            1.0,
        ),
        ("http_client_connection_duration_seconds_count{cluster=\"c\"}", 0.0),
    ]);
    ends_are_counted(&stage, &origin, client, &up);
}

fn ends_are_counted(stage: &Scraped, origin: &Origin, mut client: Raw, up: &Raw) {
    // Idle, it is ended by its origin.
    up.fin();
    stage.show(&[
        (
            "http_client_open_connections{cluster=\"c\",http_connection_state=\"idle\"}",
            0.0,
        ),
        (
            "http_client_connection_duration_seconds_count{cluster=\"c\"}",
            1.0,
        ),
    ]);
    // An answer that breaks off is one with what went wrong.
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(b"HTTP/1.1 201 Made\r\nContent-Length: 9\r\n\r\nhalf");
    up.fin();
    client.last();
    stage.until("the end of it", |scrape| {
        let broken = "http_client_request_duration_seconds_count{cluster=\"c\",http_response_status_code=\"201\",error_type=\"upstream_";
        (scrape.sum(broken) == 1.0).then_some(())
    });
    stage.show(&[
        (
            "http_client_connection_duration_seconds_count{cluster=\"c\"}",
            2.0,
        ),
        (
            "tidegate_connections_active{listener=\"l\",phase=\"idle\"}",
            0.0,
        ),
    ]);
}

#[test]
fn handshakes_are_counted_by_what_came_of_them_and_a_certificate_by_its_end() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = Authority::new("own");
    let leaf = authority.leaf("localhost");
    let first = files.file("own.pem", leaf.cert.clone() + &leaf.key);
    let mut params = rcgen::CertificateParams::new(vec!["b".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2031, 2, 3);
    let ends = params.not_after.unix_timestamp();
    let own = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&own).unwrap().pem();
    let other = files.file("b.pem", cert + &own.serialize_pem());
    let tls = format!("tls = {{ certs = [{first:?}, {other:?}] }}");
    let stage = Scraped::configured(origin.address(), &tls, "");
    let series = format!(
        "tidegate_tls_certificate_not_after_timestamp_seconds{{listener=\"l\",certificate={other:?}}}"
    );
    let told = stage.scrape().value(&series);
    assert_eq!(told.map(|told| told.to_string()), Some(ends.to_string()));
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(authority.roots())
        .with_no_client_auth();
    for _ in 0..3 {
        let raw = Raw::connect(stage.proxy.address);
        let mut client = Secure::try_connect(raw, config.clone()).unwrap();
        // The tickets come before the answer.
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    }
    let mut plain = stage.proxy.client();
    plain.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    plain.last();
    let labels = |result, version, resumed| {
        format!(
            "{{listener=\"l\",result=\"{result}\",tls_protocol_version=\"{version}\",tls_resumed=\"{resumed}\"}}"
        )
    };
    for (labels, count) in [
        (labels("success", "1.3", false), 1.0),
        (labels("success", "1.3", true), 2.0),
        (labels("failure", "", false), 1.0),
    ] {
        stage.shows(&format!("tidegate_tls_handshakes_total{labels}"), count);
        let spans = format!("tidegate_tls_handshake_duration_seconds_count{labels}");
        stage.shows(&spans, count);
    }
}

#[test]
fn reloads_are_counted_and_who_began_before_them() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let first = stage.scrape();
    let at = "tidegate_config_last_reload_success_timestamp_seconds";
    let started = first.value("process_start_time_seconds").unwrap();
    let read = first.value(at).unwrap();
    assert!((read - started).abs() < 60.0, "{read} and {started}");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    answered(&mut client, &mut up);
    stage.show(&[
        ("tidegate_config_generation", 1.0),
        (
            "tidegate_config_generation_connections{generation=\"current\"}",
            1.0,
        ),
        ("tidegate_config_reloads_total{result=\"success\"}", 0.0),
    ]);
    let good = text(origin.address(), "", "[drain]\ntimeout = \"9s\"\n");
    stage.rewrite(&good.replace("endpoints", "endpionts"));
    stage.proxy.process.signal(rustix::process::Signal::HUP);
    stage.shows("tidegate_config_reloads_total{result=\"failure\"}", 1.0);
    stage.shows("tidegate_config_generation", 1.0);
    stage.rewrite(&good);
    stage.proxy.process.signal(rustix::process::Signal::HUP);
    stage.show(&[
        ("tidegate_config_reloads_total{result=\"success\"}", 1.0),
        ("tidegate_config_reloads_total{result=\"failure\"}", 1.0),
        ("tidegate_config_generation", 2.0),
        (
            "tidegate_config_generation_connections{generation=\"current\"}",
            0.0,
        ),
        (
            "tidegate_config_generation_connections{generation=\"earlier\"}",
            1.0,
        ),
    ]);
    assert!(stage.scrape().value(at).unwrap() >= read);
    client.fin();
    client.last();
    stage.shows(
        "tidegate_config_generation_connections{generation=\"earlier\"}",
        0.0,
    );
}

#[test]
fn a_drain_says_what_it_waits_for() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    let waits = "tidegate_drain_remaining_connections{waiting_for=\"answer\"}";
    assert_eq!(stage.scrape().value(waits), None, "nobody is waited for");
    stage.proxy.process.signal(rustix::process::Signal::TERM);
    stage.shows(waits, 1.0);
    up.say(OK);
    assert_eq!(client.message().status(), 200);
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    client.fin();
    assert_eq!(stage.proxy.process.end().code(), Some(0));
}

#[test]
fn the_process_says_what_it_takes_and_how_late_its_workers_are() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let first = stage.scrape();
    let before = first.value("process_open_fds").unwrap();
    let clients: Vec<_> = (0..20).map(|_| stage.proxy.client()).collect();
    stage.until("their descriptors", |scrape| {
        let open = scrape.value("process_open_fds")?;
        (open >= before + 20.0).then_some(())
    });
    drop(clients);
    let pid = stage.proxy.process.pid();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let most = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let most = most
        .and_then(|line| line.split_whitespace().nth(3))
        .unwrap();
    let told = first.value("process_max_fds").unwrap();
    assert_eq!(told.to_string(), most);
    let counted = first.value("tidegate_metrics_series").unwrap();
    let lines = first
        .0
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    assert_eq!(counted.to_string(), lines.to_string());
    for (name, least) in [
        ("process_resident_memory_bytes", 1e6),
        ("process_virtual_memory_bytes", 1e6),
        ("process_threads", 3.0),
        ("process_cpu_seconds_total", 0.0),
    ] {
        assert!(
            first.value(name).is_some_and(|told| told >= least),
            "{name}"
        );
    }
    stage.until("a second of its", |scrape| {
        scrape
            .value("tidegate_worker_loop_lag_seconds_count{worker=\"0\"}")
            .filter(|count| *count >= 1.0)
    });
}
