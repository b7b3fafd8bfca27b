//! The verdict on a play: each check, and in words what is wrong where one fails.
//!
//! Pure: transcripts in, sentences out. It owns the meaning of the checks, waits for nothing, and
//! never looks at a socket.

mod http;

use super::{
    message::{self, Message},
    play::Play,
    scenario::{After, Bound, Cause, Check, Scenario, VANISHED},
    step::{Pace, Payload, Who, written},
    transcript::{End, Transcript, What, size, span},
};
use std::time::Duration;

/// T_abort_flush: how long a proxy may try to deliver what came before a reset.
const ABORT_FLUSH: Duration = Duration::from_secs(1);

/// What is expected of latencies, and of what was written.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How late "at once" may be.
    pub slack: Duration,
    /// The pace it was played in.
    pub pace: &'a Pace,
    /// Whom the client asked for.
    pub host: &'a str,
}

/// What a play comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong, a sentence each; nothing if it passed.
    pub faults: Vec<String>,
    /// The longest of the row's measured reactions.
    pub latency: Option<Duration>,
}

/// Judges `play` as one of `scenario`.
#[must_use]
pub fn judge(scenario: &Scenario, play: &Play, terms: Terms<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    if let Some(why) = play.client.unconnected() {
        verdict
            .faults
            .push(format!("the proxy does not accept: {why}"));
        return verdict;
    }
    // An alert is the proxy's word that it does not want to; a reset may be what the row is about.
    if let (Some(why), Some(_)) = (play.client.unsecured(), play.client.nonsense()) {
        verdict
            .faults
            .push(format!("there was no TLS handshake: {why}"));
        return verdict;
    }
    if scenario.dials && play.origins.is_empty() {
        let fault = "the proxy did not connect to the origin";
        verdict.faults.push(fault.to_owned());
        return verdict;
    }
    let court = Court { play, terms };
    for check in scenario.checks {
        if let Err(fault) = court.hear(check, &mut verdict.latency) {
            verdict.faults.push(fault);
            if *check == Check::Upgraded {
                break;
            }
        }
    }
    verdict
}

struct Court<'a> {
    play: &'a Play,
    terms: Terms<'a>,
}

type Judged = Result<(), String>;

