//! New events go through their streams: baselines fill, detectors play, alarms are raised. Values in, values out.

use crate::EVERYTHING;
use crate::event::{Event, hash};
use crate::store::streams::{Hourly, Key};
use crate::stream::{Detection, Stream};
use crate::ties::{PART, Tie};
use code::Choice;
use report::{Alarm, Drift};
use stats::{EValue, Rate, changed};
use std::collections::{BTreeMap, BTreeSet};

/// Streams with less than this share of the evidence that one alone would need are left out of what is weighed together.
const WEAKEST: f64 = 1e-3;
/// Segments that an alarm lists beside its own.
const MOST_ALSO: usize = 20;

/// Everything that a batch of new events changes.
pub struct Advance<'a> {
    detection: &'a Detection,
    /// Whether the events are the reference: they fill baselines and raise nothing.
    reference: bool,
    /// The streams that the batch touches.
    pub streams: BTreeMap<Key, Stream>,
    /// Evidence of all streams that have some, touched or not.
    strong: BTreeMap<Key, f64>,
    /// Alarms that are open, by id; those raised or changed now are in `touched`.
    pub alarms: BTreeMap<String, Alarm>,
    /// Alarms to be written.
    pub touched: BTreeSet<String>,
    /// Alarms raised now, in order.
    pub raised: Vec<String>,
    /// Hourly rates to be added.
    pub hours: Hourly,
    /// Streams of which there were too many to watch.
    pub unwatched: u64,
}

/// The streams that events touch.
pub fn keys<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for event in events {
        for segment in event.exchange.segments() {
            keys.extend(event.chosen.iter().map(|chosen| (segment.clone(), chosen.decision.to_string())));
            keys.insert((segment, String::new()));
        }
    }
    keys
}

/// The least evidence that is worth looking at.
pub fn weakest(detection: &Detection) -> f64 {
    detection.run_length.get() * WEAKEST
}

impl<'a> Advance<'a> {
    /// Starts from what is stored; at most `room` new streams may be made of `keys`.
    pub fn new(
        detection: &'a Detection,
        reference: bool,
        mut streams: BTreeMap<Key, Stream>,
        strong: BTreeMap<Key, f64>,
        keys: BTreeSet<Key>,
        room: usize,
    ) -> Self {
        let missing: Vec<Key> = keys.into_iter().filter(|key| !streams.contains_key(key)).collect();
        let unwatched = missing.len().saturating_sub(room) as u64;
        streams.extend(missing.into_iter().take(room).map(|key| (key, Stream::default())));
        Advance {
            detection,
            reference,
            streams,
            strong,
            alarms: BTreeMap::new(),
            touched: BTreeSet::new(),
            raised: Vec::new(),
            hours: Hourly::new(),
            unwatched,
        }
    }

    /// Adds an event.
    pub fn add(&mut self, event: &Event) {
        let hour = event.exchange.at.as_second().div_euclid(3600);
        let segments = event.exchange.segments();
        // The streams of one decision share its coin with the ties.
        let coin = (1.0 - PART) / segments.len() as f64;
        for segment in segments {
            let all = self.hours.entry((hour, segment.clone(), String::new())).or_default();
            all.add(event.not_analysed.is_some());
            let completions = self.completion(&segment);
            for chosen in &event.chosen {
                let insecure = chosen.choice == Choice::Insecure;
                self.hours.entry((hour, segment.clone(), chosen.decision.to_string())).or_default().add(insecure);
                let key = (segment.clone(), chosen.decision.to_string());
                self.choose(key, &chosen.cwe, (insecure, event.prompt()), completions, coin);
            }
        }
        self.announce(event);
    }

    fn completion(&mut self, segment: &str) -> u64 {
        let Some(stream) = self.streams.get_mut(&(segment.to_owned(), String::new())) else { return 0 };
        stream.completions += 1;
        stream.completions
    }

