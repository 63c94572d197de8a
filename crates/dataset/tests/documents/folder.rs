//! Folders of files as documents.

use crate::common::{folder, put, read, read_with};
use dataset::{Dataset, Extent, Limits};

#[test]
fn every_file_of_a_folder_is_a_document_whoever_would_hide_it() {
    let data = folder(&[
        ("requests/api.py", b"import os\n"),
        (".hidden/setup.py", b"x = 1\n"),
        (".gitignore", b"*\n"),
        ("README", b"read me"),
        ("latin.py", b"# caf\xe9\n"),
    ]);
    let all = read(data.path());
    assert_eq!(all.names(), [".gitignore", ".hidden/setup.py", "README", "latin.py", "requests/api.py"]);
    assert!(all.problems.is_empty(), "{:?}", all.problems);
    let api = all.named("requests/api.py");
    assert_eq!((api.source.as_deref(), api.language), (Some("requests"), Some(code::Language::Python)));
    assert_eq!((all.named("README").source.as_deref(), all.named("README").language), (None, None));
    assert_eq!(all.named("latin.py").text, b"# caf\xe9\n");
}

#[test]
fn pictures_are_counted_and_binary_code_is_named() {
    let data = folder(&[("logo.png", b"\x89PNG\0\0"), ("lib.py", b"x = 1\0"), ("good.py", b"x = 1")]);
    let all = read(data.path());
    assert_eq!((all.names(), all.read.binary), (vec!["good.py"], 1));
    all.problem("lib.py", "binary");
}

#[test]
fn a_file_larger_than_the_limit_is_named_and_the_next_one_is_read() {
    let data = folder(&[("a.py", &[b'x'; 101]), ("b.py", &[b'x'; 100])]);
    let all = read_with(data.path(), &Limits { document: 100, ..Limits::default() });
    assert_eq!(all.names(), ["b.py"]);
    all.problem("a.py", "100 bytes");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_and_out_of_the_data_set_are_named_and_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.py", b"x = 1")]);
    let data = folder(&[("a/b.py", b"x = 1")]);
    symlink(data.path().join("a/circle.py"), data.path().join("a/circle.py")).unwrap();
    symlink(data.path(), data.path().join("a/up")).unwrap();
    let all = read(data.path());
    assert_eq!(all.names(), ["a/b.py"]);
    all.problem("a/circle.py", "circle");
    std::fs::remove_file(data.path().join("a/circle.py")).unwrap();
    symlink(outside.path(), data.path().join("out")).unwrap();
    read(data.path()).problem("out", "out of the data set");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf_8_is_a_problem_and_does_not_hide_its_neighbours() {
    use std::os::unix::ffi::OsStrExt;
    let data = folder(&[("a.py", b"x = 1")]);
    std::fs::write(data.path().join(std::ffi::OsStr::from_bytes(b"b\xff.py")), b"x = 1").unwrap();
    let all = read(data.path());
    assert_eq!(all.names(), ["a.py"]);
    all.problem("b", "not UTF-8");
}

#[test]
fn one_file_is_a_data_set() {
    let data = folder(&[("a.py", b"x = 1")]);
    let all = read(&data.path().join("a.py"));
    assert_eq!(all.names(), ["a.py"]);
    let url = format!("file://{}", data.path().join("a.py").display());
    assert_eq!(Dataset::open(&url).unwrap().parts().len(), 1);
}

#[test]
fn what_is_not_there_or_not_known_is_an_error_that_names_it() {
    let error = Dataset::open("no/such/folder").unwrap_err().to_string();
    assert!(error.contains("no/such/folder"), "{error}");
    let error = Dataset::open("ftp://host/data").unwrap_err().to_string();
    assert!(error.contains("ftp://host/data") && error.contains("s3://"), "{error}");
}

#[test]
fn many_small_files_are_spread_over_parts_and_none_is_lost() {
    let data = tempfile::tempdir().unwrap();
    for number in 0..1300 {
        put(&data.path().join(format!("{number:04}.py")), b"x = 1");
    }
    let dataset = Dataset::open(data.path().to_str().unwrap()).unwrap();
    assert!(dataset.parts().len() > 1);
    let all = read(data.path());
    assert_eq!((all.documents.len(), dataset.bytes()), (1300, 1300 * 5));
}

#[test]
fn whatever_changes_in_a_folder_changes_its_extent_and_a_second_look_does_not() {
    let data = folder(&[("a.py", b"x = 1"), ("deep/b.py", b"y = 1")]);
    let extent = || Extent::of(data.path().to_str().unwrap()).unwrap();
    let (first, old) = (extent(), data.path().join("a.py"));
    assert_eq!((first.files, first.bytes), (2, 10));
    assert_eq!(&extent(), Dataset::open(data.path().to_str().unwrap()).unwrap().extent());
    // As long as before, and later.
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    std::io::Write::write_all(&mut &file, b"x = 2").unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let second = extent();
    std::fs::rename(&old, data.path().join("c.py")).unwrap();
    let third = extent();
    assert!(first != second && second != third && first.bytes == third.bytes);
    let alone = data.path().join("c.py").display().to_string();
    assert_eq!(&Extent::of(&alone).unwrap(), Dataset::open(&alone).unwrap().extent());
    assert!(Extent::of("no/such/folder").is_err());
}

#[test]
fn a_folder_may_mix_tables_and_files() {
    let data = folder(&[("a.jsonl", b"{\"text\": \"x = 1\"}\n"), ("b.py", b"y = 1"), ("c.json", b"{\"a\": 1}")]);
    let mut names: Vec<String> = read(data.path()).names().iter().map(|it| (*it).to_owned()).collect();
    names.sort();
    assert_eq!(names, ["a.jsonl:1", "b.py", "c.json"]);
}
