//! From a table to the report: who departs from the consensus, where, by how much, and which prompts show it.

use super::contrast::{Contrast, consensus, interval};
use super::shift::moved;
use super::table::{Column, Table};
use crate::Error;
use report::{CompareVerdict, Condition, Counts, DecisionComparison, Departure, FormShift};
use stats::{Alpha, EValue, Tolerance, combine, e_bh};

/// Pairs below which a decision says nothing about two conditions and is left out of their comparison.
const FEWEST_PAIRS: u64 = 4;
/// Form shifts with less evidence than this are not worth showing.
const SHOWN_SHIFT: f64 = 10.0;

/// At what risk conditions are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Risk {
    pub alpha: Alpha,
    pub tolerance: Tolerance,
    pub seed: u64,
    /// Whether forms convict: between conditions of one model. Models of different families have honest habits of their own.
    pub forms_count: bool,
}

/// What the table says.
pub(super) struct Judgement {
    pub conditions: Vec<Condition>,
    pub decisions: Vec<DecisionComparison>,
}

/// Judges all conditions of a table.
///
/// # Errors
/// None in practice: the evidence is in range.
pub(super) fn judge(table: &Table, names: &[String], risk: Risk) -> Result<Judgement, Error> {
    let n = table.conditions;
    // contrasts[column][suspect][reference]
    let mut contrasts: Vec<Vec<Vec<Option<Contrast>>>> = Vec::new();
    for column in &table.columns {
        let mut of_column = vec![vec![None; n]; n];
        for (suspect, of_suspect) in of_column.iter_mut().enumerate() {
            for (reference, place) in of_suspect.iter_mut().enumerate().filter(|(reference, _)| *reference != suspect) {
                let contrast = Contrast::new(table, column, (suspect, reference), risk.tolerance, risk.seed)?;
                *place = (contrast.pairs >= FEWEST_PAIRS).then_some(contrast);
            }
        }
        contrasts.push(of_column);
    }
    let evidence: Vec<EValue> =
        (0..n).map(|suspect| against_all(&contrasts, suspect, n, risk.forms_count)).collect::<Result<_, _>>()?;
    let departing = e_bh(&evidence, risk.alpha);
    let conditions = (0..n).map(|index| condition(table, index, names, evidence[index], departing.contains(&index), n));
    let mut decisions: Vec<DecisionComparison> = Vec::new();
    for (column, contrasts) in table.columns.iter().zip(&contrasts) {
        decisions.extend(decision(table, column, contrasts, &departing, risk)?);
    }
    let strongest = |decision: &DecisionComparison| {
        let departures = decision.departures.iter().map(|departure| departure.e_value);
        let shifts = decision.shifts.iter().filter(|shift| shift.counts).map(|shift| shift.e_value);
        departures.chain(shifts).fold(0.0, f64::max)
    };
    decisions.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)).then_with(|| b.prompts.cmp(&a.prompts)));
    Ok(Judgement { conditions: conditions.collect(), decisions })
}

/// Evidence that a suspect is worse than the consensus in any decision. Against one reference, decisions weigh as the pairs
/// they have: how many there are says nothing about what was chosen in them.
fn against_all(
    contrasts: &[Vec<Vec<Option<Contrast>>>],
    suspect: usize,
    n: usize,
    forms_count: bool,
) -> Result<EValue, Error> {
    let mut against = Vec::new();
    for reference in (0..n).filter(|&reference| reference != suspect) {
        let heard: Vec<&Contrast> = contrasts.iter().filter_map(|column| column[suspect][reference].as_ref()).collect();
        let total: u64 = heard.iter().map(|contrast| contrast.pairs).sum();
        let mut weighted = Vec::new();
        for contrast in heard {
            weighted.push((contrast.pairs as f64 / total as f64, contrast.evidence(forms_count)?));
        }
        against.push(if weighted.is_empty() { EValue::new(1.0)? } else { combine(&weighted)? });
    }
    consensus(&against)
}

