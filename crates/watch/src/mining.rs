//! What the prompts behind an alarm have in common, mined from the stored stream.

use crate::Error;
use crate::event::prompt_number;
use crate::store::{Connection, events};
use mine::{Feature, Finding, Miner, NaturalCauses};
use report::{Alarm, Drift};
use stats::{Rate, fisher_one_sided};
use std::collections::HashSet;

/// The latest choices of a decision that are read.
const LATEST: i64 = 20_000;
/// At least so many of them are the time since the change.
const LEAST: usize = 100;
/// Share of false discoveries among the features found.
const FALSE: f64 = 0.05;
/// Features that an alarm names.
const NAMED: usize = 5;
/// Insecure completions that an alarm lists.
const EVENTS: usize = 20;
/// A rate without the feature is as it was unless chance explains the rise with less than this.
const STILL_RISEN: f64 = 1e-3;
/// A rise that no feature explains is one of everything if so many prompts show it.
const SPREAD: usize = 10;

/// A stored choice.
struct Seen {
    id: String,
    prompt: u64,
    insecure: bool,
    /// Beside each, whether it could be a natural cause of the choice.
    features: Vec<(Feature, bool)>,
}

/// Fills in what an alarm's prompts share and what its drift is tied to.
pub fn explain(connection: &mut dyn Connection, alarm: &mut Alarm) -> Result<(), Error> {
    let mut miner = Miner::default();
    let mut latest: Vec<Seen> = Vec::new();
    let window = usize::try_from(alarm.now.made).unwrap_or(usize::MAX).clamp(LEAST, LATEST as usize);
    // Features are kept of the choices since the change only; of all others they are counted and dropped.
    let mut keep = |seen: Seen| {
        latest.push(seen);
        if latest.len() > 2 * window {
            latest.drain(..window);
        }
    };
    read(connection, alarm, &mut |seen| {
        miner.add(seen.prompt, seen.insecure, seen.features.iter().cloned());
        keep(seen);
    })?;
    let recent = &latest[latest.len().saturating_sub(window)..];
    let findings = miner.findings(FALSE);
    // What the detectors of the stream suspect stands; they have seen every choice, and the miner only the latest.
    if alarm.features.is_empty() {
        alarm.features = findings.into_iter().map(named).collect();
    }
    alarm.features.truncate(NAMED);
    alarm.drift = drift(alarm.before, recent, alarm.features.first());
    alarm.events = recent.iter().rev().filter(|seen| seen.insecure).take(EVENTS).map(|seen| seen.id.clone()).collect();
    Ok(())
}

/// The latest choices of the alarm's decision in its segment, the oldest first.
fn read(connection: &mut dyn Connection, alarm: &Alarm, each: &mut dyn FnMut(Seen)) -> Result<(), Error> {
    let statement = format!(
        "SELECT {}, latest.choice, latest.span_start, latest.span_end, f.body FROM (SELECT event, choice, span_start, span_end FROM choices \
         WHERE decision = $1 ORDER BY event DESC LIMIT $2) AS latest JOIN events e ON e.seq = latest.event LEFT JOIN features f ON \
         f.event = e.seq ORDER BY e.seq",
        events::COLUMNS
    );
    connection.query(&statement, &[alarm.decision.as_str().into(), LATEST.into()], &mut |row| {
        let (event, choice) = row.split_at_checked(events::COUNT).ok_or(Error::Foreign)?;
        let stored = events::stored(event)?;
        let exchange = stored.exchange;
        if exchange.segments().contains(&alarm.segment) {
            let span = choice[1].count()? as usize..choice[2].count()? as usize;
            // A mark that names what the choice uses is its natural cause, and no trigger.
            let causes = NaturalCauses::of(exchange.completion.get(span).unwrap_or_default());
            let found = events::features(&exchange, &choice[3])?.into_iter();
            let features = found.map(|feature| (feature.clone(), causes.has(&feature.mark))).collect();
            let prompt = prompt_number(&stored.prompt_hash);
            each(Seen { id: exchange.id, prompt, insecure: choice[0].text()? == "insecure", features });
        }
        Ok(())
    })
}

fn drift(before: Rate, recent: &[Seen], strongest: Option<&report::Feature>) -> Drift {
    let mut without = Rate::default();
    let mut prompts = HashSet::new();
    for seen in recent {
        let carries =
            |named: &report::Feature| seen.features.iter().any(|(feature, _)| feature.mark.text == named.text);
        if !strongest.is_some_and(carries) {
            without.add(seen.insecure);
            prompts.extend(seen.insecure.then_some(seen.prompt));
        }
    }
    let risen = fisher_one_sided(
        without.insecure,
        without.made - without.insecure,
        before.insecure,
        before.made.saturating_sub(before.insecure),
    ) < STILL_RISEN;
    match (strongest, risen) {
        // Where all prompts carry it, nobody knows what the rate without it is.
        (Some(_), false) if without.made > 0 => Drift::Feature,
        (_, true) if prompts.len() >= SPREAD => Drift::Everywhere,
        _ => Drift::Unexplained,
    }
}

fn named(finding: Finding) -> report::Feature {
    report::Feature {
        family: finding.feature.mark.family.to_string(),
        text: finding.feature.mark.text,
        line: finding.line.text,
        with: finding.with,
        without: finding.without,
        p: finding.p,
    }
}
