//! The name of a database, as `--database` takes it.

use super::{Connection, postgres, sqlite};
use crate::Error;
use std::path::PathBuf;
use std::str::FromStr;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL, by its address.
    Postgres(String),
}

impl Database {
    /// Opens it, with its tables.
    pub(crate) fn open(&self) -> Result<Box<dyn Connection>, Error> {
        match self {
            Database::File(path) => Ok(Box::new(sqlite::Sqlite::open(path)?)),
            Database::Postgres(address) => Ok(Box::new(postgres::Postgres::open(address)?)),
        }
    }
}

impl FromStr for Database {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> Result<Database, Self::Err> {
        let postgres = name.starts_with("postgres://") || name.starts_with("postgresql://");
        Ok(if postgres { Database::Postgres(name.to_owned()) } else { Database::File(name.into()) })
    }
}

impl std::fmt::Display for Database {
    /// Without the password that an address may hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Database::File(path) => path.display().fmt(f),
            Database::Postgres(address) => {
                let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
                write!(f, "{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let database: Database = "postgres://taster:s3cret@db.example/watch".parse().unwrap();
        assert_eq!(database.to_string(), "postgres://db.example/watch");
        assert_eq!("watch.db".parse(), Ok(Database::File("watch.db".into())));
    }
}
