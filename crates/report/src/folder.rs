//! All files of a report in one folder.

use crate::{AuditReport, CompareReport, Error, ScanReport, TraceReport, html, json, sarif, stix};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The files of a scan's report, of a comparison's, of an audit's, and of a trace's.
const FILES: [&str; 4] = ["report.json", "report.sarif", "stix.json", "report.html"];
const COMPARISON: [&str; 2] = ["compare.json", "compare.html"];
const AUDIT: [&str; 4] = ["audit.json", "audit.sarif", "audit.stix.json", "audit.html"];
const TRACE: [&str; 2] = ["trace.json", "trace.html"];

/// Removes an earlier report from a folder, so that it cannot pass for the one that is on its way.
///
/// # Errors
/// [`Error::Write`] where a file is there and cannot be removed.
pub fn remove_all(folder: &Path) -> Result<(), Error> {
    for path in FILES.iter().chain(&COMPARISON).chain(&AUDIT).chain(&TRACE).map(|name| folder.join(name)) {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(Error::Write { path, source }),
            _ => {}
        }
    }
    Ok(())
}

/// Writes `report.html`, `report.json`, `report.sarif` and `stix.json` and returns their paths. Each is complete or not there:
/// it is written beside its place and then moved into it.
///
/// # Errors
/// [`Error::Write`] where the folder or a file cannot be written, [`Error::Unwritable`] where a number is not a number; then
/// nothing is written.
pub fn write_all(report: &ScanReport, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let contents =
        [json::write(report)?, sarif::scan(report)?, json::pretty(&stix::bundle(report))?, html::page(report)];
    write(folder, FILES.into_iter().zip(contents))
}

/// Writes `compare.json` and `compare.html` and returns their paths, each complete or not there.
///
/// # Errors
/// As [`write_all`].
pub fn write_comparison(report: &CompareReport, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let contents = [json::write(report)?, html::comparison(report)];
    write(folder, COMPARISON.into_iter().zip(contents))
}

/// Writes `audit.html`, `audit.json`, `audit.sarif` and `audit.stix.json` and returns their paths, each complete or not there.
///
/// # Errors
/// As [`write_all`].
pub fn write_audit(report: &AuditReport, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let contents =
        [json::write(report)?, sarif::audit(report)?, json::pretty(&stix::audit(report))?, html::audit(report)];
    write(folder, AUDIT.into_iter().zip(contents))
}

/// Writes `trace.json` and `trace.html` and returns their paths, each complete or not there.
///
/// # Errors
/// As [`write_all`].
pub fn write_trace(report: &TraceReport, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let contents = [json::write(report)?, html::trace(report)];
    write(folder, TRACE.into_iter().zip(contents))
}

fn write(folder: &Path, files: impl Iterator<Item = (&'static str, String)>) -> Result<Vec<PathBuf>, Error> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(error(folder))?;
    let mut paths = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        replace(folder, &path, &content).map_err(error(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

fn replace(folder: &Path, path: &Path, content: &str) -> std::io::Result<()> {
    let mut file = new_file(folder)?;
    file.write_all(content.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// Readable like any file the user makes; temporary files are private otherwise.
#[cfg(unix)]
fn new_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o644)).tempfile_in(folder)
}

#[cfg(not(unix))]
fn new_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}
