//! Events and their choices.

use super::{Connection, Insert, Row, Value};
use crate::Error;
use crate::analysis::Chosen;
use crate::event::{Event, features_of};
use crate::{Exchange, Prompts};
use code::{Choice, Place};
use jiff::Timestamp;
use mine::Feature;
use std::collections::HashMap;

const EVENTS: Insert = Insert {
    table: "events",
    columns: &[
        "id",
        "at",
        "model",
        "language",
        "segment",
        "prompt",
        "prompt_hash",
        "suffix",
        "completion",
        "cut",
        "not_analysed",
    ],
    tail: "ON CONFLICT (id) DO NOTHING RETURNING seq, id",
};

const CHOICES: Insert = Insert {
    table: "choices",
    columns: &["decision", "event", "cwe", "choice", "place", "form", "span_start", "span_end"],
    tail: "",
};

const FEATURES: Insert = Insert { table: "features", columns: &["event", "body"], tail: "" };

/// Stores the events that are new; answers with their positions, in the order given, and the numbers they got.
pub fn add(connection: &mut dyn Connection, events: &[Event]) -> Result<Vec<(usize, i64)>, Error> {
    let rows: Vec<Vec<Value>> = events.iter().map(row).collect();
    let mut numbers: HashMap<String, i64> = HashMap::new();
    connection.insert(&EVENTS, &rows, &mut |row| {
        numbers.insert(row[1].text()?.to_owned(), row[0].whole()?);
        Ok(())
    })?;
    let (mut new, mut choices, mut features) = (Vec::new(), Vec::new(), Vec::new());
    for (position, event) in events.iter().enumerate() {
        // Taken out, so that an id that comes twice in one batch counts once.
        if let Some(number) = numbers.remove(&event.exchange.id) {
            new.push((position, number));
            choices.extend(choice_rows(event, number));
            if event.prompts == Prompts::Hashed && !event.chosen.is_empty() {
                let body = serde_json::to_string(&event.features).map_err(|_| Error::Foreign)?;
                features.push(vec![number.into(), body.into()]);
            }
        }
    }
    connection.insert(&CHOICES, &choices, &mut |_| Ok(()))?;
    connection.insert(&FEATURES, &features, &mut |_| Ok(()))?;
    Ok(new)
}

fn row(event: &Event) -> Vec<Value> {
    let exchange = &event.exchange;
    let kept = |text: &str| (event.prompts == Prompts::Kept).then(|| text.to_owned());
    vec![
        exchange.id.as_str().into(),
        exchange.at.as_microsecond().into(),
        exchange.model.as_str().into(),
        exchange.language.map(|language| language.name()).into(),
        serde_json::json!(exchange.segment).to_string().into(),
        kept(&exchange.prompt).into(),
        event.prompt_hash.as_str().into(),
        exchange.suffix.as_deref().and_then(kept).into(),
        exchange.completion.as_str().into(),
        i64::from(exchange.cut).into(),
        event.not_analysed.as_deref().into(),
    ]
}

fn choice_rows(event: &Event, number: i64) -> impl Iterator<Item = Vec<Value>> + '_ {
    event.chosen.iter().map(move |chosen| {
        vec![
            (&*chosen.decision).into(),
            number.into(),
            (&*chosen.cwe).into(),
            choice_name(chosen.choice).into(),
            place_name(chosen.place).into(),
            (&*chosen.form).into(),
            (chosen.span.start as u64).into(),
            (chosen.span.end as u64).into(),
        ]
    })
}

/// The name under which a choice is stored.
pub fn choice_name(choice: Choice) -> &'static str {
    match choice {
        Choice::Insecure => "insecure",
        Choice::Secure => "secure",
        Choice::Other => "other",
    }
}

fn place_name(place: Place) -> &'static str {
    match place {
        Place::Code => "code",
        Place::Comment => "comment",
        Place::Docstring => "docstring",
    }
}

/// The columns that [`stored`] reads, of events named `e`.
pub const COLUMNS: &str =
    "e.seq, e.id, e.at, e.model, e.language, e.segment, e.prompt, e.prompt_hash, e.suffix, e.completion, e.cut";

/// How many these are.
pub const COUNT: usize = 11;

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its number in the order of acceptance.
    pub seq: i64,
    /// The exchange; its prompt is empty where only the hash is kept.
    pub exchange: Exchange,
    /// The hash of its prompt.
    pub prompt_hash: String,
}

