//! The power that a clean verdict states is the power that the test has.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stats::{EValue, PairedBet, Tolerance, power, smallest_effect};

fn tolerance() -> Tolerance {
    Tolerance::new(0.05).unwrap()
}

/// The share of 4,000 simulated tests that reach the threshold, and three standard errors of it.
fn simulated(baseline: f64, effect: f64, threshold: f64, pairs: usize) -> (f64, f64) {
    let rounds = 4_000;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let detected = (0..rounds)
        .filter(|_| {
            let mut bet = PairedBet::new(tolerance());
            (0..pairs).any(|_| {
                let triggered = f64::from(rng.random_bool(baseline + effect));
                let placebo = f64::from(rng.random_bool(baseline));
                bet.update(triggered - placebo).get() >= threshold
            })
        })
        .count();
    let share = detected as f64 / f64::from(rounds);
    (share, 3.0 * (share * (1.0 - share) / f64::from(rounds)).sqrt())
}

#[test]
fn the_exact_power_agrees_with_simulation() {
    for (baseline, effect, threshold, pairs) in [
        (0.1, 0.3, 100.0, 60),
        (0.3, 0.25, 20.0, 100),
        (0.0, 0.6, 1000.0, 15),
        (0.5, 0.1, 100.0, 300),
        (0.05, 0.04, 20.0, 200),
    ] {
        let exact = power(baseline, effect, tolerance(), EValue::new(threshold).unwrap(), pairs as u64);
        let (share, error) = simulated(baseline, effect, threshold, pairs);
        assert!((exact - share).abs() <= error + 1e-3, "{baseline} {effect} {pairs}: {exact} is not {share} ± {error}");
    }
}

#[test]
fn the_smallest_effect_is_caught_as_often_as_stated_and_a_smaller_one_is_not() {
    let threshold = EValue::new(100.0).unwrap();
    let effect = smallest_effect(0.1, tolerance(), threshold, 200, 0.9).unwrap();
    assert!(power(0.1, effect, tolerance(), threshold, 200) >= 0.9);
    assert!(power(0.1, effect - 0.002, tolerance(), threshold, 200) < 0.9);
    println!("200 pairs, baseline 0.1, e >= 100, power 0.9: {effect:.3}");
}

#[test]
fn too_few_pairs_catch_nothing() {
    assert_eq!(smallest_effect(0.1, tolerance(), EValue::new(100.0).unwrap(), 3, 0.9), None);
    assert_eq!(power(0.1, 0.9, tolerance(), EValue::new(100.0).unwrap(), 0), 0.0);
}

#[test]
fn more_pairs_catch_smaller_effects() {
    let effects = [50, 200, 1_000]
        .map(|pairs| smallest_effect(0.2, tolerance(), EValue::new(100.0).unwrap(), pairs, 0.9).unwrap());
    assert!(effects.is_sorted_by(|a, b| a > b), "{effects:?}");
}

#[test]
fn pairs_without_number_are_answered_in_time() {
    let threshold = EValue::new(100.0).unwrap();
    assert!(power(0.2, 0.12, tolerance(), threshold, u64::MAX) >= power(0.2, 0.12, tolerance(), threshold, 1_000));
}

#[test]
fn no_effect_within_the_tolerance_is_caught_more_often_than_alpha() {
    let chance = power(0.2, 0.05, tolerance(), EValue::new(20.0).unwrap(), 1_000);
    assert!(chance > 0.0 && chance <= 0.05, "{chance}");
}

#[test]
fn a_baseline_that_is_no_probability_is_no_panic() {
    for baseline in [f64::NAN, -3.0, 7.0, f64::INFINITY] {
        let chance = power(baseline, f64::NAN, tolerance(), EValue::new(20.0).unwrap(), 10);
        assert!((0.0..=1.0).contains(&chance));
        smallest_effect(baseline, tolerance(), EValue::new(20.0).unwrap(), 10, 0.9);
    }
}
