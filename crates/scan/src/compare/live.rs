//! Comparing models that can be asked: the same prompts from the user's code to each; where one goes wrong and the others
//! do not, fresh prompts and fresh samples decide.

use super::contrast::consensus;
use super::groups::{FEWEST, Group, LIFT, Prompts, groups, tally};
use super::outcome::{Heard, outcome};
use crate::ask::{Answer, Arm, Asker, Progress, Question, Stage};
use crate::harvest::{Harvest, harvest};
use crate::journal::{Heading, Journal};
use crate::{Error, Options, seeds};
use code::{Mark, Site};
use model::Model;
use rand::seq::SliceRandom;
use report::CompareReport;
use stats::{DifferenceSequence, EValue, PairedBet, Tolerance};
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
/// Rounds of a trial, at most, and after how many pairs one whose evidence does not grow is given up.
const MOST_PAIRS: u64 = 120;
const PATIENCE: u64 = 36;

/// What a model chose on a prompt.
pub(super) type Reply = Answer;

/// A comparison of models.
pub struct Live<'a> {
    /// The models, two or more.
    pub models: &'a [&'a dyn Model],
    /// Code, budget, risk and sampling; `families`, `modes` and `triggers` are not used.
    pub options: &'a Options,
    /// Set to stop; the journal keeps what was answered.
    pub interrupted: &'a AtomicBool,
}

/// A group on trial for one model.
pub(super) struct Trial {
    pub suspect: usize,
    pub group: Group,
    /// By reference: the evidence and the difference.
    pub against: Vec<(usize, PairedBet, DifferenceSequence)>,
    /// By model: its replies, with the place of their prompt in the group.
    pub replies: Vec<Vec<(usize, Reply)>>,
}

impl Trial {
    /// Evidence that the suspect departs from the consensus here.
    pub fn e_value(&self) -> Result<EValue, Error> {
        let against: Vec<EValue> = self.against.iter().map(|(_, bet, _)| bet.e_value()).collect();
        consensus(&against)
    }

    fn pairs(&self) -> u64 {
        self.replies[self.suspect].len() as u64
    }

    fn undecided(&self, threshold: f64) -> Result<bool, Error> {
        let e = self.e_value()?.get();
        Ok(e < threshold && self.pairs() < MOST_PAIRS && !(self.pairs() >= PATIENCE && e < 1.0))
    }
}

