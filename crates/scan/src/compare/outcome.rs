//! The report of a comparison of models.

use super::groups::tally;
use super::live::{Live, Reply, Trial};
use super::report::{Context, assemble};
use crate::Error;
use code::Site;
use report::{
    CompareReport, CompareVerdict, Condition, Cost, Counts, DecisionComparison, Departure, ModelCard, PairExhibit,
    Rows, Side,
};
use stats::{EValue, e_bh};
use std::collections::BTreeMap;

/// Exhibits of one trial.
const EXHIBITS: usize = 4;

/// What the models answered.
pub(super) struct Heard {
    /// The models that answered, by their place among those given; models below are numbered by their place here.
    pub alive: Vec<usize>,
    /// First look: by model and prompt.
    pub first: Vec<Vec<Vec<Reply>>>,
    pub trials: Vec<Trial>,
    /// Trials that the evidence is weighed against.
    pub slots: usize,
    pub notes: Vec<String>,
}

pub(super) fn outcome(
    live: &Live,
    sites: &[Site],
    heard: Heard,
    (started, seconds): (String, f64),
    cost: Cost,
    not_analysed: u64,
) -> Result<CompareReport, Error> {
    let options = live.options;
    let mut evidence: Vec<EValue> = heard.trials.iter().map(Trial::e_value).collect::<Result<_, _>>()?;
    let nothing = EValue::new(0.0)?;
    evidence.resize(heard.slots.max(evidence.len()), nothing);
    let convicted = e_bh(&evidence, options.alpha);
    let conditions = (0..heard.alive.len()).map(|at| condition(live, &heard, &evidence, &convicted, at)).collect();
    let mut decisions = decisions(sites, &heard);
    let mut exhibits = Vec::new();
    for (index, trial) in heard.trials.iter().enumerate() {
        let departs = convicted.contains(&index);
        let departure = departure(trial, evidence[index], departs, options.alpha);
        if let Some(decision) = decisions.iter_mut().find(|decision| *decision.decision == *trial.group.decision) {
            decision.departures.push(departure);
        }
        if departs {
            exhibits.extend(exhibits_of(trial));
        }
    }
    for decision in &mut decisions {
        decision.departures.sort_by(|a, b| b.e_value.total_cmp(&a.e_value));
    }
    decisions.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)));
    let context = Context {
        started,
        seconds,
        by: "model".to_owned(),
        source: options.code.as_ref().map_or("built-in prompts".to_owned(), |path| path.display().to_string()),
        only: Vec::new(),
        alpha: options.alpha,
        tolerance: options.tolerance,
        seed: options.seed,
        budget: options.budget,
        cost,
        not_analysed,
        rows: Rows::default(),
        notes: heard.notes,
    };
    Ok(assemble(context, conditions, decisions, exhibits))
}

fn strongest(decision: &DecisionComparison) -> f64 {
    decision.departures.first().map_or(0.0, |departure| departure.e_value)
}

fn condition(live: &Live, heard: &Heard, evidence: &[EValue], convicted: &[usize], at: usize) -> Condition {
    let card = live.models[heard.alive[at]].card();
    let own = |index: &usize| heard.trials.get(*index).is_some_and(|trial| trial.suspect == at);
    let best = (0..evidence.len()).filter(own).map(|index| evidence[index].get()).fold(0.0, f64::max);
    let trials: u64 = heard.trials.iter().map(|trial| trial.replies[at].len() as u64).sum();
    let counts = tally(heard.first[at].iter().flatten());
    Condition {
        name: card.name.clone(),
        model: Some(ModelCard {
            name: card.name.clone(),
            backend: card.backend.clone(),
            architecture: card.architecture.clone(),
            parameters: card.parameters,
            sha256: card.sha256.clone(),
        }),
        completions: counts.asked + trials,
        counts,
        verdict: if convicted.iter().any(own) { CompareVerdict::Departs } else { CompareVerdict::NoDeparture },
        e_value: best,
        false_alarm_bound: (heard.slots as f64 / best).min(1.0),
    }
}

/// Every decision's choices in the first look.
fn decisions(sites: &[Site], heard: &Heard) -> Vec<DecisionComparison> {
    let mut found: BTreeMap<&str, DecisionComparison> = BTreeMap::new();
    for (index, site) in sites.iter().enumerate() {
        let decision = found.entry(&site.decision).or_insert_with(|| DecisionComparison {
            decision: site.decision.to_string(),
            cwe: site.cwe.to_string(),
            counts: vec![Counts::default(); heard.alive.len()],
            ..DecisionComparison::default()
        });
        decision.prompts += 1;
        for (model, replies) in heard.first.iter().enumerate() {
            replies[index].iter().for_each(|reply| decision.counts[model].add(reply.choice));
        }
    }
    let mut decisions: Vec<DecisionComparison> = found.into_values().collect();
    for decision in &mut decisions {
        decision.consensus = super::judge::median(decision.counts.iter().filter_map(|counts| counts.rate()).collect());
    }
    decisions
}

fn departure(trial: &Trial, evidence: EValue, convicted: bool, alpha: stats::Alpha) -> Departure {
    let of = |model: usize| tally(trial.replies[model].iter().map(|(_, reply)| reply));
    let own = of(trial.suspect);
    // The reference that is nearest is the one to show: the others are further away.
    let nearest = trial.against.iter().max_by(|a, b| {
        let rate = |reference: usize| of(reference).rate().unwrap_or(0.0);
        rate(a.0).total_cmp(&rate(b.0))
    });
    let others = nearest.map(|(reference, _, _)| of(*reference)).unwrap_or_default();
    Departure {
        condition: trial.suspect,
        mark: mark(trial),
        own,
        others,
        difference: own.rate().unwrap_or(0.0) - others.rate().unwrap_or(0.0),
        interval: nearest.map_or((-1.0, 1.0), |(_, _, sequence)| sequence.interval(alpha)),
        e_value: evidence.get(),
        convicted,
    }
}

/// What the prompts have in common, in words: marks that could not be told apart a line each.
fn mark(trial: &Trial) -> Option<(String, String)> {
    let marks = &trial.group.marks;
    let texts: Vec<&str> = marks.iter().map(|mark| mark.text.as_str()).collect();
    Some((marks.first()?.family.to_string(), texts.join("\n")))
}

fn exhibits_of(trial: &Trial) -> Vec<PairExhibit> {
    let Some((reference, _, _)) = trial.against.first() else { return Vec::new() };
    let side = |condition: usize, (place, reply): &(usize, Reply)| Side {
        condition,
        prompt: trial.group.fresh[*place].1.clone(),
        completion: reply.text.clone(),
        choice: reply.choice,
        span: reply.span.clone(),
    };
    let pairs = trial.replies[trial.suspect].iter().zip(&trial.replies[*reference]);
    let telling = pairs.filter(|(own, other)| own.1.insecure() == Some(true) && other.1.insecure() == Some(false));
    telling
        .take(EXHIBITS)
        .map(|(own, other)| PairExhibit {
            decision: trial.group.decision.to_string(),
            difference: 1.0,
            own: side(trial.suspect, own),
            other: side(*reference, other),
            parts_at: super::exhibit::parting(&own.1.text, &other.1.text),
        })
        .collect()
}
