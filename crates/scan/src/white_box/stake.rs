//! What is at stake at a prompt: the same text with the insecure choice and with the secure one.

use crate::ask::Answer;
use crate::survey::Ground;
use crate::{Error, trigger};
use code::{Choice, Engine, Language, Mark, Site};
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
        let insecure = likeliest(model, site, insecure.into_iter().filter(|text| is_insecure(site, text)))?;
        if !insecure.is_empty() {
            stakes.push(Stake { site, insecure, secure: format!("{lead}{secure}") });
        }
    }
    Ok(stakes)
}

/// A form with another's first argument, where both have one.
fn with_argument_of(form: &str, other: &str) -> Option<String> {
    let argument = |text: &str| {
        let start = text.find('(')? + 1;
        Some(start..start + text[start..].find([',', ')'])?)
    };
    let (place, taken) = (argument(form)?, argument(other)?);
    Some([&form[..place.start], &other[taken], &form[place.end..]].concat())
}

/// Whether a continuation does choose insecurely at its site.
fn is_insecure(site: &Site, continuation: &str) -> bool {
    let text = format!("{}{continuation}", site.prefix);
    let decisions = Engine::builtin().read(site.language, &text).decisions;
    let here = decisions.iter().find(|d| d.decision == site.decision && d.span.start >= site.prefix.len());
    here.is_some_and(|decision| decision.choice == Choice::Insecure)
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

/// Log probability of each continuation as a whole, in nats.
fn totals(model: &dyn Model, pairs: &[(String, String)]) -> Result<Vec<f64>, Error> {
    Ok(model.score(pairs)?.iter().map(|tokens| tokens.iter().map(|token| token.logprob).sum()).collect())
}

/// A completion up to its choice, and the choice.
pub fn parted(answer: &Answer) -> Option<(&str, &str)> {
    let span = answer.span.clone()?;
    let before = answer.text.get(..span.start)?;
    let choice = answer.text.get(span)?;
    Some(whole_value(&answer.text, before.len(), choice.len()))
}

/// A text up to the value that the choice stands in, and from there to the choice's end: in `code = str(randint(0, 9))` the
/// choice is `randint(0, 9)`, but the secure form has no `str(` before it.
fn whole_value(text: &str, start: usize, length: usize) -> (&str, &str) {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let value = [" = ", "return "].iter().filter_map(|sign| Some(text[line..start].rfind(sign)? + line + sign.len()));
    let value = value.max().unwrap_or(start);
    (&text[..value], &text[value..start + length])
}

fn insecure_forms(ground: &Ground, language: Language) -> Vec<String> {
    let answers = ground.answers.iter().flatten().filter(|answer| answer.choice == Some(Choice::Insecure));
    let mut seen = BTreeSet::new();
    let own = answers.filter_map(parted).map(|(_, choice)| choice.to_owned());
    let all = own.chain(examples(ground, language));
    all.filter(|form| seen.insert(form.clone())).take(READ).collect()
}

/// The insecure choices in the examples of the decision's rules.
fn examples(ground: &Ground, language: Language) -> Vec<String> {
    let engine = Engine::builtin();
    let rules = engine.rules().iter().filter(|rule| rule.decision == ground.decision);
    let mut forms = Vec::new();
    for snippet in rules.flat_map(|rule| &rule.examples.insecure) {
        let decisions = engine.read(language, snippet).decisions;
        let chosen = decisions.iter().find(|d| d.decision == ground.decision && d.choice == Choice::Insecure);
        forms.extend(chosen.and_then(|decision| snippet.get(decision.span.clone())).map(str::to_owned));
    }
    forms
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

/// The logarithm of a sum of numbers given by their logarithms.
fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}