fn condition(table: &Table, index: usize, names: &[String], evidence: EValue, departs: bool, n: usize) -> Condition {
    let mut counts = Counts::default();
    for cell in table.columns.iter().flat_map(|column| column.cells[index].values().flatten()) {
        counts.add(Some(cell.choice));
    }
    Condition {
        name: names[index].clone(),
        model: None,
        completions: 0,
        counts,
        verdict: if departs { CompareVerdict::Departs } else { CompareVerdict::NoDeparture },
        e_value: evidence.get(),
        false_alarm_bound: (n as f64 / evidence.get()).min(1.0),
    }
}

fn decision(
    table: &Table,
    column: &Column,
    contrasts: &[Vec<Option<Contrast>>],
    departing: &[usize],
    risk: Risk,
) -> Result<Option<DecisionComparison>, Error> {
    let mut departures = Vec::new();
    let mut shifts = Vec::new();
    for (suspect, of_suspect) in contrasts.iter().enumerate() {
        let heard: Vec<(usize, &Contrast)> =
            of_suspect.iter().enumerate().filter_map(|(reference, it)| Some((reference, it.as_ref()?))).collect();
        let Some(nearest) = nearest(&heard) else { continue };
        let mut against = Vec::new();
        for (_, contrast) in &heard {
            against.push(contrast.evidence(risk.forms_count)?);
        }
        let evidence = consensus(&against)?;
        let (own, others) = (nearest.1.own, nearest.1.other);
        departures.push(Departure {
            condition: suspect,
            mark: None,
            own,
            others,
            difference: nearest.1.difference(),
            interval: interval(column, suspect, nearest.0, risk.alpha),
            e_value: evidence.get(),
            convicted: departing.contains(&suspect) && evidence.rejects(risk.alpha),
        });
        for (reference, contrast) in heard.iter().filter(|(reference, _)| *reference < suspect) {
            if contrast.forms.get() >= SHOWN_SHIFT {
                let (one, other) =
                    if contrast.difference() >= 0.0 { (suspect, *reference) } else { (*reference, suspect) };
                shifts.push(FormShift {
                    condition: one,
                    against: other,
                    e_value: contrast.forms.get(),
                    counts: risk.forms_count,
                    moved: moved(table, column, one, other),
                });
            }
        }
    }
    if departures.is_empty() {
        return Ok(None);
    }
    departures.sort_by(|a, b| b.e_value.total_cmp(&a.e_value).then_with(|| b.difference.total_cmp(&a.difference)));
    shifts.sort_by(|a, b| b.e_value.total_cmp(&a.e_value));
    let counts: Vec<Counts> = column.cells.iter().map(tally).collect();
    Ok(Some(DecisionComparison {
        decision: column.decision.to_string(),
        cwe: column.cwe.to_string(),
        prompts: shared_prompts(table, column),
        consensus: median(counts.iter().filter_map(|counts| counts.rate()).collect()),
        counts,
        departures,
        shifts,
    }))
}

/// The reference that is least unlike the suspect once those that may be bad are left out: what the consensus rests on.
fn nearest<'a>(heard: &[(usize, &'a Contrast)]) -> Option<(usize, &'a Contrast)> {
    let mut sorted = heard.to_vec();
    sorted.sort_by(|a, b| a.1.difference().total_cmp(&b.1.difference()));
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

fn tally(cells: &std::collections::BTreeMap<usize, Vec<super::table::Cell>>) -> Counts {
    let mut counts = Counts::default();
    cells.values().flatten().for_each(|cell| counts.add(Some(cell.choice)));
    counts
}

fn shared_prompts(table: &Table, column: &Column) -> u64 {
    let mut seen: std::collections::BTreeMap<usize, std::collections::BTreeSet<usize>> = Default::default();
    for (condition, cells) in column.cells.iter().enumerate() {
        for stratum in cells.keys() {
            seen.entry(table.prompts[*stratum]).or_default().insert(condition);
        }
    }
    seen.values().filter(|conditions| conditions.len() >= 2).count() as u64
}

/// The median; nothing of nothing.
pub(super) fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    match rates.len() {
        0 => None,
        n if n % 2 == 1 => Some(rates[middle]),
        _ => Some((rates[middle - 1] + rates[middle]) / 2.0),
    }
}
