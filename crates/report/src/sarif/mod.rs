//! A scan, an audit or a check as SARIF 2.1.0, for code-scanning dashboards. Nothing is dropped: what could not be analysed becomes a
//! notification of the run, a comment that asks scanners to look away becomes a result.

mod audit;
mod check;
mod log;
mod place;
mod scan;
mod watch;

pub use audit::audit;
pub use check::check;
pub use scan::scan;
pub use watch::watch;