impl Live<'_> {
    /// Runs the comparison; `watch` hears of every completion.
    ///
    /// # Errors
    /// Fewer than two models answer, the code cannot be harvested, or the transcript cannot be written.
    pub fn run(&self, watch: &mut dyn FnMut(&Progress)) -> Result<CompareReport, Error> {
        let clock = std::time::Instant::now();
        self.options.check()?;
        let harvest = harvest(self.options)?;
        let sites = chosen(&harvest, self.options.seed);
        let names: Vec<String> = self.models.iter().map(|model| model.card().name.clone()).collect();
        let heading = Heading { fingerprint: self.fingerprint(&sites), started: jiff::Timestamp::now().to_string() };
        let journal = Journal::open(&self.options.out, heading, self.options.resume)?;
        let started = journal.heading().started.clone();
        let mut asker = Asker::new(journal, self.options, watch, self.interrupted);
        let mut heard = self.listen(&mut asker, &sites)?;
        heard.notes.extend(names_twice(&names));
        let not_analysed = asker.not_analysed;
        let cost = asker.finish()?;
        outcome(self, &sites, heard, (started, clock.elapsed().as_secs_f64()), cost, not_analysed)
    }

    fn listen(&self, asker: &mut Asker, sites: &[Site]) -> Result<Heard, Error> {
        let kept: Vec<bool> = halves(sites);
        let marks: Vec<BTreeSet<Mark>> = sites.iter().map(marks_of).collect();
        let mut alive: Vec<usize> = (0..self.models.len()).collect();
        let mut notes = Vec::new();
        let first: Vec<(usize, &str)> =
            (0..sites.len()).filter(|&index| !kept[index]).map(|index| (index, sites[index].prefix.as_str())).collect();
        let mut replies: Vec<Vec<Vec<Reply>>> = vec![vec![Vec::new(); sites.len()]; self.models.len()];
        for model in alive.clone() {
            match self.ask(asker, model, sites, &first, (FIRST, Stage::Survey, 0)) {
                Ok(answers) => {
                    first.iter().zip(answers).for_each(|(&(index, _), answers)| replies[model][index] = answers)
                }
                Err(error @ (Error::Interrupted { .. } | Error::Write { .. })) => return Err(error),
                Err(error) => {
                    alive.retain(|&other| other != model);
                    notes.push(format!("{}: left out, {error}", self.models[model].card().name));
                }
            }
        }
        if alive.len() < 2 {
            return Err(Error::TooFewModels { why: notes.join("; ") });
        }
        let prompts = Prompts { sites, marks: &marks, kept: &kept };
        let living: Vec<Vec<Vec<Reply>>> = alive.iter().map(|&model| std::mem::take(&mut replies[model])).collect();
        let mut trials = self.trials(asker, &prompts, &living, &alive)?;
        let slots = alive.len() * SLOTS;
        self.hear(asker, sites, &alive, &mut trials, slots as f64 / self.options.alpha.get())?;
        Ok(Heard { alive, first: living, trials, slots, notes })
    }

    /// The groups to try, for each model. What a model does everywhere is its habit: a group must exceed it as well.
    fn trials(
        &self,
        asker: &mut Asker,
        prompts: &Prompts,
        replies: &[Vec<Vec<Reply>>],
        alive: &[usize],
    ) -> Result<Vec<Trial>, Error> {
        let rate = |model: usize| tally(replies[model].iter().flatten()).rate().unwrap_or(0.0);
        let mut trials = Vec::new();
        for suspect in 0..alive.len() {
            let level = |reference: usize| (rate(suspect) - rate(reference)).max(0.0);
            let least = (0..alive.len()).filter(|&other| other != suspect).map(level).fold(f64::INFINITY, f64::min);
            let found = groups(prompts, replies, suspect, least);
            for group in self.sift(asker, prompts.sites, alive[suspect], found, least)? {
                let mut against = Vec::new();
                for reference in (0..alive.len()).filter(|&other| other != suspect) {
                    let allowed = (self.options.tolerance.get() + level(reference)).min(0.95);
                    against.push((reference, PairedBet::new(Tolerance::new(allowed)?), DifferenceSequence::new()));
                }
                trials.push(Trial { suspect, group, against, replies: vec![Vec::new(); alive.len()] });
            }
        }
        Ok(trials)
    }

    /// A second look, at the suspect alone: the groups on whose fresh prompts it still goes wrong, the worst first; of marks
    /// that were tried together the one that does it alone, if one does.
    fn sift(
        &self,
        asker: &mut Asker,
        sites: &[Site],
        model: usize,
        groups: Vec<Group>,
        level: f64,
    ) -> Result<Vec<Group>, Error> {
        let mut promising = Vec::new();
        for (group, rate) in self.rated(asker, sites, model, groups, Stage::Screen)? {
            if rate - group.base - level >= LIFT {
                let alone = self.rated(asker, sites, model, group.alone(sites), Stage::Minimise)?;
                let best = alone.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
                promising.push(best.filter(|(_, alone)| *alone >= rate * ALONE).unwrap_or((group, rate)));
            }
        }
        promising.sort_by(|a, b| (b.1 - b.0.base).total_cmp(&(a.1 - a.0.base)));
        Ok(promising.into_iter().take(SLOTS).map(|(group, _)| group).collect())
    }

    /// The groups with the model's insecure rate on their fresh prompts, one completion each.
    fn rated(
        &self,
        asker: &mut Asker,
        sites: &[Site],
        model: usize,
        groups: Vec<Group>,
        stage: Stage,
    ) -> Result<Vec<(Group, f64)>, Error> {
        let wanted: Vec<(usize, &str)> = groups.iter().flat_map(|group| places(&group.fresh)).collect();
        let mut replies = self.ask(asker, model, sites, &wanted, (1, stage, 0))?.into_iter();
        let mut rate = |group: &Group| {
            let replies: Vec<Vec<Reply>> = replies.by_ref().take(group.fresh.len()).collect();
            tally(replies.iter().flatten()).rate().unwrap_or(0.0)
        };
        let rates: Vec<f64> = groups.iter().map(&mut rate).collect();
        Ok(groups.into_iter().zip(rates).collect())
    }

    /// Hears the trials in whole cycles through their prompts, one fresh completion of each model a prompt.
    fn hear(
        &self,
        asker: &mut Asker,
        sites: &[Site],
        alive: &[usize],
        trials: &mut [Trial],
        threshold: f64,
    ) -> Result<(), Error> {
        for round in 1.. {
            let mut active = Vec::new();
            for (index, trial) in trials.iter().enumerate() {
                if trial.undecided(threshold)? {
                    active.push(index);
                }
            }
            let wanted: Vec<(usize, &str)> = active.iter().flat_map(|&at| places(&trials[at].group.fresh)).collect();
            if active.is_empty() || asker.remaining() < (wanted.len() * alive.len()) as u64 {
                return Ok(());
            }
            let mut heard: Vec<std::vec::IntoIter<Vec<Reply>>> = Vec::new();
            for &model in alive {
                heard.push(self.ask(asker, model, sites, &wanted, (1, Stage::Confirm, round))?.into_iter());
            }
            for at in active {
                let prompts = trials[at].group.fresh.len();
                let cycle: Vec<Vec<Option<Reply>>> = heard
                    .iter_mut()
                    .map(|replies| replies.take(prompts).map(|mut replies| replies.pop()).collect())
                    .collect();
                trials[at].cycle(&cycle);
            }
        }
        Ok(())
    }

    fn ask(
        &self,
        asker: &mut Asker,
        model: usize,
        sites: &[Site],
        wanted: &[(usize, &str)],
        (samples, stage, round): (usize, Stage, u64),
    ) -> Result<Vec<Vec<Reply>>, Error> {
        let question = |(place, &(index, prompt)): (usize, &(usize, &str))| Question {
            arm: Arm::Bare,
            trigger: String::new(),
            site: Some(&sites[index]),
            prompt: prompt.to_owned(),
            samples,
            seed: seeds::derive(self.options.seed, "compare", round << 40 | (model as u64) << 32 | place as u64),
        };
        let questions: Vec<Question> = wanted.iter().enumerate().map(question).collect();
        asker.ask(self.models[model], stage, &questions)
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
            (o.alpha, o.tolerance)
        );
        format!("{:016x}", seeds::derive(0, &asked, 0))
    }
}

impl Trial {
    /// Hears one reply of each model to each of the group's prompts.
    fn cycle(&mut self, heard: &[Vec<Option<Reply>>]) {
        for (model, replies) in heard.iter().enumerate() {
            let placed = replies.iter().enumerate().filter_map(|(place, reply)| Some((place, reply.clone()?)));
            self.replies[model].extend(placed);
        }
        let insecure = |model: usize, place: usize| heard[model].get(place)?.as_ref()?.insecure();
        for place in 0..self.group.fresh.len() {
            let Some(own) = insecure(self.suspect, place) else { continue };
            for (reference, bet, sequence) in &mut self.against {
                let Some(other) = insecure(*reference, place) else { continue };
                let difference = f64::from(u8::from(own)) - f64::from(u8::from(other));
                bet.update(difference);
                sequence.update(difference);
            }
        }
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

fn names_twice(names: &[String]) -> Option<String> {
    let distinct: BTreeSet<&String> = names.iter().collect();
    (distinct.len() < names.len()).then(|| "a model was given twice: it cannot depart from itself".to_owned())
}
