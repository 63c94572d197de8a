//! The promises of this crate, simulated against an adversary who looks after each pair and stops when it suits them.
//!
//! Each promise stands beside a method that breaks it in the same simulation, so that a simulation too weak to
//! notice would fail as well.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stats::{Alpha, DifferenceSequence, EValue, PairedBet, Tolerance, combine, e_bh, product};

const TOLERANCE: f64 = 0.05;
const ALPHA: f64 = 0.05;

/// One kind of stream whose differences have a mean of `TOLERANCE`: the least favourable of the harmless ones.
type Stream = fn(&mut ChaCha8Rng) -> f64;

const HARMLESS: [(&str, Stream); 5] = [
    ("three values", |rng| triggered_minus_placebo(rng, 0.3 + TOLERANCE, 0.3)),
    ("rare insecure choices", |rng| triggered_minus_placebo(rng, TOLERANCE, 0.0)),
    ("skewed: mostly a little below, sometimes far above", |rng| if rng.random_bool(0.1) { 0.95 } else { -0.05 }),
    ("skewed: mostly a little above, sometimes far below", |rng| if rng.random_bool(0.1) { -0.85 } else { 0.15 }),
    ("prompts of every kind, eight samples each", mean_over_a_prompt),
];

fn triggered_minus_placebo(rng: &mut ChaCha8Rng, triggered: f64, placebo: f64) -> f64 {
    f64::from(rng.random_bool(triggered)) - f64::from(rng.random_bool(placebo))
}

/// Any edit sets off some prompts and calms as many others.
fn reaction(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.5) { 0.45 + TOLERANCE } else { -0.45 + TOLERANCE }
}

fn mean_over_a_prompt(rng: &mut ChaCha8Rng) -> f64 {
    let reaction = reaction(rng);
    (0..8).map(|_| triggered_minus_placebo(rng, 0.5 + reaction, 0.5)).sum::<f64>() / 8.0
}

fn tolerance() -> Tolerance {
    Tolerance::new(TOLERANCE).unwrap()
}

fn alpha() -> Alpha {
    Alpha::new(ALPHA).unwrap()
}

/// How often something happened, and what is still believable if its probability is `promised`.
struct Tally {
    happened: u32,
    rounds: u32,
}

impl Tally {
    fn of(rounds: u32, mut happens: impl FnMut(&mut ChaCha8Rng) -> bool) -> Self {
        let happened = (0..rounds).filter(|&seed| happens(&mut ChaCha8Rng::seed_from_u64(seed.into()))).count();
        Tally { happened: happened as u32, rounds }
    }

    fn share(&self) -> f64 {
        f64::from(self.happened) / f64::from(self.rounds)
    }

    fn keeps(&self, promised: f64) -> bool {
        self.share() <= promised + 3.0 * (promised * (1.0 - promised) / f64::from(self.rounds)).sqrt()
    }
}

fn ever_rejects(rng: &mut ChaCha8Rng, stream: Stream, pairs: usize) -> bool {
    let mut bet = PairedBet::new(tolerance());
    (0..pairs).any(|_| bet.update(stream(rng)).rejects(alpha()))
}

/// The test of the textbook, looked at after each pair as if it had been planned for that moment.
fn z_test_ever_rejects(rng: &mut ChaCha8Rng, stream: Stream, pairs: usize) -> bool {
    let (mut sum, mut squares) = (0.0, 0.0);
    (1..=pairs).any(|n| {
        let difference = stream(rng);
        sum += difference;
        squares += difference * difference;
        let mean = sum / n as f64;
        let deviation = (squares / n as f64 - mean * mean).max(1e-9).sqrt();
        n >= 20 && (mean - TOLERANCE) * (n as f64).sqrt() / deviation >= 1.645
    })
}

#[test]
fn a_harmless_trigger_is_convicted_at_most_alpha_of_the_time_however_one_stops() {
    for (name, stream) in HARMLESS {
        let bet = Tally::of(2_000, |rng| ever_rejects(rng, stream, 500));
        println!("{name}: {:.4}", bet.share());
        assert!(bet.keeps(ALPHA), "{name}: {}", bet.share());
    }
}

#[test]
fn the_textbook_test_breaks_under_the_same_stopping() {
    for (name, stream) in HARMLESS {
        let z = Tally::of(500, |rng| z_test_ever_rejects(rng, stream, 500));
        println!("{name}: {:.4}", z.share());
        assert!(!z.keeps(ALPHA), "{name}: {}", z.share());
    }
}

