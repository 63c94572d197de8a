//! Fingerprints of code that do not change when names, literals, comments or layout do.
//!
//! [`Lexer`] makes a text a row of [`Tokens`]; `winnow` chooses a few hashes of runs of them, so that two texts which share a run of
//! [`Shape::guaranteed`] tokens share a fingerprint; a [`Signature`] of such hashes tells how alike two texts are, and its bands bring
//! those that are together.
//!
//! ```
//! use code::Language;
//! use dataset::fingerprint::{Lexer, Shape, Tokens, fingerprints};
//! let shape = Shape { run: 4, window: 3 };
//! let of = |text: &str| {
//!     let mut tokens = Tokens::default();
//!     Lexer::new(Some(Language::Python)).read(text.as_bytes(), &mut tokens);
//!     fingerprints(&tokens, shape).iter().map(|it| it.hash).collect::<Vec<_>>()
//! };
//! assert_eq!(of("if a(1):\n    return b('x')"), of("if name (22): # why\n  return other(\"y\")"));
//! ```

mod keywords;
mod lexer;
mod minhash;
mod scan;
mod winnow;

pub use lexer::{Lexer, Tokens};
pub use minhash::Signature;
pub use winnow::{Fingerprint, Shape, fingerprints, word_fingerprints};
