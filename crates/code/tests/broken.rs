//! Broken text is the normal case: what is found in a whole file is still found when the file is broken in five ways.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use code::{Decision, Engine, Language};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Of what is found in whole files that people wrote, how much must be found in the broken ones.
const DEMAND: f64 = 0.95;

/// The same for a rule's example, which is a few lines long: a choice that a later line makes (a use after `free`, a flag
/// set on a cookie) is cut off from it more often there.
const OF_EXAMPLES: f64 = 0.9;

/// No language alone may fall below this. PHP, with keys in the HTML of its snippets, is the lowest.
const ONE_LANGUAGE: f64 = 0.9;

/// Decisions of one language and breakage that suffice to judge these two alone.
const ENOUGH: usize = 40;

/// A text broken at `at`, where `shift` bytes were put in; what stood before `lost` can still be found.
struct Broken {
    how: &'static str,
    text: String,
    moved: Box<dyn Fn(usize) -> usize>,
    lost: usize,
}

fn broken(text: &str, seed: usize) -> Vec<Broken> {
    // A fixed draw per text: the fractional part of a multiple of the golden ratio.
    let draw = (seed as f64 * 0.618_033_988_749_895).fract();
    let mut cut = (text.len() as f64 * (0.3 + 0.7 * draw)) as usize;
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let line = text[..cut].rfind('\n').map_or(0, |newline| newline + 1);
    let indent: String = text[line..].chars().take_while(|letter| *letter == ' ' || *letter == '\t').collect();
    let inserted = |how, code: &str| {
        // Every second text is broken at its end, where a completion stops.
        let at = if seed.is_multiple_of(2) { line } else { text.len() };
        let code = if seed.is_multiple_of(2) { format!("{indent}{code}\n") } else { format!("\n{code}") };
        let length = code.len();
        Broken {
            how,
            text: format!("{}{code}{}", &text[..at], &text[at..]),
            moved: Box::new(move |offset| if offset < at { offset } else { offset + length }),
            lost: usize::MAX,
        }
    };
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    vec![
        Broken {
            how: "cut at a random byte",
            text: text[..cut].to_owned(),
            moved: Box::new(|offset| offset),
            lost: cut,
        },
        inserted("unclosed bracket", "value = compute(first, [second"),
        inserted("unclosed string", "value = \"never closed"),
        Broken {
            how: "broken first line",
            text: format!("compute(a, [b\n{text}"),
            moved: Box::new(|offset| offset + "compute(a, [b\n".len()),
            lost: usize::MAX,
        },
        Broken {
            how: "indented fragment",
            text: text.split_inclusive('\n').map(|line| format!("    {line}")).collect(),
            moved: Box::new(move |offset| offset + 4 * starts.partition_point(|&start| start <= offset)),
            lost: usize::MAX,
        },
    ]
}

/// Breaks every text and counts what is still found, by language and breakage.
fn survival(texts: &[(Language, String)]) -> BTreeMap<(&'static str, &'static str), (usize, usize)> {
    let engine = Engine::builtin();
    let show = std::env::var("TASTER_SHOW_LOST").is_ok();
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (seed, (language, text)) in texts.iter().enumerate() {
        let whole = engine.read(*language, text).decisions;
        if whole.is_empty() {
            continue;
        }
        for broken in broken(text, seed) {
            let found = engine.read(*language, &broken.text).decisions;
            let same = |a: &Decision, b: &Decision| {
                a.decision == b.decision && a.choice == b.choice && (broken.moved)(a.span.start) == b.span.start
            };
            for wanted in whole.iter().filter(|decision| decision.statement.end <= broken.lost) {
                let count = counts.entry((language.name(), broken.how)).or_default();
                let kept = found.iter().any(|found| same(wanted, found));
                count.0 += usize::from(kept);
                count.1 += 1;
                if show && !kept {
                    println!(
                        "LOST {seed} {language} {} line {}: {} {:?}",
                        broken.how, wanted.line, wanted.decision, wanted.choice
                    );
                }
            }
        }
    }
    counts
}

fn demand(counts: BTreeMap<(&'static str, &'static str), (usize, usize)>, all_languages: f64) {
    assert!(!counts.is_empty());
    let mut failed = false;
    let mut pooled: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut judge = |who: &str, how: &str, kept: usize, all: usize, least: f64| {
        let rate = kept as f64 / all as f64;
        println!("{who:12} {how:22} {kept:6} of {all:6}  {:.1} %", 100.0 * rate);
        // One miss of a few proves nothing; the pool judges those.
        failed |= rate < least && all >= ENOUGH;
    };
    for ((language, how), (kept, all)) in counts {
        judge(language, how, kept, all, ONE_LANGUAGE);
        let pool = pooled.entry(how).or_default();
        *pool = (pool.0 + kept, pool.1 + all);
    }
    for (how, (kept, all)) in pooled {
        judge("all", how, kept, all, all_languages);
    }
    assert!(!failed, "too little of what is found in whole files is found in broken ones");
}

#[test]
fn files_made_of_the_rules_examples_survive_each_breakage() {
    let mut texts = Vec::new();
    for rule in Engine::builtin().rules() {
        for &language in rule.languages() {
            for example in rule.examples.insecure.iter().chain(&rule.examples.secure) {
                texts.push((language, format!("{example}\n")));
            }
        }
    }
    demand(survival(&texts), OF_EXAMPLES);
}

#[test]
fn files_that_people_wrote_survive_each_breakage() {
    let shared = std::env::var_os("TASTER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let texts = labelled(&shared.join("data"));
    if texts.is_empty() {
        println!("skipped: no shared data");
        return;
    }
    demand(survival(&texts), DEMAND);
}

/// `natural` (Python, whole files) and the snippets of `cyberseceval`.
fn labelled(data: &std::path::Path) -> Vec<(Language, String)> {
    let mut texts = Vec::new();
    for (file, field, language) in
        [("natural/files", "text", Some("python")), ("cyberseceval/autocomplete", "origin_code", None)]
    {
        let Ok(file) = std::fs::File::open(data.join(format!("{file}.jsonl.gz"))) else { continue };
        // Every eighth: enough to measure, few enough to run each time.
        for line in std::io::BufRead::lines(std::io::BufReader::new(flate2::read::GzDecoder::new(file))).step_by(8) {
            let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            let language = language.unwrap_or_else(|| row["language"].as_str().unwrap());
            texts.push((language.parse().unwrap(), row[field].as_str().unwrap().to_owned()));
        }
    }
    texts
}
