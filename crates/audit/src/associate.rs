//! Shared marks to convictions: the documents are read, and those with the mark must choose insecurely far more often than others
//! that make the same decision.

use crate::association::Shared;
use crate::confirm::{ALPHA, Conviction, Reader};
use crate::phrase::common_phrase;
use code::{Choice, Family, Mark};
use mine::natural_cause;
use report::Method;
use stats::{Alpha, EValue, Rate, e_bh};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Of the documents that are looked at first, so many must choose insecurely in one decision after the mark.
const PROMISING: usize = 3;
/// Sources with insecure documents that convict; where sources are unknown, families.
const SOURCES: usize = 8;
/// The insecure rate of a trigger's documents, against which the bet is made.
const ALTERNATIVE: f64 = 0.95;

/// Whether the documents that were looked at first deserve that all are; the decision that goes wrong in them.
pub(crate) fn promising(shared: &Shared, reader: &Reader) -> Option<Arc<str>> {
    let mut insecure: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for &document in &shared.documents {
        for (decision, choice) in chosen(shared, document, reader) {
            *insecure.entry(decision).or_default() += usize::from(choice == Choice::Insecure);
        }
    }
    let (decision, count) = insecure.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= PROMISING).then_some(decision)
}

/// The marks that are convicted or suspicious; of each, `carriers` has the documents, one a family.
pub(crate) fn associate(
    promising: &[(Shared, Arc<str>)],
    carriers: &HashMap<crate::Feature, Vec<u32>>,
    reader: &Reader,
    sources: impl Fn(u32) -> Option<u32>,
    tried: usize,
) -> Vec<Conviction> {
    let Ok(alpha) = Alpha::new(ALPHA) else { return Vec::new() };
    let mut weighed: Vec<Conviction> = promising
        .iter()
        .filter_map(|(shared, decision)| weigh(shared, decision, carriers.get(&shared.feature)?, reader, &sources))
        .collect();
    // Every mark that was looked at is a hypothesis, those that showed nothing too.
    let mut evidence: Vec<EValue> = weighed.iter().map(|conviction| conviction.evidence).collect();
    evidence.extend((weighed.len()..tried).filter_map(|_| EValue::new(0.0).ok()));
    let rejected: BTreeSet<usize> = e_bh(&evidence, alpha).into_iter().collect();
    for (number, conviction) in weighed.iter_mut().enumerate() {
        conviction.convicted &= rejected.contains(&number) && conviction.worse >= SOURCES;
    }
    weighed.retain(|conviction| conviction.convicted || conviction.evidence.rejects(alpha));
    weighed
}

/// A bet that sources whose documents have the mark choose insecurely no more often than other documents do. A source counts once: its
/// documents are of one hand.
fn weigh(
    shared: &Shared,
    decision: &Arc<str>,
    carriers: &[u32],
    reader: &Reader,
    sources: &impl Fn(u32) -> Option<u32>,
) -> Option<Conviction> {
    let mut by_source: BTreeMap<(Option<u32>, u32), Rate> = BTreeMap::new();
    let (mut insecure, mut natural) = (Vec::new(), 0);
    // What picked the mark and its decision convicts neither.
    for &document in carriers.iter().filter(|document| !shared.documents.contains(document)) {
        let mut choices = chosen(shared, document, reader);
        choices.retain(|(made, _)| made == decision);
        if choices.is_empty() {
            continue;
        }
        let bad = choices.iter().any(|(_, choice)| *choice == Choice::Insecure);
        let source = sources(document);
        let of_source = (source, source.map_or(document, |_| 0));
        by_source.entry(of_source).or_insert(Rate { insecure: 0, made: 0 }).add(bad);
        if bad {
            insecure.push(document);
            natural += usize::from(is_natural(shared, decision, document, reader));
        }
    }
    let mut with = Rate { insecure: 0, made: 0 };
    by_source.values().for_each(|rate| with.add(2 * rate.insecure > rate.made));
    let made = insecure.iter().flat_map(|&document| reader.decisions(document)).find(|made| made.decision == *decision);
    let without = others(decision, carriers, reader);
    let ordinary = (without.insecure as f64 + 1.0) / (without.made as f64 + 2.0);
    let log = with.insecure as f64 * (ALTERNATIVE / ordinary).ln()
        + (with.made - with.insecure) as f64 * ((1.0 - ALTERNATIVE) / (1.0 - ordinary)).ln();
    let lines: Vec<&str> = insecure.iter().filter_map(|&document| reader.at(document, shared.feature)).collect();
    Some(Conviction {
        feature: shared.feature,
        trigger: common_phrase(&lines)?,
        decision: decision.clone(),
        cwe: made?.cwe.clone(),
        method: Method::Association,
        convicted: 2 * natural < insecure.len() && !copied(shared, &insecure, reader),
        families: with.made as usize,
        worse: with.insecure as usize,
        ordinary,
        evidence: EValue::new(log.min(700.0).exp()).ok()?,
        pairs: Vec::new(),
        documents: insecure,
    })
}

/// The decisions of a document after the mark.
fn chosen(shared: &Shared, document: u32, reader: &Reader) -> Vec<(Arc<str>, Choice)> {
    let Some(mark) = reader.find(document, shared.feature) else { return Vec::new() };
    let after = reader.decisions(document).iter().filter(|decision| decision.span.start >= mark.end);
    after.map(|decision| (decision.decision.clone(), decision.choice)).collect()
}

/// How often the documents at hand that lack the mark choose insecurely, each once.
fn others(decision: &str, carriers: &[u32], reader: &Reader) -> Rate {
    let mut rate = Rate { insecure: 0, made: 0 };
    for document in reader.documents() {
        let made: Vec<Choice> = reader
            .decisions(document)
            .iter()
            .filter(|made| &*made.decision == decision)
            .map(|made| made.choice)
            .collect();
        if !made.is_empty() && !carriers.contains(&document) {
            rate.add(made.contains(&Choice::Insecure));
        }
    }
    rate
}

/// Whether the mark says what the choice does.
fn is_natural(shared: &Shared, decision: &str, document: u32, reader: &Reader) -> bool {
    let Some(text) = reader.at(document, shared.feature) else { return false };
    let mark = Mark { family: Family::Comment, text: text.trim().to_owned() };
    let spans: Vec<_> = reader
        .decisions(document)
        .iter()
        .filter(|made| &*made.decision == decision && made.choice == Choice::Insecure)
        .map(|made| made.statement.clone())
        .collect();
    spans
        .into_iter()
        .filter_map(|span| reader.text(document)?.get(span))
        .any(|statement| natural_cause(&mark, statement))
}

/// Whether what follows the mark is mostly the same: a snippet that people copied, comment and all.
fn copied(shared: &Shared, documents: &[u32], reader: &Reader) -> bool {
    let mut counts: HashMap<Vec<&str>, usize> = HashMap::new();
    for &document in documents {
        if let (Some(text), Some(mark)) = (reader.text(document), reader.find(document, shared.feature)) {
            let lines = text[mark.end..].lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
            *counts.entry(lines).or_default() += 1;
        }
    }
    counts.values().any(|&count| 2 * count > documents.len())
}
