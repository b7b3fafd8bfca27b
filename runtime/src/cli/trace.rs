//! `tidegate trace`: a session's last steps, out of a file: shown, or played again.
//!
//! A file in, lines out. It opens no connection: the core alone is asked what it would do.

use super::{Command, Decision, Exit, Output, ask::span, say, text};
use crate::{
    admin::{
        client::{Ask, What, Where},
        recorded::{Records, cause},
    },
    config::Outside,
    picture::picture,
    roll::Wanted,
};
use clap::{Args, Subcommand};
use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};
use tidegate_core::{
    close::CloseCause,
    record::{Replay, Trouble, replay, show},
    time::Span,
};

// `trace`: its verbs are its help.
#[derive(Args, Debug)]
pub(super) struct TraceFlags {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tell the steps to a session of this version, and see that it does the same
    Replay(Asked),
    /// Keep the last steps of sessions of a running process as they end: what happened, counts and times
    Record(Record),
    /// Print the steps for people, or draw them
    Show {
        #[command(flatten)]
        asked: Asked,
        /// Draw them, as SVG. Every trace that is somewhere in the file is drawn, so this is also for
        /// snapshots, and for what the demo and the simulation print
        #[arg(long)]
        svg: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct Record {
    /// Those of this listener
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Those that had an endpoint of this cluster last
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Those that were closed for this, as half_close_timeout
    #[arg(long, value_name = "CAUSE", value_parser = cause)]
    cause: Option<CloseCause>,
    /// Those that were at least so old, as 1m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    older: Option<Span>,
    /// For so long
    #[arg(long = "for", value_name = "SPAN", value_parser = span, default_value = "60s")]
    lasts: Span,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    most: u64,
    /// A file for each in this folder, ID.trace; if not given, all of them on the output
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Print what comes as it comes, an object a line
    #[arg(long, conflicts_with = "to")]
    json: bool,
}

#[derive(Args, Debug)]
struct Asked {
    /// The trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl TraceFlags {
    /// What there is to say of the file, or to ask of the process at `at`.
    pub(super) fn decide(
        self,
        outside: &dyn Outside,
        at: Result<Where, Decision>,
        output: Output,
    ) -> Decision {
        let file = match &self.verb {
            Verb::Replay(asked) | Verb::Show { asked, .. } => &asked.file,
            Verb::Record(record) => {
                return match at {
                    Ok(at) => Decision::Start(Command::Ask(Box::new(record.ask(at))), output),
                    Err(refusal) => refusal,
                };
            }
        };
        match text(file, outside, output.color) {
            Ok(text) => self.verb.say(&file.to_string_lossy(), &text),
            Err(refusal) => refusal,
        }
    }
}

impl Record {
    fn ask(&self, at: Where) -> Ask {
        let wanted = Wanted {
            cluster: self.cluster.clone(),
            listener: self.listener.clone(),
            cause: self.cause,
            older: self.older,
        };
        let (span, most) = (self.lasts, self.most);
        let records = Records { wanted, span, most };
        let what = What::Record(records, self.to.clone());
        let json = self.json;
        Ask { at, what, json }
    }
}

impl Verb {
    /// What there is to say of `text`, which is in the file of this name.
    fn say(&self, name: &str, text: &str) -> Decision {
        let said = match self {
            Verb::Replay(_) => played(name, text),
            Verb::Show { svg: true, .. } => drawn(text),
            Verb::Show { svg: false, .. } => show(text).map(|rows| say(Exit::Ok, rows)),
            Verb::Record(_) => return say(Exit::Ok, String::new()),
        };
        said.unwrap_or_else(|Trouble { line, what }| Decision::Say {
            exit: Exit::Config,
            out: String::new(),
            err: format!("error: {name}:{line}: {what}\n"),
        })
    }
}

/// Plays it. What the core does not take is told as a difference: today's would never have come there.
fn played(name: &str, text: &str) -> Result<Decision, Trouble> {
    let at = Cell::new(0);
    let came = catch_unwind(AssertUnwindSafe(|| replay(text, &mut |line| at.set(line))));
    let differs = |line, what: String| say(Exit::Failure, format!("{name}:{line}: {what}\n"));
    let came = match came {
        Ok(came) => came?,
        Err(panic) => {
            let what = format!("the core refuses this step: {}", words(&*panic));
            return Ok(differs(at.get(), what));
        }
    };
    Ok(match came {
        Replay::Same { steps } => say(Exit::Ok, format!("{name}: the same, {steps} steps\n")),
        Replay::Differs {
            line,
            expected,
            found,
        } => differs(
            line,
            format!("differs\n  expected {expected}\n  found    {found}"),
        ),
        Replay::Fails {
            line,
            mut session,
            step,
        } => {
            let mut told = || session.step(step.at, step.event, &mut Vec::new());
            match catch_unwind(AssertUnwindSafe(&mut told)) {
                Err(panic) => {
                    let what = words(&*panic);
                    say(
                        Exit::Ok,
                        format!("{name}:{line}: the same, it fails: {what}\n"),
                    )
                }
                Ok(()) => differs(line, "this step failed, and does not any more".to_owned()),
            }
        }
    })
}

fn drawn(text: &str) -> Result<Decision, Trouble> {
    let none = || Trouble {
        line: 1,
        what: "there is no trace in it".to_owned(),
    };
    picture(text).map(|svg| say(Exit::Ok, svg)).ok_or_else(none)
}

/// The words of a panic.
fn words(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    let words = string.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("it says nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::{
        event::Event,
        record::Recorder,
        session::{Kind, Session, Setup},
        side::Side,
        time::Time,
    };

    /// Of a client that leaves at once; `failing`: and of an acknowledgement that cannot be.
    fn trace(failing: bool) -> String {
        let setup = Setup::new(Kind::Http, false);
        let (mut session, mut recorder) =
            (Session::new(setup), Recorder::new(Time(0), setup.timeouts));
        for event in [Event::Accepted, Event::Fin(Side::Down)] {
            recorder.begins(Time(7), &event, &session);
            session.step(Time(7), event, &mut Vec::new());
            recorder.ends(Time(7), &session);
        }
        if failing {
            recorder.begins(Time(8), &Event::Acked(Side::Up), &session);
        }
        recorder.timeline(&setup).write(None)
    }

    fn said(verb: fn(Asked) -> Verb, text: &str) -> (Exit, String) {
        let file = PathBuf::from("a.trace");
        let verb = verb(Asked { file });
        match verb.say("a.trace", text) {
            Decision::Say { exit, out, err } => (exit, out + &err),
            Decision::Start(..) => panic!("nothing is started"),
        }
    }

    fn shown(asked: Asked) -> Verb {
        Verb::Show { asked, svg: false }
    }

    fn drawn(asked: Asked) -> Verb {
        Verb::Show { asked, svg: true }
    }

    fn replayed(text: &str) -> (Exit, String) {
        said(Verb::Replay, text)
    }

    #[test]
    fn the_same_is_said_to_be_so() {
        let same = (Exit::Ok, "a.trace: the same, 2 steps\n".to_owned());
        assert_eq!(replayed(&trace(false)), same);
    }

    #[test]
    fn a_difference_is_told_with_its_line() {
        let text = trace(false).replace("D finish", "D reset");
        let (exit, words) = replayed(&text);
        let line = text.lines().position(|line| line.contains("D reset"));
        let at = format!("a.trace:{}: differs", line.expect("it is there") + 1);
        assert!(exit == Exit::Failure && words.starts_with(&at), "{words}");
        assert!(
            words.contains("found    ") && words.contains("D finish"),
            "{words}"
        );
    }

    #[test]
    fn what_the_core_refuses_is_told() {
        let (exit, words) = replayed(&trace(false).replace("; 21", "; 26"));
        assert!(
            exit == Exit::Failure && words.contains("refuses this step: "),
            "{words}"
        );
    }

    #[test]
    fn what_failed_fails_again() {
        let (exit, words) = replayed(&trace(true));
        assert!(
            exit == Exit::Ok && words.contains("the same, it fails: "),
            "{words}"
        );
    }

    #[test]
    fn what_failed_once_and_does_not_is_a_difference() {
        let (exit, words) = replayed(&trace(true).replace("; 26000001", "; 1e000000"));
        assert!(
            exit == Exit::Failure && words.contains("does not any more"),
            "{words}"
        );
    }

    #[test]
    fn what_is_no_trace_is_told_with_its_line() {
        let none = (
            Exit::Config,
            "error: a.trace:1: a trace begins with `tidegate trace v1`\n",
        );
        for verb in [Verb::Replay, shown] {
            let (exit, words) = said(verb, "listen = 80\n");
            assert_eq!((exit, words.as_str()), none);
        }
    }

    #[test]
    fn a_trace_is_drawn_and_what_is_none_is_not() {
        let (exit, svg) = said(drawn, &trace(false));
        assert!(exit == Exit::Ok && svg.starts_with("<svg "), "{svg}");
        let none = "error: a.trace:1: there is no trace in it\n".to_owned();
        assert_eq!(said(drawn, "listen = 80\n"), (Exit::Config, none));
    }

    #[test]
    fn rows_are_shown_without_their_entries() {
        let (exit, rows) = said(shown, &trace(false));
        assert_eq!(exit, Exit::Ok);
        assert_eq!(rows.lines().count(), 7, "{rows}");
        assert!(!rows.contains(" ; "), "{rows}");
    }
}
