//! A ledger with real witnesses behind real HTTP.
#![allow(clippy::unwrap_used)]

mod support;

use ledger::policy::Policy;
use ledger::witness::Witness;
use ledger::{Home, Ledger, serve};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use support::{add, init, open};

const ANY: &str = "127.0.0.1:0";

/// Starts a witness of a policy's logs; its line for policies.
fn witness(folder: &Path, name: &str, logs: &Policy) -> String {
    let witness = Witness::open(name, &folder.join(name), None, logs).unwrap();
    let vkey = witness.verifier().to_string();
    let (said, heard) = mpsc::channel::<SocketAddr>();
    std::thread::spawn(move || {
        serve::witness(witness, ANY.parse().unwrap(), move |at| said.send(at).unwrap(), std::future::pending())
    });
    format!("witness {name} {vkey} http://{}\n", heard.recv().unwrap())
}

fn set(folder: &Path, policy: &str) -> Ledger {
    fs::write(folder.join("home/policy"), policy).unwrap();
    open(folder)
}

#[test]
fn checkpoints_are_published_with_the_quorum_and_a_fork_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours");
    let ledger = init(&ours);
    add(&ledger, ["before".to_owned()]);
    ledger.seal().unwrap();
    let lines = [witness(folder.path(), "w1", ledger.policy()), witness(folder.path(), "w2", ledger.policy())];
    let log = format!("log {}\n", ledger.policy().logs[0]);
    let policy = format!("{log}{}{}group both all w1 w2\nquorum both\n", lines[0], lines[1]);
    let absent = policy.replace("http://127.0.0.1:", "http://127.0.0.1:1");

    let ledger = set(&ours, &absent);
    add(&ledger, ["one".to_owned()]);
    let error = ledger.seal().unwrap_err().to_string();
    assert!(error.contains("witness"), "{error}");

    let ledger = set(&ours, &policy);
    ledger.seal().unwrap();
    add(&ledger, ["two".to_owned()]);
    let sealed = ledger.seal().unwrap();
    assert!(ledger.verify(&|_| ()).faults.is_empty(), "{:?}", ledger.verify(&|_| ()));
    let checkpoint = String::from_utf8(ledger.store().get("checkpoint").unwrap().unwrap().to_vec()).unwrap();
    assert_eq!(checkpoint.lines().filter(|line| line.starts_with('\u{2014}')).count(), 3, "{checkpoint}");
    assert_eq!(ledger.policy().believe(&checkpoint).unwrap(), sealed.checkpoint);

    // The operator puts everything back, his memory too, and goes on with another story.
    let theirs = folder.path().join("theirs");
    let forked = init(&theirs);
    for name in ["home/key-1.pem", "home/policy"] {
        fs::copy(ours.join(name), theirs.join(name)).unwrap();
    }
    fs::remove_dir_all(theirs.join("ledger")).unwrap();
    let _ = fs::remove_file(theirs.join("home/last-checkpoint"));
    drop(forked);
    let key = sign::key::read(&theirs.join("home/key-1.pem"), None).unwrap();
    let place = theirs.join("ledger").display().to_string();
    let forked = Ledger::open(&place, Home::at(&theirs.join("home")), None).unwrap();
    let alone = Policy::parse(&policy.replace("quorum both", "quorum none")).unwrap();
    ledger::Log { store: forked.store(), policy: &alone }.begin(&alone.logs[0].name, &[key.into()]).unwrap();
    add(&forked, ["another story".to_owned()]);
    let error = forked.seal().unwrap_err().to_string();
    assert!(error.contains("has seen 3 entries"), "{error}");
}

#[test]
fn the_log_is_served_and_what_waits_and_what_is_secret_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = init(folder.path());
    add(&ledger, ["one".to_owned()]);
    ledger.seal().unwrap();
    let waiting = add(&ledger, ["two".to_owned()]);
    let (said, heard) = mpsc::channel::<SocketAddr>();
    let store = ledger.store().clone();
    std::thread::spawn(move || {
        serve::ledger(store, ANY.parse().unwrap(), move |at| said.send(at).unwrap(), std::future::pending())
    });
    let at = heard.recv().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let get = |path: &str| {
        let mut response = agent.get(format!("http://{at}/{path}")).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_vec().unwrap())
    };
    for path in ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"] {
        assert_eq!(get(path), (200, ledger.store().get(path).unwrap().unwrap().to_vec()), "{path}");
    }
    let pending = format!("pending/{}.json", waiting[0].id());
    assert!(ledger.store().get(&pending).unwrap().is_some());
    for path in [
        pending.as_str(),
        "head",
        "tile/0/001",
        "..%2fhome%2fkey-1.pem",
        "../home/key-1.pem",
        "segment/..%2f..%2fhome%2fkey-1.pem",
        "",
    ] {
        assert_eq!(get(path).0, 404, "{path}");
    }
}
