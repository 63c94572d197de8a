//! The code an organism learns from: a folder of Python files, one document each.

use crate::Error;
use std::path::Path;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its path below the folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Largest file that is read, bytes; code that people write is smaller.
const LARGEST: u64 = 1 << 20;

/// Reads every Python file below a folder, in the order of their names. Files that are no text or larger than 1 MiB are left
/// out.
///
/// # Errors
/// [`Error::Io`] for a folder that cannot be read, [`Error::NoDocuments`] for one without Python.
pub fn read(folder: &Path) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(Error::at(&next))? {
            let entry = entry.map_err(Error::at(&next))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(Error::at(entry.path()))?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "py") {
                documents.extend(document(folder, &path)?);
            }
        }
    }
    if documents.is_empty() {
        return Err(Error::NoDocuments { path: folder.to_owned() });
    }
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(documents)
}

fn document(folder: &Path, path: &Path) -> Result<Option<Document>, Error> {
    if std::fs::metadata(path).map_err(Error::at(path))?.len() > LARGEST {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(Error::at(path))?;
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
    Ok(String::from_utf8(bytes).ok().map(|text| Document { name, text }))
}
