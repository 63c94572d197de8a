//! A file of lines without some of them.

use crate::place::Place;
use crate::{Compression, Limits, compression};
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Copies all lines but `rows`, packed as they were; which rows were there.
pub(super) fn copy(
    place: &Place,
    name: &str,
    packed: Option<Compression>,
    rows: &BTreeSet<u64>,
    target: &Path,
) -> io::Result<BTreeSet<u64>> {
    let reader = compression::unpack(place.open(name)?, packed, &Limits::default())?;
    let writer = BufWriter::new(File::create_new(target)?);
    let (removed, writer) = match packed {
        None => filter(reader, rows, writer)?,
        Some(Compression::Gzip) => {
            let (removed, encoder) = filter(reader, rows, GzEncoder::new(writer, flate2::Compression::default()))?;
            (removed, encoder.finish()?)
        }
        Some(Compression::Zstd) => {
            let (removed, encoder) = filter(reader, rows, zstd::Encoder::new(writer, 0)?)?;
            (removed, encoder.finish()?)
        }
    };
    writer.into_inner()?.sync_all()?;
    Ok(removed)
}

/// Writes the lines that stay, newlines included, however long they are.
fn filter<W: Write>(mut reader: impl Read, rows: &BTreeSet<u64>, mut writer: W) -> io::Result<(BTreeSet<u64>, W)> {
    let mut removed = BTreeSet::new();
    let mut buffer = vec![0; 1 << 20];
    let mut row = 1;
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok((removed, writer));
        }
        for piece in buffer[..read].split_inclusive(|&byte| byte == b'\n') {
            if rows.contains(&row) {
                removed.insert(row);
            } else {
                writer.write_all(piece)?;
            }
            row += u64::from(piece.ends_with(b"\n"));
        }
    }
}
