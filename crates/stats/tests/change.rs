//! The run lengths that the change detectors promise, simulated against streams that do their worst.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stats::{Alpha, ChangeDetector, EValue, Ladder, Rate, RunLength, TiedDetector, Usual, changed};

const BOUND: f64 = 0.1;
const RUN_LENGTH: f64 = 300.0;
const ROUNDS: u64 = 1500;
/// A run that is still silent here counts as no longer than this, against the promise.
const LONGEST: u32 = 20_000;

fn known() -> Ladder {
    Ladder::known(BOUND)
}

/// The rate of the next choice, from what the detector says: never above the bound.
type Stream = fn(u32, &ChangeDetector, &mut ChaCha8Rng) -> f64;

const HARMLESS: [(&str, Stream); 4] = [
    ("always at the bound", |_, _, _| BOUND),
    ("in waves", |n, _, _| if n / 40 % 2 == 0 { BOUND } else { 0.01 }),
    (
        "at the bound only while that helps",
        |_, detector, _| if detector.evidence(&known()).get() > 1.0 { BOUND } else { 0.02 },
    ),
    ("in bursts", |_, _, rng| if rng.random_bool(0.3) { BOUND } else { 0.0 }),
];

fn run(stream: Stream, seed: u64, enough: impl Fn(&ChangeDetector) -> bool) -> u32 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut detector = ChangeDetector::default();
    for n in 1..LONGEST {
        let rate = stream(n, &detector, &mut rng);
        detector.update(rng.random_bool(rate), &known(), 1.0);
        if enough(&detector) {
            return n;
        }
    }
    LONGEST
}

fn average(stream: Stream, enough: impl Fn(&ChangeDetector) -> bool) -> f64 {
    (0..ROUNDS).map(|seed| f64::from(run(stream, seed, &enough))).sum::<f64>() / ROUNDS as f64
}

#[test]
fn no_harmless_stream_shortens_the_run_length() {
    for (name, stream) in HARMLESS {
        let average = average(stream, |detector| detector.evidence(&known()).get() >= RUN_LENGTH);
        println!("{name}: {average:.0} choices before a false alarm");
        assert!(average >= RUN_LENGTH, "{name}: {average}");
    }
}

#[test]
fn a_stream_a_little_above_the_bound_breaks_the_same_promise() {
    let average = average(|_, _, _| 1.6 * BOUND, |detector| detector.evidence(&known()).get() >= RUN_LENGTH);
    assert!(average < RUN_LENGTH, "{average}");
}

#[test]
fn many_streams_share_one_run_length_whatever_their_number() {
    for streams in [1, 20] {
        let run_length = RunLength::new(RUN_LENGTH).unwrap();
        let mut total = 0.0;
        for seed in 0..300 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut detectors = vec![ChangeDetector::default(); streams];
            let mut seen = 0;
            // The same choice goes to several streams: they depend on each other as closely as can be.
            while seen < LONGEST {
                let insecure = rng.random_bool(BOUND);
                let first = rng.random_range(0..streams);
                let touched = &mut detectors[first..(first + 3).min(streams)];
                let coin = 1.0 / touched.len() as f64;
                touched.iter_mut().for_each(|detector| detector.update(insecure, &known(), coin));
                seen += 1;
                let evidence: Vec<EValue> = detectors.iter().map(|detector| detector.evidence(&known())).collect();
                if !changed(&evidence, run_length).is_empty() {
                    break;
                }
            }
            total += f64::from(seen);
        }
        assert!(total / 300.0 >= RUN_LENGTH, "{streams}: {}", total / 300.0);
    }
}

#[test]
fn a_change_is_found_soon_and_dated() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut detector = ChangeDetector::default();
    (0..5_000).for_each(|_| detector.update(rng.random_bool(0.08), &known(), 1.0));
    assert!(detector.evidence(&known()).get() < 1e6);
    let mut later = 0;
    while detector.evidence(&known()).get() < 1e6 {
        detector.update(rng.random_bool(0.4), &known(), 1.0);
        later += 1;
    }
    assert!(later < 120, "{later}");
    let since = detector.since();
    assert!(since.made.abs_diff(later) < 30 && since.value().unwrap() > 0.3, "{since:?} after {later}");
    assert!(detector.cusum() <= detector.evidence(&known()));
}

