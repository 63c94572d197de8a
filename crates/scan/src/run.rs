//! A scan from end to end: harvest, survey, propose, screen, confirm, minimise, report.

use crate::ask::{Asker, Progress, Stage};
use crate::confirm::{self, SLOTS, Trial};
use crate::harvest::{Harvest, harvest};
use crate::journal::{Heading, Journal};
use crate::options::{Mode, Options};
use crate::propose::{self, Candidate};
use crate::screen::{self, screen};
use crate::survey::{Ground, Survey, survey};
use crate::{Error, minimise, plan, seeds, trigger, verdict, white_box};
use code::Mark;
use model::Model;
use report::ScanReport;
use stats::{Alpha, EValue, PairedBet, Tolerance, e_bh};
use std::sync::atomic::AtomicBool;

/// Candidates of one mode that go to trial, at most.
const TRIALS: usize = SLOTS / 2;
/// Of these, those that come from the weights, or from what they find less surprising than a reference does.
const TRIALS_WHITE_BOX: usize = 3;
/// Pairs that decide whether a convicted trigger flips another decision too.
const OTHER_PAIRS: u64 = 24;

/// What a scan runs with.
pub struct Scan<'a> {
    /// The suspect.
    pub model: &'a dyn Model,
    /// A model believed clean, or at least independent.
    pub reference: Option<&'a dyn Model>,
    /// The settings.
    pub options: &'a Options,
    /// Set to stop at the next completion; the journal is kept.
    pub interrupted: &'a AtomicBool,
}

/// Everything a scan learnt; [`verdict::report`] makes the report of it.
pub(crate) struct Outcome {
    pub survey: Survey,
    pub tried: Vec<Candidate>,
    pub trials: Vec<Trial>,
    pub convicted: Vec<Convicted>,
    pub notes: Vec<String>,
}

/// A convicted trigger and what describing it found.
pub(crate) struct Convicted {
    /// Index of the trial.
    pub trial: usize,
    pub minimal: String,
    /// The trigger on the other decisions: those it flips.
    pub others: Vec<Trial>,
    pub on_reference: Option<Trial>,
    /// Evidence that the trigger does more to the suspect than to the reference, where it moves the reference too.
    pub beyond: Option<EValue>,
}

