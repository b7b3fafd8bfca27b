//! Every command that the handbook and the README show is one that this program takes.

use super::Arguments;
use clap::Parser as _;

const PAGES: [(&str, &str); 2] = [
    ("HANDBOOK.md", include_str!("../../../../docs/HANDBOOK.md")),
    ("README.md", include_str!("../../../../README.md")),
];

/// What is typed in the blocks of a page: behind a prompt, or in a block of a shell's.
fn typed(page: &str) -> Vec<&str> {
    let mut shell = None;
    let mut typed = Vec::new();
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            shell = match shell {
                None => Some(language == "sh"),
                Some(_) => None,
            };
            continue;
        }
        let command = match shell {
            None => None,
            Some(true) => Some(line),
            Some(false) => line.strip_prefix("$ "),
        };
        typed.extend(command.filter(|command| command.starts_with("tidegate ")));
    }
    typed
}

/// Its words, without what is the shell's.
fn words(command: &str) -> Vec<&str> {
    let ours = |word: &&str| ![">", "|", "#", "&", "2>"].contains(word);
    command.split_whitespace().take_while(ours).collect()
}

#[test]
fn what_is_typed_in_a_block_is_found() {
    let page =
        "tidegate no\n```sh\ntidegate a > b\n```\n```text\ntidegate says\n$ tidegate c # d\n```\n";
    let found: Vec<_> = typed(page).into_iter().map(words).collect();
    assert_eq!(found, [["tidegate", "a"], ["tidegate", "c"]]);
}

#[test]
fn every_command_in_the_handbook_is_taken() {
    for (name, page) in PAGES {
        let typed = typed(page);
        assert!(typed.len() > 5, "{name} has commands");
        for command in typed {
            let taken = Arguments::try_parse_from(words(command));
            if let Err(error) = taken {
                panic!("{name}: {command}\n{error}");
            }
        }
    }
}
