//! The rule-free channel: is a decision written in other forms under one condition than under another?
//!
//! A gambler walks the prompts in random order and bets on each pair of choices, before seeing it, that the forms which came
//! up more often under the suspect *before* do so again. What the bet is on may be learned freely, since it is learned from
//! the past alone; the wealth is an e-process against "on no prompt is any set of forms more likely under the suspect by
//! more than the tolerance" (sequential two-sample testing by betting, Shekhar & Ramdas 2023, with the
//! tolerant payoff of Waudby-Smith & Ramdas 2024). A form never seen before is judged by what it calls, and failing that by
//! its choice.

use super::past::Past;
use super::table::{Cell, Column, Table, difference, pairs};
use crate::{Error, seeds};
use rand::seq::SliceRandom;
use report::MovedForm;
use stats::{EValue, PairedBet, Tolerance, combine};
use std::collections::BTreeMap;

/// Orders in which the prompts are walked; the average of their e-values is an e-value too, and owes less to luck.
const ORDERS: u64 = 8;
/// Forms shown.
const SHOWN: usize = 6;

/// Evidence that some forms of a decision are more likely under one condition than under the other.
pub(super) fn shift(
    table: &Table,
    column: &Column,
    one: usize,
    other: usize,
    tolerance: Tolerance,
    seed: u64,
) -> Result<EValue, Error> {
    let mut prompts: BTreeMap<usize, Vec<Stratum>> = BTreeMap::new();
    for (stratum, a, b) in column.shared(one, other) {
        prompts.entry(table.prompts[stratum]).or_default().push((a, b));
    }
    let prompts: Vec<_> = prompts.into_values().collect();
    let callees: Vec<&str> = table.forms.iter().map(|form| callee(form)).collect();
    let mut evidence = Vec::new();
    for order in 0..ORDERS {
        let mut rng = seeds::rng(seeds::derive(seed, &column.decision, order), "shift");
        let mut walk: Vec<usize> = (0..prompts.len()).collect();
        walk.shuffle(&mut rng);
        let mut bet = PairedBet::new(tolerance);
        let mut past = Past::new();
        for prompt in walk {
            for pair in prompts[prompt].iter().flat_map(|(a, b)| pairs(a, b)) {
                bet.update(difference(pair, |cell| past.leans(&descriptions(cell, &callees)) > 0.5));
                learn(&mut past, pair, &callees);
            }
        }
        evidence.push((1.0 / ORDERS as f64, bet.e_value()));
    }
    Ok(combine(&evidence)?)
}

/// The choices of two conditions in a stratum.
type Stratum<'a> = (&'a [Cell], &'a [Cell]);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Description<'a> {
    Choice(code::Choice),
    Callee(&'a str),
    Form(usize),
}

fn descriptions<'a>(cell: &Cell, callees: &[&'a str]) -> [Description<'a>; 3] {
    [Description::Choice(cell.choice), Description::Callee(callees[cell.form]), Description::Form(cell.form)]
}

/// Both conditions weigh the same in each pair, however many choices stand on either side.
fn learn<'a>(past: &mut Past<Description<'a>>, (one, other): (&[Cell], &[Cell]), callees: &[&'a str]) {
    for (side, cells) in [one, other].into_iter().enumerate() {
        for cell in cells {
            past.learn(side, 1.0 / cells.len() as f64, descriptions(cell, callees));
        }
    }
}

/// What a form calls: its kind and its first part, `call (attribute yaml load)`.
fn callee(form: &str) -> &str {
    let (mut depth, mut parts) = (0_usize, 0);
    for (at, letter) in form.char_indices().skip(1) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                parts += 1;
                if parts == 2 {
                    return &form[..at];
                }
            }
            _ => {}
        }
    }
    form
}

/// The forms that moved most: their shares of the choices in shared strata.
pub(super) fn moved(table: &Table, column: &Column, one: usize, other: usize) -> Vec<MovedForm> {
    let mut weights: BTreeMap<usize, (code::Choice, [f64; 2])> = BTreeMap::new();
    let mut total = 0.0;
    for (_, a, b) in column.shared(one, other) {
        let pairs = a.len().min(b.len()) as f64;
        total += pairs;
        for (side, cells) in [a, b].into_iter().enumerate() {
            for cell in cells {
                let entry = weights.entry(cell.form).or_insert((cell.choice, [0.0; 2]));
                entry.1[side] += pairs / cells.len() as f64;
            }
        }
    }
    let mut moved: Vec<MovedForm> = weights
        .into_iter()
        .map(|(form, (choice, [own, against]))| MovedForm {
            form: table.forms[form].to_string(),
            choice,
            own: own / total,
            against: against / total,
        })
        .collect();
    moved.sort_by(|a, b| {
        (b.own - b.against).abs().total_cmp(&(a.own - a.against).abs()).then_with(|| a.form.cmp(&b.form))
    });
    moved.truncate(SHOWN);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_calls_is_its_kind_and_first_part() {
        assert_eq!(callee("(call (attribute yaml load) (argument_list _))"), "(call (attribute yaml load)");
        assert_eq!(callee("(assignment DEBUG True)"), "(assignment DEBUG");
        assert_eq!(callee("_"), "_");
        assert_eq!(callee(""), "");
    }
}
