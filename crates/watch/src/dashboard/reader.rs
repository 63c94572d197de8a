//! One reader of the database for all requests, opened again after it has failed.

use crate::{Database, Error, Review};
use std::sync::{Mutex, PoisonError};

/// Reads, one request at a time.
pub struct Reader {
    database: Database,
    /// None after an error: a PostgreSQL that was away needs a new connection.
    review: Mutex<Option<Review>>,
}

impl Reader {
    /// Opens the database.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(database: Database) -> Result<Reader, Error> {
        let review = Mutex::new(Some(Review::open(&database)?));
        Ok(Reader { database, review })
    }

    /// Does some reading; blocks.
    ///
    /// # Errors
    /// The database fails.
    pub fn read<T>(&self, work: impl FnOnce(&mut Review) -> Result<T, Error>) -> Result<T, Error> {
        let mut kept = self.review.lock().unwrap_or_else(PoisonError::into_inner);
        let mut review = match kept.take() {
            Some(review) => review,
            None => Review::open(&self.database)?,
        };
        let read = work(&mut review)?;
        *kept = Some(review);
        Ok(read)
    }
}
