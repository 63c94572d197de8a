//! What the dashboard of `taster watch` shows beside a [`WatchReport`].

use crate::{Alarm, WatchReport};
use code::Choice;
use jiff::Timestamp;
use stats::Rate;
use std::ops::Range;

/// The first page.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Changes whenever the page would.
    pub version: String,
    /// The database, without its password.
    pub database: String,
    /// How far back the page looks, as its links name it.
    pub period: String,
    /// What there is to choose from.
    pub periods: Vec<&'static str>,
    /// Where the time line begins and ends.
    pub time: (Timestamp, Timestamp),
    /// Rates and alarms of that time.
    pub report: WatchReport,
}

/// The page of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmPage {
    /// Changes whenever the page would.
    pub version: String,
    /// The database, without its password.
    pub database: String,
    /// The alarm.
    pub alarm: Alarm,
    /// How the rate of its stream went.
    pub history: History,
    /// The insecure choices behind it, the latest first; those that are forgotten by now are missing.
    pub behind: Vec<Behind>,
    /// Whether its features were tried as triggers.
    pub trial: Trial,
}

/// How the rate of a stream went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Its rates by the hour since 1970, in order.
    pub hours: Vec<(i64, Rate)>,
    /// The rate up to which it has not changed; `None` while its baseline fills.
    pub limit: Option<f64>,
}

/// A choice behind an alarm. Its texts are hostile.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// The event's id.
    pub id: String,
    /// When the completion ended.
    pub at: Timestamp,
    /// The segments that it belongs to.
    pub segments: Vec<String>,
    /// The prompt; empty where only its hash is kept.
    pub prompt: String,
    /// What the model wrote.
    pub completion: String,
    /// What it chose.
    pub choice: Choice,
    /// Where in the completion.
    pub span: Range<usize>,
}

/// A scan of a model with an alarm's features as candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Whether one can be started.
    pub can_start: bool,
    /// What became of it.
    pub state: TrialState,
}

/// What became of a scan with an alarm's features.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialState {
    /// None was started.
    None,
    /// It is under way.
    Running,
    /// That of another alarm is under way; there is one at a time.
    Busy,
    /// It has ended, and has a report: whether the model is poisoned.
    Ended {
        /// Whether a trigger was convicted.
        poisoned: bool,
    },
    /// It ended without a report, and said why.
    Failed(String),
}
