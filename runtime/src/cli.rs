//! The command line: what was asked for, and with what code the program ends.
//!
//! Owns the way from arguments to a [`Command`]; serving is the caller's. [`decide`] prints
//! nothing and starts nothing, so that tests can ask it anything.

mod args;
mod ask;
mod asked_at;
mod banner;
mod cert;
mod check;
mod explain;
mod file;
mod inline;
mod listed;
mod manual;
mod probe;
mod route;
mod trace;

pub use banner::banner;
use inline::Kind;
use listed::{format, metrics};
pub use probe::Probe;
use route::RouteFlags;

use crate::{
    admin::client::Ask,
    config::{self, Admin, Config, Machine, Noted, Noting, Outside, Reading},
    message::{self, Code, Message, Sources},
    server::Before,
    tls::files::reason,
};
use args::{Arguments, Common, ExplainFlags, Inline, Metrics, Run, Shared, Verb};
use clap::{ColorChoice, CommandFactory, Parser, error::ErrorKind};
use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked for.
    Ok = 0,
    /// Something failed while it ran.
    Failure = 1,
    /// The configuration is wrong, or a probe cannot run.
    Config = 2,
    /// An address cannot be bound.
    Bind = 3,
    /// The drain deadline closed sessions by force.
    Forced = 4,
    /// The command line is wrong.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The proxy, and what is to be said of its configuration before: warnings, as they are shown.
    Serve(Box<Config>, String),
    /// The demonstration.
    Demo(Demo),
    /// The probe.
    Probe(Box<Probe>),
    /// A question to a running process.
    Ask(Box<Ask>),
}

/// `tidegate demo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demo {
    /// Keep serving afterwards.
    pub serve: bool,
    /// How many, if that was said.
    pub count: Option<u32>,
}

/// How to talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// `-v` adds one each, `-q` takes one away.
    pub verbosity: i16,
    /// Whether to use terminal colours on the error stream.
    pub color: bool,
    /// Whether to use them on the output; if nobody said, on a terminal.
    pub paint: Option<bool>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start this.
    Start(Command, Output),
    /// Say this and end.
    Say {
        /// How to end.
        exit: Exit,
        /// For the output.
        out: String,
        /// For the error stream.
        err: String,
    },
}

/// Reads the arguments (the first is the program's name), and lets `start` do what they ask for
/// unless it is done by saying something. `refused` hears what is wrong, if something is.
pub fn main(
    args: impl IntoIterator<Item = OsString>,
    noted: &Noted,
    refused: &dyn Fn(&str),
    start: impl FnOnce(Command, Output) -> ExitCode,
) -> ExitCode {
    // Its arguments are for another one to read.
    if let Some(exit) = Before::between() {
        return exit;
    }
    match again(args, noted) {
        Decision::Start(command, output) => start(command, output),
        Decision::Say { exit, out, err } => {
            // First: whoever reads our streams may take as long as it likes.
            refused(&err);
            // A reader that has gone away is not worth a message that nobody reads.
            let _ = io::stdout().write_all(out.as_bytes());
            let _ = io::stderr().write_all(err.as_bytes());
            exit.into()
        }
    }
}

/// What the arguments (the first is the program's name) ask for on this machine, now: files are read anew,
/// and noted.
pub fn again(args: impl IntoIterator<Item = OsString>, noted: &Noted) -> Decision {
    noted.begin();
    let outside = |data_dir: Option<PathBuf>| -> Box<dyn Outside> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let machine = Machine { data_dir, provider };
        let noted = noted.clone();
        Box::new(Noting { machine, noted })
    };
    decide(args, io::stderr().is_terminal(), &outside)
}

