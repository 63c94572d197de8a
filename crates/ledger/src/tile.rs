//! A log as static files (C2SP tlog-tiles): where tiles and bundles of entries are, and what is in them.

use crate::hash::Digest;
use crate::merkle::{Nodes, Tree};
use std::fmt;

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u64 = 256;
/// Levels of a tree in a level of tiles.
pub const HEIGHT: u32 = 8;
/// A longer entry has no place in a bundle.
pub const LONGEST: usize = 65_535;

/// A tile, or a bundle of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The level of tiles; `None` for a bundle of entries.
    pub level: Option<u32>,
    /// Which of its level.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256; fewer than 256 only at the end of the log.
    pub width: u64,
}

impl fmt::Display for Tile {
    /// Its path.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "tile/{level}/")?,
            None => write!(f, "tile/entries/")?,
        }
        let digits = format!("{:03}", self.index);
        // Groups of three digits, all but the last with an x before.
        let padded = format!("{digits:0>width$}", width = digits.len().div_ceil(3) * 3);
        let groups = padded.len() / 3;
        for group in 0..groups {
            let digits = &padded[3 * group..3 * group + 3];
            if group + 1 < groups { write!(f, "x{digits}/")? } else { write!(f, "{digits}")? }
        }
        if self.width < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl Tile {
    /// The tile that a path names, if it is one.
    pub fn parse(path: &str) -> Option<Tile> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = if level == "entries" { None } else { Some(level.parse().ok().filter(|level| *level < 64)?) };
        let (digits, width) = match rest.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let index = digits.replace(['x', '/'], "").parse().ok()?;
        let tile = Tile { level, index, width };
        // Whatever else could be read as the same tile is none.
        ((1..=WIDTH).contains(&width) && tile.to_string() == path).then_some(tile)
    }

    /// All tiles and bundles of a log of `size` entries that one of `known` entries does not have.
    pub fn new_in(known: u64, size: u64) -> Vec<Tile> {
        let mut tiles = Vec::new();
        for level in [None].into_iter().chain((0..HEIGHT).map(Some)) {
            let of = |size: u64| level.map_or(size, |level| size.checked_shr(HEIGHT * level).unwrap_or(0));
            let (before, after) = (of(known), of(size));
            if before == after {
                continue;
            }
            for index in before / WIDTH..after.div_ceil(WIDTH) {
                tiles.push(Tile { level, index, width: WIDTH.min(after - index * WIDTH) });
            }
        }
        tiles
    }
}

/// The hashes of a tile; `None` if it does not have as many as its width says.
pub fn hashes(tile: &Tile, bytes: &[u8]) -> Option<Vec<Digest>> {
    (bytes.len() as u64 == tile.width * 32).then(|| bytes.chunks_exact(32).filter_map(Digest::from_slice).collect())
}

/// The bytes of a tile.
pub fn bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The entries of a bundle; `None` if they are not exactly as many as its width says.
pub fn entries(tile: &Tile, mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    for _ in 0..tile.width {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}

/// The bytes of a bundle; `None` if an entry is too long.
pub fn bundle(entries: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Some(bytes)
}

/// The node of a level of the tree that a tile's hashes have: its level within the tile, and which one.
pub fn within(hashes: &[Digest], level: u32, index: u64) -> Option<Digest> {
    let width = 1u64 << level;
    let from = usize::try_from(index * width).ok()?;
    let below = hashes.get(from..from + usize::try_from(width).ok()?)?;
    let tree = Tree::new(below.to_vec());
    tree.range(0..width).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, index, width| Tile { level, index, width }.to_string();
        assert_eq!(path(Some(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(None, 0, 256), "tile/entries/000");
        assert_eq!(path(Some(2), 1000, 17), "tile/2/x001/000.p/17");
        for written in ["tile/0/x001/x234/067", "tile/entries/000.p/1", "tile/63/999"] {
            assert_eq!(Tile::parse(written).unwrap().to_string(), written);
        }
        for wrong in [
            "tile/0/0",
            "tile/64/000",
            "tile/0/x000/001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000/",
            "checkpoint",
        ] {
            assert_eq!(Tile::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_log_has_the_tiles_that_the_specification_counts() {
        let of = |size: u64| Tile::new_in(0, size);
        let count = |size, level, full: bool| {
            of(size).iter().filter(|it| it.level == level && (it.width == 256) == full).count()
        };
        assert_eq!((count(70_000, Some(0), true), count(70_000, Some(1), true)), (273, 1));
        let partial: Vec<String> = of(70_000).iter().filter(|it| it.width < 256).map(Tile::to_string).collect();
        assert_eq!(partial, ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        let all: Vec<String> = of(256).iter().map(Tile::to_string).collect();
        assert_eq!(all, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert!(of(0).is_empty());
    }

    #[test]
    fn what_is_added_step_by_step_is_what_a_log_has_at_its_end() {
        let mut steps: Vec<Tile> =
            [0, 3, 255, 256, 700, 70_000].windows(2).flat_map(|it| Tile::new_in(it[0], it[1])).collect();
        steps.retain(|tile| Tile::new_in(0, 70_000).contains(tile));
        steps.sort_by_key(|tile| (tile.level, tile.index));
        let mut all = Tile::new_in(0, 70_000);
        all.sort_by_key(|tile| (tile.level, tile.index));
        assert_eq!(steps, all);
    }

    #[test]
    fn a_bundle_of_the_wrong_length_is_none() {
        let tile = Tile { level: None, index: 0, width: 2 };
        let bytes = bundle(&[b"one".to_vec(), Vec::new()]).unwrap();
        assert_eq!(entries(&tile, &bytes).unwrap(), [b"one".to_vec(), Vec::new()]);
        assert_eq!(entries(&tile, &bytes[..bytes.len() - 1]), None);
        assert_eq!(entries(&tile, &[&bytes[..], b"x"].concat()), None);
        assert_eq!(bundle(&[vec![0; LONGEST + 1]]), None);
    }
}