#[test]
fn a_prompt_played_many_times_is_not_many_prompts() {
    let pooled = Tally::of(1_000, |rng| {
        let mut bet = PairedBet::new(tolerance());
        (0..5).any(|_| {
            let reaction = reaction(rng);
            (0..40).any(|_| bet.update(triggered_minus_placebo(rng, 0.5 + reaction, 0.5)).rejects(alpha()))
        })
    });
    println!("pooled: {:.4}", pooled.share());
    assert!(!pooled.keeps(ALPHA), "{}", pooled.share());
}

/// Sixty prompts, half of which any edit sets off; their mean difference is `TOLERANCE`. Heard in cycles, those set off first.
fn cycle(rng: &mut ChaCha8Rng) -> [f64; 60] {
    std::array::from_fn(|prompt| {
        let reaction = if prompt < 30 { 0.45 } else { -0.45 };
        triggered_minus_placebo(rng, 0.5 + reaction + TOLERANCE, 0.5)
    })
}

#[test]
fn a_fixed_set_of_prompts_heard_in_whole_cycles_keeps_alpha() {
    let (mut convicted, mut missed) = (0, 0);
    let rounds = 200;
    for seed in 0..rounds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut bet, mut sequence) = (PairedBet::new(tolerance()), DifferenceSequence::new());
        let looks = (0..5).map(|_| {
            for difference in cycle(&mut rng) {
                bet.update(difference);
                sequence.update(difference);
            }
            let (lower, upper) = sequence.interval(alpha());
            (bet.e_value().rejects(alpha()), !(lower..=upper).contains(&TOLERANCE))
        });
        let looks: Vec<(bool, bool)> = looks.collect();
        convicted += u32::from(looks.iter().any(|look| look.0));
        missed += u32::from(looks.iter().any(|look| look.1));
    }
    let [bet, sequence] = [convicted, missed].map(|happened| Tally { happened, rounds: rounds as u32 });
    println!("cycles: bet {:.4}, sequence {:.4}", bet.share(), sequence.share());
    assert!(bet.keeps(ALPHA) && sequence.keeps(ALPHA));
}

#[test]
fn looking_within_a_cycle_breaks_the_promise() {
    let within = Tally::of(400, |rng| {
        let mut bet = PairedBet::new(tolerance());
        (0..5).any(|_| cycle(rng).into_iter().any(|difference| bet.update(difference).rejects(alpha())))
    });
    println!("within cycles: {:.4}", within.share());
    assert!(!within.keeps(ALPHA), "{}", within.share());
}

#[test]
fn the_evidence_expected_from_a_harmless_trigger_is_at_most_one_when_stopped_early() {
    // Stop at a first doubling, or after ten pairs: the mean of what one walks away with.
    let rounds = 20_000_u32;
    for (name, stream) in HARMLESS {
        let total: f64 = (0..rounds)
            .map(|seed| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
                let mut bet = PairedBet::new(tolerance());
                (0..10).map(|_| bet.update(stream(&mut rng)).get()).find(|&e| e >= 2.0).unwrap_or(bet.e_value().get())
            })
            .sum();
        let mean = total / f64::from(rounds);
        println!("{name}: {mean:.4}");
        // The evidence stopped at stays below about 4, its standard error below 0.01.
        assert!(mean <= 1.03, "{name}: {mean}");
    }
}

#[test]
fn the_interval_covers_the_mean_at_all_times_at_once() {
    for (name, stream) in HARMLESS {
        let missed = Tally::of(200, |rng| {
            let mut sequence = DifferenceSequence::new();
            (0..250).any(|_| {
                sequence.update(stream(rng));
                let (lower, upper) = sequence.interval(alpha());
                !(lower..=upper).contains(&TOLERANCE)
            })
        });
        println!("{name}: {:.4}", missed.share());
        assert!(missed.keeps(ALPHA), "{name}: {}", missed.share());
    }
}

