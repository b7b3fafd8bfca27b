//! The table of keys is what is read: the same keys, the same defaults. What is made of it is true.

use crate::{
    CLUSTER,
    good::{FULL, good},
    read,
};
use std::{collections::BTreeSet, fs, path::Path};
use tidegate::config;
use tidegate_core::vigil::Keepalive;

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A file in which the table at `way` has a key that is none.
fn with_a_wrong_key(way: &str) -> String {
    let mut inner = "nothing_like_it = 1".to_owned();
    let mut parts: Vec<&str> = way.split('/').skip(1).collect();
    let noun = if parts.is_empty() {
        ""
    } else {
        parts.remove(0)
    };
    for part in parts.iter().rev() {
        let listed = matches!((noun, *part), ("cluster", "endpoints") | ("route", "to"));
        inner = match listed {
            true => format!("{part} = [{{ {inner} }}]"),
            false => format!("{part} = {{ {inner} }}"),
        };
    }
    let header = match noun {
        "" => String::new(),
        "listener" | "route" | "cluster" => format!("[[{noun}]]\n"),
        noun => format!("[{noun}]\n"),
    };
    // What a route changes is looked at once it is known where it leads.
    let rest = match way.ends_with("_headers") || way == "/route/timeouts" {
        true => "to = \"api\"\n",
        false => "",
    };
    format!("{header}{inner}\n{rest}{CLUSTER}")
}

#[test]
fn the_table_has_the_keys_that_are_read() {
    for (way, keys) in config::tables() {
        let said = read(&with_a_wrong_key(&way)).expect_err("a key that is none");
        let listed = said
            .split("keys: ")
            .nth(1)
            .unwrap_or_else(|| panic!("{way}: {said}"));
        let listed = listed.lines().next().unwrap_or_default();
        let listed: BTreeSet<&str> = listed.split(", ").collect();
        assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), listed, "{way}");
    }
}

#[test]
fn the_defaults_are_what_is_when_nothing_is_said() {
    let text = config::defaults();
    let said = good(&text);
    let mut short = good(
        "[[listener]]\nname = \"web\"\nbind = [\":8080\"]\nto = \"api\"\n\
         [[cluster]]\nname = \"api\"\nendpoints = [\"127.0.0.1:3000\"]\n",
    );
    // What a cluster does not say, its listeners do.
    let defaults = short.timeouts(&short.listeners[0], 0);
    let waits = &mut short.clusters[0].timeouts;
    waits.connect = Some(defaults.connect);
    waits.response = Some(defaults.response);
    waits.body = Some(defaults.body);
    waits.write = Some(defaults.write_up);
    waits.tunnel_write = Some(defaults.tunnel_write_up);
    waits.keepalive = Some(Keepalive::DEFAULT);
    assert_eq!(said, short, "{text}");
    // What is not said is TOML too.
    for line in text.lines().filter_map(|line| line.strip_prefix("# ")) {
        let examples = line.contains(" = ") && !line.contains(';');
        assert!(!examples || line.parse::<toml::Table>().is_ok(), "{line}");
    }
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = root("docs/tidegate.schema.json");
    if std::env::var_os("INSTA_FORCE_PASS").is_some() {
        fs::write(&path, config::schema()).unwrap();
    }
    let published = fs::read_to_string(path).unwrap();
    assert_eq!(
        published,
        config::schema(),
        "tidegate config schema > docs/tidegate.schema.json"
    );
}

/// Nothing that stands in a file that is right is unknown to the schema.
#[test]
fn what_is_written_is_in_the_schema() {
    let tables = config::tables();
    let known = |way: &str| tables.iter().find(|(table, _)| table == way);
    fn visit(way: &str, value: &toml::Value, each: &mut dyn FnMut(&str, &toml::Table)) {
        match value {
            toml::Value::Table(table) => {
                each(way, table);
                for (key, value) in table {
                    visit(&format!("{way}/{key}"), value, each);
                }
            }
            toml::Value::Array(items) => items.iter().for_each(|item| visit(way, item, each)),
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_) => {}
        }
    }
    let mut texts = vec![FULL.to_owned()];
    for entry in fs::read_dir(root("examples")).unwrap() {
        texts.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(texts.len() > 3);
    for text in texts {
        let value = toml::Value::Table(text.parse().unwrap());
        visit("", &value, &mut |way, table| {
            // Names of fields are anybody's.
            let Some((_, keys)) = known(way) else { return };
            for key in table.keys() {
                assert!(keys.contains(&key.as_str()), "{way}: {key}");
            }
        });
    }
}

const UNTIDY: &str = r#"
# The whole.
workers=3   # as many as that

[[listener]]   # the first
  bind   = [":80",":81"]
name="web"
# Everything.

to = "api"   # what else


timeouts={write="1m",head="30s"}
[[cluster]]
endpoints = [
    "10.0.0.1:80",   # old
    "10.0.0.2:80",
]
name = "api"
# the end
"#;

const TIDY: &str = r#"# The whole.
workers = 3 # as many as that

[[listener]] # the first
name = "web"
bind = [":80", ":81"]
# Everything.

to = "api" # what else
timeouts = { head = "30s", write = "1m" }

[[cluster]]
name = "api"
endpoints = [
    "10.0.0.1:80",   # old
    "10.0.0.2:80",
]
# the end
"#;

#[test]
fn a_file_in_its_form() {
    let tidy = config::format(UNTIDY).unwrap();
    assert_eq!(tidy, TIDY, "{tidy}");
    assert_eq!(config::format(TIDY).unwrap(), TIDY);
    assert!(config::format("a = ").is_err());
}

#[test]
fn the_form_changes_no_meaning_and_is_reached_at_once() {
    let mut texts = vec![
        FULL.to_owned(),
        config::defaults(),
        config::print(&good(FULL)),
    ];
    texts.push(format!(
        "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"api\"\n{CLUSTER}"
    ));
    for text in texts {
        let once = config::format(&text).unwrap();
        assert_eq!(good(&once), good(&text), "{once}");
        assert_eq!(config::format(&once).unwrap(), once);
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&once), comments(&text), "{once}");
    }
}

/// Ours are written as they would be.
#[test]
fn the_examples_are_in_their_form() {
    for entry in fs::read_dir(root("examples")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(config::format(&text).unwrap(), text, "{}", path.display());
    }
}
