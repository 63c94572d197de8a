//! Data sets of every kind, whole, broken and hostile. One program, since it links what reads them once.
#![allow(clippy::unwrap_used)]

mod cleaning;
mod common;
mod folder;
mod history;
mod jsonl;
mod store;
mod tables;