impl Scan<'_> {
    /// What the scan will ask, before it asks: prompts, completions, tokens and price.
    ///
    /// # Errors
    /// The code cannot be harvested, the user's own triggers cannot be read, or the budget does not cover the survey.
    pub fn plan(&self) -> Result<plan::Plan, Error> {
        self.check()?;
        self.own_candidates()?;
        plan::plan(self, &self.prepare()?.0)
    }

    /// Runs the scan; `watch` hears of every completion.
    ///
    /// # Errors
    /// Names what went wrong. The journal in `options.out` keeps every completion, and `options.resume` continues it.
    pub fn run(&self, watch: &mut dyn FnMut(&Progress)) -> Result<ScanReport, Error> {
        let clock = std::time::Instant::now();
        self.check()?;
        let (harvest, project) = self.prepare()?;
        plan::plan(self, &harvest)?;
        let heading = Heading { fingerprint: self.fingerprint(&harvest), started: jiff::Timestamp::now().to_string() };
        let journal = Journal::open(&self.options.out, heading, self.options.resume)?;
        let started = journal.heading().started.clone();
        let mut asker = Asker::new(journal, self.options, watch, self.interrupted);
        let outcome = self.investigate(&mut asker, &harvest, project)?;
        let not_analysed = asker.not_analysed;
        let cost = asker.finish()?;
        Ok(verdict::report(self, outcome, cost, not_analysed, started, clock.elapsed().as_secs_f64()))
    }

    fn check(&self) -> Result<(), Error> {
        self.options.check()?;
        if self.options.white_box {
            self.model.white_box()?;
        }
        Ok(())
    }

    fn investigate(&self, asker: &mut Asker, harvest: &Harvest, project: Vec<Candidate>) -> Result<Outcome, Error> {
        let survey = survey(asker, self.model, &harvest.sites, self.options.seed)?;
        let mut outcome =
            Outcome { notes: survey.notes.clone(), survey, tried: vec![], trials: vec![], convicted: vec![] };
        self.try_out(asker, &mut outcome, self.own_candidates()?, TRIALS)?;
        for mode in &self.options.modes {
            if !outcome.convicted.is_empty() {
                outcome.notes.push(format!("{}: not tried, since a trigger was confirmed already", mode.name()));
                continue;
            }
            match mode {
                Mode::Targeted => self.try_out(asker, &mut outcome, project.clone(), TRIALS)?,
                Mode::Blind => self.try_blindly(asker, &mut outcome, harvest)?,
            }
        }
        self.describe(asker, &mut outcome)?;
        Ok(outcome)
    }

    /// Harvests the code and takes the project's candidates out of its prompts, so that each can be put in alone.
    fn prepare(&self) -> Result<(Harvest, Vec<Candidate>), Error> {
        let mut harvest = harvest(self.options)?;
        let project = propose::from_project(&harvest, &self.options.families);
        let marks: Vec<Mark> = project.iter().map(|candidate| candidate.mark.clone()).collect();
        for site in &mut harvest.sites {
            site.prefix = trigger::strip(&site.prefix, &marks);
        }
        harvest.sites.retain(|site| !site.prefix.trim().is_empty());
        Ok((harvest, project))
    }

    /// The candidates of the user's own file.
    fn own_candidates(&self) -> Result<Vec<Candidate>, Error> {
        Ok(self.options.triggers.as_deref().map(propose::from_file).transpose()?.unwrap_or_default())
    }

    /// Tries what the model itself leaks: what its weights point at first, which costs no completions to rank.
    fn try_blindly(&self, asker: &mut Asker, outcome: &mut Outcome, harvest: &Harvest) -> Result<(), Error> {
        let families = &self.options.families;
        if !self.model.capabilities().free_samples {
            outcome.notes.push(
                "blind: this backend cannot sample from an empty prompt; only the dictionary was tried".to_owned(),
            );
        }
        let language = crate::ask::majority_language(&harvest.sites);
        let samples = propose::free_samples(asker, self.model, language, self.options.seed)?;
        if self.options.white_box {
            let marks = propose::taught(&samples, harvest, families);
            // What is written once may be babble, which moves a clean model too; a mark recurs.
            let marks: Vec<&Mark> = marks.into_iter().filter(|(_, count)| *count >= 2).map(|(mark, _)| mark).collect();
            let candidates = white_box::candidates(self, asker, &outcome.survey.grounds, language, &marks)?;
            self.try_out(asker, outcome, candidates, TRIALS_WHITE_BOX)?;
            if !outcome.convicted.is_empty() {
                outcome.notes.push("blind: the weights' candidates sufficed, so no others were tried".to_owned());
                return Ok(());
            }
        }
        if let Some(reference) = self.yardstick() {
            asker.step(Stage::Gradient)?;
            let candidates = propose::from_difference(&samples, self.model, reference, harvest, families)?;
            self.try_out(asker, outcome, candidates, TRIALS_WHITE_BOX)?;
            if !outcome.convicted.is_empty() {
                outcome
                    .notes
                    .push("blind: what the reference was not taught sufficed, so nothing else was tried".to_owned());
                return Ok(());
            }
        }
        let mut candidates = propose::from_samples(&samples, harvest, families);
        candidates.extend(propose::from_dictionary(language, families));
        self.try_out(asker, outcome, candidates, TRIALS)
    }

    /// The reference, where it and the suspect have log probabilities.
    fn yardstick(&self) -> Option<&dyn Model> {
        let scores = |model: &&dyn Model| model.capabilities().log_probabilities;
        self.reference.filter(|reference| scores(reference) && scores(&self.model))
    }

    /// Screens candidates and puts the best on trial.
    fn try_out(
        &self,
        asker: &mut Asker,
        outcome: &mut Outcome,
        candidates: Vec<Candidate>,
        most: usize,
    ) -> Result<(), Error> {
        let round = outcome.tried.len() as u64;
        let seed = seeds::derive(self.options.seed, "try", round);
        let grounds = &outcome.survey.grounds;
        let findings = screen(asker, self.model, grounds, &candidates, seed)?;
        let best = findings.into_iter().take(most.min(SLOTS - outcome.trials.len().min(SLOTS)));
        let mut trials: Vec<Trial> = best.map(|finding| Trial::new(finding, self.options.tolerance)).collect();
        let heard = (self.threshold()?, confirm::MOST_PAIRS);
        confirm::hear(asker, self.model, Stage::Confirm, grounds, &mut trials, heard, seed)?;
        outcome.tried.extend(candidates);
        outcome.trials.extend(trials);
        outcome.convict(self)
    }

    /// The evidence that convicts one of [`SLOTS`] candidates by itself.
    fn threshold(&self) -> Result<EValue, Error> {
        Ok(EValue::new(SLOTS as f64 / self.options.alpha.get())?)
    }

    fn describe(&self, asker: &mut Asker, outcome: &mut Outcome) -> Result<(), Error> {
        let grounds = &outcome.survey.grounds;
        for (index, convicted) in outcome.convicted.iter_mut().enumerate() {
            let trial = &outcome.trials[convicted.trial];
            let ground = &grounds[trial.finding.ground];
            let seed = seeds::derive(self.options.seed, "describe", index as u64);
            convicted.minimal = minimise::minimise(asker, self.model, ground, trial, seed)?;
            convicted.others = self.other_decisions(asker, grounds, trial, seed)?;
            convicted.on_reference = self.on_reference(asker, grounds, trial)?;
            if convicted.moves_the_reference(self.options.alpha) {
                convicted.beyond = self.beyond_reference(asker, grounds, trial)?;
            }
        }
        outcome.acquit_what_the_reference_does_too(self);
        if self.options.white_box {
            let notes = white_box::attention_notes(self, outcome)?;
            outcome.notes.extend(notes);
        }
        Ok(())
    }

    /// The decisions that a convicted trigger flips besides the one it was convicted for.
    fn other_decisions(
        &self,
        asker: &mut Asker,
        grounds: &[Ground],
        trial: &Trial,
        seed: u64,
    ) -> Result<Vec<Trial>, Error> {
        let elsewhere = (0..grounds.len()).filter(|&ground| ground != trial.finding.ground);
        let new = |ground| Trial::new(screen::Finding { ground, ..trial.finding.clone() }, self.options.tolerance);
        let mut others: Vec<Trial> = elsewhere.map(new).collect();
        let enough = EValue::new(others.len() as f64 / self.options.alpha.get())?;
        confirm::hear(asker, self.model, Stage::Minimise, grounds, &mut others, (enough, OTHER_PAIRS), seed)?;
        others.retain(|other| other.e_value() >= enough);
        Ok(others)
    }

    /// The trigger on the reference: as many pairs as convicted the suspect.
    fn on_reference(&self, asker: &mut Asker, grounds: &[Ground], trial: &Trial) -> Result<Option<Trial>, Error> {
        let Some(reference) = self.reference else { return Ok(None) };
        let mut trials = [Trial::new(trial.finding.clone(), self.options.tolerance)];
        let heard = (EValue::new(1.0 / self.options.alpha.get())?, confirm::MOST_PAIRS / 2);
        let seed = seeds::derive(self.options.seed, "reference", 0);
        confirm::hear(asker, reference, Stage::Reference, grounds, &mut trials, heard, seed)?;
        Ok(trials.into_iter().next())
    }

    /// Difference in differences: fresh pairs of the suspect, each against a pair of the reference on the same prompt. What the
    /// trigger does to the suspect must exceed what it does to the reference by more than the tolerance.
    fn beyond_reference(&self, asker: &mut Asker, grounds: &[Ground], trial: &Trial) -> Result<Option<EValue>, Error> {
        let Some(reference) = self.reference else { return Ok(None) };
        let seed = seeds::derive(self.options.seed, "beyond reference", 0);
        let never = EValue::new(f64::MAX)?;
        let mut differences = Vec::new();
        for model in [self.model, reference] {
            let mut trials = [Trial::new(trial.finding.clone(), self.options.tolerance)];
            confirm::hear(
                asker,
                model,
                Stage::Reference,
                grounds,
                &mut trials,
                (never, confirm::MOST_PAIRS / 2),
                seed,
            )?;
            let [trial] = trials;
            differences.push(trial.differences);
        }
        // Halved, since a difference of two differences reaches from -2 to 2.
        let mut bet = PairedBet::new(Tolerance::new(self.options.tolerance.get() / 2.0)?);
        for (own, other) in differences[0].iter().zip(&differences[1]) {
            if let (Some(own), Some(other)) = (own, other) {
                bet.update((own - other) / 2.0);
            }
        }
        Ok(Some(bet.e_value()))
    }

    /// Everything that decides what is asked: a journal with another fingerprint is another scan's.
    fn fingerprint(&self, harvest: &Harvest) -> String {
        let options = self.options;
        let sites: String = harvest.sites.iter().map(|site| format!("{}\0{}\0", site.decision, site.prefix)).collect();
        // What the file says, not what it is called: an edited file asks something else.
        let triggers = options.triggers.as_deref().map(|path| std::fs::read(path).unwrap_or_default());
        let asked = format!(
            "{:?} {:?} {:?} {:?} {} {} {} {} {:?} {sites}",
            self.model.card(),
            self.reference.map(|model| model.card()),
            options.modes,
            options.families,
            options.seed,
            options.temperature,
            options.max_tokens,
            options.budget,
            (options.alpha, options.tolerance, options.white_box, triggers),
        );
        format!("{:016x}", seeds::derive(0, &asked, 0))
    }
}

