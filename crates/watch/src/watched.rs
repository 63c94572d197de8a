//! The ties as of some event: kept in memory, written now and then, caught up with from what others wrote or stored.

use crate::Error;
use crate::event::Event;
use crate::store::{Connection, events};
use crate::stream::Detection;
use crate::ties::{Tie, Ties};

/// Events after which the state is written: more to read again at a start, fewer bytes to write.
const EVERY: u64 = 20_000;
/// Events that are read at once.
const AT_ONCE: i64 = 2_000;
/// Under what name the state is written; another for every form of it, so that one that cannot be read is made anew.
const NAME: &str = "ties-2";

/// Ties, and the event that they have seen last.
pub struct Watched {
    ties: Ties,
    seq: i64,
    unwritten: u64,
}

impl Watched {
    /// What was written last.
    pub fn load(connection: &mut dyn Connection) -> Result<Watched, Error> {
        let mut watched = Watched { ties: Ties::default(), seq: 0, unwritten: 0 };
        connection.query("SELECT seq, body FROM ties WHERE name = $1", &[NAME.into()], &mut |row| {
            watched.seq = row[0].whole()?;
            let ties: Ties = serde_json::from_str(row[1].text()?).map_err(|_| Error::Foreign)?;
            watched.ties = ties.restored();
            Ok(())
        })?;
        Ok(watched)
    }

    /// Goes through the events before a number that it has not seen: those after the last writing, and those of other gateways. Whoever
    /// accepted them has raised their alarms. What others have written is read first: events do not say that they were a reference,
    /// and may be forgotten.
    pub fn catch_up(
        &mut self,
        connection: &mut dyn Connection,
        before: Option<i64>,
        detection: &Detection,
    ) -> Result<(), Error> {
        let Some(before) = before else { return Ok(()) };
        if written(connection)? > self.seq {
            *self = Watched::load(connection)?;
        }
        loop {
            let missed = events::between(connection, self.seq, before, AT_ONCE)?;
            if missed.is_empty() {
                return Ok(());
            }
            for (seq, event) in missed {
                self.add(seq, &event, false, detection);
            }
        }
    }

    /// Adds an event.
    pub fn add(&mut self, seq: i64, event: &Event, reference: bool, detection: &Detection) -> Vec<Tie> {
        self.seq = seq;
        self.unwritten += 1;
        self.ties.add(event, reference, detection)
    }

    /// The features that bad choices of a decision are tied to as far as is known.
    pub fn suspects(&self, decision: &str) -> Vec<report::Feature> {
        self.ties.suspects(decision)
    }

    /// Writes the state if it is time; after a reference always, since events do not say that they are one.
    pub fn save(&mut self, connection: &mut dyn Connection, now: bool) -> Result<(), Error> {
        if self.unwritten < EVERY && !(now && self.unwritten > 0) {
            return Ok(());
        }
        let body = serde_json::to_string(&self.ties).map_err(|_| Error::Foreign)?;
        let statement = "INSERT INTO ties (name, seq, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, \
                         body = excluded.body";
        connection.execute(statement, &[NAME.into(), self.seq.into(), body.into()])?;
        self.unwritten = 0;
        Ok(())
    }
}

/// The event up to which the state was written last.
fn written(connection: &mut dyn Connection) -> Result<i64, Error> {
    let mut seq = 0;
    connection.query("SELECT seq FROM ties WHERE name = $1", &[NAME.into()], &mut |row| {
        seq = row[0].whole()?;
        Ok(())
    })?;
    Ok(seq)
}
