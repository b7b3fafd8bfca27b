//! What may be named where, and which rows must be proven. Data, and the few words to ask it.

/// A name that belongs to some files only.
pub(crate) struct Rule {
    /// The folders it speaks of.
    folders: &'static [&'static str],
    /// What must not be named there.
    words: &'static [&'static str],
    /// Where it may, by how the path begins.
    pub(crate) except: &'static [&'static str],
    /// Why.
    pub(crate) reason: &'static str,
}

impl Rule {
    pub(crate) const ALL: &[Rule] = &[
        Rule {
            folders: &["core/src/", "runtime/src/", "sim/src/"],
            words: &["Instant::now(", "SystemTime::now("],
            except: &["runtime/src/clock.rs"],
            reason: "a clock is read in runtime/src/clock.rs only",
        },
        Rule {
            folders: &["core/src/", "runtime/src/"],
            words: &[
                "socket2::",
                "tokio::net",
                "TcpStream",
                "TcpListener",
                "AsyncFd",
            ],
            except: &[
                "runtime/src/net/",
                "runtime/src/sys.rs",
                "runtime/src/demo/",
                // The operator's way in, on a thread that no connection of the proxy's is on.
                "runtime/src/admin/",
                // The probe is both neighbours of a proxy, whatever proxy: this file holds its sockets.
                "runtime/src/probe/socket.rs",
            ],
            reason: "a socket is named in the network's files only",
        },
        Rule {
            folders: &["runtime/src/", "sim/src/"],
            words: &["Shutdown::Read", "Shutdown::Both", "SHUT_RD"],
            except: &[
                // The probe's door: on a listener it means that nobody listens any more.
                "runtime/src/probe/socket.rs",
            ],
            reason: "nobody shuts a read side down (R27)",
        },
        Rule {
            folders: &["core/src/", "runtime/src/", "sim/src/", "tests/"],
            words: &["unsafe {", "unsafe fn", "unsafe impl"],
            except: &["runtime/src/sys.rs", "tests/tidy/rules.rs"],
            reason: "unsafe code has one file",
        },
        Rule {
            folders: &["core/src/"],
            words: &[
                "std::",
                "tokio",
                "rustls",
                "tidegate::",
                "tidegate_sim",
                "async fn",
            ],
            except: &[],
            reason: "the core has no I/O, and dependencies point to it",
        },
        Rule {
            folders: &["runtime/src/"],
            words: &["tidegate_sim", "turmoil"],
            except: &[],
            reason: "the runtime does not know the simulation",
        },
        Rule {
            folders: &["core/src/", "runtime/src/"],
            words: &["tokio::spawn(", "HashMap", "HashSet"],
            except: &[],
            reason: "order and chance stay out: no tasks across threads, no hashed order",
        },
        Rule {
            folders: &["core/src/", "runtime/src/", "sim/src/", "tests/"],
            words: &["backend", "frontend", "TODO", "FIXME", "XXX", "HACK"],
            except: &["tests/tidy/rules.rs"],
            reason: "one word for each thing, and nothing left for later",
        },
    ];

    pub(crate) fn covers(&self, path: &str) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder)) && !path.contains("/tests")
            || self.folders.contains(&"tests/") && path.starts_with("tests/")
    }

    pub(crate) fn allows(&self, path: &str) -> bool {
        self.except.iter().any(|prefix| path.starts_with(prefix))
    }

    pub(crate) fn breaks(&self, line: &str) -> Option<&'static str> {
        self.words.iter().copied().find(|word| line.contains(word))
    }
}

/// Words that only a particular machine would put into a file. Spelt in parts, so that this file
/// holds none of them.
pub(crate) fn machine_words() -> Vec<String> {
    let folders = ["work", "root", "home"].map(|name| format!(" /{name}/"));
    let hosts =
        [["crates", "io"], ["static.crates", "io"], ["pypi", "org"]].map(|parts| parts.join("."));
    folders.into_iter().chain(hosts).collect()
}

/// The scenarios of LIFECYCLE section 5: each is the probe's to play, which plays it around the
/// program in `tests/wire/probe.rs`, or a test of the wire's has its name. S59 to S66 are about
/// HTTP/2, which neither speaks.
pub(crate) fn scenarios() -> impl Iterator<Item = String> {
    let tcp = (1..=7).chain([9, 11, 13, 14, 16, 18, 19, 22, 24]);
    let tls = (26..=33).chain([37]);
    let http = (38..=41).chain([43, 45, 46, 48, 49, 51, 52, 53, 54]);
    let tunnels_and_drain = [55, 56, 57, 67, 69, 70];
    let rows = tcp.chain(tls).chain(http).chain(tunnels_and_drain);
    rows.map(|row| format!("S{row:02}"))
}

/// The rows of LIFECYCLE that must be proven by a test of their name. T18 is about kTLS, W8 and G5
/// about HTTP/2: none of these is here. G10 is about an operator's hand (PRODUCT 3).
pub(crate) fn rows() -> impl Iterator<Item = String> {
    let sections: [(&str, u8); 4] = [("R", 28), ("T", 17), ("H", 15), ("U", 15)];
    let few: [(&str, &[u8]); 3] = [
        ("P", &[1, 2, 3, 4]),
        ("W", &[1, 2, 3, 4, 5, 6, 7, 9]),
        ("G", &[1, 2, 3, 4, 6, 7, 8, 9, 10]),
    ];
    let all = |(letter, last)| (1..=last).map(move |row| format!("{letter}{row:02}"));
    let some = |(letter, rows): (&'static str, &'static [u8])| {
        rows.iter().map(move |row| format!("{letter}{row}"))
    };
    sections
        .into_iter()
        .flat_map(all)
        .chain(few.into_iter().flat_map(some))
}

/// Every row of LIFECYCLE, by its id. Sections that count their rows by order only (4.8, 4.10, 4.12
/// and 4.14 are sentences) have them numbered by it.
pub(crate) fn lifecycle() -> Vec<String> {
    let kernel = "K1 K1b K1c K2 K3 K3b K4 K4b K5 K5b K5c K6 K6b K9 K9b K9c K11 K13 K14 K15 K17 K18 K20 \
                  K21 K22 K23a K23b K23c K24 K25 K26";
    // W9b is about event streams (PRODUCT 5).
    let further = "H07b W9b T18 W8 G5 S59 S60 S61 S62 S64 S66";
    let numbered = [
        ("4.4", 4),
        // The last four are about the PROXY header, the pace of a body, and the queue (PRODUCT 5).
        ("4.8", 8),
        ("4.10", 5),
        ("4.11", 10),
        ("4.12", 6),
        ("4.14", 3),
    ];
    let numbered = numbered
        .into_iter()
        .flat_map(|(section, last)| (1..=last).map(move |row| format!("{section}.{row}")));
    let words = [kernel, further]
        .into_iter()
        .flat_map(str::split_whitespace);
    words
        .map(str::to_string)
        .chain(rows())
        .chain(scenarios())
        .chain(('A'..='N').map(|letter| format!("2{letter}")))
        .chain((1..=20).map(|row| format!("I{row}")))
        .chain(numbered)
        .collect()
}
