//! Who said this? Keys kept in files or behind a command, and signed statements.
//!
//! [`Signer`] signs with Ed25519, [`key`] makes and keeps its keys, [`dsse`] wraps a payload and its type with signatures. [`ec`] has keys
//! of ECDSA, for formats that know no other.
//!
//! ```
//! let signer = sign::Signer::from_seed([7; 32]);
//! let sealed = sign::dsse::seal(&signer, "text/plain", b"so it was")?;
//! assert_eq!(sign::dsse::open(&sealed, "text/plain", &[signer.public()])?, b"so it was");
//! # Ok::<(), sign::Error>(())
//! ```

pub mod dsse;
pub mod ec;
mod error;
pub mod key;
mod signer;

pub use ed25519_dalek::VerifyingKey;
pub use error::Error;
pub use signer::Signer;
