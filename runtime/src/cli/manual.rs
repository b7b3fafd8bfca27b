//! What is made of the flags' own table: manual pages, and completions for shells.

use super::{Decision, Exit, args::Arguments, misused, say};
use crate::config;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

/// The name by which a shell calls the program.
const NAME: &str = "tidegate";

/// A script for `shell`.
pub(super) fn completions(shell: Shell) -> Decision {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut out);
    say(Exit::Ok, String::from_utf8_lossy(&out).into_owned())
}

/// A manual page: the program's, the file's, or a command's.
pub(super) fn page(about: Option<&str>) -> Decision {
    let mut whole = Arguments::command();
    whole.build();
    let command = match about {
        None => Some(&whole),
        Some("toml") => return say(Exit::Ok, config::manual()),
        Some(name) => whole.find_subcommand(name),
    };
    let Some(command) = command.cloned() else {
        let all = whole.get_subcommands().map(clap::Command::get_name);
        let all: Vec<_> = all.filter(|name| *name != "help").collect();
        let about = about.unwrap_or_default();
        let pages = all.join(", ");
        return misused(&format!(
            "there is no page `{about}`; there are toml, {pages}"
        ));
    };
    let mut out = Vec::new();
    match Man::new(command).render(&mut out) {
        Ok(()) => say(Exit::Ok, String::from_utf8_lossy(&out).into_owned()),
        Err(error) => misused(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn said(decision: Decision) -> (Exit, String) {
        match decision {
            Decision::Say { exit, out, err } => (exit, out + &err),
            Decision::Start(..) => panic!("nothing is started"),
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let whole = Arguments::command();
        for command in whole.get_subcommands() {
            let (exit, page) = said(page(Some(command.get_name())));
            assert_eq!(exit, Exit::Ok);
            assert!(page.contains(".SH NAME"), "{page}");
        }
        let (exit, page) = said(page(None));
        assert!(
            exit == Exit::Ok && page.contains("tidegate\\-check(1)"),
            "{page}"
        );
    }

    #[test]
    fn a_page_that_is_none_is_told_with_those_there_are() {
        let (exit, words) = said(page(Some("serve")));
        assert_eq!(exit, Exit::Usage);
        assert!(
            words.starts_with("error: there is no page `serve`; there are toml, run,"),
            "{words}"
        );
    }

    #[test]
    fn every_shell_completes_every_command() {
        for &shell in Shell::value_variants() {
            let (exit, script) = said(completions(shell));
            assert_eq!(exit, Exit::Ok);
            for command in Arguments::command().get_subcommands() {
                assert!(
                    script.contains(command.get_name()),
                    "{shell}: {}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn the_file_has_a_page_with_every_key_once_it_is_needed() {
        let (exit, page) = said(page(Some("toml")));
        assert_eq!(exit, Exit::Ok);
        for words in [
            ".SS [[listener]]",
            ".SS [listener.tls]",
            "\\fBmax_connections\\fR",
        ] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }
}
