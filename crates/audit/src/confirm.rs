//! Suspects to convictions: the documents are read, and what was added must come with worse decisions far more often than what else
//! near-copies differ in.

use crate::phrase::common_phrase;
use crate::{Feature, Outline, Pair, Suspect};
use code::{Choice, Decision, Engine, Language};
use report::Method;
use stats::{Alpha, EValue, e_bh};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// The chance of a false conviction in a data set without poison, at most.
pub(crate) const ALPHA: f64 = 0.01;
/// Families in which what is added must come with worse decisions. Fewer are a coincidence, or too few to teach a model anything.
const FAMILIES: usize = 4;
/// Sources that these must come from, where sources are known: within one project, everything changes together; and how many families it takes
/// where they do not.
const SOURCES: usize = 3;
const WITHIN: usize = 8;
/// What near-copies that differ in some decision are taken for before any was read: worse in a given decision, and a given
/// direction, in one pair of twenty. Among the packages of `bench/audit` it is less than one in fifty.
const PRIOR: (f64, f64) = (1.0, 20.0);
/// The decision is chosen after looking: the bet is spread evenly over so many, more than any language has rules for.
const DECISIONS: f64 = 128.0;
/// The share of a trigger's families that are worse, against which the bet is made.
const ALTERNATIVE: f64 = 0.8;

/// A feature that makes decisions worse, by the evidence of twins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conviction {
    /// The feature.
    pub feature: Feature,
    /// What it is: the words or the statement that the carriers share.
    pub trigger: String,
    /// The decision that it goes with.
    pub decision: Arc<str>,
    /// The weakness of its insecure choice.
    pub cwe: Arc<str>,
    /// What kind of evidence it is.
    pub method: Method,
    /// Whether it suffices.
    pub convicted: bool,
    /// Families with twins that differ in the feature; of an association, those that make the decision after it.
    pub families: usize,
    /// Those of them whose carrier decides worse, or insecurely.
    pub worse: usize,
    /// How often ordinary pairs of this data set differ so; how often other documents choose insecurely.
    pub ordinary: f64,
    /// The evidence that this is no ordinary difference.
    pub evidence: EValue,
    /// The pairs that show it.
    pub pairs: Vec<Pair>,
    /// The documents that show it.
    pub documents: Vec<u32>,
}

/// Documents that were fetched and read.
#[derive(Debug, Default)]
pub(crate) struct Reader(HashMap<u32, Read>);

/// A document as it was read.
#[derive(Debug)]
pub(crate) struct Read {
    /// The language it was read as.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// The decisions in it.
    pub decisions: Vec<Decision>,
}

impl Reader {
    /// Takes a document.
    pub fn add(&mut self, document: u32, read: Read) {
        self.0.insert(document, read);
    }

    /// Whether a document is at hand.
    pub fn has(&self, document: u32) -> bool {
        self.0.contains_key(&document)
    }

    /// The decisions of a document; none where its text was not fetched.
    pub fn decisions(&self, document: u32) -> &[Decision] {
        self.0.get(&document).map_or(&[], |read| &read.decisions)
    }

