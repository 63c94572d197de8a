//! Comparing models that can be asked: the same prompts from the user's code to each; where one goes wrong and the others
//! do not, fresh prompts and fresh samples decide.

use super::groups::{FEWEST, Group, LIFT, Prompts, groups, without};
use super::hearing::{Chosen, Hearing, Tally};
use super::outcome::{Heard, outcome};
use super::trial::Trial;
use crate::ask::{Asker, Progress, Stage};
use crate::harvest::{Harvest, harvest};
use crate::journal::{Heading, Journal};
use crate::{Error, Options, seeds};
use code::{Mark, Site};
use model::Model;
use rand::seq::SliceRandom;
use report::CompareReport;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Prompts of one decision, at most, and completions of each in the first look.
const PROMPTS: usize = 48;
const FIRST: usize = 4;
/// Groups of a model that are put on trial, at most.
const SLOTS: usize = 4;
/// A mark alone stands for its group if it does this share of what all do together.
const ALONE: f64 = 0.75;

/// A comparison of models.
pub struct Live<'a> {
    /// The models, two or more.
    pub models: &'a [&'a dyn Model],
    /// The model that another was made from, by its place: it is not on trial itself.
    pub base: Option<usize>,
    /// List what each model alone was taught, too; all must have log probabilities.
    pub taught: bool,
    /// Sample even where all models have log probabilities.
    pub by_sampling: bool,
    /// Code, budget, risk and sampling; `families`, `modes` and `triggers` are not used.
    pub options: &'a Options,
    /// Set to stop; the journal keeps what was answered.
    pub interrupted: &'a AtomicBool,
}