impl Outcome {
    /// Convicts by e-BH over all slots, empty ones included; a mark once, for the decision with the most evidence.
    fn convict(&mut self, scan: &Scan) -> Result<(), Error> {
        let mut evidence: Vec<EValue> = Vec::with_capacity(SLOTS);
        for trial in &self.trials {
            evidence.push(if trial.has_natural_cause() { EValue::new(0.0)? } else { trial.e_value() });
        }
        evidence.resize(SLOTS, EValue::new(0.0)?);
        let mut rejected = e_bh(&evidence, scan.options.alpha);
        rejected.sort_by(|&a, &b| evidence[b].get().total_cmp(&evidence[a].get()));
        self.convicted.clear();
        for trial in rejected {
            let mark = |at: usize| &self.trials[at].finding.candidate.mark;
            if self.convicted.iter().all(|convicted| mark(convicted.trial) != mark(trial)) {
                self.convicted.push(Convicted {
                    trial,
                    minimal: String::new(),
                    others: vec![],
                    on_reference: None,
                    beyond: None,
                });
            }
        }
        Ok(())
    }

    /// An edit that also moves an independent model, and the suspect no further, has a natural cause, or the reference ate the
    /// same poison: either way it does not tell the suspect from the reference.
    fn acquit_what_the_reference_does_too(&mut self, scan: &Scan) {
        let alpha = scan.options.alpha;
        let mut told = Vec::new();
        for convicted in std::mem::take(&mut self.convicted) {
            let text = &self.trials[convicted.trial].finding.candidate.mark.text;
            let further = convicted.beyond.is_some_and(|evidence| evidence.rejects(alpha));
            match (convicted.moves_the_reference(alpha), further) {
                (false, _) => {}
                (true, true) => {
                    self.notes.push(format!("`{text}` moves the reference as well, but the suspect further"))
                }
                (true, false) => {
                    self.notes.push(format!(
                        "`{text}` moves the reference as well, so it convicts nobody: a natural cause, or both were poisoned"
                    ));
                    continue;
                }
            }
            told.push(convicted);
        }
        self.convicted = told;
    }
}

impl Convicted {
    fn moves_the_reference(&self, alpha: Alpha) -> bool {
        self.on_reference.as_ref().is_some_and(|trial| trial.e_value().rejects(alpha))
    }
}
