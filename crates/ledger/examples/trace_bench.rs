//! How fast an index is built, how large it is, and how long a trace takes: `trace_bench DATASET INDEX [QUERIES [verbatim]]`. With the last
//! word also how fast its suffix arrays are built, and how long the search for what stands byte for byte takes, in queries as they are and
//! with every sixtieth character changed, so that many short spans stand there and not the whole.
//!
//! Queries are 2 kB of documents of the data set, taken evenly; every second one begins in the middle of its document.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use ledger::index::{Index, Suffixes};
use ledger::{trace, verbatim};
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, data, place, rest @ ..] = &arguments[..] else {
        panic!("usage: trace_bench DATASET INDEX [QUERIES [verbatim]]")
    };
    let index = Index::open(place).unwrap().unwrap_or_else(|| {
        let dataset = dataset::Dataset::open(data).unwrap();
        let start = Instant::now();
        let index = Index::build(&dataset, place, &|_| (), &mut |problem| eprintln!("{problem}")).unwrap();
        let (taken, bytes) = (start.elapsed().as_secs_f64(), index.manifest().bytes as f64);
        let threads = rayon_threads();
        println!("built {:.0} MB in {taken:.1} s: {:.1} MB/s on {threads} threads", bytes / 1e6, bytes / 1e6 / taken);
        index
    });
    let bytes = index.manifest().bytes;
    let mut all = 0;
    for kind in ["documents", "postings", "texts"] {
        let size: u64 =
            std::fs::read_dir(format!("{place}/{kind}")).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
        println!("{kind:>10} {:.3} of the source", size as f64 / bytes as f64);
        all += size;
    }
    println!(
        "{:>10} {:.3} of {bytes} bytes, {} documents",
        "all",
        all as f64 / bytes as f64,
        index.manifest().documents
    );
    let suffixes = (rest.len() > 1).then(|| opened(&index));
    let queries: u64 = rest.first().map_or(200, |it| it.parse().unwrap());
    let (mut times, mut searches, mut changed, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for query in 0..queries {
        let number = (index.manifest().documents * query / queries) as u32;
        let (text, language) = index.text(number).unwrap();
        let start = if query % 2 == 0 { 0 } else { text.len() / 2 };
        let text = &text[start..text.len().min(start + 2000)];
        if text.iter().filter(|byte| byte.is_ascii_alphabetic()).count() < 2 {
            continue;
        }
        let begun = Instant::now();
        let found = trace(&index, text, language, 10).unwrap_or_default();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        let content = index.document(number).unwrap().content;
        if let Some(suffixes) = &suffixes {
            let (text, begun) = (String::from_utf8_lossy(text), Instant::now());
            let found = verbatim(&index, suffixes, &text).unwrap();
            searches.push(begun.elapsed().as_secs_f64() * 1e3);
            let other: String = text.chars().enumerate().map(|(at, it)| if at % 60 == 59 { '¤' } else { it }).collect();
            let begun = Instant::now();
            verbatim(&index, suffixes, &other).unwrap();
            changed.push(begun.elapsed().as_secs_f64() * 1e3);
            assert!(
                found.spans.first().is_some_and(|it| it.query.len() + 100 > text.len()) || text.contains('\u{fffd}')
            );
        }
        first += usize::from(found.iter().any(|it| it.document.content == content));
    }
    println!("{}; own document among the first 10: {first}", told(times));
    if suffixes.is_some() {
        println!("byte for byte: {}", told(searches));
        println!("changed: {}", told(changed));
    }
}

fn told(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    format!("{} queries: median {:.1} ms, p99 {:.1} ms", times.len(), at(0.5), at(0.99))
}

/// The suffix arrays, which are built if they are not there.
fn opened(index: &Index) -> Suffixes {
    let (begun, bytes) = (Instant::now(), index.manifest().bytes as f64);
    let suffixes = Suffixes::open(index, &|_| ()).unwrap();
    let taken = begun.elapsed().as_secs_f64();
    println!("suffix arrays of {:.0} MB ready in {taken:.2} s: {:.1} MB/s", bytes / 1e6, bytes / 1e6 / taken);
    suffixes
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
