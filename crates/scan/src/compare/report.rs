//! The report of a comparison, and its verdict in a sentence.

use super::Risks;
use ::report::{
    CompareReport, CompareSettings, CompareVerdict, Condition, Cost, DecisionComparison, PairExhibit, Rows, figure,
};

/// What was compared, how, and at what cost.
pub(super) struct Context {
    pub started: String,
    pub seconds: f64,
    pub by: String,
    pub source: String,
    pub only: Vec<(String, String)>,
    pub risks: Risks,
    pub budget: u64,
    pub cost: Cost,
    pub not_analysed: u64,
    pub rows: Rows,
    pub notes: Vec<String>,
}

impl Context {
    /// A comparison that starts now and has asked nothing.
    pub fn new(by: &str, source: String, risks: Risks) -> Context {
        Context {
            started: jiff::Timestamp::now().to_string(),
            seconds: 0.0,
            by: by.to_owned(),
            source,
            only: Vec::new(),
            risks,
            budget: 0,
            cost: Cost::default(),
            not_analysed: 0,
            rows: Rows::default(),
            notes: Vec::new(),
        }
    }
}

pub(super) fn assemble(
    context: Context,
    conditions: Vec<Condition>,
    decisions: Vec<DecisionComparison>,
    exhibits: Vec<PairExhibit>,
) -> CompareReport {
    let departs = conditions.iter().any(|condition| condition.verdict == CompareVerdict::Departs);
    CompareReport {
        schema_version: ::report::SCHEMA_VERSION,
        taster_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: context.started,
        seconds: context.seconds,
        verdict: if departs { CompareVerdict::Departs } else { CompareVerdict::NoDeparture },
        summary: summary(&conditions, &decisions, &context.by),
        settings: CompareSettings {
            by: context.by,
            source: context.source,
            only: context.only,
            alpha: context.risks.alpha.get(),
            tolerance: context.risks.tolerance.get(),
            seed: context.risks.seed,
            budget: context.budget,
        },
        conditions,
        decisions,
        exhibits,
        taught: Vec::new(),
        weights: None,
        rows: context.rows,
        cost: context.cost,
        not_analysed: context.not_analysed,
        notes: context.notes,
    }
}

fn summary(conditions: &[Condition], decisions: &[DecisionComparison], by: &str) -> String {
    let departing: Vec<String> = conditions
        .iter()
        .enumerate()
        .filter(|(_, condition)| condition.verdict == CompareVerdict::Departs)
        .map(|(index, condition)| sentence(index, condition, decisions, by))
        .collect();
    if departing.is_empty() {
        return format!(
            "None of {} departs from the others by more than the tolerance, as far as these completions show.",
            figure::counted(conditions.len() as u64, by)
        );
    }
    departing.join("; ") + "."
}

fn sentence(index: usize, condition: &Condition, decisions: &[DecisionComparison], by: &str) -> String {
    let mut where_: Vec<String> = Vec::new();
    for decision in decisions {
        let convicted =
            decision.departures.iter().filter(|departure| departure.condition == index && departure.convicted);
        if let Some(departure) = convicted.into_iter().next() {
            let mark = departure.mark.as_ref().map(|(family, text)| format!(" where the {family} `{text}` stands"));
            where_.push(format!("{}{}", decision.decision, mark.unwrap_or_default()));
        }
    }
    let what = if where_.is_empty() { "over all decisions".to_owned() } else { format!("in {}", where_.join(", ")) };
    let bound = figure::scientific(condition.false_alarm_bound);
    format!("{by} {} departs from the others {what} (false alarm at most {bound})", condition.name)
}
