//! A scan or a check as it ends in the terminal.

mod check;
mod scan;
mod screen;

pub use check::check;
pub use scan::scan;