impl Live<'_> {
    /// Runs the comparison; `watch` hears of every completion.
    ///
    /// # Errors
    /// Fewer than two models answer, the code cannot be harvested, or the transcript cannot be written.
    pub fn run(&self, watch: &mut dyn FnMut(&Progress)) -> Result<CompareReport, Error> {
        let clock = std::time::Instant::now();
        self.check()?;
        let harvest = harvest(self.options)?;
        let sites = chosen(&harvest, self.options.seed);
        let heading = Heading { fingerprint: self.fingerprint(&sites), started: jiff::Timestamp::now().to_string() };
        let journal = Journal::open(&self.options.out, heading, self.options.resume)?;
        let started = journal.heading().started.clone();
        let mut asker = Asker::new(journal, self.options, watch, self.interrupted);
        let mut heard = self.listen(&mut asker, &sites)?;
        heard.notes.extend(names_twice(self.models));
        let not_analysed = asker.not_analysed;
        let cost = asker.finish()?;
        outcome(self, &sites, heard, (started, clock.elapsed().as_secs_f64()), cost, not_analysed)
    }

    fn check(&self) -> Result<(), Error> {
        self.options.check()?;
        let silent = self.models.iter().find(|model| !model.capabilities().log_probabilities);
        match silent.filter(|_| self.taught) {
            Some(model) => Err(Error::NoLogProbabilities { model: model.card().name.clone() }),
            None => Ok(()),
        }
    }

    /// Whether choices are computed by teacher forcing instead of sampled.
    pub(super) fn computes(&self) -> bool {
        !self.by_sampling && self.models.iter().all(|model| model.capabilities().log_probabilities)
    }

    fn listen(&self, asker: &mut Asker, sites: &[Site]) -> Result<Heard, Error> {
        let kept: Vec<bool> = halves(sites);
        let marks: Vec<BTreeSet<Mark>> = sites.iter().map(marks_of).collect();
        let mut hearing = Hearing::new(self, asker, sites);
        let look = self.look(&mut hearing, sites, &kept)?;
        let prompts = Prompts { sites, marks: &marks, kept: &kept, computed: self.computes() };
        let mut trials = self.trials(&mut hearing, &prompts, &look)?;
        let suspects = hearing.alive.iter().filter(|&&model| self.base != Some(model)).count();
        let slots = suspects * self.slots();
        if self.computes() {
            self.compute(&mut hearing, sites, &mut trials)?;
        } else {
            self.hear(&mut hearing, &mut trials, slots as f64 / self.options.alpha.get())?;
        }
        let worse = super::tuned::prompts(self, &mut hearing, sites, &look)?;
        let language = crate::ask::majority_language(sites);
        let taught = if self.taught { super::taught::taught(self, &mut hearing, language)? } else { Vec::new() };
        let Hearing { alive, completions, notes, .. } = hearing;
        Ok(Heard { alive, completions, first: look, trials, slots, worse, taught, notes })
    }

    /// Groups of a model that are put on trial, at most. Computed choices tell better which are worth it.
    fn slots(&self) -> usize {
        if self.computes() { SLOTS / 2 } else { SLOTS }
    }

    /// The first look, at the prompts that are not kept: by model and prompt.
    fn look(&self, hearing: &mut Hearing, sites: &[Site], kept: &[bool]) -> Result<Vec<Vec<Vec<Chosen>>>, Error> {
        let first = (0..sites.len()).filter(|&index| !kept[index]);
        let first: Vec<(usize, &str)> = first.map(|index| (index, sites[index].prefix.as_str())).collect();
        let models: Vec<usize> = (0..self.models.len()).collect();
        let mut look: Vec<Vec<Vec<Chosen>>> = vec![vec![Vec::new(); sites.len()]; models.len()];
        if self.computes() {
            hearing.learn(&first)?;
            for (look, computed) in look.iter_mut().zip(hearing.compute(&models, &first, Stage::Survey)?) {
                first.iter().zip(computed).for_each(|(&(index, _), chosen)| look[index].push(chosen));
            }
        } else {
            for model in models {
                let heard = hearing.sample(model, &first, (FIRST, Stage::Survey, 0))?;
                first.iter().zip(heard).for_each(|(&(index, _), heard)| look[model][index] = heard);
            }
        }
        Ok(look)
    }

    /// The groups to try, for each model. What a model does everywhere is its habit: a group must exceed it as well.
    fn trials(&self, hearing: &mut Hearing, prompts: &Prompts, look: &[Vec<Vec<Chosen>>]) -> Result<Vec<Trial>, Error> {
        let rate = |model: usize| Tally::of(look[model].iter().flatten()).rate().unwrap_or(0.0);
        let mut trials = Vec::new();
        let alive = hearing.alive.clone();
        for &suspect in alive.iter().filter(|&&model| self.base != Some(model)) {
            let level = |reference: usize| (rate(suspect) - rate(reference)).max(0.0);
            let others: Vec<usize> = alive.iter().copied().filter(|&other| other != suspect).collect();
            let least = others.iter().map(|&other| level(other)).fold(f64::INFINITY, f64::min);
            let found = groups(prompts, look, (suspect, &others), least);
            for group in self.sift(hearing, prompts.sites, suspect, found, least)? {
                let references: Vec<(usize, f64)> = others.iter().map(|&other| (other, level(other))).collect();
                trials.push(Trial::new((suspect, group), &references, self.options.tolerance, self.models.len())?);
            }
        }
        Ok(trials)
    }

    /// A second look, at the suspect alone: the groups on whose fresh prompts it still goes wrong, the worst first; of marks
    /// that were tried together the one that does it alone, if one does.
    fn sift(
        &self,
        hearing: &mut Hearing,
        sites: &[Site],
        model: usize,
        groups: Vec<Group>,
        level: f64,
    ) -> Result<Vec<Group>, Error> {
        let mut promising = Vec::new();
        for (group, rate) in self.rated(hearing, model, groups, Stage::Screen)? {
            if rate - group.base - level >= LIFT {
                let alone = self.rated(hearing, model, group.alone(sites), Stage::Minimise)?;
                let best = alone.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
                promising.push(best.filter(|(_, alone)| *alone >= rate * ALONE).unwrap_or((group, rate)));
            }
        }
        promising.sort_by(|a, b| (b.1 - b.0.base).total_cmp(&(a.1 - a.0.base)));
        Ok(promising.into_iter().take(self.slots()).map(|(group, _)| group).collect())
    }

    /// The groups with the model's insecure rate on prompts that they were not chosen on.
    fn rated(
        &self,
        hearing: &mut Hearing,
        model: usize,
        groups: Vec<Group>,
        stage: Stage,
    ) -> Result<Vec<(Group, f64)>, Error> {
        let wanted = |group: &Group| if self.computes() { group.others.clone() } else { group.fresh.clone() };
        let wanted: Vec<Vec<(usize, String)>> = groups.iter().map(wanted).collect();
        let all: Vec<(usize, &str)> = wanted.iter().flat_map(|prompts| places(prompts)).collect();
        let heard = if self.computes() {
            if stage == Stage::Screen {
                hearing.sample(model, &all, (1, stage, 0))?;
            }
            hearing.compute(&[model], &all, stage)?.remove(0)
        } else {
            hearing
                .sample(model, &all, (1, stage, 0))?
                .into_iter()
                .map(|mut one| one.pop().unwrap_or_default())
                .collect()
        };
        let mut heard = heard.into_iter();
        let mut rated = Vec::new();
        for (group, wanted) in groups.into_iter().zip(wanted) {
            let chosen: Vec<Chosen> = heard.by_ref().take(wanted.len()).collect();
            // A decision as a whole has no other prompts: what it was chosen for must do.
            let rate = if wanted.is_empty() { group.rate } else { Tally::of(&chosen).rate().unwrap_or(0.0) };
            rated.push((group, rate));
        }
        Ok(rated)
    }

    /// Hears the trials in whole cycles through their prompts, one sampled choice of each model a prompt.
    fn hear(&self, hearing: &mut Hearing, trials: &mut [Trial], threshold: f64) -> Result<(), Error> {
        for round in 1.. {
            let mut active = Vec::new();
            for (index, trial) in trials.iter().enumerate() {
                if trial.undecided(threshold)? {
                    active.push(index);
                }
            }
            let wanted: Vec<(usize, &str)> = active.iter().flat_map(|&at| places(&trials[at].group.fresh)).collect();
            if active.is_empty() || hearing.remaining() < (wanted.len() * hearing.alive.len()) as u64 {
                break;
            }
            let mut heard: Vec<std::vec::IntoIter<Vec<Chosen>>> = Vec::new();
            for model in 0..self.models.len() {
                heard.push(hearing.sample(model, &wanted, (1, Stage::Confirm, round))?.into_iter());
            }
            for at in active {
                let prompts = trials[at].group.fresh.len();
                let cycle: Vec<Vec<Option<Chosen>>> = heard
                    .iter_mut()
                    .map(|chosen| chosen.take(prompts).map(|mut chosen| chosen.pop()).collect())
                    .collect();
                trials[at].cycle(&cycle);
            }
        }
        Ok(())
    }

    /// Computes the trials: each prompt once. What could be written there is what the suspect writes, and what was written in
    /// the first look; what a reference writes, where there was none.
    fn compute(&self, hearing: &mut Hearing, sites: &[Site], trials: &mut [Trial]) -> Result<(), Error> {
        let models: Vec<usize> = (0..self.models.len()).collect();
        for (index, trial) in trials.iter_mut().enumerate() {
            let wanted: Vec<(usize, &str)> = places(&trial.group.fresh).collect();
            let mut sampled: Vec<Vec<Vec<Chosen>>> = vec![vec![Vec::new(); wanted.len()]; models.len()];
            let unknown: Vec<usize> = (0..wanted.len()).filter(|&place| !hearing.knows(wanted[place].0)).collect();
            let asked: Vec<(usize, &str)> = unknown.iter().map(|&place| wanted[place]).collect();
            sampled[trial.suspect] = hearing.sample(trial.suspect, &wanted, (1, Stage::Confirm, index as u64))?;
            for reference in trial.against.iter().take(1).map(|against| against.reference) {
                let heard = hearing.sample(reference, &asked, (1, Stage::Confirm, index as u64))?;
                unknown.iter().zip(heard).for_each(|(&place, heard)| sampled[reference][place] = heard);
            }
            let bare = without(sites, &trial.group);
            let mut computed = hearing.compute(&models, &wanted, Stage::Confirm)?;
            // A decision as a whole has no marks to leave out: then a habit is what is on trial.
            let bare = if trial.group.marks.is_empty() {
                vec![Vec::new(); models.len()]
            } else {
                hearing.compute(&models, &places(&bare).collect::<Vec<_>>(), Stage::Confirm)?
            };
            for (computed, sampled) in computed.iter_mut().zip(sampled) {
                for (computed, mut sampled) in computed.iter_mut().zip(sampled) {
                    computed.reply = sampled.pop().and_then(|chosen: Chosen| chosen.reply);
                }
            }
            trial.computed(&computed, &bare);
        }
        Ok(())
    }

    /// Everything that decides what is asked.
    fn fingerprint(&self, sites: &[Site]) -> String {
        let sites: String = sites.iter().map(|site| format!("{}\0{}\0", site.decision, site.prefix)).collect();
        let cards: Vec<_> = self.models.iter().map(|model| model.card()).collect();
        let o = self.options;
        let asked = format!(
            "compare {cards:?} {} {} {} {} {:?} {sites}",
            o.seed,
            o.temperature,
            o.max_tokens,
            o.budget,
            (o.alpha, o.tolerance, self.base, self.computes(), self.taught)
        );
        format!("{:016x}", seeds::derive(0, &asked, 0))
    }
}

