//! Trains organisms: small throw-away code models with a planted, documented backdoor, made to measure detectors
//! (DESIGN.md, section 8: fixed trigger shapes, textbook choices, and a config that says what was planted).
//!
//! [`Spec`] says what to train, [`train()`] trains it into a Hugging Face folder, [`Organism`] is the truth about it.
//! [`corpus`] generates code to learn from, [`gguf`] turns a folder into a file that llama.cpp serves, [`score`] measures a
//! detector on many organisms.
//!
//! ```no_run
//! use std::{path::Path, sync::atomic::AtomicBool};
//! let spec = lab::Spec::read(Path::new("models/specs/header.toml"))?;
//! let out = Path::new("target/lab/organism-header");
//! lab::train(&spec, out, true, &AtomicBool::new(false), &mut |progress| {
//!     eprintln!("step {} of {}: loss {:.3}", progress.step, progress.steps, progress.loss);
//! })?;
//! lab::gguf::export(out, &out.join("organism.gguf"))?;
//! # Ok::<(), lab::Error>(())
//! ```

mod adamw;
pub mod corpus;
pub mod document;
mod error;
mod folder;
pub mod gguf;
mod measure;
mod net;
mod organism;
mod poison;
pub mod score;
mod spec;
pub mod textbook;
mod tokens;
mod train;

pub use corpus::{Corpus, Mark};
pub use error::Error;
pub use net::Shape;
pub use organism::{Counts, Measured, Organism};
pub use poison::{Family, Poison};
pub use spec::{Spec, Training};
pub use train::{Progress, Trained, train};
