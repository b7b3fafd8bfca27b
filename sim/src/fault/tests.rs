//! Each fault does what its words say, at its call and at no other.

use super::*;
use crate::{
    errno::Errno,
    net::SimNet,
    testing::{
        accept, buffers, fault, finish, here, read, read_to_end, run, server, sleep, within, write,
        write_all,
    },
};
use std::io::ErrorKind::{ConnectionReset, TimedOut};
use tidegate::net::Stream;

fn plan(lines: &[(&str, &str)]) -> Rc<Plan> {
    let parsed = lines
        .iter()
        .map(|(at, what)| (at.parse().unwrap(), what.parse().unwrap()));
    Rc::new(parsed.collect())
}

/// A client whose stream has faults, and a server that sends `bytes` and FIN, and tells what came.
fn client<T: 'static, F: Future<Output = T> + 'static>(
    lines: &[(&str, &str)],
    bytes: &'static [u8],
    then: impl FnOnce(Faulty<SimNet>, FaultyStream<SimNet>) -> F + 'static,
) -> ((Vec<u8>, Option<io::ErrorKind>), T) {
    let plan = plan(lines);
    run(
        async move {
            let mut listener = SimNet::new().listen(here(), buffers(500, 500)).unwrap();
            let mut stream = accept(&mut listener).await;
            write_all(&mut stream, bytes).await.unwrap();
            finish(&mut stream).await;
            let got = read_to_end(&mut stream).await;
            stream.close();
            got
        },
        async move {
            let net = Faulty::new(SimNet::new(), plan, Timers::Running);
            let stream = net.connect(server(), buffers(500, 500)).await.unwrap();
            let out = then(net, stream).await;
            sleep(20).await;
            out
        },
    )
}

#[test]
fn a_cut_shortens_one_call() {
    let faults = [
        ("proxy.up.read#2", "cut 3"),
        ("proxy.up.write#1", "cut 2"),
        ("proxy.down.write#2", "cut 1"),
        ("proxy.up2.write#2", "cut 1"),
    ];
    let (got, ()) = client(&faults, &[1; 30], |_, mut stream| async move {
        sleep(50).await;
        for expected in [10, 3, 10, 7, 0] {
            assert_eq!(read(&mut stream, 10).await.unwrap().len(), expected);
        }
        assert_eq!(write(&mut stream, b"abc").await.unwrap(), 2);
        assert_eq!(write(&mut stream, b"def").await.unwrap(), 3);
        stream.close();
    });
    assert_eq!(got, (b"abdef".to_vec(), None));
}

#[test]
fn a_late_call_wakes_one_tick_later() {
    let faults = [
        ("proxy.up.write#1", "pend"),
        ("proxy.up.finish#1", "pend 7ms"),
    ];
    let (got, times) = client(&faults, &[], |net, mut stream| async move {
        let begun = net.now();
        write_all(&mut stream, b"late").await.unwrap();
        let written = net.now().since(begun).as_ms();
        finish(&mut stream).await;
        let finished = net.now().since(begun).as_ms();
        assert_eq!(read_to_end(&mut stream).await, (vec![], None));
        stream.close();
        (written, finished)
    });
    assert_eq!(got, (b"late".to_vec(), None));
    assert_eq!(times, (1, 8));
}

#[test]
fn a_late_read_is_late_when_there_is_something_to_read() {
    let faults = [
        ("proxy.up.read#1", "pend 9ms"),
        ("proxy.up.read#3", "pend 2ms"),
    ];
    let (_, times) = client(&faults, &[1; 30], |net, mut stream| async move {
        let mut times = Vec::new();
        for expected in [10, 20, 0] {
            let max = if expected == 10 { 10 } else { 100 };
            assert_eq!(read(&mut stream, max).await.unwrap().len(), expected);
            times.push(net.now().as_ms());
        }
        stream.close();
        times
    });
    // The bytes leave when the handshake's last word arrives, at 15 ms, and arrive at 20 ms.
    assert_eq!(times, [29, 29, 31]);
}

#[test]
fn a_failed_call_fails_the_stream_and_its_last_read() {
    let faults = [("proxy.up.write#2", "fail ETIMEDOUT")];
    let (got, ()) = client(&faults, &[1; 30], |_, mut stream| async move {
        sleep(50).await;
        assert_eq!(write(&mut stream, b"a").await.unwrap(), 1);
        assert_eq!(write(&mut stream, b"b").await.unwrap_err().kind(), TimedOut);
        assert_eq!(write(&mut stream, b"c").await.unwrap_err().kind(), TimedOut);
        assert_eq!(
            read_to_end(&mut stream).await,
            (vec![1; 30], Some(TimedOut))
        );
        stream.reset();
    });
    assert_eq!(got, (b"a".to_vec(), Some(ConnectionReset)));
}

