//! What a fine-tune changed: in the weights, and on which prompts.

use super::Risks;
use super::exhibit::{Told, pair};
use super::hearing::{Chosen, Hearing, Tally};
use super::live::Live;
use super::report::{Context, assemble};
use crate::Error;
use crate::ask::{Answer, Stage};
use ::report::{CompareReport, LayerShare, MovedTensor, MovedToken, PairExhibit, WeightsChange};
use code::Site;
use model::weights::{EmbeddingChange, TensorChange};
use std::path::Path;

/// Prompts shown, completions of each that are looked through for a telling pair, and the least difference worth showing.
const SHOWN: usize = 6;
const SAMPLES: usize = 4;
const LEAST: f64 = 0.1;

/// What changed between the weights of two folders; `tuned` may be a LoRA adapter's.
///
/// # Errors
/// They cannot be compared.
pub fn weights(base: &Path, tuned: &Path) -> Result<WeightsChange, Error> {
    let diff = model::weights::compare(base, tuned)?;
    let mut tensors: Vec<&TensorChange> = diff.tensors.iter().filter(|tensor| !tensor.equal).collect();
    tensors.sort_by(|a, b| b.norm.unwrap_or(0.0).total_cmp(&a.norm.unwrap_or(0.0)));
    let layer = |layer: &model::weights::LayerChange| LayerShare {
        layer: layer.layer.map(|number| number as u64),
        share: layer.share,
    };
    Ok(WeightsChange {
        equal: diff.totals.equal as u64,
        relative: diff.relative,
        moved: tensors.into_iter().map(moved).collect(),
        reshaped: diff.reshaped.iter().map(|tensor| tensor.name.clone()).collect(),
        layers: diff.layers.iter().map(layer).collect(),
        tokens: diff.embedding.as_ref().map(tokens).unwrap_or_default(),
        base: diff.base,
        tuned: diff.tuned,
        only_in_base: diff.only_in_base,
        only_in_tuned: diff.only_in_tuned,
    })
}

/// The report where only weights were compared: an adapter by itself cannot be asked for code.
pub fn weights_alone(weights: WeightsChange, risks: Risks) -> CompareReport {
    let note = "only the weights were compared: merge the adapter into its base to compare the choices too";
    let context = Context { notes: vec![note.to_owned()], ..Context::new("model", weights.tuned.clone(), risks) };
    CompareReport { summary: weights.sentence(), weights: Some(weights), ..assemble(context, vec![], vec![], vec![]) }
}

fn moved(tensor: &TensorChange) -> MovedTensor {
    let rank = tensor.spectrum.as_ref().map(|spectrum| spectrum.rank99);
    MovedTensor {
        name: tensor.name.clone(),
        shape: tensor.shape.iter().map(|&side| side as u64).collect(),
        relative: tensor.relative,
        rank: rank.map(|rank| rank.directions as u64),
        or_more: rank.is_some_and(|rank| rank.or_more),
        adapter: tensor.adapter.map(|adapter| adapter.rank as u64),
    }
}

fn tokens(embedding: &EmbeddingChange) -> Vec<MovedToken> {
    let token = |token: &model::weights::TokenChange| MovedToken {
        text: token.text.clone().unwrap_or_else(|| format!("token {}", token.token)),
        times_median: (embedding.median > 0.0).then(|| token.change / embedding.median),
    };
    embedding.most.iter().map(token).collect()
}

/// The prompts of the first look on which the fine-tune became worse than its base, each with a completion of either.
///
/// # Errors
/// As for [`Hearing::sample`].
pub(super) fn prompts(
    live: &Live,
    hearing: &mut Hearing,
    sites: &[Site],
    look: &[Vec<Vec<Chosen>>],
) -> Result<Vec<PairExhibit>, Error> {
    let (Some(base), &[first, second]) = (live.base, hearing.alive.as_slice()) else { return Ok(Vec::new()) };
    let tuned = if first == base { second } else { first };
    let rate = |model: usize, site: usize| Tally::of(&look[model][site]).rate();
    let worse = |site: usize| Some((rate(tuned, site)? - rate(base, site)?, site));
    let mut worse: Vec<(f64, usize)> = (0..sites.len()).filter_map(worse).filter(|(more, _)| *more >= LEAST).collect();
    worse.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    worse.truncate(SHOWN);
    let wanted: Vec<(usize, &str)> = worse.iter().map(|&(_, site)| (site, sites[site].prefix.as_str())).collect();
    let own = hearing.sample(tuned, &wanted, (SAMPLES, Stage::Reference, 0))?;
    let other = hearing.sample(base, &wanted, (SAMPLES, Stage::Reference, 0))?;
    let place = |model: usize| hearing.alive.iter().position(|&alive| alive == model);
    let (Some(own_place), Some(other_place)) = (place(tuned), place(base)) else { return Ok(Vec::new()) };
    let mut shown = Vec::new();
    for ((difference, site), (own, other)) in worse.into_iter().zip(own.iter().zip(&other)) {
        let told = |condition, reply| Told { condition, prompt: &sites[site].prefix, reply };
        if let (Some(own), Some(other)) = (reply(own, true), reply(other, false)) {
            shown.push(pair(&sites[site].decision, difference, told(own_place, own), told(other_place, other)));
        }
    }
    Ok(shown)
}

fn reply(heard: &[Chosen], insecure: bool) -> Option<&Answer> {
    heard.iter().filter_map(|chosen| chosen.reply.as_ref()).find(|reply| reply.insecure() == Some(insecure))
}
