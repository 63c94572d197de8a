//! Under which licence is a document? Its own header says (`SPDX-License-Identifier`), or the licence file of the nearest folder above it.

use crate::error::Error;
use spdx::detection::{Store, TextData};
use spdx::{Expression, ParseMode};
use std::collections::HashMap;

/// What is stated about how licences were found.
pub(super) const DETECTOR: &str = "SPDX header, else the nearest licence file, by its text";
const TAG: &[u8] = b"SPDX-License-Identifier:";
/// A text that fits a licence less well is none.
const FITS: f32 = 0.9;
/// Larger files are no licences.
pub(super) const LARGEST: u64 = 256 << 10;
/// Longer expressions are not believed.
const LONGEST: usize = 500;

/// Recognises licences.
pub struct Licences {
    store: Store,
    /// Of what names none.
    otherwise: Option<String>,
}

impl Licences {
    /// Knows the texts of SPDX's list.
    ///
    /// # Errors
    /// `otherwise` is no SPDX expression.
    pub fn load(otherwise: Option<&str>) -> Result<Licences, Error> {
        let store = Store::load_inline().map_err(|error| Error::input("the list of licences", format!("{error:?}")))?;
        let otherwise = otherwise.map(|text| {
            expression(text).ok_or_else(|| {
                Error::input(format!("--licence {text}"), "is no SPDX expression, such as MIT OR Apache-2.0")
            })
        });
        Ok(Licences { store, otherwise: otherwise.transpose()? })
    }

    /// The licence whose text this is.
    pub fn of_text(&self, bytes: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(bytes).ok()?;
        if let Some(tagged) = of_header(bytes) {
            return Some(tagged);
        }
        let found = self.store.analyze(&TextData::new(text));
        (found.score >= FITS).then(|| found.name.to_owned())
    }

    /// The licence of a document: by its beginning, else by the folders above.
    pub(super) fn of(&self, head: &[u8], path: &[u8], folders: &Folders) -> Option<String> {
        of_header(head).or_else(|| folders.above(path)).or_else(|| self.otherwise.clone())
    }

    /// The licence of a row: by its text's beginning, else by its column, in which several are joined with commas and all said to hold.
    pub(super) fn of_row(&self, head: &[u8], column: Option<&str>) -> Option<String> {
        let several = |column: &str| {
            let each: Option<Vec<String>> = column.split(',').map(expression).collect();
            each.map(|each| each.join(" AND "))
        };
        of_header(head).or_else(|| column.and_then(several)).or_else(|| self.otherwise.clone())
    }
}

/// The licences of folders.
#[derive(Default)]
pub(super) struct Folders {
    licences: HashMap<Vec<u8>, String>,
}

impl Folders {
    /// A licence file was found. Where a folder has several, all are said to hold: whether one may choose stands in prose.
    pub(super) fn found(&mut self, path: &[u8], licence: String) {
        let both = |known: &mut String| {
            if !known.split(" AND ").any(|it| it == licence) {
                *known = format!("{known} AND {licence}");
            }
        };
        self.licences.entry(folder(path).to_vec()).and_modify(both).or_insert_with(|| licence.clone());
    }

    fn above(&self, path: &[u8]) -> Option<String> {
        let mut folder = folder(path);
        loop {
            match self.licences.get(folder) {
                Some(licence) => return Some(licence.clone()),
                None if folder.is_empty() => return None,
                None => folder = self::folder(folder),
            }
        }
    }
}

fn folder(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |at| &path[..at])
}

/// Whether a file's name is that of a licence.
pub(super) fn is_licence(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path).to_ascii_uppercase();
    [&b"LICENSE"[..], b"LICENCE", b"COPYING", b"UNLICENSE"].iter().any(|it| name.starts_with(it))
}

fn of_header(head: &[u8]) -> Option<String> {
    let at = head.windows(TAG.len()).position(|window| window == TAG)? + TAG.len();
    let line = head[at..].split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line).ok()?;
    let text = text.trim().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}");
    expression(text)
}

fn expression(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() <= LONGEST && Expression::parse_mode(text, ParseMode::LAX).is_ok()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_header_comes_before_the_nearest_licence_file_and_that_before_nothing() {
        let licences = Licences::load(None).unwrap();
        let mut folders = Folders::default();
        folders.found(b"LICENSE-MIT", "MIT".to_owned());
        folders.found(b"LICENSE-APACHE", "Apache-2.0".to_owned());
        folders.found(b"third/LICENSE", "BSD-3-Clause".to_owned());
        let of = |head: &str, path: &str| licences.of(head.as_bytes(), path.as_bytes(), &folders);
        assert_eq!(of("// SPDX-License-Identifier: GPL-2.0-only\nint", "third/a.c").as_deref(), Some("GPL-2.0-only"));
        assert_eq!(of("/* SPDX-License-Identifier: MIT OR Apache-2.0 */", "a.c").as_deref(), Some("MIT OR Apache-2.0"));
        assert_eq!(of("// SPDX-License-Identifier: whatever I like", "third/b/a.c").as_deref(), Some("BSD-3-Clause"));
        assert_eq!(of("", "src/a.c").as_deref(), Some("MIT AND Apache-2.0"));
        assert_eq!(licences.of(b"", b"a.c", &Folders::default()), None);
    }

    #[test]
    fn a_row_has_the_licences_of_its_column_if_all_are_known_and_its_text_says_none() {
        let licences = Licences::load(Some("CC0-1.0")).unwrap();
        let of = |head: &str, column| licences.of_row(head.as_bytes(), column).unwrap();
        assert_eq!(of("x = 1", Some("MIT, Apache-2.0")), "MIT AND Apache-2.0");
        assert_eq!(of("# SPDX-License-Identifier: ISC\n", Some("MIT")), "ISC");
        assert_eq!(of("x = 1", Some("MIT, whatever I like")), "CC0-1.0");
        assert_eq!(of("x = 1", None), "CC0-1.0");
    }

    #[test]
    fn a_licence_is_known_by_its_text_and_other_texts_are_none() {
        let licences = Licences::load(Some("CC0-1.0")).unwrap();
        let text = include_str!("../../../../LICENSE");
        assert_eq!(licences.of_text(text.as_bytes()).as_deref(), Some("Apache-2.0"));
        assert_eq!(licences.of_text(b"All rights reserved. Do not copy."), None);
        assert_eq!(licences.of(b"", b"x", &Folders::default()).as_deref(), Some("CC0-1.0"));
        assert!(Licences::load(Some("mine, all mine")).is_err());
    }
}
