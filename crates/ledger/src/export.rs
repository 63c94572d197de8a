//! The ledger in the formats of others: views, made of what the log says and of nothing else. An [`Inventory`] has what all of them tell;
//! each format is a file, a function from the inventory to text, and a line of [`FORMATS`].

mod croissant;
mod cyclonedx;
mod inventory;
mod slsa;
mod spdx;

use crate::error::Error;
use std::io::Write;
use std::path::Path;

pub use inventory::{Counted, Data, Inventory, Made, Model, Subject};

/// A format.
pub struct Format {
    /// What it is called.
    pub name: &'static str,
    /// What it is, in a line.
    pub what: &'static str,
    /// Writes an inventory. The address is where the ledger's objects are read by whoever reads the export.
    pub write: fn(&Inventory, &str) -> Result<String, serde_json::Error>,
}

/// All formats.
pub const FORMATS: [Format; 4] = [
    Format {
        name: "slsa",
        what: "the signed in-toto statements in DSSE, SLSA provenance first, a line each",
        write: slsa::write,
    },
    Format {
        name: "cyclonedx",
        what: "a CycloneDX 1.6 bill of materials of models and data, JSON",
        write: cyclonedx::write,
    },
    Format { name: "spdx", what: "SPDX 3.0.1 with the profiles AI and Dataset, JSON-LD", write: spdx::write },
    Format { name: "croissant", what: "Croissant 1.0 of the data's records, JSON-LD", write: croissant::write },
];

/// Writes a file at once: whoever reads it sees all of it, or what was there before.
///
/// # Errors
/// It cannot be written.
pub fn put(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let written = builder.prefix(".taster-").tempfile_in(folder).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error).map(|_| ())
    });
    written.map_err(|error| Error::input(path.display(), format!("cannot be written ({error})")))
}
