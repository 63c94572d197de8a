//! Twins: documents nearly alike, of which one has something that the other lacks.

use crate::Feature;
use std::collections::HashSet;

/// Members of a family that are compared with each other; of more, as many are taken evenly.
const COMPARED: usize = 48;
/// Documents are twins where what only one of them has is at most this share of what either has, or few features.
const APART: f64 = 0.3;
const FEW: usize = 8;

/// A document of a family.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its number.
    pub document: u32,
    /// Its features, ascending.
    pub features: &'a [Feature],
}

/// A document with something that its twin lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contrast {
    /// The document that has it.
    pub carrier: u32,
    /// The document that does not.
    pub twin: u32,
    /// What only the carrier has, without what may itself be a decision.
    pub added: Vec<Feature>,
    /// Whether the two differ in a place where a decision may stand.
    pub decides: bool,
}

/// The contrasts of a family: each member against its nearest relative, and against the nearest that decides otherwise.
pub fn contrasts(family: &[Member<'_>]) -> Vec<Contrast> {
    let mut distinct: Vec<Member<'_>> = Vec::new();
    let mut seen = HashSet::new();
    distinct.extend(family.iter().filter(|member| seen.insert(member.features)));
    let step = distinct.len().div_ceil(COMPARED).max(1);
    let compared: Vec<Member<'_>> = distinct.into_iter().step_by(step).collect();
    let mut pairs = HashSet::new();
    for (index, member) in compared.iter().enumerate() {
        let mut nearest: [Option<(usize, usize)>; 2] = [None; 2];
        for (other, relative) in compared.iter().enumerate().filter(|(other, _)| *other != index) {
            let (apart, decides) = distance(member.features, relative.features);
            let near = &mut nearest[usize::from(decides)];
            if near.is_none_or(|(least, _)| apart < least) && apart <= allowed(member, relative) {
                *near = Some((apart, other));
            }
        }
        pairs.extend(nearest.into_iter().flatten().map(|(_, other)| (index.min(other), index.max(other))));
    }
    let mut pairs: Vec<(usize, usize)> = pairs.into_iter().collect();
    pairs.sort_unstable();
    pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).map(|(a, b)| contrast(&compared[a], &compared[b])).collect()
}

fn allowed(a: &Member<'_>, b: &Member<'_>) -> usize {
    FEW.max((APART * (a.features.len().max(b.features.len())) as f64) as usize)
}

fn contrast(carrier: &Member<'_>, twin: &Member<'_>) -> Contrast {
    Contrast {
        carrier: carrier.document,
        twin: twin.document,
        added: only(carrier.features, twin.features).filter(|feature| !feature.anchored()).collect(),
        decides: distance(carrier.features, twin.features).1,
    }
}

/// How many features only one of two documents has, and whether one of them may be a decision.
fn distance(a: &[Feature], b: &[Feature]) -> (usize, bool) {
    only(a, b)
        .chain(only(b, a))
        .fold((0, false), |(apart, decides), feature| (apart + 1, decides || feature.anchored()))
}

/// The features of `a` that `b` lacks; both ascend.
fn only<'a>(a: &'a [Feature], b: &'a [Feature]) -> impl Iterator<Item = Feature> + 'a {
    let mut rest = b;
    a.iter().copied().filter(move |feature| {
        let smaller = rest.iter().take_while(|other| *other < feature).count();
        rest = &rest[smaller..];
        rest.first() != Some(feature)
    })
}
