//! The folder that `taster scan --out` fills.
#![allow(clippy::unwrap_used)]

mod sample;

use report::{AuditReport, Error, ScanReport, TraceReport, json, remove_all, write_all, write_audit, write_trace};

#[test]
fn all_four_files_are_written_whole_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/taster-report");
    for report in [sample::clean(), sample::poisoned()] {
        let paths = write_all(&report, &out).unwrap();
        assert!(paths.iter().all(|path| path.is_file()));
        let read: ScanReport = json::read(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
        assert_eq!(read, report);
    }
    let mut names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.html", "report.json", "report.sarif", "stix.json"]);
}

#[test]
fn a_report_that_cannot_be_written_whole_is_not_written_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let broken = ScanReport { seconds: f64::NAN, ..sample::clean() };
    assert!(matches!(write_all(&broken, folder.path()), Err(Error::Unwritable(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_a_file_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = write_all(&sample::clean(), file.path()).unwrap_err();
    assert!(error.to_string().contains(&file.path().display().to_string()) && error.to_string().contains("--out"));
}

#[test]
fn an_audit_is_written_whole_and_removed_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    for report in [sample::audit::poisoned(), sample::audit::clean(), sample::audit::hostile("\u{1b}<script>")] {
        assert_eq!(write_audit(&report, folder.path()).unwrap().len(), 4);
        let read: AuditReport =
            json::read(&std::fs::read_to_string(folder.path().join("audit.json")).unwrap()).unwrap();
        assert_eq!(read, report);
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["audit.html", "audit.json", "audit.sarif", "audit.stix.json"]);
    remove_all(folder.path()).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_trace_is_written_whole_and_removed_before_the_next_scan() {
    let folder = tempfile::tempdir().unwrap();
    for report in [sample::trace::found(), sample::trace::hostile("\u{1b}<script>")] {
        assert_eq!(write_trace(&report, folder.path()).unwrap().len(), 2);
        let written = std::fs::read_to_string(folder.path().join("trace.json")).unwrap();
        assert_eq!(json::read::<TraceReport>(&written).unwrap(), report);
    }
    assert!(folder.path().join("trace.html").is_file());
    remove_all(folder.path()).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
