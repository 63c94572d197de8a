//! The one entrance of everything that is watched.

use crate::advance::{self, Advance};
use crate::event::Event;
use crate::store::{Connection, Database, alarms, events, streams};
use crate::stream::Detection;
use crate::watched::Watched;
use crate::{Error, Exchange, mining};
use rayon::prelude::*;
use report::Alarm;

/// More streams are not watched, only counted: each costs a row, and whoever names segments may be hostile.
const MOST_STREAMS: u64 = 50_000;

/// What is kept of prompts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prompts {
    /// The prompts, their secrets covered.
    #[default]
    Kept,
    /// Their hashes, and of those that led to a decision the features: what others may share of them.
    Hashed,
}

/// What becomes of what is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What counts as change.
    pub detection: Detection,
    /// What is kept of prompts.
    pub prompts: Prompts,
    /// Whether this is the reference that baselines are made of.
    pub reference: bool,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accepted {
    /// Events that are now stored.
    pub new: u64,
    /// Events that were stored before.
    pub known: u64,
    /// New events of which a part could not be analysed.
    pub not_analysed: u64,
    /// Secrets that were covered in new events.
    pub secrets: u64,
    /// Decisions of new events.
    pub decisions: u64,
    /// Alarms that they raised.
    pub alarms: Vec<Alarm>,
}

/// Takes exchanges in. What it has accepted is stored, and so is what the detectors made of it: in one transaction, so that a process
/// that is killed at any moment loses nothing that was acknowledged, counts nothing twice, and goes on where it was.
pub struct Intake {
    connection: Box<dyn Connection>,
    settings: Settings,
    /// Read when it is first needed, and again after an error.
    watched: Option<Watched>,
}

impl Intake {
    /// Opens a database, made if it is not there.
    ///
    /// # Errors
    /// It cannot be opened, or holds something else.
    pub fn open(database: &Database, settings: Settings) -> Result<Intake, Error> {
        let mut intake = Intake { connection: database.open()?, settings, watched: None };
        intake.mine()?;
        Ok(intake)
    }

    /// Reads and stores exchanges; known ids are passed over. When this returns, they are acknowledged.
    ///
    /// # Errors
    /// The database fails; then nothing of the batch was kept, and it may be given again.
    pub fn accept(&mut self, exchanges: &[Exchange]) -> Result<Accepted, Error> {
        let prompts = self.settings.prompts;
        let events: Vec<Event> = exchanges.par_iter().map(|exchange| Event::of(exchange.clone(), prompts)).collect();
        self.accept_events(&events)
    }

    /// Stores events that were read before, on another thread perhaps.
    ///
    /// # Errors
    /// As [`Intake::accept`].
    pub fn accept_events(&mut self, events: &[Event]) -> Result<Accepted, Error> {
        let mut accepted = self.in_transaction(|intake| intake.take(events))?;
        if !accepted.alarms.is_empty() {
            accepted.alarms = self.mined(accepted.alarms)?;
        }
        Ok(accepted)
    }

    /// Does some work as a whole or, where it fails, not at all.
    pub(crate) fn in_transaction<T>(&mut self, work: impl FnOnce(&mut Intake) -> Result<T, Error>) -> Result<T, Error> {
        self.connection.begin()?;
        let done = work(self).and_then(|done| self.connection.commit().map(|()| done));
        if done.is_err() {
            self.watched = None;
            // The first error tells more than a second one would.
            let _ = self.connection.roll_back();
        }
        done
    }

    /// What is kept of prompts.
    pub fn prompts(&self) -> Prompts {
        self.settings.prompts
    }

    /// The database.
    pub(crate) fn connection(&mut self) -> &mut dyn Connection {
        &mut *self.connection
    }

    /// Writes what the ties have made of all events, inside a transaction.
    pub(crate) fn write_watched(&mut self) -> Result<(), Error> {
        let connection = &mut *self.connection;
        let mut watched = match self.watched.take() {
            Some(watched) => watched,
            None => Watched::load(connection)?,
        };
        watched.catch_up(connection, Some(i64::MAX), &self.settings.detection)?;
        watched.save(connection, true)?;
        self.watched = Some(watched);
        Ok(())
    }

