//! Which files a pattern stands for: `*` and `?` in any part of a path, in order.
//!
//! A crate would know more (`**`, `[a-z]`), which a list of configuration files does not need.

use std::{
    fs::{self, Metadata},
    io,
    path::{Component, Path, PathBuf},
};

/// Whether `part` has a wildcard in it.
pub(super) fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// The files that `pattern` stands for, seen from `base`, sorted by path. A name that begins with a dot is
/// meant only by a part that does.
///
/// # Errors
/// A directory cannot be read, or may be one and cannot be looked at.
pub(super) fn files(base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![base.to_path_buf()];
    for component in Path::new(pattern).components() {
        let part = component.as_os_str().to_string_lossy();
        let named = matches!(component, Component::Normal(_));
        let mut next = Vec::new();
        for path in found {
            match named && is_pattern(&part) {
                true => next.extend(inside(&path, &part)?),
                false => {
                    if named {
                        // Behind a link that leads nowhere every name would seem to be absent.
                        look(&path)?;
                    }
                    next.push(path.join(component));
                }
            }
        }
        found = next;
    }
    // What cannot be looked at stays, and whoever reads it says why it cannot: it may be all that denies.
    found.retain(|path| !look(path).is_ok_and(|found| found.is_none_or(|one| !one.is_file())));
    found.sort();
    Ok(found)
}

/// What is at `path`, behind all links; nothing if there is no such name. The name of a link that leads
/// nowhere is there.
fn look(path: &Path) -> io::Result<Option<Metadata>> {
    let absent = |error: io::Error| {
        let kinds = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        kinds.contains(&error.kind())
    };
    match path.metadata() {
        Ok(found) => Ok(Some(found)),
        Err(_) if path.symlink_metadata().is_err_and(absent) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is in a directory and has a name like that; nothing if it is no directory.
fn inside(directory: &Path, part: &str) -> io::Result<Vec<PathBuf>> {
    match look(directory)? {
        Some(found) if found.is_dir() => {}
        Some(_) | None => return Ok(Vec::new()),
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if matches(part, &name.to_string_lossy()) {
            found.push(directory.join(name));
        }
    }
    Ok(found)
}

/// Whether `name` is like `pattern`.
fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last `*` does not fit: it stands for one more character.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(c), _) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            (_, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Scratch;
    use std::os::unix::fs::symlink;

    #[test]
    fn names_and_patterns() {
        for (pattern, name, is) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", false),
            (".*", ".toml", true),
            ("*.toml", "a.toml~", false),
            ("a*b*c", "aXbbXcbc", true),
            ("a*b*c", "aXbbXcb", false),
            ("?é*", "aé", true),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn files_in_order_and_nothing_else() {
        let scratch = Scratch::new("glob");
        for name in ["b.toml", "a.toml", "c.conf", ".hidden.toml"] {
            scratch.file(name, "");
        }
        fs::create_dir(scratch.path("sub.toml")).unwrap();
        fs::create_dir(scratch.path("one")).unwrap();
        scratch.file("one/z.toml", "");
        let base = scratch.path("");
        let found = |pattern: &str| -> Vec<String> {
            let files = files(&base, pattern).unwrap();
            let relative = |file: &PathBuf| {
                let file = file.strip_prefix(&base).unwrap();
                file.to_string_lossy().into_owned()
            };
            files.iter().map(relative).collect()
        };
        assert_eq!(found("*.toml"), ["a.toml", "b.toml"]);
        assert_eq!(found("*/*.toml"), ["one/z.toml"]);
        assert_eq!(found("./one/z.toml"), ["one/z.toml"]);
        assert!(found("none.toml").is_empty());
        assert!(found("none/*.toml").is_empty());
        assert_eq!(found(&base.join("?.conf").to_string_lossy()), ["c.conf"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_there() {
        let scratch = Scratch::new("glob-links");
        let base = scratch.path("");
        for name in ["files/sub", "directories"] {
            fs::create_dir_all(scratch.path(name)).unwrap();
        }
        let file = scratch.file("file", "");
        let [good, away, round] = ["good", "away", "round"].map(|name| format!("{name}.toml"));
        let round = scratch.path("files").join(round);
        for (to, from) in [
            (file, scratch.path("files").join(good)),
            (scratch.path("none"), scratch.path("files").join(away)),
            (round.clone(), round),
            (scratch.path("files/sub"), scratch.path("files/sub.toml")),
            (scratch.path("none"), scratch.path("directories/away")),
        ] {
            symlink(to, from).unwrap();
        }
        let found = files(&base, "files/*.toml").unwrap();
        let names = found.iter().map(|path| path.file_name().unwrap());
        assert!(
            names.eq(["away.toml", "good.toml", "round.toml"]),
            "{found:?}"
        );
        // It may have been a directory.
        for pattern in ["directories/*/*.toml", "directories/*/a.toml"] {
            assert!(files(&base, pattern).is_err(), "{pattern}");
        }
        assert!(files(&base, "files/*/a.txt").is_err());
        assert!(files(&base, "file/*").unwrap().is_empty());
    }
}