/// What the arguments (the first is the program's name) ask for. `terminal`: whether messages
/// are read on one. `outside` makes the machine, given `--data-dir`.
pub fn decide(
    args: impl IntoIterator<Item = OsString>,
    terminal: bool,
    outside: &dyn Fn(Option<PathBuf>) -> Box<dyn Outside>,
) -> Decision {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, terminal),
    };
    let outside = outside(arguments.common.data_dir.clone());
    let output = output(&arguments.common, terminal, outside.as_ref());
    let color = output.color;
    if arguments.verb.is_some() && arguments.run != Run::default() {
        let text = "flags that say what to serve go after the command";
        let error = Arguments::command().error(ErrorKind::ArgumentConflict, text);
        return usage(&error, color);
    }
    let outside = outside.as_ref();
    let asked_at = arguments.common.admin.or(outside);
    let admin = asked_at.at.clone();
    match arguments.verb {
        Some(Verb::Demo(demo)) => {
            let (serve, count) = (demo.serve, demo.count);
            Decision::Start(Command::Demo(Demo { serve, count }), output)
        }
        Some(Verb::Probe(flags)) => match flags.decide() {
            Ok(probe) => Decision::Start(Command::Probe(Box::new(probe)), output),
            Err(why) => Decision::Say {
                exit: Exit::Config,
                out: String::new(),
                err: format!("error: {why}\n"),
            },
        },
        Some(Verb::Config { verb }) => file::run(verb),
        Some(Verb::Check(flags)) => check::checked(&flags, outside, color),
        Some(Verb::Explain(ExplainFlags { code, json })) => {
            match explain::say(code.as_deref(), json) {
                Ok(out) => say(Exit::Ok, out),
                Err(why) => misused(&why),
            }
        }
        Some(Verb::Route(flags)) => match load(&flags.config, outside, color) {
            Ok(loaded) => route(&flags, &loaded.config),
            Err(refusal) => refusal,
        },
        Some(Verb::Completions { shell }) => manual::completions(shell),
        Some(Verb::Man(man)) => man.say(),
        Some(Verb::Metrics(Metrics::List(flags))) => metrics(&flags, outside, color),
        Some(Verb::Trace(flags)) => flags.decide(outside, asked_at.place(), output),
        Some(Verb::Cert(verb)) => verb.decide(asked_at.place(), output),
        Some(Verb::Ask(verb)) => match verb.decide(asked_at.place()) {
            Ok(ask) => Decision::Start(Command::Ask(Box::new(ask)), output),
            Err(refusal) => refusal,
        },
        Some(Verb::Tcp(tcp)) => {
            let config = inline_config(&tcp.inline, Kind::Tcp, outside, color);
            serve(tcp.shared, admitted(config, admin), output)
        }
        Some(Verb::Run(run)) => {
            let config = run_config(&run, outside, color);
            serve(run.shared, admitted(config, admin), output)
        }
        None => {
            let config = run_config(&arguments.run, outside, color);
            serve(arguments.run.shared, admitted(config, admin), output)
        }
    }
}

fn route(flags: &RouteFlags, config: &Config) -> Decision {
    match flags.say(config) {
        Ok((true, out)) => say(Exit::Ok, out),
        Ok((false, out)) => say(Exit::Failure, out),
        Err(why) => misused(&why),
    }
}

/// Something was asked for that there is not.
fn misused(why: &str) -> Decision {
    Decision::Say {
        exit: Exit::Usage,
        out: String::new(),
        err: format!("error: {why}\n"),
    }
}

fn serve(shared: Shared, config: Asked, output: Output) -> Decision {
    let (mut config, warnings) = match config {
        Ok(config) => config,
        Err(refusal) => return refusal,
    };
    config.workers = shared.workers().or(config.workers);
    config.user = shared.user.or(config.user);
    config.landlock |= shared.landlock;
    config.log.format = shared.log_format.map(format).or(config.log.format);
    if shared.print_config {
        return say(Exit::Ok, config::print(&config));
    }
    Decision::Start(Command::Serve(Box::new(config), warnings), output)
}

/// How to talk, as the flags and the environment say.
fn output(common: &Common, terminal: bool, outside: &dyn Outside) -> Output {
    let no_color = outside
        .variable("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    let (color, paint) = match common.color {
        ColorChoice::Always => (true, Some(true)),
        ColorChoice::Never => (false, Some(false)),
        ColorChoice::Auto => (terminal && !no_color, no_color.then_some(false)),
    };
    Output {
        verbosity: common.verbosity(),
        color,
        paint,
    }
}

