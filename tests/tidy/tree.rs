//! The tree as text: which files there are, and what is code in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file and its text.
pub(crate) struct Source {
    /// Its path from the top, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A function, found by rustfmt's layout.
pub(crate) struct Function {
    /// Its first line.
    pub(crate) at: usize,
    /// From the first line to the closing brace.
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// The lines that are not comments, numbered from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at + 1, line))
    }

    /// Every function: it opens with `fn` and ends with a brace at the same indentation.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.lines().collect();
        let mut found = Vec::new();
        for (first, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            if !is_function(code) || line.ends_with(';') || line.ends_with('}') {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let rest = lines[first..].iter().position(|line| **line == end);
            if let Some(rest) = rest {
                found.push(Function {
                    at: first + 1,
                    lines: rest + 1,
                });
            }
        }
        found
    }

    /// The names of its tests. One that is ignored, or does nothing, is none.
    pub(crate) fn tests(&self) -> Vec<String> {
        let lines: Vec<&str> = self.lines().map(str::trim).collect();
        let mut names = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let marked = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let next = lines[at..].iter().position(|line| is_function(line));
            if let (true, Some(rest)) = (marked, next) {
                let (attributes, body) = lines[at..].split_at(rest);
                let ignored = attributes.iter().any(|line| line.starts_with("#[ignore"));
                let name = body[0]
                    .split("fn ")
                    .nth(1)
                    .and_then(|rest| rest.split('(').next());
                let counts = !ignored && !is_hollow(body);
                names.extend(name.filter(|_| counts).map(str::to_string));
            }
        }
        names
    }
}

/// Whether the function that `lines` begin with does nothing.
fn is_hollow(lines: &[&str]) -> bool {
    let mut behind = lines[1..].iter().skip_while(|line| line.starts_with("//"));
    lines[0].ends_with("{}") || behind.next() == Some(&"}")
}

fn is_function(code: &str) -> bool {
    let mut words = code.split(' ').filter(|word| {
        !matches!(*word, "pub" | "const" | "async" | "unsafe") && !word.starts_with("pub(")
    });
    words.next() == Some("fn")
}

/// Every Rust file of the project.
pub(crate) fn sources() -> Vec<Source> {
    let folders = ["core", "runtime", "sim", "tests", "bench"];
    read(&folders, &|path| {
        path.extension().is_some_and(|end| end == "rs")
    })
}

/// Every file of the project that people read.
pub(crate) fn text_files() -> Vec<Source> {
    let ends = ["rs", "md", "toml", "snap", "sched", "sh", "pem", "txt"];
    let folders = [
        "core",
        "runtime",
        "sim",
        "tests",
        "snapshots",
        "bench",
        "docs",
        ".ci",
    ];
    let mut files = read(&folders, &|path| {
        path.extension()
            .is_none_or(|end| ends.iter().any(|known| end == *known))
    });
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "Cargo.toml",
        "clippy.toml",
        "rustfmt.toml",
    ] {
        let text = fs::read_to_string(top().join(name)).unwrap_or_default();
        files.push(Source {
            path: name.to_string(),
            text,
        });
    }
    files
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(folders: &[&str], wanted: &dyn Fn(&Path) -> bool) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&top().join(folder), &mut paths);
    }
    paths.sort();
    paths
        .into_iter()
        .filter(|path| wanted(path))
        .filter_map(|path| {
            let text = fs::read_to_string(&path).ok()?;
            let path = path
                .strip_prefix(top())
                .ok()?
                .to_string_lossy()
                .replace('\\', "/");
            Some(Source { path, text })
        })
        .collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "target" {
                walk(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}
