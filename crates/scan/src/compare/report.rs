//! The report of a comparison.

use super::judge::Judgement;
use super::table::Table;
use super::{Options, Source};
use report::{CompareReport, CompareSettings, CompareVerdict, Cost, DecisionComparison, PairExhibit, Rows, figure};
use std::time::Instant;

pub(super) fn assemble(
    (started, clock): (jiff::Timestamp, Instant),
    source: Source,
    options: &Options,
    judgement: Judgement,
    exhibits: Vec<PairExhibit>,
    rows: Rows,
    table: &Table,
) -> CompareReport {
    let departs = judgement.conditions.iter().any(|condition| condition.verdict == CompareVerdict::Departs);
    let summary = summary(&judgement, &source.by);
    CompareReport {
        schema_version: report::SCHEMA_VERSION,
        taster_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_string(),
        seconds: clock.elapsed().as_secs_f64(),
        settings: CompareSettings {
            by: source.by,
            source: source.name,
            only: source.only,
            alpha: options.alpha.get(),
            tolerance: options.tolerance.get(),
            seed: options.seed,
            budget: 0,
        },
        verdict: if departs { CompareVerdict::Departs } else { CompareVerdict::NoDeparture },
        summary,
        conditions: judgement.conditions,
        decisions: judgement.decisions,
        exhibits,
        rows,
        cost: Cost::default(),
        not_analysed: table.not_analysed(),
        notes: Vec::new(),
    }
}

fn summary(judgement: &Judgement, by: &str) -> String {
    let departing: Vec<usize> = (0..judgement.conditions.len())
        .filter(|&at| judgement.conditions[at].verdict == CompareVerdict::Departs)
        .collect();
    let names = |decision: &&DecisionComparison, condition: usize| {
        decision.departures.iter().any(|departure| departure.condition == condition && departure.convicted)
    };
    let sentence = |&condition: &usize| {
        let named = &judgement.conditions[condition];
        let bound = figure::scientific(named.false_alarm_bound);
        let decisions: Vec<&str> = judgement
            .decisions
            .iter()
            .filter(|decision| names(decision, condition))
            .map(|decision| decision.decision.as_str())
            .collect();
        let what = if decisions.is_empty() { "over all decisions".to_owned() } else { format!("in {}", decisions.join(", ")) };
        format!("{by} {} departs from the others {what} (false alarm at most {bound})", named.name)
    };
    match departing.as_slice() {
        [] => format!(
            "None of {} departs from the others by more than the tolerance, as far as these completions show.",
            figure::counted(judgement.conditions.len() as u64, by)
        ),
        departing => departing.iter().map(sentence).collect::<Vec<_>>().join("; ") + ".",
    }
}
