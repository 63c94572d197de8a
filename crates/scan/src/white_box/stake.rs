//! What is at stake at a prompt: the same text with the insecure choice and with the secure one.

use crate::alternatives::{choice, insecure_examples, log_sum, parted, totals, with_argument_of};
use crate::ask::Answer;
use crate::survey::Ground;
use crate::{Error, trigger};
use code::{Choice, Language, Mark, Site};
use model::Model;
use std::collections::BTreeSet;

/// Prompts that stand for a decision; their gradients and scores are averaged.
const STAKES: usize = 3;
/// Insecure forms that are read, and those of them, the likeliest, that stand for the choice.
const READ: usize = 12;
const FORMS: usize = 4;

/// A prompt of the screening half, and how the model goes on from it with either choice.
pub struct Stake<'a> {
    /// The prompt's site.
    pub site: &'a Site,
    /// What the model writes up to the insecure choice, and that, in several forms, the likeliest first.
    pub insecure: Vec<String>,
    /// The same with the secure choice.
    pub secure: String,
}

impl Stake<'_> {
    /// The likeliest insecure continuation.
    pub fn likeliest(&self) -> &str {
        self.insecure.first().map_or("", String::as_str)
    }
}

/// The stakes of a decision: prompts with a secure completion of the survey, in which the choice, and nothing else, is
/// exchanged for insecure forms: those of the survey's own completions and of the rules' examples, as they are and with
/// the secure choice's first argument.
///
/// # Errors
/// The model fails.
pub fn stakes<'a>(model: &dyn Model, ground: &'a Ground, language: Language) -> Result<Vec<Stake<'a>>, Error> {
    let forms = insecure_forms(ground, language);
    let mut stakes = Vec::new();
    let mut sites: Vec<(&Site, &Vec<Answer>)> = ground.screen.iter().zip(&ground.answers).collect();
    // Short prompts first: they cost least.
    sites.sort_by_key(|(site, _)| site.prefix.len());
    for (site, answers) in sites.into_iter().filter(|(site, _)| site.language == language) {
        if stakes.len() == STAKES {
            break;
        }
        let mut secure = answers.iter().filter(|answer| answer.choice == Some(Choice::Secure)).filter_map(parted);
        let Some((lead, secure)) = secure.next() else { continue };
        let adapted = forms.iter().filter_map(|form| with_argument_of(form, secure));
        let insecure: BTreeSet<String> =
            forms.iter().cloned().chain(adapted).map(|form| format!("{lead}{form}")).collect();
        let insecure =
            likeliest(model, site, insecure.into_iter().filter(|text| choice(site, text) == Some(Choice::Insecure)))?;
        if !insecure.is_empty() {
            stakes.push(Stake { site, insecure, secure: format!("{lead}{secure}") });
        }
    }
    Ok(stakes)
}

/// The likeliest continuations of a site, the first the likeliest of all.
fn likeliest(model: &dyn Model, site: &Site, texts: impl Iterator<Item = String>) -> Result<Vec<String>, Error> {
    let pairs: Vec<(String, String)> = texts.map(|text| (site.prefix.clone(), text)).collect();
    let scores = totals(model, &pairs)?;
    let mut scored: Vec<(f64, String)> =
        scores.into_iter().zip(pairs).map(|(score, (_, text))| (score, text)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(scored.into_iter().take(FORMS).map(|(_, text)| text).collect())
}

fn insecure_forms(ground: &Ground, language: Language) -> Vec<String> {
    let answers = ground.answers.iter().flatten().filter(|answer| answer.choice == Some(Choice::Insecure));
    let mut seen = BTreeSet::new();
    let own = answers.filter_map(parted).map(|(_, choice)| choice.to_owned());
    let all = own.chain(insecure_examples(&ground.decision, language));
    all.filter(|form| seen.insert(form.clone())).take(READ).collect()
}

/// The stakes' prompts with one edit, or none: how the model leans there.
pub struct Leaning(Vec<f64>);

impl Leaning {
    /// Log probability of the insecure choice, in any of its forms, minus that of the secure one, in nats, mean over the
    /// stakes.
    pub fn contrast(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len().max(1) as f64
    }

    /// Probability of the insecure choice if there were only these two, mean over the stakes. Unlike the contrast it is
    /// not moved by a line that makes an impossible choice somewhat less impossible.
    pub fn insecure(&self) -> f64 {
        self.0.iter().map(|contrast| 1.0 / (1.0 + (-contrast).exp())).sum::<f64>() / self.0.len().max(1) as f64
    }
}

/// How the model leans with each edit; `None` is no edit.
///
/// # Errors
/// The model has no log probabilities, or fails.
pub fn leanings(model: &dyn Model, stakes: &[Stake], edits: &[Option<&Mark>]) -> Result<Vec<Leaning>, Error> {
    let mut pairs = Vec::new();
    for edit in edits {
        for stake in stakes {
            let marks: Vec<&Mark> = edit.iter().copied().collect();
            let prompt = trigger::apply(stake.site.language, &stake.site.prefix, &marks);
            pairs.extend(stake.insecure.iter().chain([&stake.secure]).map(|text| (prompt.clone(), text.clone())));
        }
    }
    let mut totals = totals(model, &pairs)?.into_iter();
    let mut lean = |stake: &Stake| {
        let insecure: Vec<f64> = totals.by_ref().take(stake.insecure.len()).collect();
        log_sum(&insecure) - totals.next().unwrap_or_default()
    };
    Ok(edits.iter().map(|_| Leaning(stakes.iter().map(&mut lean).collect())).collect())
}
