//! Models signed by taster are verified by the Python package `model-signing`, and the other way round.
#![allow(clippy::unwrap_used)]

#[path = "support/command.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod command;

use command::{error_line, taster};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A model whose names fall into another order when they are compared as text.
fn model() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (name, text) in [
        ("m/part/weights.bin", "weights"),
        ("m/part.json", "{}"),
        ("m/part-2/.gitignore", "x"),
        ("m/.gitignore", "y"),
        ("m/empty", ""),
    ] {
        fs::create_dir_all(at.join(name).parent().unwrap()).unwrap();
        fs::write(at.join(name), text).unwrap();
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    taster().current_dir(folder).args(arguments).output().unwrap()
}

fn verified(folder: &Path, more: &[&str]) -> (Value, Option<i32>) {
    let output = run(folder, &[&["ledger", "verify-model", "m", "--json"], more].concat());
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
}

fn sign(folder: &Path) {
    let output = run(folder, &["ledger", "sign-model", "m", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_signed_model_verifies_until_anything_of_it_is_changed() {
    let folder = model();
    let at = folder.path();
    sign(at);
    sign(at);
    let (signed, status) = verified(at, &[]);
    assert_eq!((signed["name"].as_str(), signed["files"].as_u64(), status), (Some("m"), Some(4), Some(0)), "{signed}");
    let digest = signed["digest"].as_str().unwrap().to_owned();
    let fault = |place: &str, why: &str| {
        let (found, status) = verified(at, &[]);
        assert_eq!((found["faults"][0]["place"].as_str(), status), (Some(place), Some(1)), "{found}");
        assert!(found["faults"][0]["why"].as_str().unwrap().contains(why), "{found}");
    };
    fs::write(at.join("m/part.json"), "{ }").unwrap();
    fault("part.json", "changed");
    fs::write(at.join("m/part.json"), "{}").unwrap();
    fs::write(at.join("m/part/more"), "").unwrap();
    fault("part/more", "not signed");
    fs::remove_file(at.join("m/part/more")).unwrap();
    fs::remove_file(at.join("m/empty")).unwrap();
    fault("empty", "missing");
    fs::write(at.join("m/empty"), "").unwrap();

    let sealed = fs::read_to_string(at.join("m/model.sig")).unwrap();
    for (right, wrong) in [
        ("\"payload\":\"ey", "\"payload\":\"fy"),
        ("v0.3", "v0.9"),
        ("\"sig\":\"M", "\"sig\":\"N"),
        ("publicKey", "certificate"),
    ] {
        fs::write(at.join("m/model.sig"), sealed.replacen(right, wrong, 1)).unwrap();
        fault("m/model.sig", "");
    }
    fs::write(at.join("m/model.sig"), "[".repeat(1 << 20)).unwrap();
    fault("m/model.sig", "no sigstore bundle");
    fs::write(at.join("m/model.sig"), &sealed).unwrap();

    // The ledger knows it by the same digest.
    for arguments in [
        &["ledger", "init", "--home", "other.home"][..],
        &["ledger", "train", "m", "--home", "other.home", "--no-data", "--json"],
    ] {
        let output = run(at, arguments);
        assert!(output.status.success(), "{}", error_line(&output));
        let trained: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        assert!(trained["model"].is_null() || trained["model"] == digest.as_str(), "{trained} {digest}");
    }
}

#[test]
fn what_cannot_be_signed_or_checked_is_one_line_that_says_what_to_do() {
    let folder = model();
    let at = folder.path();
    sign(at);
    fs::write(at.join("key.txt"), "no key").unwrap();
    for (arguments, said) in [
        (&["ledger", "sign-model", "none"][..], "cannot be read"),
        (&["ledger", "verify-model", "m", "--public-key", "key.txt"], "holds no public key"),
        (&["ledger", "verify-model", "m", "--signature", "none"], "cannot be read"),
        (&["ledger", "sign-model", "m", "--key", "ledger.home/model-signing.pub"], "read by others"),
    ] {
        let output = run(at, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(error_line(&output).contains(said), "{arguments:?}: {}", error_line(&output));
    }
    std::os::unix::fs::symlink("/etc/passwd", at.join("m/link")).unwrap();
    assert!(error_line(&run(at, &["ledger", "sign-model", "m"])).contains("m/link: is a link"));
}

/// What the package has against a model; empty where it has nothing.
const VERIFY: &str = "
import sys, model_signing
try:
    model_signing.verifying.Config().use_elliptic_key_verifier(public_key=sys.argv[3]).verify(sys.argv[1], sys.argv[2])
except Exception as fault:
    print(type(fault).__name__, fault)
";
/// Makes a key on a curve and signs with it, in one of the package's two ways of listing files.
const SIGN: &str = "
import os, pathlib, sys, model_signing
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
curve, form, method = sys.argv[1:4]
key = ec.generate_private_key(getattr(ec, curve)())
pathlib.Path('k.pem').unlink(missing_ok=True)
pathlib.Path('k.pem').write_bytes(key.private_bytes(s.Encoding.PEM, getattr(s.PrivateFormat, form), s.NoEncryption()))
os.chmod('k.pem', 0o600)
pathlib.Path('k.pub').write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
hashing = model_signing.hashing.Config()
if method == 'shards':
    hashing.use_shard_serialization(shard_size=3)
hashing.set_ignored_paths(paths=['model.sig', 'part-2'])
model_signing.signing.Config().use_elliptic_key_signer(private_key='k.pem').set_hashing_config(hashing).sign('m', 'm/model.sig')
";

#[test]
fn the_package_of_python_and_taster_verify_each_other() {
    let Some(python) = std::env::var_os("TASTER_CHECKERS") else {
        eprintln!("skipped: TASTER_CHECKERS names no Python with model-signing; `cargo xtask test` does");
        return;
    };
    let folder = model();
    let at = folder.path();
    let asked = |script: &str, arguments: &[&str]| {
        let output = Command::new(&python).current_dir(at).arg("-c").arg(script).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    sign(at);
    let theirs = || asked(VERIFY, &["m", "m/model.sig", "ledger.home/model-signing.pub"]);
    assert_eq!(theirs(), "");
    fs::write(at.join("m/part.json"), "{ }").unwrap();
    assert!(theirs().contains("part.json"), "{}", theirs());
    fs::write(at.join("m/part.json"), "{}").unwrap();

    let ways = [
        ("SECP256R1", "TraditionalOpenSSL", "files"),
        ("SECP384R1", "PKCS8", "shards"),
        ("SECP521R1", "PKCS8", "files"),
    ];
    for (curve, form, method) in ways {
        asked(SIGN, &[curve, form, method]);
        let (found, status) = verified(at, &["--public-key", "k.pub"]);
        assert_eq!(status, Some(0), "{curve} {method}: {found}");
        // Another's key does not open it, and the hint says why.
        let (found, status) = verified(at, &[]);
        assert_eq!(status, Some(1));
        assert!(found["faults"][0]["why"].as_str().unwrap().contains("another key"), "{found}");
        fs::write(at.join("m/part/weights.bin"), "weightz").unwrap();
        let (found, status) = verified(at, &["--public-key", "k.pub"]);
        assert!(found["faults"][0]["why"].as_str().unwrap().contains("changed") && status == Some(1), "{found}");
        fs::write(at.join("m/part/weights.bin"), "weights").unwrap();
        // Their key signs for us, too.
        let output = run(at, &["ledger", "sign-model", "m", "--key", "k.pem"]);
        assert!(output.status.success(), "{}", error_line(&output));
        assert_eq!(asked(VERIFY, &["m", "m/model.sig", "k.pub"]), "", "{curve} {form}");
    }
}
