//! Requests that are sent again, and how many of them.

use crate::{
    exchange::{GET, OK, answered, configured},
    peers::Peer,
};

/// U03: a GET that meets the end of an idle connection goes out once more, within the budget of its
/// cluster.
#[test]
fn u03_a_request_is_sent_again_within_the_budget() {
    for (rest, again) in [
        ("", true),
        ("retries = { percent = 0, per_second = 1 }", true),
        ("retries = { percent = 0, per_second = 0 }", false),
    ] {
        let (stage, mut client, mut up) = configured("", rest, GET);
        answered(&mut client, &mut up);
        client.say(GET);
        up.message();
        // It read the request, and leaves.
        drop(up);
        if again {
            let mut up = stage.origin.accept();
            assert_eq!(up.message().line(), "GET /a HTTP/1.1");
            up.say(OK);
        }
        let answer = client.message();
        assert_eq!(answer.status(), if again { 200 } else { 502 }, "{rest}");
        let why = answer.field("proxy-status");
        let expected = "tidegate; error=connection_terminated";
        assert_eq!(why, (!again).then_some(expected));
    }
}
