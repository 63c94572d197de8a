//! SQLite: one file, with a write-ahead log beside it.

use super::{Connection, Insert, Row, Value, schema};
use crate::Error;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ToSql, params_from_iter};
use std::path::Path;
use std::time::Duration;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pages of the log that are written back at once (of 4 KiB): fewer, larger copies during an import.
const CHECKPOINT: u32 = 8_000;
/// Statements that are kept compiled.
const STATEMENTS: usize = 64;

pub struct Sqlite(rusqlite::Connection);

impl Sqlite {
    pub fn open(path: &Path) -> Result<Sqlite, Error> {
        let unopened = |source| Error::Database { name: path.display().to_string(), why: source };
        let opened = || -> rusqlite::Result<rusqlite::Connection> {
            let connection = rusqlite::Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // What is acknowledged outlives a power failure too, not only the process.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        };
        let mut sqlite = Sqlite(opened().map_err(|error| unopened(error.to_string()))?);
        schema::prepare(&mut sqlite, "INTEGER PRIMARY KEY AUTOINCREMENT")?;
        Ok(sqlite)
    }
}

impl Connection for Sqlite {
    fn begin(&mut self) -> Result<(), Error> {
        // The lock of a writer from the start: two that both read first could not both go on to write.
        self.0.execute_batch("BEGIN IMMEDIATE").map_err(failed)
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.0.execute_batch("COMMIT").map_err(failed)
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        self.0.execute_batch("ROLLBACK").map_err(failed)
    }

    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Error> {
        let mut prepared = self.0.prepare_cached(statement).map_err(failed)?;
        prepared.execute(params_from_iter(values)).map(|changed| changed as u64).map_err(failed)
    }

    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut prepared = self.0.prepare_cached(statement).map_err(failed)?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let value = |column| row.get_ref(column).map_err(failed).and_then(read);
            each(&(0..columns).map(value).collect::<Result<Vec<Value>, Error>>()?)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        insert: &Insert,
        rows: &[Vec<Value>],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = insert.statement(1);
        rows.iter().try_for_each(|row| self.query(&statement, row, each))
    }
}

fn read(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Nothing,
        ValueRef::Integer(whole) => Value::Whole(whole),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(_) => return Err(Error::Foreign),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Whole(whole) => ValueRef::Integer(*whole),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Nothing => ValueRef::Null,
        }))
    }
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Storage(error.to_string())
}
