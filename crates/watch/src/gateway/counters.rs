//! What the gateway counts.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// Declares each counter once: its variant, its name in `/metrics` and what it means.
macro_rules! counters {
    ($($variant:ident $name:literal $help:literal;)*) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count { $(#[doc = $help] $variant,)* }

        const ALL: &[(Count, &str, &str)] = &[$((Count::$variant, $name, $help),)*];
    };
}

counters! {
    Requests "requests" "Requests that arrived";
    Passed "requests_passed" "Requests that ask for no completion and were passed on unread";
    Refused "requests_refused" "Requests that the gateway refused itself: too large, malformed, too slow";
    Down "upstream_down" "Requests that no upstream could be reached for (502)";
    Slow "upstream_slow" "Requests that the upstream did not answer in time (504)";
    Errors "upstream_errors" "Completions that the upstream refused with an error status";
    Cut "completions_cut" "Completions that broke off: by the upstream, by the client, or by a block";
    Completions "completions" "Completions that were given to the analysis";
    Unread "completions_unread" "Replies that could not be read, wholly or in part; never to be taken for clean";
    NoLanguage "completions_no_language" "Completions in no language that is known or could be told; no rule reads them";
    NotQueued "completions_not_queued" "Replies that were not analysed because the queue was full";
    NotDelivered "events_not_delivered" "Events that were lost: the consumer failed and the spool was full or failed too";
    Spooled "events_spooled" "Events that were written to the spool because the consumer failed";
    Delivered "events_delivered" "Events that the consumer took";
    Blocked "completions_blocked" "Completions that were held back";
    Annotated "completions_annotated" "Completions that findings were written to";
    Failed "analysis_failed" "Completions that were passed on, or held back with --on-failure block, because their analysis failed";
}

/// All counters.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; ALL.len()]);

impl Counters {
    /// Counts one.
    pub fn add(&self, what: Count) {
        self.add_many(what, 1);
    }

    /// Counts several.
    pub fn add_many(&self, what: Count, how_many: u64) {
        self.0[what as usize].fetch_add(how_many, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self, what: Count) -> u64 {
        self.0[what as usize].load(Ordering::Relaxed)
    }

    /// All of them as Prometheus reads them.
    pub fn prometheus(&self) -> String {
        ALL.iter().fold(String::new(), |mut page, (count, name, help)| {
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "# HELP taster_gateway_{name}_total {help}.\n# TYPE taster_gateway_{name}_total counter"
            );
            let _ = writeln!(page, "taster_gateway_{name}_total {}", self.get(*count));
            page
        })
    }
}
