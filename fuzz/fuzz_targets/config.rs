//! A configuration file: it is taken, or something is said about it, at places that are in it; and
//! what is taken is the same once it was printed.
#![no_main]

#[path = "../../tests/config/machine.rs"]
mod machine;

use libfuzzer_sys::fuzz_target;
use machine::Still;
use std::path::Path;
use tidegate::config;

fuzz_target!(|text: &str| {
    // Certificates are another program's to read.
    if text.contains("pem") || text.contains("cert") || text.contains("ca") {
        return;
    }
    match config::read("tidegate.toml", text, Path::new("/conf"), &Still).outcome() {
        Err(said) => assert!(said.ends_with("; nothing was changed\n")),
        Ok(config) => {
            let printed = config::print(&config);
            match config::read("printed.toml", &printed, Path::new(""), &Still).outcome() {
                Ok(again) => assert_eq!(again, config, "{printed}"),
                Err(said) => panic!("{said}"),
            }
        }
    }
});
