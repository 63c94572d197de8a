//! A report as JSON. The layout is the result model itself; [`crate::schema`] publishes it.

use crate::{Error, SCHEMA_VERSION, escape};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A [`crate::ScanReport`] or [`crate::CheckReport`] as indented JSON, safe to print: characters that would act on a
/// terminal or hide are written `\uXXXX`.
///
/// # Errors
/// [`Error::Unwritable`] where a number is not a number: JSON would silently hold `null`, and no reader could open it.
pub fn write<T: Serialize + DeserializeOwned>(report: &T) -> Result<String, Error> {
    let text = pretty(report)?;
    serde_json::from_str::<T>(&text).map_err(Error::Unwritable)?;
    Ok(text)
}

/// Any value as indented JSON that is safe to print.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(value).map_err(Error::Unwritable)?;
    Ok(escape::json(&text) + "\n")
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`Error::Unreadable`] where the text is no report, [`Error::Version`] where a later taster wrote it.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: u32,
    }
    let Versioned { schema_version: found } = serde_json::from_str(text).map_err(Error::Unreadable)?;
    if found > SCHEMA_VERSION {
        return Err(Error::Version { found, known: SCHEMA_VERSION });
    }
    serde_json::from_str(text).map_err(Error::Unreadable)
}
