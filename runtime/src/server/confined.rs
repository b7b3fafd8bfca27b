//! Landlock: where files may still be written once everything is bound and loaded, and no thread but this one
//! is there to be left out.
//!
//! It owns the list of directories, and what came of it. Reading, running programs, the network and signals
//! are nobody's business here. A kernel that has no Landlock confines nothing: that is said, and no more.

use crate::{
    admin,
    config::{Config, Door, Tls},
    log::Place,
};
use landlock::{
    ABI, AccessFs, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use std::{
    collections::BTreeSet,
    error::Error,
    fmt::{self, Display, Formatter},
    io,
    path::{Path, PathBuf},
};

/// Terminals, `/dev/null` and the like, whatever opens them.
const DEVICES: &str = "/dev";

/// How far the process is confined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Confined {
    Yes,
    /// Not in all, and why.
    Partly(String),
    /// Not at all, and why.
    No(String),
}

impl Display for Confined {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Confined::Yes => f.write_str("yes"),
            Confined::Partly(why) => write!(f, "partly ({why})"),
            Confined::No(why) => write!(f, "no ({why})"),
        }
    }
}

/// Confines this thread, and all that it will start, to writing where `config` has it write; says what came of
/// it. Nothing if that is not wanted.
pub(super) fn confine(config: &Config) -> Option<Confined> {
    if !config.landlock {
        return None;
    }
    let writable = resolved(writable(config, &admin::usual_path()));
    let confined = match restrict(&writable) {
        Ok(status) => judged(&status),
        Err(error) => failed(&error),
    };
    match &confined {
        Confined::Yes => {
            let beneath: Vec<_> = writable.iter().map(|path| path.display()).collect();
            tracing::info!(
                ?beneath,
                "confined by Landlock: files are written there alone"
            );
        }
        Confined::Partly(why) => tracing::warn!(why, "confined by Landlock, but not in all"),
        Confined::No(why) => tracing::warn!(why, "not confined by Landlock: it goes on without"),
    }
    Some(confined)
}

/// The directories beneath which it writes while it runs, as `config` has it; its admin socket is `usual` where
/// nobody says otherwise.
fn writable(config: &Config, usual: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::from([PathBuf::from(DEVICES)]);
    match &config.log.to {
        Place::File(path) => {
            // A name that stands for a file elsewhere is written there, and may be made anew here.
            all.extend(path.canonicalize().ok().as_deref().map(directory));
            all.insert(directory(path));
        }
        Place::Stdout | Place::Stderr => {}
    }
    match &config.admin.unix {
        Door::Usual => drop(all.insert(directory(usual))),
        Door::At(path) => drop(all.insert(directory(path))),
        Door::Off => {}
    }
    for listener in &config.listeners {
        match &listener.tls {
            // Made anew by a reload, if it is to end soon.
            Some(Tls::Dev(path)) => drop(all.insert(path.clone())),
            Some(Tls::Files(_)) | None => {}
        }
    }
    all
}

/// Where a file of this path is made.
fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Those that are there: one that is not is told of by whoever wants a file in it, and by name.
fn resolved(all: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    all.into_iter().filter(|path| path.is_dir()).collect()
}

/// All ways to change what is on a disk. The first version of the kernel's that knows them all is the third;
/// one that is older leaves some out.
fn changes() -> BitFlags<AccessFs> {
    AccessFs::from_write(ABI::V3)
}

fn restrict(writable: &BTreeSet<PathBuf>) -> Result<RestrictionStatus, RulesetError> {
    let rules = writable.iter().filter_map(|path| {
        // As above: who wants a file in it will say what is wrong with it.
        let opened = PathFd::new(path).ok()?;
        Some(Ok::<_, RulesetError>(PathBeneath::new(opened, changes())))
    });
    let ruleset = Ruleset::default().handle_access(changes())?;
    ruleset.create()?.add_rules(rules)?.restrict_self()
}

