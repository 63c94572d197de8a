//! The tables.

use super::Connection;
use crate::Error;

/// Raised when a reader of the old tables would misread the new ones.
const VERSION: i64 = 1;

/// `seq` is the order in which events were accepted; `SERIAL` stands for how each database says so. Times are microseconds since
/// 1970, `hour` is hours since then. `features` is of events with a choice whose prompt is kept as a hash only.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    seq SERIAL, id TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, model TEXT NOT NULL, language TEXT, segment TEXT NOT NULL,
    prompt TEXT, prompt_hash TEXT NOT NULL, suffix TEXT, completion TEXT NOT NULL, cut BIGINT NOT NULL, not_analysed TEXT);
CREATE INDEX IF NOT EXISTS events_at ON events (at);
CREATE TABLE IF NOT EXISTS choices (
    decision TEXT NOT NULL, event BIGINT NOT NULL, cwe TEXT NOT NULL, choice TEXT NOT NULL, place TEXT NOT NULL, form TEXT NOT NULL,
    span_start BIGINT NOT NULL, span_end BIGINT NOT NULL, PRIMARY KEY (decision, event));
CREATE INDEX IF NOT EXISTS choices_event ON choices (event);
CREATE TABLE IF NOT EXISTS features (event BIGINT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS streams (
    segment TEXT NOT NULL, decision TEXT NOT NULL, evidence DOUBLE PRECISION NOT NULL, updated BIGINT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (segment, decision));
CREATE TABLE IF NOT EXISTS rates (
    hour BIGINT NOT NULL, segment TEXT NOT NULL, decision TEXT NOT NULL, insecure BIGINT NOT NULL, made BIGINT NOT NULL,
    PRIMARY KEY (hour, segment, decision));
CREATE TABLE IF NOT EXISTS alarms (
    id TEXT PRIMARY KEY, at BIGINT NOT NULL, mined BIGINT NOT NULL, told BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ties (name TEXT PRIMARY KEY, seq BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
";

/// Makes the tables where they are missing, and refuses those of another version.
pub fn prepare(connection: &mut dyn Connection, serial: &str) -> Result<(), Error> {
    connection.begin()?;
    for table in TABLES.split(';').map(str::trim).filter(|table| !table.is_empty()) {
        connection.execute(&table.replace("SERIAL", serial), &[])?;
    }
    let stamp = "INSERT INTO meta (name, value) VALUES ('version', $1) ON CONFLICT (name) DO NOTHING";
    connection.execute(stamp, &[VERSION.into()])?;
    let mut version = 0;
    connection.query("SELECT value FROM meta WHERE name = 'version'", &[], &mut |row| {
        version = row[0].whole()?;
        Ok(())
    })?;
    connection.commit()?;
    if version == VERSION { Ok(()) } else { Err(Error::Version { found: version, known: VERSION }) }
}
