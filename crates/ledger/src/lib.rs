//! Who supplied the data that taught this, and can anybody have changed the story since? A tamper-evident ledger of training data.
//!
//! A [`Record`] says where a document came from and what became of it. Records are sealed in [segments](segment); the log, a C2SP
//! tlog-tiles log on the same [`Store`], has the seals and what else was [stated](statement). Its checkpoints are signed and can be
//! cosigned by [witnesses](witness). A [`Ledger`] is all of that; [`Ledger::verify`] says where the story does not hold.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ledger::{Digest, Disposition, Home, Ledger, Origin, Record, Signing, statement::COLLECTION};
//! let folder = tempfile::tempdir()?;
//! let (place, home) = (folder.path().join("ledger"), Home::at(&folder.path().join("home")));
//! let ledger = Ledger::init(&place.display().to_string(), home, "example.com/data", &Signing::File { passphrase: None })?;
//!
//! let mut adder = ledger.add(Origin { predicate_type: COLLECTION, about: serde_json::json!({ "source": "made up" }) })?;
//! let content = Digest::of(b"print(1)\n");
//! adder.push(&Record {
//!     content,
//!     length: 9,
//!     swhid: None,
//!     source: "made up".to_owned(),
//!     commit: None,
//!     path: b"one.py".to_vec(),
//!     author: None,
//!     committer: None,
//!     committed: None,
//!     licence: Some("MIT".to_owned()),
//!     collected: 1_700_000_000,
//!     collector: adder.collector(),
//!     method: "folder".to_owned(),
//!     transform: None,
//!     parents: Vec::new(),
//!     disposition: Disposition::Kept,
//! })?;
//! adder.finish()?;
//! ledger.seal()?;
//!
//! let snapshot = ledger.snapshot()?;
//! let found = ledger.find(&snapshot, &content)?;
//! let proof = ledger.prove(&snapshot, &found[0])?.to_string();
//! assert_eq!(ledger::check(&proof, ledger.policy())?, found[0].record);
//! assert!(ledger.verify(&|_| ()).faults.is_empty());
//! # Ok(())
//! # }
//! ```

mod adder;
mod blast;
pub mod checkpoint;
pub mod collect;
pub mod cosign;
mod entry;
mod error;
pub mod export;
mod hash;
mod home;
mod identity;
pub mod index;
mod ledger;
mod log;
pub mod merkle;
mod model;
pub mod note;
pub mod policy;
mod proof;
mod prove;
pub mod record;
mod revoke;
mod revoked;
pub mod segment;
pub mod serve;
mod snapshot;
pub mod statement;
mod store;
pub mod table;
pub mod tile;
mod tiles;
mod trace;
mod train;
mod transform;
mod verify;
pub mod witness;

pub use adder::{Adder, Origin};
pub use blast::{Blast, Reached};
pub use entry::{Entry, Logged, Stated};
pub use error::Error;
pub use hash::Digest;
pub use home::{Home, Signing};
pub use identity::Identities;
pub use ledger::{Ledger, Sealed};
pub use log::Log;
pub use model::{Bundle, Manifest, Signed, model_digest, sign_model, verify_model};
pub use proof::Proof;
pub use prove::{Found, Place, check};
pub use record::{Disposition, Record};
pub use revoke::{Revocation, Target};
pub use revoked::Revoked;
pub use snapshot::Snapshot;
pub use store::Store;
pub use trace::{Alike, Forward, LONGEST as LONGEST_QUERY, Match, Proved, Span, told, trace, verbatim};
pub use train::{Making, Run, Training};
pub use transform::{Outcome, Transformed, Transforming};
pub use verify::{Fault, Verification};