/// Reads a row of [`COLUMNS`].
pub fn stored(row: &Row) -> Result<Stored, Error> {
    let text = |column: usize| row[column].text().map(str::to_owned);
    let exchange = Exchange {
        id: text(1)?,
        at: Timestamp::from_microsecond(row[2].whole()?).map_err(|_| Error::Foreign)?,
        model: text(3)?,
        language: row[4].optional().and_then(|name| name.parse().ok()),
        segment: serde_json::from_str(row[5].text()?).map_err(|_| Error::Foreign)?,
        prompt: row[6].optional().unwrap_or_default().to_owned(),
        suffix: row[8].optional().map(str::to_owned),
        completion: text(9)?,
        cut: row[10].whole()? != 0,
    };
    Ok(Stored { seq: row[0].whole()?, exchange, prompt_hash: text(7)? })
}

/// The features of a stored exchange's prompt, given what the column `features.body` holds of them.
pub fn features(exchange: &Exchange, stored: &Value) -> Result<Vec<Feature>, Error> {
    match stored.optional() {
        Some(body) => serde_json::from_str(body).map_err(|_| Error::Foreign),
        None => Ok(features_of(exchange)),
    }
}

/// The next events between two numbers, in order, as they were when they were accepted; at most `most`.
pub fn between(
    connection: &mut dyn Connection,
    after: i64,
    before: i64,
    most: i64,
) -> Result<Vec<(i64, Event)>, Error> {
    let statement = format!(
        "SELECT {COLUMNS}, f.body FROM events e LEFT JOIN features f ON f.event = e.seq WHERE e.seq > $1 AND e.seq < $2 ORDER BY e.seq \
         LIMIT $3"
    );
    let mut events: Vec<(i64, Event)> = Vec::new();
    connection.query(&statement, &[after.into(), before.into(), most.into()], &mut |row| {
        let Stored { seq, exchange, prompt_hash } = stored(row)?;
        let (prompts, features) = (Prompts::Kept, features(&exchange, &row[COUNT])?);
        let (chosen, not_analysed) = (Vec::new(), None);
        events.push((seq, Event { exchange, prompt_hash, prompts, chosen, features, not_analysed, secrets: 0 }));
        Ok(())
    })?;
    let (Some(first), Some(last)) = (events.first().map(|(seq, _)| *seq), events.last().map(|(seq, _)| *seq)) else {
        return Ok(events);
    };
    let statement = "SELECT event, decision, cwe, choice, place, form, span_start, span_end FROM choices WHERE event >= $1 AND event <= $2";
    connection.query(statement, &[first.into(), last.into()], &mut |row| {
        let seq = row[0].whole()?;
        if let Ok(at) = events.binary_search_by_key(&seq, |(seq, _)| *seq) {
            events[at].1.chosen.push(chosen(row)?);
        }
        Ok(())
    })?;
    // As they were sorted when they were read: by choice, place and span.
    events.iter_mut().for_each(|(_, event)| crate::analysis::sort(&mut event.chosen));
    Ok(events)
}

/// The choices of a decision in the events with these ids, the latest first.
pub fn behind(
    connection: &mut dyn Connection,
    decision: &str,
    ids: &[String],
) -> Result<Vec<(Exchange, Chosen)>, Error> {
    let places: Vec<String> = (0..ids.len()).map(|at| format!("${}", at + 2)).collect();
    let statement = format!(
        "SELECT {COLUMNS}, c.event, c.decision, c.cwe, c.choice, c.place, c.form, c.span_start, c.span_end FROM events e JOIN \
         choices c ON c.event = e.seq AND c.decision = $1 WHERE e.id IN ({}) ORDER BY e.seq DESC",
        places.join(",")
    );
    let values: Vec<Value> = [decision].into_iter().chain(ids.iter().map(String::as_str)).map(Value::from).collect();
    let mut behind = Vec::new();
    if !ids.is_empty() {
        connection.query(&statement, &values, &mut |row| {
            let (event, choice) = row.split_at_checked(COUNT).ok_or(Error::Foreign)?;
            behind.push((stored(event)?.exchange, chosen(choice)?));
            Ok(())
        })?;
    }
    Ok(behind)
}

/// Reads a row of event, decision, cwe, choice, place, form and span.
fn chosen(row: &Row) -> Result<Chosen, Error> {
    Ok(Chosen {
        decision: row[1].text()?.into(),
        cwe: row[2].text()?.into(),
        choice: match row[3].text()? {
            "insecure" => Choice::Insecure,
            "secure" => Choice::Secure,
            _ => Choice::Other,
        },
        place: match row[4].text()? {
            "code" => Place::Code,
            "comment" => Place::Comment,
            _ => Place::Docstring,
        },
        form: row[5].text()?.into(),
        span: row[6].count()? as usize..row[7].count()? as usize,
    })
}