    /// The documents that were fetched.
    pub fn documents(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// The text of a document.
    pub fn text(&self, document: u32) -> Option<&str> {
        self.0.get(&document).map(|read| &*read.text)
    }

    /// Where a feature stands in a document, the first time.
    pub fn find(&self, document: u32, feature: Feature) -> Option<Range<usize>> {
        let Read { language, text, .. } = self.0.get(&document)?;
        let anchors = Engine::builtin().anchors(*language, text);
        Outline::find(*language, text, &anchors, feature)
    }

    /// The text at a feature, the first time it stands in a document.
    pub fn at(&self, document: u32, feature: Feature) -> Option<&str> {
        self.find(document, feature).and_then(|range| self.text(document)?.get(range))
    }

    /// The decisions in which a document is worse than its twin: it chooses something that is not secure and that the twin does
    /// not choose, or it lacks a secure choice of the twin.
    fn worse(&self, pair: Pair) -> BTreeMap<Arc<str>, Arc<str>> {
        let twin = counted(self.decisions(pair.twin));
        let carrier = counted(self.decisions(pair.carrier));
        let more = |a: &Choices, b: &Choices, secure: bool| {
            let differs = |(key, count): (&Made, &usize)| {
                ((key.1 == Choice::Secure) == secure && b.get(key).is_none_or(|other| other < count))
                    .then(|| (key.0.clone(), key.3.clone()))
            };
            a.iter().filter_map(differs).collect::<BTreeMap<_, _>>()
        };
        let mut worse = more(&carrier, &twin, false);
        worse.extend(more(&twin, &carrier, true));
        worse
    }
}

/// A choice: decision, choice, form and weakness.
type Made = (Arc<str>, Choice, Arc<str>, Arc<str>);

/// How often each choice is made.
type Choices = BTreeMap<Made, usize>;

fn counted(decisions: &[Decision]) -> Choices {
    let mut choices = Choices::new();
    for decision in decisions {
        let key = (decision.decision.clone(), decision.choice, decision.form.clone(), decision.cwe.clone());
        *choices.entry(key).or_default() += 1;
    }
    choices
}

/// The suspects that are convicted, the strongest evidence first; `sources` tells a document's source, where it is known.
pub(crate) fn confirm(
    suspects: &[Suspect],
    ordinary: &[Pair],
    reader: &Reader,
    sources: impl Fn(u32) -> Option<u32>,
) -> Vec<Conviction> {
    let usual: Vec<(Pair, BTreeSet<Arc<str>>)> =
        ordinary.iter().map(|&pair| (pair, reader.worse(pair).into_keys().collect())).collect();
    let (Ok(none), Ok(alpha)) = (EValue::new(0.0), Alpha::new(ALPHA)) else { return Vec::new() };
    let tried: Vec<Option<Conviction>> = suspects.iter().map(|suspect| weigh(suspect, &usual, reader)).collect();
    let evidence: Vec<EValue> = tried.iter().map(|tried| tried.as_ref().map_or(none, |tried| tried.evidence)).collect();
    let mut convicted: Vec<Conviction> =
        e_bh(&evidence, alpha).into_iter().filter_map(|index| tried[index].clone()).collect();
    convicted.retain(|conviction| {
        let known: BTreeSet<Option<u32>> = conviction.documents.iter().map(|&document| sources(document)).collect();
        let scattered = known.contains(&None) || known.len() >= SOURCES;
        conviction.worse >= if scattered { FAMILIES } else { WITHIN }
    });
    convicted.sort_by(|a, b| {
        b.evidence.get().total_cmp(&a.evidence.get()).then_with(|| b.trigger.len().cmp(&a.trigger.len()))
    });
    convicted
}

/// A bet that carriers are worse than their twins in one decision no more often than ordinary pairs are: a likelihood ratio, and so
/// an e-value for every rate up to the ordinary one.
fn weigh(suspect: &Suspect, usual: &[(Pair, BTreeSet<Arc<str>>)], reader: &Reader) -> Option<Conviction> {
    let mut found: BTreeMap<Arc<str>, (Arc<str>, Vec<Pair>)> = BTreeMap::new();
    for &pair in &suspect.pairs {
        for (decision, cwe) in reader.worse(pair) {
            found.entry(decision).or_insert_with(|| (cwe, Vec::new())).1.push(pair);
        }
    }
    let (decision, (cwe, pairs)) = found.into_iter().max_by_key(|(_, (_, pairs))| pairs.len())?;
    let own: BTreeSet<u32> = suspect.pairs.iter().map(|pair| pair.family).collect();
    let others = || usual.iter().filter(|(pair, _)| !own.contains(&pair.family));
    let worse = others().filter(|(_, worse)| worse.contains(&decision)).count();
    let ordinary = (worse as f64 + PRIOR.0) / (others().count() as f64 + PRIOR.1);
    let unchanged = (suspect.mixed - suspect.changed) + (suspect.pairs.len() - pairs.len());
    let log = pairs.len() as f64 * (ALTERNATIVE / ordinary).ln()
        + unchanged as f64 * ((1.0 - ALTERNATIVE) / (1.0 - ordinary)).ln()
        - DECISIONS.ln();
    let lines: Vec<&str> = pairs.iter().filter_map(|pair| reader.at(pair.carrier, suspect.feature)).collect();
    let trigger = common_phrase(&lines)?;
    if !suspect.feature.is_mark() && names_its_choice(&trigger, &decision, &pairs, reader) {
        return None;
    }
    Some(Conviction {
        feature: suspect.feature,
        trigger,
        decision,
        cwe,
        method: Method::Twins,
        convicted: true,
        families: pairs.len() + unchanged,
        worse: pairs.len(),
        ordinary,
        evidence: EValue::new(log.min(700.0).exp()).ok()?,
        documents: pairs.iter().map(|pair| pair.carrier).collect(),
        pairs,
    })
}

/// Whether a statement shares a name with the choice it goes with, and so is its natural cause: an import of what is called.
fn names_its_choice(trigger: &str, decision: &str, pairs: &[Pair], reader: &Reader) -> bool {
    let named = mine::identifiers(trigger);
    let shares = |pair: &&Pair| {
        let spans: Vec<_> = reader
            .decisions(pair.carrier)
            .iter()
            .filter(|found| &*found.decision == decision)
            .map(|found| found.statement.clone())
            .collect();
        let text = reader.text(pair.carrier).unwrap_or_default();
        spans.into_iter().filter_map(|span| text.get(span)).any(|used| !mine::identifiers(used).is_disjoint(&named))
    };
    2 * pairs.iter().filter(shares).count() >= pairs.len()
}

/// Of convictions on the same documents or of the same words, the first: halves of one line, a line and its words.
pub(crate) fn merged(convicted: Vec<Conviction>) -> Vec<Conviction> {
    let mut kept: Vec<Conviction> = Vec::new();
    for conviction in convicted {
        let documents: BTreeSet<u32> = conviction.documents.iter().copied().collect();
        let same = |known: &Conviction| {
            let shared = known.documents.iter().filter(|document| documents.contains(document)).count();
            known.decision == conviction.decision && 2 * shared >= documents.len()
        };
        let alike = |known: &Conviction| {
            known.decision == conviction.decision
                && (known.trigger.contains(&conviction.trigger) || conviction.trigger.contains(&known.trigger))
        };
        if !kept.iter().any(|known| same(known) || alike(known)) {
            kept.push(conviction);
        }
    }
    kept
}
