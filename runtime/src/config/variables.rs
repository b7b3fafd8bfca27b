//! `${env:NAME}` and `${credential:NAME}` in strings: the ways in which what is around the program reaches a
//! file. A credential is a file that the service manager has passed (systemd's LoadCredential), and stands
//! for its path, so that no secret comes into a configuration.

use crate::{
    config::read::Reader,
    message::{Code, Message, Place},
};

/// Whether `text` has a variable in it: what it comes to does not stand in the file then.
pub(super) fn has_variable(text: &str) -> bool {
    text.replace("$${", "").contains("${")
}

impl Reader<'_> {
    /// `text` with each `${env:NAME}` replaced, and `$${` by a plain `${`; it stands at `place`.
    pub(super) fn expand(&mut self, text: &str, place: Place) -> Option<String> {
        let (mut done, mut rest) = (String::new(), text);
        let mut good = true;
        while let Some((before, variable)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                done.push_str(before);
                done.push_str("${");
                rest = variable;
                continue;
            }
            done.push_str(before);
            let Some((inside, after)) = variable.split_once('}') else {
                let at = self.find("${", &place);
                let what = "variable without its closing `}`";
                let message = Message::new(Code::Environment, what).at(at, "starts here");
                self.say(message.help("write ${env:NAME}, or $${ for a plain ${"));
                return None;
            };
            rest = after;
            match self.value(inside) {
                Ok(value) => done.push_str(&value),
                Err(message) => {
                    good = false;
                    let at = self.find(&format!("${{{inside}}}"), &place);
                    self.say(message.at(at, ""));
                }
            }
        }
        done.push_str(rest);
        good.then_some(done)
    }

    /// What stands for `${inside}`.
    fn value(&self, inside: &str) -> Result<String, Message> {
        let wrong = |what: String| Message::new(Code::Environment, what);
        match inside.split_once(':') {
            Some(("env", name)) => self.outside.variable(name).ok_or_else(|| {
                let message = wrong(format!("no variable `{name}` in the environment"));
                message.help(format!("set {name}"))
            }),
            Some(("credential", name)) => {
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    let message = wrong(format!("`{name}` is not the name of a credential"));
                    return Err(message.help("write the name that LoadCredential gives it"));
                }
                let directory = self.outside.variable("CREDENTIALS_DIRECTORY");
                directory
                    .map(|in_it| format!("{in_it}/{name}"))
                    .ok_or_else(|| {
                        let message = wrong("no credentials were passed".to_owned());
                        message
                            .note(
                                "the service manager says where they are in CREDENTIALS_DIRECTORY",
                            )
                            .help(format!("add LoadCredential={name}:PATH to the unit"))
                    })
            }
            _ => Err(wrong(format!("unknown variable `{inside}`"))
                .help("write ${env:NAME}, or ${credential:NAME} for the path of a credential")),
        }
    }

    /// Where `needle` stands inside of `place`; all of `place` if it is written with escapes.
    fn find(&self, needle: &str, place: &Place) -> Place {
        let offset = self
            .sources
            .get(place.clone())
            .and_then(|raw| raw.find(needle));
        offset.map_or(place.clone(), |offset| {
            place.start + offset..place.start + offset + needle.len()
        })
    }
}
