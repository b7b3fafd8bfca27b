//! `${env:NAME}` in strings: the one way in which the environment reaches a file.

use crate::{
    config::read::Reader,
    message::{Code, Message, Place},
};

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
            let value = inside
                .strip_prefix("env:")
                .and_then(|name| self.outside.variable(name));
            if let Some(value) = value {
                done.push_str(&value);
                continue;
            }
            good = false;
            let at = self.find(&format!("${{{inside}}}"), &place);
            self.say(match inside.strip_prefix("env:") {
                Some(name) => {
                    let what = format!("no variable `{name}` in the environment");
                    Message::new(Code::Environment, what)
                        .at(at, "")
                        .help(format!("set {name}"))
                }
                None => Message::new(Code::Environment, format!("unknown variable `{inside}`"))
                    .at(at, "")
                    .help("variables of the environment are written ${env:NAME}"),
            });
        }
        done.push_str(rest);
        good.then_some(done)
    }

    /// Where `needle` stands inside of `place`; all of `place` if it is written with escapes.
    fn find(&self, needle: &str, place: &Place) -> Place {
        let offset = self
            .text
            .get(place.clone())
            .and_then(|raw| raw.find(needle));
        offset.map_or(place.clone(), |offset| {
            place.start + offset..place.start + offset + needle.len()
        })
    }
}
