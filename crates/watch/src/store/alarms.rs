//! Alarms and counters.

use super::{Connection, Insert, Value};
use crate::Error;
use report::Alarm;
use std::collections::BTreeMap;

const COUNTERS: Insert = Insert {
    table: "counters",
    columns: &["name", "value"],
    tail: "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value",
};

/// What is still to be done for an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// Its prompts are not mined.
    Mining,
    /// Nobody was told.
    Telling,
}

impl Owed {
    fn column(self) -> &'static str {
        match self {
            Owed::Mining => "mined",
            Owed::Telling => "told",
        }
    }
}

/// Writes an alarm: a new one, of which everything is owed, or one with the same id, changed.
pub fn save(connection: &mut dyn Connection, alarm: &Alarm) -> Result<(), Error> {
    let at: jiff::Timestamp = alarm.raised.parse().map_err(|_| Error::Foreign)?;
    let body = serde_json::to_string(alarm).map_err(|_| Error::Foreign)?;
    let statement = "INSERT INTO alarms (id, at, mined, told, body) VALUES ($1, $2, 0, 0, $3) ON CONFLICT (id) DO UPDATE SET body \
                     = excluded.body";
    connection.execute(statement, &[alarm.id.as_str().into(), at.as_microsecond().into(), body.into()])?;
    Ok(())
}

/// The alarms since a moment, the latest first.
pub fn since(connection: &mut dyn Connection, at: i64) -> Result<Vec<Alarm>, Error> {
    read(connection, "SELECT body FROM alarms WHERE at >= $1 ORDER BY at DESC, id LIMIT 10000", &[at.into()])
}

/// The alarm with an id.
pub fn by_id(connection: &mut dyn Connection, id: &str) -> Result<Option<Alarm>, Error> {
    Ok(read(connection, "SELECT body FROM alarms WHERE id = $1", &[id.into()])?.pop())
}

/// The alarms for which something is still to be done, the oldest first.
pub fn owing(connection: &mut dyn Connection, owed: Owed) -> Result<Vec<Alarm>, Error> {
    let statement = format!("SELECT body FROM alarms WHERE {} = 0 ORDER BY at LIMIT 1000", owed.column());
    read(connection, &statement, &[])
}

/// Notes that something was done.
pub fn paid(connection: &mut dyn Connection, id: &str, owed: Owed) -> Result<(), Error> {
    let statement = format!("UPDATE alarms SET {} = 1 WHERE id = $1", owed.column());
    connection.execute(&statement, &[id.into()]).map(|_| ())
}

fn read(connection: &mut dyn Connection, statement: &str, values: &[Value]) -> Result<Vec<Alarm>, Error> {
    let mut alarms = Vec::new();
    connection.query(statement, values, &mut |row| {
        alarms.push(serde_json::from_str(row[0].text()?).map_err(|_| Error::Foreign)?);
        Ok(())
    })?;
    Ok(alarms)
}

/// Adds to counters.
pub fn count(connection: &mut dyn Connection, counts: &[(&str, u64)]) -> Result<(), Error> {
    let some = counts.iter().filter(|(_, count)| *count > 0);
    let rows: Vec<Vec<Value>> = some.map(|(name, count)| vec![(*name).into(), (*count).into()]).collect();
    connection.insert(&COUNTERS, &rows, &mut |_| Ok(()))
}

/// Every counter.
pub fn counters(connection: &mut dyn Connection) -> Result<BTreeMap<String, u64>, Error> {
    let mut counters = BTreeMap::new();
    connection.query("SELECT name, value FROM counters", &[], &mut |row| {
        counters.insert(row[0].text()?.to_owned(), row[1].count()?);
        Ok(())
    })?;
    Ok(counters)
}
