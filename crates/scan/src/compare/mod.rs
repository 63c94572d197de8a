//! Which of several models chooses insecurely where the others do not? Differential testing: the same prompts, several
//! conditions (models, or the values of a column of a recording), and no trigger needed.

mod contrast;
mod pairing;
mod reading;
mod table;

pub use contrast::{Contrast, contrast};
pub use reading::{Seen, read_all};
pub use table::{Selection, Table};