fn judged(status: &RestrictionStatus) -> Confined {
    match (&status.ruleset, &status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Confined::Yes,
        (
            RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available {
                effective_abi: abi, ..
            },
        ) => Confined::Partly(format!(
            "this kernel has version {abi} of Landlock, which does not know of all that version {} does",
            ABI::V3
        )),
        (_, LandlockStatus::NotEnabled) => {
            Confined::No("this kernel has Landlock, and it is switched off: see lsm=".to_owned())
        }
        (_, LandlockStatus::NotImplemented) => {
            Confined::No("this kernel has no Landlock, or does not let us ask for it".to_owned())
        }
        (_, LandlockStatus::Available { .. }) => {
            Confined::No("the kernel did not do it".to_owned())
        }
    }
}

fn failed(error: &RulesetError) -> Confined {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        let code = one.downcast_ref().and_then(io::Error::raw_os_error);
        if code == Some(libc::E2BIG) {
            // Each upgrade adds one; those before were ours, and hold.
            return Confined::Partly(
                "as the processes before it, whose Landlock domains are all that the kernel stacks"
                    .to_owned(),
            );
        }
        cause = one.source();
    }
    Confined::No(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::testing, log::Settings};

    fn config(log: Option<&str>, admin: Door<PathBuf>, tls: Option<Tls>) -> Config {
        let mut listener = testing::listener();
        listener.tls = tls;
        let mut settings = Settings::default();
        if let Some(path) = log {
            settings.to = Place::File(path.into());
        }
        Config {
            listeners: vec![listener],
            admin: crate::config::Admin {
                unix: admin,
                ..Default::default()
            },
            log: settings,
            landlock: true,
            ..Config::default()
        }
    }

    fn of(config: &Config) -> Vec<String> {
        let all = writable(config, Path::new("/run/tidegate/admin.sock"));
        all.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn files_are_written_where_the_configuration_has_them() {
        let dev = Tls::Dev("/var/lib/tidegate/dev".into());
        assert_eq!(of(&config(None, Door::Off, None)), ["/dev"]);
        assert_eq!(
            of(&config(None, Door::Usual, None)),
            ["/dev", "/run/tidegate"]
        );
        assert_eq!(
            of(&config(
                Some("/nowhere/tidegate/lines"),
                Door::At("admin.sock".into()),
                Some(dev)
            )),
            ["/dev", "/nowhere/tidegate", "/var/lib/tidegate/dev", "."]
        );
    }

    #[test]
    fn a_log_that_stands_for_a_file_elsewhere_is_written_there_too() {
        // Nobody need make anything: there is such a name everywhere.
        let elsewhere = Path::new("/proc/self/exe").canonicalize().unwrap();
        let elsewhere = elsewhere.parent().unwrap().display().to_string();
        let all = of(&config(Some("/proc/self/exe"), Door::Off, None));
        assert!(all.contains(&elsewhere), "{all:?}");
        assert!(all.contains(&"/proc/self".to_owned()), "{all:?}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_left_to_whoever_wants_a_file_in_it() {
        let all = ["/dev", "/no/such/directory"].map(PathBuf::from);
        assert_eq!(resolved(all.into()), ["/dev".into()].into());
    }

    /// A thread confines itself and no other: this one is given up.
    #[test]
    fn what_the_kernel_does_not_stack_any_more_leaves_it_as_it_was() {
        let all = resolved([PathBuf::from(DEVICES)].into());
        let stacked = std::thread::spawn(move || {
            let came = (0..40).map(|_| restrict(&all).map_or_else(|e| failed(&e), |s| judged(&s)));
            came.collect::<Vec<_>>()
        });
        let came = stacked.join().unwrap();
        let (first, last) = (came.first().unwrap(), came.last().unwrap());
        match first {
            Confined::Yes | Confined::Partly(_) => {
                let said = last.to_string();
                assert!(
                    said.starts_with("partly (as the processes before"),
                    "{said}"
                );
            }
            Confined::No(_) => assert_eq!(first, last),
        }
    }

    #[test]
    fn why_is_said_unless_all_is_well() {
        let no = Confined::No("why".to_owned());
        let partly = Confined::Partly("why".to_owned());
        let said = [Confined::Yes, partly, no].map(|one| one.to_string());
        assert_eq!(said, ["yes", "partly (why)", "no (why)"]);
    }
}