/// With the admin interface that the command line asks for, if it does.
fn admitted(asked: Asked, admin: Option<String>) -> Asked {
    let (mut config, warnings) = asked?;
    let Some(admin) = admin else {
        return Ok((config, warnings));
    };
    match Admin::asked(&admin) {
        Ok(admin) => config.admin = admin,
        Err(why) => return Err(misused(&format!("--admin {admin}: {why}"))),
    }
    Ok((config, warnings))
}

/// What is to be served, and what is to be said of it.
type Asked = Result<(Config, String), Decision>;

fn run_config(run: &Run, outside: &dyn Outside, color: bool) -> Asked {
    match &run.config {
        Some(path) => load(path, outside, color).map(|loaded| {
            let warnings = message::pictures(&loaded.warnings, &loaded.sources, color);
            (loaded.config, warnings)
        }),
        None => inline_config(&run.inline, Kind::Http, outside, color),
    }
}

fn inline_config(inline: &Inline, kind: Kind, outside: &dyn Outside, color: bool) -> Asked {
    if inline.listen.is_empty() {
        let text = match kind {
            Kind::Http => "say what to serve: --listen ADDR --to HOST:PORT, or -c FILE",
            Kind::Tcp => "say what to serve: --listen ADDR --to HOST:PORT",
        };
        let error = Arguments::command().error(ErrorKind::MissingRequiredArgument, text);
        return Err(usage(&error, color));
    }
    inline::config(inline, kind, outside)
        .map(|config| (config, String::new()))
        .map_err(|messages| refuse(&messages, &Sources::default(), color))
}

/// A file with nothing wrong in it, and what may not be meant in it.
struct Loaded {
    config: Config,
    sources: Sources,
    warnings: Vec<Message>,
}

fn load(path: &Path, outside: &dyn Outside, color: bool) -> Result<Loaded, Decision> {
    let read = reading(path, outside);
    match read.config {
        Some(config) => Ok(Loaded {
            config,
            sources: read.sources,
            warnings: read.messages,
        }),
        None => Err(refuse(&read.messages, &read.sources, color)),
    }
}

fn reading(path: &Path, outside: &dyn Outside) -> Reading {
    let name = path.to_string_lossy();
    match outside.text(path) {
        Ok(text) => {
            // Absolute, so that what is printed means the same elsewhere.
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            let base = absolute.parent().unwrap_or(Path::new("/"));
            config::read(&name, &text, base, outside)
        }
        Err(error) => Reading {
            sources: Sources::default(),
            messages: vec![unreadable(path, &error)],
            config: None,
        },
    }
}

/// What is in a file.
fn text(path: &Path, outside: &dyn Outside, color: bool) -> Result<String, Decision> {
    let cannot = |error| refuse(&[unreadable(path, &error)], &Sources::default(), color);
    outside.text(path).map_err(cannot)
}

fn unreadable(path: &Path, error: &io::Error) -> Message {
    let what = format!("cannot read {}", path.to_string_lossy());
    Message::new(Code::FileUnreadable, what).note(reason(error))
}

fn say(exit: Exit, out: String) -> Decision {
    Decision::Say {
        exit,
        out,
        err: String::new(),
    }
}

fn refuse(messages: &[Message], sources: &Sources, color: bool) -> Decision {
    let err = message::render(messages, sources, color);
    Decision::Say {
        exit: Exit::Config,
        out: String::new(),
        err,
    }
}

/// Help and version are errors to the parser and answers to us.
fn usage(error: &clap::Error, color: bool) -> Decision {
    let text = error.render();
    let text = match color {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    if error.use_stderr() {
        Decision::Say {
            exit: Exit::Usage,
            out: String::new(),
            err: text,
        }
    } else {
        say(Exit::Ok, text)
    }
}

#[cfg(test)]
mod tests;