impl Court<'_> {
    fn hear(&self, check: &Check, latency: &mut Option<Duration>) -> Judged {
        match *check {
            Check::Got(who, parts) => self.got(who, 0, parts),
            Check::GotBehindHead(who, parts) => {
                let bytes = &self.of(who)?.bytes;
                let head = message::head(bytes).ok_or_else(|| self.no_head(who))?;
                self.got(who, head, parts)
            }
            Check::Upgraded => self.upgraded(),
            Check::Notified(who, after) => self.notified(who, after, latency),
            Check::Clean(who, after) => {
                self.clean(who)?;
                self.prompt(who, after, latency)
            }
            Check::Broken(who, after) => {
                self.broken(who)?;
                self.prompt(who, after, latency)
            }
            Check::Ended(who, after) => {
                self.ended(who)?;
                self.prompt(who, Some(after), latency)
            }
            Check::Error(who, after) => self.error(who, after, latency),
            Check::Statuses(statuses) => self.statuses(statuses),
            Check::Asked(requests) => self.asked(requests),
            Check::Body(parts) => self.body(parts),
            Check::VisiblyCut => self.visibly_cut(),
            Check::NeverComplete => self.never_complete(latency),
            Check::Released => self.released(latency),
        }
    }

    fn of(&self, who: Who) -> Result<&Transcript, String> {
        let none = || format!("the {} had no connection", who.name());
        self.play.of(who).ok_or_else(none)
    }

    fn got(&self, who: Who, from: usize, parts: &[Payload]) -> Judged {
        let got = &self.of(who)?.bytes[from..];
        let due = written(who.other(), parts, self.terms.pace, self.terms.host);
        compare(who, got, &due)
    }

    fn no_head(&self, who: Who) -> String {
        let saw = self.of(who).map(Transcript::saw).unwrap_or_default();
        format!("the {} read no HTTP head, but {saw}", who.name())
    }

    /// A tunnel begins with a 101.
    fn upgraded(&self) -> Judged {
        match message::read(&self.play.client.bytes) {
            Some(Message { status: 101, .. }) => Ok(()),
            Some(Message { status, .. }) => {
                Err(format!("the client got status {status} where 101 was due"))
            }
            None => Err(self.no_head(Who::Client)),
        }
    }

    fn notified(&self, who: Who, after: After, latency: &mut Option<Duration>) -> Judged {
        let name = who.name();
        let After(cause, bound) = after;
        let Some(at) = self.of(who)?.when(&What::GotNotify) else {
            return Err(format!("the {name} read no close_notify"));
        };
        let from = cause_at(self.of(who.other())?, cause);
        let what = format!("the {name}'s close_notify");
        let cause = format!("the {}'s {}", who.other().name(), cause.name());
        let took = from.and_then(|from| at.checked_sub(from));
        self.bounded(took, bound, [&what, &cause], latency)
    }

    fn clean(&self, who: Who) -> Judged {
        let transcript = self.of(who)?;
        let name = who.name();
        match (transcript.end().0, transcript.tls, transcript.notified()) {
            (End::Fin, false, _) | (End::Fin, true, true) => Ok(()),
            (End::Fin, true, false) => Err(format!(
                "the {name} read FIN without close_notify: a clean end was made to look cut off"
            )),
            (End::Reset, ..) => Err(format!(
                "the {name} read RST where {} was due",
                if transcript.tls {
                    "close_notify and FIN"
                } else {
                    "FIN"
                }
            )),
            _ => self.ended(who).and(Err(format!(
                "the {name} read an alert or no TLS where close_notify and FIN were due"
            ))),
        }
    }

    fn broken(&self, who: Who) -> Judged {
        let transcript = self.of(who)?;
        let name = who.name();
        match (transcript.end().0, transcript.tls, transcript.notified()) {
            (End::Reset, _, false) => Ok(()),
            (End::Reset, _, true) => Err(format!(
                "the {name} read close_notify before RST: a broken end was made to look clean"
            )),
            (End::Fin, true, true) => Err(format!(
                "the {name} read close_notify and FIN where RST was due: a broken end was made to \
                 look clean"
            )),
            (End::Fin, true, false) => Err(format!(
                "the {name} read FIN without close_notify where RST was due"
            )),
            (End::Fin, false, _) => Err(format!(
                "the {name} read FIN where RST was due: a broken end was made to look clean"
            )),
            _ => self.ended(who),
        }
    }

    fn ended(&self, who: Who) -> Judged {
        let transcript = self.of(who)?;
        let name = who.name();
        match (transcript.end().0, transcript.notified()) {
            (End::Fin | End::Reset, _) => Ok(()),
            (End::None, _) => Err(format!("the {name} had no connection")),
            (End::Open, true) => Err(format!(
                "the {name} read close_notify, but no FIN{}",
                waited(transcript)
            )),
            (End::Open, false) => Err(format!("the {name} read no end{}", waited(transcript))),
            (End::Nonsense, _) => {
                let why = transcript.nonsense();
                Err(format!("the {name}: {}", why.unwrap_or("no TLS")))
            }
        }
    }

    fn prompt(&self, who: Who, after: Option<After>, latency: &mut Option<Duration>) -> Judged {
        let Some(After(cause, bound)) = after else {
            return Ok(());
        };
        let other = who.other();
        let (Some(at), Some(end)) = (cause_at(self.of(other)?, cause), self.of(who)?.end().1)
        else {
            return Err(format!(
                "the {} never came to its {}",
                other.name(),
                cause.name()
            ));
        };
        let what = format!("the {}'s end", who.name());
        let cause = format!("the {}'s {}", other.name(), cause.name());
        self.bounded(end.checked_sub(at), bound, [&what, &cause], latency)
    }

    fn bounded(
        &self,
        took: Option<Duration>,
        bound: Bound,
        [what, cause]: [&str; 2],
        latency: &mut Option<Duration>,
    ) -> Judged {
        let Some(took) = took else {
            return Err(format!("{what} came before {cause}"));
        };
        let most = match bound {
            Bound::L0 => self.terms.slack,
            Bound::AbortFlush => self.terms.slack + ABORT_FLUSH,
            Bound::Vanished => VANISHED,
            Bound::Patience => return Ok(()),
        };
        *latency = (*latency).max(Some(took));
        if took <= most {
            return Ok(());
        }
        Err(format!(
            "{what} came {} after {cause}; the bound is {}",
            span(took),
            span(most)
        ))
    }

    fn error(&self, who: Who, after: After, latency: &mut Option<Duration>) -> Judged {
        let at = self
            .of(who)?
            .events
            .iter()
            .find_map(|event| matches!(event.what, What::GotError(_)).then_some(event.at));
        let After(cause, bound) = after;
        let name = who.name();
        let Some(at) = at else {
            return Err(format!(
                "the {name} was not told of the {}'s {} on its half-closed connection",
                who.other().name(),
                cause.name()
            ));
        };
        let from = cause_at(self.of(who.other())?, cause);
        let took = from.and_then(|from| at.checked_sub(from));
        let what = format!("the {name}'s error");
        let cause = format!("the {}'s {}", who.other().name(), cause.name());
        self.bounded(took, bound, [&what, &cause], latency)
    }

    fn released(&self, latency: &mut Option<Duration>) -> Judged {
        self.ended(Who::Origin)?;
        let origin = self.of(Who::Origin)?;
        let (Some(fin), Some(end)) = (origin.when(&What::SentFin), origin.end().1) else {
            return Ok(());
        };
        // A proxy that keeps no connections has let go of this one before.
        match end.checked_sub(fin) {
            Some(took) => self.bounded(
                Some(took),
                Bound::L0,
                ["the end of the idle connection", "the origin's FIN"],
                latency,
            ),
            None => Ok(()),
        }
    }
}

/// When a peer did what an end follows. Over TLS the close_notify says it all, and the FIN behind
/// it comes a moment later.
fn cause_at(transcript: &Transcript, cause: Cause) -> Option<Duration> {
    let notify = transcript.when(&What::SentNotify);
    match cause {
        Cause::Fin => notify.or_else(|| transcript.when(&What::SentFin)),
        Cause::Notify | Cause::Reset => transcript.when(&cause.what()),
    }
}

fn waited(transcript: &Transcript) -> String {
    let last = transcript.events.last().map_or(Duration::ZERO, |e| e.at);
    format!(" within {}", span(last))
}

fn compare(who: Who, got: &[u8], due: &[u8]) -> Judged {
    if got == due {
        return Ok(());
    }
    let name = who.name();
    let same = got.iter().zip(due).take_while(|(a, b)| a == b).count();
    Err(if same == got.len() {
        format!(
            "the {name} read {} of {}: {} were lost",
            size(got.len()),
            size(due.len()),
            size(due.len() - got.len())
        )
    } else if same == due.len() {
        format!(
            "the {name} read {} that were not sent",
            size(got.len() - due.len())
        )
    } else {
        format!("the {name} read other bytes than were sent, from byte {same} on")
    })
}

/// An end in words, for reports.
#[must_use]
pub fn end(transcript: &Transcript) -> String {
    transcript.ended().to_string()
}
