//! Chromium without a screen, spoken to over a pipe (the DevTools protocol, a message ends with a zero
//! byte). Dropped, it is ended.

use crate::{harness::PATIENCE, scratch::Scratch};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

pub(crate) struct Browser {
    child: Child,
    say: ChildStdin,
    heard: Receiver<Value>,
    last: u64,
    page: Option<String>,
    _profile: Scratch,
}

impl Browser {
    /// A browser that shows `url`.
    pub(crate) fn at(url: &str) -> Browser {
        let profile = Scratch::new();
        // It speaks at 3 and 4, where a command of the standard library has nothing.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--remote-debugging-pipe",
                "--window-size=1000,1100",
                "about:blank",
            ])
            .arg(format!(
                "--user-data-dir={}",
                profile.path("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let say = child.stdin.take().unwrap();
        let mut from = BufReader::new(child.stdout.take().unwrap());
        let (tell, heard) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while let Ok(1..) = from.read_until(0, &mut message) {
                message.pop();
                let value = serde_json::from_slice(&message).unwrap();
                message.clear();
                if tell.send(value).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            child,
            say,
            heard,
            last: 0,
            page: None,
            _profile: profile,
        };
        let made = browser.ask("Target.createTarget", json!({ "url": url }));
        let target = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", target);
        browser.page = attached["sessionId"].as_str().map(ToOwned::to_owned);
        browser
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.asked(method, params);
        assert_eq!(answer["error"], Value::Null, "{method}");
        answer["result"].clone()
    }

    /// The whole answer, be it an error.
    fn asked(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(page) = &self.page {
            message["sessionId"] = json!(page);
        }
        let sent = self.say.write_all(format!("{message}\0").as_bytes());
        sent.expect("Chromium runs; on Debian it is in the package chromium");
        loop {
            // A browser on a busy machine needs its time.
            let answer = self.heard.recv_timeout(PATIENCE * 6);
            let answer = answer.expect("Chromium answers; on Debian it is in the package chromium");
            if answer["id"] == self.last {
                return answer;
            }
        }
    }

    /// What this expression is, once it is something.
    pub(crate) fn until(&mut self, expression: &str) -> Value {
        let until = format!(
            "new Promise((done, fail) => {{
                const end = Date.now() + 30000;
                const look = () => {{
                    let found = null;
                    try {{ found = {expression}; }} catch {{ /* not yet */ }}
                    if (found) done(found);
                    else if (Date.now() > end) fail(new Error(document.body.innerText));
                    else setTimeout(look, 20);
                }};
                look();
            }})"
        );
        let params = evaluation(&until);
        for _ in 0..100 {
            let answer = self.asked("Runtime.evaluate", params.clone());
            // The empty page that was there at first has gone with the question.
            if answer["error"] == Value::Null {
                return value(&answer["result"], expression);
            }
        }
        panic!("it never shows the page")
    }

    /// What this expression is.
    pub(crate) fn evaluated(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", params);
        let failed = &answer["exceptionDetails"];
        assert_eq!(*failed, Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Presses a key, as a reader would.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key.len() == 1 { key } else { "" };
        for (kind, text) in [("keyDown", text), ("keyUp", "")] {
            let params = json!({ "type": kind, "key": key, "text": text });
            self.ask("Input.dispatchKeyEvent", params);
        }
    }

    /// The colours that the reader's machine prefers.
    pub(crate) fn prefers(&mut self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    /// What it looks like: a PNG in base64. It is left where `TIDEGATE_SCREENSHOTS` says, for whoever looks at it.
    pub(crate) fn seen(&mut self, name: &str) -> String {
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let seen = self.ask("Page.captureScreenshot", params);
        let data = seen["data"].as_str().unwrap().to_owned();
        if let Ok(folder) = std::env::var("TIDEGATE_SCREENSHOTS") {
            let path = std::path::Path::new(&folder).join(format!("{name}.png.base64"));
            std::fs::write(path, &data).unwrap();
        }
        data
    }
}

fn evaluation(expression: &str) -> Value {
    json!({ "expression": expression, "awaitPromise": true, "returnByValue": true })
}

fn value(answer: &Value, expression: &str) -> Value {
    let failed = &answer["exceptionDetails"];
    assert_eq!(*failed, Value::Null, "{expression}");
    answer["result"]["value"].clone()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // All its processes leave with the first one.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
