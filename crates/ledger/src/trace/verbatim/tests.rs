#![allow(clippy::unwrap_used)]
use super::*;
use dataset::Dataset;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;

fn indexed(folder: &Path, texts: &[String]) -> (Index, Suffixes) {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(data.join(format!("{number:03}.py")), text).unwrap();
    }
    let dataset = Dataset::open(data.to_str().unwrap()).unwrap();
    let index = Index::build(&dataset, folder.join("index").to_str().unwrap(), &|_| (), &mut |_| ()).unwrap();
    let suffixes = Suffixes::open(&index, &|_| ()).unwrap();
    (index, suffixes)
}

fn made(rng: &mut ChaCha8Rng, letters: &[char], length: usize) -> String {
    (0..length).map(|_| letters[rng.random_range(0..letters.len())]).collect()
}

/// What every pair of ends says.
fn naive(texts: &[String], query: &str) -> Vec<(Range<usize>, u64, u64)> {
    let ends: Vec<usize> = (0..=query.len()).filter(|&it| query.is_char_boundary(it)).collect();
    let stands = |range: &Range<usize>| texts.iter().any(|text| text.contains(&query[range.clone()]));
    let bare = |range: &Range<usize>| query[range.clone()].trim().len() == range.len();
    let mut all: Vec<Range<usize>> = Vec::new();
    for (number, &start) in ends.iter().enumerate() {
        let standing = ends[number + 1..].iter().map(|&end| start..end).take_while(stands);
        all.extend(standing.filter(|it| it.len() >= SHORTEST && bare(it)).last());
    }
    let inside =
        |one: &Range<usize>, other: &Range<usize>| one != other && other.start <= one.start && one.end <= other.end;
    let mut seen = HashSet::new();
    let told = |it: &&Range<usize>| {
        let span = &query[(**it).clone()];
        span.chars().filter(|it| it.is_alphanumeric()).count() >= LETTERS && seen.insert(span)
    };
    let longest: Vec<Range<usize>> =
        all.iter().filter(|it| !all.iter().any(|other| inside(it, other))).filter(told).cloned().collect();
    let counted = |range: Range<usize>| {
        let pattern = query[range.clone()].as_bytes();
        let times = |text: &String| text.as_bytes().windows(pattern.len()).filter(|it| *it == pattern).count() as u64;
        let counts: Vec<u64> = texts.iter().map(times).collect();
        (range, counts.iter().sum(), counts.iter().filter(|it| **it > 0).count() as u64)
    };
    longest.into_iter().map(counted).collect()
}

#[test]
fn the_stretches_are_those_that_comparing_everything_finds() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for letters in [&['a', 'b', ' '][..], &['a', 'é', '\n', '='], &['a'], &['宽', 'x', ' ']] {
        let folder = tempfile::tempdir().unwrap();
        let pieces: Vec<String> = (0..8).map(|_| made(&mut rng, letters, 60)).collect();
        let joined = |rng: &mut ChaCha8Rng| -> String {
            (0..rng.random_range(1..5))
                .flat_map(|_| {
                    let piece: Vec<char> = pieces[rng.random_range(0..8)].chars().collect();
                    let start = rng.random_range(0..40);
                    piece[start..rng.random_range(start..60)].to_vec()
                })
                .collect()
        };
        let texts: Vec<String> = (0..15).map(|_| joined(&mut rng)).filter(|it| !it.trim().is_empty()).collect();
        let (index, suffixes) = indexed(folder.path(), &texts);
        assert_eq!(index.manifest().documents, texts.len() as u64);
        let mut some = 0;
        for _ in 0..40 {
            let query = joined(&mut rng);
            let found = verbatim(&index, &suffixes, &query).unwrap();
            assert_eq!(found.searched, query.len() as u64);
            assert!(found.spans.is_sorted_by_key(|it| std::cmp::Reverse(it.query.len())));
            let mut spans: Vec<_> =
                found.spans.into_iter().map(|it| (it.query, it.occurrences, it.documents)).collect();
            spans.sort_by_key(|it| it.0.start);
            assert_eq!(spans, naive(&texts, &query), "{query:?}");
            some += spans.len();
        }
        assert!(some > 20, "{some}");
    }
}

#[test]
fn a_byte_that_is_repeated_in_the_data_and_the_text_ends_soon_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let (index, suffixes) = indexed(folder.path(), &["a".repeat(1 << 16), format!("{}b", "a".repeat(150_000))]);
    let start = std::time::Instant::now();
    let query = format!("{}b{}", "a".repeat(200_000), "ab".repeat(30));
    let found = verbatim(&index, &suffixes, &query).unwrap();
    assert_eq!((found.spans.len(), found.searched), (1, MOST as u64));
    assert_eq!((found.spans[0].query.clone(), found.spans[0].occurrences), (0..150_000, 1));
    let short = verbatim(&index, &suffixes, &"a".repeat(30)).unwrap();
    let said = (short.spans[0].occurrences, short.spans[0].documents, short.spans[0].at_least);
    assert_eq!(said, (65_536 - 29 + 150_000 - 29, 2, true));
    assert_eq!(short.spans[0].names, ["000.py", "001.py"]);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