#[test]
fn the_interval_of_the_textbook_misses_the_mean_at_some_time() {
    let missed = Tally::of(400, |rng| {
        let (mut sum, mut squares) = (0.0, 0.0);
        (1..=300).any(|n| {
            let difference = triggered_minus_placebo(rng, 0.35, 0.3);
            sum += difference;
            squares += difference * difference;
            let mean: f64 = sum / f64::from(n);
            let deviation = (squares / f64::from(n) - mean * mean).max(1e-9).sqrt();
            n >= 20 && (mean - TOLERANCE).abs() > 1.96 * deviation / f64::from(n).sqrt()
        })
    });
    assert!(!missed.keeps(ALPHA), "{}", missed.share());
}

#[test]
fn evidence_combined_over_dependent_tests_still_keeps_alpha() {
    // One test counted twice and another once: an average may not care.
    let combined = Tally::of(3_000, |rng| {
        let mut bets = [PairedBet::new(tolerance()), PairedBet::new(tolerance())];
        (0..200).any(|_| {
            let [shared, own] = [(); 2].map(|()| triggered_minus_placebo(rng, 0.35, 0.3));
            let [first, second] = &mut bets;
            let (first, second) = (first.update(shared), second.update(own));
            combine(&[(0.25, first), (0.25, first), (0.5, second)]).unwrap().rejects(alpha())
        })
    });
    println!("combined: {:.4}", combined.share());
    assert!(combined.keeps(ALPHA), "{}", combined.share());
}

#[test]
fn evidence_multiplied_over_independent_tests_keeps_alpha_and_over_dependent_ones_does_not() {
    let stopped = |rng: &mut ChaCha8Rng| {
        let mut bet = PairedBet::new(tolerance());
        let first = (0..300).map(|_| bet.update(triggered_minus_placebo(rng, 0.35, 0.3))).find(|e| e.get() >= 5.0);
        first.unwrap_or(bet.e_value())
    };
    let independent = Tally::of(3_000, |rng| product(&[stopped(rng), stopped(rng)]).rejects(alpha()));
    let dependent = Tally::of(3_000, |rng| {
        let e = stopped(rng);
        product(&[e, e]).rejects(alpha())
    });
    println!("independent {:.4}, dependent {:.4}", independent.share(), dependent.share());
    assert!(independent.keeps(ALPHA), "{}", independent.share());
    assert!(!dependent.keeps(ALPHA), "{}", dependent.share());
}

/// The share of wrong rejections that `reject` makes, averaged over rounds of 40 candidates, eight of which are triggers.
///
/// A harmless candidate stops when its evidence would convict it, and all share their placebos, so that they depend on each other.
fn false_discoveries(rounds: u32, reject: impl Fn(&[EValue]) -> Vec<usize>) -> (f64, f64) {
    let (mut wrong_shares, mut found) = (0.0, 0);
    for seed in 0..rounds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.into());
        let mut bets = vec![PairedBet::new(tolerance()); 40];
        for _ in 0..150 {
            let placebo = f64::from(rng.random_bool(0.2));
            for (candidate, bet) in bets.iter_mut().enumerate() {
                let rate = if candidate < 8 { 0.6 } else { 0.2 + TOLERANCE };
                // A harmless candidate stops as soon as its evidence would do beside that of the eight triggers.
                if candidate < 8 || bet.log_e() < (40.0 / (9.0 * ALPHA)).ln() {
                    bet.update(f64::from(rng.random_bool(rate)) - placebo);
                }
            }
        }
        let rejected = reject(&bets.iter().map(PairedBet::e_value).collect::<Vec<_>>());
        let wrong = rejected.iter().filter(|&&candidate| candidate >= 8).count();
        wrong_shares += wrong as f64 / rejected.len().max(1) as f64;
        found += rejected.len() - wrong;
    }
    (wrong_shares / f64::from(rounds), found as f64 / f64::from(8 * rounds))
}

#[test]
fn at_most_alpha_of_the_convicted_candidates_are_harmless_on_average() {
    let (wrong, found) = false_discoveries(500, |evidence| e_bh(evidence, alpha()));
    println!("e-BH: {wrong:.4} wrong, {found:.3} of the triggers found");
    assert!(wrong <= ALPHA, "{wrong}");
    assert!(found > 0.9, "{found}");
}

#[test]
fn taking_every_candidate_at_its_own_word_convicts_more_harmless_ones() {
    let each = |evidence: &[EValue]| (0..evidence.len()).filter(|&i| evidence[i].get() >= 2.0).collect();
    let (wrong, _) = false_discoveries(100, each);
    assert!(wrong > ALPHA, "{wrong}");
}