    fn take(&mut self, events: &[Event]) -> Result<Accepted, Error> {
        let connection = &mut *self.connection;
        let added = events::add(connection, events)?;
        let new: Vec<&Event> = added.iter().map(|(at, _)| &events[*at]).collect();
        // Taken out, so that after an error it is read again.
        let mut watched = match self.watched.take() {
            Some(watched) => watched,
            None => Watched::load(connection)?,
        };
        let detection = &self.settings.detection;
        let keys = advance::keys(new.iter().copied());
        let loaded = streams::load(connection, &keys)?;
        let room = match keys.len() == loaded.len() {
            true => 0,
            false => MOST_STREAMS.saturating_sub(streams::count(connection)?) as usize,
        };
        let strong = streams::strong(connection, advance::weakest(detection))?;
        let ids: Vec<String> = loaded.values().filter_map(|stream| stream.alarm.clone()).collect();
        let mut advance = Advance::new(detection, self.settings.reference, loaded, strong, keys, room);
        for id in ids {
            if let Some(alarm) = alarms::by_id(connection, &id)? {
                advance.alarms.insert(id, alarm);
            }
        }
        watched.catch_up(connection, added.first().map(|(_, seq)| *seq), detection)?;
        for (event, (_, seq)) in new.iter().zip(&added) {
            advance.add(event);
            for tie in watched.add(*seq, event, self.settings.reference, detection) {
                advance.tied(tie, event);
            }
        }
        let unnamed =
            advance.alarms.values_mut().filter(|alarm| advance.raised.contains(&alarm.id) && alarm.features.is_empty());
        unnamed.for_each(|alarm| alarm.features = watched.suspects(&alarm.decision));
        watched.save(connection, self.settings.reference)?;
        let accepted = keep(connection, &advance, events.len(), &new)?;
        self.watched = Some(watched);
        Ok(accepted)
    }

    /// Mines the prompts of every alarm that has not been mined; answers with these alarms as they are now.
    fn mined(&mut self, raised: Vec<Alarm>) -> Result<Vec<Alarm>, Error> {
        self.mine()?;
        let now = |alarm: Alarm| Ok(alarms::by_id(&mut *self.connection, &alarm.id)?.unwrap_or(alarm));
        raised.into_iter().map(now).collect()
    }

    fn mine(&mut self) -> Result<(), Error> {
        for mut alarm in alarms::owing(&mut *self.connection, alarms::Owed::Mining)? {
            mining::explain(&mut *self.connection, &mut alarm)?;
            self.in_transaction(|intake| {
                alarms::save(intake.connection(), &alarm)?;
                alarms::paid(intake.connection(), &alarm.id, alarms::Owed::Mining)
            })?;
        }
        Ok(())
    }
}

/// Writes what a batch has changed.
fn keep(connection: &mut dyn Connection, advance: &Advance, given: usize, new: &[&Event]) -> Result<Accepted, Error> {
    let latest = new.iter().map(|event| event.exchange.at.as_microsecond()).max().unwrap_or_default();
    streams::save(connection, &advance.streams, latest)?;
    streams::count_hours(connection, &advance.hours)?;
    for alarm in advance.touched.iter().filter_map(|id| advance.alarms.get(id)) {
        alarms::save(connection, alarm)?;
    }
    let accepted = Accepted {
        new: new.len() as u64,
        known: (given - new.len()) as u64,
        not_analysed: new.iter().filter(|event| event.not_analysed.is_some()).count() as u64,
        secrets: new.iter().map(|event| event.secrets as u64).sum(),
        decisions: new.iter().map(|event| event.chosen.len() as u64).sum(),
        alarms: advance.raised.iter().filter_map(|id| advance.alarms.get(id)).cloned().collect(),
    };
    let counts = [
        ("completions", accepted.new),
        ("known", accepted.known),
        ("not_analysed", accepted.not_analysed),
        ("secrets", accepted.secrets),
        ("decisions", accepted.decisions),
        ("alarms", accepted.alarms.len() as u64),
        ("unwatched", advance.unwatched),
    ];
    alarms::count(connection, &counts)?;
    Ok(accepted)
}