/// Behind a FIN that has arrived no read tells of a failure; everything else does.
#[test]
fn k11_a_read_that_fails_behind_a_fin_reads_on_to_the_fin() {
    let faults = [("proxy.up.read#2", "fail ETIMEDOUT")];
    let (got, ()) = client(&faults, &[1; 30], |_, mut stream| async move {
        sleep(50).await;
        assert_eq!(read(&mut stream, 10).await.unwrap().len(), 10);
        assert_eq!(read_to_end(&mut stream).await, (vec![1; 20], None));
        assert_eq!(fault(&mut stream).await, TimedOut);
        // 4.11, 3: from now on an end is that error.
        assert_eq!(read_to_end(&mut stream).await, (vec![], Some(TimedOut)));
        stream.reset();
    });
    assert_eq!(got, (vec![], Some(ConnectionReset)));
}

#[test]
fn k9_a_late_fin_behind_an_error_that_was_told_is_that_error() {
    let faults = [
        ("proxy.up.read#2", "pend 9ms"),
        ("proxy.up.write#1", "fail ETIMEDOUT"),
    ];
    let (got, ()) = client(&faults, &[1; 30], |_, mut stream| async move {
        sleep(50).await;
        assert_eq!(read(&mut stream, 100).await.unwrap().len(), 30);
        assert!(within(1, read(&mut stream, 100)).await.is_none());
        assert_eq!(write(&mut stream, b"a").await.unwrap_err().kind(), TimedOut);
        assert_eq!(read_to_end(&mut stream).await, (vec![], Some(TimedOut)));
        stream.reset();
    });
    assert_eq!(got, (vec![], Some(ConnectionReset)));
}

#[test]
fn closing_over_a_late_read_resets() {
    let faults = [("proxy.up.read#1", "pend 9ms")];
    let (got, ()) = client(&faults, &[1; 30], |_, mut stream| async move {
        assert!(within(12, read(&mut stream, 100)).await.is_none());
        stream.close();
    });
    assert_eq!(got, (vec![], Some(ConnectionReset)));
}

#[test]
fn dials_and_accepts_fail_and_are_late_by_number() {
    let dials = plan(&[("dial#1", "fail EHOSTUNREACH"), ("dial#2", "pend 30ms")]);
    let accepts = plan(&[("accept#1", "fail EMFILE"), ("accept#2", "pend 40ms")]);
    let (accepted, connected) = run(
        async move {
            let net = Faulty::new(SimNet::new(), accepts, Timers::Running);
            let mut listener = net.listen(here(), Buffers::default()).unwrap();
            let first = std::future::poll_fn(|cx| listener.poll_accept(cx)).await;
            let errno = first.err().and_then(|error| error.raw_os_error());
            assert_eq!(errno, Some(Errno::EMFILE.number()));
            accept(&mut listener).await.close();
            net.now().as_ms()
        },
        async move {
            let net = Faulty::new(SimNet::new(), dials, Timers::Running);
            let first = net.connect(server(), Buffers::default()).await;
            let errno = first.err().and_then(|error| error.raw_os_error());
            assert_eq!(errno, Some(Errno::EHOSTUNREACH.number()));
            let second = net.connect(server(), Buffers::default()).await.unwrap();
            let at = net.now().as_ms();
            sleep(60).await;
            second.close();
            at
        },
    );
    assert_eq!((accepted, connected), (45, 40));
}

#[test]
fn frozen_timers_never_fire_and_running_ones_are_counted() {
    let (frozen, running) = run(
        async {
            let net = Faulty::new(SimNet::new(), Rc::default(), Timers::Frozen);
            let slept = within(500, net.sleep_until(Time::from_ms(3))).await;
            (slept, net.timers_fired())
        },
        async {
            let net = Faulty::new(SimNet::new(), Rc::default(), Timers::Running);
            net.sleep_until(Time::from_ms(3)).await;
            (net.now().as_ms(), net.timers_fired())
        },
    );
    assert_eq!(frozen, (None, 0));
    assert_eq!(running, (3, 1));
}

#[test]
fn early_and_late_timers_miss_their_time_by_as_much_as_is_said() {
    let (early, late) = run(
        async {
            let net = Faulty::new(SimNet::new(), Rc::default(), Timers::Early);
            net.sleep_until(Time::from_ms(10)).await;
            (net.now().as_ms(), net.timers_fired())
        },
        async {
            let net = Faulty::new(SimNet::new(), Rc::default(), Timers::Late);
            net.sleep_until(Time::from_ms(10)).await;
            (net.now().as_ms(), net.timers_fired())
        },
    );
    assert_eq!(early, (10 - EARLY_MS, 1));
    assert_eq!(late, (10 + LATE_MS, 1));
}
