//! How the suffix array of a shard is built.

use super::{BLOCK, END, PREFIX, damaged, text};
use crate::error::Error;
use crate::index::Index;
use crate::store::Folder;
use libsais::SuffixArrayConstruction;
use std::io::{BufWriter, Write};
use text::Place;

/// Builds the file of a shard that has these texts.
pub fn build(index: &Index, folder: &Folder, path: &str, places: &[Place]) -> Result<(), Error> {
    let mut texts = Vec::new();
    text::read_all(&index.store, places, &mut |text| {
        texts.extend_from_slice(text);
        texts.push(END);
    })?;
    if i32::try_from(texts.len()).is_err() {
        return Err(damaged(text::PLACES));
    }
    let sorting = SuffixArrayConstruction::for_text(&texts).in_owned_buffer32().single_threaded();
    let unsorted = |error| Error::input(path, format!("cannot be sorted ({error:?}); free some memory"));
    let array = sorting.run().map_err(unsorted)?.into_vec();
    folder.put_by(path, &|file| {
        let mut file = BufWriter::new(file);
        file.write_all(&texts)?;
        array.iter().try_for_each(|suffix| file.write_all(&suffix.to_le_bytes()))?;
        for &suffix in array.iter().step_by(BLOCK) {
            file.write_all(&beginning(&texts[suffix as usize..]))?;
        }
        file.flush()
    })
}

/// The first bytes of a suffix. Zeros after its end change no comparison: there stands a byte before them that no query has.
fn beginning(suffix: &[u8]) -> [u8; PREFIX] {
    let mut beginning = [0; PREFIX];
    let length = suffix.len().min(PREFIX);
    beginning[..length].copy_from_slice(&suffix[..length]);
    beginning
}
