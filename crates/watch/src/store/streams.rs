//! The streams' states and the hourly rates.

use super::{Connection, Insert, Value};
use crate::Error;
use crate::stream::Stream;
use stats::Rate;
use std::collections::{BTreeMap, BTreeSet};

/// Segment and decision; no decision where the segment's completions are counted.
pub type Key = (String, String);

/// Hour, segment and decision; without a decision, all completions and those of them that were not analysed.
pub type Hourly = BTreeMap<(i64, String, String), Rate>;

/// Streams asked for in one statement.
const AT_ONCE: usize = 200;

const STREAMS: Insert = Insert {
    table: "streams",
    columns: &["segment", "decision", "evidence", "updated", "state"],
    tail: "ON CONFLICT (segment, decision) DO UPDATE SET evidence = excluded.evidence, updated = excluded.updated, state = \
           excluded.state",
};

const RATES: Insert = Insert {
    table: "rates",
    columns: &["hour", "segment", "decision", "insecure", "made"],
    tail: "ON CONFLICT (hour, segment, decision) DO UPDATE SET insecure = rates.insecure + excluded.insecure, made = \
           rates.made + excluded.made",
};

/// The states of the streams that there are.
pub fn load(connection: &mut dyn Connection, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Stream>, Error> {
    let keys: Vec<&Key> = keys.iter().collect();
    let mut streams = BTreeMap::new();
    for keys in keys.chunks(AT_ONCE) {
        let pairs: Vec<String> = (0..keys.len()).map(|i| format!("(${},${})", 2 * i + 1, 2 * i + 2)).collect();
        let statement = format!(
            "SELECT segment, decision, state FROM streams WHERE (segment, decision) IN (VALUES {})",
            pairs.join(",")
        );
        let values: Vec<Value> =
            keys.iter().flat_map(|(segment, decision)| [segment.as_str().into(), decision.as_str().into()]).collect();
        connection.query(&statement, &values, &mut |row| {
            let key = (row[0].text()?.to_owned(), row[1].text()?.to_owned());
            streams.insert(key, serde_json::from_str(row[2].text()?).map_err(|_| Error::Foreign)?);
            Ok(())
        })?;
    }
    Ok(streams)
}

/// How many streams there are.
pub fn count(connection: &mut dyn Connection) -> Result<u64, Error> {
    let mut count = 0;
    connection.query("SELECT COUNT(*) FROM streams", &[], &mut |row| {
        count = row[0].count()?;
        Ok(())
    })?;
    Ok(count)
}

/// The evidence of every stream that has at least so much.
pub fn strong(connection: &mut dyn Connection, least: f64) -> Result<BTreeMap<Key, f64>, Error> {
    let mut strong = BTreeMap::new();
    let statement = "SELECT segment, decision, evidence FROM streams WHERE evidence >= $1";
    connection.query(statement, &[least.into()], &mut |row| {
        strong.insert((row[0].text()?.to_owned(), row[1].text()?.to_owned()), row[2].real()?);
        Ok(())
    })?;
    Ok(strong)
}

/// Writes states.
pub fn save(connection: &mut dyn Connection, streams: &BTreeMap<Key, Stream>, at: i64) -> Result<(), Error> {
    let row = |((segment, decision), stream): (&Key, &Stream)| -> Result<Vec<Value>, Error> {
        let state = serde_json::to_string(stream).map_err(|_| Error::Foreign)?;
        Ok(vec![segment.as_str().into(), decision.as_str().into(), stream.evidence().into(), at.into(), state.into()])
    };
    let rows = streams.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
    connection.insert(&STREAMS, &rows, &mut |_| Ok(()))
}

/// The rates of a stream from an hour on, in order; at most `most` of them.
pub fn hours(connection: &mut dyn Connection, key: &Key, from: i64, most: i64) -> Result<Vec<(i64, Rate)>, Error> {
    let statement = "SELECT hour, insecure, made FROM rates WHERE hour >= $1 AND segment = $2 AND decision = $3 ORDER BY hour LIMIT $4";
    let mut hours = Vec::new();
    let values = [from.into(), key.0.as_str().into(), key.1.as_str().into(), most.into()];
    connection.query(statement, &values, &mut |row| {
        hours.push((row[0].whole()?, Rate { insecure: row[1].count()?, made: row[2].count()? }));
        Ok(())
    })?;
    Ok(hours)
}

/// Adds to the hourly rates.
pub fn count_hours(connection: &mut dyn Connection, hours: &Hourly) -> Result<(), Error> {
    let row = |((hour, segment, decision), rate): (&(i64, String, String), &Rate)| -> Vec<Value> {
        let texts = [segment.as_str().into(), decision.as_str().into()];
        [vec![(*hour).into()], texts.into(), vec![rate.insecure.into(), rate.made.into()]].concat()
    };
    connection.insert(&RATES, &hours.iter().map(row).collect::<Vec<_>>(), &mut |_| Ok(()))
}
