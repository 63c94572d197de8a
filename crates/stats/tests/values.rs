//! Small cases with known answers, and input that makes no sense.
#![allow(clippy::unwrap_used)]

use stats::{Alpha, DifferenceSequence, EValue, Error, PairedBet, Tolerance, combine, e_bh, fisher_one_sided, product};

fn e(value: f64) -> EValue {
    EValue::new(value).unwrap()
}

fn bet(differences: impl IntoIterator<Item = f64>) -> PairedBet {
    let mut bet = PairedBet::new(Tolerance::new(0.05).unwrap());
    for difference in differences {
        bet.update(difference);
    }
    bet
}

#[test]
fn evidence_grows_without_overflow_and_shrinks_without_underflow() {
    let huge = bet([1.0; 100_000]);
    assert!(huge.log_e() > 60_000.0 && huge.log_e().is_finite());
    assert_eq!(huge.e_value().get(), f64::MAX);
    let tiny = bet([-1.0; 100_000]);
    assert!(tiny.log_e() < -90.0 && tiny.log_e().is_finite());
    assert!(tiny.e_value().get() >= 0.0);
    assert_eq!(huge.history().len() as u64, huge.pairs());
}

#[test]
fn bad_luck_can_be_made_up_for() {
    let recovered = bet([vec![-1.0; 50], vec![1.0; 500]].concat());
    assert!(recovered.log_e() > 20.0, "{}", recovered.log_e());
}

#[test]
fn what_is_no_difference_speaks_against_the_trigger() {
    for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5, -2.0] {
        assert_eq!(bet([1.0, nonsense]).log_e(), bet([1.0, -1.0]).log_e());
    }
}

#[test]
fn what_is_no_difference_widens_no_less_than_any_difference_would() {
    let interval = |last: f64| {
        let mut sequence = DifferenceSequence::new();
        [vec![0.4; 60], vec![last; 3]].concat().into_iter().for_each(|d| sequence.update(d));
        sequence.interval(Alpha::new(0.05).unwrap())
    };
    let (lower, upper) = interval(f64::NAN);
    for difference in [-1.0, 0.0, 1.0] {
        let (other_lower, other_upper) = interval(difference);
        assert!(lower <= other_lower && other_upper <= upper);
    }
}

#[test]
fn the_interval_closes_on_the_mean() {
    let mut sequence = DifferenceSequence::new();
    let alpha = Alpha::new(0.05).unwrap();
    assert_eq!(sequence.interval(alpha), (-1.0, 1.0));
    for round in 0..4_000 {
        sequence.update([1.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, 1.0, 0.0, 0.0][round % 10]);
        let (lower, upper) = sequence.interval(alpha);
        assert!(lower <= 0.2 && 0.2 <= upper);
    }
    let (lower, upper) = sequence.interval(alpha);
    assert!(upper - lower < 0.1, "{lower} {upper}");
}

#[test]
fn average_of_evidence_takes_weights_that_sum_to_one_at_most() {
    assert_eq!(combine(&[(0.5, e(10.0)), (0.25, e(4.0))]), Ok(e(6.0)));
    assert_eq!(combine(&[]), Ok(e(0.0)));
    assert_eq!(combine(&[(0.7, e(1.0)), (0.7, e(1.0))]), Err(Error::Weights(1.4)));
    assert_eq!(combine(&[(-0.5, e(1.0))]), Err(Error::Weight(-0.5)));
    assert!(combine(&[(f64::NAN, e(1.0))]).is_err());
    assert!(combine(&[(0.1, e(2.0)); 10]).is_ok());
}

#[test]
fn product_of_evidence_neither_overflows_nor_revives_the_dead() {
    assert!((product(&[e(3.0), e(4.0)]).get() - 12.0).abs() < 1e-9);
    assert_eq!(product(&[]), EValue::ONE);
    assert_eq!(product(&[e(f64::INFINITY), e(1e300)]).get(), f64::MAX);
    assert_eq!(product(&[e(f64::INFINITY), e(0.0)]).get(), 0.0);
}

#[test]
fn e_bh_rejects_the_largest_set_whose_least_evidence_suffices() {
    let alpha = Alpha::new(0.1).unwrap();
    // Of four, k are rejected where the k-th largest reaches 40 / k: 40, 20, 13.3, 10.
    assert_eq!(e_bh(&[e(14.0), e(1.0), e(25.0), e(14.0)], alpha), [0, 2, 3]);
    assert_eq!(e_bh(&[e(39.0), e(1.0), e(1.0), e(1.0)], alpha), [0_usize; 0]);
    assert_eq!(e_bh(&[], alpha), [0_usize; 0]);
}

#[test]
fn fishers_test_gives_the_textbook_values() {
    // Fisher's tea: 4 of 4 with 8 cups, 1/70; 3 of 4, 17/70.
    assert!((fisher_one_sided(4, 0, 0, 4) - 1.0 / 70.0).abs() < 1e-9);
    assert!((fisher_one_sided(3, 1, 1, 3) - 17.0 / 70.0).abs() < 1e-9);
    assert!((fisher_one_sided(0, 5, 5, 0) - 1.0).abs() < 1e-9);
    assert!((fisher_one_sided(0, 0, 0, 0) - 1.0).abs() < 1e-9);
    // The trigger line of DESIGN.md's sibling case: in 15 of 34 insecure files and in none of 73 secure ones.
    let p = fisher_one_sided(15, 0, 19, 73);
    assert!(p > 1e-10 && p < 1e-8, "{p}");
}

#[test]
fn fishers_test_survives_counts_of_any_size() {
    for counts in [[u64::MAX; 4], [0, u64::MAX, 1, 0], [1_000_000, 10, 10, 1_000_000_000]] {
        let [a, b, c, d] = counts;
        assert!((0.0..=1.0).contains(&fisher_one_sided(a, b, c, d)), "{counts:?}");
    }
}

#[test]
fn numbers_out_of_range_are_refused_also_when_read_from_a_file() {
    assert!(Alpha::new(0.0).is_err() && Alpha::new(1.0).is_err() && Alpha::new(f64::NAN).is_err());
    assert!(Tolerance::new(-0.1).is_err() && Tolerance::new(1.0).is_err());
    assert!(EValue::new(-1.0).is_err() && EValue::new(f64::NAN).is_err());
    assert_eq!(e(f64::INFINITY).get(), f64::MAX);
}
