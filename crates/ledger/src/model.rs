//! A model on disk: its files, their digests, and the digest of all of them as OpenSSF Model Signing computes it; so a model has one name in
//! the ledger, in its signature and in every export.

mod signature;

use crate::error::Error;
use crate::hash::Digest;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use signature::{Bundle, Manifest, Signed, sign_model, verify_model};

/// Names of a folder that belong to Git and not to the model.
pub const OF_GIT: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];
/// The name of a signature, by custom: it cannot be about itself.
pub const SIGNATURE: &str = "model.sig";

/// How a model becomes a list of digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Bytes of a part, where files are cut into parts; 0 where each is one.
    pub shard: u64,
    /// Whether links to files stand for the files.
    pub links: bool,
    /// Paths below the model that are left out, with all that is below them.
    pub ignored: Vec<PathBuf>,
}

impl Listing {
    /// The files of the model, each with its digest, in the order of their paths' components. A model that is one file is called `.`.
    ///
    /// # Errors
    /// A file cannot be read, there is none, or something is neither file nor folder: what is not looked at must not seem to be signed.
    pub fn of(&self, model: &Path) -> Result<Vec<(String, Digest)>, Error> {
        let mut files = Vec::new();
        if model.is_file() {
            files.push((".".to_owned(), model.to_owned()));
        } else {
            self.below(model, Path::new(""), &mut files)?;
        }
        // Python's paths are ordered by their components: `a/b` comes before `a.b`.
        files.sort_by(|one, other| Path::new(&one.0).cmp(Path::new(&other.0)));
        if files.is_empty() {
            return Err(Error::input(model.display(), "there is no file of a model there"));
        }
        let digests = files.par_iter().map(|(name, path)| self.digests(name, path)).collect::<Result<Vec<_>, _>>()?;
        Ok(digests.into_iter().flatten().collect())
    }

    fn below(&self, model: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), Error> {
        let place = model.join(folder);
        let unread = |error: std::io::Error| Error::input(place.display(), format!("cannot be read ({error})"));
        for entry in std::fs::read_dir(&place).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let below = folder.join(entry.file_name());
            if self.ignored.iter().any(|ignored| below.starts_with(ignored)) {
                continue;
            }
            let kind = entry.file_type().map_err(unread)?;
            if kind.is_dir() {
                self.below(model, &below, files)?;
            } else if kind.is_file() || (self.links && kind.is_symlink() && entry.path().is_file()) {
                let name = below.to_str().ok_or_else(|| Error::input(entry.path().display(), "its name is no text"))?;
                files.push((name.to_owned(), entry.path()));
            } else {
                let why = "is a link or no file, and would not be covered; copy the model without links (cp -rL)";
                return Err(Error::input(entry.path().display(), why));
            }
        }
        Ok(())
    }

    fn digests(&self, name: &str, path: &Path) -> Result<Vec<(String, Digest)>, Error> {
        let unread = |error: std::io::Error| Error::input(path.display(), format!("cannot be read ({error})"));
        let mut file = File::open(path).map_err(unread)?;
        if self.shard == 0 {
            return Ok(vec![(name.to_owned(), digest(file).map_err(unread)?)]);
        }
        let (mut parts, mut start, length) = (Vec::new(), 0, file.metadata().map_err(unread)?.len());
        while start < length {
            let end = length.min(start.saturating_add(self.shard));
            file.seek(SeekFrom::Start(start)).map_err(unread)?;
            parts.push((format!("{name}:{start}:{end}"), digest((&mut file).take(end - start)).map_err(unread)?));
            start = end;
        }
        Ok(parts)
    }
}

/// The digest of a model: of its file, or, for a folder, SHA-256 over the digests of its files. Git's files and a signature do not count.
///
/// # Errors
/// A file cannot be read.
pub fn model_digest(path: &Path) -> Result<Digest, Error> {
    let ignored = OF_GIT.iter().chain([&SIGNATURE]).map(PathBuf::from).collect();
    let files = Listing { ignored, ..Listing::default() }.of(path)?;
    Ok(if path.is_file() { files[0].1 } else { root(&files) })
}

/// The digest of all digests, in their order.
fn root(files: &[(String, Digest)]) -> Digest {
    Digest(files.iter().fold(Sha256::new(), |hash, (_, digest)| hash.chain_update(digest.0)).finalize().into())
}

fn digest(mut from: impl Read) -> std::io::Result<Digest> {
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(Digest(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
