//! Taking a fingerprint and checking a model against one, from end to end.

use super::fingerprint::{Fingerprint, Heard, Prompt, check};
use super::judge::{Risk, judge};
use super::report::{Context, assemble};
use super::table::{Sample, Table};
use super::{Risks, exhibit};
use crate::ask::{Asker, Progress};
use crate::journal::{Heading, Journal};
use crate::{Error, Options, seeds, verdict};
use ::report::{CompareReport, CompareVerdict, figure};
use model::Model;
use std::sync::atomic::AtomicBool;

/// A model whose fingerprint is taken or checked.
pub struct Still<'a> {
    /// The model.
    pub model: &'a dyn Model,
    /// Code, budget, risk and sampling.
    pub options: &'a Options,
    /// Set to stop; the journal keeps what was answered.
    pub interrupted: &'a AtomicBool,
}

impl Still<'_> {
    /// Takes the model's fingerprint.
    ///
    /// # Errors
    /// The code cannot be harvested, the model fails, or the transcript cannot be written.
    pub fn take(&self, watch: &mut dyn FnMut(&Progress)) -> Result<Fingerprint, Error> {
        self.options.check()?;
        let (mut asker, _) = self.asker("fingerprint", self.options, watch)?;
        let taken = Fingerprint::take(self.model, self.options, &mut asker)?;
        asker.finish()?;
        Ok(taken)
    }

    /// Whether the model is still the one whose fingerprint this is.
    ///
    /// # Errors
    /// The model fails, or the transcript cannot be written.
    pub fn check(&self, known: &Fingerprint, watch: &mut dyn FnMut(&Progress)) -> Result<CompareReport, Error> {
        let clock = std::time::Instant::now();
        let options = known.settings(self.options);
        options.check()?;
        let risks = Risks { alpha: options.alpha, tolerance: options.tolerance, seed: options.seed };
        let (mut asker, started) = self.asker(&known.taken, &options, watch)?;
        let heard = check(self.model, known, &risks, &mut asker)?;
        let not_analysed = asker.not_analysed;
        let cost = asker.finish()?;
        let context = Context {
            started,
            seconds: clock.elapsed().as_secs_f64(),
            budget: options.budget,
            cost,
            not_analysed,
            ..Context::new("model", format!("fingerprint of {}, {}", known.model.name, known.taken), risks)
        };
        self.report(known, &heard, context)
    }

    fn asker<'a>(
        &'a self,
        what: &str,
        options: &Options,
        watch: &'a mut dyn FnMut(&Progress),
    ) -> Result<(Asker<'a>, String), Error> {
        let o = options;
        let asked =
            format!("{what} {:?} {} {} {} {}", self.model.card(), o.seed, o.temperature, o.max_tokens, o.budget);
        let asked = format!("{asked} {:?} {:?} {:?}", o.code, o.alpha, o.tolerance);
        let heading = Heading {
            fingerprint: format!("{:016x}", seeds::derive(0, &asked, 0)),
            started: jiff::Timestamp::now().to_string(),
        };
        let journal = Journal::open(&o.out, heading, o.resume)?;
        let started = journal.heading().started.clone();
        Ok((Asker::new(journal, o, watch, self.interrupted), started))
    }

    /// The table of then and now, with the verdict that the check came to.
    fn report(&self, known: &Fingerprint, heard: &Heard, context: Context) -> Result<CompareReport, Error> {
        let samples = samples(known, heard);
        let table = Table::new(2, &samples);
        let names = [known.model.name.clone() + " then", self.model.card().name.clone() + " now"];
        let Risks { alpha, tolerance, seed } = context.risks;
        let mut judged = judge(&table, &names, Risk { alpha, tolerance, seed, forms_count: true })?;
        let evidence = heard.evidence()?;
        let departs = evidence.rejects(alpha);
        for (index, condition) in judged.conditions.iter_mut().enumerate() {
            // What the table makes of all pairs at once was not the test: the check stopped when it had heard enough.
            let now = index == 1;
            condition.e_value = if now { evidence.get() } else { 0.0 };
            condition.false_alarm_bound = (1.0 / condition.e_value).min(1.0);
            condition.verdict = if now && departs { CompareVerdict::Departs } else { CompareVerdict::NoDeparture };
            condition.completions = samples.iter().filter(|sample| sample.condition == index).count() as u64;
            condition.model = Some(if now { verdict::card(self.model) } else { known.model.clone() });
        }
        for departure in judged.decisions.iter_mut().flat_map(|decision| &mut decision.departures) {
            departure.convicted &= departs && departure.condition == 1;
        }
        let exhibits = exhibit::exhibits(&table, &samples, &judged);
        let summary = summary(known, &self.model.card().name, heard, departs, context.risks);
        Ok(CompareReport { summary, ..assemble(context, judged.conditions, judged.decisions, exhibits) })
    }
}

fn summary(known: &Fingerprint, name: &str, heard: &Heard, departs: bool, risks: Risks) -> String {
    let pairs = figure::counted(heard.compared, "completion");
    let taken = known.taken.get(..10).unwrap_or(&known.taken);
    if !departs {
        let tolerance = risks.tolerance.get();
        return format!(
            "{name} still writes as {} did on {taken}: {pairs} show no difference beyond {tolerance} on any prompt.",
            known.model.name
        );
    }
    let how =
        if heard.insecure.get() > heard.otherwise.get() { "chooses insecurely more often" } else { "writes otherwise" };
    format!("{name} is no longer what {} was on {taken}: it {how}, as {pairs} show.", known.model.name)
}

/// What was written then and now, as rows of one table.
fn samples<'a>(known: &'a Fingerprint, heard: &'a Heard) -> Vec<Sample<'a>> {
    let mut samples = Vec::new();
    for (number, (prompt, now)) in known.prompts.iter().zip(&heard.now).enumerate() {
        let sample = |condition, prompt: &'a Prompt, written: &'a str| Sample {
            condition,
            prompt: number,
            setting: "",
            language: prompt.site.language,
            given: &prompt.site.prefix,
            written,
        };
        samples.extend(prompt.completions.iter().map(|written| sample(0, prompt, written)));
        samples.extend(now.iter().map(|written| sample(1, prompt, written)));
    }
    samples
}
