//! Files that change, and a proxy that is told to watch them: what is in them counts, however it came there.

use crate::{
    exchange::{GET, answered},
    harness::{Proxy, Scratch, arg, program},
    keys::Authority,
    peers::{Origin, Peer},
    secure::{Secure, Version},
};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

fn file(to: SocketAddr, rest: &str) -> String {
    format!(
        "defaults = \"2026\"\nworkers = 1\n[reload]\nwatch = true\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{rest}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n"
    )
}

/// Lines that say this of a reload, once there are so many of them; never more.
fn said(proxy: &mut Proxy, what: &str, count: usize) -> String {
    proxy.process.until(what, |said| {
        let lines: Vec<_> = said.lines().filter(|line| line.contains(what)).collect();
        assert!(lines.len() <= count, "{lines:?}");
        let whole = said.ends_with('\n');
        (whole && lines.len() == count).then(|| lines[count - 1].to_owned())
    })
}

fn reloaded(proxy: &mut Proxy, count: usize) -> String {
    said(proxy, ": reloaded: ", count)
}

/// Whoever comes now is led to `origin`.
fn leads_to(proxy: &Proxy, origin: &Origin) {
    let mut client = proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
}

#[test]
fn a_file_that_is_written_or_replaced_is_read_again() {
    let origins = [Origin::new(), Origin::new(), Origin::new()];
    let text = |n: usize| file(origins[n].address(), "");
    let mut proxy = Proxy::of_file(text(0));
    leads_to(&proxy, &origins[0]);
    // The same content, in place and as another file, is nothing new.
    let scratch = proxy.scratch();
    scratch.file("tidegate.toml", text(0));
    fs::rename(scratch.file("new", text(0)), scratch.path("tidegate.toml")).unwrap();
    scratch.file("tidegate.toml", text(1));
    assert!(reloaded(&mut proxy, 1).contains("cluster `c` changed"));
    leads_to(&proxy, &origins[1]);
    // As editors do it.
    let scratch = proxy.scratch();
    let other = scratch.file(".tidegate.toml.swp", text(2));
    fs::rename(other, scratch.path("tidegate.toml")).unwrap();
    reloaded(&mut proxy, 2);
    leads_to(&proxy, &origins[2]);
}

#[test]
fn a_wrong_file_changes_nothing_and_is_told_of_once() {
    let origins = [Origin::new(), Origin::new()];
    let mut proxy = Proxy::of_file(file(origins[0].address(), ""));
    let wrong = file(origins[1].address(), "colour = \"red\"");
    proxy.scratch().file("tidegate.toml", &wrong);
    said(&mut proxy, "not reloaded", 1);
    leads_to(&proxy, &origins[0]);
    proxy.scratch().file("tidegate.toml", &wrong);
    proxy
        .scratch()
        .file("tidegate.toml", file(origins[1].address(), ""));
    reloaded(&mut proxy, 1);
    said(&mut proxy, "not reloaded", 1);
    leads_to(&proxy, &origins[1]);
}

/// A proxy of the file at `path`, which is anywhere in `scratch`.
fn at(path: &Path, scratch: Scratch) -> Proxy {
    let mut command = program(&scratch);
    command.arg("-c").arg(path);
    Proxy::started(command, scratch)
}

/// As Kubernetes mounts a ConfigMap: `tidegate.toml` leads to `..data/tidegate.toml`, and `..data` to a
/// directory, in whose place another one is put at once.
#[test]
fn a_directory_behind_a_link_is_changed_for_another() {
    let origins = [Origin::new(), Origin::new()];
    let scratch = Scratch::new();
    let mount = scratch.path("mount");
    let version = |n: usize| {
        let directory = mount.join(format!("..{n}"));
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            directory.join("tidegate.toml"),
            file(origins[n].address(), ""),
        )
        .unwrap();
    };
    version(0);
    symlink("..0", mount.join("..data")).unwrap();
    symlink("..data/tidegate.toml", mount.join("tidegate.toml")).unwrap();
    let mut proxy = at(&mount.join("tidegate.toml"), scratch);
    leads_to(&proxy, &origins[0]);
    version(1);
    symlink("..1", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    reloaded(&mut proxy, 1);
    leads_to(&proxy, &origins[1]);
}

#[test]
fn a_file_that_an_include_comes_to_mean_is_read() {
    let origin = Origin::new();
    let include = "include = [\"conf.d/*.toml\"]\n";
    let text = file(origin.address(), "").replace("workers", &format!("{include}workers"));
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("conf.d")).unwrap();
    let main = scratch.file("main.toml", text);
    let mut proxy = at(&main, scratch);
    let cluster = format!(
        "[[cluster]]\nname = \"d\"\nendpoints = [\"{}\"]\n",
        origin.address()
    );
    let more = proxy.scratch().path("conf.d").join("d.toml");
    fs::write(&more, &cluster).unwrap();
    assert!(reloaded(&mut proxy, 1).contains("cluster `d` new"));
    fs::remove_file(&more).unwrap();
    assert!(reloaded(&mut proxy, 2).contains("cluster `d` gone"));
}

#[test]
fn a_certificate_is_read_again_alone() {
    let (scratch, origin) = (Scratch::new(), Origin::new());
    let authorities = ["one", "two"].map(Authority::new);
    let files: Vec<(PathBuf, PathBuf)> = (0..2)
        .map(|n| {
            authorities[n]
                .leaf("localhost")
                .files(&scratch, ["a", "b"][n])
        })
        .map(|(cert, key)| (cert.to_owned(), key.to_owned()))
        .collect();
    // As certbot has it: links that are put elsewhere.
    let [cert, key] = ["live.pem", "live.key"].map(|name| scratch.path(name));
    symlink(&files[0].0, &cert).unwrap();
    symlink(&files[0].1, &key).unwrap();
    let tls = format!(
        "tls = {{ cert = \"{}\", key = \"{}\" }}",
        arg(&cert),
        arg(&key)
    );
    let mut proxy = Proxy::of_file(file(origin.address(), &tls));
    let trusts = |proxy: &Proxy, n: usize| {
        let ca = authorities[n].file(&scratch, "ca.pem");
        let mut client = Secure::connect(proxy.address, &ca, Version::Tls13);
        client.close_notify();
        client.fin();
    };
    trusts(&proxy, 0);
    for (from, to) in [(&files[1].1, &key), (&files[1].0, &cert)] {
        let other = scratch.path("other");
        symlink(from, &other).unwrap();
        fs::rename(other, to).unwrap();
    }
    // Between the two it may have been looked at: then they did not fit.
    proxy.process.until("the reload", |said| {
        said.contains(": reloaded: nothing changed").then_some(())
    });
    trusts(&proxy, 1);
}
