//! Training data as documents, whatever it lies in: what does this data set hold, and what stands in it twice?
//!
//! [`Dataset`] opens a folder, a git repository, JSONL or Parquet, here or on an object store, and cuts it into [`Part`]s, each
//! read in one go by one worker; [`Document`] is what a part hands on. What cannot be read is a [`Problem`], counted and named, and
//! the rest goes on.
//!
//! ```
//! use dataset::{Dataset, Limits};
//! # fn main() -> Result<(), dataset::DatasetError> {
//! let dataset = Dataset::open("src")?;
//! for part in dataset.parts() {
//!     let mut texts = 0;
//!     let read = part.read(&Limits::default(), &mut |document| texts += document.bytes.len(), &mut |problem| eprintln!("{problem}"));
//!     assert_eq!(read.bytes, texts as u64);
//! }
//! # Ok(())
//! # }
//! ```

mod clean;
#[cfg(feature = "cluster")]
pub mod cluster;
mod columns;
mod compression;
mod dataset;
mod document;
mod error;
mod extent;
mod files;
pub mod fingerprint;
mod folder;
mod history;
mod jsonl;
mod known;
mod limits;
mod lines;
mod part;
mod place;
mod removal;
mod table;

pub use clean::{Cleaned, clean};
pub use dataset::Dataset;
pub use document::Document;
pub use error::{DatasetError, Problem};
pub use extent::Extent;
pub use folder::Folder;
pub use history::{Commit, Version};
pub use known::Known;
pub use limits::Limits;
pub use part::{Compression, Kind, Part, PartRead};
pub use removal::Removal;
