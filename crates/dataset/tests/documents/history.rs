//! Git repositories as documents.

use crate::common::{folder, put, read};
use std::path::Path;
use std::process::Command;

/// Runs git as the given person, whatever this machine is set to.
fn git(folder: &Path, who: &str, time: &str, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), who).env(format!("GIT_{role}_EMAIL"), format!("{who}@example.org"));
        command.env(format!("GIT_{role}_DATE"), format!("{time} +0000"));
    }
    command.env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path, who: &str, time: &str) {
    git(folder, who, time, &["add", "-A"]);
    git(folder, who, time, &["commit", "-q", "-m", "change"]);
}

/// Ann adds two files; Bob changes one and moves the other; on a branch Eve adds a third and Bob deletes it.
fn repository() -> tempfile::TempDir {
    let data = folder(&[("lib/a.py", b"a = 1\n"), ("lib/b.py", b"b = 1\n")]);
    let path = data.path();
    git(path, "ann", "1000000000", &["init", "-q", "-b", "main"]);
    commit(path, "ann", "1000000000");
    put(&path.join("lib/a.py"), b"a = 2\n");
    std::fs::rename(path.join("lib/b.py"), path.join("lib/moved.py")).unwrap();
    commit(path, "bob", "1000000100");
    git(path, "bob", "1000000100", &["checkout", "-q", "-b", "side"]);
    put(&path.join("evil.py"), b"evil = 1\n");
    commit(path, "eve", "1000000200");
    std::fs::remove_file(path.join("evil.py")).unwrap();
    commit(path, "bob", "1000000300");
    git(path, "bob", "1000000300", &["checkout", "-q", "main"]);
    data
}

#[test]
fn every_version_is_read_once_with_who_brought_it() {
    let data = repository();
    let all = read(data.path());
    assert!(all.problems.is_empty(), "{:?}", all.problems);
    assert_eq!(all.documents.len(), 4, "{:?}", all.names());
    let now = all.named("lib/a.py");
    assert_eq!(
        (&*now.text, now.contributor.as_deref(), now.time),
        (&b"a = 2\n"[..], Some("bob <bob@example.org>"), Some(1_000_000_100))
    );
    // Moving a file makes nobody its author.
    assert_eq!(all.named("lib/moved.py").contributor.as_deref(), Some("ann <ann@example.org>"));
    let old = all.documents.iter().find(|it| it.text == b"a = 1\n").unwrap();
    assert_eq!(old.name, format!("lib/a.py@{}", old.commit.as_deref().unwrap()));
    let evil = all.documents.iter().find(|it| it.text == b"evil = 1\n").unwrap();
    assert_eq!(evil.contributor.as_deref(), Some("eve <eve@example.org>"));
}

#[test]
fn files_that_are_not_committed_are_read_too() {
    let data = repository();
    put(&data.path().join("new.py"), b"new = 1\n");
    put(&data.path().join("lib/a.py"), b"a = 3\n");
    let all = read(data.path());
    assert_eq!(all.named("new.py").text, b"new = 1\n");
    assert_eq!(all.named("lib/a.py").text, b"a = 2\n");
    assert_eq!(all.named("lib/a.py@worktree").text, b"a = 3\n");
}

#[test]
fn a_bare_clone_holds_the_same() {
    let data = repository();
    let bare = tempfile::tempdir().unwrap();
    let from = data.path().to_str().unwrap();
    git(bare.path(), "ann", "1000000000", &["clone", "-q", "--bare", from, "bare"]);
    let mut names: Vec<String> = read(&bare.path().join("bare")).names().iter().map(|it| (*it).to_owned()).collect();
    names.sort();
    let all = read(data.path());
    let mut expected = all.names();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn something_that_looks_like_a_repository_does_not_hide_the_files_beside_it() {
    let data = folder(&[(".git/HEAD", b"nonsense"), ("a.py", b"a = 1")]);
    let all = read(data.path());
    assert_eq!(all.names(), ["a.py"]);
    assert_eq!(all.problems.len(), 1, "{:?}", all.problems);
    let bare = folder(&[("HEAD", b"ref: refs/heads/main\n"), ("objects/a.py", b"a = 1"), ("refs/b.py", b"b = 1")]);
    let all = read(bare.path());
    assert!(all.names().contains(&"objects/a.py") && all.names().contains(&"refs/b.py"), "{:?}", all.names());
}

#[test]
fn a_damaged_object_is_named_and_the_rest_is_read() {
    let data = repository();
    // The blob of `a = 2`: `git hash-object` of it.
    let output = Command::new("git").current_dir(data.path()).args(["rev-parse", "main:lib/a.py"]).output().unwrap();
    let id = String::from_utf8(output.stdout).unwrap();
    let object = data.path().join(format!(".git/objects/{}/{}", &id[..2], id[2..].trim()));
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, b"garbage").unwrap();
    let all = read(data.path());
    assert!(all.names().contains(&"lib/moved.py"));
    assert!(all.problems.iter().any(|it| it.name == "lib/a.py"), "{:?}", all.problems);
    // What lies in the folder is read all the same.
    assert_eq!(all.named("lib/a.py@worktree").text, b"a = 2\n");
}
