//! What is made of the flags' own table: manual pages, and completions for shells.

use super::{
    Decision, Exit,
    args::{Arguments, ManFlags},
    misused, say,
};
use crate::config;
use clap::{Command, CommandFactory};
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

impl ManFlags {
    /// A page, or which there are.
    pub(super) fn say(&self) -> Decision {
        match self.list {
            true => list(),
            false => page(&self.page),
        }
    }
}

/// Every command that has a page, a line each: what `page` takes.
fn list() -> Decision {
    let lines = commands().into_iter().map(|name| name + "\n");
    say(Exit::Ok, lines.collect())
}

/// A manual page: the program's, the file's, or a command's, by its words.
fn page(about: &[String]) -> Decision {
    if about == ["toml"] {
        return say(Exit::Ok, config::manual());
    }
    let whole = whole();
    let mut command = Some(&whole);
    for word in about {
        command = command.and_then(|command| command.find_subcommand(word));
    }
    let Some(command) = command.cloned() else {
        let (about, pages) = (about.join(" "), commands().join(", "));
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

/// Every command, with those that it has.
fn whole() -> Command {
    let mut whole = Arguments::command();
    whole.build();
    whole
}

/// Every command by its words: `config`, `config fmt`.
fn commands() -> Vec<String> {
    let mut names = Vec::new();
    named(&whole(), "", &mut names);
    names
}

fn named(command: &Command, before: &str, names: &mut Vec<String>) {
    // What `help` has are the commands once more.
    let all = command.get_subcommands();
    for command in all.filter(|command| command.get_name() != "help") {
        let name = format!("{before}{}", command.get_name());
        names.push(name.clone());
        named(command, &format!("{name} "), names);
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

    fn of(words: &str) -> (Exit, String) {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        said(page(&words))
    }

    #[test]
    fn every_command_has_a_page() {
        let (exit, listed) = said(list());
        assert_eq!(exit, Exit::Ok);
        for words in listed.lines() {
            let (exit, page) = of(words);
            assert_eq!(exit, Exit::Ok);
            let name = format!("tidegate\\-{}", words.replace(' ', "\\-"));
            assert!(page.contains(&format!(".SH NAME\n{name}")), "{page}");
        }
        let (exit, page) = of("");
        assert!(
            exit == Exit::Ok && page.contains("tidegate\\-check(1)"),
            "{page}"
        );
    }

    #[test]
    fn every_command_is_listed_and_those_that_it_has() {
        let (_, listed) = said(list());
        let listed: Vec<_> = listed.lines().collect();
        for command in Arguments::command().get_subcommands() {
            assert!(listed.contains(&command.get_name()), "{listed:?}");
        }
        assert!(listed.contains(&"config fmt"), "{listed:?}");
        assert!(listed.iter().all(|name| !name.contains("help")));
    }

    #[test]
    fn a_page_that_is_none_is_told_with_those_there_are() {
        for words in ["serve", "config serve"] {
            let (exit, said) = of(words);
            assert_eq!(exit, Exit::Usage);
            assert!(
                said.starts_with(&format!(
                    "error: there is no page `{words}`; there are toml, run,"
                )),
                "{said}"
            );
        }
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
        let (exit, page) = of("toml");
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
