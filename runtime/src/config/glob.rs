//! Which files a pattern stands for: `*` and `?` in any part of a path, in order.
//!
//! A crate would know more (`**`, `[a-z]`), which a list of configuration files does not need.

use std::{
    fs, io,
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
/// A directory cannot be read.
pub(super) fn files(base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![base.to_path_buf()];
    for component in Path::new(pattern).components() {
        let part = component.as_os_str().to_string_lossy();
        let wild = matches!(component, Component::Normal(_)) && is_pattern(&part);
        let mut next = Vec::new();
        for path in found {
            match wild {
                false => next.push(path.join(component)),
                true => next.extend(inside(&path, &part)?),
            }
        }
        found = next;
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

/// What is in a directory and has a name like that; nothing if it is no directory.
fn inside(directory: &Path, part: &str) -> io::Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
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
}
