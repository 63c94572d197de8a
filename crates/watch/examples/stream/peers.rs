//! What monitoring tools do: a CUSUM and a rolling z-test, both with thresholds simulated to the same run length.

use super::choice;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use watch::Event;

/// Decisions of the rolling window.
const WINDOW: usize = 100;
/// The rise that the CUSUM is made for.
const RISE: f64 = 0.1;
/// Simulated streams a threshold.
const ROUNDS: u64 = 40;

/// Thresholds for a baseline rate.
#[derive(Clone, Copy)]
pub struct Tuned {
    rate: f64,
    cusum: f64,
    z: f64,
}

/// A detector with its threshold.
pub struct Peer {
    decision: String,
    threshold: f64,
    statistic: Box<dyn Fn() -> Box<dyn FnMut(bool) -> f64> + Send + Sync>,
}

impl Peer {
    /// Completions to the first alarm.
    pub fn first(&self, traffic: &[Event]) -> Option<usize> {
        let mut statistic = (self.statistic)();
        let alarm = |event| choice(event, &self.decision).is_some_and(|insecure| statistic(insecure) >= self.threshold);
        traffic.iter().position(alarm).map(|at| at + 1)
    }
}

impl Tuned {
    /// Tunes both to a rate; equal rates once.
    pub fn for_rate(rate: f64, run_length: f64) -> Tuned {
        static KNOWN: Mutex<BTreeMap<u64, Tuned>> = Mutex::new(BTreeMap::new());
        let rate = (rate.max(0.005) * 200.0).round() / 200.0;
        let key = (rate * 200.0) as u64;
        if let Some(known) = KNOWN.lock().unwrap().get(&key) {
            return *known;
        }
        let cusum = threshold(rate, run_length, 20.0, &|| cusum(rate));
        let z = threshold(rate, run_length, 12.0, &|| z(rate));
        let tuned = Tuned { rate, cusum, z };
        KNOWN.lock().unwrap().insert(key, tuned);
        tuned
    }

    pub fn cusum(self, decision: &str) -> Peer {
        Peer { decision: decision.to_owned(), threshold: self.cusum, statistic: Box::new(move || cusum(self.rate)) }
    }

    pub fn z(self, decision: &str) -> Peer {
        Peer { decision: decision.to_owned(), threshold: self.z, statistic: Box::new(move || z(self.rate)) }
    }
}

/// Page's CUSUM of the log likelihood ratio.
fn cusum(rate: f64) -> Box<dyn FnMut(bool) -> f64> {
    let risen = (rate + RISE).min(0.99);
    let (insecure, other) = ((risen / rate).ln(), ((1.0 - risen) / (1.0 - rate)).ln());
    let mut sum = 0.0_f64;
    Box::new(move |is| {
        sum = (sum + if is { insecure } else { other }).max(0.0);
        sum
    })
}

/// Deviations of a rolling window from the rate.
fn z(rate: f64) -> Box<dyn FnMut(bool) -> f64> {
    let (mut window, mut seen) = (VecDeque::new(), 0.0);
    Box::new(move |insecure| {
        window.push_back(insecure);
        seen += f64::from(insecure);
        if window.len() > WINDOW {
            seen -= f64::from(window.pop_front().unwrap());
        }
        let n = window.len() as f64;
        if window.len() < WINDOW { 0.0 } else { (seen - n * rate) / (n * rate * (1.0 - rate)).sqrt() }
    })
}

/// The threshold at which streams of the rate run for `run_length` decisions on average. Each simulated stream notes when its statistic
/// reached a new height, which tells how long it would have run at any threshold.
fn threshold(rate: f64, run_length: f64, most: f64, statistic: &dyn Fn() -> Box<dyn FnMut(bool) -> f64>) -> f64 {
    let longest = (4.0 * run_length) as usize;
    let records: Vec<Vec<(f64, usize)>> =
        (0..ROUNDS).map(|round| heights(rate, longest, round, &mut *statistic())).collect();
    let average = |threshold: f64| {
        let run = |heights: &Vec<(f64, usize)>| {
            let reached = heights.partition_point(|(height, _)| *height < threshold);
            heights.get(reached).map_or(longest, |(_, at)| *at) as f64
        };
        records.iter().map(run).sum::<f64>() / ROUNDS as f64
    };
    let (mut low, mut high) = (0.0, most);
    for _ in 0..20 {
        let middle = (low + high) / 2.0;
        *(if average(middle) < run_length { &mut low } else { &mut high }) = middle;
    }
    high
}

/// The heights that a statistic reached for the first time, with the moments, ascending.
fn heights(rate: f64, longest: usize, round: u64, next: &mut dyn FnMut(bool) -> f64) -> Vec<(f64, usize)> {
    let mut rng = SmallRng::seed_from_u64(round);
    let mut heights: Vec<(f64, usize)> = Vec::new();
    for at in 1..=longest {
        let height = next(rng.random_bool(rate));
        if heights.last().is_none_or(|(highest, _)| height > *highest) {
            heights.push((height, at));
        }
    }
    heights
}