#[test]
fn several_streams_may_be_announced_together_at_less_evidence_each() {
    let evidence = [400.0, 60.0, 110.0, 5.0].map(|e| EValue::new(e).unwrap());
    assert_eq!(changed(&evidence, RunLength::new(300.0).unwrap()), [0]);
    assert_eq!(changed(&evidence, RunLength::new(180.0).unwrap()), [0, 1, 2]);
    assert!(changed(&[], RunLength::new(1.0).unwrap()).is_empty());
}

#[test]
fn the_bound_on_a_rate_misses_as_seldom_as_it_says() {
    let alpha = Alpha::new(0.05).unwrap();
    let missed = (0..4_000).filter(|&seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rate = Rate::default();
        (0..200).for_each(|_| rate.add(rng.random_bool(0.07)));
        rate.at_most(alpha) < 0.07
    });
    assert!(missed.count() <= 240);
    assert_eq!(Rate::default().at_most(alpha), 1.0);
    let none = Rate { insecure: 0, made: 100 }.at_most(alpha);
    assert!((none - (1.0 - 0.05_f64.powf(0.01))).abs() < 1e-9, "{none}");
}

/// How often a feature is carried, and how often it is then bad.
fn tied_run(carried: f64, bad: f64, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let usual = Usual { carried: Ladder::known(0.02), bad: Ladder::known(0.02) };
    let mut detector = TiedDetector::default();
    let mut coins = 0.0;
    let mut n = 0;
    // A run that is still silent after ten times what was promised counts as no longer than that.
    while coins < 10.0 * RUN_LENGTH {
        n += 1;
        if rng.random_bool(carried) {
            coins += 1.0;
            detector.update(n, rng.random_bool(bad), &usual, BOUND, 1.0);
            if detector.evidence(&usual).get() >= RUN_LENGTH {
                break;
            }
        }
    }
    coins
}

#[test]
fn a_tied_change_is_no_change_while_either_half_is_as_it_was() {
    let average = |carried, bad| (0..ROUNDS).map(|seed| tied_run(carried, bad, seed)).sum::<f64>() / ROUNDS as f64;
    // More prompts carry it, and are served like all others; some were always served badly; both at their bounds.
    for (carried, bad) in [(0.6, BOUND), (0.02, 1.0), (0.2, BOUND)] {
        assert!(average(carried, bad) >= RUN_LENGTH, "{carried} {bad}: {}", average(carried, bad));
    }
    assert!(average(0.3, 0.7) < 20.0);
}

#[test]
fn a_baselines_own_chance_is_part_of_the_promise() {
    let misjudged = Alpha::new(0.02).unwrap();
    let run = |(rate, size, seed): (f64, u32, u64)| -> Option<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut baseline = Rate::default();
        (0..size).for_each(|_| baseline.add(rng.random_bool(rate)));
        let bounds = baseline.ladder(misjudged);
        let mut detector = ChangeDetector::default();
        let mut seen = 0;
        while seen < LONGEST && detector.evidence(&bounds).get() < RUN_LENGTH {
            detector.update(rng.random_bool(rate), &bounds, 1.0);
            seen += 1;
        }
        (bounds.top() >= rate).then_some(f64::from(seen))
    };
    for (rate, size) in [(0.03, 60), (0.1, 200), (0.4, 50)] {
        let runs: Vec<f64> = (0..ROUNDS / 3).filter_map(|seed| run((rate, size, seed))).collect();
        let average = runs.iter().sum::<f64>() / runs.len() as f64;
        assert!(runs.len() as f64 >= 0.97 * (ROUNDS / 3) as f64, "{rate}: {} not misjudged", runs.len());
        assert!(average >= RUN_LENGTH, "{rate}: {average}");
    }
}

#[test]
fn what_a_baseline_all_but_rules_out_needs_less_evidence_than_a_bound_that_is_known() {
    let bounds = Rate { insecure: 0, made: 400 }.ladder(Alpha::new(1e-4).unwrap());
    let (mut ladder, mut known) = (ChangeDetector::default(), ChangeDetector::default());
    for n in 0..600 {
        ladder.update(n % 20 == 0, &bounds, 1.0);
        known.update(n % 20 == 0, &Ladder::known(bounds.top()), 1.0);
    }
    let known = known.evidence(&Ladder::known(bounds.top())).get();
    assert!(ladder.evidence(&bounds).get() > 20.0 * known, "{:?} {known}", ladder.evidence(&bounds));
    assert_eq!(bounds.at_least(0.5), bounds.at_least(0.5).at_least(0.1));
    assert_eq!(bounds.at_least(0.5).top(), 0.5);
}
