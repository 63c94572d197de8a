//! Chromium without a window, told what to do over its DevTools pipe: two named pipes, JSON, a NUL after each message.

use base64::Engine;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A browser with one tab.
pub struct Browser {
    process: Child,
    to: File,
    from: BufReader<File>,
    asked: u64,
    session: Option<String>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one; `None`, with the reason printed, where there is no Chromium.
    pub fn start() -> Option<Browser> {
        let path = std::env::var_os("TASTER_CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
        if !path.exists() {
            eprintln!("skipped: no Chromium at /usr/bin/chromium or $TASTER_CHROMIUM");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success());
        // The browser reads what it is told on descriptor 3 and answers on 4.
        let process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\""])
            .arg(path)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-pipe", "--hide-scrollbars", "--window-size=1100,1500"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("TO", &to)
            .env("FROM", &from)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = File::options().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let mut browser = Browser { process, to, from, asked: 0, session: None, _folder: folder };
        let target = browser.tell("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.tell("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        Some(browser)
    }

    /// Opens an address.
    pub fn open(&mut self, address: &str) {
        self.tell("Page.navigate", json!({"url": address}));
        self.until("document.readyState === 'complete'");
    }

    /// What an expression comes to in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        self.tell("Runtime.evaluate", json!({"expression": expression, "awaitPromise": true}))["result"]["value"]
            .clone()
    }

    /// Waits until an expression holds in the page.
    pub fn until(&mut self, expression: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.evaluate(expression) != true {
            assert!(Instant::now() < patience, "{expression}: {}", self.evaluate("document.documentElement.outerHTML"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes what the page looks like.
    pub fn picture(&mut self, path: &Path) {
        let data = self.tell("Page.captureScreenshot", json!({"format": "png"}))["data"].clone();
        let png = base64::engine::general_purpose::STANDARD.decode(data.as_str().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    fn tell(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut said = Vec::new();
            assert!(self.from.read_until(0, &mut said).unwrap() > 0, "the browser has gone");
            let said: Value = serde_json::from_slice(said.strip_suffix(&[0]).unwrap()).unwrap();
            if said["id"] == self.asked {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
