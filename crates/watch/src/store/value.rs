//! What both databases hold, and nothing else.

use crate::Error;

/// A value.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    #[default]
    Nothing,
}

/// A row of values.
pub type Row = [Value];

impl Value {
    /// A text, or an error that says that the database holds something else.
    pub fn text(&self) -> Result<&str, Error> {
        match self {
            Value::Text(text) => Ok(text),
            _ => Err(Error::Foreign),
        }
    }

    pub fn whole(&self) -> Result<i64, Error> {
        match self {
            Value::Whole(whole) => Ok(*whole),
            _ => Err(Error::Foreign),
        }
    }

    pub fn real(&self) -> Result<f64, Error> {
        match self {
            Value::Real(real) => Ok(*real),
            _ => Err(Error::Foreign),
        }
    }

    /// A count.
    pub fn count(&self) -> Result<u64, Error> {
        u64::try_from(self.whole()?).map_err(|_| Error::Foreign)
    }

    pub fn optional(&self) -> Option<&str> {
        self.text().ok()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Value {
        Value::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Value {
        Value::Whole(whole)
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Value {
        Value::Real(real)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Nothing, Into::into)
    }
}
