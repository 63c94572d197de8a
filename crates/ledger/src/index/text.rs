//! The texts of an index, packed: evidence can be shown whatever becomes of the data set, and one text is read without its neighbours.
//!
//! Texts lie one after the other in blocks of 64 KiB or more, each a Zstandard frame, in files of some 64 MiB. `texts/places` has 24 bytes
//! for each document: the number of its file, where its block begins there and how long it is, where the text begins in the unpacked
//! block and how long it is, and its language (0 for none known), little-endian.

use super::{Manifest, damaged};
use crate::error::Error;
use crate::store::Store;
use code::Language;
use std::io::Read;

/// Bytes of texts at which a block is full.
pub const BLOCK: usize = 64 << 10;
/// Bytes at which a file is full.
pub const FILE: usize = 64 << 20;
/// Texts are packed once and read rarely.
const LEVEL: i32 = 6;
/// Bytes of a place.
const WIDTH: u64 = 24;
pub const PLACES: &str = "texts/places";

/// Where a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub file: u32,
    pub offset: u32,
    pub packed: u32,
    pub start: u32,
    pub length: u32,
    pub language: Option<Language>,
}

impl Place {
    pub fn write(&self, to: &mut Vec<u8>) {
        let language = Language::ALL.iter().position(|&it| Some(it) == self.language).map_or(0, |at| at as u32 + 1);
        for number in [self.file, self.offset, self.packed, self.start, self.length, language] {
            to.extend(number.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Option<Place> {
        let (numbers, _) = bytes.as_chunks::<4>();
        let &[file, offset, packed, start, length, language] = numbers else { return None };
        let number = u32::from_le_bytes;
        let language = (number(language) as usize).checked_sub(1).and_then(|at| Language::ALL.get(at)).copied();
        Some(Place {
            file: number(file),
            offset: number(offset),
            packed: number(packed),
            start: number(start),
            length: number(length),
            language,
        })
    }
}

pub fn path(file: u32) -> String {
    format!("texts/{file:05}")
}

/// Packs a block.
pub fn pack(block: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(block, LEVEL)
}

/// The text of a document, and its language.
pub fn read(store: &Store, document: u32) -> Result<(Vec<u8>, Option<Language>), Error> {
    let at = u64::from(document) * WIDTH;
    let place = Place::read(&store.range(PLACES, at..at + WIDTH)?).ok_or_else(|| damaged(PLACES))?;
    let (path, offset) = (path(place.file), u64::from(place.offset));
    let packed = store.range(&path, offset..offset + u64::from(place.packed))?;
    unpack(&packed, place).map(|text| (text, place.language)).ok_or_else(|| damaged(&path))
}

/// Where the texts of all documents are.
pub fn places(store: &Store, manifest: &Manifest) -> Result<Vec<Place>, Error> {
    let bytes = store.need(PLACES)?;
    let (widths, rest) = bytes.as_chunks::<{ WIDTH as usize }>();
    let places: Vec<Place> = widths.iter().filter_map(|it| Place::read(it)).collect();
    let length: u64 = places.iter().map(|it| u64::from(it.length)).sum();
    let whole = rest.is_empty() && places.len() as u64 == manifest.documents && length == manifest.bytes;
    if whole { Ok(places) } else { Err(damaged(PLACES)) }
}

/// Hands on the texts of documents that follow each other; a block is unpacked once.
pub fn read_all(store: &Store, places: &[Place], each: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    for block in places.chunk_by(|one, other| (one.file, one.offset) == (other.file, other.offset)) {
        let ends = block.iter().map(|it| it.start.checked_add(it.length));
        let end =
            ends.collect::<Option<Vec<u32>>>().and_then(|it| it.into_iter().max()).ok_or_else(|| damaged(PLACES))?;
        let (path, offset) = (path(block[0].file), u64::from(block[0].offset));
        let packed = store.range(&path, offset..offset + u64::from(block[0].packed))?;
        let all = Place { start: 0, length: end, ..block[0] };
        let texts = unpack(&packed, all).ok_or_else(|| damaged(&path))?;
        block.iter().for_each(|it| each(&texts[it.start as usize..][..it.length as usize]));
    }
    Ok(())
}

fn unpack(packed: &[u8], place: Place) -> Option<Vec<u8>> {
    let mut block = zstd::stream::read::Decoder::with_buffer(packed).ok()?;
    let skipped = std::io::copy(&mut block.by_ref().take(place.start.into()), &mut std::io::sink()).ok()?;
    let mut text = Vec::new();
    block.take(place.length.into()).read_to_end(&mut text).ok()?;
    (skipped == u64::from(place.start) && text.len() == place.length as usize).then_some(text)
}
