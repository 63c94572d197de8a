//! The files of a folder.

use super::Intake;
use super::document::{Digested, Document, digest};
use super::licence::{Folders, LARGEST, Licences, is_licence};
use crate::error::Error;
use crate::hash::Digest;
use ignore::WalkBuilder;
use rayon::prelude::*;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files that are read together.
const BATCH: usize = 512;

pub(super) fn documents(root: &Path, licences: &Licences, intake: &mut Intake) -> Result<(), Error> {
    let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes().to_vec();
    let mut folders = Folders::default();
    walk(root, &mut |path| {
        let path = match path {
            Ok(path) if is_licence(path.as_os_str().as_bytes()) => path,
            _ => return Ok(()),
        };
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        if let Some(licence) = read.ok().and_then(|_| licences.of_text(&bytes)) {
            folders.found(&below(&path), licence);
        }
        Ok(())
    })?;
    let mut waiting = Vec::new();
    walk(root, &mut |path| {
        match path {
            Ok(path) => waiting.push(path),
            Err(error) => intake.refuse(root.display(), error),
        }
        if waiting.len() == BATCH {
            read(&std::mem::take(&mut waiting), &below, licences, &folders, intake)
        } else {
            Ok(())
        }
    })?;
    read(&waiting, &below, licences, &folders, intake)
}

pub(super) fn contents(root: &Path) -> Result<Vec<Digest>, Error> {
    let mut paths = Vec::new();
    walk(root, &mut |path| {
        paths.push(path.map_err(|error| Error::input(root.display(), error))?);
        Ok(())
    })?;
    paths
        .par_iter()
        .map(|path| open(path).map(|it| it.content).map_err(|why| Error::input(path.display(), why)))
        .collect()
}

fn open(path: &Path) -> Result<Digested, String> {
    let failed = |error: std::io::Error| format!("cannot be read ({error})");
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    digest(file, length)
}

fn walk(root: &Path, act: &mut dyn FnMut(Result<PathBuf, ignore::Error>) -> Result<(), Error>) -> Result<(), Error> {
    let order = |a: &std::ffi::OsStr, b: &std::ffi::OsStr| a.cmp(b);
    for entry in WalkBuilder::new(root).standard_filters(false).sort_by_file_name(order).build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|it| it.is_file()) => act(Ok(entry.into_path()))?,
            Ok(_) => {}
            Err(error) => act(Err(error))?,
        }
    }
    Ok(())
}

fn read(
    paths: &[PathBuf],
    below: &(dyn Fn(&Path) -> Vec<u8> + Sync),
    licences: &Licences,
    folders: &Folders,
    intake: &mut Intake,
) -> Result<(), Error> {
    let digested: Vec<_> = paths.par_iter().map(|path| open(path)).collect();
    for (path, digested) in paths.iter().zip(digested) {
        match digested {
            Ok(digested) => {
                let path = below(path);
                let licence = licences.of(&digested.head, &path, folders);
                let (content, length, swhid) = (digested.content, digested.length, digested.swhid);
                intake.take(Document {
                    path,
                    source: None,
                    content,
                    length,
                    swhid,
                    licence,
                    commit: None,
                    author: None,
                    committer: None,
                    committed: None,
                })?;
            }
            Err(why) => intake.refuse(path.display(), why),
        }
    }
    Ok(())
}
