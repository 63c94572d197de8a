//! Measures the ledger beside plain SHA-256 of the same bytes: records a second added and sealed, verified, and the time of a proof.
//!
//! `cargo run --release -p ledger --example ledger_bench -- [RECORDS] [PLACE]`
#![allow(clippy::print_stdout)]

use ledger::statement::COLLECTION;
use ledger::{Digest, Disposition, Home, Ledger, Origin, Record, Signing};
use rayon::prelude::*;
use std::error::Error;
use std::time::Instant;

/// Records whose bytes are made before the clock runs, again and again: the bench measures the ledger, not its input.
const AHEAD: u64 = 1 << 16;

fn record(n: u64, collector: Digest) -> Record {
    let content = Digest::of(&n.to_be_bytes());
    let repository = n / 200;
    Record {
        content,
        length: 2_000 + n % 9_000,
        swhid: content.0[..20].try_into().ok(),
        source: format!("https://example.com/owner-{}/repository-{repository}", repository % 997),
        commit: Some(Digest::of(&(n / 7).to_be_bytes()).0[..20].to_vec()),
        path: format!("src/module_{}/component_{n}/implementation.py", n % 31).into_bytes(),
        author: Some(Digest::of(&(n / 11 % 100_000).to_be_bytes())),
        committer: Some(Digest::of(&(n / 13 % 100_000).to_be_bytes())),
        committed: Some(1_600_000_000 + (n % 100_000_000) as i64),
        licence: Some(if n.is_multiple_of(3) { "MIT" } else { "Apache-2.0" }.to_owned()),
        collected: 1_700_000_000,
        collector,
        method: "git".to_owned(),
        transform: None,
        parents: Vec::new(),
        disposition: Disposition::Kept,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(2 << 20), |it| it.parse())?;
    let folder = tempfile::tempdir()?;
    let place = arguments.next().unwrap_or_else(|| folder.path().join("ledger").display().to_string());
    let home = Home::at(&folder.path().join("home"));
    let ledger = Ledger::init(&place, home, "example.com/bench", &Signing::File { passphrase: None })?;
    println!("{records} records, {} cores", rayon::current_num_threads());

    let mut adder =
        ledger.add(Origin { predicate_type: COLLECTION, about: serde_json::json!({ "source": "generated" }) })?;
    let (mut adding, mut plain, mut bytes) = (0.0, 0.0, 0u64);
    for first in (0..records).step_by(AHEAD as usize) {
        let collector = adder.collector();
        let batch: Vec<Record> =
            (first..records.min(first + AHEAD)).into_par_iter().map(|n| record(n, collector)).collect();
        let encoded: Vec<Vec<u8>> = batch.iter().map(Record::encode).collect::<Result<_, _>>()?;
        bytes += encoded.iter().map(|it| it.len() as u64).sum::<u64>();
        let clock = Instant::now();
        let hashed = encoded.par_iter().with_min_len(256).map(|it| Digest::of(it).0[0]).reduce(|| 0, |a, b| a ^ b);
        plain += clock.elapsed().as_secs_f64();
        std::hint::black_box(hashed);
        let clock = Instant::now();
        for record in &batch {
            adder.push(record)?;
        }
        adding += clock.elapsed().as_secs_f64();
    }
    let clock = Instant::now();
    adder.finish()?;
    ledger.seal()?;
    adding += clock.elapsed().as_secs_f64();
    let stored: u64 = ledger.store().list("")?.iter().map(|it| it.1).sum();
    let rate = |seconds: f64| records as f64 / seconds;
    println!("plain SHA-256 of the same {bytes} bytes: {plain:.2} s, {:.0} a second", rate(plain));
    println!(
        "added and sealed:  {adding:.2} s, {:.0} a second ({:.1} times plain hashing), {:.0} bytes stored a record",
        rate(adding),
        adding / plain,
        stored as f64 / records as f64
    );

    let clock = Instant::now();
    let found = ledger.verify(&|_| ());
    let verifying = clock.elapsed().as_secs_f64();
    println!("verified:          {verifying:.2} s, {:.0} a second, {} faults", rate(verifying), found.faults.len());

    let snapshot = ledger.snapshot()?;
    let mut times = Vec::new();
    for n in (0..200).map(|n| n * (records / 200)) {
        let clock = Instant::now();
        let found = ledger.find(&snapshot, &Digest::of(&n.to_be_bytes()))?;
        let proof = ledger.prove(&snapshot, found.first().ok_or("not found")?)?;
        times.push(clock.elapsed().as_secs_f64() * 1000.0);
        std::hint::black_box(proof);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "found and proved:  {:.2} ms at the median, {:.2} ms at the 99th percentile",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    Ok(())
}
