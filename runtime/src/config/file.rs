//! From the text of a file to a [`Config`], or to everything that is wrong with it.

use crate::{
    config::{
        Config, Drain, Origins, admin, cluster, dns,
        include::{self, Included, Main},
        lint::{self, Written},
        listener, log,
        names::Names,
        outside::Outside,
        read::{Node, Reader, Section},
        route, waits,
    },
    message::{Code, Message, Sources, render},
};
use std::{num::NonZeroUsize, ops::RangeInclusive, path::Path};
use tidegate_core::limits::Limits;
use toml::de::{DeTable, DeValue};

/// The edition of the defaults that this version has.
pub(super) const EDITION: &str = "2026";

const KEYS: [&str; 14] = [
    "defaults", "include", "workers", "user", "landlock", "listener", "route", "cluster", "limits",
    "dns", "reload", "drain", "admin", "log",
];
const WORKERS: RangeInclusive<u32> = 1..=1024;
const RELAY: RangeInclusive<u32> = 1..=64 << 20;
/// The kernel's own limit for pipes is as large, where nobody has changed it.
const PIPE: RangeInclusive<u32> = 0..=1 << 20;
const HEAD: RangeInclusive<u32> = 128..=1 << 20;
/// Of a body, in a second; 0 asks for none.
const RATE: RangeInclusive<u32> = 0..=1 << 30;
const BODY: RangeInclusive<u64> = 1..=1 << 50;
const MEMORY: RangeInclusive<u64> = 1 << 20..=1 << 50;
const FIELDS: RangeInclusive<u32> = 1..=1000;

/// What reading a file, and those that it includes, came to.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What was read.
    pub sources: Sources,
    /// Everything that is wrong with it, and what is allowed and probably not meant; in no particular order.
    pub messages: Vec<Message>,
    /// What it means, if nothing is wrong.
    pub config: Option<Config>,
}

impl Reading {
    /// What it means, or what is wrong as people are shown it.
    ///
    /// # Errors
    /// Something is wrong.
    pub fn outcome(self) -> Result<Config, String> {
        let Reading {
            sources,
            messages,
            config,
        } = self;
        config.ok_or_else(|| render(&messages, &sources, false))
    }
}

/// Reads a configuration: `text`, called `name`, and the files that it includes. Paths in it are relative to
/// `base`.
pub fn read(name: &str, text: &str, base: &Path, outside: &dyn Outside) -> Reading {
    let mut reader = Reader::new(name, text, base, outside);
    let main = include::parse(&mut reader, text, 0);
    let included = include::named(&mut reader, &main, Main { name, base });
    let config = whole(&mut reader, main, &included);
    Reading {
        sources: reader.sources,
        config: config.filter(|_| !reader.messages.iter().any(Message::is_error)),
        messages: reader.messages,
    }
}

/// All files together; nothing if something is wrong.
fn whole<'i>(
    reader: &mut Reader<'_>,
    mut document: DeTable<'i>,
    included: &'i [Included],
) -> Option<Config> {
    let starts = include::add(&mut reader.sources, included);
    for (one, start) in included.iter().zip(starts) {
        reader.start_from(one.path.parent().unwrap_or(Path::new("/")));
        let other = include::parse(reader, &one.text, start);
        include::merge(reader, &mut document, other);
    }
    // What is not TOML may have hidden anything.
    if reader.messages.iter().any(|one| one.code() == Code::Syntax) {
        return None;
    }
    // The whole text is too much to point at.
    let root = Section::new("the file", &document, 0..0);
    reader.only(&root, &KEYS);
    edition(reader, &root);
    let (limits, memory) = limits(reader, &root);
    let mut config = Config {
        listeners: Vec::new(),
        clusters: Vec::new(),
        limits,
        memory,
        drain: drain(reader, &root),
        dns: dns::read(reader, &root),
        admin: admin::read(reader, &root),
        log: log::read(reader, &root),
        watch: watch(reader, &root),
        user: user(reader, &root),
        landlock: landlock(reader, &root),
        workers: workers(reader, &root),
        origins: Origins::of(&document, &reader.sources),
    };
    let written = nouns(reader, &root, &mut config);
    if reader.refuses() {
        return None;
    }
    lint::look(reader, &config, &written);
    config.sort();
    Some(config)
}

fn edition(reader: &mut Reader<'_>, root: &Section<'_, '_>) {
    let word = root
        .get("defaults")
        .and_then(|node| reader.word("defaults", node));
    let Some(word) = word.filter(|word| word.text != EDITION) else {
        return;
    };
    let message = Message::new(Code::Edition, format!("unknown edition `{}`", word.text))
        .at(word.place, "")
        .note("an edition fixes the default values, so that an upgrade does not change them");
    reader.say(message.help(format!("this version has edition \"{EDITION}\"")));
}

fn workers(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Option<NonZeroUsize> {
    let count = root
        .get("workers")
        .and_then(|node| reader.count("workers", node, &WORKERS));
    count.and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?))
}

