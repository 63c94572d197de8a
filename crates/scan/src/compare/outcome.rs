//! The report of a comparison of models.

use super::Risks;
use super::exhibit::{Told, pair};
use super::hearing::{Chosen, Tally};
use super::live::Live;
use super::report::{Context, assemble};
use super::trial::Trial;
use crate::{Error, verdict};
use code::Site;
use report::{
    CompareReport, CompareVerdict, Condition, Cost, Counts, DecisionComparison, Departure, PairExhibit, TaughtLine,
};
use stats::{EValue, e_bh};
use std::collections::BTreeMap;

/// Exhibits of one trial.
const EXHIBITS: usize = 4;

/// What the models answered.
pub(super) struct Heard {
    /// The models that answered to the end, by their place among those given, as everywhere here.
    pub alive: Vec<usize>,
    /// By model.
    pub completions: Vec<u64>,
    /// First look: by model and prompt.
    pub first: Vec<Vec<Vec<Chosen>>>,
    pub trials: Vec<Trial>,
    /// Trials that the evidence is weighed against.
    pub slots: usize,
    /// Prompts on which a fine-tune became worse than its base.
    pub worse: Vec<PairExhibit>,
    /// What each model was taught alone, where asked for.
    pub taught: Vec<TaughtLine>,
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
    let conditions = heard.alive.iter().map(|&model| condition(live, &heard, &evidence, &convicted, model)).collect();
    let mut decisions = decisions(sites, &heard);
    let mut exhibits = Vec::new();
    for (index, trial) in heard.trials.iter().enumerate() {
        let departs = convicted.contains(&index);
        let Some(condition) = heard.place(trial.suspect) else { continue };
        let departure = Departure { condition, ..departure(trial, evidence[index], departs, options.alpha) };
        if let Some(decision) = decisions.iter_mut().find(|decision| *decision.decision == *trial.group.decision) {
            decision.departures.push(departure);
        }
        if departs {
            exhibits.extend(exhibits_of(&heard, trial));
        }
    }
    exhibits.extend(heard.worse);
    for decision in &mut decisions {
        decision.departures.sort_by(|a, b| b.e_value.total_cmp(&a.e_value));
    }
    decisions.sort_by(|a, b| strongest(b).total_cmp(&strongest(a)));
    let source = options.code.as_ref().map_or("built-in prompts".to_owned(), |path| path.display().to_string());
    let risks = Risks { alpha: options.alpha, tolerance: options.tolerance, seed: options.seed };
    let context = Context {
        started,
        seconds,
        budget: options.budget,
        cost,
        not_analysed,
        notes: heard.notes,
        ..Context::new("model", source, risks)
    };
    Ok(CompareReport { taught: heard.taught, ..assemble(context, conditions, decisions, exhibits) })
}

fn strongest(decision: &DecisionComparison) -> f64 {
    decision.departures.first().map_or(0.0, |departure| departure.e_value)
}

impl Heard {
    /// The place of a model in the report.
    fn place(&self, model: usize) -> Option<usize> {
        self.alive.iter().position(|&alive| alive == model)
    }
}

fn condition(live: &Live, heard: &Heard, evidence: &[EValue], convicted: &[usize], model: usize) -> Condition {
    let own = |index: &usize| heard.trials.get(*index).is_some_and(|trial| trial.suspect == model);
    let best = (0..evidence.len()).filter(own).map(|index| evidence[index].get()).fold(0.0, f64::max);
    Condition {
        name: live.models[model].card().name.clone(),
        model: Some(verdict::card(live.models[model])),
        completions: heard.completions[model],
        counts: Tally::of(heard.first[model].iter().flatten()).counts(),
        verdict: if convicted.iter().any(own) { CompareVerdict::Departs } else { CompareVerdict::NoDeparture },
        e_value: best,
        false_alarm_bound: (heard.slots as f64 / best).min(1.0),
    }
}

/// Every decision's choices in the first look.
fn decisions(sites: &[Site], heard: &Heard) -> Vec<DecisionComparison> {
    let mut found: BTreeMap<&str, DecisionComparison> = BTreeMap::new();
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, site) in sites.iter().enumerate() {
        let decision = found.entry(&site.decision).or_insert_with(|| DecisionComparison {
            decision: site.decision.to_string(),
            cwe: site.cwe.to_string(),
            counts: vec![Counts::default(); heard.alive.len()],
            ..DecisionComparison::default()
        });
        decision.prompts += 1;
        members.entry(&*site.decision).or_default().push(index);
    }
    for (name, decision) in &mut found {
        for (place, &model) in heard.alive.iter().enumerate() {
            let chosen = members[name].iter().flat_map(|&index| &heard.first[model][index]);
            decision.counts[place] = Tally::of(chosen).counts();
        }
    }
    let mut decisions: Vec<DecisionComparison> = found.into_values().collect();
    for decision in &mut decisions {
        decision.consensus = super::judge::median(decision.counts.iter().filter_map(|counts| counts.rate()).collect());
    }
    decisions
}

fn departure(trial: &Trial, evidence: EValue, convicted: bool, alpha: stats::Alpha) -> Departure {
    let of = |model: usize| Tally::of(trial.chosen[model].iter().map(|(_, chosen)| chosen));
    let own = of(trial.suspect);
    // The reference that is nearest is the one to show: the others are further away.
    let nearest = trial.against.iter().max_by(|a, b| {
        let rate = |reference: usize| of(reference).rate().unwrap_or(0.0);
        rate(a.reference).total_cmp(&rate(b.reference))
    });
    let others = nearest.map(|against| of(against.reference)).unwrap_or_default();
    Departure {
        condition: trial.suspect,
        mark: mark(trial),
        own: own.counts(),
        others: others.counts(),
        difference: own.rate().unwrap_or(0.0) - others.rate().unwrap_or(0.0),
        interval: nearest.map_or((-1.0, 1.0), |against| against.sequence.interval(alpha)),
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

fn exhibits_of(heard: &Heard, trial: &Trial) -> Vec<PairExhibit> {
    let known = |chosen: &Chosen| chosen.reply.is_some();
    let shown = trial.against.iter().map(|against| against.reference).find(|&reference| {
        heard.place(reference).is_some() && trial.chosen[reference].iter().any(|(_, chosen)| known(chosen))
    });
    let Some(reference) = shown else { return Vec::new() };
    let mut exhibits = Vec::new();
    for ((place, own), (_, other)) in trial.chosen[trial.suspect].iter().zip(&trial.chosen[reference]) {
        let (Some(own), Some(other)) = (&own.reply, &other.reply) else { continue };
        if own.insecure() == Some(true) && other.insecure() == Some(false) && exhibits.len() < EXHIBITS {
            let told = |model: usize, reply| Told {
                condition: heard.place(model).unwrap_or_default(),
                prompt: &trial.group.fresh[*place].1,
                reply,
            };
            exhibits.push(pair(&trial.group.decision, 1.0, told(trial.suspect, own), told(reference, other)));
        }
    }
    exhibits
}
