//! What a configuration was read from: which files, and what was in them.
//!
//! It owns a list that whoever reads writes, and whoever watches compares with the disk.

use crate::{
    config::{CertificateFiles, Dns, Machine, Outside},
    message::Message,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Links that are followed of one path; the kernel follows as many.
const LINKS: usize = 40;

/// What was read, as often as it is; shared by all who have it.
#[derive(Clone, Debug, Default)]
pub struct Noted(Arc<Mutex<BTreeMap<Source, u64>>>);

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    File(PathBuf),
    /// Which files a pattern stands for.
    Pattern(PathBuf, String),
}

impl Noted {
    /// From now on it is what is read next.
    pub fn begin(&self) {
        self.all().clear();
    }

    /// What is read by `read` is not noted: nobody serves by it.
    pub fn aside<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = self.all().clone();
        let done = read();
        *self.all() = before;
        done
    }

    /// What is noted now, for somebody who has it alone.
    #[must_use]
    pub fn snapshot(&self) -> Noted {
        Noted(Arc::new(Mutex::new(self.all().clone())))
    }

    /// Something whose content is not what was read, if there is any: changed, gone, or come.
    #[must_use]
    pub fn changed(&self) -> Option<PathBuf> {
        let all = self.all().clone();
        let changed = all
            .into_iter()
            .find(|(source, known)| now(source) != *known);
        changed.map(|(source, _)| source.path())
    }

    /// The directories in which something happens if any of it changes: also those of the links that lead
    /// there.
    #[must_use]
    pub fn directories(&self) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        for source in self.all().keys() {
            along(&source.path(), &mut all);
        }
        all
    }

    fn note(&self, source: Source) {
        let now = now(&source);
        self.all().insert(source, now);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Source, u64>> {
        // A map is whole whatever happened to its last holder.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn path(&self) -> PathBuf {
        match self {
            Source::File(path) => path.clone(),
            Source::Pattern(base, pattern) => {
                let path = base.join(pattern);
                // What is behind a sign that stands for many is not one place.
                let many = |part: &Component<'_>| {
                    let part = part.as_os_str().as_encoded_bytes();
                    part.contains(&b'*') || part.contains(&b'?')
                };
                let fixed = path.components().take_while(|part| !many(part));
                fixed.collect::<PathBuf>().join("*")
            }
        }
    }
}

/// What is there; nothing is as good as empty.
fn now(source: &Source) -> u64 {
    let mut hasher = DefaultHasher::new();
    match source {
        Source::File(path) => fs::read(path).ok().hash(&mut hasher),
        Source::Pattern(base, pattern) => {
            super::glob::files(base, pattern).ok().hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The directories on the way to `path` of which an entry decides where it leads.
fn along(path: &Path, all: &mut BTreeSet<PathBuf>) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts = |path: &Path| path.iter().map(OsString::from).collect::<VecDeque<_>>();
    let (mut rest, mut at, mut links) = (parts(&path), PathBuf::from("/"), LINKS);
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        let Ok(target) = fs::read_link(&next) else {
            at = next;
            continue;
        };
        all.insert(at.clone());
        links -= 1;
        if links == 0 {
            return;
        }
        for part in parts(&target).into_iter().rev() {
            rest.push_front(part);
        }
    }
    all.extend(at.parent().map(Path::to_owned));
}

/// This machine, and what is read there is noted.
#[derive(Debug)]
pub struct Noting {
    /// The machine.
    pub machine: Machine,
    /// What was read.
    pub noted: Noted,
}

impl Noting {
    fn note(&self, file: &Path) {
        self.noted.note(Source::File(file.to_owned()));
    }
}

impl Outside for Noting {
    fn variable(&self, name: &str) -> Option<String> {
        self.machine.variable(name)
    }

    fn files(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let source = Source::Pattern(base.to_owned(), pattern.to_owned());
        self.noted.note(source);
        self.machine.files(base, pattern)
    }

    // Noted before it is read: what changes in between is a change.
    fn text(&self, file: &Path) -> io::Result<String> {
        self.note(file);
        self.machine.text(file)
    }

    fn unresolved(&self, dns: &Dns, names: &[&str]) -> Vec<(String, String)> {
        self.machine.unresolved(dns, names)
    }

    fn certificate(&self, files: &CertificateFiles) -> Result<(), Message> {
        self.note(&files.cert);
        self.note(&files.key);
        self.machine.certificate(files)
    }

    fn authorities(&self, file: &Path) -> Result<(), Message> {
        self.note(file);
        self.machine.authorities(file)
    }

    fn dev_directory(&self) -> Result<PathBuf, Message> {
        self.machine.dev_directory()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_content_is_a_change() {
        let directory = std::env::temp_dir().join(format!("tidegate-noted-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.toml");
        fs::write(&file, "one").unwrap();
        let noted = Noted::default();
        noted.note(Source::File(file.clone()));
        noted.note(Source::Pattern(directory.clone(), "*.toml".to_owned()));
        assert!(noted.directories().contains(&directory));
        fs::write(&file, "one").unwrap();
        assert_eq!(noted.changed(), None);
        fs::write(&file, "two").unwrap();
        assert_eq!(noted.changed(), Some(file.clone()));
        // Looked at by somebody else, it has changed all the same.
        noted.aside(|| {
            noted.begin();
            noted.note(Source::File(file.clone()));
            assert_eq!(noted.changed(), None);
        });
        assert_eq!(noted.changed(), Some(file.clone()));
        fs::write(&file, "one").unwrap();
        fs::write(directory.join("b.toml"), "").unwrap();
        assert_eq!(noted.changed(), Some(directory.join("*")));
        fs::remove_dir_all(&directory).unwrap();
    }
}
