//! Lines of JSON as documents.

use crate::common::{All, folder, gzip, read, read_with, zstd};
use code::Language;
use dataset::{Dataset, Limits};
use std::fmt::Write;

fn of(name: &str, bytes: &[u8]) -> All {
    let data = folder(&[(name, bytes)]);
    read(&data.path().join(name))
}

#[test]
fn the_stack_v1_is_read_by_its_columns() {
    let row = r#"{"hexsha":"ab","size":5,"ext":"py","lang":"Python","max_stars_repo_path":"src/a.py","max_stars_repo_name":"octo/cat",
        "max_stars_repo_head_hexsha":"f00","max_stars_repo_licenses":["MIT","Apache-2.0"],"max_stars_count":null,
        "max_stars_repo_stars_event_min_datetime":"2020-01-02T03:04:05.000Z","content":"x = \"\u00e9\"\n"}"#;
    let all = of("data.jsonl", row.replace('\n', " ").as_bytes());
    assert!(all.problems.is_empty(), "{:?}", all.problems);
    let it = &all.documents[0];
    assert_eq!((&*it.name, it.row, it.path.as_deref()), ("data.jsonl:1", 1, Some("src/a.py")));
    assert_eq!((it.source.as_deref(), it.commit.as_deref()), (Some("octo/cat"), Some("f00")));
    assert_eq!((it.licence.as_deref(), it.language), (Some("MIT, Apache-2.0"), Some(Language::Python)));
    assert_eq!((it.time, &*it.text), (Some(1_577_934_245), "x = \"é\"\n".as_bytes()));
}

#[test]
fn the_stack_v2_and_codeparrot_and_starcoder_are_read_by_their_columns() {
    let v2 = br#"{"blob_id":"1","path":"/a/b.cc","repo_name":"o/r","revision_id":"77","committer_date":1600000000000,"detected_licenses":[],"language":"C++","text":"int x;"}"#;
    let it = of("x.jsonl", v2).documents.remove(0);
    assert_eq!((it.language, it.time, it.licence), (Some(Language::Cpp), Some(1_600_000_000), None));
    assert_eq!((it.source.as_deref(), it.commit.as_deref()), (Some("o/r"), Some("77")));
    let codeparrot =
        br#"{"repo_name":"o/r","path":"m.py","copies":"1","size":"3","content":"x=1","license":"gpl-3.0"}"#;
    let it = of("file-000.json.gz", &gzip(codeparrot)).documents.remove(0);
    assert_eq!(
        (&*it.name, it.licence.as_deref(), it.language),
        ("file-000.json.gz:1", Some("gpl-3.0"), Some(Language::Python))
    );
    // StarCoder data says its language with a folder.
    let starcoder = br#"{"max_stars_repo_path":"Makefile","content":"x","id":3}"#;
    let data = folder(&[("rust/train.jsonl", starcoder)]);
    assert_eq!(read(data.path()).documents[0].language, Some(Language::Rust));
}

#[test]
fn datatrove_is_read_with_what_stands_in_its_metadata() {
    let row = br#"{"text":"x=1","id":"9","metadata":{"text":"not this","author":"Eve <eve@example.org>","file_path":"a.go","date":"2021-05-06 07:08:09"}}"#;
    let it = of("x.jsonl.zst", &zstd(row)).documents.remove(0);
    assert_eq!((&*it.text, it.contributor.as_deref()), (&b"x=1"[..], Some("Eve <eve@example.org>")));
    assert_eq!((it.path.as_deref(), it.language, it.time), (Some("a.go"), Some(Language::Go), Some(1_620_284_889)));
}

#[test]
fn a_better_name_for_a_column_wins_wherever_it_stands() {
    for row in [r#"{"text":"no","content":"yes"}"#, r#"{"content":"yes","text":"no"}"#] {
        assert_eq!(of("x.jsonl", row.as_bytes()).documents[0].text, b"yes");
    }
}

