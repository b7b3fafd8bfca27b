//! PRODUCT 7 on real sockets, by cluster: endpoints, their checks, connects, and what is sent again.

use crate::{
    exchange::{GET, OK, answered},
    harness::{Scratch, program, run},
    keys::Authority,
    peers::{Origin, Peer, Raw},
    scraped::{Scraped, text},
    secure::Secure,
};

#[test]
fn an_endpoint_that_is_left_alone_is_counted_and_why() {
    let (good, nobody) = (Origin::new(), Origin::new());
    let (at, gone) = (good.address(), nobody.address());
    drop(nobody);
    let rest = "balance = \"round-robin\"\nejection = { failures = 1, base = \"1h\", most = \"1h\", percent = 50 }";
    let text = text(at, "", rest).replace(&format!("\"{at}\""), &format!("\"{at}\", \"{gone}\""));
    let stage = Scraped::of_file(&text);
    stage.show(&[
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"available\"}",
            2.0,
        ),
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"ejected\"}",
            0.0,
        ),
    ]);
    for _ in 0..2 {
        let mut client = stage.proxy.client();
        client.say(GET);
        let mut up = good.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().status(), 200);
    }
    stage.show(&[
        (
            "tidegate_cluster_ejections_total{cluster=\"c\",reason=\"connection\"}",
            1.0,
        ),
        (
            "tidegate_cluster_ejections_total{cluster=\"c\",reason=\"status\"}",
            0.0,
        ),
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"available\"}",
            1.0,
        ),
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"ejected\"}",
            1.0,
        ),
    ]);
    let mut command = program(stage.proxy.scratch());
    command.args(["status", "--admin", &stage.http.to_string()]);
    let said = run(command).said;
    for line in [format!("  {at}  up\n"), format!("  {gone}  ejected\n")] {
        assert!(said.contains(&line), "{said}");
    }
}

/// Over TLS a close_notify is the last word, whatever comes behind it.
#[test]
fn so_is_one_that_says_close_notify_and_no_answer() {
    let (mute, good, files) = (Origin::new(), Origin::new(), Scratch::new());
    let authority = Authority::new("origin's");
    let ca = authority.file(&files, "ca.pem");
    let rest = format!(
        "tls = {{ ca = \"{}\", server_name = \"localhost\" }}\nbalance = \"round-robin\"\n\
         ejection = {{ failures = 1, base = \"1h\", most = \"1h\", percent = 50 }}\n\
         retries = {{ percent = 0, per_second = 0 }}",
        ca.display()
    );
    let [at, other] = [&mute, &good].map(Origin::address);
    let text = text(at, "", &rest).replace(&format!("\"{at}\""), &format!("\"{at}\", \"{other}\""));
    let stage = Scraped::of_file(&text);
    // One each.
    let mut clients = [(); 2].map(|()| stage.proxy.client());
    for client in &mut clients {
        client.say(GET);
    }
    let server = authority.leaf("localhost").server(None);
    let [mut mute, mut good] = [mute, good].map(|origin| Secure::serve(origin.accept(), &server));
    mute.message();
    mute.close_notify();
    mute.fin();
    good.message();
    good.say(OK);
    let mut statuses = clients.map(|mut client| client.message().status());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 502]);
    let ejections = "tidegate_cluster_ejections_total{cluster=\"c\",reason=\"connection\"}";
    stage.show(&[(ejections, 1.0)]);
}

#[test]
fn a_connect_that_fails_is_an_error_of_its_cluster() {
    let nobody = Origin::new();
    let gone = nobody.address();
    drop(nobody);
    let stage = Scraped::configured(gone, "", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 502);
    stage.show(&[
        (
            "tidegate_cluster_connect_errors_total{cluster=\"c\",error_type=\"upstream_refused\"}",
            1.0,
        ),
        (
            "http_client_request_duration_seconds_count{cluster=\"c\",http_response_status_code=\"\",error_type=\"upstream_refused\"}",
            1.0,
        ),
        ("http_client_connection_duration_seconds_count{cluster=\"c\"}", 0.0),
    ]);
}

