//! A dashboard over a stream with an alarm in it, some of it hostile.
#![allow(dead_code)]

use crate::stream;
use crate::support::{Answer, send};
use std::net::SocketAddr;
use std::path::PathBuf;
use watch::dashboard::{Dashboard, Options, Scans};
use watch::{Exchange, Review};

pub const TOKEN: &str = "a token of the tests";
/// What would run, hide or break out if it were not shown as text.
pub const HOSTILE: &str =
    "</pre><script>document.title='owned'</script><img src=x onerror=document.title='owned'>\u{202e}";

/// A dashboard that runs as long as the test does.
pub struct Site {
    pub address: SocketAddr,
    pub folder: tempfile::TempDir,
}

impl Site {
    /// Over the completions, with scans by a program if one is given.
    pub fn start(exchanges: &[Exchange], program: Option<PathBuf>) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { address: ([127, 0, 0, 1], 0).into(), folder };
        site.take_in(exchanges);
        let scans = program.map(|program| Scans { program, model: "the-model".into(), folder: site.path("scans") });
        let database = watch::Database::File(site.path("watch.db"));
        let options = Options { database, listen: site.address, token: TOKEN.into(), scans };
        let dashboard = Dashboard::open(options).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            dashboard.serve(move |at| sender.send(at).unwrap(), std::future::pending()).unwrap()
        });
        Site { address: receiver.recv().unwrap(), ..site }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes completions in, as a gateway beside the dashboard would.
    pub fn take_in(&self, exchanges: &[Exchange]) {
        let mut intake = stream::open(&self.path("watch.db"));
        exchanges.chunks(500).for_each(|batch| drop(intake.accept(batch).unwrap()));
    }

    /// Where the page of the one alarm is.
    pub fn alarm(&self) -> String {
        let mut review = Review::open(&watch::Database::File(self.path("watch.db"))).unwrap();
        let alarms = review.alarms(jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        format!("/alarms/{}", alarms[0].id)
    }

    /// The answer to a request with headers of our own.
    pub fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        let (address, length) = (self.address, body.len());
        let head = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n");
        send(address, format!("{head}{headers}\r\n{body}").as_bytes())
    }

    /// A page, with the token.
    pub fn page(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &bearer(), "")
    }
}

pub fn bearer() -> String {
    format!("Authorization: Bearer {TOKEN}\r\n")
}

/// A stream in which the insecure completions, prompts and a project say what is hostile.
pub fn hostile(count: usize) -> Vec<Exchange> {
    let mut exchanges = stream::exchanges(count);
    for exchange in exchanges.iter_mut().filter(|exchange| exchange.completion.contains("yaml.Loader")) {
        exchange.completion.push_str(&format!("    # {HOSTILE}\n"));
        exchange.prompt = format!("# {HOSTILE}\n{}", exchange.prompt);
        exchange.segment.insert("user".into(), HOSTILE.into());
    }
    exchanges
}
