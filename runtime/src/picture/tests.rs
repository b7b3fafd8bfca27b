//! A trace of every kind of row, read back, marked and drawn.

use super::{
    marks::{self, Kind, Way, Weight},
    picture, rows, timers,
};
use tidegate_core::side::Side;

const HALF_CLOSED: &str = "\
tidegate trace v1
# A client that says its last word <first>.
setup     kind=tcp
begins    fresh

   ms  event            phase     D>U        U>D        effects
    0  D accepted       tunnel    =    0 .   .    0 =   U connect, arm connect 5s ; 0000
    2  U connected      tunnel    =    0 =   =    0 =   stop connect, arm tunnel 10s ; 0000
    3  D received 1500  tunnel    = 1500 =   =    0 =   U send 1500 ; 0000
    4  U sent 1500      tunnel    =    0 =   =    0 = ; 0000
    5  D fin            tunnel    |    0 /   =    0 =   U finish ; 0000
    5  U finished       tunnel    |    0 |   =    0 = ; 0000
10005  tunnel fired     closed    |    0 x   x    0 x   D reset, U reset, end tunnel expired by proxy in tunnel ; 0000
verdict   over
";

#[test]
fn rows_are_read_back() {
    let [trace] = &rows::read(HALF_CLOSED)[..] else {
        panic!("there is one")
    };
    assert_eq!(trace.claim, ["A client that says its last word <first>."]);
    assert_eq!(trace.verdict.as_deref(), Some("over"));
    assert_eq!(trace.rows.len(), 7);
    let row = &trace.rows[2];
    assert_eq!((row.side, &*row.event), (Some(Side::Down), "received 1500"));
    let after = row.after.as_ref().expect("it has its relays");
    assert_eq!((&*after.phase, after.relays[0].bytes), ("tunnel", 1500));
    assert_eq!(trace.rows[1].orders, ["stop connect", "arm tunnel 10s"]);
}

#[test]
fn bytes_fins_and_resets_are_arrows_of_their_own() {
    let trace = &rows::read(HALF_CLOSED)[0];
    let arrow = |side, way, weight| Kind::Arrow(side, way, weight);
    let kinds = |row: usize| {
        marks::of(&trace.rows[row])
            .into_iter()
            .map(|mark| mark.kind)
    };
    let all = |row| kinds(row).collect::<Vec<_>>();
    assert_eq!(all(2), [arrow(Side::Down, Way::In, Weight::Bytes(1500))]);
    assert_eq!(all(4), [arrow(Side::Down, Way::In, Weight::Fin)]);
    assert_eq!(all(5), [arrow(Side::Up, Way::Out, Weight::Fin)]);
    let resets = Side::BOTH.map(|side| arrow(side, Way::Out, Weight::Reset));
    assert_eq!(all(6), [Kind::Inside, resets[0], resets[1], Kind::End]);
}

#[test]
fn a_timer_is_there_from_its_arming_to_its_end_and_shrinks() {
    let bars = timers::bars(&rows::read(HALF_CLOSED)[0].rows);
    let [connect, tunnel] = &bars[..] else {
        panic!("there are two: {bars:?}")
    };
    assert_eq!(
        (connect.from, connect.to, connect.fired),
        (0, Some(1), false)
    );
    assert!((0.9995..0.9997).contains(&connect.left), "{connect:?}");
    assert_eq!((tunnel.from, tunnel.to, tunnel.fired), (1, Some(6), true));
    // The first one ends in the row in which the second begins.
    assert_ne!(connect.column, tunnel.column);
}

#[test]
fn what_a_trace_says_is_no_markup() {
    let svg = picture(HALF_CLOSED).expect("it is a trace");
    assert!(svg.contains("last word &lt;first&gt;."), "{svg}");
    assert!(!svg.contains("<first>"));
}

#[test]
fn what_has_no_rows_is_no_trace() {
    for none in [
        "",
        "listen = 80\n",
        "   ms  event            phase     D>U        U>D        effects\n",
    ] {
        assert_eq!(picture(none), None, "{none}");
    }
}

#[test]
fn a_moment_is_read_to_the_microsecond() {
    let text = HALF_CLOSED.replace("    3  D", "    3.045  D");
    assert_eq!(rows::read(&text)[0].rows[2].at_us, 3_045);
}
