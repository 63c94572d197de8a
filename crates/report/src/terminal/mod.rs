//! A scan, a comparison, an audit, a trace or a check as it ends in the terminal.

mod audit;
mod change;
mod check;
mod compare;
mod scan;
mod screen;
mod trace;
mod watch;

pub use audit::audit;
pub use check::check;
pub use compare::compare;
pub use scan::scan;
pub use trace::trace;
pub use watch::watch;
