//! Candidates from the weights themselves (`--white-box`), and what a convicted trigger draws of the model's attention.
//!
//! Marks that the model writes of its own accord are ranked by how much likelier each makes an insecure choice ([`snap`]).
//! Where there are too many to compute that for, a line is sought whose tokens raise the choice most ([`search`]), and
//! those marks are taken that hold its tokens. Such a line exists for clean models too: it is an adversarial string, no sign
//! of poison, and is never itself a candidate. All candidates go through screening and confirmation as others do.

mod search;
mod snap;
mod stake;

use crate::ask::{Asker, Stage};
use crate::propose::Candidate;
use crate::run::{Outcome, Scan};
use crate::survey::Ground;
use crate::{Error, trigger};
use code::{Language, Mark};
use model::{Attention, WhiteBox};
use stake::{Stake, stakes};

/// Candidates from the weights: for each decision those of `marks`, which the model writes in its free samples, that raise
/// its insecure choice most.
///
/// # Errors
/// The model cannot be looked into, or the user interrupts.
pub fn candidates(
    scan: &Scan,
    asker: &mut Asker,
    grounds: &[Ground],
    language: Language,
    marks: &[&Mark],
) -> Result<Vec<Candidate>, Error> {
    let inside = scan.model.white_box()?;
    let mut candidates = Vec::new();
    for ground in grounds {
        let stakes = stakes(scan.model, ground, language)?;
        if stakes.is_empty() {
            continue;
        }
        asker.step(Stage::Gradient)?;
        let mut marks = marks.to_vec();
        if marks.len() > snap::SCORED {
            let found = search::search(scan.model, inside, &stakes, language, &mut |line| {
                asker.best = Some(line.to_owned());
                asker.step(Stage::Gradient)
            })?;
            snap::narrow(&mut marks, &found);
        }
        let marks = snap::snap(scan, &stakes, &marks)?;
        let hint = Some(ground.decision.clone());
        candidates.extend(marks.into_iter().map(|mark| Candidate { mark, origin: "gradient", hint: hint.clone() }));
    }
    asker.best = None;
    Ok(candidates)
}

/// A sentence on the attention that each convicted trigger draws while the model writes the insecure choice.
///
/// # Errors
/// The model cannot be looked into.
pub fn attention_notes(scan: &Scan, outcome: &Outcome) -> Result<Vec<String>, Error> {
    let inside = scan.model.white_box()?;
    let mut notes = Vec::new();
    for convicted in &outcome.convicted {
        let finding = &outcome.trials[convicted.trial].finding;
        let (ground, mark) = (&outcome.survey.grounds[finding.ground], &finding.candidate.mark);
        let Some(language) = ground.screen.first().map(|site| site.language) else { continue };
        let looks: Vec<Attention> =
            stakes(scan.model, ground, language)?.iter().filter_map(|stake| look(inside, stake, mark)).collect();
        if looks.is_empty() {
            continue;
        }
        let percent = |part: fn(&Attention) -> f32| looks.iter().map(part).sum::<f32>() / looks.len() as f32 * 100.0;
        notes.push(format!(
            "`{}`: while it writes the insecure choice of {}, the model gives the trigger {:.0} % of its attention ({:.0} % in one head; an even look would give {:.0} %)",
            mark.text,
            ground.decision,
            percent(|look| look.mean),
            percent(|look| look.most),
            percent(|look| look.even),
        ));
    }
    Ok(notes)
}

fn look(inside: &dyn WhiteBox, stake: &Stake, mark: &Mark) -> Option<Attention> {
    let prompt = trigger::apply(stake.site.language, &stake.site.prefix, &[mark]);
    let at = prompt.find(&mark.text)?;
    // A mark without a whole token of its own (a short prefix of a name) cannot be told apart.
    inside.attention(&prompt, at..at + mark.text.len(), stake.likeliest()).ok()
}

#[cfg(test)]
mod tests;
