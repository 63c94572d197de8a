//! A folder as a store. Objects appear whole: they are written beside their place and renamed. Whoever replaces one holds a lock on a
//! file, which the system takes from a process that ends, however it ends.

use super::{Version, bounded};
use crate::error::Error;
use bytes::Bytes;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: &str = ".lock";
/// Files that are being written; one of a killed process stays and is nothing.
const UNFINISHED: &str = ".unfinished-";

/// A folder.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    written: AtomicU64,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Folder {
        Folder { root: root.to_owned(), written: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, path: &str) -> Result<Option<Version>, Error> {
        match File::open(self.root.join(path)) {
            Ok(file) => Ok(Some(Version { bytes: bounded(file, path)?, tag: None })),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unread(path, &error)),
        }
    }

    pub(super) fn range(&self, path: &str, range: Range<u64>) -> Result<Bytes, Error> {
        let mut file = self.file(path)?;
        file.seek(SeekFrom::Start(range.start)).map_err(|error| unread(path, &error))?;
        bounded(file.take(range.end - range.start), path)
    }

    /// The object at a path, which must be there, as a file.
    pub(crate) fn file(&self, path: &str) -> Result<File, Error> {
        File::open(self.root.join(path)).map_err(|error| match absent(&error) {
            true => Error::broken(path, "is missing"),
            false => unread(path, &error),
        })
    }

    /// The bytes of the object at a path, if there is one.
    pub(crate) fn length(&self, path: &str) -> Result<Option<u64>, Error> {
        match fs::metadata(self.root.join(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unread(path, &error)),
        }
    }

    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.put_by(path, &|file| file.write_all(bytes))
    }

    /// Writes an object that is never in memory as a whole.
    pub(crate) fn put_by(&self, path: &str, write: &dyn Fn(&mut File) -> std::io::Result<()>) -> Result<(), Error> {
        self.write(&self.root.join(path), write).map_err(|error| {
            Error::store(
                self.root.join(path).display(),
                format!("cannot be written ({error}); free space, or mend the folder's permissions"),
            )
        })
    }

    fn write(&self, path: &Path, write: &dyn Fn(&mut File) -> std::io::Result<()>) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished =
            folder.join(format!("{UNFINISHED}{}-{number}-{:08x}", std::process::id(), rand::random::<u32>()));
        let mut file = File::create_new(&unfinished)?;
        let written = write(&mut file).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        File::open(folder)?.sync_all()
    }

    pub(super) fn swap(&self, path: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<bool, Error> {
        let _held = self.lock()?;
        let now = self.get(path)?;
        if now.as_ref().map(Version::bytes) != expected.map(Version::bytes) {
            return Ok(false);
        }
        self.put(path, bytes)?;
        Ok(true)
    }

    /// Held until it is dropped.
    fn lock(&self) -> Result<File, Error> {
        let path = self.root.join(LOCK);
        let locked = fs::create_dir_all(&self.root)
            .and_then(|()| File::options().create(true).truncate(false).write(true).open(&path))
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| {
            Error::store(path.display(), format!("cannot be locked ({error}); use a file system with locks"))
        })
    }

    pub(super) fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, Error> {
        // The last part of a prefix may be the beginning of a name.
        let start = prefix.rfind('/').map_or("", |at| &prefix[..at]);
        let (mut found, mut folders) = (Vec::new(), vec![start.to_owned()]);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if absent(&error) => continue,
                Err(error) => return Err(unread(&folder, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| unread(&folder, &error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with(UNFINISHED) || (folder.is_empty() && name == LOCK) {
                    continue;
                }
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let metadata = match entry.metadata() {
                    Ok(metadata) => metadata,
                    // Another writer has tidied up.
                    Err(error) if absent(&error) => continue,
                    Err(error) => return Err(unread(&path, &error)),
                };
                if metadata.is_dir() {
                    folders.push(path);
                } else if path.starts_with(prefix) {
                    found.push((path, metadata.len()));
                }
            }
        }
        Ok(found)
    }

    pub(super) fn delete(&self, path: &str) -> Result<(), Error> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if !absent(&error) => Err(Error::store(path, format!("cannot be deleted ({error})"))),
            _ => Ok(()),
        }
    }
}

fn absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unread(path: &str, error: &std::io::Error) -> Error {
    Error::store(path, format!("cannot be read ({error})"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Store;
    use bytes::Bytes;

    #[test]
    fn of_many_who_replace_an_object_at_once_each_sees_what_the_one_before_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("new").to_str().unwrap()).unwrap();
        store.probe().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        loop {
                            let now = store.version("count").unwrap();
                            let count =
                                now.as_ref().map_or(0, |it| std::str::from_utf8(it.bytes()).unwrap().parse().unwrap());
                            if store.swap("count", now.as_ref(), Bytes::from((count + 1).to_string())).unwrap() {
                                break;
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(store.get("count").unwrap().unwrap(), "200");
        assert_eq!(store.list("").unwrap(), [("count".to_owned(), 3)]);
    }

    #[test]
    fn objects_are_listed_by_prefix_and_read_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        for path in ["a/b/c", "a/bd", "a/x", "e"] {
            store.put(path, Bytes::from_static(b"bytes")).unwrap();
        }
        let paths = |prefix| store.list(prefix).unwrap().into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(paths("a/b"), ["a/b/c", "a/bd"]);
        assert_eq!(paths("none/"), [""; 0]);
        assert_eq!(store.range("a/x", 1..3).unwrap(), "yt");
        assert!(store.range("a/x", 1..30).unwrap_err().to_string().contains("shorter"));
        assert!(store.need("none").unwrap_err().to_string().contains("missing"));
    }
}
