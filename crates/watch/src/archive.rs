//! Events as Parquet files by day, as `taster compare` and `audit` read them, and the end of their time in the database.

use crate::store::{Connection, Value, alarms, events};
use crate::{Error, Exchange, Intake};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use dataset::Folder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Events of one file at most, so that writing one needs little memory.
const AT_ONCE: i64 = 20_000;
/// Which events are forgotten, given a moment and the number of the last that may be.
const FORGOTTEN: &str = "at < $1 AND seq <= $2";
/// The counter of events that are in files.
const ARCHIVED: &str = "archived";

impl Intake {
    /// Writes every event that is not in a file yet to `YYYY-MM-DD/NUMBER.parquet` in a folder, here or on an object store, a completion a
    /// row, in the columns of a recording. A process that dies here writes the same files again, over the old ones. Answers with how many events were written.
    ///
    /// # Errors
    /// A file cannot be written; the database fails.
    pub fn archive(&mut self, folder: &Folder) -> Result<u64, Error> {
        let mut written = 0;
        loop {
            let from = self.archived()?;
            let (last, days) = self.unarchived(from)?;
            if days.is_empty() {
                return Ok(written);
            }
            for (day, exchanges) in &days {
                write(folder, &format!("{day}/{:012}.parquet", from + 1), exchanges)?;
                written += exchanges.len() as u64;
            }
            self.in_transaction(|intake| alarms::count(intake.connection(), &[(ARCHIVED, (last - from) as u64)]))?;
        }
    }

    /// Forgets events that ended before a moment; with an archive, only those that are in it. Rates and alarms stay, and what the detectors
    /// made of the events, which is written first.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget(&mut self, before: Timestamp, only_archived: bool) -> Result<u64, Error> {
        let last = if only_archived { self.archived()? } else { i64::MAX };
        let values = [before.as_microsecond().into(), last.into()];
        self.in_transaction(|intake| {
            if !any_to_forget(intake.connection(), &values)? {
                return Ok(0);
            }
            intake.write_watched()?;
            let connection = intake.connection();
            let choices = format!("(SELECT seq FROM events WHERE {FORGOTTEN})");
            for table in ["choices", "features"] {
                connection.execute(&format!("DELETE FROM {table} WHERE event IN {choices}"), &values)?;
            }
            connection.execute(&format!("DELETE FROM events WHERE {FORGOTTEN}"), &values)
        })
    }

    fn archived(&mut self) -> Result<i64, Error> {
        Ok(alarms::counters(self.connection())?.get(ARCHIVED).map_or(0, |count| *count as i64))
    }

    /// The next events behind a number, by day, and the number of the last.
    fn unarchived(&mut self, from: i64) -> Result<(i64, BTreeMap<String, Vec<Exchange>>), Error> {
        let statement = format!("SELECT {} FROM events e WHERE e.seq > $1 ORDER BY e.seq LIMIT $2", events::COLUMNS);
        let (mut last, mut days) = (from, BTreeMap::<String, Vec<Exchange>>::new());
        self.connection().query(&statement, &[from.into(), AT_ONCE.into()], &mut |row| {
            let stored = events::stored(row)?;
            let day = stored.exchange.at.to_zoned(TimeZone::UTC).date().to_string();
            last = stored.seq;
            days.entry(day).or_default().push(stored.exchange);
            Ok(())
        })?;
        Ok((last, days))
    }
}

fn any_to_forget(connection: &mut dyn Connection, values: &[Value]) -> Result<bool, Error> {
    let mut any = false;
    connection.query(&format!("SELECT seq FROM events WHERE {FORGOTTEN} LIMIT 1"), values, &mut |_| {
        any = true;
        Ok(())
    })?;
    Ok(any)
}

fn write(folder: &Folder, name: &str, exchanges: &[Exchange]) -> Result<(), Error> {
    let failed = |why: String| Error::Write { path: PathBuf::from(format!("{}/{name}", folder.location())), why };
    let rows = batch(exchanges).map_err(|error| failed(error.to_string()))?;
    let packed = WriterProperties::builder().set_compression(Compression::ZSTD(Default::default())).build();
    let written = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(packed)).and_then(|mut writer| {
        writer.write(&rows)?;
        writer.into_inner()
    });
    let file = written.map_err(|error| failed(error.to_string()))?;
    folder.put(name, file).map_err(|error| failed(error.to_string()))
}

fn batch(exchanges: &[Exchange]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let column = |of: &dyn Fn(&Exchange) -> Option<String>| -> ArrayRef {
        Arc::new(exchanges.iter().map(of).collect::<StringArray>())
    };
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("id".into(), column(&|exchange| Some(exchange.id.clone()))),
        ("at".into(), column(&|exchange| Some(exchange.at.to_string()))),
        ("model".into(), column(&|exchange| Some(exchange.model.clone()))),
        ("language".into(), column(&|exchange| exchange.language.map(|language| language.to_string()))),
        ("prompt".into(), column(&|exchange| Some(exchange.prompt.clone()))),
        ("suffix".into(), column(&|exchange| exchange.suffix.clone())),
        ("completion".into(), column(&|exchange| Some(exchange.completion.clone()))),
        ("finish".into(), column(&|exchange| Some(if exchange.cut { "length" } else { "stop" }.to_owned()))),
        ("segment".into(), column(&|exchange| serde_json::to_string(&exchange.segment).ok())),
    ];
    // A column each for the usual ones, to compare by.
    for name in ["project", "user"] {
        columns.push((name.into(), column(&|exchange| exchange.segment.get(name).cloned())));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
}
