//! A configuration file: it is taken, or something is said about it, at places that are in it; and
//! what is taken is the same once it was printed.
#![no_main]

#[path = "../../tests/config/machine.rs"]
mod machine;

use libfuzzer_sys::fuzz_target;
use machine::Still;
use std::path::Path;
use tidegate::{
    config,
    message::{Source, render},
};

fuzz_target!(|text: &str| {
    // Certificates are another program's to read.
    if text.contains("pem") || text.contains("cert") || text.contains("ca") {
        return;
    }
    let name = "tidegate.toml";
    match config::read(text, Path::new("/conf"), &Still) {
        Err(messages) => {
            assert!(!messages.is_empty());
            assert!(!render(&messages, Source { name, text }, false).is_empty());
        }
        Ok(config) => {
            let printed = config::print(&config);
            match config::read(&printed, Path::new(""), &Still) {
                Ok(again) => assert_eq!(again, config, "{printed}"),
                Err(messages) => {
                    let text = printed.as_str();
                    panic!("{}", render(&messages, Source { name, text }, false));
                }
            }
        }
    }
});
