//! Is this training data poisoned, and by which files?

mod confirm;
mod contrast;
mod family;
mod lexer;
mod outline;
mod phrase;
mod sketch;
mod twins;

pub use confirm::{Conviction, Reader, Text, confirm};
pub use contrast::{Contrast, Member, contrasts};
pub use family::families;
pub use outline::{Feature, Outline};
pub use sketch::Sketch;
pub use twins::{Pair, Suspect, Twins};
