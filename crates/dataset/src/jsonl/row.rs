//! What one line of JSON says about its document.

use crate::columns::{self, INNER, NESTED, Role};
use simd_json::prelude::{ValueAsScalar, ValueIntoString};
use simd_json::tape::{Object, Value};

/// The columns of a row that are known.
#[derive(Default)]
pub(super) struct Row<'a> {
    pub content: &'a str,
    pub path: Option<&'a str>,
    pub source: Option<&'a str>,
    pub contributor: Option<&'a str>,
    pub commit: Option<&'a str>,
    pub language: Option<&'a str>,
    pub time: Option<i64>,
    /// By [`Role`], how far back in the list the name of the column stands that was taken.
    taken: [Option<usize>; Role::COUNT],
}

impl<'a> Row<'a> {
    /// Reads an object; its licences are joined in `licence`.
    pub fn of(value: Value<'_, 'a>, licence: &mut String) -> Result<Row<'a>, String> {
        licence.clear();
        let mut row = Row::default();
        let object = value.as_object().ok_or("no JSON object; a row is an object with a text in `content`")?;
        for (key, value) in &object {
            if NESTED.contains(&key)
                && let Some(inner) = value.as_object()
            {
                for (key, value) in &inner {
                    row.take(key, INNER, value, licence);
                }
            } else {
                row.take(key, 0, value, licence);
            }
        }
        match row.taken[Role::Content as usize] {
            Some(rank) if rank < INNER => Ok(row),
            _ => Err(no_content(&object)),
        }
    }

    /// Takes a value for its role, if it is of the right kind and no better column was there.
    fn take(&mut self, key: &str, inner: usize, value: Value<'_, 'a>, licence: &mut String) {
        let Some((role, rank)) = Role::of(key) else { return };
        let (rank, taken) = (rank + inner, self.taken[role as usize]);
        if taken.is_some_and(|taken| taken <= rank) {
            return;
        }
        let text = text(value).filter(|text| !text.is_empty());
        let found = match role {
            Role::Content => self::text(value).map(|text| self.content = text),
            Role::Path => text.map(|text| self.path = Some(text)),
            Role::Source => text.map(|text| self.source = Some(text)),
            Role::Contributor => text.map(|text| self.contributor = Some(text)),
            Role::Commit => text.map(|text| self.commit = Some(text)),
            Role::Language => text.map(|text| self.language = Some(text)),
            Role::Time => time(value).map(|time| self.time = Some(time)),
            Role::Licence => join(value, licence),
        };
        if found.is_some() {
            self.taken[role as usize] = Some(rank);
        }
    }
}

fn text<'a>(value: Value<'_, 'a>) -> Option<&'a str> {
    value.into_string()
}

fn time(value: Value<'_, '_>) -> Option<i64> {
    match value.as_str() {
        Some(text) => columns::seconds_of_text(text),
        None => value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)).map(columns::seconds),
    }
}

/// Writes one licence, or a list of them; `None` where there is none.
fn join(value: Value<'_, '_>, licence: &mut String) -> Option<()> {
    licence.clear();
    match (value.as_str(), value.as_array()) {
        (Some(text), _) => licence.push_str(text),
        (_, Some(list)) => {
            for text in list.iter().filter_map(text) {
                columns::join(licence, text);
            }
        }
        _ => {}
    }
    (!licence.is_empty()).then_some(())
}

/// What to say of a row without a text: the columns that it has.
fn no_content(object: &Object<'_, '_>) -> String {
    let names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
    columns::no_content(&names)
}

/// Makes half pairs of surrogates, which Python writes and reads and nobody else does, replacement characters: a text must not escape
/// its reader because of one.
pub(super) fn mend_surrogates(line: &mut [u8]) {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&line[from..], b"\\u").map(|at| at + from) {
        from = at + 2;
        let escaped = line[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1;
        match (escaped, unit(line, at)) {
            (false, Some(0xD800..=0xDBFF)) if matches!(unit(line, at + 6), Some(0xDC00..=0xDFFF)) => from = at + 12,
            (false, Some(0xD800..=0xDFFF)) => line[at + 2..at + 6].copy_from_slice(b"fffd"),
            _ => {}
        }
    }
}

/// The UTF-16 unit that is written `\uXXXX` at a place.
fn unit(line: &[u8], at: usize) -> Option<u32> {
    let digits = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
