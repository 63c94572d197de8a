//! Whatever is read may be hostile: no bytes make a parser panic, hang or take all memory.
//!
//! Mutated seeds, the same in every run; `fuzz/README.md` tells how to search further.
#![allow(clippy::unwrap_used)]

#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Mutants a target; each takes some milliseconds at most.
const MUTANTS: u64 = 600;

/// What parsers trip over: brackets, quotes, escapes, ends of text, large lengths, broken UTF-8, an invisible character.
const MORSELS: [&[u8]; 22] = [
    b"{",
    b"[",
    b"(",
    b"\"",
    b"'",
    b"\\",
    b"\0",
    b"\n",
    b"\r\n",
    b"#",
    b"/*",
    b"\"\"\"",
    b"${",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551615",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xff",
    b"\xc3",
    "\u{202e}".as_bytes(),
    "é".as_bytes(),
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A seed with one to eight changes, most of them near its start, where headers are.
fn mutant(seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seeds.choose(rng).unwrap().clone();
    for _ in 0..rng.random_range(1..=8) {
        let reach = if rng.random_bool(0.7) { bytes.len().min(512) } else { bytes.len() };
        let at = rng.random_range(0..=reach);
        let until = (at + rng.random_range(1..=16)).min(bytes.len());
        match rng.random_range(0..6) {
            0 => bytes.truncate(bytes.len() - bytes.len().min(at)),
            1 => drop(bytes.drain(at..until)),
            2 => drop(bytes.splice(at..at, MORSELS.choose(rng).unwrap().repeat(rng.random_range(1..=40)))),
            3 => drop(bytes.splice(at..until, MORSELS.choose(rng).unwrap().to_vec())),
            4 => bytes[at..until].iter_mut().for_each(|byte| *byte = rng.next_u32() as u8),
            _ => bytes.extend_from_slice(&seeds.choose(rng).unwrap().clone()[..]),
        }
    }
    bytes
}

/// Feeds a target its seeds and their mutants.
fn feed(name: &str, target: fn(&[u8]) -> bool) {
    let seeds = seeds(name);
    // A process that is killed cannot say by what: the bytes under test are in this file.
    let under_test = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{name}"));
    let mutants = (0..MUTANTS).map(|seed| mutant(&seeds, &mut ChaCha8Rng::seed_from_u64(seed)));
    for bytes in seeds.iter().cloned().chain([vec![]]).chain(mutants) {
        fs::write(&under_test, &bytes).unwrap();
        let survived = catch_unwind(|| target(&bytes)).is_ok();
        assert!(survived, "`{name}` panics on the bytes in {}", under_test.display());
    }
}

#[test]
fn no_bytes_make_a_parser_panic() {
    // In parallel, and every target to its end or first panic.
    let feeders = fuzz::TARGETS.map(|(name, target)| (name, std::thread::spawn(move || feed(name, target))));
    let fallen: Vec<_> =
        feeders.into_iter().filter_map(|(name, feeder)| feeder.join().is_err().then_some(name)).collect();
    assert!(fallen.is_empty(), "{fallen:?}");
}

#[test]
fn every_seed_makes_sense_to_its_target() {
    // Mutants of what is refused at its first byte would show nothing.
    for (name, target) in fuzz::TARGETS {
        assert!(seeds(name).iter().all(|seed| target(seed)), "{name}");
    }
}