fn retries(outcome: &str) -> String {
    format!("tidegate_retries_total{{cluster=\"c\",reason=\"stale_pool\",outcome=\"{outcome}\"}}")
}

/// A request that meets the end of an idle connection.
fn stale(stage: &Scraped, origin: &Origin) -> Raw {
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    answered(&mut client, &mut up);
    client.say(GET);
    up.message();
    // It read the request, and leaves.
    drop(up);
    client
}

#[test]
fn a_request_that_is_sent_again_is_counted_with_what_came_of_it() {
    let origin = Origin::new();
    let rest = "ejection = \"off\"\nretries = { percent = 0, per_second = 1 }";
    let stage = Scraped::configured(origin.address(), "", rest);
    stage.shows("tidegate_retry_budget_available_ratio{cluster=\"c\"}", 1.0);
    let mut client = stale(&stage, &origin);
    let mut up = origin.accept();
    up.message();
    // It is under way, and nothing has come of it.
    stage.show(&[(&retries("success"), 0.0), (&retries("failure"), 0.0)]);
    up.say(OK);
    assert_eq!(client.message().status(), 200);
    stage.show(&[
        (&retries("success"), 1.0),
        ("tidegate_retry_budget_available_ratio{cluster=\"c\"}", 0.9),
        ("tidegate_cluster_pool_requests_total{cluster=\"c\",result=\"stale\"}", 1.0),
        (
            "http_client_request_duration_seconds_count{cluster=\"c\",http_response_status_code=\"\",error_type=\"stale_pool\"}",
            1.0,
        ),
        (
            "http_client_request_duration_seconds_count{cluster=\"c\",http_response_status_code=\"200\",error_type=\"\"}",
            2.0,
        ),
    ]);
}

#[test]
fn a_request_that_may_not_be_sent_again_is_counted_too() {
    let origin = Origin::new();
    let rest = "ejection = \"off\"\nretries = { percent = 0, per_second = 0 }";
    let stage = Scraped::configured(origin.address(), "", rest);
    let mut client = stale(&stage, &origin);
    assert_eq!(client.message().status(), 502);
    stage.show(&[
        (&retries("refused"), 1.0),
        (&retries("failure"), 0.0),
        ("tidegate_retry_budget_available_ratio{cluster=\"c\"}", 0.0),
    ]);
}

/// An origin that answers no check, and one that is not checked.
#[test]
fn checks_are_counted_and_who_gets_no_work_for_them() {
    let origin = Origin::new();
    let rest = "health = { tcp = true, interval = \"20ms\", timeout = \"10s\", rise = 1, fall = 1 }\n\
        [[cluster]]\nname = \"other\"\nendpoints = [\"127.0.0.1:9\"]\n";
    let stage = Scraped::configured(origin.address(), "", rest);
    let check = || {
        let mut up = origin.accept();
        up.last();
    };
    check();
    stage.until("a check", |scrape| {
        let passed = "tidegate_cluster_health_checks_total{cluster=\"c\",result=\"success\"}";
        scrape.value(passed).filter(|count| *count >= 1.0)
    });
    stage.shows(
        "tidegate_cluster_endpoints{cluster=\"c\",state=\"available\"}",
        1.0,
    );
    drop(origin);
    stage.until("one that failed", |scrape| {
        let failed = "tidegate_cluster_health_checks_total{cluster=\"c\",result=\"failure\"}";
        scrape.value(failed).filter(|count| *count >= 1.0)
    });
    stage.show(&[
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"available\"}",
            0.0,
        ),
        (
            "tidegate_cluster_endpoints{cluster=\"c\",state=\"unhealthy\"}",
            1.0,
        ),
        (
            "tidegate_cluster_endpoints{cluster=\"other\",state=\"available\"}",
            1.0,
        ),
    ]);
    let unchecked = "tidegate_cluster_health_checks_total{cluster=\"other\"";
    assert!(!stage.scrape().0.contains(unchecked));
}
