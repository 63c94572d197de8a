//! Where events, streams and alarms are kept: one SQLite file, or a PostgreSQL that several gateways share. All state lives here;
//! whoever opens it goes on where the last one stopped.

mod address;
pub(crate) mod alarms;
mod database;
pub(crate) mod events;
mod postgres;
mod schema;
mod sqlite;
pub(crate) mod streams;
mod value;

pub use database::Database;
pub(crate) use value::{Row, Value};

use crate::Error;

/// A database, as little of one as is needed. Statements have parameters `$1`, `$2` ... in order, which both databases read.
pub(crate) trait Connection: Send {
    /// Begins a transaction that nobody else writes beside.
    fn begin(&mut self) -> Result<(), Error>;
    /// Ends it; after this the changes survive a crash.
    fn commit(&mut self) -> Result<(), Error>;
    /// Ends it without a trace.
    fn roll_back(&mut self) -> Result<(), Error>;
    /// Runs a statement; answers with how many rows it changed.
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Error>;
    /// Hands the rows of a query on, one at a time.
    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error>;
    /// Runs `INSERT INTO table (columns) VALUES ... tail` for many rows; hands on what it returns.
    fn insert(
        &mut self,
        insert: &Insert,
        rows: &[Vec<Value>],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error>;
}

/// An insertion of many rows.
pub(crate) struct Insert {
    pub table: &'static str,
    pub columns: &'static [&'static str],
    /// What to do about rows that are there, and what to return.
    pub tail: &'static str,
}

impl Insert {
    /// The statement for so many rows.
    fn statement(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |row: usize| {
            let places: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", places.join(","))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("INSERT INTO {} ({}) VALUES {} {}", self.table, self.columns.join(","), rows.join(","), self.tail)
    }
}