#[test]
fn broken_rows_are_named_and_counted_and_the_rest_is_read() {
    let lines = b"{\"text\": \"a\"}\n{\"text\": \n\n[1]\n{\"text\": \"\xff\"}\n{\"text\": 3}\n{\"text\": \"b\"}";
    let all = of("x.jsonl", lines);
    assert_eq!(all.names(), ["x.jsonl:1", "x.jsonl:7"]);
    let names: Vec<&str> = all.problems.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["x.jsonl:2", "x.jsonl:4", "x.jsonl:5", "x.jsonl:6"]);
}

#[test]
fn a_missing_column_is_said_with_the_columns_that_are_there() {
    of("x.jsonl", b"{\"body\": \"a\", \"n\": 1}\n").problem("x.jsonl:1", "`body`, `n`");
}

#[test]
fn half_a_surrogate_hides_nothing() {
    let all = of("x.jsonl", br#"{"text":"a \ud800 b \ud83d\ude00 c \\ud800 \udc00"}"#);
    assert_eq!(String::from_utf8(all.documents[0].text.clone()).unwrap(), "a \u{fffd} b 😀 c \\ud800 \u{fffd}");
}

#[test]
fn a_line_longer_than_the_limit_is_skipped_without_being_held() {
    let mut lines = b"{\"text\": \"a\"}\n{\"text\": \"".to_vec();
    lines.resize(9 << 20, b'x');
    lines.extend(b"\"}\n{\"text\": \"b\"}\n");
    let data = folder(&[("x.jsonl", &lines)]);
    let all = read_with(&data.path().join("x.jsonl"), &Limits { line: 1 << 20, ..Limits::default() });
    assert_eq!(all.names(), ["x.jsonl:1", "x.jsonl:3"]);
    all.problem("x.jsonl:2", "9437172 bytes");
}

#[test]
fn a_gzip_of_two_members_is_read_to_its_end_and_a_cut_or_corrupt_one_is_named() {
    let mut both = gzip(b"{\"text\": \"a\"}\n");
    both.extend(gzip(b"{\"text\": \"b\"}\n"));
    assert_eq!(of("x.jsonl.gz", &both).documents.len(), 2);
    let cut = of("x.jsonl.gz", &both[..both.len() - 9]);
    assert_eq!(cut.documents.len(), 1 + usize::from(cut.documents.len() > 1));
    assert_eq!(cut.problems.len(), 1, "{:?}", cut.problems);
    of("x.jsonl.gz", b"not gzip at all").problem("x.jsonl.gz", "");
    of("x.jsonl.zst", b"not zstandard at all").problem("x.jsonl.zst", "");
}

#[test]
fn bombs_are_left_before_they_go_off() {
    let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
    let zeros = vec![b' '; 64 << 20];
    for (name, packed) in [("x.jsonl.gz", gzip(&zeros)), ("x.jsonl.zst", zstd(&zeros))] {
        let data = folder(&[(name, &packed)]);
        let all = read_with(&data.path().join(name), &limits);
        all.problem(name, "bomb");
    }
}

#[test]
fn a_large_file_is_cut_into_parts_that_together_have_each_row_once() {
    let mut lines = String::new();
    let filler = "y".repeat(4000);
    for number in 1..=40_000 {
        writeln!(lines, "{{\"text\": \"{number} {filler}\"}}").unwrap();
    }
    let data = folder(&[("x.jsonl", lines.as_bytes())]);
    let location = data.path().join("x.jsonl");
    assert!(Dataset::open(location.to_str().unwrap()).unwrap().parts().len() > 2);
    let all = read(&location);
    assert_eq!(all.documents.len(), 40_000);
    for (at, document) in all.documents.iter().enumerate() {
        assert_eq!(document.name, format!("x.jsonl:{}", at + 1));
        assert!(document.text.starts_with(format!("{} ", at + 1).as_bytes()));
    }
}