    fn choose(&mut self, key: Key, cwe: &str, (insecure, prompt): (bool, Option<u64>), completions: u64, coin: f64) {
        let Some(stream) = self.streams.get_mut(&key) else { return };
        if stream.cwe.is_empty() {
            stream.cwe = cwe.to_owned();
        }
        if self.reference {
            stream.refer(insecure, prompt, self.detection);
            return;
        }
        stream.choose(insecure, prompt, completions, coin, self.detection);
        let evidence = stream.evidence();
        if evidence >= weakest(self.detection) {
            self.strong.insert(key, evidence);
        } else {
            self.strong.remove(&key);
        }
    }

    /// Weighs all streams together and raises an alarm, or adds to an open one, for each that has changed.
    fn announce(&mut self, event: &Event) {
        let keys: Vec<&Key> = self.strong.keys().collect();
        let evidence: Vec<EValue> = self.strong.values().filter_map(|evidence| EValue::new(*evidence).ok()).collect();
        let announced: Vec<Key> =
            changed(&evidence, self.detection.run_length).into_iter().map(|i| keys[i].clone()).collect();
        for key in announced {
            let evidence = self.strong.remove(&key).unwrap_or_default();
            self.alarm(&key, evidence, event);
        }
    }

    /// Raises an alarm for a change that is tied to a feature, or adds to the one that is open.
    pub fn tied(&mut self, tie: Tie, event: &Event) {
        let key = (EVERYTHING.to_owned(), tie.decision.clone());
        let open =
            self.streams.get(&key).and_then(|stream| stream.alarm.clone()).filter(|id| self.alarms.contains_key(id));
        let id = open.or_else(|| self.open(&tie.decision)).unwrap_or_else(|| {
            let mut alarm = raised(&key, event, self.detection);
            alarm.cwe = tie.cwe;
            (alarm.before, alarm.now, alarm.e_value) = (tie.before, tie.with, tie.evidence);
            alarm.features = tie.suspects;
            self.raise(alarm)
        });
        if let Some(stream) = self.streams.get_mut(&key) {
            stream.quiet = 0;
            stream.alarm = Some(id);
        }
    }

    fn alarm(&mut self, key: &Key, evidence: f64, event: &Event) {
        let Some(stream) = self.streams.get(key) else { return };
        let (segment, decision) = key;
        let own = stream.alarm.clone().filter(|id| self.alarms.contains_key(id));
        let id = match own.or_else(|| self.open(decision)) {
            Some(id) => {
                if let Some(alarm) = self.alarms.get_mut(&id) {
                    if alarm.segment == *segment {
                        alarm.again += 1;
                    } else if !alarm.also.contains(segment) && alarm.also.len() < MOST_ALSO {
                        alarm.also.push(segment.clone());
                    }
                }
                self.touched.insert(id.clone());
                id
            }
            None => {
                let mut alarm = raised(key, event, self.detection);
                alarm.cwe = stream.cwe.clone();
                (alarm.before, alarm.now, alarm.e_value) = (stream.baseline, stream.detector.since(), evidence);
                self.raise(alarm)
            }
        };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.alarmed(id);
        }
    }

    /// The open alarm of a decision, whatever its segment: one attack shows in many.
    fn open(&self, decision: &str) -> Option<String> {
        self.alarms.values().find(|alarm| alarm.decision == decision).map(|alarm| alarm.id.clone())
    }

    fn raise(&mut self, alarm: Alarm) -> String {
        let id = alarm.id.clone();
        self.alarms.insert(id.clone(), alarm);
        self.raised.push(id.clone());
        self.touched.insert(id.clone());
        id
    }
}

fn raised((segment, decision): &Key, event: &Event, detection: &Detection) -> Alarm {
    Alarm {
        id: hash(&[segment, decision, &event.exchange.id]),
        raised: event.exchange.at.to_string(),
        segment: segment.clone(),
        also: Vec::new(),
        decision: decision.clone(),
        cwe: String::new(),
        before: Rate::default(),
        now: Rate::default(),
        e_value: 0.0,
        run_length: detection.run_length.get(),
        again: 0,
        drift: Drift::Unexplained,
        features: Vec::new(),
        events: Vec::new(),
    }
}
