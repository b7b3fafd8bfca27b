//! What is logged, how and where to: what is wrong with it, and what it comes to.

use crate::{good::good, printed, said, snapshot};
use tidegate::log::{Connections, Format, Place, Settings, Template};

fn file(log: &str) -> String {
    format!(
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\
         [[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\n[log]\n{log}"
    )
}

fn log(text: &str) -> Settings {
    let config = good(&file(text));
    printed::same(&config);
    config.log
}

#[test]
fn a_log_that_cannot_be() {
    for (name, text) in [
        (
            "a_log_that_cannot_be",
            "format = \"yaml\"\nrequests = 1\nconnections = \"some\"\ntimout = \"1s\"\n",
        ),
        (
            "a_template_that_cannot_be",
            "format = \"template\"\ntemplate = \"{url.path} {user}\"\n",
        ),
        (
            "a_template_that_is_not_asked_for",
            "format = \"json\"\ntemplate = \"{url.path}\"\n",
        ),
        ("a_template_that_is_missing", "format = \"template\"\n"),
    ] {
        snapshot(name, &said(&file(text)));
    }
}

#[test]
fn what_is_not_said_is_as_it_is() {
    assert_eq!(log(""), Settings::default());
    assert_eq!(
        log("requests = true\nconnections = \"abnormal\""),
        Settings::default()
    );
}

#[test]
fn everything_is_what_was_said() {
    let template = Template::new("{url.path}").expect("it is right");
    let due = Settings {
        format: Some(Format::Template(template)),
        requests: false,
        connections: Connections::All,
        query: true,
        to: Place::File("/var/log/lines".into()),
    };
    let text = "template = \"{url.path}\"\nrequests = false\nconnections = \"all\"\nquery = true\n\
                file = \"/var/log/lines\"";
    assert_eq!(log(text), due);
    for (word, format) in [
        ("pretty", Format::Pretty),
        ("json", Format::Json),
        ("logfmt", Format::Logfmt),
        ("combined", Format::Combined),
    ] {
        assert_eq!(log(&format!("format = \"{word}\"")).format, Some(format));
    }
    assert_eq!(log("file = \"stderr\"").to, Place::Stderr);
}
