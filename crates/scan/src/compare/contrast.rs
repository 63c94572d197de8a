//! Is one condition worse than another? Paired by prompt, decision by decision.

use super::table::Table;
use report::Counts;
use stats::{EValue, PairedBet, Tolerance};
use std::sync::Arc;

/// What a decision's choices say about two conditions.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// The decision.
    pub decision: Arc<str>,
    /// Choices under the suspected condition, on prompts that both have.
    pub suspect: Counts,
    /// Choices under the other.
    pub reference: Counts,
    /// Pairs heard.
    pub pairs: u64,
    /// Evidence that the suspect is worse by more than the tolerance.
    pub e_value: EValue,
}

/// Contrasts two conditions of a table on one decision.
///
/// The k-th choice of the suspect on a prompt is paired with the reference's k-th there. A recording is one look: the
/// e-value is that of all its pairs, in whatever order they were made.
pub fn contrast(
    table: &Table,
    decision: &Arc<str>,
    suspect: usize,
    reference: usize,
    tolerance: Tolerance,
) -> Contrast {
    let mut bet = PairedBet::new(tolerance);
    let (mut with, mut without) = (Counts::default(), Counts::default());
    for (a, b) in table.choices(decision, suspect).iter().zip(table.choices(decision, reference)) {
        if a.is_empty() || b.is_empty() {
            continue;
        }
        tally(&mut with, a);
        tally(&mut without, &b);
        for (&a, b) in a.iter().zip(b) {
            bet.update(f64::from(u8::from(a)) - f64::from(u8::from(b)));
        }
    }
    Contrast {
        decision: decision.clone(),
        suspect: with,
        reference: without,
        pairs: bet.pairs(),
        e_value: bet.e_value(),
    }
}

fn tally(counts: &mut Counts, choices: &[bool]) {
    counts.asked += choices.len() as u64;
    counts.made += choices.len() as u64;
    counts.insecure += choices.iter().filter(|insecure| **insecure).count() as u64;
}
