//! The published JSON schemas (`docs/schema/`), derived from the result model; a test keeps the files in step.

use crate::{AuditReport, CheckReport, CompareReport, ScanReport, TraceReport, WatchReport};
use schemars::schema_for;
use serde_json::Value;

/// JSON Schema (2020-12) of the report of `taster scan`.
pub fn scan() -> Value {
    schema_for!(ScanReport).to_value()
}

/// JSON Schema (2020-12) of the report of `taster check --json`.
pub fn check() -> Value {
    schema_for!(CheckReport).to_value()
}

/// JSON Schema (2020-12) of the report of `taster compare`.
pub fn compare() -> Value {
    schema_for!(CompareReport).to_value()
}

/// JSON Schema (2020-12) of the report of `taster audit`.
pub fn audit() -> Value {
    schema_for!(AuditReport).to_value()
}

/// JSON Schema (2020-12) of the report of `taster trace`.
pub fn trace() -> Value {
    schema_for!(TraceReport).to_value()
}

/// JSON Schema (2020-12) of the report of `taster watch report --json`; its `Alarm` is a line of `taster watch alarms --json`.
pub fn watch() -> Value {
    schema_for!(WatchReport).to_value()
}
