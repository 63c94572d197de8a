//! What was seen since a moment: alarms and rates, as `taster watch report` and `alarms` show them.

use crate::store::{Connection, Database, alarms, events, streams};
use crate::stream::Stream;
use crate::{EVERYTHING, Error};
use jiff::Timestamp;
use report::{Alarm, Behind, History, SegmentRate, WatchReport};
use stats::Rate;

/// Rates that a report lists.
const MOST_RATES: i64 = 5_000;

/// Hours before an alarm, and hours in all, that are told of its stream.
const BEFORE: i64 = 14 * 24;
const MOST_HOURS: i64 = 2_000;

/// A reader of what an [`Intake`](crate::Intake) has stored.
pub struct Review {
    connection: Box<dyn Connection>,
}

impl Review {
    /// Opens a database.
    ///
    /// # Errors
    /// It cannot be opened, or holds something else.
    pub fn open(database: &Database) -> Result<Review, Error> {
        Ok(Review { connection: database.open()? })
    }

    /// The alarms since a moment, the latest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn alarms(&mut self, since: Timestamp) -> Result<Vec<Alarm>, Error> {
        alarms::since(&mut *self.connection, since.as_microsecond())
    }

    /// The alarm with an id.
    ///
    /// # Errors
    /// The database fails.
    pub fn alarm(&mut self, id: &str) -> Result<Option<Alarm>, Error> {
        alarms::by_id(&mut *self.connection, id)
    }

    /// How the rate of an alarm's stream went, hour by hour, and its limit.
    ///
    /// # Errors
    /// The database fails.
    pub fn history(&mut self, alarm: &Alarm) -> Result<History, Error> {
        let key = (alarm.segment.clone(), alarm.decision.clone());
        let raised: Timestamp = alarm.raised.parse().map_err(|_| Error::Foreign)?;
        let from = raised.as_second().div_euclid(3600) - BEFORE;
        let hours = streams::hours(&mut *self.connection, &key, from, MOST_HOURS)?;
        let streams = streams::load(&mut *self.connection, &[key.clone()].into())?;
        Ok(History { hours, limit: streams.get(&key).and_then(|stream| stream.bounds).map(|bounds| bounds.top()) })
    }

    /// The insecure choices behind an alarm that are still stored, the latest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn behind(&mut self, alarm: &Alarm) -> Result<Vec<Behind>, Error> {
        let found = events::behind(&mut *self.connection, &alarm.decision, &alarm.events)?;
        let shown = |(exchange, chosen): (crate::Exchange, crate::Chosen)| Behind {
            segments: exchange.segments(),
            id: exchange.id,
            at: exchange.at,
            prompt: exchange.prompt,
            completion: exchange.completion,
            choice: chosen.choice,
            span: chosen.span,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// Changes whenever something was taken in or an alarm was explained.
    ///
    /// # Errors
    /// The database fails.
    pub fn version(&mut self) -> Result<String, Error> {
        let counters = self.counters()?;
        let mut mined = 0;
        self.connection.query("SELECT COUNT(*) FROM alarms WHERE mined = 1", &[], &mut |row| {
            mined = row[0].count()?;
            Ok(())
        })?;
        let counted: Vec<String> = counters.values().map(u64::to_string).collect();
        Ok(format!("{}-{mined}", counted.join("-")))
    }

    /// Every counter by its name: completions, decisions, known, not analysed, secrets, alarms, unwatched.
    ///
    /// # Errors
    /// The database fails.
    pub fn counters(&mut self) -> Result<std::collections::BTreeMap<String, u64>, Error> {
        alarms::counters(&mut *self.connection)
    }

    /// Alarms and rates since a moment, to the hour.
    ///
    /// # Errors
    /// The database fails.
    pub fn report(&mut self, since: Timestamp) -> Result<WatchReport, Error> {
        let alarms = self.alarms(since)?;
        let hour = since.as_second().div_euclid(3600);
        let all = self.all(hour)?;
        Ok(WatchReport {
            taster_version: env!("CARGO_PKG_VERSION").to_owned(),
            since: since.to_string(),
            completions: all.made,
            not_analysed: all.insecure,
            rates: self.rates(hour)?,
            alarms,
        })
    }

    /// All completions since an hour, and as its insecure ones those that were not analysed.
    fn all(&mut self, hour: i64) -> Result<Rate, Error> {
        let statement = "SELECT insecure, made FROM rates WHERE hour >= $1 AND segment = $2 AND decision = ''";
        let mut all = Rate::default();
        self.connection.query(statement, &[hour.into(), EVERYTHING.into()], &mut |row| {
            all.insecure += row[0].count()?;
            all.made += row[1].count()?;
            Ok(())
        })?;
        Ok(all)
    }

    fn rates(&mut self, hour: i64) -> Result<Vec<SegmentRate>, Error> {
        // PostgreSQL sums to a type that is cast back.
        let statement = "SELECT r.segment, r.decision, CAST(r.insecure AS BIGINT), CAST(r.made AS BIGINT), s.state FROM (SELECT segment, \
                         decision, SUM(insecure) AS insecure, SUM(made) AS made FROM rates WHERE hour >= $1 AND decision <> '' GROUP BY \
                         segment, decision) AS r LEFT JOIN streams s ON s.segment = r.segment AND s.decision = r.decision ORDER BY \
                         s.evidence DESC, r.made DESC LIMIT $2";
        let mut rates = Vec::new();
        self.connection.query(statement, &[hour.into(), MOST_RATES.into()], &mut |row| {
            let stream: Stream = match row[4].optional() {
                Some(state) => serde_json::from_str(state).map_err(|_| Error::Foreign)?,
                None => Stream::default(),
            };
            rates.push(SegmentRate {
                segment: row[0].text()?.to_owned(),
                decision: row[1].text()?.to_owned(),
                baseline: stream.baseline,
                limit: stream.bounds.map(|bounds| bounds.top()),
                rate: Rate { insecure: row[2].count()?, made: row[3].count()? },
                evidence: stream.evidence(),
            });
            Ok(())
        })?;
        Ok(rates)
    }
}
