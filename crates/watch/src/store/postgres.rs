//! PostgreSQL, for several gateways behind one address.

use super::address::{Address, said};
use super::{Connection, Insert, Row, Value, schema};
use crate::{Database, Error};
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// Most parameters of one statement are 65,535.
const MOST_PARAMETERS: usize = 32_000;
/// Any number, the same in every taster: who holds this lock may write.
const LOCK: i64 = 0x7461_7374_6572;

/// A connection. Where the server went away and came back, the next transaction and the next query outside of one make a new one.
pub struct Postgres {
    client: Client,
    address: Address,
    in_transaction: bool,
}

impl Postgres {
    pub fn open(address: &str) -> Result<Postgres, Error> {
        let name = Database::Postgres(address.to_owned()).to_string();
        let unopened = |why: String| Error::Database { name: name.clone(), why };
        let address = Address::read(address).map_err(unopened)?;
        let client = address.connect().map_err(|error| unopened(said(&error)))?;
        let mut postgres = Postgres { client, address, in_transaction: false };
        schema::prepare(&mut postgres, "BIGSERIAL PRIMARY KEY")?;
        Ok(postgres)
    }

    /// The server, asked for anew if it has hung up. Never within a transaction, the first half of which is gone.
    fn server(&mut self) -> Result<&mut Client, Error> {
        if self.client.is_closed() && !self.in_transaction {
            self.client = self.address.connect().map_err(failed)?;
        }
        Ok(&mut self.client)
    }
}

impl Connection for Postgres {
    fn begin(&mut self) -> Result<(), Error> {
        // One writer at a time: events get their numbers in the order of commits, and two gateways never advance one stream at once.
        let lock = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})");
        self.server()?.batch_execute(&lock).map_err(failed)?;
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.in_transaction = false;
        self.client.batch_execute("COMMIT").map_err(failed)
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        self.in_transaction = false;
        self.client.batch_execute("ROLLBACK").map_err(failed)
    }

    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Error> {
        self.server()?.execute(statement, &parameters(values)).map_err(failed)
    }

    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = self.server()?.query_raw(statement, parameters(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let value = |column| row.try_get::<_, Option<Value>>(column).map(Option::unwrap_or_default).map_err(failed);
            each(&(0..row.len()).map(value).collect::<Result<Vec<Value>, Error>>()?)?;
        }
        Ok(())
    }

    fn insert(
        &mut self,
        insert: &Insert,
        rows: &[Vec<Value>],
        each: &mut dyn FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for rows in rows.chunks(MOST_PARAMETERS / insert.columns.len().max(1)) {
            self.query(&insert.statement(rows.len()), &rows.concat(), each)?;
        }
        Ok(())
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

type Refused = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut postgres::types::private::BytesMut) -> Result<IsNull, Refused> {
        match self {
            Value::Text(text) => text.to_sql(kind, out),
            Value::Whole(whole) => whole.to_sql(kind, out),
            Value::Real(real) => real.to_sql(kind, out),
            Value::Nothing => Ok(IsNull::Yes),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::VARCHAR | Type::INT8 | Type::FLOAT8)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Value, Refused> {
        Ok(match *kind {
            Type::INT8 => Value::Whole(i64::from_sql(kind, raw)?),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            _ => Value::Text(String::from_sql(kind, raw)?),
        })
    }

    fn accepts(kind: &Type) -> bool {
        <Value as ToSql>::accepts(kind)
    }
}

fn failed(error: postgres::Error) -> Error {
    Error::Storage(said(&error))
}
