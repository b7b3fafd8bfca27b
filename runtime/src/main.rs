//! The `tidegate` binary: the command line, the server and the demo, put together.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    ffi::OsString,
    fmt::Display,
    panic,
    process::ExitCode,
    sync::Arc,
    thread,
};
use tidegate::{
    admin::client as ask,
    cli::{self, Command, Decision, Demo, Exit, Output},
    clock::WallTime,
    config::{Config, Noted, Tls},
    demo,
    log::{LastWords, MESSAGES},
    message::{Code, Message, Sources, render},
    probe,
    server::{Again, Before, Inherited, Served, Server},
    tls::dev,
};
use tracing::Level;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    // Whoever would have handed over to us hears why that is not to be.
    let refused = |why: &str| {
        if let Some(before) = Before::take() {
            before.refuse(why);
        }
    };
    let noted = Noted::default();
    cli::main(args.clone(), &noted, &refused, |command, output| {
        log(output);
        // Dropped behind all that has something to say, also by a panic.
        let _last = LastWords;
        let exit = match command {
            Command::Serve(config, warnings) => {
                let served = (*config, &*warnings);
                serve(served, output, (&mut || again(&args, &noted), &noted))
            }
            Command::Demo(asked) => play(asked),
            Command::Probe(asked) => probe::run(&asked, output),
            Command::Ask(asked) => ask::run(&asked, &mut std::io::stdout()),
        };
        exit.into()
    })
}

fn serve(
    (mut config, warnings): (Config, &str),
    output: Output,
    (again, noted): (&mut Again<'_>, &Noted),
) -> Exit {
    // Before any other thread is there.
    let given = Inherited::take();
    begin_messages(&config);
    tell(warnings);
    let (inherited, before) = match given {
        Ok(given) => given,
        Err(why) => {
            tell(format_args!("error: {why}\n"));
            return Exit::Failure;
        }
    };
    let start = |print| Ok((print, Server::start(&config, inherited, before.as_ref())?));
    let (fingerprint, server) = match fingerprint(&config).and_then(start) {
        Ok(started) => started,
        Err(message) => {
            let said = |color| render(std::slice::from_ref(&message), &Sources::default(), color);
            tell(said(output.color));
            if let Some(before) = &before {
                before.refuse(&said(false));
            }
            return exit(&message);
        }
    };
    drop(before);
    // With the ports that were found where any would do.
    for (listener, addresses) in config.listeners.iter_mut().zip(&server.addresses) {
        listener.bind.clone_from(addresses);
    }
    if output.verbosity >= 0 {
        tell(cli::banner(
            &config,
            fingerprint.as_deref(),
            Some(server.files),
            &server.admin.places(),
        ));
    }
    match server.run(again, noted) {
        Served::Drained => Exit::Ok,
        Served::Forced => Exit::Forced,
    }
}

/// What the same command line asks for now.
///
/// # Errors
/// All that is wrong with it, which has been said on the error stream too.
fn again(args: &[OsString], noted: &Noted) -> Result<Config, String> {
    match cli::again(args.iter().cloned(), noted) {
        Decision::Start(Command::Serve(config, warnings), _) => {
            tell(&warnings);
            Ok(*config)
        }
        Decision::Start(Command::Demo(_) | Command::Probe(_) | Command::Ask(_), _) => {
            Err("it was not started to serve".to_owned())
        }
        Decision::Say { err, .. } => {
            tell(&err);
            Err(err)
        }
    }
}

fn play(asked: Demo) -> Exit {
    match demo::run(asked.serve, asked.count, &mut std::io::stdout()) {
        Ok(verdict) if verdict.is_good() => Exit::Ok,
        Ok(_) => Exit::Failure,
        Err(error) => {
            tell(format_args!(
                "error: the demo could not be played: {error}\n"
            ));
            Exit::Failure
        }
    }
}

/// How to end when serving could not begin.
fn exit(message: &Message) -> Exit {
    if message.code() == Code::CannotBind {
        Exit::Bind
    } else if message.code() == Code::WorkerFailed {
        Exit::Failure
    } else {
        Exit::Config
    }
}

/// Of the development certificate, if one is served; it is made if it is not there.
fn fingerprint(config: &Config) -> Result<Option<String>, Message> {
    let tls = config
        .listeners
        .iter()
        .filter_map(|listener| listener.tls.as_ref());
    for tls in tls {
        match tls {
            Tls::Dev(directory) => {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                return Ok(Some(
                    dev::load(directory, &provider, &WallTime)?.fingerprint,
                ));
            }
            Tls::Files(_) => {}
        }
    }
    Ok(None)
}

/// Says it on the error stream, and waits for nobody there where there are workers.
fn tell(words: impl Display) {
    MESSAGES.say(words.to_string().as_bytes());
}

/// From here on nobody waits for whoever reads the error stream.
fn begin_messages(config: &Config) {
    // Landlock leaves out threads that are there already: the log, which is started behind it, begins them then;
    // and where there is no thread to be had, it says so.
    if !config.landlock {
        let _later = MESSAGES.begin();
    }
    // The standard library's own words would be written by a worker.
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let trace = Backtrace::capture();
        match trace.status() == BacktraceStatus::Captured {
            true => tell(format_args!("\nthread '{name}' {panic}\n{trace}\n")),
            false => tell(format_args!("\nthread '{name}' {panic}\n")),
        }
        // A second one in its wake ends the process with whatever still waits.
        MESSAGES.pause();
    }));
}

fn log(output: Output) {
    let level = match output.verbosity {
        ..=-2 => Level::ERROR,
        -1 => Level::WARN,
        0 => Level::INFO,
        1 => Level::DEBUG,
        2.. => Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_writer(|| &MESSAGES)
        // It would be told on the very stream that has failed, and with a panic.
        .log_internal_errors(false)
        .with_ansi(output.color)
        .with_max_level(level)
        .init();
}
