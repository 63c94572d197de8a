//! For rule writers: prints what the rules find, without the command line of taster.
//!
//! `check [--rules DIR] PATH... | --stdin --language L | --examples [WORD] | --cyberseceval FILE.jsonl`
#![allow(clippy::print_stdout)]

use code::check;
use code::{Analysis, Choice, Engine, Language, RuleFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let folder = option(&mut arguments, "--rules");
    let loaded;
    let engine = match folder {
        Some(folder) => {
            loaded = Engine::from_folder(Path::new(&folder))?;
            &loaded
        }
        None => Engine::builtin(),
    };
    let language = option(&mut arguments, "--language");
    if let Some(file) = option(&mut arguments, "--cyberseceval") {
        cyberseceval(engine, &file)
    } else if arguments.first().is_some_and(|argument| argument == "--examples") {
        examples(engine, arguments.get(1).map_or("", String::as_str))
    } else if arguments.first().is_some_and(|argument| argument == "--stdin") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        print("-", &engine.read_bytes(language.ok_or("--stdin needs --language")?.parse()?, &bytes));
        Ok(())
    } else {
        let options = check::Options { language: language.map(|name| name.parse()).transpose()?, everything: false };
        let paths: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
        let summary = check::run(engine, &paths, &options, |checked, _| {
            print(&checked.path.display().to_string(), &checked.analysis);
        })?;
        eprintln!("{} files, {} not analysed", summary.files, summary.not_analysed);
        Ok(())
    }
}

fn option(arguments: &mut Vec<String>, name: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.remove(at);
    (at < arguments.len()).then(|| arguments.remove(at))
}

fn print(name: &str, analysis: &Analysis) {
    for d in &analysis.decisions {
        println!("{name}:{}:{} {} {:?} {:?} {}", d.line, d.column, d.decision, d.choice, d.place, d.form);
    }
    for line in &analysis.suppressions {
        println!("{name}:{line} suppression comment");
    }
    if let Some(reason) = &analysis.not_analysed {
        println!("{name}: not analysed: {reason}");
    }
}

/// Runs the examples of every rule whose decision contains `word`.
fn examples(engine: &Engine, word: &str) -> Result<(), Failure> {
    let problems: Vec<String> = engine.problems().map(|problem| problem.to_string()).collect();
    let mut failures = problems.len();
    for problem in problems {
        println!("{problem}");
    }
    for rule in engine.rules().iter().filter(|rule| rule.decision.contains(word)) {
        for failure in failures_of(engine, rule) {
            println!("{failure}");
            failures += 1;
        }
    }
    println!("{} rules, {failures} failures", engine.rules().len());
    if failures == 0 { Ok(()) } else { Err("examples failed".into()) }
}

fn failures_of(engine: &Engine, rule: &RuleFile) -> Vec<String> {
    let mut failures = Vec::new();
    let wanted = [
        (Some(Choice::Insecure), &rule.examples.insecure),
        (Some(Choice::Secure), &rule.examples.secure),
        (Some(Choice::Other), &rule.examples.other),
        (None, &rule.examples.none),
    ];
    for &language in rule.languages() {
        for (choice, snippet) in wanted.iter().flat_map(|(choice, texts)| texts.iter().map(move |text| (choice, text)))
        {
            let found: Vec<Choice> = engine
                .read(language, snippet)
                .decisions
                .iter()
                .filter(|decision| decision.decision == rule.decision)
                .map(|decision| decision.choice)
                .collect();
            let good = match choice {
                Some(choice) => found.contains(choice) && found.iter().all(|found| found == choice),
                None => found.is_empty(),
            };
            if !good {
                failures
                    .push(format!("{language}/{}: wanted {choice:?}, found {found:?} in: {snippet}", rule.decision));
            }
        }
    }
    failures
}

/// How many of the labelled snippets have an insecure decision, by language; and the weaknesses that are missed most.
fn cyberseceval(engine: &Engine, file: &str) -> Result<(), Failure> {
    let mut hits: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut missed: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut unread = BTreeSet::new();
    for line in fs::read_to_string(file)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let Ok(language) = field("language").parse::<Language>() else {
            unread.insert(field("language"));
            continue;
        };
        let analysis = engine.read(language, &field("origin_code"));
        let hit = analysis.decisions.iter().any(|decision| decision.choice == Choice::Insecure);
        for key in [language.name(), "all"] {
            let counts = hits.entry(key.to_owned()).or_default();
            counts.0 += usize::from(hit);
            counts.1 += 1;
        }
        if !hit {
            *missed.entry((language.name().to_owned(), field("cwe_identifier"))).or_default() += 1;
        }
    }
    for (language, (hit, all)) in hits {
        println!("{language:12} {hit:5} of {all:5}  {:.1} %", 100.0 * hit as f64 / all as f64);
    }
    for ((language, cwe), count) in missed {
        println!("missed {language} {cwe} {count}");
    }
    if unread.is_empty() { Ok(()) } else { Err(format!("languages not read: {unread:?}").into()) }
}