fn user(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Option<String> {
    let word = root.get("user").and_then(|node| reader.word("user", node));
    word.map(|word| word.text.to_string())
}

fn landlock(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> bool {
    let node = root.get("landlock");
    let wanted = node.and_then(|node| reader.flag("landlock", node));
    wanted.unwrap_or(false)
}

fn watch(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> bool {
    let section = root
        .get("reload")
        .and_then(|node| reader.section("reload", node, &["watch"]));
    let node = section.as_ref().and_then(|section| section.get("watch"));
    let watch = node.and_then(|node| reader.flag("watch", node));
    watch.unwrap_or(false)
}

fn drain(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Drain {
    let mut drain = Config::DRAIN;
    let keys = ["pre_delay", "timeout"];
    let section = root
        .get("drain")
        .and_then(|node| reader.section("drain", node, &keys));
    let Some(section) = section else {
        return drain;
    };
    for (key, range, slot) in [
        ("pre_delay", &waits::PRE_DELAY, &mut drain.pre_delay),
        ("timeout", &waits::DRAIN, &mut drain.timeout),
    ] {
        let node = section.get(key);
        let span = node.and_then(|node| reader.duration(key, node, range));
        *slot = span.unwrap_or(*slot);
    }
    drain
}

/// Those of a session, and of the process' memory.
fn limits(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> (Limits, Option<u64>) {
    let mut limits = Limits::default();
    let keys = [
        "relay",
        "pipe",
        "pipe_from",
        "head",
        "fields",
        "target",
        "max_body",
        "min_body_rate",
        "memory",
    ];
    let section = root
        .get("limits")
        .and_then(|node| reader.section("limits", node, &keys));
    let Some(section) = section else {
        return (limits, None);
    };
    let memory = section.get("memory");
    let memory = memory.and_then(|node| reader.long_size("memory", node, &MEMORY));
    let sizes = [
        ("relay", RELAY, &mut limits.relay_bytes),
        ("pipe", PIPE, &mut limits.pipe_bytes),
        ("pipe_from", PIPE, &mut limits.pipe_from_bytes),
        ("head", HEAD, &mut limits.head_bytes),
        ("target", 1..=*HEAD.end(), &mut limits.target_bytes),
        ("min_body_rate", RATE, &mut limits.body_rate),
    ];
    for (key, range, slot) in sizes {
        let node = section.get(key);
        *slot = node
            .and_then(|node| reader.size(key, node, &range))
            .unwrap_or(*slot);
    }
    let body = section.get("max_body");
    let body = body.and_then(|node| reader.long_size("max_body", node, &BODY));
    limits.body_bytes = body.unwrap_or(limits.body_bytes);
    let fields = section
        .get("fields")
        .and_then(|node| reader.count("fields", node, &FIELDS));
    limits.head_fields = fields.unwrap_or(limits.head_fields);
    if limits.target_bytes > limits.head_bytes {
        let key = if section.get("head").is_some() {
            "head"
        } else {
            "target"
        };
        let message = Message::new(Code::Contradiction, "`target` is larger than `head`");
        let message = message.at(section.key_place(key), "");
        reader.say(message.note("the target is part of the head"));
    }
    limits.inbox_bytes = limits.inbox_bytes.max(limits.head_bytes);
    (limits, memory)
}

/// The three nouns. Clusters come first: the others refer to them.
fn nouns<'t, 'i>(
    reader: &mut Reader<'_>,
    root: &Section<'t, 'i>,
    config: &mut Config,
) -> Written<'t, 'i> {
    let mut written = Written {
        clusters: each(reader, root, "cluster"),
        listeners: each(reader, root, "listener"),
        routes: Vec::new(),
    };
    let mut clusters = Names::new("cluster");
    for (index, section) in written.clusters.iter().enumerate() {
        let (name, cluster) = cluster::read(reader, section);
        if let Some(name) = name {
            clusters.add(reader, &name, index);
        }
        let (name, sources) = (&cluster.name, &reader.sources);
        config.origins.named("cluster", name, section, sources);
        config.clusters.push(cluster);
    }
    let (mut listeners, mut drafts, mut bound) = (Names::new("listener"), vec![], vec![]);
    for (index, section) in written.listeners.iter().enumerate() {
        let draft = listener::read(reader, section, (&clusters, &config.clusters), &mut bound);
        if let Some(name) = &draft.name {
            listeners.add(reader, name, index);
            let (name, sources) = (&name.text, &reader.sources);
            config.origins.named("listener", name, section, sources);
        }
        drafts.push(draft);
    }
    admin::apart(reader, root, &config.admin, &bound);
    if root.get("listener").is_none() {
        let message = Message::new(Code::NothingToServe, "there is nothing to serve")
            .at(reader.end(), "no [[listener]]")
            .help("add a [[listener]] with name, bind and to, and a [[cluster]] with name and endpoints");
        reader.say(message);
    }
    let mut taken = Vec::new();
    for section in each(reader, root, "route") {
        let names = (&listeners, &clusters, config.clusters.as_slice());
        let of = route::read(reader, &section, names, &mut drafts, &mut taken);
        let draft = of.and_then(|listener| drafts.get(listener));
        let read = draft.and_then(|draft| Some((draft.name.as_ref()?, draft.routes.last()?)));
        if let Some((listener, route)) = read {
            let from = (&section, &reader.sources);
            config.origins.route(&listener.text, route, from);
        }
        written
            .routes
            .extend(of.map(|listener| (listener, section)));
    }
    config.listeners = drafts
        .into_iter()
        .map(|draft| draft.finish(reader))
        .collect();
    written
}

/// The tables of `[[noun]]`, in order.
fn each<'t, 'i>(
    reader: &mut Reader<'_>,
    root: &Section<'t, 'i>,
    noun: &'static str,
) -> Vec<Section<'t, 'i>> {
    let Some(node) = root.get(noun) else {
        return Vec::new();
    };
    let DeValue::Array(items) = node.get_ref() else {
        reader.wrong_type(noun, node, "a list of tables");
        return Vec::new();
    };
    let mut sections = Vec::new();
    for item in items.iter() {
        match item.get_ref() {
            DeValue::Table(table) => sections.push(Section::new(noun, table, item.span())),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => not_a_table(reader, noun, item),
        }
    }
    sections
}

fn not_a_table(reader: &mut Reader<'_>, noun: &str, item: &Node<'_>) {
    reader.wrong_type(noun, item, "a table");
}
