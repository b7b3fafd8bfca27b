//! The command itself: what is printed, where, and how the program ends.
//!
//! It owns the two streams for as long as it runs. The report goes to the output; progress and what
//! keeps the probe from running go to the error stream.

use super::{
    Outcome, Progress, proxy,
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
                progress(
                    output,
                    &format!("{}/{} {} {}", at.at, at.of, at.key, at.name),
                );
            };
            proxy(asked, &mut heed).map(|rows| {
                let failed = |row: &super::Row| matches!(row.outcome, Outcome::Failed(_));
                let exit = if rows.iter().any(failed) {
                    Exit::Failure
                } else {
                    Exit::Ok
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
            eprintln!("error: {why}");
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