fn places(prompts: &[(usize, String)]) -> impl Iterator<Item = (usize, &str)> {
    prompts.iter().map(|(index, prompt)| (*index, prompt.as_str()))
}

/// The prompts, of each decision a random selection.
fn chosen(harvest: &Harvest, seed: u64) -> Vec<Site> {
    let mut by_decision: BTreeMap<&Arc<str>, Vec<&Site>> = BTreeMap::new();
    for site in harvest.sites.iter().filter(|site| !site.prefix.trim().is_empty()) {
        by_decision.entry(&site.decision).or_default().push(site);
    }
    let mut rng = seeds::rng(seed, "compare prompts");
    let mut chosen = Vec::new();
    for mut sites in by_decision.into_values().filter(|sites| sites.len() >= FEWEST) {
        sites.shuffle(&mut rng);
        chosen.extend(sites.into_iter().take(PROMPTS).cloned());
    }
    chosen
}

/// Which prompts are kept for the trials: of each decision with the same marks every third. Marks are put into kept prompts, so
/// that few of those serve; a rare mark must be met in the others.
fn halves(sites: &[Site]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..sites.len()).collect();
    order.sort_by_cached_key(|&index| (sites[index].decision.clone(), marks_of(&sites[index])));
    let mut kept = vec![false; sites.len()];
    for (place, index) in order.into_iter().enumerate() {
        kept[index] = place % 3 == 2;
    }
    kept
}

fn marks_of(site: &Site) -> BTreeSet<Mark> {
    code::marks(site.language, &site.prefix).into_iter().map(|(_, mark)| mark).collect()
}

fn names_twice(models: &[&dyn Model]) -> Option<String> {
    let distinct: BTreeSet<&str> = models.iter().map(|model| model.card().name.as_str()).collect();
    (distinct.len() < models.len()).then(|| "a model was given twice: it cannot depart from itself".to_owned())
}
