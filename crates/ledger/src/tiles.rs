//! Trees that are read tile by tile: the log's, whose tiles are objects, and a segment's, whose tiles are parts of one object.

use crate::error::Error;
use crate::hash::Digest;
use crate::merkle::{self, Nodes};
use crate::segment::{Seal, layout};
use crate::store::Store;
use crate::tile::{self, HEIGHT, Tile, WIDTH};
use std::cell::RefCell;
use std::collections::HashMap;

/// A tree of so many leaves whose tiles are fetched when they are needed, each once.
pub struct Tiles<F> {
    size: u64,
    fetch: F,
    seen: RefCell<HashMap<Tile, Vec<Digest>>>,
}

impl<F: Fn(&Tile) -> Result<Vec<Digest>, Error>> Tiles<F> {
    /// A tree of so many leaves; `fetch` gives as many hashes as the tile is wide.
    pub fn new(size: u64, fetch: F) -> Tiles<F> {
        Tiles { size, fetch, seen: RefCell::default() }
    }
}

impl<F: Fn(&Tile) -> Result<Vec<Digest>, Error>> Nodes for Tiles<F> {
    type Error = Error;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Error> {
        let (tiles, within) = (level / HEIGHT, level % HEIGHT);
        let first = index << within;
        let place = first / WIDTH;
        let width = WIDTH.min((self.size >> (HEIGHT * tiles)).saturating_sub(place * WIDTH));
        let tile = Tile { level: Some(tiles), index: place, width };
        let mut seen = self.seen.borrow_mut();
        let hashes = match seen.entry(tile) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert((self.fetch)(&tile)?),
        };
        tile::within(hashes, within, (first % WIDTH) >> within).ok_or_else(|| Error::broken(tile, "is too short"))
    }
}

/// The tree of a log in a store.
pub fn of_log(store: &Store, size: u64) -> impl Nodes<Error = Error> {
    Tiles::new(size, move |tile: &Tile| {
        tile::hashes(tile, &store.need(&tile.to_string())?)
            .ok_or_else(|| Error::broken(tile, "has not the length of a tile"))
    })
}

/// The tree of a segment in a store.
pub fn of_segment(store: &Store, seal: &Seal) -> impl Nodes<Error = Error> {
    let (path, layout) = (seal.tree_path(), layout(seal.records));
    Tiles::new(seal.records, move |tile: &Tile| {
        let level = tile.level.and_then(|level| layout.levels.get(level as usize));
        let start = level.ok_or_else(|| Error::broken(&path, "has no such level"))?.start + tile.index * WIDTH * 32;
        let bytes = store.range(&path, start..start + tile.width * 32)?;
        tile::hashes(tile, &bytes).ok_or_else(|| Error::broken(&path, "is too short"))
    })
}

/// A tree and the leaves that are to come after its own.
pub struct Longer<'a, N> {
    /// The tree.
    pub tree: &'a N,
    /// Its leaves.
    pub size: u64,
    /// Further ones.
    pub more: &'a [Digest],
}

impl<N: Nodes<Error = Error>> Nodes for Longer<'_, N> {
    type Error = Error;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Error> {
        if (index + 1) << level <= self.size {
            return self.tree.node(level, index);
        }
        if level > 0 {
            return Ok(merkle::node(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?));
        }
        let leaf = usize::try_from(index - self.size).ok().and_then(|at| self.more.get(at));
        leaf.copied().ok_or_else(|| Error::broken("the log", "is shorter than its tree"))
    }
}
