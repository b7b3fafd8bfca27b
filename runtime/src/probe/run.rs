//! The command itself: what is printed, where, and how the program ends.
//!
//! It owns the two streams for as long as it runs. The report goes to the output; progress and what
//! keeps the probe from running go to the error stream.

use super::{
    Progress, proxy,
    report::{self, Paint, json, lanes},
    server,
};
use crate::cli::{Exit, Output, Probe};
use std::io::{self, IsTerminal, Write};

/// Runs what was asked for.
pub fn run(probe: &Probe, output: Output) -> Exit {
    let paint = Paint(output.paint.unwrap_or_else(|| io::stdout().is_terminal()));
    let said = match probe {
        Probe::List { json: false } => Ok((report::list(paint), Exit::Ok)),
        Probe::List { json: true } => Ok((json::list(), Exit::Ok)),
        Probe::Server { asked, json } => {
            progress(output, &format!("asking {} questions", asked.server));
            server::server(asked).map(|found| {
                let text = if *json {
                    json::server(asked.server, asked.tls, &found)
                } else {
                    server::report(asked, &found, paint)
                };
                (text, Exit::Ok)
            })
        }
        Probe::Proxy { asked, show, json } => {
            let mut heed = |at: Progress<'_>| {
                // Where lines stay, one a row is enough.
                if at.play > 1 && !io::stderr().is_terminal() {
                    return;
                }
                let mut text = format!("{}/{} {} {}", at.at, at.of, at.key, at.name);
                if asked.repeat > 1 && io::stderr().is_terminal() {
                    text += &format!(" ({} of {})", at.play, asked.repeat);
                }
                progress(output, &text);
            };
            proxy(asked, &mut heed).map(|rows| {
                let count = report::Count::of(&rows);
                // What was not looked at has not passed.
                let exit = match (count.failed, count.passed) {
                    (0, 0) => Exit::Config,
                    (0, 1..) => Exit::Ok,
                    (1.., _) => Exit::Failure,
                };
                let text = if *json {
                    json::proxy(asked, &rows)
                } else if *show {
                    let lanes: Vec<String> =
                        rows.iter().map(|row| lanes::draw(row, paint)).collect();
                    lanes.join("\n")
                } else {
                    report::table(asked, &rows, paint)
                };
                (text, exit)
            })
        }
    };
    clear(output);
    match said {
        Ok((text, exit)) => {
            // A reader that has gone away does not change what was seen.
            let _gone = io::stdout().write_all(text.as_bytes());
            exit
        }
        Err(why) => {
            eprintln!("error: the probe could not run: {why}");
            Exit::Config
        }
    }
}

/// On a terminal one line that is written again and again, elsewhere a line each.
fn progress(output: Output, text: &str) {
    if output.verbosity < 0 {
        return;
    }
    if io::stderr().is_terminal() {
        eprint!("\r\u{1b}[Kprobe: {text}");
    } else {
        eprintln!("probe: {text}");
    }
}

fn clear(output: Output) {
    if output.verbosity >= 0 && io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K");
    }
}
